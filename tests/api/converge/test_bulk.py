"""The batch engine: the outcome of each item, the number in flight, and when a batch ends early."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.candidates import RejectApplication, UpdateCandidateSource
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.bulk import LONG_WAITS, OUTAGE, Bulk, BulkOptions, Outcome, Work
from airflow_provider_smartrecruiters.api.converge.guards import Terms
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote, UpdateJobStatus
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

IMPATIENT = RetryPolicy(budget=2.0, max_attempts=2, first_wait=0.01, longest_wait=0.02)


def work(changes: list[Change], **options: Any) -> Iterator[Work]:
    for index, change in enumerate(changes):
        yield Work(index, lambda change=change: change, **options)


def carry_out(client: SmartRecruitersClient, changes: list[Change], **options: Any) -> tuple[list[Outcome], Bulk]:
    bulk = Bulk(client, work(changes), BulkOptions(**options))
    return sorted((o for o in bulk.outcomes() if o), key=lambda o: o.index), bulk


def notes(emulator: SmartRecruitersEmulator, count: int = 30) -> list[Change]:
    return [UpdateJobNote(job_id=job_id, content="Call them back") for job_id in emulator.state.job_ids[:count]]


def test_every_item_is_applied_once_and_reported(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    changes = notes(smartrecruiters_emulator, 20)
    outcomes, bulk = carry_out(client, changes)
    assert [(o.index, o.changed, o.applied, o.error, o.attempts) for o in outcomes] == [
        (index, True, True, None, 1) for index in range(20)
    ]
    assert smartrecruiters_emulator.stats["writes"] == 20
    assert not bulk.outage
    again, _ = carry_out(client, changes)
    assert {(o.changed, o.applied) for o in again} == {(False, False)}
    assert smartrecruiters_emulator.stats["writes"] == 20


def test_a_plan_sends_nothing(smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient) -> None:
    outcomes, _ = carry_out(client, notes(smartrecruiters_emulator, 5), plan_only=True, force=True)
    assert {(o.changed, o.applied) for o in outcomes} == {(True, False)}
    assert smartrecruiters_emulator.journal == []


def test_force_and_blind_writes(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    changes = notes(smartrecruiters_emulator, 3)
    assert {(o.changed, o.applied) for o in carry_out(client, changes, read_first=False)[0]} == {(None, True)}
    assert {(o.changed, o.applied) for o in carry_out(client, changes, force=True)[0]} == {(False, True)}
    assert smartrecruiters_emulator.stats["writes"] == 6


def test_each_failure_has_its_cause_and_stops_no_other_item(
    smartrecruiters_emulator: SmartRecruitersEmulator, connect: Callable[..., SmartRecruitersClient]
) -> None:
    emulator = smartrecruiters_emulator
    client = connect(emulator.url, password=emulator.api_key, retry=IMPATIENT)
    changes = notes(emulator, 10)
    changes[2] = UpdateJobNote(job_id="no-such-job", content="x")
    changes[5] = UpdateJobNote(job_id=emulator.state.restricted_job_id, content="x")
    emulator.fail("any", status=503, path=changes[7].target["job_id"])
    outcomes, _ = carry_out(client, changes)
    failed = {o.index: (o.error, o.status, o.retryable) for o in outcomes if o.failed}
    assert failed == {
        2: ("PermissionDeniedError", 401, False),
        5: ("PermissionDeniedError", 401, False),
        7: ("ServerError", 503, True),
    }
    assert [o.attempts for o in outcomes if o.index == 7] == [2]
    assert "no-such-job" in outcomes[2].said
    assert "no-such-job" not in repr(outcomes[2])
    assert emulator.stats["writes"] == 7


@pytest.mark.parametrize("max_threads", [1, 2])
def test_stop_on_error_starts_no_further_item(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, max_threads: int
) -> None:
    changes = notes(smartrecruiters_emulator, 20)
    changes[3] = UpdateJobNote(job_id="no-such-job", content="x")
    taken: list[int] = []

    def items() -> Iterator[Work]:
        for item in work(changes):
            taken.append(item.index)
            yield item

    taken_after_failure = None
    bulk = Bulk(client, items(), BulkOptions(stop_on_error=True, max_threads=max_threads))
    outcomes = []
    for outcome in filter(None, bulk.outcomes()):
        outcomes.append(outcome)
        if taken_after_failure is None and outcome.failed:
            taken_after_failure = len(taken)
    assert [o.index for o in outcomes if o.failed] == [3]
    # The other thread may be on any item by then, but takes no further one.
    assert len(taken) == taken_after_failure == len(outcomes)
    assert max_threads == 2 or len(outcomes) == 4
    assert smartrecruiters_emulator.stats["writes"] == len(outcomes) - 1


def test_an_outage_is_not_tried_on_every_item(
    smartrecruiters_emulator: SmartRecruitersEmulator, connect: Callable[..., SmartRecruitersClient]
) -> None:
    emulator = smartrecruiters_emulator
    client = connect(emulator.url, password=emulator.api_key, retry=IMPATIENT)
    emulator.fail("any", status=503)
    outcomes, bulk = carry_out(client, notes(emulator, 30) * 4)
    assert bulk.outage
    assert OUTAGE <= len(outcomes) < OUTAGE + 8
    assert all(o.retryable for o in outcomes)


@pytest.mark.parametrize("kind", ["restricted", "missing", "named as missing", "unreadable"])
def test_records_without_access_in_a_row_are_no_outage(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, kind: str
) -> None:
    emulator, good = smartrecruiters_emulator, notes(smartrecruiters_emulator, 3)
    # The credential has worked, so that a 401 is about the record.
    carry_out(client, good[:1])
    job_id = emulator.state.restricted_job_id if kind == "restricted" else "no-such-job"
    if kind == "unreadable":
        emulator.fail("any read", status=403, path=job_id)
    with emulator.state.editing() as tenant:
        tenant.settings.missing_is_denied = kind != "named as missing"
    bad: list[Change] = [UpdateJobNote(job_id=job_id, content=str(number)) for number in range(OUTAGE + 5)]
    outcomes, bulk = carry_out(client, [*bad, *good[1:]], max_threads=1)
    assert not bulk.outage
    assert [o.failed for o in outcomes] == [True] * len(bad) + [False] * 2
    assert {(o.error, o.retryable) for o in outcomes[: len(bad)]} == {
        ("NotFoundError" if kind == "named as missing" else "PermissionDeniedError", False)
    }


@pytest.mark.parametrize("status", [403, 404])
def test_a_record_without_access_that_comes_first_stops_nothing(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, status: int
) -> None:
    changes = notes(smartrecruiters_emulator, 5)
    smartrecruiters_emulator.fail("any", status=status, path=changes[0].target["job_id"])
    outcomes, bulk = carry_out(client, changes, max_threads=1)
    assert [o.failed for o in outcomes] == [True] + [False] * 4
    assert bulk.fatal is None


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_beyond_the_budget_ends_the_batch(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, status: int, threads: int
) -> None:
    smartrecruiters_emulator.fail("any", status=status, retry_after=3600)
    outcomes, bulk = carry_out(client, notes(smartrecruiters_emulator, 30), max_threads=threads)
    assert bulk.throttled
    assert not bulk.outage
    assert bulk.retry_after == pytest.approx(3600, abs=1)
    assert LONG_WAITS <= len(outcomes) < LONG_WAITS + threads
    assert all(o.retryable for o in outcomes)


def test_a_long_wait_for_one_record_ends_nothing(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    changes = notes(smartrecruiters_emulator, 12)
    for index in (1, 2, 5, 6, 9, 10):
        smartrecruiters_emulator.fail("any", status=503, retry_after=3600, path=changes[index].target["job_id"])
    outcomes, bulk = carry_out(client, changes, max_threads=1)
    assert [o.index for o in outcomes if o.failed] == [1, 2, 5, 6, 9, 10]
    assert (bulk.throttled, bulk.retry_after) == (False, None)


def test_an_outcome_survives_storage() -> None:
    known = Outcome(3, changed=True, applied=True, fields=["a"], details={"ignored": ["a"]}, fingerprint="0" * 64)
    small = Outcome(3, changed=False)
    failed = Outcome(3, error="ServerError", status=503, retryable=True, may_have_been_applied=True)
    for outcome in (known, small, failed, Outcome(3, skipped=True)):
        stored = json.loads(json.dumps(outcome.as_values()))
        assert Outcome.from_values(stored).as_row(4, "item 4", {}) == outcome.as_row(4, "item 4", {})
    assert small.as_values() == [3, False]
    large = Outcome(3, fields=["a"], diff=[{"field": "x" * 50, "before": None, "after": "y"}] * 20)
    again = Outcome.from_values(large.as_values())
    assert (again.fields, again.diff) == (["a"], None)


def test_a_dead_credential_ends_the_batch(
    smartrecruiters_emulator: SmartRecruitersEmulator, connect: Callable[..., SmartRecruitersClient]
) -> None:
    client = connect(smartrecruiters_emulator.url, password="another-key")
    outcomes, bulk = carry_out(client, notes(smartrecruiters_emulator, 30), max_threads=2)
    assert outcomes == []
    assert type(bulk.fatal).__name__ == "AuthenticationError"
    # Two threads found out at the same time, and one of them asked; nobody tried a third time.
    assert smartrecruiters_emulator.stats["requests"] <= 3


def test_an_item_holds_its_slot_until_the_next_outcome_is_requested(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """A caller that records each outcome before it requests the next has at most ``max_threads`` items in doubt."""
    taken: list[int] = []
    handed_over = 0

    def items() -> Iterator[Work]:
        for item in work(notes(smartrecruiters_emulator, 30)):
            taken.append(item.index)
            yield item

    for outcome in Bulk(client, items(), BulkOptions(max_threads=3)).outcomes():
        if outcome:
            time.sleep(0.02)
            assert len(taken) - handed_over <= 3
            handed_over += 1
    assert handed_over == 30


@pytest.mark.slow
@pytest.mark.parametrize(("latency", "per_second", "least", "most"), [(0.0, 3, 1, 4), (0.4, 15, 5, 8)])
def test_the_number_of_threads_follows_the_rate(
    smartrecruiters_emulator: SmartRecruitersEmulator,
    connect: Callable[..., SmartRecruitersClient],
    latency: float,
    per_second: int,
    least: int,
    most: int,
) -> None:
    smartrecruiters_emulator.configure(rate=0, concurrent=0, latency=latency)
    key = smartrecruiters_emulator.api_key
    client = connect(smartrecruiters_emulator.url, password=key, requests_per_second=per_second)
    bulk = Bulk(client, work(notes(smartrecruiters_emulator, 2 * per_second)), BulkOptions(read_first=False))
    outcomes = [o for o in bulk.outcomes() if o]
    assert len(outcomes) == 2 * per_second
    # 15 a second at 0.4 s are 6 in flight; a busy machine may add one. Without latency it is one, and one that waits.
    assert least <= len(bulk._threads) <= most


def test_the_items_iterator_is_used_by_one_thread_at_a_time(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    inside = threading.Lock()

    def items() -> Iterator[Work]:
        for item in work(notes(smartrecruiters_emulator, 20)):
            assert inside.acquire(blocking=False)
            time.sleep(0.002)
            inside.release()
            yield item

    assert len([o for o in Bulk(client, items(), BulkOptions()).outcomes() if o]) == 20


def test_an_iterator_that_breaks_ends_the_batch_with_its_error(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    def items() -> Iterator[Work]:
        yield from work(notes(smartrecruiters_emulator, 3))
        raise OSError("the storage is gone")

    bulk = Bulk(client, items(), BulkOptions())
    seen = []
    with pytest.raises(OSError, match="the storage is gone"):
        seen += [o for o in bulk.outcomes() if o]
    bulk.stop()
    late = list(bulk.late_outcomes(5.0))
    assert smartrecruiters_emulator.stats["writes"] >= len(late)


def test_stop_lets_items_in_flight_finish(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    smartrecruiters_emulator.configure(rate=0, concurrent=0, latency=0.1)
    bulk = Bulk(client, work(notes(smartrecruiters_emulator)), BulkOptions(read_first=False, max_threads=4))
    outcomes = []
    for outcome in bulk.outcomes():
        if outcome:
            outcomes.append(outcome)
            bulk.stop()
    assert 1 <= len(outcomes) <= 8
    assert smartrecruiters_emulator.stats["writes"] == len(outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["any read", "any write"])
def test_stop_ends_retries(
    operation: str, smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """What still retries would write to records that nobody reports on any more."""
    smartrecruiters_emulator.configure(rate=0, concurrent=0)
    smartrecruiters_emulator.fail(operation, status=429)
    bulk = Bulk(client, work(notes(smartrecruiters_emulator)), BulkOptions(max_threads=2))
    for _ in zip(range(20), bulk.outcomes(), strict=False):
        pass
    bulk.stop()
    sent = len(smartrecruiters_emulator.requests)
    late = list(bulk.late_outcomes(30.0))
    assert [outcome.status for outcome in late] == [429, 429]
    # What each thread was doing at that moment, and no more.
    assert len(smartrecruiters_emulator.requests) <= sent + 2 * len(late)


def test_an_item_in_doubt_is_read_before_it_is_sent_again(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    changes = notes(smartrecruiters_emulator, 4)
    carry_out(client, changes[:2], read_first=False)
    bulk = Bulk(client, work(changes, in_doubt=True), BulkOptions(read_first=False))
    outcomes = sorted((o for o in bulk.outcomes() if o), key=lambda o: o.index)
    assert [(o.changed, o.applied) for o in outcomes] == [(False, False)] * 2 + [(True, True)] * 2
    assert smartrecruiters_emulator.stats["writes"] == 4


@pytest.mark.parametrize("links", ["values", "none"])
def test_an_item_in_doubt_is_sent_again_only_if_its_record_does_not_tell(
    links: Any, smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.settings.source_links = links
    application, source = smartrecruiters_emulator.state.an_application(), smartrecruiters_emulator.state.a_source()
    change = UpdateCandidateSource(
        candidate_id=application.candidate_id,
        job_id=application.job_id,
        source_type_id=source.source_type_id,
        source_id=source.source_id,
    )
    carry_out(client, [change], read_first=False)
    bulk = Bulk(client, work([change], in_doubt=True), BulkOptions(read_first=False))
    found = (False, False) if links == "values" else (None, True)
    assert [(o.changed, o.applied) for o in bulk.outcomes() if o] == [found]
    assert smartrecruiters_emulator.stats["writes"] == 1 + found[1]


def test_a_label_is_looked_up_once_for_the_whole_batch(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    emulator = smartrecruiters_emulator
    label = next(iter(emulator.state.rejection_reasons.values()))
    changes = [
        RejectApplication(candidate_id=ref.candidate_id, job_id=ref.job_id, reason=label)
        for ref in emulator.state.applications()[:6]
    ]
    outcomes, _ = carry_out(client, changes)
    assert not any(o.failed for o in outcomes)
    assert sum("rejection-reasons" in request.path for request in emulator.requests) == 1


@pytest.mark.slow
def test_applications_in_another_status_are_skipped(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    emulator = smartrecruiters_emulator
    refs = emulator.state.applications()
    before = [emulator.state.application(ref.candidate_id, ref.job_id).status for ref in refs]
    assert {"NEW", "INTERVIEW", "REJECTED"} < set(before)
    changes: list[Change] = [RejectApplication(candidate_id=ref.candidate_id, job_id=ref.job_id) for ref in refs]
    outcomes, _ = carry_out(client, changes, terms=Terms(only_if_status_in=["NEW"]))
    for outcome, status in zip(outcomes, before, strict=True):
        assert outcome.applied is (status == "NEW")
        assert bool(outcome.skipped) is (status not in ("NEW", "REJECTED"))
    assert len(emulator.journal.writes()) == before.count("NEW")


@pytest.mark.parametrize("read_first", [True, False])
def test_the_status_is_read_with_the_record_or_alone(
    read_first: bool, smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    emulator, source = smartrecruiters_emulator, smartrecruiters_emulator.state.a_source()
    changes: list[Change] = [
        UpdateCandidateSource(
            candidate_id=ref.candidate_id,
            job_id=ref.job_id,
            source_type_id=source.source_type_id,
            source_id=source.source_id,
        )
        for ref in (emulator.state.an_application("NEW"), emulator.state.an_application("INTERVIEW"))
    ]
    outcomes, _ = carry_out(client, changes, read_first=read_first, terms=Terms(only_if_status_in=["NEW"]))
    why = "the application is INTERVIEW, and only_if_status_in allows NEW"
    assert [(o.applied, o.skipped) for o in outcomes] == [(True, None), (False, why)]
    # One read of each application, whatever it is for.
    assert [request.method for request in emulator.requests].count("GET") == 2


def test_a_change_that_cannot_be_made_is_that_items_failure(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    def broken() -> Change:
        raise RuntimeError("Ada Lovelace")

    good = UpdateJobStatus(job_id=smartrecruiters_emulator.state.job_ids[0], status="FILLED")
    bulk = Bulk(client, [Work(0, broken), Work(1, lambda: good)], BulkOptions())
    outcomes = sorted((o for o in bulk.outcomes() if o), key=lambda o: o.index)
    assert [(o.error, o.retryable) for o in outcomes] == [("RuntimeError", False), (None, False)]
    assert "Ada" not in outcomes[0].said
