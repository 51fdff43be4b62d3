"""The command line as processes of their own, in an Airflow whose database holds the connection."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.provider_info import get_provider_info
from scripts.local_stack import ROOT, airflow_environment, prepare
from tests.support import warm_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.server import EmulatorServer

pytestmark = [pytest.mark.slow, pytest.mark.airflow_run]

MODULE = [sys.executable, "-m", "airflow_provider_smartrecruiters"]
HAS_GROUP = tuple(map(int, version("apache-airflow").split(".")[:2])) >= (3, 2)
GROUP = [sys.executable, "-m", "airflow", "smartrecruiters"] if HAS_GROUP else MODULE
"""Airflow reads the commands of providers since 3.2."""


@dataclass(frozen=True)
class Airflow:
    """
    An Airflow home with a connection ``stored`` that leads to the emulator.

    :param environment: of its processes.
    :param emulator: what the connection leads to.
    :param group: the commands, by a program that starts in a moment if Airflow has them.
    """

    environment: dict[str, str]
    emulator: SmartRecruitersEmulator
    group: list[str]

    def run(self, command: list[str], stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
        return run(command, self.environment, stdin)


def run(command: list[str], environment: dict[str, str], stdin: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, cwd=ROOT, stdin=stdin, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, _smartrecruiters_emulator_server: EmulatorServer
) -> dict[str, str]:
    """The environment of an Airflow, made once: its database takes a while."""
    home = tmp_path_factory.mktemp("airflow")
    made = airflow_environment(home)
    connection = SmartRecruitersEmulator(_smartrecruiters_emulator_server).connection | {"extra": ""}
    prepare({"stored": connection}, made, home / "database.log")
    return made


@pytest.fixture(scope="module")
def group(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    if not HAS_GROUP:
        yield MODULE
        return
    with warm_airflow.start(tmp_path_factory.mktemp("bin"), environment) as folder:
        yield [str(folder / "airflow"), "smartrecruiters"]


@pytest.fixture
def airflow(
    environment: dict[str, str], smartrecruiters_emulator: SmartRecruitersEmulator, group: list[str]
) -> Airflow:
    return Airflow(environment, smartrecruiters_emulator, group)


def test_a_connection_of_the_database(airflow: Airflow) -> None:
    for program in {tuple(GROUP), tuple(MODULE)}:
        done = airflow.run([*program, "lookup", "reasons", "--conn-id", "stored", "-o", "json"])
        assert done.returncode == 0, done.stderr
        reasons = airflow.emulator.emulator.store.tenant.rejection_reasons
        assert {row["reason_id"]: row["label"] for row in json.loads(done.stdout)} == reasons
    job_id = airflow.emulator.state.job_ids[0]
    refused = airflow.run([*airflow.group, "plan", "update-job-status", "--job-id", job_id, "--status", "DONE"])
    assert (refused.returncode, "FILLED" in refused.stderr) == (2, True)
    unknown = airflow.run([*airflow.group, "check", "--conn-id", "nowhere"])
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (1, False), unknown.stderr
    assert "The connection nowhere does not exist." in unknown.stderr


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_the_question_before_a_write(answer: str, code: int, airflow: Airflow) -> None:
    job_id = airflow.emulator.state.a_job_ad(published=False).job_id
    status = "FILLED" if airflow.emulator.state.job(job_id).status != "FILLED" else "CANCELLED"
    controller, terminal = pty.openpty()
    try:
        os.write(controller, f"{answer}\n".encode())
        command = [
            *airflow.group,
            "apply",
            "update-job-status",
            "--conn-id",
            "stored",
            "--job-id",
            job_id,
            "--status",
            status,
        ]
        done = airflow.run(command, stdin=terminal)
    finally:
        os.close(terminal)
        os.close(controller)
    assert done.returncode == code, done.stderr
    assert "Apply this change? [y/N]" in done.stderr
    assert f"-> {status}" in done.stdout
    assert ("Nothing was sent." in done.stderr) is (answer == "n")
    assert (airflow.emulator.state.job(job_id).status == status) is (answer == "y")
    assert len(airflow.emulator.journal) == (answer == "y")


def test_the_help_of_airflow_loads_no_use_case(airflow: Airflow) -> None:
    """Every `airflow` command loads the list of commands."""
    code = f"""
import sys
from importlib import import_module
module, _, name = {get_provider_info()["cli"][0]!r}.rpartition(".")
(group,) = getattr(import_module(module), name)()
ours = [name for name in sys.modules if name.startswith("airflow_provider_smartrecruiters.")]
print(group.name, *(command.name for command in group.subcommands))
print(*sorted(name.split(".")[1] for name in ours))
"""
    done = airflow.run([sys.executable, "-c", code])
    first, second = done.stdout.splitlines()[-2:]
    assert first == "smartrecruiters apply check emulator lookup plan"
    assert not {"api", "operators", "hooks", "emulator"} & set(second.split())
    if HAS_GROUP:
        said = airflow.run([*airflow.group, "--help"])
        assert said.returncode == 0
        assert all(f" {name} " in said.stdout for name in ("apply", "check", "emulator", "lookup", "plan"))


def test_the_emulator_is_a_command(airflow: Airflow) -> None:
    process = subprocess.Popen(
        [*MODULE, "emulator", "--port", "0", "--setting", "source_links=none"],
        env=airflow.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert "SmartRecruiters emulator: http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.terminate()
        process.wait()
    assert process.returncode == 0
