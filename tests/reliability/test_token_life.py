"""Tokens that expire under way, and secrets that are no longer accepted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote, UpdateJobStatus
from airflow_provider_smartrecruiters.exceptions import AuthenticationError
from tests.reliability import token_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = [pytest.mark.slow, pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)]
THREADS = 8


@pytest.fixture
def client(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[SmartRecruitersClient]:
    with SmartRecruitersClient.from_credentials(
        base_url=smartrecruiters_emulator.url,
        login=smartrecruiters_emulator.client_id,
        password=smartrecruiters_emulator.client_secret,
        requests_per_second=0,
        max_concurrent=0,
    ) as made:
        yield made


@pytest.mark.parametrize("pace", token_run.PACES)
def test_eight_threads_and_a_token_that_expires_every_second(pace: float) -> None:
    """Six seconds of it; `make reliability` does thirty."""
    outcome = token_run.run(6, pace)
    assert outcome.good, outcome
    assert outcome.token_requests > 4, outcome
    assert outcome.writes > 2 * pace, outcome
    # A token is looked at when the turn has come, so what is sent with an old one is an accident.
    assert outcome.refused < outcome.writes / 10, outcome


def test_a_count_that_is_wrong_is_found() -> None:
    good = token_run.TokenRun(pace=10, seconds=6.2, writes=9, once=9, applied=9, refused=0, token_requests=7)
    assert good.good
    for name, value in {"once": 8, "applied": 10, "token_requests": 8, "writes": 10}.items():
        assert not token_run.TokenRun(**{**vars(good), name: value}).good


def test_expiry_in_the_middle_costs_one_token(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """All eight are under way with the old token when its time is over."""
    emulator = smartrecruiters_emulator
    emulator.config.latency = 0.03
    rounds = 6
    expired = threading.Barrier(THREADS, action=lambda: emulator.expire_tokens())

    def write(number: int) -> None:
        job_id = emulator.state.job_ids[number]
        for count in range(rounds):
            if count == rounds // 2:
                expired.wait(30)
            assert apply(client, UpdateJobNote(job_id=job_id, content=f"{count} of {number}")).applied

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    assert emulator.stats["token_requests"] == 2
    assert emulator.stats["statuses"]["401"] >= 1
    contents = [entry.body["content"] for entry in emulator.journal.writes()]
    assert sorted(contents) == sorted(f"{count} of {number}" for count in range(rounds) for number in range(THREADS))


def test_a_token_that_expires_between_read_and_write(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """The write is refused, so it can be sent again; and it is, once."""
    emulator = smartrecruiters_emulator

    async def expire_after_the_read(call: Any, proceed: Any) -> Any:
        answer = await proceed()
        if call.method == "GET" and emulator.stats["token_requests"] == 1:
            emulator.expire_tokens()
        return answer

    emulator.emulator.interceptors.append(expire_after_the_read)
    try:
        apply(client, UpdateJobStatus(job_id=emulator.state.job_ids[0], status="FILLED"))
    finally:
        emulator.emulator.interceptors.remove(expire_after_the_read)
    assert [(entry.status, entry.applied) for entry in emulator.journal] == [(401, False), (201, True)]
    assert emulator.stats["token_requests"] == 2


def test_a_revoked_secret_is_one_clear_error(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """In the middle of a run: the token is refused, and there is no other."""
    emulator = smartrecruiters_emulator
    change = UpdateJobStatus(job_id=emulator.state.job_ids[0], status="FILLED")
    apply(client, change)
    emulator.expire_tokens()
    emulator.fail("token", "no_access")
    asked = len(emulator.requests)
    with pytest.raises(AuthenticationError) as caught:
        apply(client, change, force=True)
    error = caught.value
    assert [request.operation_id for request in emulator.requests[asked:]] == [
        "jobs.get",
        "jobs.all",
        "createAccessToken",
    ]
    assert emulator.stats["token_requests"] == 2
    assert (error.retryable, error.may_have_been_applied, error.status) == (False, False, 401)
    assert "client secret" in error.hint
    assert error.use_case == change.use_case


def test_eight_threads_and_a_revoked_secret(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    emulator = smartrecruiters_emulator
    emulator.fail("token", "no_access", latency=0.2)
    together = threading.Barrier(THREADS)

    def write(job_id: str) -> AuthenticationError:
        together.wait(30)
        with pytest.raises(AuthenticationError) as caught:
            apply(client, UpdateJobStatus(job_id=job_id, status="FILLED"))
        return caught.value

    job_ids = emulator.state.job_ids[:THREADS]
    with ThreadPoolExecutor(THREADS) as pool:
        errors = list(pool.map(write, job_ids))
    # Those that waited for the refusal share it.
    assert emulator.stats["token_requests"] < THREADS / 2
    assert emulator.journal == []
    # Each error is about its own record.
    assert all(job_id in str(error) for job_id, error in zip(job_ids, errors, strict=True))
