"""Sharing the pace between processes: each backend for real, from several processes at once."""

from __future__ import annotations

import json
import logging
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pace import Pace, StoreLostError
from airflow_provider_smartrecruiters.api.pacing_store import open_store
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.support.store_servers import postgres_server, redis_server

PROCESSES = 3

TAKE_TURNS = """
import json, sys, time
from airflow_provider_smartrecruiters.api.pacing_store import open_store
location, turns, per_second = json.loads(sys.argv[1])
schedule = open_store(location).turns("shared")
print("ready", flush=True)
sys.stdin.readline()
taken = []
for _ in range(turns):
    wait = schedule.reserve(per_second)
    taken.append(time.time() + wait)
    time.sleep(max(0.0, wait))
print(json.dumps(taken))
"""

SEND = """
import json, sys
from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient
url, key, location, jobs = json.loads(sys.argv[1])
client = SmartRecruitersClient.from_credentials(password=key, base_url=url, rate_limit_store=location)
print("ready", flush=True)
sys.stdin.readline()
for job in jobs:
    client.request("GET", "/jobs/{jobId}", path_params={"jobId": job})
print(json.dumps(True))
"""


@pytest.fixture(params=["file", "redis", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where processes share their pace."""
    with ExitStack() as running:
        if request.param == "redis":
            yield running.enter_context(redis_server(tmp_path))
        elif request.param == "postgres":
            yield running.enter_context(postgres_server(tmp_path))
        else:
            yield str(tmp_path / "pace.db")


def together(script: str, arguments: list[Any]) -> list[Any]:
    """Run a script in as many processes as there are arguments, all at the same moment."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, json.dumps(one)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for one in arguments
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in running]


def test_no_turn_is_given_twice_and_none_is_lost(location: str) -> None:
    each, per_second = 12, 20.0
    taken = sorted(moment for one in together(TAKE_TURNS, [[location, each, per_second]] * PROCESSES) for moment in one)
    assert len(taken) == each * PROCESSES
    # The later half, when all are at it. A process that is held up between the answer and its clock blurs one gap.
    gaps = sorted(after - before for before, after in pairwise(taken[12:]))
    assert gaps[len(gaps) // 2] == pytest.approx(1 / per_second, rel=0.1)
    assert sum(gap < 0.8 / per_second for gap in gaps) <= 2


def test_several_processes_stay_under_the_limit(
    location: str, smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    jobs = smartrecruiters_emulator.state.job_ids[:14]
    arguments = [smartrecruiters_emulator.url, smartrecruiters_emulator.api_key, location, jobs]
    assert together(SEND, [arguments] * PROCESSES) == [True] * PROCESSES
    stats = smartrecruiters_emulator.stats
    assert stats["statuses"]["200"] == 14 * PROCESSES
    # Without the store two thirds of them would meet a full second; a busy machine may squeeze two together.
    assert stats["rate_limited"] <= 2


def test_a_store_is_opened_once(tmp_path: Path) -> None:
    location = str(tmp_path / "pace.db")
    assert open_store(location) is open_store(location)


def test_nobody_else_may_write_the_file(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/pace.db")
    assert stat.S_IMODE((tmp_path / "pace.db").stat().st_mode) == 0o600


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    turns = open_store(str(tmp_path / "pace.db")).turns("many")
    for _ in range(1200):
        turns.reserve(1000)
    (bucket,) = turns._buckets.values()
    assert bucket.count() < 1200


def test_a_clock_that_was_set_back_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    turns = open_store(str(tmp_path / "pace.db")).turns("clock")
    turns.reserve(10)
    turns._now = lambda: time.time_ns() // 1_000_000 - 3_600_000
    assert turns.reserve(10) < 1
    assert "clock was set back" in caplog.text


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("pace.db", "neither an absolute path nor"),
        ("memcached://host", "neither an absolute path nor"),
        ("file://host/pace.db", "neither an absolute path nor"),
        ("http://[", "neither an absolute path nor"),
        ("/no/such/folder/pace.db", "cannot be written"),
        ("redis://:the-secret@127.0.0.1:1/0", "Redis cannot be reached"),
        ("redis://:the-secret@127.0.0.1:port/0", "Redis cannot be reached"),
        ("postgresql://u:the-secret@127.0.0.1:1/x", "PostgreSQL cannot be reached"),
    ],
)
def test_a_store_that_cannot_be_used(location: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        SmartRecruitersClient.from_credentials(password="key", rate_limit_store=location)
    assert "rate_limit_store" in str(caught.value)
    assert "the-secret" not in str(caught.value) + caplog.text


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, location in (("redis", "redis://127.0.0.1:1/9"), ("psycopg", "postgresql://127.0.0.1:1/y")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ConfigurationError, match=r"airflow-provider-smartrecruiters\[(redis|postgres)\]"):
            open_store(location)


def test_a_store_that_goes_away_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with redis_server(tmp_path) as location:
        port = int(location.rsplit(":", 1)[1].split("/")[0])
        pace = Pace(50, open_store(location).turns("lost"))
        assert pace.wait(time.monotonic() + 5)
    assert pace.wait(time.monotonic() + 20)
    assert pace.wait(time.monotonic() + 20)
    assert sum("rate limit store failed" in record.getMessage() for record in caplog.records) == 1
    with redis_server(tmp_path, port):
        # As if the pause before it is asked again were over.
        pace._store_lost_until = time.monotonic() - 1
        assert pace.wait(time.monotonic() + 20)
    assert "store is back" in caplog.text


def test_what_a_store_raises_is_not_repeated(tmp_path: Path) -> None:
    turns = open_store(str(tmp_path / "pace.db")).turns("broken")

    def broken() -> int:
        raise RuntimeError("the-secret")

    turns._now = broken
    with pytest.raises(StoreLostError, match=r"^RuntimeError$"):
        turns.reserve(10)
