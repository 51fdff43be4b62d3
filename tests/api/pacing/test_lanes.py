"""One rate limit for the credential or one for each endpoint, as the server that counts sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pacing.lanes import LIMITS, endpoint_of
from airflow_provider_smartrecruiters.api.pacing.pacer import Pacer
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.api.pacing.calls import PATIENT, at_once
from tests.api.pacing.processes import together
from tests.api.pacing.test_concurrency import Gathering
from tests.support.scripted_server import ScriptedServer, reply

pytestmark = pytest.mark.slow

NOTE = "/jobs/{jobId}/note"
RATE = 8.0
"""Of the ten that the server allows, so that a busy machine squeezes none too many into a second."""
THREADS = 4

READ_AND_WRITE = """
import json, sys
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
url, key, options, jobs = json.loads(sys.argv[1])
client = SmartRecruitersClient.from_credentials(password=key, base_url=url, **options)
print("ready", flush=True)
sys.stdin.readline()
for job in jobs:
    for method, body in (("GET", None), ("PUT", {"content": "x"})):
        client.request(method, "/jobs/{jobId}/note", path_params={"jobId": job}, json=body)
print(json.dumps(client.pacer.by_endpoint))
"""


class Batch:
    """Threads that read a record, then write it, one after the other and as fast as they may."""

    def __init__(self, client: SmartRecruitersClient, emulator: SmartRecruitersEmulator) -> None:
        self._client, self._jobs = client, emulator.state.job_ids
        self._numbers, self._stopping = count(), threading.Event()
        self.done = 0

    def item(self) -> None:
        job = {"jobId": self._jobs[next(self._numbers) % len(self._jobs)]}
        self._client.request("GET", NOTE, path_params=job)
        self._client.request("PUT", NOTE, path_params=job, json={"content": "x"})
        self.done += 1

    def until(self, reached: Callable[[], bool]) -> None:
        """Go on until something is so."""
        before = self.done
        while not reached():
            assert self.done < before + 200, "it never was so"
            time.sleep(0.01)

    def items(self, number: int) -> None:
        """Go on for so many items."""
        reached = self.done + number
        self.until(lambda: self.done >= reached)

    @contextmanager
    def running(self) -> Iterator[Batch]:
        def work() -> None:
            while not self._stopping.is_set():
                self.item()

        with ThreadPoolExecutor(THREADS) as pool:
            threads = [pool.submit(work) for _ in range(THREADS)]
            try:
                yield self
            finally:
                self._stopping.set()
        for thread in threads:
            thread.result()


@pytest.fixture
def batch(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[Callable[..., Batch]]:
    """A batch with a pacer of its own, which knows nothing of the other tests'."""
    clients = []

    def make(limits: str = "auto") -> Batch:
        auth, url = ApiKeyAuth(smartrecruiters_emulator.api_key), smartrecruiters_emulator.url
        clients.append(SmartRecruitersClient(auth, base_url=url, pacer=Pacer(RATE, 8, None, limits), retry=PATIENT))
        return Batch(clients[-1], smartrecruiters_emulator)

    yield make
    for client in clients:
        client.close()


def most_in_a_second(emulator: SmartRecruitersEmulator) -> int:
    """Return the most requests that the server let in within any second."""
    came = sorted(request.started_at for request in emulator.requests if request.status != 429)
    return max(sum(first <= at < first + 1 for at in came) for first in came)


@pytest.mark.smartrecruiters_emulator(limits="per-endpoint", latency=0.02)
def test_limits_by_endpoint_are_found_out_and_used(
    smartrecruiters_emulator: SmartRecruitersEmulator, batch: Callable[..., Batch]
) -> None:
    with batch().running() as running:
        running.until(lambda: running._client.pacer.by_endpoint)
        running.items(25)
    assert smartrecruiters_emulator.stats["rate_limited"] == 0
    # More than one limit for both would let through.
    assert most_in_a_second(smartrecruiters_emulator) > RATE + 2


@pytest.mark.smartrecruiters_emulator(limits="per-credential", latency=0.02)
def test_a_limit_of_the_credential_is_never_exceeded_to_find_out(
    smartrecruiters_emulator: SmartRecruitersEmulator, batch: Callable[..., Batch]
) -> None:
    with batch().running() as running:
        running.items(30)
        assert not running._client.pacer.by_endpoint
    assert smartrecruiters_emulator.stats["rate_limited"] == 0


@pytest.mark.parametrize(("limits", "expected"), [("per-credential", False), ("per-endpoint", True)])
@pytest.mark.smartrecruiters_emulator(limits="per-endpoint")
def test_what_a_user_knows_is_not_found_out(
    limits: str, expected: bool, smartrecruiters_emulator: SmartRecruitersEmulator, batch: Callable[..., Batch]
) -> None:
    with batch(limits=limits).running() as running:
        assert running._client.pacer.by_endpoint is expected
        running.items(20)
        assert running._client.pacer.by_endpoint is expected
    assert smartrecruiters_emulator.stats["rate_limited"] == 0
    assert (most_in_a_second(smartrecruiters_emulator) > RATE + 2) is expected


