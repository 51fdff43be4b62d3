"""What `make demo`, `make ui` and `make cluster` share: a local SmartRecruiters, and an Airflow home of their own."""

from __future__ import annotations

import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BUSY_MACHINE = 60
"""Seconds that the parts of an Airflow wait for each other and for its database."""
EXAMPLE_DAGS = ROOT / "example_dags"
CONN_ID = "smartrecruiters_default"
HOST = "127.0.0.1"
BELOW_EPHEMERAL = range(20000, 32000)
"""Ports that neither Linux nor macOS gives to an outgoing connection."""
PATIENCE = 300.0
"""Seconds until Airflow has to be up; usually it takes 15, and 90 on a busy machine."""
REPORT = "/api/v2/monitor/health"
PARTS = ("metadatabase", "scheduler", "dag_processor")
"""What Airflow's report of its health is asked for. On 2.11 the scheduler is also the DAG processor."""


def end_as_by_ctrl_c() -> None:
    """
    Let `kill` end everything just as Ctrl-C does, and let neither disturb that.

    Shells start background jobs with SIGINT ignored.
    """

    def end(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


class StackError(Exception):
    """A part of the local stack did not start; the message says which, and what to do next."""


@dataclass(frozen=True)
class Emulator:
    """
    A running local SmartRecruiters.

    :param url: its address.
    :param api_key: the key that it accepts.
    """

    url: str
    api_key: str

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection that leads to it and to its pages, as Airflow's JSON form has it."""
        return {
            "conn_type": "smartrecruiters",
            "host": self.url,
            "password": self.api_key,
            "extra": {"app_url": self.url},
        }

    def journal(self) -> list[dict[str, Any]]:
        """Return every request that changed or tried to change something, oldest first."""
        entries: list[dict[str, Any]] = self.told("journal")
        return entries

    def told(self, what: str) -> Any:
        """Return what it tells of itself: ``stats``, ``requests``, ``journal``."""
        with urllib.request.urlopen(f"{self.url}/__emulator__/{what}", timeout=30) as answer:
            return json.load(answer)

    def change(self, **settings: Any) -> None:
        """Change settings while it runs: names and values as on its command line."""
        self._tell("PATCH", "config", settings)

    def reset(self) -> None:
        """Put its records back to how they were at the start."""
        self._tell("POST", "reset", {})

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Send a request to the API itself, as another program does that has the key."""
        self._send(method, path, body, {"X-SmartToken": self.api_key})

    def _tell(self, method: str, what: str, settings: dict[str, Any]) -> None:
        self._send(method, f"/__emulator__/{what}", settings, {})

    def _send(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), headers, method=method)
        urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def emulator(log: Path, *options: str) -> Iterator[Emulator]:
    """
    Run the emulator as a process of its own, on a free port.

    :param log: file for its output.
    :param options: further command line options, such as ``--seed FILE``.
    :return: a context manager that gives the running emulator and ends it.
    :raises StackError: it did not start.
    """
    api_key = secrets.token_hex(16)
    command = [sys.executable, "-m", "airflow_provider_smartrecruiters.emulator", "--port", "0"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--api-key", api_key, *options],
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C goes to the whole foreground group; the emulator must outlive Airflow's last requests.
            start_new_session=True,
        )
    try:
        yield Emulator(_announced_url(process, log), api_key)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _announced_url(process: subprocess.Popen[bytes], log: Path, patience: float = 60) -> str:
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"http://[\w.:\[\]]+", log.read_text()):
            return found.group()
        time.sleep(0.05)
    raise StackError(f"The local SmartRecruiters did not start. What it said is in {shown(log)}:\n{tail(log)}")


def airflow_environment(home: Path) -> dict[str, str]:
    """
    Return the environment of an Airflow that knows the example DAGs and nothing else.

    :param home: its AIRFLOW_HOME.
    """
    # A developer's own Airflow settings and connections have no say here.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW_"))}
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLE_DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        # On a busy machine, 5 seconds (both defaults) are not enough for a dozen processes with one SQLite file:
        # Airflow fails a task that could not announce its start in time, without a line in the task's log.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout={BUSY_MACHINE}",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": str(BUSY_MACHINE),
    }


@contextmanager
def airflow(service: str, env: dict[str, str], log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run a service of Airflow, and end it with all its parts.

    :param service: such as ``standalone`` or ``scheduler``.
    :param env: its environment.
    :param log: the file that its output is added to.
    :param arguments: what else is on the command line.
    """
    command = ["airflow", service, *arguments]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        parts = family(process.pid)
        # Its parts have handlers for SIGTERM; the group as a whole gets it, in case the parent dies first.
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        _signal_group(process, signal.SIGKILL)
        process.wait()
        kill(parts)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all below it; a task of Airflow 3 is not in the group of its worker, which signals go to."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill(processes: list[psutil.Process]) -> None:
    """Kill those that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


_PREPARE = """
import json, sys
from airflow.models import Connection
from airflow.utils import db
from airflow.utils.session import create_session

db.initdb()
with create_session() as session:
    for given in json.load(sys.stdin):
        session.query(Connection).filter_by(conn_id=given["conn_id"]).delete()
        extra = given.pop("extra", None)
        session.add(Connection(**given, extra=extra and json.dumps(extra)))
"""


def prepare(connections: dict[str, dict[str, Any]], env: dict[str, str], log: Path) -> None:
    """
    Make the database, or bring it up to date, and put the connections into it, in one process instead of two commands.

    They are no AIRFLOW_CONN_ variables, as the list of connections in the web interface does not show those.

    :param connections: in Airflow's JSON form, by id.
    :raises StackError: Airflow could not.
    """
    # Airflow's own form saves an empty port as 0, and its Test button refuses a connection that has none.
    given = [{"conn_id": conn_id, "port": 0} | connection for conn_id, connection in connections.items()]
    with log.open("ab") as out:
        command = [sys.executable, "-c", _PREPARE]
        done = subprocess.run(command, input=json.dumps(given).encode(), env=env, stdout=out, stderr=out, check=False)
    if done.returncode:
        raise StackError(f"Airflow's database could not be made:\n{tail(log)}")


def wait_until_healthy(
    process: subprocess.Popen[bytes], port: int, log: Path, report: str = REPORT, parts: tuple[str, ...] = PARTS
) -> None:
    """
    Return when the web interface and the parts behind it are all up.

    :param process: that of the web interface.
    :param report: path of the page where Airflow tells of its parts.
    :param parts: names of those that have to be healthy.
    :raises StackError: they are not, within :data:`PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    wanted = parts if report == REPORT else tuple(part for part in parts if part != "dag_processor")
    while process.poll() is None and time.monotonic() < deadline:
        if _healthy(f"http://{HOST}:{port}{report}", wanted):
            return
        time.sleep(0.5)
    raise StackError(f"Airflow did not start. What it said is in {shown(log)}:\n{tail(log)}")


def _healthy(url: str, parts: tuple[str, ...]) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in parts)


def check_port(port: int, target: str) -> None:
    """
    Raise :class:`StackError` when somebody listens on a port already.

    :param target: that of make, for the advice.
    """
    with socket.socket() as probe:
        # Without it, the last session's closed connections would count as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StackError(
                f"Port {port} cannot be used ({error.strerror}). Pick another: make PORT={port + 1} {target}"
            ) from None


def free_port() -> int:
    """
    Return a port that nobody listens on.

    It is none of those that the system gives to outgoing connections, as the one that it gives for port 0 is: such a
    connection may take it before a server that starts slowly does.
    """
    while True:
        port = random.choice(BELOW_EPHEMERAL)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def new_home(parser: argparse.ArgumentParser, given: Path, default: Path) -> Path:
    """
    Make the folder of a run, and return it. The default one is emptied; another one must not exist.

    :param parser: ends the command with an error if it does: it may be somebody's own, and is not ours to empty.
    """
    home = given.absolute()
    if given == default:
        shutil.rmtree(home, ignore_errors=True)
    elif home.exists():
        parser.error(f"{given} exists already; name a folder that does not")
    home.mkdir(parents=True)
    return home


def shown(path: Path) -> str:
    """Return a path as a person in the repository's folder would type it."""
    return os.path.relpath(path)


def tail(path: Path, lines: int = 30) -> str:
    """Return the last lines of a file, indented; empty for a file that is not there."""
    if not path.exists():
        return ""
    return "\n".join(f"    {line}" for line in path.read_text(errors="replace").splitlines()[-lines:])
