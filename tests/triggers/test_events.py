"""The triggers of watchers: they never end, keep their position, and hold nothing that is secret or about a person."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk", reason="asset watchers are part of Airflow 3")

from airflow_provider_smartrecruiters.emulator.tenant.audit import note, note_position
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.triggers import events as module
from airflow_provider_smartrecruiters.triggers import watching
from airflow_provider_smartrecruiters.triggers.events import (
    ApplicationStatusTrigger,
    AuditEventTrigger,
    JobStatusTrigger,
)

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
each = pytest.mark.parametrize("kind", [getattr(module, name) for name in module.__all__])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scheduler has to keep up."""
    monkeypatch.setattr(watching, "_APART", 0.0)


def a_job(emulator: SmartRecruitersEmulator) -> str:
    return next(one for one in emulator.state.job_ids if emulator.state.job(one).status == "SOURCING")


def fill(emulator: SmartRecruitersEmulator, job_id: str) -> None:
    emulator.state.job(job_id)
    from airflow_provider_smartrecruiters.emulator.tenant import times
    from airflow_provider_smartrecruiters.emulator.tenant.state import StatusChange

    with emulator.state.editing() as tenant:
        job = tenant.jobs[job_id]
        job.status, job.updated_on = "FILLED", times.now()
        job.history.append(StatusChange(changed_on=job.updated_on, status="FILLED"))


def trigger(**arguments: Any) -> JobStatusTrigger:
    return JobStatusTrigger(**{"statuses": "FILLED", "poke_interval": 0.02, **arguments})


class Store:
    """The store of one asset, as Airflow gives it to a trigger."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self._by_name, self._by_uri = {"asset": self}, {}

    async def aget(self, key: str) -> Any:
        return self.values.get(key)

    async def aset(self, key: str, value: Any) -> None:
        self.values[key] = json.loads(json.dumps(value))


async def first(waits: Any) -> Any:
    async for event in waits.run():
        return event.payload["events"][0]


def test_it_reports_a_change_after_its_start(connected_emulator: SmartRecruitersEmulator) -> None:
    job_id = a_job(connected_emulator)

    async def both() -> Any:
        found = asyncio.create_task(first(trigger()))
        while not connected_emulator.requests:
            await asyncio.sleep(0.01)
        fill(connected_emulator, job_id)
        return await found

    payload = asyncio.run(both())
    assert (payload["event"], payload["job_id"], payload["status"]) == ("job_status", job_id, "FILLED")
    assert payload["previous_status"] == "SOURCING"


@pytest.mark.slow
def test_transient_errors_and_permanent_ones_do_not_end_it(
    connected_emulator: SmartRecruitersEmulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LONGEST_BACKOFF", 0.02)
    fill(connected_emulator, job_id := a_job(connected_emulator))
    connected_emulator.fail_next("any read", status=503, retry_after=3600, times=2)
    connected_emulator.fail("any read", status=403, skip=2, times=3)
    assert asyncio.run(first(trigger(since="2020-01-01T00:00:00Z", job_ids=job_id)))["job_id"] == job_id
    said = [record.levelname for record in caplog.records if record.name == watching.log.name]
    # Each error once, not with each poll: the first warning is that this Airflow was given no store.
    assert said == ["WARNING", "WARNING", "ERROR", "INFO"]


@pytest.mark.slow
def test_a_bad_status_is_logged_and_the_watcher_lives_on(
    connected_emulator: SmartRecruitersEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    async def a_while() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first(trigger(statuses="FILED")), 1)

    asyncio.run(a_while())
    assert "statuses[0] is 'FILED'" in caplog.text
    assert connected_emulator.requests == []


@pytest.mark.slow
def test_a_position_is_kept_when_airflow_has_stored_the_events(connected_emulator: SmartRecruitersEmulator) -> None:
    """With Airflow's own manager of streams: a change whose event was not stored is reported again after a restart."""
    shared_stream = pytest.importorskip("airflow.triggers.shared_stream", reason="new in Airflow 3.3")
    job_id, values = a_job(connected_emulator), dict[str, Any]()

    async def watched(*, stored: bool, change: bool = False) -> list[Any]:
        """Watch for a while, and return what was reported."""
        waits = trigger()
        waits.asset_state_store = Store(values)
        manager, found = shared_stream.SharedStreamManager(), []
        key = waits.shared_stream_key()
        stream = waits.filter_shared_stream(manager.subscribe(trigger_id=1, trigger=waits, key=key))

        async def consume() -> None:
            async for event in stream:
                found.extend(change["job_id"] for change in event.payload["events"])
                seq = manager.bind_pending_event(trigger_id=1, key=key)
                if stored:
                    manager.confirm_persisted([seq])

        task = asyncio.create_task(consume())
        polls = len(connected_emulator.requests) + 2
        while len(connected_emulator.requests) < polls:
            await asyncio.sleep(0.01)
        if change:
            fill(connected_emulator, job_id)
        polls = len(connected_emulator.requests) + 5
        while len(connected_emulator.requests) < polls:
            await asyncio.sleep(0.01)
        task.cancel()
        await manager.stop_all()
        return found

    assert asyncio.run(watched(stored=False, change=True)) == [job_id]
    assert asyncio.run(watched(stored=True)) == [job_id]
    assert asyncio.run(watched(stored=True)) == []
    (kept,) = values.values()
    assert len(kept["fired"]) == 1


