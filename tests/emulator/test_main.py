"""The command: a process of its own, from its first line to its end."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_smartrecruiters.emulator.__main__ import parser
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "airflow_provider_smartrecruiters.emulator"]


class Running:
    """An emulator that has printed its two lines."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.first, self.second = self.process.stdout.readline(), self.process.stdout.readline()
        found = re.search(r"http://\S+", self.first)
        assert found, self.first
        self.url = found[0]

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self.url + path, headers=headers, timeout=5)

    def stop(self) -> float:
        """Kill it, and return the processor time that it took, in seconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.process.kill()
        self.process.communicate()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    started = Running("--port", "0", *getattr(request, "param", []))
    yield started
    started.stop()


@pytest.mark.parametrize("running", [["--api-key", "it's a key"]], indirect=True)
def test_it_prints_its_address_and_a_connection(running: Running) -> None:
    command, assignment = shlex.split(running.second)
    name, _, value = assignment.partition("=")
    assert (command, name) == ("export", "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT")
    assert json.loads(value) == {
        "conn_type": "smartrecruiters",
        "host": running.url,
        "password": "it's a key",
        "extra": {"app_url": running.url},
    }
    assert running.get("/jobs", **{"X-SmartToken": "it's a key"}).status_code == 200
    assert running.get("/jobs", **{"X-SmartToken": "other"}).status_code == 401
    # A start takes about one second. This is processor time, since a busy machine stretches the time on the clock.
    assert running.stop() < 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(running: Running, number: signal.Signals) -> None:
    with requests.Session() as session:
        session.get(running.url + "/__emulator__/health", timeout=5)
        running.process.send_signal(number)
        output, errors = running.process.communicate(timeout=5)
    assert (running.process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize(
    "running",
    [
        [
            *("--rate", "2", "--concurrent", "3", "--latency", "150", "--require-rejection-reason"),
            *("--setting", "tag_length=150", "--setting", 'required_sub_statuses={"OFFERED": ["On-site"]}'),
        ]
    ],
    indirect=True,
)
def test_options(running: Running) -> None:
    start = time.monotonic()
    answer = running.get("/configuration/rejection-reasons", **{"X-SmartToken": "emulator-api-key"})
    assert time.monotonic() - start >= 0.15
    assert answer.headers["X-RateLimit-Limit"] == "2"
    assert answer.headers["X-RateLimit-Concurrent-Limit"] == "3"
    settings = running.get("/__emulator__/state").json()["settings"]
    assert settings["require_rejection_reason"] is True
    assert settings["tag_length"] == 150
    assert settings["required_sub_statuses"] == {"OFFERED": ["On-site"]}


@pytest.mark.parametrize(
    "running",
    [["--setting", 'source_links="identifier"', "--public-url", "https://api.smartrecruiters.com"]],
    indirect=True,
)
def test_options_of_links(running: Running) -> None:
    candidate_id = next(iter(running.get("/__emulator__/state").json()["candidates"]))
    answer = running.get(f"/candidates/{candidate_id}", **{"X-SmartToken": "emulator-api-key"}).json()
    link = answer["primaryAssignment"]["actions"]["sourceDetails"]["url"]
    assert re.fullmatch(r"https://api\.smartrecruiters\.com/configuration/sources/[0-9a-f-]{36}", link)


@pytest.mark.parametrize(
    "running", [["--client-id", "c", "--client-secret", "s", "--token-lifetime", "7"]], indirect=True
)
def test_the_oauth_client(running: Running) -> None:
    form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
    answer = requests.post(running.url + "/identity/oauth/token", data=form, timeout=5).json()
    assert answer["expires_in"] == 7
    assert running.get("/jobs", Authorization=f"Bearer {answer['access_token']}").status_code == 200


@pytest.mark.parametrize("running", [["--deprecation", "@1767225600"]], indirect=True)
def test_the_end_of_the_operations(running: Running) -> None:
    headers = running.get("/jobs", **{"X-SmartToken": "emulator-api-key"}).headers
    assert (headers["Deprecation"], headers.get("Sunset")) == ("@1767225600", None)


def test_a_seed_file(tmp_path: Path) -> None:
    tenant = seeded_tenant()
    assert tenant == seeded_tenant()
    job = next(iter(tenant.jobs.values()))
    job.note = "from the file"
    seed = tmp_path / "tenant.json"
    seed.write_text(tenant.model_dump_json())
    running = Running("--port", "0", "--seed", str(seed))
    try:
        answer = running.get(f"/jobs/{job.id}/note", **{"X-SmartToken": "emulator-api-key"})
        assert answer.json() == {"content": "from the file"}
    finally:
        running.stop()


def refused(*arguments: str, **environment: str) -> str:
    """Run what cannot start and return what it says."""
    command, variables = [*COMMAND, *arguments], {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=variables, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_seed_file_that_cannot_be_used(tmp_path: Path) -> None:
    seed = tmp_path / "tenant.json"
    assert "No such file" in refused("--port", "0", "--seed", str(seed))
    seed.write_text("{")
    assert "Invalid JSON" in refused("--port", "0", "--seed", str(seed))
    tenant = seeded_tenant()
    job = next(iter(tenant.jobs.values()))
    job.industry_id = "fishing"
    seed.write_text(tenant.model_dump_json())
    problem = f"jobs.{job.id}.industry_id refers to fishing, which does not exist"
    assert problem in refused("--port", "0", "--seed", str(seed))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("aproval_process=true", "Unknown setting 'aproval_process'. Did you mean 'approval_process'? Settings: "),
        ("tag_length=long", "tag_length cannot be 'long': Input should be a valid integer"),
        ("approval_process=[1]", "approval_process cannot be '[1]': Input should be a valid boolean"),
        ("source_links=value", "source_links cannot be 'value': Input should be 'values', 'identifier' or 'none'"),
        ("statuses_without_reasons=REJECTD", "Did you mean 'REJECTED'?"),
        ("required_sub_statuses=OFFERED", "required_sub_statuses cannot be 'OFFERED': Input should be a valid dict"),
        ('required_sub_statuses={"OFFERED": ["Onsite"]}', "the unknown 'Onsite'. Did you mean 'On-site'"),
        ("required_job_properties=Fishing", "required_job_properties has the unknown 'Fishing'. Known: "),
    ],
)
def test_a_setting_that_cannot_be_used(setting: str, said: str) -> None:
    assert said in refused("--port", "0", "--setting", setting)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("source_links=none", "none"),
        ('source_links="none"', "none"),
        ("statuses_without_reasons=HIRED,REJECTED", ["HIRED", "REJECTED"]),
        ('statuses_without_reasons=["HIRED"]', ["HIRED"]),
        ("published_ad_limit=null", None),
        ("published_ad_limit=7", 7),
        ("templates_forbidden=true", True),
        ("default_language=de", "de"),
        ("invalid_characters=5", "5"),
    ],
)
def test_settings_need_no_quotes(text: str, value: object) -> None:
    ((name, given),) = parser().parse_args(["--setting", text]).setting
    assert getattr(seeded_tenant().settings.changed({name: given}), name) == value


def test_the_help_describes_every_setting() -> None:
    said = " ".join(parser().format_help().split())
    for name, setting in Settings.model_fields.items():
        assert f"{name} {setting.description}" in said


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused("--port", port)
    assert said == (
        f"Cannot listen on 127.0.0.1 port {port}: it is taken; choose another with --port, or 0 for a free one\n"
    )


def test_without_the_extra(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')")
    said = refused("--port", "0", PYTHONPATH=str(tmp_path))
    assert "pip install 'airflow-provider-smartrecruiters[emulator]' (missing: uvicorn)" in said


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("--rate", "-1", "not less than 0"),
        ("--token-lifetime", "0", "not less than 0.001"),
        ("--token-lifetime", "nan", "not less than 0.001"),
        ("--port", "x", "from 0 to 65535"),
        ("--port", "70000", "from 0 to 65535"),
    ],
)
def test_wrong_options(option: str, value: str, what: str) -> None:
    assert f"argument {option}: must be a number {what}, not {value}" in refused(f"{option}={value}")


def test_what_is_counted_is_one_of_two() -> None:
    assert parser().parse_args(["--limits", "per-endpoint"]).limits == "per-endpoint"
    assert "argument --limits: invalid choice: 'per-user'" in refused("--limits=per-user")
