"""Carry out the commands of the docs, or check them where they would install or build something."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pty
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.emulator.__main__ import parser
from tests.support.catalogue import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

EMULATOR = "python -m airflow_provider_smartrecruiters.emulator"
_ANNOUNCED = re.compile(r"^SmartRecruiters emulator: http", re.MULTILINE)


def commands(text: str) -> list[str]:
    """Return the commands of a block: its lines that begin with ``$``."""
    found = [line.removeprefix("$ ").partition("    #")[0].strip() for line in text.splitlines() if line[:2] == "$ "]
    assert found, "a console block shows commands after $"
    return found


def airflow_environment(home: Path) -> dict[str, str]:
    """Return the environment of Airflow's commands with a home of their own."""
    return os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
    }


class Shell:
    """
    Runs commands with a home of their own for Airflow.

    :param emulator: what takes the place of port 8787.
    :param home: Airflow's home, with a database.
    :param programs: folder with the program ``airflow``.
    """

    def __init__(self, emulator: SmartRecruitersEmulator, home: Path, programs: Path) -> None:
        self._emulator = emulator
        self._env = airflow_environment(home) | {
            "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT": emulator.connection_json,
            "JOB": emulator.state.job_ids[0],
            "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        }

    def run(self, command: str) -> None:
        """Carry out a command; raise if it is not valid."""
        program = command.split()[0]
        if command.startswith(EMULATOR):
            start_emulator(command)
        elif program == "export":
            check_export(command)
        elif program in ("make", "pip"):
            {"make": check_make, "pip": check_pip}[program](command)
        else:
            assert program in ("airflow", "curl"), f"no rule for {program}: add one, or mark the block as not run"
            self.run_script(command)

    def run_script(self, script: str) -> None:
        """Carry out lines of bash as a person would, who answers yes to a question; raise if they fail."""
        script = script.replace("http://localhost:8787", self._emulator.url)
        script = script.replace("local-key", self._emulator.api_key).replace("curl ", "curl --fail --show-error ")
        if importlib.util.find_spec("airflow.sdk") is None:
            script = script.replace("airflow smartrecruiters", "python -m airflow_provider_smartrecruiters")
        with _terminal("y\n") as stdin:
            done = subprocess.run(["bash", "-uc", script], env=self._env, stdin=stdin, capture_output=True, text=True)
        assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@contextlib.contextmanager
def _terminal(typed: str) -> Iterator[int]:
    controller, terminal = pty.openpty()
    os.write(controller, typed.encode())
    try:
        yield terminal
    finally:
        os.close(terminal)
        os.close(controller)


def start_emulator(command: str) -> None:
    """Start the emulator with the options of a command, on a free port, until it says that it is ready."""
    arguments = shlex.split(command)[3:]
    parser().parse_args(arguments)
    with _running([sys.executable, *shlex.split(EMULATOR)[1:], *arguments, "--port", "0"]) as process:
        assert _ANNOUNCED.match(process.stdout.readline())


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[Any]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def check_make(command: str) -> None:
    """Check that the Makefile has the targets."""
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    unknown = [word for word in shlex.split(command)[1:] if "=" not in word and word not in targets]
    assert not unknown, f"the Makefile has no target {unknown}"


def check_pip(command: str) -> None:
    """Check that the extras that are installed exist."""
    extras = re.findall(r"\[([\w,]+)\]", command)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {extra for group in extras for extra in group.split(",")} <= set(known)


def check_export(command: str) -> None:
    """Check that Airflow and the hook can read a connection from an environment variable."""
    (assignment,) = shlex.split(command)[1:]
    name, _, value = assignment.partition("=")
    assert name == "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT"
    check_connection(value)


def check_connection(text: str) -> None:
    """Check that a connection, JSON or a URI, gives a client its arguments, and that no extra is unknown."""
    from airflow.models import Connection

    from airflow_provider_smartrecruiters.connection_form import EXTRA_FIELDS
    from airflow_provider_smartrecruiters.hooks.connection import client_arguments

    read = Connection.from_json(text, conn_id="docs") if text.startswith("{") else Connection(uri=text, conn_id="docs")
    assert read.conn_type == "smartrecruiters"
    assert set(read.extra_dejson) <= {field.name for field in EXTRA_FIELDS}
    assert client_arguments(read)["password"]
