"""Who waits longest is next."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.pacing import pacer, rate
from airflow_provider_smartrecruiters.api.pacing.pacer import ConcurrencyLimit
from airflow_provider_smartrecruiters.api.pacing.queue import FairSemaphore
from airflow_provider_smartrecruiters.api.pacing.rate import Pace
from tests.support.scripted_server import Exchange, ScriptedServer, reply


def far() -> float:
    return time.monotonic() + 60


def test_the_oldest_is_next_however_late_it_joins() -> None:
    queue, order = FairSemaphore(1), []
    assert queue.acquire(far())
    ages = [float(age) for age in range(20)]
    random.Random(7).shuffle(ages)

    def pass_through(age: float) -> None:
        assert queue.acquire(far(), age)
        order.append(age)
        queue.release()

    threads = [threading.Thread(target=pass_through, args=(age,)) for age in ages]
    for thread in threads:
        thread.start()
    while len(queue._waiting) < len(ages):
        time.sleep(0.001)
    queue.release()
    for thread in threads:
        thread.join()
    assert order == sorted(ages)


def test_who_gives_up_is_in_nobodys_way() -> None:
    queue = FairSemaphore(1)
    assert queue.acquire(far())
    assert not queue.acquire(time.monotonic() + 0.01, 0.0)
    assert queue.busy
    queue.release()
    assert not queue.busy
    assert queue.acquire(far(), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("limits", [(0, 1), (50, 1), (5, 8)], ids=["concurrency", "both", "turns"])
def test_a_refused_request_goes_before_those_that_came_later(limits: Any, paced: Any) -> None:
    first_refused = threading.Event()

    def answer(exchange: Exchange) -> bool:
        if exchange.request.target == "/jobs/first" and not first_refused.is_set():
            first_refused.set()
            return reply(429, {}, headers={"Retry-After": "0"})(exchange)
        return reply(200, {}, delay=0.2)(exchange)

    with ScriptedServer(always=answer) as server, ThreadPoolExecutor(9) as pool:
        client = paced(server.url, *limits)
        calls = [pool.submit(client.request, "GET", "/jobs/first")]
        first_refused.wait(60)
        calls += [pool.submit(client.request, "GET", f"/jobs/{number}") for number in range(8)]
        for call in calls:
            call.result()
        targets = [request.target for request in server.requests]
    # Some may get their turn before the refusal is noticed: one or two, more on a busy machine. In the order in which
    # they joined the queue, the refused one would be the last, the ninth.
    assert targets.index("/jobs/first", 1) <= 6


def test_a_lower_limit_is_forgotten_when_it_is_named_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(100)
    pace.limit_to(2)
    assert pace.wait(far())
    assert pace.per_second == 2
    monkeypatch.setattr(rate, "LIMIT_BELIEVED", 0.05)
    time.sleep(0.06)
    assert pace.wait(far())
    assert pace.per_second == 100


@pytest.mark.slow
def test_a_lower_limit_holds_as_long_as_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "LIMIT_BELIEVED", 0.5)
    pace = Pace(100)
    for _ in range(8):
        pace.limit_to(50)
        assert pace.wait(far())
        assert pace.per_second == 50
        time.sleep(0.1)
    # An answer about another limit in between does not raise it.
    pace.limit_to(50)
    pace.limit_to(80)
    assert pace.per_second == 50


def test_one_answer_with_a_low_limit_slows_nothing_down_for_good(paced: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    low = reply(200, {}, headers={"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0"})
    with ScriptedServer(low, always=reply(200, {})) as server:
        client = paced(server.url, 50, 8)
        client.request("GET", "/jobs")
        monkeypatch.setattr(rate, "LIMIT_BELIEVED", 0.1)
        time.sleep(0.2)
        for _ in range(10):
            client.request("GET", "/jobs")
        arrivals = [request.at for request in server.requests]
    # At the limit of that answer they take ten seconds.
    assert arrivals[-1] - arrivals[1] < 5


def test_a_lower_limit_at_once_is_forgotten_when_it_is_named_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = ConcurrencyLimit(3)
    limit.limit_to(1)
    assert limit.acquire(far())
    assert not limit.acquire(time.monotonic())
    monkeypatch.setattr(pacer, "LIMIT_BELIEVED", 0.0)
    assert limit.acquire(far())
    assert limit.acquire(far())
    assert not limit.acquire(time.monotonic())
