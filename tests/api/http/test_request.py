"""A client reports each request and each retry, and never loses a request for it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.request import Exchange
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
from tests.support.scripted_server import ScriptedServer, Step, close, reply


class Kept:
    """Keeps what a client reports."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.retries = 0

    def sent(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def retried(self) -> None:
        self.retries += 1


class Broken:
    """Fails whatever it is told."""

    def sent(self, exchange: Exchange) -> None:
        raise OSError("canary")

    def retried(self) -> None:
        raise ValueError("canary")


def client_of(url: str, observer: Kept | Broken, **limits: float) -> SmartRecruitersClient:
    retry = RetryPolicy(first_wait=0.01, longest_wait=0.02)
    return SmartRecruitersClient.from_credentials(
        password="key", base_url=url, retry=retry, observer=observer, **{"requests_per_second": 0, **limits}
    )


@pytest.mark.parametrize(
    ("method", "script", "statuses"),
    [
        ("GET", [reply(200, {})], [200]),
        ("PUT", [reply(429, headers={"Retry-After": "0"}), reply(204)], [429, 204]),
        ("GET", [close(), reply(503, {}), reply(200, {})], [None, 503, 200]),
        ("PUT", [close()], [None]),
    ],
    ids=["one", "429", "transient", "lost"],
)
def test_each_request_and_each_retry_is_reported(method: str, script: list[Step], statuses: list[int | None]) -> None:
    kept = Kept()
    with ScriptedServer(*script) as server, suppress(SmartRecruitersError):
        client_of(server.url, kept).request(
            method, "/jobs/{jobId}/note", path_params={"jobId": "4711"}, params={"q": "x"}
        )
    assert [one.status for one in kept.exchanges] == statuses
    assert {(one.method, one.path, one.read) for one in kept.exchanges} == {(method, "/jobs/_/note", method == "GET")}
    assert kept.retries == len(statuses) - 1


def test_a_literal_path_is_reported_without_its_ids() -> None:
    kept = Kept()
    with ScriptedServer(reply(200, {})) as server:
        client_of(server.url, kept).request("GET", "/jobs/6f1c2a9e-0b1a-4b55-9a50-3a6f1f3f6c11/hiring-team")
    assert [one.path for one in kept.exchanges] == ["/jobs/_/hiring-team"]


def test_the_wait_for_the_rate_limit_is_reported() -> None:
    kept = Kept()
    with ScriptedServer(reply(200, {}), reply(200, {})) as server:
        client = client_of(server.url, kept, requests_per_second=5)
        client.request("GET", "/jobs")
        client.request("GET", "/jobs")
    first, second = (one.waited for one in kept.exchanges)
    assert first < second
    assert second > 0.1


def test_an_observer_that_fails_costs_no_request(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedServer(reply(503, {}), reply(200, {"id": "1"})) as server:
        assert client_of(server.url, Broken()).request("GET", "/jobs/1") == {"id": "1"}
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["Requests are sent, but not counted in the metrics (OSError)."]
