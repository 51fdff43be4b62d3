"""Staying under the concurrency limits, as the server that counts sees it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from tests.api.pacing.calls import at_once
from tests.support.scripted_server import Exchange, ScriptedServer, Step, reply


class Gathering:
    """Answers that wait for one another, so that requests are in flight together on a busy machine, too.

    :param most: how many there have to be, before the first of them is answered.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._came = 0
        self._changed = threading.Condition()

    def __call__(self, exchange: Exchange) -> bool:
        with self._changed:
            self._came += 1
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._came >= self._most, 60), "they never were in flight together"
        # One too many would come now.
        time.sleep(0.1)
        return reply(200, {})(exchange)


@pytest.mark.parametrize("most", [1, 3, 8])
def test_no_more_are_in_flight_than_the_limit(most: int, paced: Any) -> None:
    # All of them are in flight together, too: a pacer that lets one through at a time would also stay under the limit.
    with ScriptedServer(always=Gathering(most)) as server:
        client = paced(server.url, 0, most)
        at_once(12, *[lambda: client.request("GET", "/jobs")] * max(6, 2 * most))
        assert server.most_at_once == most


def test_zero_switches_both_limits_off(paced: Any) -> None:
    with ScriptedServer(always=Gathering(16)) as server:
        client = paced(server.url, 0, 0)
        at_once(16, *[lambda: client.request("GET", "/jobs")] * 16)
        assert server.most_at_once == 16


def test_the_list_of_candidates_is_read_by_one_at_a_time(paced: Any) -> None:
    with ScriptedServer(always=reply(200, {}, delay=0.05)) as server:
        client = paced(server.url, 0, 8)
        at_once(5, *[lambda: client.request("GET", "/candidates", params={"limit": 1})] * 5)
        assert server.most_at_once == 1


def test_the_candidates_lane_is_for_the_list_alone(paced: Any) -> None:
    with ScriptedServer(always=Gathering(4)) as server:
        client = paced(server.url, 0, 8)
        at_once(4, *[lambda: client.request("GET", "/candidates/{id}", path_params={"id": "1"})] * 4)
        assert server.most_at_once == 4


@pytest.mark.slow
def test_the_limit_of_the_candidates_lane_is_no_limit_of_the_others(
    smartrecruiters_emulator: SmartRecruitersEmulator, connect: Any
) -> None:
    """The headers of an answer tell of the limit that was narrowest for its request."""
    smartrecruiters_emulator.configure(rate=1000, latency=0.4)
    limits = {"requests_per_second": 1000, "max_concurrent": 8}
    client = connect(smartrecruiters_emulator.url, password=smartrecruiters_emulator.api_key, **limits)
    client.request("GET", "/candidates", params={"limit": 1})
    at_once(8, *[lambda: client.request("GET", "/jobs", params={"limit": 1})] * 8)
    assert smartrecruiters_emulator.stats["peak_in_flight"] > 4


def test_a_request_that_waits_in_its_lane_keeps_no_other_from_being_sent(paced: Any) -> None:
    other_answered = threading.Event()

    def list_last(exchange: Exchange) -> bool:
        if exchange.request.target.startswith("/candidates"):
            assert other_answered.wait(60)
        return reply(200, {})(exchange)

    with ScriptedServer(always=list_last) as server, ThreadPoolExecutor(6) as pool:
        client = paced(server.url, 0, 2)
        lists = [pool.submit(client.request, "GET", "/candidates") for _ in range(4)]
        while client.pacer.waiting < 3:
            time.sleep(0.01)
        # One of two may be in flight, three wait in the lane.
        pool.submit(client.request, "GET", "/jobs").result()
        assert not any(future.done() for future in lists)
        other_answered.set()
        for future in lists:
            future.result()


@pytest.mark.slow
def test_a_429_for_too_many_at_once_leaves_fewer_in_flight(paced: Any) -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "90",
        "X-RateLimit-Concurrent-Limit": "8",
        "X-RateLimit-Concurrent-Remaining": "0",
    }
    with ScriptedServer(reply(429, {}, headers=headers), always=reply(200, {}, delay=0.2)) as server:
        client = paced(server.url, 100, 8)
        client.request("GET", "/jobs")
        at_once(8, *[lambda: client.request("GET", "/jobs")] * 6)
        assert server.most_at_once <= 2


def test_fewer_at_once_that_the_server_names_are_kept_to(paced: Any) -> None:
    first = reply(200, {}, headers={"X-RateLimit-Concurrent-Limit": "3"})
    with ScriptedServer(first, always=Gathering(3)) as server:
        client = paced(server.url, 0, 8)
        client.request("GET", "/jobs")
        at_once(8, *[lambda: client.request("GET", "/jobs")] * 9)
        assert server.most_at_once == 3


@pytest.mark.parametrize("limit", ["100", "0", "-1", "many", "", "nan", "inf", "1e999", "0.5"])
def test_a_limit_at_once_that_is_higher_or_none_changes_nothing(limit: str, paced: Any) -> None:
    headers = {"X-RateLimit-Concurrent-Limit": limit, "X-RateLimit-Concurrent-Remaining": limit}
    with ScriptedServer(reply(200, {}, headers=headers), always=Gathering(4)) as server:
        client = paced(server.url, 0, 4)
        client.request("GET", "/jobs")
        at_once(8, *[lambda: client.request("GET", "/jobs")] * 8)
        assert server.most_at_once == 4


def test_an_error_releases_what_its_request_held(paced: Any) -> None:
    broken: Step = reply(400, {"message": "no"})
    with ScriptedServer(*[broken] * 3, reply(200, {"id": "1"})) as server:
        client = paced(server.url, 0, 1, retry=RetryPolicy(budget=5))
        for _ in range(3):
            with pytest.raises(Exception, match="400"):
                client.request("GET", "/candidates")
        assert client.request("GET", "/candidates") == {"id": "1"}
