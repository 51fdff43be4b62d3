"""Somebody else writes to the same record: what is kept, what is noticed, and what is refused."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.candidates import UpdateCandidateTags
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs import (
    UpdateJobAd,
    UpdateJobAndJobAd,
    UpdateJobNote,
    UpdateJobPosition,
)
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, StalePlanError
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

    Emulator = SmartRecruitersEmulator
    Somebody = Callable[[Tenant], None]

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
WARNING = "Somebody else changed the "


def connect(emulator: Emulator) -> SmartRecruitersClient:
    return SmartRecruitersClient.from_credentials(
        base_url=emulator.url, password=emulator.api_key, requests_per_second=0, max_concurrent=0, timeout=20
    )


@pytest.fixture
def client(smartrecruiters_emulator: Emulator) -> Iterator[SmartRecruitersClient]:
    with connect(smartrecruiters_emulator) as made:
        yield made


@contextmanager
def after(emulator: Emulator, methods: tuple[str, ...], somebody: Somebody) -> Iterator[None]:
    """Let somebody write once, as soon as a request of one of these methods was handled."""
    happened: list[bool] = []

    async def intercept(call: Any, proceed: Any) -> Any:
        answer = await proceed()
        if call.method in methods and not happened:
            happened.append(True)
            with emulator.state.editing() as tenant:
                somebody(tenant)
        return answer

    emulator.emulator.interceptors.append(intercept)
    try:
        yield
    finally:
        emulator.emulator.interceptors.remove(intercept)
    assert happened


WRITE = ("PUT", "POST")


# After the write


def of_a_job(emulator: Emulator) -> tuple[Change, Somebody, Somebody, str, str]:
    job_id = emulator.state.job_ids[0]

    def other(tenant: Tenant) -> None:
        tenant.jobs[job_id].ref_number = "REF-OTHER"

    def same(tenant: Tenant) -> None:
        tenant.jobs[job_id].title = "Somebody's title"

    return UpdateJobAndJobAd(job_id=job_id, job={"title": "Our title"}), other, same, "refNumber", "title"


def of_an_ad(emulator: Emulator) -> tuple[Change, Somebody, Somebody, str, str]:
    ad = emulator.state.a_job_ad()

    def other(tenant: Tenant) -> None:
        tenant.jobs[ad.job_id].ads[ad.job_ad_id].content.sections["qualifications"].text = "<p>Somebody's</p>"

    def same(tenant: Tenant) -> None:
        tenant.jobs[ad.job_id].ads[ad.job_ad_id].content.title = "Somebody's title"

    change = UpdateJobAd(job_id=ad.job_id, job_ad_id=ad.job_ad_id, title="Our title")
    return change, other, same, "jobAd.qualifications.text", "title"


def of_a_position(emulator: Emulator) -> tuple[Change, Somebody, Somebody, str, str]:
    found = emulator.state.a_position()

    def other(tenant: Tenant) -> None:
        tenant.jobs[found.job_id].positions[found.position_id].position_id = "POS-OTHER"

    def same(tenant: Tenant) -> None:
        tenant.jobs[found.job_id].positions[found.position_id].incumbent_name = "Somebody"

    change = UpdateJobPosition(job_id=found.job_id, position_id=found.position_id, incumbent_name="Nobody")
    return change, other, same, "positionId", "incumbentName"


def of_tags(emulator: Emulator) -> tuple[Change, Somebody, Somebody, str, str]:
    candidate_id = emulator.state.candidate_ids[3]

    def other(tenant: Tenant) -> None:
        tenant.candidates[candidate_id].tags.append("somebody's")

    def same(tenant: Tenant) -> None:
        tenant.candidates[candidate_id].tags = []

    return UpdateCandidateTags(candidate_id=candidate_id, tags=["ours"]), other, same, "tags", "tags"


REPLACING = [of_a_job, of_an_ad, of_a_position, of_tags]


@pytest.mark.parametrize("make", REPLACING)
@pytest.mark.parametrize("which", ["another field", "the same field"])
def test_who_writes_after_the_write_is_noticed(
    make: Any, which: str, smartrecruiters_emulator: Emulator, client: Any, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    change, other, same, other_field, same_field = make(smartrecruiters_emulator)
    somebody, field = (other, other_field) if which == "another field" else (same, same_field)
    with after(smartrecruiters_emulator, WRITE, somebody):
        result = apply(client, change)
    assert (result.applied, result.changed) == (True, True)
    assert result.details["changed_concurrently"] == [field]
    assert "ignored" not in result.details
    said = " ".join(caplog.text.split())
    assert f"{WARNING}{change.label} at the same time" in said
    assert said.endswith(f"Somebody else changed {field} at the same time.")
    # Noticed, and not overwritten: the later change is somebody's decision.
    assert len(smartrecruiters_emulator.journal.writes()) == 1
    assert not [text for text in ("Somebody's", "somebody's", "POS-OTHER", "REF-OTHER") if text in caplog.text]


@pytest.mark.parametrize("make", REPLACING)
def test_nobody_is_noticed_where_nobody_writes(
    make: Any, smartrecruiters_emulator: Emulator, client: Any, caplog: Any
) -> None:
    result = apply(client, make(smartrecruiters_emulator)[0])
    assert result.applied
    assert "changed_concurrently" not in result.details
    assert "ignored" not in result.details
    assert WARNING not in caplog.text


@pytest.mark.parametrize("make", REPLACING)
def test_who_writes_while_a_lost_answer_is_read_for_is_noticed_or_kept(
    make: Any, smartrecruiters_emulator: Emulator, client: Any
) -> None:
    """The write arrived, its answer did not, and the record is different once more when it is looked at."""
    emulator = smartrecruiters_emulator
    change, other, _, other_field, _ = make(emulator)
    emulator.fail_next("any write", "reset_after")
    with after(emulator, WRITE, other):
        result = apply(client, change)
    assert result.applied
    if change.use_case == "put_update_candidate_tags":
        # A set is one field, so it was written again: the caller asked for the whole of it.
        assert len(emulator.journal.writes()) == 2
    else:
        assert result.details["confirmed_by_read"] is True
        assert len(emulator.journal.writes()) == 1
    after_all = change.read(client)
    assert plan(client, change).changed is False
    assert change.use_case == "put_update_candidate_tags" or other_field.split(".")[0] in str(after_all)


def test_two_programs_that_replace_the_same_record(smartrecruiters_emulator: Emulator, client: Any) -> None:
    """The second one writes between the write and the look of the first one, which then tells of it."""
    emulator = smartrecruiters_emulator
    candidate_id = emulator.state.candidate_ids[3]
    results: list[Any] = []

    async def second_one_comes(call: Any, proceed: Any) -> Any:
        answer = await proceed()
        if call.method == "PUT" and not results:
            results.append(None)
            with connect(emulator) as other:
                change = UpdateCandidateTags(candidate_id=candidate_id, tags=["theirs"])
                results[0] = await asyncio.to_thread(apply, other, change)
        return answer

    emulator.emulator.interceptors.append(second_one_comes)
    try:
        first = apply(client, UpdateCandidateTags(candidate_id=candidate_id, tags=["ours"]))
    finally:
        emulator.emulator.interceptors.remove(second_one_comes)
    assert first.details["changed_concurrently"] == ["tags"]
    assert "changed_concurrently" not in results[0].details
    assert emulator.state.candidate(candidate_id).tags == ["theirs"]


# Between the read and the write


def test_tags_that_two_programs_add_are_both_there(smartrecruiters_emulator: Emulator) -> None:
    """Both read before either of them writes."""
    emulator = smartrecruiters_emulator
    candidate_id = emulator.state.candidate_ids[3]
    before = emulator.state.candidate(candidate_id).tags
    read = asyncio.Semaphore(0)
    waiting: list[str] = []

    async def both_read_first(call: Any, proceed: Any) -> Any:
        answer = await proceed()
        if call.method == "GET":
            waiting.append(call.raw_path)
            if len(waiting) == 2:
                read.release()
                read.release()
            await asyncio.wait_for(read.acquire(), 20)
        return answer

    def add(tag: str) -> Any:
        with connect(emulator) as one:
            return apply(one, UpdateCandidateTags(candidate_id=candidate_id, add=[tag]))

    emulator.emulator.interceptors.append(both_read_first)
    try:
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(add, ["night-shift", "crane-licence"]))
    finally:
        emulator.emulator.interceptors.remove(both_read_first)
    assert [result.applied for result in results] == [True, True]
    assert len(waiting) == 2
    assert set(emulator.state.candidate(candidate_id).tags) == {*before, "night-shift", "crane-licence"}


def test_many_programs_that_add_tags_lose_none(smartrecruiters_emulator: Emulator, client: Any) -> None:
    emulator = smartrecruiters_emulator
    candidate_id = emulator.state.candidate_ids[3]
    before = emulator.state.candidate(candidate_id).tags
    together = threading.Barrier(8)

    def add(number: int) -> None:
        together.wait(20)
        apply(client, UpdateCandidateTags(candidate_id=candidate_id, add=[f"tag-{number}"]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert set(emulator.state.candidate(candidate_id).tags) == {*before, *(f"tag-{number}" for number in range(8))}


def test_a_change_of_another_field_survives_a_write_that_replaces_nothing(
    smartrecruiters_emulator: Emulator, client: Any
) -> None:
    emulator = smartrecruiters_emulator
    job_id = emulator.state.job_ids[0]

    def retitle(tenant: Tenant) -> None:
        tenant.jobs[job_id].title = "Somebody's title"

    with after(emulator, ("GET",), retitle):
        apply(client, UpdateJobNote(job_id=job_id, content="Ours"))
    assert (emulator.state.job(job_id).title, emulator.state.job(job_id).note) == ("Somebody's title", "Ours")


@pytest.mark.slow
def test_a_write_that_the_api_carries_out_late_sets_the_same_once_more(smartrecruiters_emulator: Emulator) -> None:
    """What no client can rule out, as docs/reliability.md says: it was not there when the record was looked at."""
    emulator = smartrecruiters_emulator
    job_id = emulator.state.job_ids[0]
    emulator.fail_next("put job note", latency=4.0)
    with SmartRecruitersClient.from_credentials(
        base_url=emulator.url, password=emulator.api_key, timeout=2.0, requests_per_second=0, max_concurrent=0
    ) as hasty:
        assert apply(hasty, UpdateJobNote(job_id=job_id, content="Ours")).applied
    assert len(emulator.journal.writes()) == 1
    deadline = time.monotonic() + 20
    while len(emulator.journal.writes()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [entry.body for entry in emulator.journal.writes()] == [{"content": "Ours"}] * 2
    assert emulator.state.job(job_id).note == "Ours"


# Between plan and apply


def readable() -> list[Any]:
    return [pytest.param(case, id=case.use_case) for case in catalogue.cases() if case.reads]


@pytest.mark.parametrize("kind", readable())
def test_a_plan_is_not_applied_to_a_record_that_moved_on(
    kind: Any, smartrecruiters_emulator: Emulator, client: Any, tmp_path: Path
) -> None:
    emulator = smartrecruiters_emulator
    case = catalogue.prepared(kind, emulator, tmp_path)
    arguments = case.arguments()
    change = case.operator(task_id="change", **arguments).change()
    planned = plan(client, change)
    with emulator.state.editing() as tenant:
        case.meddle(tenant, arguments)
    meddled = case.stored(arguments)
    with pytest.raises(StalePlanError) as caught:
        apply(client, change, expect=planned.fingerprint)
    assert (caught.value.retryable, caught.value.may_have_been_applied) == (False, False)
    assert "Plan again" in str(caught.value)
    assert emulator.journal == []
    assert case.stored(arguments) == meddled
    if case.creates:
        # What somebody else has created meanwhile is another record of that id.
        with pytest.raises(InvalidInputError, match="already"):
            plan(client, change)
        assert emulator.journal.writes() == []
        return
    # Planned anew, it is applied.
    assert apply(client, change, expect=plan(client, change).fingerprint).applied
    assert len(emulator.journal.writes()) == 1