@pytest.mark.smartrecruiters_emulator(limits="per-endpoint", latency=0.02)
def test_a_server_that_changes_to_one_limit_refuses_once(
    smartrecruiters_emulator: SmartRecruitersEmulator, batch: Callable[..., Batch], caplog: pytest.LogCaptureFixture
) -> None:
    with batch().running() as running:
        running.until(lambda: running._client.pacer.by_endpoint)
        running.items(10)
        smartrecruiters_emulator.config.limits = "per-credential"
        running.until(lambda: not running._client.pacer.by_endpoint)
        running.items(20)
        assert not running._client.pacer.by_endpoint
    # One, and what had left before its answer came: no thread sends a second one.
    assert 1 <= smartrecruiters_emulator.stats["rate_limited"] <= THREADS
    assert caplog.text.count("Back to one limit for all endpoints") == 1
    assert smartrecruiters_emulator.stats["statuses"].keys() == {"200", "429"}


@pytest.mark.smartrecruiters_emulator(limits="per-credential", latency=0.02)
def test_a_server_that_changes_to_limits_by_endpoint_is_noticed(
    smartrecruiters_emulator: SmartRecruitersEmulator, batch: Callable[..., Batch]
) -> None:
    with batch().running() as running:
        running.items(15)
        assert not running._client.pacer.by_endpoint
        smartrecruiters_emulator.config.limits = "per-endpoint"
        running.until(lambda: running._client.pacer.by_endpoint)
        running.items(10)
    assert smartrecruiters_emulator.stats["rate_limited"] == 0


def test_threads_that_wait_for_the_common_limit_go_on_when_it_ends(paced: Any) -> None:
    """What leaves by the limits of endpoints is noted in it, and would push back for good what waits there."""
    with ScriptedServer(always=reply(200, {})) as server, ThreadPoolExecutor(3) as pool:
        client = paced(server.url, 10, 8)
        limits = client.pacer._rates
        limits._common.hold(50)
        waiting = [pool.submit(client.request, "GET", path) for path in ("/jobs", "/users", "/jobs")]
        while client.pacer.waiting < 3:
            time.sleep(0.01)
        limits.by_endpoint = True
        limits._common.let_through(True)
        for call in waiting:
            call.result()
        assert len(server.requests) == 3


@pytest.mark.smartrecruiters_emulator(limits="per-endpoint", latency=0.02)
def test_who_was_wrong_waits_before_believing_it_again(
    smartrecruiters_emulator: SmartRecruitersEmulator, batch: Callable[..., Batch]
) -> None:
    with batch().running() as running:
        limits = running._client.pacer._rates
        waits = []
        for _ in range(2):
            running.until(lambda: limits.by_endpoint)
            smartrecruiters_emulator.fail_next("put job note", status=429)
            running.until(lambda: not limits.by_endpoint)
            waits.append(limits._believe_from - time.monotonic())
            # As if that time never ended, and then as if it were over.
            limits._believe_from += 1e6
            running.items(10)
            assert not limits.by_endpoint
            limits._believe_from = 0.0
    # 10 and 20 seconds, less what passed since.
    assert waits[0] <= 10
    assert waits[1] > waits[0]


