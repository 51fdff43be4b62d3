"""Staying under the limits, as the server that counts sees it."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.pacing.pacer import LANES, Pacer
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import DeadlineExceededError
from tests.api.pacing.calls import PATIENT, at_once
from tests.support.scripted_server import Exchange, ReceivedRequest, ScriptedServer, reply

# What a busy machine may add between the sending of a request and the moment at which the server reads the clock, in
# seconds. Two seconds' worth that is sent with no pace at all arrives within a few hundredths.
NOISE = 0.4


def most_in_a_second(requests: list[ReceivedRequest]) -> int:
    """Return the largest number of arrivals in any second, less the noise."""
    arrivals = sorted(request.at for request in requests)
    return max(sum(1 for other in arrivals[i:] if other < first + 1.0 - NOISE) for i, first in enumerate(arrivals))


def took(requests: list[ReceivedRequest]) -> float:
    """Return the seconds from the first arrival to the last one, and the noise."""
    return max(request.at for request in requests) - min(request.at for request in requests) + NOISE


@pytest.mark.slow
def test_threads_together_stay_under_the_limit_in_every_second(paced: Any) -> None:
    with ScriptedServer(always=reply(200, {})) as server:
        client = paced(server.url, 10, 8)
        at_once(12, *[lambda: client.request("GET", "/jobs")] * 22)
        assert len(server.requests) == 22
        assert most_in_a_second(server.requests) <= 10
        assert took(server.requests) >= 21 / 10


@pytest.mark.slow
def test_a_request_counts_from_when_all_of_it_was_sent(paced: Any) -> None:
    """As with a new connection, which takes some round trips before anything is sent on it."""
    got: list[float] = []

    def read_late(listener: socket.socket) -> None:
        for late in (0.5, 0.0):
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                time.sleep(late)
                head = list(iter(stream.readline, b"\r\n"))
                stream.read(next(int(line.split()[1]) for line in head if line.startswith(b"Content-Length")))
                got.append(time.monotonic())
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=read_late, args=(listener,))
        server.start()
        client = paced(f"http://127.0.0.1:{listener.getsockname()[1]}", 1, 8)
        # More than the sockets between the two hold.
        client.request("PUT", "/users/1/avatar", files={"file": ("a.png", bytes(20_000_000))})
        client.request("PUT", "/users/1/avatar", files={"file": ("a.png", b"small")})
        server.join(30)
    assert got[1] - got[0] > 0.9


@pytest.mark.slow
def test_the_emulator_hardly_ever_has_to_say_429(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    client = SmartRecruitersClient(
        ApiKeyAuth(smartrecruiters_emulator.api_key), base_url=smartrecruiters_emulator.url, pacer=Pacer()
    )
    with client:
        job_ids = smartrecruiters_emulator.state.job_ids[:14]
        at_once(10, *[lambda i=i: client.request("GET", "/jobs/{jobId}", path_params={"jobId": i}) for i in job_ids])
    assert smartrecruiters_emulator.stats["statuses"]["200"] == 14
    # Without pacing four would be refused at once; a busy machine may squeeze two together.
    assert smartrecruiters_emulator.stats["rate_limited"] <= 1


def test_requests_leave_evenly_not_in_a_burst(paced: Any) -> None:
    with ScriptedServer(always=reply(200, {})) as server:
        client = paced(server.url, 20, 8)
        at_once(8, *[lambda: client.request("GET", "/jobs")] * 11)
        arrivals = sorted(request.at for request in server.requests)
    # Ten gaps of a twentieth of a second; a burst would be over in milliseconds.
    assert arrivals[-1] - arrivals[0] > 0.3


@pytest.mark.slow
def test_publishing_has_a_pace_of_its_own(paced: Any) -> None:
    with ScriptedServer(always=reply(202, {})) as server:
        client = paced(server.url, 100, 8)
        path = "/jobs/{jobId}/publication"
        at_once(6, *[lambda v=v: client.request(v, path, path_params={"jobId": "1"}) for v in ("POST", "DELETE") * 2])
        assert most_in_a_second(server.requests) <= 2
        assert took(server.requests) >= 3 / 2


@pytest.mark.parametrize(
    ("operation", "lanes"),
    [
        ("GET /candidates", 1),
        ("POST /candidates", 0),
        ("GET /candidates/1", 0),
        ("POST /jobs/1/publication", 1),
        ("DELETE /jobs/a%2Fb/publication", 1),
        ("GET /jobs/1/publication", 0),
        ("POST /jobs/1/jobads/2/postings", 0),
        ("GET /offers/1/documents/2", 1),
        ("GET /offers/1/documents", 0),
    ],
)
def test_which_operations_have_a_limit_of_their_own(operation: str, lanes: int) -> None:
    assert sum(1 for lane in LANES if lane.pattern.fullmatch(operation)) == lanes


@pytest.mark.slow
def test_a_429_slows_every_thread_down(paced: Any) -> None:
    busy = reply(429, {"message": "Too many requests"}, headers={"Retry-After": "1"})
    with ScriptedServer(busy, always=reply(200, {})) as server:
        client = paced(server.url, 50, 8)
        refused = threading.Thread(target=client.request, args=("GET", "/jobs"))
        refused.start()
        while not server.requests:
            time.sleep(0.005)
        time.sleep(0.1)
        at_once(8, *[lambda: client.request("GET", "/users")] * 8)
        refused.join()
        first, *rest = sorted(request.at for request in server.requests)
    assert len(rest) == 9
    assert min(rest) - first >= 0.95


@pytest.mark.slow
def test_a_lower_limit_that_the_server_names_is_kept_to(paced: Any) -> None:
    headers = {"X-RateLimit-Limit": "8", "X-RateLimit-Remaining": "7"}
    with ScriptedServer(always=reply(200, {}, headers=headers)) as server:
        client = paced(server.url, 50, 8)
        client.request("GET", "/jobs")
        time.sleep(1.05)
        at_once(8, *[lambda: client.request("GET", "/jobs")] * 11)
        assert most_in_a_second(server.requests) <= 8
        assert took(server.requests[1:]) >= 10 / 8


@pytest.mark.parametrize("limit", ["100", "0", "-1", "many", "", "nan", "inf", "1e-9"])
def test_a_limit_that_is_higher_or_none_changes_nothing(limit: str, paced: Any) -> None:
    headers = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": "x"}
    with ScriptedServer(always=reply(200, {}, headers=headers)) as server:
        client = paced(server.url, 40, 8)
        at_once(8, *[lambda: client.request("GET", "/jobs")] * 12)
        arrivals = sorted(request.at for request in server.requests)
    # Still one at a time, a fortieth of a second apart. With a limit of none they would not come within the budget.
    assert arrivals[-1] - arrivals[0] > 0.15


@pytest.mark.slow
def test_somebody_else_who_uses_the_credential_up_is_noticed(paced: Any) -> None:
    """Nothing remains though we took one: the next request waits a turn of the server's limit, from the answer on."""
    headers = {"X-RateLimit-Limit": "4", "X-RateLimit-Remaining": "0"}
    with ScriptedServer(reply(200, {}, headers=headers, delay=0.5), always=reply(200, {})) as server:
        client = paced(server.url, 4, 8)
        for _ in range(2):
            client.request("GET", "/jobs")
        first, second = server.requests
    assert second.at - first.at >= 0.74


