"""What the API announces about its own operations is logged once, and never in the way of a response."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.converge.bulk import Bulk, BulkOptions, Work
from airflow_provider_smartrecruiters.api.http.deprecation import log_deprecation
from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote, UpdateJobStatus
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.exceptions import NotFoundError
from tests.support.scripted_server import ScriptedServer, reply

LOGGER = "airflow_provider_smartrecruiters.api.http.deprecation"
PAST, FUTURE = "@1688169599", "@4102444800"
ENDS = "Thu, 31 Dec 2099 23:59:59 GMT"


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Any:
    """Return what was logged so far."""
    caplog.set_level(logging.WARNING, LOGGER)
    return lambda: [record.getMessage() for record in caplog.records if record.name == LOGGER]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Deprecation": PAST}, "has been deprecated since 2023-06-30."),
        ({"deprecation": f"{PAST};x=1"}, "has been deprecated since 2023-06-30."),
        ({"Deprecation": FUTURE}, "will be deprecated on 2100-01-01."),
        ({"Deprecation": "true"}, "is deprecated."),
        ({"Deprecation": " True "}, "is deprecated."),
        ({"Deprecation": "?1"}, "is deprecated."),
        ({"Deprecation": "Sun, 11 Nov 2018 23:59:59 GMT"}, "has been deprecated since 2018-11-11."),
        ({"Sunset": ENDS}, "will stop working on 2099-12-31."),
        ({"Sunset": "Sun, 11 Nov 2018 23:59:59 GMT"}, "was to stop working on 2018-11-11."),
        ({"Deprecation": PAST, "Sunset": ENDS}, "deprecated since 2023-06-30 and will stop working on 2099-12-31."),
        ({"Deprecation": "soon", "Sunset": ENDS}, "GET /jobs/{id} will stop working on 2099-12-31."),
    ],
)
def test_what_is_said(headers: dict[str, str], said: str, connect: Any, warnings: Any) -> None:
    with ScriptedServer(reply(200, {"id": "7"}, headers=headers)) as server:
        assert connect(server.url).request("GET", "/jobs/7f3a") == {"id": "7"}
    (line,) = warnings()
    assert said in line
    assert line.startswith("SmartRecruiters announces that GET /jobs/{id} ")
    assert "What to do: Update the package airflow-provider-smartrecruiters." in line


MALFORMED = [
    *("", " ", "false", "?0", "@", "@x", "@1.5", "@--1", "@1 2", "1688169599", "true, true", "@1, @2", "٣", "\xff"),
    *("@" + "9" * 15, "@" + "9" * 400, "@-" + "9" * 15, "Wed, 99 Oct 99999999999999999999 07:28:00 GMT", "x" * 30_000),
    *("Fri, 31 Dec 9999999999 23:59:59 GMT", "{0}%s\\", "<script>", "0" * 5_000),
]


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("name", ["Deprecation", "Sunset"])
def test_a_header_that_cannot_be_understood_is_ignored(name: str, value: str, connect: Any, warnings: Any) -> None:
    value = value.encode("utf-8").decode("latin-1")
    with ScriptedServer(reply(200, {"id": "7"}, headers={name: value})) as server:
        assert connect(server.url).request("GET", "/jobs/7") == {"id": "7"}
    assert warnings() == []


@given(st.text(max_size=60) | st.from_regex(r"@-?[0-9]{1,20}(;.*)?", fullmatch=True))
def test_no_header_raises_an_error(value: str) -> None:
    log_deprecation("https://generated.example.com", "GET", "/jobs/{jobId}", {"Deprecation": value, "Sunset": value})


def test_a_long_id_takes_no_time() -> None:
    # A pattern that backtracks would take longer than the universe has existed.
    log_deprecation("https://long.example.com", "GET", f"/jobs/{'a' * 256}1", {"Deprecation": "true"})


@pytest.fixture
def emulator() -> Iterator[SmartRecruitersEmulator]:
    """An emulator with a port of its own: what is logged once in a process is logged once for each URL."""
    with EmulatorServer(Config(rate=0, concurrent=0, deprecation=PAST, sunset=ENDS)) as server:
        yield SmartRecruitersEmulator(server)


def test_each_operation_is_logged_once(emulator: SmartRecruitersEmulator, connect: Any, warnings: Any) -> None:
    client = connect(emulator.url, password=emulator.api_key)
    for job_id in emulator.state.job_ids[:3]:
        apply(client, UpdateJobStatus(job_id=job_id, status="CANCELLED"))
        with pytest.raises(NotFoundError):
            client.request("GET", f"/jobs/{job_id}/jobads/unknown-{job_id}")
    assert [line.split(" has ")[0].removeprefix("SmartRecruiters announces that ") for line in warnings()] == [
        "GET /jobs/{jobId}",
        "PUT /jobs/{jobId}/status",
        "GET /jobs/{id}/jobads/{id}",
    ]


def test_a_batch_with_threads_logs_each_operation_once(
    emulator: SmartRecruitersEmulator, connect: Any, warnings: Any
) -> None:
    client = connect(emulator.url, password=emulator.api_key)
    changes = [UpdateJobNote(job_id=job_id, content="A note.") for job_id in emulator.state.job_ids[:10]]
    work = [Work(index, partial(UpdateJobNote.model_copy, change)) for index, change in enumerate(changes)]
    outcomes = [outcome for outcome in Bulk(client, work, BulkOptions(max_threads=8)).outcomes() if outcome]
    assert [outcome.error for outcome in outcomes] == [None] * len(changes)
    assert sorted(" ".join(line.split()[3:5]) for line in warnings()) == [
        "GET /jobs/{jobId}/note",
        "PUT /jobs/{jobId}/note",
    ]


def test_the_token_endpoint(emulator: SmartRecruitersEmulator, connect: Any, warnings: Any) -> None:
    for _ in range(2):
        with connect(emulator.url, login=emulator.client_id, password=emulator.client_secret) as client:
            client.request("GET", "/jobs", params={"limit": 1})
    assert [" ".join(line.split()[3:5]) for line in warnings()] == ["POST /identity/oauth/token", "GET /jobs"]


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
def test_without_the_headers_nothing_is_logged(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any, warnings: Any
) -> None:
    client.request("GET", f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}")
    assert warnings() == []