@pytest.mark.parametrize(
    ("server", "settings"),
    [
        ("per-credential", ["auto", "auto", "per-credential"]),
        ("per-endpoint", ["per-endpoint", "per-endpoint", "per-endpoint"]),
        # One has found out, and the others have not.
        ("per-endpoint", ["auto", "per-endpoint", "auto"]),
    ],
)
def test_processes_share_each_limit_through_a_store(
    server: str, settings: list[str], location: str, smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    smartrecruiters_emulator.configure(limits=server)
    # Half of the limit together, as several processes need more of a busy machine; more than all of it if apart.
    shared = {"rate_limit_store": location, "requests_per_second": 5}
    base = [smartrecruiters_emulator.url, smartrecruiters_emulator.api_key]
    jobs = smartrecruiters_emulator.state.job_ids[:8]
    together(READ_AND_WRITE, [[*base, {**shared, "limits": limits}, jobs] for limits in settings])
    assert smartrecruiters_emulator.stats["statuses"] == {"200": 48}


@pytest.mark.parametrize("server", ["per-credential", "per-endpoint"])
@pytest.mark.parametrize("limits", ["auto", "as the server"])
def test_processes_without_a_store_share_each_limit(
    limits: str, server: str, smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    smartrecruiters_emulator.configure(limits=server)
    options = {"limits": server if limits == "as the server" else limits}
    jobs = smartrecruiters_emulator.state.job_ids[:12]
    arguments = [smartrecruiters_emulator.url, smartrecruiters_emulator.api_key, options, jobs]
    together(READ_AND_WRITE, [arguments] * 3)
    stats = smartrecruiters_emulator.stats
    assert stats["statuses"]["200"] == 72
    # As with reads alone. Each for itself at ten a second, they would be refused twice for each that gets through.
    assert stats["rate_limited"] <= 16


def test_a_store_that_is_down_when_an_endpoint_is_first_called_stops_nobody(
    connect: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "stores"
    folder.mkdir()
    with ScriptedServer(always=reply(200, {})) as server:
        options = {"rate_limit_store": str(folder / "pace"), "requests_per_second": 50, "limits": "per-endpoint"}
        client = connect(server.url, **options)
        (folder / "pace").unlink()
        folder.rmdir()
        for path in ("/jobs", "/users", "/candidates"):
            client.request("GET", path)
        assert len(server.requests) == 3
    # One for the store, not one for each limit.
    assert caplog.text.count("rate limit store failed") == 1


def test_how_many_are_in_flight_is_counted_for_all_endpoints(paced: Any) -> None:
    with ScriptedServer(always=Gathering(2)) as server:
        client = paced(server.url, 1000, 2, None, "per-endpoint")
        paths = ("/jobs", "/users", "/candidates/1")
        at_once(6, *[lambda path=path: client.request("GET", path) for path in paths] * 2)
        assert server.most_at_once == 2


def test_a_wait_that_the_server_asks_for_holds_for_every_endpoint(paced: Any) -> None:
    busy = reply(429, {"message": "Too many requests"}, headers={"Retry-After": "1"})
    with ScriptedServer(reply(200, {}), busy, always=reply(200, {})) as server:
        client = paced(server.url, 50, 8, None, "per-endpoint")
        client.request("GET", "/users")
        client.request("GET", "/jobs")
        # One that was called before, and one that is new.
        at_once(2, *[lambda path=path: client.request("GET", path) for path in ("/users", "/reviews")])
        _, refused, *rest = sorted(request.at for request in server.requests)
    assert min(rest) - refused >= 0.95


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0"}])
def test_any_429_for_the_rate_ends_limits_by_endpoint(headers: dict[str, str], paced: Any) -> None:
    with ScriptedServer(reply(429, {}, headers=headers), always=reply(200, {})) as server:
        client = paced(server.url, 10, 8)
        client.pacer._rates.by_endpoint = True
        client.request("GET", "/jobs")
        first, second = (request.at for request in server.requests)
    assert not client.pacer.by_endpoint
    # The server's second is empty by then, whatever left before.
    assert second - first >= 1


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "5", "X-RateLimit-Concurrent-Remaining": "0"}, "/jobs"),
        ({"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0"}, "/offers/1/documents/2"),
    ],
)
def test_a_429_about_another_limit_does_not(headers: dict[str, str], path: str, paced: Any) -> None:
    """Too many at once, or too many of an operation that the documents name a limit for."""
    with ScriptedServer(reply(429, {}, headers=headers), always=reply(200, {})) as server:
        client = paced(server.url, 10, 8)
        client.pacer._rates.by_endpoint = True
        client.request("GET", path)
        assert len(server.requests) == 2
    assert client.pacer.by_endpoint


@pytest.mark.parametrize(("path", "warnings"), [("/jobs", 1), ("/offers/1/documents/2", 0)])
def test_five_429s_doubt_what_the_connection_says_once(
    path: str, warnings: int, paced: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Not those of an operation that the documents name a limit of its own for."""
    at_once_again = reply(429, {}, headers={"Retry-After": "0"})
    with ScriptedServer(*[at_once_again] * 4, always=reply(200, {})) as server:
        client = paced(server.url, 1000, 8, None, "per-endpoint")
        client.request("GET", path)
        assert "limits: per-endpoint" not in caplog.text
        server.then(*[at_once_again] * 4)
        client.request("GET", path)
        assert len(server.requests) == 10
    assert caplog.text.count("limits: per-endpoint") == warnings


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
@pytest.mark.parametrize("value", ["c78e48df-15e0-4f66-a33d-6fc6ba17c194", "743999812345", "REF29Y", "5ab3", "a%2Fb"])
def test_each_record_of_an_endpoint_has_the_same_limit(operation: Any, value: str) -> None:
    filled = "/".join(value if part.startswith("{") else part for part in operation.path.split("/"))
    assert endpoint_of(operation.method, filled) == endpoint_of(operation.method, operation.path)


def test_no_two_endpoints_have_the_same_limit() -> None:
    assert len({endpoint_of(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


def test_paths_without_end_have_limits_that_end(paced: Any) -> None:
    with ScriptedServer(always=reply(200, {})) as server:
        client = paced(server.url, 1000, 8, None, "per-endpoint")
        for first in "abcdefghijklmnopqrst":
            for second in "abcdefghijklmnopqrst":
                client.request("GET", f"/things/{first}{second}")
        assert len(server.requests) == 400
    assert len(client.pacer._rates._lanes) <= 201


def test_what_it_counts_is_one_of_three(connect: Any) -> None:
    with pytest.raises(ConfigurationError, match="limits must be one of auto, per-credential, per-endpoint") as caught:
        connect("http://127.0.0.1:1", limits="by-endpoint")
    assert caught.value.hint
    assert [connect("http://127.0.0.1:1", limits=limits).pacer.by_endpoint for limits in LIMITS] == [False] * 3
    paced = {"requests_per_second": 10}
    assert [connect("http://127.0.0.1:1", limits=limits, **paced).pacer.by_endpoint for limits in LIMITS] == [
        False,
        False,
        True,
    ]
