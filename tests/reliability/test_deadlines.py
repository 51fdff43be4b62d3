"""A call has a time budget, and keeps to it whatever the server does."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ConnectionFailedError,
    RateLimitedError,
    ServerError,
    SmartRecruitersError,
)
from tests.support.scripted_server import Exchange, ScriptedServer, hang, reply, trickle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

    Connect = Callable[..., SmartRecruitersClient]

pytestmark = [pytest.mark.slow, pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)]

TIMEOUT = 0.6
BUDGET = 1.2
SLACK = 60.0
"""
Seconds that a busy machine may take for what takes no time.

What is cut off here would last much longer: most answers 150 s, the others for ever.
"""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW_HEADERS = trickle(HEAD + b"X-Padding: " + b"x" * 3000, 0.05)


def slow_body(exchange: Exchange) -> bool:
    exchange.send(HEAD + b"Content-Length: 3000\r\n\r\n")
    return trickle(b" " * 3000, 0.05)(exchange)


def slow_chunks(exchange: Exchange) -> bool:
    exchange.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    return trickle(b"1\r\n \r\n" * 1500, 0.1)(exchange)


def endless_body(exchange: Exchange) -> bool:
    exchange.send(HEAD + b"\r\n")
    return trickle(b" " * 3000, 0.05)(exchange)


SLOW = [SLOW_HEADERS, slow_body, slow_chunks, endless_body, hang()]
slow = pytest.mark.parametrize("answer", SLOW, ids=["headers", "body", "chunks", "body without a length", "silence"])


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[SmartRecruitersClient] = []

    def make(url: str, **options: Any) -> SmartRecruitersClient:
        defaults = {
            "password": "the-api-key",
            "timeout": TIMEOUT,
            "retry": RetryPolicy(budget=BUDGET, max_attempts=1000, first_wait=0.01, longest_wait=0.05),
            "requests_per_second": 0,
            "max_concurrent": 0,
        }
        made.append(SmartRecruitersClient.from_credentials(base_url=url, **(defaults | options)))
        return made[-1]

    yield make
    for client in made:
        client.close()


def timed(call: Callable[[], Any]) -> tuple[SmartRecruitersError, float]:
    began = time.monotonic()
    with pytest.raises(SmartRecruitersError) as caught:
        call()
    return caught.value, time.monotonic() - began


@slow
def test_a_write_against_a_slow_trickle_ends_with_its_exchange(answer: Any, connect: Connect) -> None:
    with ScriptedServer(answer) as server:
        error, took = timed(lambda: connect(server.url).request("PUT", "/jobs/1/status", json={"status": "FILLED"}))
        assert len(server.requests) == 1
    assert isinstance(error, AnswerLostError)
    assert (error.retryable, error.may_have_been_applied) == (True, True)
    assert TIMEOUT <= took < TIMEOUT + SLACK


@slow
def test_a_read_against_a_slow_trickle_ends_with_the_budget_and_one_exchange(answer: Any, connect: Connect) -> None:
    with ScriptedServer(always=answer) as server:
        error, took = timed(lambda: connect(server.url).request("GET", "/jobs/1"))
        assert len(server.requests) > 1
    assert isinstance(error, AnswerLostError)
    assert took + 0.05 >= BUDGET
    assert took < BUDGET + TIMEOUT + SLACK


@slow
def test_a_token_request_against_a_slow_trickle(answer: Any, connect: Connect) -> None:
    with ScriptedServer(always=answer) as server:
        client = connect(server.url, login="client")
        error, took = timed(lambda: client.request("PUT", "/jobs/1/status", json={"status": "FILLED"}))
    assert (type(error), error.may_have_been_applied) == (AnswerLostError, False)
    assert took < BUDGET + TIMEOUT + SLACK


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_429_for_ever_ends_with_the_budget(method: str, connect: Connect) -> None:
    with ScriptedServer(always=reply(429)) as server:
        error, took = timed(lambda: connect(server.url).request(method, "/jobs/1"))
    assert isinstance(error, RateLimitedError)
    assert (error.retryable, error.may_have_been_applied) == (True, False)
    assert took < BUDGET + SLACK


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("place", ["get job", "put job status", "token"])
def test_an_hour_is_not_waited_for(
    status: int, place: str, smartrecruiters_emulator: SmartRecruitersEmulator, connect: Connect
) -> None:
    """With the budget that the package has by default."""
    emulator = smartrecruiters_emulator
    credential = {"login": emulator.client_id, "password": emulator.client_secret}
    client = connect(emulator.url, **credential, retry=None, timeout=30)
    emulator.fail(place, status=status, retry_after=3600)
    change = UpdateJobStatus(job_id=emulator.state.job_ids[0], status="FILLED")
    error, took = timed(lambda: apply(client, change))
    assert isinstance(error, RateLimitedError if status == 429 else ServerError)
    assert error.retry_after == 3600
    assert error.retryable
    assert took < SLACK
    assert emulator.journal.writes() == []


def test_a_change_as_a_whole_ends(smartrecruiters_emulator: SmartRecruitersEmulator, connect: Connect) -> None:
    """At most a read, the writes of one budget and one more read, each with one exchange that outlasts its budget."""
    emulator = smartrecruiters_emulator
    emulator.fail(["any read", "any write"], "slow_trickle", skip=1)
    client = connect(emulator.url, password=emulator.api_key)
    change = UpdateJobStatus(job_id=emulator.state.job_ids[0], status="FILLED")
    error, took = timed(lambda: apply(client, change))
    assert isinstance(error, AnswerLostError)
    assert error.may_have_been_applied
    assert took < TIMEOUT + (BUDGET + TIMEOUT) + SLACK
    assert len(emulator.journal.writes()) == 1


def test_a_slow_look_up_of_the_name_takes_from_the_same_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing cuts off the look-up itself; but what is sent after it would have nobody left to cut it off."""
    look_up = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        time.sleep(TIMEOUT * 1.5)
        return look_up(*args, **kwargs)

    with ScriptedServer(always=slow_body) as server:
        client = connect(server.url, retry=RetryPolicy(max_attempts=1))
        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        error, took = timed(lambda: client.request("PUT", "/jobs/1/status", json={"status": "FILLED"}))
        assert server.requests == []
    assert isinstance(error, ConnectionFailedError)
    assert not error.may_have_been_applied
    assert took < TIMEOUT * 1.5 + SLACK


def test_the_defaults_are_a_minute_and_what_the_api_advises() -> None:
    """What docs/reliability.md says."""
    assert RetryPolicy().budget == 60
    with SmartRecruitersClient.from_credentials(password="key") as client:
        assert client._timeout == 128