def test_a_429_of_a_full_second_goes_on_with_the_next_turn(paced: Any) -> None:
    full = reply(429, {}, headers={"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0"})
    # Without these headers the wait would be the retry policy's, which is longer than the budget.
    patient = RetryPolicy(budget=60.0, first_wait=1e6, longest_wait=1e6)
    with ScriptedServer(full, always=reply(200, {})) as server:
        paced(server.url, 10, 8, retry=patient).request("GET", "/jobs")
        first, second = server.requests
    # Others have all of the second.
    assert second.at - first.at > 0.15


@pytest.mark.slow
def test_a_429_that_says_how_long_is_waited_out_whatever_else_it_says(paced: Any) -> None:
    full = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "Retry-After": "2"}
    with ScriptedServer(reply(429, {}, headers=full), always=reply(200, {})) as server:
        paced(server.url, 10, 8).request("GET", "/jobs")
        first, second = server.requests
    assert second.at - first.at >= 1.9


def test_how_many_wait_is_known(paced: Any) -> None:
    answer = threading.Event()

    def held(exchange: Exchange) -> bool:
        answer.wait(60)
        return reply(200, {})(exchange)

    with ScriptedServer(always=held) as server, ThreadPoolExecutor(5) as pool:
        client = paced(server.url, 1000, 2)
        assert client.pacer.waiting == 0
        calls = [pool.submit(client.request, "GET", "/jobs") for _ in range(5)]
        while (len(server.requests), client.pacer.waiting) != (2, 3):
            time.sleep(0.01)
        answer.set()
        for call in calls:
            call.result()
        assert client.pacer.waiting == 0


@pytest.mark.slow
def test_no_turn_within_the_budget(paced: Any) -> None:
    with ScriptedServer(always=reply(200, {}, delay=1.0)) as server:
        client = paced(server.url, 0, 1, retry=RetryPolicy(budget=0.3))
        other = threading.Thread(target=client.request, args=("GET", "/jobs"))
        other.start()
        while not server.requests:
            time.sleep(0.005)
        with pytest.raises(DeadlineExceededError) as caught:
            client.request("PUT", "/jobs/1/note", json={"content": "x"})
        other.join()
        assert [request.method for request in server.requests] == ["GET"]
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied
    assert "pool" in caught.value.hint
    assert (caught.value.method, caught.value.path_template) == ("PUT", "/jobs/1/note")


def test_no_permit_within_the_budget(paced: Any) -> None:
    with ScriptedServer(reply(200, {})) as server:
        client = paced(server.url, 0.2, 8, retry=RetryPolicy(budget=0.3))
        client.request("GET", "/jobs")
        with pytest.raises(DeadlineExceededError):
            client.request("GET", "/jobs")
        # A call that gave up is not counted as waiting.
        assert client.pacer.waiting == 0


def test_clients_of_one_credential_share_the_pace() -> None:
    same = [Pacer.shared("https://a.example.com", "key", 10, 8) for _ in range(2)]
    assert same[0] is same[1]


@pytest.mark.parametrize("other", [("https://b", "key", 10, 8), ("https://a", "k2", 10, 8), ("https://a", "key", 9, 8)])
def test_other_credentials_have_a_pace_of_their_own(other: tuple[str, str, float, int]) -> None:
    assert Pacer.shared("https://a", "key", 10, 8) is not Pacer.shared(*other)


def test_shared_pacers_are_kept_without_the_credential() -> None:
    Pacer.shared("https://a", "an-unmistakable-key", 10, 8)
    assert not [key for key in Pacer._shared if "unmistakable" in key]


@pytest.mark.slow
def test_two_clients_of_one_credential_stay_under_the_limit_together(connect: Any) -> None:
    with ScriptedServer(always=reply(200, {})) as server:
        clients = [connect(server.url, requests_per_second=10, max_concurrent=3, retry=PATIENT) for _ in range(3)]
        at_once(9, *[lambda c=c: c.request("GET", "/jobs") for c in clients * 6])
        assert most_in_a_second(server.requests) <= 10
        assert server.most_at_once <= 3
