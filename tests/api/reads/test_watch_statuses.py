"""What a poll finds: each change of a status once, whatever else happens to the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.reads.events import Poll, Position, poll
from airflow_provider_smartrecruiters.api.reads.watch_statuses import (
    StatusEvent,
    WatchApplicationStatus,
    WatchJobStatus,
)
from airflow_provider_smartrecruiters.api.values.fields import same_instant as written
from airflow_provider_smartrecruiters.emulator.tenant.state import StatusChange
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

NOW = datetime.now(UTC)
START = Position.starting(NOW)


@pytest.fixture
def client(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[SmartRecruitersClient]:
    auth = ApiKeyAuth(smartrecruiters_emulator.api_key)
    with SmartRecruitersClient(auth, base_url=smartrecruiters_emulator.url) as made:
        yield made


@pytest.fixture
def job_id(smartrecruiters_emulator: SmartRecruitersEmulator) -> str:
    state = smartrecruiters_emulator.state
    return next(one for one in state.job_ids if state.job(one).status == "SOURCING")


def moved(emulator: SmartRecruitersEmulator, job_id: str, *statuses: str, seconds: float = 1) -> list[str]:
    """Move a job from one status to the next, and return when."""
    when = [written(NOW + timedelta(seconds=seconds + number)) for number in range(len(statuses))]
    with emulator.state.editing() as tenant:
        job = tenant.jobs[job_id]
        for status, changed_on in zip(statuses, when, strict=True):
            job.history.append(StatusChange(changed_on=changed_on, status=status))
            job.status, job.updated_on = status, changed_on
    return when


def follow(client: SmartRecruitersClient, watch: Any, position: Position = START, overlap: float = 300) -> Any:
    return poll(client, watch, position, overlap=overlap)


def test_every_change_between_two_polls_is_reported_once(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, job_id: str
) -> None:
    """A job that went through several statuses, of which the list shows the last."""
    when = moved(smartrecruiters_emulator, job_id, "OFFER", "FILLED")
    found = follow(client, WatchJobStatus())
    assert [event.as_dict() for event in found.events] == [
        {
            "key": f"job_status/{job_id}/{status}/{changed_on}",
            "event": "job_status",
            "job_id": job_id,
            "status": status,
            "previous_status": previous,
            "changed_on": changed_on,
        }
        for status, previous, changed_on in zip(("OFFER", "FILLED"), ("SOURCING", "OFFER"), when, strict=True)
    ]
    again = follow(client, WatchJobStatus(), found.after)
    assert (again.events, again.after.watermark) == ([], found.after.watermark)
    # What did not change since is not read again.
    reads = [request.path for request in smartrecruiters_emulator.requests]
    assert reads == ["/jobs", f"/jobs/{job_id}/status/history", "/jobs"]


def test_a_restart_reads_the_overlap_again_and_reports_nothing_of_it(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, job_id: str
) -> None:
    moved(smartrecruiters_emulator, job_id, "FILLED")
    found = follow(client, WatchJobStatus())
    kept = [position for _, position in found.steps()]
    restored = Position.restored(kept[-1])
    moved(smartrecruiters_emulator, job_id, "ON_HOLD", seconds=10)
    assert [event.status for event in follow(client, WatchJobStatus(), restored).events] == ["ON_HOLD"]
    # One that stopped before the position was kept reports both.
    assert [event.status for event in follow(client, WatchJobStatus()).events] == ["FILLED", "ON_HOLD"]


def test_the_list_may_lag_behind_for_as_long_as_the_overlap(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, job_id: str
) -> None:
    state = smartrecruiters_emulator.state
    late = next(one for one in state.job_ids if state.job(one).status == "SOURCING" and one != job_id)
    moved(smartrecruiters_emulator, job_id, "FILLED", seconds=200)
    found = follow(client, WatchJobStatus())
    moved(smartrecruiters_emulator, late, "FILLED", seconds=20)
    assert [event.ids for event in follow(client, WatchJobStatus(), found.after).events] == [{"job_id": late}]
    assert follow(client, WatchJobStatus(), found.after, overlap=100).events == []


def test_history_is_not_replayed_and_other_updates_are_no_changes(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, job_id: str
) -> None:
    moved(smartrecruiters_emulator, job_id, "FILLED", seconds=-50)
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.jobs[job_id].updated_on = written(NOW + timedelta(seconds=5))
    assert follow(client, WatchJobStatus()).events == []
    since = Position.starting(NOW - timedelta(seconds=60))
    assert [event.status for event in follow(client, WatchJobStatus(), since).events] == ["FILLED"]


def test_filters(smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, job_id: str) -> None:
    moved(smartrecruiters_emulator, job_id, "OFFER", "FILLED")
    filled = WatchJobStatus(statuses="FILLED", job_ids=[job_id])
    assert [event.status for event in follow(client, filled).events] == ["FILLED"]
    assert follow(client, WatchJobStatus(statuses=["CANCELLED"])).events == []
    assert follow(client, WatchJobStatus(job_ids="another")).events == []


def test_applications_with_their_other_jobs(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """The list has a status for the first application of a candidate only; a sub-status is no status."""
    with smartrecruiters_emulator.state.editing() as tenant:
        seen = [one for one in tenant.candidates.values() if one.access == "full" and len(one.application_ids) > 1]
        candidate, other = next(
            (one, other) for one in seen if (other := tenant.applications[one.application_ids[1]]).status == "NEW"
        )
        now, later = (written(NOW + timedelta(seconds=number)) for number in (1, 2))
        other.history += [
            StatusChange(changed_on=now, status="INTERVIEW", sub_status="Phone"),
            StatusChange(changed_on=later, status="INTERVIEW", sub_status="On site"),
        ]
        other.status, candidate.updated_on = "INTERVIEW", later
        ids = {"candidate_id": candidate.id, "job_id": other.job_id}
    (event,) = follow(client, WatchApplicationStatus()).events
    assert (event.ids, event.status, event.changed_on) == (ids, "INTERVIEW", now)
    assert follow(client, WatchApplicationStatus(job_ids=[other.job_id])).events == [event]
    assert f"jobId={other.job_id}" in smartrecruiters_emulator.requests[-2].query


def test_a_record_that_cannot_be_read_holds_up_nothing(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, job_id: str
) -> None:
    moved(smartrecruiters_emulator, job_id, "FILLED")
    smartrecruiters_emulator.fail_next("jobs.status.history.get", status=404)
    assert follow(client, WatchJobStatus()).events == []
    # Anything else is no reason to leave it out: the position stays, and the next poll reads it again.
    smartrecruiters_emulator.fail("jobs.status.history.get", status=503, retry_after=3600)
    with pytest.raises(ServerError):
        follow(client, WatchJobStatus())


def test_many_changes_come_in_parts_and_the_watermark_moves_with_the_last() -> None:
    events = [StatusEvent("job_status", written(NOW), {"job_id": str(n)}, "FILLED", None) for n in range(1200)]
    after = Position(NOW, NOW + timedelta(seconds=9), {event.digest: event.changed_on for event in events})
    steps = list(Poll(events, START, after).steps())
    assert [len(payloads) for payloads, _ in steps] == [500, 500, 200]
    assert [len(position["fired"]) for _, position in steps] == [500, 1000, 1200]
    assert [position["watermark"] for _, position in steps] == [written(NOW)] * 2 + [written(after.watermark)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"statuses": "FILED"}, "did you mean FILLED"), ({"job_ids": ["None"]}, "job_ids")],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        WatchJobStatus(**arguments)