def test_the_audit_log_is_followed_like_a_status(connected_emulator: SmartRecruitersEmulator) -> None:
    async def both() -> Any:
        found = asyncio.create_task(first(AuditEventTrigger(event_names="POSITION_UPDATED", poke_interval=0.02)))
        while not connected_emulator.requests:
            await asyncio.sleep(0.01)
        with connected_emulator.state.editing() as tenant:
            job = next(job for job in tenant.jobs.values() if job.positions)
            position = next(iter(job.positions.values()))
            note_position(tenant, job, position, position)
        return job.id, position.id, await found

    job_id, position_id, payload = asyncio.run(both())
    assert (payload["event"], payload["job_id"], payload["position_id"]) == ("POSITION_UPDATED", job_id, position_id)


@pytest.mark.slow
def test_a_log_that_is_far_behind_is_read_without_waiting(connected_emulator: SmartRecruitersEmulator) -> None:
    """The interval is an hour, and there are ten days to read."""
    since = (datetime.now(UTC) - timedelta(days=10)).isoformat()
    with connected_emulator.state.editing() as tenant:
        note(tenant, "POSITION_UPDATED", "JOB", "1")
    payload = asyncio.run(first(AuditEventTrigger(event_names="POSITION_UPDATED", since=since, poke_interval=3600)))
    assert payload["job_id"] == "1"
    assert len(connected_emulator.requests) > 5


def test_without_a_store_it_has_no_stream_to_share() -> None:
    assert trigger().shared_stream_key() is None


@each
def test_it_can_be_built_again_and_holds_no_credential(kind: Any) -> None:
    filters = {name: f"{name} 1" for name in kind.filter_names}
    path, arguments = kind(**filters, since="2026-01-01T00:00:00Z").serialize()
    assert path == f"{module.__name__}.{kind.__name__}"
    assert kind(**arguments).serialize() == (path, arguments)
    assert arguments == {
        "smartrecruiters_conn_id": "smartrecruiters_default",
        **{name: [value] for name, value in filters.items()},
        "since": "2026-01-01T00:00:00Z",
        "poke_interval": 60.0,
        "overlap": arguments["overlap"],
    }


def test_changed_intervals_go_on_at_the_same_position() -> None:
    assert trigger(poke_interval=5)._key == trigger(overlap=1)._key
    assert trigger(statuses="CANCELLED")._key != trigger()._key != ApplicationStatusTrigger(statuses="FILLED")._key


@pytest.mark.parametrize(
    "arguments",
    [
        {"poke_interval": 0},
        {"overlap": -1},
        {"since": "yesterday"},
        {"since": "2026-01-01"},
        {"statuses": ""},
        {"job_ids": [" "]},
    ],
)
def test_bad_arguments_are_refused_in_the_dag_file(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(arguments))):
        trigger(**arguments)


@pytest.mark.parametrize("names", ["", [], ["POSITION_UPDATED", ""]])
def test_the_audit_log_is_not_followed_without_names(names: Any) -> None:
    with pytest.raises(InvalidInputError, match="event_names"):
        AuditEventTrigger(event_names=names)
