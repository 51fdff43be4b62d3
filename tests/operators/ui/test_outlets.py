"""Asset events say what was changed, in ids, codes and counts."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
from airflow.providers.common.compat.sdk import Asset, AssetAlias

from airflow_provider_smartrecruiters.api.values.choices import choices_of
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from tests.support import catalogue
from tests.use_cases.dag_runs import new_dag, serialize

if find_spec("airflow.sdk"):
    from airflow.sdk.execution_time.context import OutletEventAccessors
else:
    from airflow.utils.context import OutletEventAccessors

JOBS = Asset("smartrecruiters://acme/jobs")
KEYS = {"use_case", "plan_only", "target", "changed", "applied", "fields", "diff"}


@pytest.fixture
def job(connected_emulator):
    """Arguments that change the status of a job."""
    job_id = connected_emulator.state.job_ids[0]
    before = connected_emulator.state.job(job_id).status
    return {"job_id": job_id, "status": "ON_HOLD" if before != "ON_HOLD" else "FILLED"}


def event(operator, arguments, **parameters):
    """Execute an operator, and return its result and the extra of its event."""
    events = OutletEventAccessors()
    result = operator(task_id="change", outlets=[JOBS], **arguments, **parameters).execute({"outlet_events": events})
    return result, events[JOBS].extra


@pytest.mark.parametrize("change", catalogue.changes(), ids=lambda change: change.__name__)
def test_the_enumerated_fields_are_those_with_a_list_of_choices(change):
    # What is excluded says how to change the record, and is no field of it.
    fields = [(name, field) for name, field in change.model_fields.items() if not field.exclude]
    with_choices = {field.serialization_alias or name for name, field in fields if choices_of(field)}
    assert with_choices <= set(change.enumerated) <= set(change.shown)


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
def test_every_operator_says_what_it_changed_and_no_free_text(connected_emulator, tmp_path):
    for kind in catalogue.cases():
        # One use case may need a setting of the company that another must not have.
        connected_emulator.reset()
        case = catalogue.prepared(kind, connected_emulator, tmp_path)
        arguments = case.arguments()
        expected = case.expected(arguments)
        result, extra = event(kind.operator, arguments)
        enumerated = catalogue.operators()[kind.operator].enumerated
        wanted = {name: result[name] for name in KEYS - {"plan_only", "diff"}}
        wanted["diff"] = [one for one in expected.diff if one["field"] in enumerated]
        assert extra == {**wanted, "plan_only": False}, kind.use_case
        assert json.loads(json.dumps(extra)) == extra
        assert not [text for text in expected.free_text if text in json.dumps(extra, ensure_ascii=False)]


def test_a_second_run_and_a_plan_say_that_nothing_was_sent(job):
    _, planned = event(UpdateJobStatusOperator, job, plan_only="yes")
    event(UpdateJobStatusOperator, job)
    _, again = event(UpdateJobStatusOperator, job)
    assert (planned["plan_only"], planned["changed"], planned["applied"]) == (True, True, False)
    assert (again["plan_only"], again["changed"], again["applied"], again["diff"]) == (False, False, False, [])


def test_what_the_author_put_there_stays(job):
    events = OutletEventAccessors()
    events[JOBS].extra.update({"ticket": "HR-17", "applied": "later"})
    UpdateJobStatusOperator(task_id="change", outlets=[JOBS], **job).execute({"outlet_events": events})
    assert (events[JOBS].extra["ticket"], events[JOBS].extra["applied"]) == ("HR-17", True)


def test_an_outlet_that_has_no_event_costs_no_change(job, caplog):
    class Broken(OutletEventAccessors):
        def __getitem__(self, key):
            raise LookupError("canary")

    task = UpdateJobStatusOperator(task_id="change", outlets=[JOBS, AssetAlias("jobs")], **job)
    assert task.execute({"outlet_events": Broken()})["applied"]
    assert "says nothing about the change (LookupError)" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.airflow_run
@pytest.mark.usefixtures("airflow_db")
def test_airflow_keeps_the_events_of_a_change_and_of_a_batch(job, tmp_path):
    # Assets of this test alone: DAGs of other tests have events for those of the examples in the same database.
    job_asset, batch_asset = Asset("smartrecruiters://outlets/jobs"), Asset("smartrecruiters://outlets/batches")
    with new_dag("outlets") as dag:
        one = UpdateJobStatusOperator(task_id="one", outlets=[job_asset], **job)
        one >> UpdateJobStatusOperator.bulk(
            task_id="many", items=[job], results_path=str(tmp_path / "r.jsonl"), outlets=[batch_asset]
        )
    serialize(dag)
    if hasattr(dag, "sync_to_db"):
        # Airflow 2 keeps events of datasets that its database has, and that come there with their DAG.
        dag.sync_to_db()
    assert str(dag.test().state) == "success"
    changed, batch = stored_events(job_asset, batch_asset)
    assert changed["target"] == {"job_id": job["job_id"]}
    (status,) = changed["diff"]
    assert (status["field"], status["after"]) == ("status", job["status"])
    assert (batch["counts"]["total"], batch["counts"]["unchanged"]) == (1, 1)
    assert batch["results"] == str(tmp_path / "r.jsonl")
    assert set(batch) == {"use_case", "plan_only", "counts", "results"}


def stored_events(*assets):
    """Return the extra of the only event of each asset in Airflow's database."""
    from airflow.utils.session import create_session

    try:
        from airflow.models.asset import AssetEvent as Event
    except ImportError:
        from airflow.models.dataset import DatasetEvent as Event

    with create_session() as session:
        found = [(event.uri, event.extra) for event in session.query(Event)]
    return [extra for asset in assets for uri, extra in found if uri == asset.uri]
