"""Limits over a real socket, and their arithmetic under a clock of our own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.http.limits import Limiter
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from tests.emulator.conftest import Api

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

BY_ID = {operation.id: operation for operation in OPERATIONS}


class Clock:
    """A clock that stands still until it is moved: how quick the machine is then makes no difference."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(smartrecruiters_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which the emulator counts requests a second."""
    emulator, clock = smartrecruiters_emulator.emulator, Clock()
    monkeypatch.setattr(emulator, "limiter", Limiter(emulator.config, clock))
    return clock


def limit_headers(answer: object) -> tuple[str, ...]:
    headers = answer.headers  # type: ignore[attr-defined]
    return tuple(headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Concurrent-Limit"))


def statuses_at_once(emulator: SmartRecruitersEmulator, path: str, count: int) -> list[int]:
    def one(_: int) -> int:
        with Api(emulator.url, **{"X-SmartToken": emulator.api_key}) as session:
            return session.get(path).status_code

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_ten_requests_a_second(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, clock: Clock) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}/note"
    answers = [api.put(path, json={"content": str(number)}) for number in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert [limit_headers(answer) for answer in (answers[0], answers[9], answers[11])] == [
        ("10", "9", "8"),
        ("10", "0", "8"),
        ("10", "0", "8"),
    ]
    assert answers[11].json() == {"message": "Too many requests", "errors": []}
    assert "Retry-After" not in answers[11].headers
    assert smartrecruiters_emulator.state.job(smartrecruiters_emulator.state.job_ids[0]).note == "9"
    assert [entry.applied for entry in smartrecruiters_emulator.journal][-3:] == [True, False, False]
    assert smartrecruiters_emulator.stats["rate_limited"] == 2
    clock.now += 0.99
    assert api.get(path).status_code == 429
    clock.now += 0.02
    assert api.get(path).status_code == 200


def test_credentials_are_counted_apart(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}/note"
    form = {
        "grant_type": "client_credentials",
        "client_id": smartrecruiters_emulator.client_id,
        "client_secret": smartrecruiters_emulator.client_secret,
    }
    token = Api(smartrecruiters_emulator.url).post("/identity/oauth/token", data=form).json()["access_token"]
    other = Api(smartrecruiters_emulator.url, Authorization=f"Bearer {token}")
    for _ in range(10):
        api.get(path)
    assert limit_headers(other.get(path)) == ("10", "9", "8")


@pytest.mark.smartrecruiters_emulator(limits="per-endpoint")
@pytest.mark.usefixtures("clock")
def test_limits_by_endpoint(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    one, other = (f"/jobs/{job_id}/note" for job_id in smartrecruiters_emulator.state.job_ids[:2])
    assert [api.get(one if number % 2 else other).status_code for number in range(11)] == [200] * 10 + [429]
    # Another method of the same path is another endpoint.
    assert limit_headers(api.put(one, json={"content": "x"})) == ("10", "9", "8")
    # Back to one limit: what is counted from now on is counted together.
    smartrecruiters_emulator.config.limits = "per-credential"
    assert [limit_headers(answer)[1] for answer in (api.get(one), api.put(one, json={"content": "y"}))] == ["9", "8"]


@pytest.mark.parametrize("limits", ["per-credential", "per-endpoint"])
def test_limits_at_once_and_of_publications_do_not_depend_on_what_is_counted(limits: str) -> None:
    limiter = Limiter(Config(limits=limits, concurrent=2), lambda: 0.0)
    read, write = (limiter.ticket("me", BY_ID[name]) for name in ("jobs.get", "jobs.status.update"))
    assert [limiter.enter(ticket) for ticket in (read, write, read)] == [True, True, False]
    publish, unpublish = (limiter.ticket("me", BY_ID[f"jobs.publication.{name}"]) for name in ("create", "unpublish"))
    assert (publish.rate, publish.rate_key) == (2, unpublish.rate_key)


@pytest.mark.usefixtures("clock")
def test_two_publications_a_second(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}"
    answers = [
        api.post(path + "/publication"),
        api.delete(path + "/publication"),
        api.post(path + "/publication"),
        api.get(path + "/publication"),
    ]
    assert [answer.status_code for answer in answers] == [204, 204, 429, 200]
    assert limit_headers(answers[1])[:2] == ("2", "0")


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0, latency=2.0)
def test_eight_at_once_and_one_search_of_candidates(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}"
    assert statuses_at_once(smartrecruiters_emulator, path, 10) == [200] * 8 + [429] * 2
    assert smartrecruiters_emulator.stats["peak_in_flight"] >= 8
    assert statuses_at_once(smartrecruiters_emulator, "/candidates", 3) == [200, 429, 429]
    assert statuses_at_once(smartrecruiters_emulator, path, 3) == [200] * 3


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, latency=1.0)
def test_without_limits_latencies_overlap(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}"
    assert statuses_at_once(smartrecruiters_emulator, path, 16) == [200] * 16
    assert smartrecruiters_emulator.stats["peak_in_flight"] > 8


def test_the_window_slides() -> None:
    now = 0.0
    limiter = Limiter(Config(rate=3, concurrent=0), lambda: now)
    ticket = limiter.ticket("me", BY_ID["jobs.get"])
    let_in = []
    for moment in (100.0, 100.5, 100.9, 100.99, 101.0, 101.01, 101.5):
        now = moment
        let_in.append(limiter.enter(ticket))
        limiter.leave(ticket)
    # Each that was let in makes room one second later; a refused one takes none.
    assert let_in == [True, True, True, False, True, False, True]


def test_concurrency_is_given_back() -> None:
    limiter = Limiter(Config(rate=0, concurrent=2), lambda: 0.0)
    ticket = limiter.ticket("me", BY_ID["jobs.get"])
    assert [limiter.enter(ticket) for _ in range(3)] == [True, True, False]
    assert limiter.headers(ticket)["X-RateLimit-Concurrent-Remaining"] == "0"
    limiter.leave(ticket)
    assert limiter.enter(ticket)
    search = limiter.ticket("me", BY_ID["candidates.all"])
    assert (search.concurrent, limiter.enter(search), limiter.enter(search)) == (1, True, False)
