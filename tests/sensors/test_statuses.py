"""The rules that hold for every sensor: when a wait ends, how, and what it costs."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, Param, TaskDeferred

from airflow_provider_smartrecruiters.api.reads import waiting
from airflow_provider_smartrecruiters.api.values.addresses import web_addresses
from airflow_provider_smartrecruiters.exceptions import (
    InvalidInputError,
    SmartRecruitersError,
    UnreachableStatusError,
)
from airflow_provider_smartrecruiters.operators.ui.documentation import markdown_of
from airflow_provider_smartrecruiters.sensors import statuses
from airflow_provider_smartrecruiters.triggers.status import StatusTrigger
from tests.operators.bulk.batches import StateStore
from tests.use_cases.dag_runs import TASK_ID, new_dag, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.sensors.base import StatusSensor

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@dataclass(frozen=True)
class Case:
    """A sensor, a record that it can wait for, and how that record comes to the awaited status."""

    kind: type[StatusSensor]
    find: Callable[[Any], dict[str, str]]
    move: Callable[[Any, dict[str, str], str], None]
    awaited: str
    final: str | None

    def ids(self, emulator: SmartRecruitersEmulator) -> dict[str, str]:
        return self.find(emulator.state)

    def arguments(self, emulator: SmartRecruitersEmulator) -> dict[str, Any]:
        takes_statuses = "statuses" in inspect.signature(self.kind.__init__).parameters
        return self.ids(emulator) | ({"statuses": self.awaited} if takes_statuses else {})


def application(state: Any) -> dict[str, str]:
    ref = state.an_application("IN_REVIEW")
    return {"candidate_id": ref.candidate_id, "job_id": ref.job_id}


def move_application(state: Any, ids: dict[str, str], status: str) -> None:
    with state.editing() as tenant:
        tenant.application(*ids.values()).status = status


def a_job(state: Any) -> dict[str, str]:
    return {"job_id": next(job_id for job_id in state.job_ids if state.job(job_id).status == "SOURCING")}


def move_job(state: Any, ids: dict[str, str], status: str) -> None:
    with state.editing() as tenant:
        tenant.jobs[ids["job_id"]].status = status


def move_ad(state: Any, ids: dict[str, str], status: str) -> None:
    with state.editing() as tenant:
        ad = tenant.jobs[ids["job_id"]].ads[ids["job_ad_id"]]
        ad.published = ad.content if status == "PUBLISHED" else None


def move_timeslot(state: Any, ids: dict[str, str], status: str) -> None:
    with state.editing() as tenant:
        tenant.interviews[ids["interview_id"]].timeslots[ids["timeslot_id"]].candidate_status = status


CASES = (
    Case(statuses.ApplicationStatusSensor, application, move_application, "INTERVIEW", "REJECTED"),
    Case(statuses.JobStatusSensor, a_job, move_job, "INTERVIEW", "CANCELLED"),
    Case(
        statuses.JobAdPublishedSensor,
        lambda state: asdict(state.a_job_ad(published=False, default=False)),
        move_ad,
        "PUBLISHED",
        None,
    ),
    Case(
        statuses.TimeslotStatusSensor,
        lambda state: asdict(state.a_timeslot()),
        move_timeslot,
        "accepted",
        "declined",
    ),
)
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind.__name__)
each_with_final = pytest.mark.parametrize(
    "case", [case for case in CASES if case.final], ids=lambda case: case.kind.__name__
)


@pytest.fixture
def emulator(connected_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch) -> SmartRecruitersEmulator:
    extra = {"requests_per_second": 0, "max_concurrent": 0, "app_url": connected_emulator.url}
    connection = {**connected_emulator.connection, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
    return connected_emulator


def sensor(case: Case, emulator: SmartRecruitersEmulator, **more: Any) -> StatusSensor:
    return case.kind(**{"task_id": "wait", "poke_interval": 0, "timeout": 60, **case.arguments(emulator), **more})


def trigger(case: Case, emulator: SmartRecruitersEmulator, **more: Any) -> StatusTrigger:
    with pytest.raises(TaskDeferred) as deferred:
        sensor(case, emulator, deferrable=True, **more).execute({})
    assert isinstance(deferred.value.trigger, StatusTrigger)
    return deferred.value.trigger


async def fired(waits: StatusTrigger) -> list[dict[str, Any]]:
    return [event.payload async for event in waits.run()]


def test_there_is_a_case_for_every_sensor_and_a_sensor_for_every_wait() -> None:
    kinds = {getattr(statuses, name) for name in statuses.__all__}
    assert {case.kind for case in CASES} == kinds
    waits = {name for name in waiting.__all__ if name.startswith("Await")}
    assert {kind.wait_name for kind in kinds} == waits


@each
def test_the_parameters_are_those_of_the_wait(case: Case) -> None:
    own = [name for name in inspect.signature(case.kind.__init__).parameters if name not in ("self", "kwargs")]
    wait = getattr(waiting, case.kind.wait_name)
    pairs = {one for argument, name in wait.names.items() for one in (argument, name.argument)}
    assert set(own) == {name for name, field in wait.model_fields.items() if field.is_required()} | pairs | (
        set(wait.model_fields) & {"sub_status"}
    )
    assert set(own) <= set(case.kind.template_fields)


@each
def test_what_is_there_ends_the_wait_at_once(case: Case, emulator: SmartRecruitersEmulator) -> None:
    ids = case.ids(emulator)
    waits = sensor(case, emulator, **ids)
    case.move(emulator.state, ids, case.awaited)
    assert waits.execute({}) == {
        "use_case": getattr(waiting, case.kind.wait_name).use_case,
        "target": ids,
        "status": case.awaited,
    }
    assert len(emulator.requests) == 1


@each
def test_the_wait_ends_when_the_status_comes(
    case: Case, emulator: SmartRecruitersEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The record moves on between the second look and the third."""
    caplog.set_level(logging.INFO)
    ids = case.ids(emulator)
    waits = sensor(case, emulator, **ids)
    looks = 0
    look = type(waits)._look

    def counted(wait: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 3:
            case.move(emulator.state, ids, case.awaited)
        return look(waits, wait)

    waits._look = counted  # type: ignore[method-assign]
    assert waits.execute({})["status"] == case.awaited
    assert looks == len(emulator.requests) == 3
    said = [record.getMessage() for record in caplog.records if record.name.endswith("sensors.base")]
    # One for each status, not for each look.
    assert len(said) == 2
    assert said[0].startswith(f"Waiting for {case.awaited}: ")
    assert said[0].splitlines()[-1].startswith("  now: ")
    assert said[1].startswith(f"Waited for {case.awaited}: ")
    assert said[1].splitlines()[-1] == f"Done: it is {case.awaited}."
    assert max(len(line) for text in said for line in text.splitlines()) <= 100


@each_with_final
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_status_that_leads_nowhere_ends_the_wait(
    case: Case, emulator: SmartRecruitersEmulator, deferrable: bool
) -> None:
    ids = case.ids(emulator)
    case.move(emulator.state, ids, case.final)
    with pytest.raises(UnreachableStatusError) as caught:
        sensor(case, emulator, deferrable=deferrable, **ids).execute({})
    assert isinstance(caught.value, AirflowFailException)
    assert str(caught.value).startswith("The ")
    for text in (f" is {case.final}, from which", case.awaited, f"without {case.final}.", *ids.values()):
        assert text in str(caught.value)
    assert len(emulator.requests) == 1


@each_with_final
@pytest.mark.parametrize("off", ["any", []])
def test_the_wait_goes_on_in_any_status_if_told_to(case: Case, emulator: SmartRecruitersEmulator, off: Any) -> None:
    ids = case.ids(emulator)
    case.move(emulator.state, ids, case.final)
    with pytest.raises(AirflowSensorTimeout):
        sensor(case, emulator, fail_on=off, timeout=0, **ids).execute({})


@each_with_final
def test_what_is_awaited_is_no_dead_end(case: Case, emulator: SmartRecruitersEmulator) -> None:
    ids = case.ids(emulator)
    case.move(emulator.state, ids, case.final)
    assert sensor(case, emulator, statuses=case.final, **ids).execute({})["status"] == case.final


@each_with_final
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"statuses": "NO_SUCH_STATUS"}, r"statuses\[0\] is 'NO_SUCH_STATUS'; it must be one of"),
        ({"statuses": ""}, "statuses is empty"),
        ({"statuses": "None"}, "None"),
        ({"statuses": "{{ ti }}"}, "template that was not rendered"),
        ({"fail_on": "NO_SUCH_STATUS"}, r"fail_on\[0\] is 'NO_SUCH_STATUS'; it must be one of"),
        ({"fail_on": ""}, "guard fail_on is blank"),
        ({"fail_on": " "}, "guard fail_on is blank"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_sent(
    case: Case, emulator: SmartRecruitersEmulator, arguments: dict[str, Any], said: str
) -> None:
    for deferrable in (False, True):
        with pytest.raises(InvalidInputError, match=said) as caught:
            sensor(case, emulator, deferrable=deferrable, **arguments).execute({})
        assert isinstance(caught.value, AirflowFailException)
    with pytest.raises(InvalidInputError, match="cannot be in both"):
        sensor(case, emulator, fail_on=[case.awaited, case.final]).execute({})
    assert emulator.requests == []


@each
def test_every_id_is_checked_before_anything_is_sent(case: Case, emulator: SmartRecruitersEmulator) -> None:
    for name in case.ids(emulator):
        for value in ("", "None", "a/b", "{{ x }}"):
            with pytest.raises(InvalidInputError, match=name):
                sensor(case, emulator, **{name: value}).execute({})
    assert emulator.requests == []


@each
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_record_that_does_not_exist_fails_at_once(
    case: Case, emulator: SmartRecruitersEmulator, deferrable: bool
) -> None:
    missing = dict.fromkeys(case.ids(emulator), "no-such-record")
    with pytest.raises(SmartRecruitersError) as caught:
        sensor(case, emulator, deferrable=deferrable, **missing).execute({})
    assert isinstance(caught.value, AirflowFailException)
    assert "no-such-record" in str(caught.value)


@each
def test_a_transient_error_does_not_end_the_wait(
    case: Case, emulator: SmartRecruitersEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    ids = case.ids(emulator)
    waits = sensor(case, emulator, **ids)
    # An hour is more than a call waits for, so that the look fails at once.
    emulator.fail_next("any read", status=503, retry_after=3600)
    case.move(emulator.state, ids, case.awaited)
    assert waits.execute({})["status"] == case.awaited
    assert "looking again" in caplog.text


@each
def test_a_deferred_wait_ends_when_the_status_comes(case: Case, emulator: SmartRecruitersEmulator) -> None:
    ids = case.ids(emulator)
    waits = trigger(case, emulator, poke_interval=0.01, **ids)

    async def both() -> list[dict[str, Any]]:
        events = asyncio.create_task(fired(waits))
        before = len(emulator.requests)
        while len(emulator.requests) < before + 3:
            await asyncio.sleep(0.01)
        assert not events.done()
        case.move(emulator.state, ids, case.awaited)
        return await events

    assert asyncio.run(both()) == [{"status": case.awaited}]


@each
def test_a_deferred_wait_outlives_transient_errors_and_fires_for_others(
    case: Case, emulator: SmartRecruitersEmulator
) -> None:
    ids = case.ids(emulator)
    waits = trigger(case, emulator, poke_interval=0.01, **ids)
    armed = emulator.fail_next("any read", status=503, retry_after=3600, times=2)
    denied = emulator.fail("any read", status=403, skip=2)
    assert asyncio.run(fired(waits)) == [{"error": "PermissionDeniedError"}]
    assert (armed.fired, denied.fired) == (2, 1)


@each
def test_a_trigger_holds_no_credential_and_can_be_built_again(case: Case, emulator: SmartRecruitersEmulator) -> None:
    waits = trigger(case, emulator)
    path, arguments = waits.serialize()
    assert path == f"{StatusTrigger.__module__}.StatusTrigger"
    assert emulator.api_key not in json.dumps(arguments)
    assert StatusTrigger(**arguments).serialize() == (path, arguments)


@each
def test_a_worker_that_resumes_looks_itself(case: Case, emulator: SmartRecruitersEmulator) -> None:
    """The status of an event may be gone by then, and an event of an error does not say enough."""
    ids = case.ids(emulator)
    waits = sensor(case, emulator, deferrable=True, **ids)
    with pytest.raises(TaskDeferred) as again:
        waits.resume({}, {"status": case.awaited}, ends_at=10**11)
    assert again.value.kwargs == {"ends_at": pytest.approx(10**11), "ids": {}}
    case.move(emulator.state, ids, case.awaited)
    assert waits.resume({}, {"status": case.awaited}, ends_at=10**11)["status"] == case.awaited
    emulator.fail("any read", status=403)
    with pytest.raises(SmartRecruitersError, match=r"403|may not"):
        waits.resume({}, {"error": "PermissionDeniedError"}, ends_at=10**11)


@each
def test_the_task_has_the_documentation_and_the_links_of_its_record(
    case: Case, emulator: SmartRecruitersEmulator
) -> None:
    ids = case.ids(emulator)
    waits = sensor(case, emulator, **ids)
    assert waits.doc_md == markdown_of(case.kind)
    assert "a JSON-ready dict with use_case, target (ids) and status" in waits.doc_md.replace("\\_", "_")
    case.move(emulator.state, ids, case.awaited)
    waits.execute({})
    links = {link.record: link.get_link(waits, ti_key=object()) for link in waits.operator_extra_links}
    assert links == web_addresses(emulator.url, ids)


def test_an_error_names_the_field_of_the_trigger_form(emulator: SmartRecruitersEmulator) -> None:
    with new_dag("sensor_with_a_form") as dag:
        dag.params["job_id"] = Param("", title="The job")
        waits = statuses.JobStatusSensor(task_id=TASK_ID, job_id="", statuses="FILLED")
    with pytest.raises(InvalidInputError, match='In the trigger form: "The job"'):
        waits.execute({})
    assert emulator.requests == []


each_with_name = pytest.mark.parametrize(
    "case", [case for case in CASES if getattr(waiting, case.kind.wait_name).names], ids=lambda case: case.kind.__name__
)


def by_name(case: Case, emulator: SmartRecruitersEmulator, ids: dict[str, str], **more: Any) -> StatusSensor:
    named = {"job_id": None, "job_ref_number": emulator.state.job(ids["job_id"]).ref_number.lower()}
    return sensor(case, emulator, **(ids | named | more))


def lists_read(emulator: SmartRecruitersEmulator) -> int:
    """Count how often the list of jobs was read."""
    return sum(request.path == "/jobs" and "offset" not in request.query for request in emulator.requests)


@each_with_name
def test_a_name_is_looked_up_once_for_all_looks(case: Case, emulator: SmartRecruitersEmulator) -> None:
    ids = case.ids(emulator)
    waits = by_name(case, emulator, ids)
    for _ in range(3):
        assert not waits.poke({})
    case.move(emulator.state, ids, case.awaited)
    assert waits.execute({})["target"] == ids
    assert (lists_read(emulator), len(emulator.requests)) == (1, 5)
    with pytest.raises(InvalidInputError, match="not both"):
        by_name(case, emulator, ids, job_id=ids["job_id"]).execute({})
    with pytest.raises(InvalidInputError, match="Closest: ") as caught:
        by_name(case, emulator, ids, job_ref_number="REF100").execute({})
    assert isinstance(caught.value, AirflowFailException)


@each_with_name
def test_a_deferred_wait_keeps_what_was_looked_up(case: Case, emulator: SmartRecruitersEmulator) -> None:
    ids = case.ids(emulator)
    reference = emulator.state.job(ids["job_id"]).ref_number
    with pytest.raises(TaskDeferred) as deferred:
        by_name(case, emulator, ids, deferrable=True, poke_interval=0.01).execute({})
    _, stored = deferred.value.trigger.serialize()
    assert reference.lower() not in json.dumps(stored).lower()
    assert stored["arguments"].items() >= ids.items()
    case.move(emulator.state, ids, case.awaited)
    assert asyncio.run(fired(StatusTrigger(**stored))) == [{"status": case.awaited}]
    # A worker of its own resumes, with the task as the DAG file has it.
    resumed = by_name(case, emulator, ids, deferrable=True).resume({}, {}, **deferred.value.kwargs)
    assert resumed["target"] == ids
    assert lists_read(emulator) == 1


def test_a_look_up_that_fails_for_a_while_does_not_end_a_deferred_wait(emulator: SmartRecruitersEmulator) -> None:
    (case,) = (case for case in CASES if case.kind is statuses.JobStatusSensor)
    ids = case.ids(emulator)
    emulator.fail_next("any read", status=503, retry_after=3600)
    with pytest.raises(TaskDeferred) as deferred:
        by_name(case, emulator, ids, deferrable=True, poke_interval=0.01).execute({})
    trigger = StatusTrigger(**deferred.value.trigger.serialize()[1])
    assert trigger.arguments is None
    assert asyncio.run(fired(trigger)) == [{"status": None}]
    assert len(emulator.requests) == 1
    with pytest.raises(TaskDeferred) as again:
        by_name(case, emulator, ids, deferrable=True).resume({}, {"status": None}, **deferred.value.kwargs)
    assert again.value.kwargs["ids"] == ids


def test_a_rescheduled_wait_keeps_what_was_looked_up(emulator: SmartRecruitersEmulator) -> None:
    (case,) = (case for case in CASES if case.kind is statuses.JobStatusSensor)
    ids, other = case.ids(emulator), emulator.state.job(emulator.state.job_ids[-3])
    store = StateStore()
    for _ in range(3):
        # Each look is in a process of its own.
        assert not by_name(case, emulator, ids, mode="reschedule").poke({"task_state_store": store})
    assert lists_read(emulator) == 1
    changed = by_name(case, emulator, ids, mode="reschedule", job_ref_number=other.ref_number)
    changed.poke({"task_state_store": store})
    assert emulator.requests[-1].path == f"/jobs/{other.id}"


def test_a_sub_status_is_awaited_with_its_status_and_checked_once(emulator: SmartRecruitersEmulator) -> None:
    (case,) = (case for case in CASES if case.kind is statuses.ApplicationStatusSensor)
    ids = case.ids(emulator)
    with pytest.raises(InvalidInputError, match=r"'On site' for INTERVIEW.*Closest: .On-site."):
        sensor(case, emulator, sub_status="On site", **ids).execute({})
    with pytest.raises(InvalidInputError, match="there are several"):
        sensor(case, emulator, sub_status="On-site", statuses=["INTERVIEW", "OFFERED"], **ids).execute({})
    waits = sensor(case, emulator, sub_status="On-site", **ids)
    before = len(emulator.requests)
    case.move(emulator.state, ids, case.awaited)
    assert not waits.poke({})
    with emulator.state.editing() as tenant:
        tenant.application(*ids.values()).sub_status = "On-site"
    assert waits.execute({}) == {"use_case": "await_application_status", "target": ids, "status": case.awaited}
    assert len(emulator.requests) == before + 3


@each
@pytest.mark.airflow_run
@pytest.mark.usefixtures("airflow_db")
@pytest.mark.parametrize("deferrable", [False, True])
def test_in_a_real_run(case: Case, emulator: SmartRecruitersEmulator, deferrable: bool) -> None:
    ids = case.ids(emulator)
    arguments = case.arguments(emulator) | ids
    # The second look finds it, so that a deferrable sensor defers.
    emulator.fail_next("any read", status=503, retry_after=3600)
    case.move(emulator.state, ids, case.awaited)
    with new_dag(f"sensor_{case.kind.__name__}_{deferrable}") as dag:
        templated = {name: "{{ '" + value + "' }}" for name, value in arguments.items()}
        case.kind(task_id=TASK_ID, deferrable=deferrable, poke_interval=0.1, timeout=600, **templated)
    (task_run,) = run(dag)
    assert task_run.state.endswith("success")
    assert task_run.result["status"] == case.awaited
    assert task_run.result["target"] == ids
