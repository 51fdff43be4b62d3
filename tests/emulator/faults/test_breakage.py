"""Answers that break on the wire, and what became of the change."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    pass
from tests.emulator.conftest import Bench, wait_for


@pytest.mark.parametrize("when", ["before", "after"])
def test_reset(bench: Bench, when: str) -> None:
    seen = bench.hit(f"reset_{when}")
    assert (seen.ended, seen.data) == ("rst", b"")
    assert bench.entry.status == 0
    assert bench.put().status == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_end_without_an_answer(bench: Bench, when: str) -> None:
    seen = bench.hit(f"closed_{when}")
    assert (seen.ended, seen.data) == ("fin", b"")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_timeout(bench: Bench, when: str) -> None:
    seen = bench.hit(f"timeout_{when}", wait=0.4)
    assert (seen.ended, seen.data) == ("open", b"")
    bench.connection.leave()
    started = time.monotonic()
    assert bench.hit(f"timeout_{when}", seconds=0.3).ended == "fin"
    assert time.monotonic() - started > 0.25


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_journal_knows_at_once_what_is_never_answered(bench: Bench, when: str) -> None:
    bench.emulator.fail_next("put job note", f"timeout_{when}")
    thread = threading.Thread(target=bench.put, kwargs={"wait": 1})
    thread.start()
    wait_for(lambda: bool(bench.emulator.journal))
    assert thread.is_alive()
    assert (bench.entry.status, bench.entry.applied) == (0, when == "after")
    assert bench.changed == (when == "after")
    thread.join()


def test_truncated_body(bench: Bench) -> None:
    seen = bench.hit("truncated_body")
    assert (seen.status, seen.ended) == (200, "fin")
    assert 0 < len(seen.body) < int(seen.headers["content-length"])


def test_slow_trickle(bench: Bench) -> None:
    started = time.monotonic()
    seen = bench.hit("slow_trickle", interval=0.002)
    assert json.loads(seen.body) == {"content": bench.text}
    assert seen.ended == "fin"
    assert time.monotonic() - started > 0.002 * len(seen.data)
    assert len(seen.at) > len(seen.data) / 2, "bytes come alone"
    assert seen.at[0] < seen.at[-1] / 4, "from the status line on"


def test_slow_trickle_ends_with_its_reader(bench: Bench) -> None:
    assert bench.hit("slow_trickle", interval=0.2, wait=0.5).ended == "open"
    bench.connection.leave()
    assert bench.get().status == 200


def test_what_is_no_http(bench: Bench) -> None:
    seen = bench.hit("not_http")
    assert (seen.data.startswith(b"HTTP"), seen.ended) == (False, "fin")


def test_latency(bench: Bench) -> None:
    started = time.monotonic()
    seen = bench.hit("latency", latency=0.3)
    assert time.monotonic() - started >= 0.3
    assert json.loads(seen.body) == {"content": bench.text}
    armed = bench.emulator.fail_next("put job note", status=500, latency=0.3)
    started = time.monotonic()
    assert bench.put().status == 500
    assert time.monotonic() - started >= 0.3
    assert armed.fired == 1


@pytest.mark.slow
def test_a_request_that_is_held_up_never_reaches_the_next_test(bench: Bench) -> None:
    armed = bench.emulator.fail_next("put job note", latency=2.0)
    thread = threading.Thread(target=bench.put)
    thread.start()
    wait_for(lambda: armed.fired == 1)
    bench.emulator.reset()
    thread.join()
    assert not bench.changed
    assert bench.emulator.journal == []
