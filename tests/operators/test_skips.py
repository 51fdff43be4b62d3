"""A task that leaves its record alone ends in Airflow's skipped state, with its result in XCom."""

from __future__ import annotations

import logging

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, IgnoredValuesError, InvalidInputError
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAndJobAdOperator, UpdateJobStatusOperator
from tests.operators.bulk.batches import applications, context, counts, reject, rows
from tests.use_cases.dag_runs import TASK_ID, new_dag, run

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

HIRED = "the application is HIRED, and protect_hired is on"


@pytest.fixture
def emulator(smartrecruiters_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
    return smartrecruiters_emulator


@pytest.fixture
def hired(emulator):
    return applications(emulator, 1, "HIRED")[0]


def skipped(task):
    """Execute a task that has to end as skipped, and return the result in XCom and the reason."""
    with pytest.raises(AirflowSkipException) as caught:
        task.execute(ctx := context())
    return ctx["ti"].pushed["return_value"], str(caught.value)


@pytest.mark.airflow_run
def test_a_skipped_task_in_a_real_run(emulator, hired, airflow_db, caplog):
    caplog.set_level(logging.INFO)
    with new_dag("guards", params={"guard": "true"}) as dag:
        RejectApplicationOperator(
            task_id=TASK_ID, retries=2, protect_hired="{{ params.guard }}", only_if_status_in="any", **hired
        )
    (found,) = run(dag)
    assert (found.state, found.tries) == ("skipped", 1)
    assert (found.result["skipped"], found.result["applied"]) == (HIRED, False)
    assert f"Skipped: {HIRED}. Nothing was sent. To move it anyway, add HIRED to" in " ".join(caplog.text.split())
    assert emulator.journal == []


def test_a_missing_record(emulator):
    task = UpdateJobStatusOperator(task_id="task", job_id="unknown", status="FILLED", on_missing="skip")
    result, why = skipped(task)
    assert (result["skipped"], result["target"]) == (why.removeprefix("Skipped: ")[:-1], {"job_id": "unknown"})
    assert result["details"]["guard"] == "on_missing"


def test_an_unchanged_record(emulator):
    arguments = {"task_id": "task", "job_id": emulator.state.job_ids[0], "status": "FILLED"}
    arguments["skip_if_unchanged"] = "yes"
    assert UpdateJobStatusOperator(**arguments).execute({})["applied"]
    result, why = skipped(UpdateJobStatusOperator(**arguments))
    assert why == "Skipped: nothing differed, and skip_if_unchanged is on."
    assert (result["changed"], result["skipped"]) == (False, None)
    assert UpdateJobStatusOperator(**arguments, force=True).execute({})["applied"]
    assert UpdateJobStatusOperator(**arguments, plan_only=True).execute({})["changed"] is False


def test_a_plan_shows_what_would_be_skipped(emulator, hired):
    result = RejectApplicationOperator(task_id="task", **hired, plan_only=True).execute({})
    assert (result["changed"], result["skipped"], result["details"]["guard"]) == (True, HIRED, "protect_hired")


@pytest.mark.parametrize("name", ["only_if_status_in", "protect_hired", "on_missing", "fail_if_ignored"])
@pytest.mark.parametrize("batch", [False, True])
def test_a_template_that_rendered_nothing_opens_no_guard(emulator, hired, name, batch):
    for blank in ("", None):
        with new_dag("blank"):
            task = reject([hired]) if batch else RejectApplicationOperator(task_id="task", **hired)
        # As after rendering: the DAG gave a template.
        task._given = frozenset({name})
        setattr(task, name, blank)
        with pytest.raises(InvalidInputError, match=name) as caught:
            task.execute(context())
        assert isinstance(caught.value, AirflowFailException)
        assert caught.value.fields == (name,)
    assert emulator.requests == []


@pytest.mark.parametrize("off", [False, "false", "any"])
def test_a_guard_that_is_off(emulator, hired, off):
    assert RejectApplicationOperator(task_id="task", **hired, protect_hired=off).execute({})["applied"]


# In a batch


def test_a_batch_skips_for_each_guard_and_counts_them(emulator, hired, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="airflow_provider_smartrecruiters")
    missing = {**hired, "candidate_id": "nobody"}
    items = [*applications(emulator, 2, "NEW"), hired, missing]
    result = reject(items, on_missing="skip", results_path=str(tmp_path / "r.jsonl")).execute(context())
    assert counts(result, "total", "changed", "skipped", "failed") == (4, 2, 2, 0)
    assert result["skipped_by"] == {"protect_hired": 1, "on_missing": 1}
    found = rows(tmp_path / "r.jsonl")
    assert [(row["skipped"] or "").partition(",")[0] for row in found[2:]] == [
        "the application is HIRED",
        "SmartRecruiters does not find the record",
    ]
    assert found[2]["guards"] == {"on_missing": "skip"}
    said = " ".join(caplog.text.split())
    assert "skipped (protect_hired)" in said
    assert "skipped 2 protect_hired 1 on_missing 1 total 4" in said


def test_a_batch_that_may_not_have_found_its_records_says_so(emulator, caplog):
    caplog.set_level(logging.INFO, logger="airflow_provider_smartrecruiters")
    items = [{"job_id": "unknown", "status": "FILLED"}]
    result = UpdateJobStatusOperator.bulk(task_id="fill", items=items, on_missing="skip").execute(context())
    assert counts(result, "skipped") == (1,)
    assert "Of 1 item: SmartRecruiters answers 401 for a record that does not exist" in caplog.text


def test_a_batch_without_a_change_is_skipped_on_request(emulator, hired):
    assert reject([hired]).execute(context())["counts"]["skipped"] == 1
    result, why = skipped(reject([hired], skip_if_unchanged=True))
    assert counts(result, "total", "skipped") == (1, 1)
    assert why == "Skipped: nothing was sent, and skip_if_unchanged is on."
    assert reject([hired], skip_if_unchanged=True, plan_only=True).execute(context())["counts"]["skipped"] == 1
    nobody = {**hired, "candidate_id": "nobody"}
    tolerant = reject([hired, nobody], skip_if_unchanged=True, fail_above=0.5)
    assert counts(tolerant.execute(context()), "failed") == (1,)


@pytest.mark.off_contract
def test_a_dropped_value_fails_a_task_and_an_item(emulator, tmp_path):
    arguments = {"job_id": emulator.state.job_ids[0], "job": {"refNumber": "R-1", "salaryBand": "x"}}
    with pytest.raises(IgnoredValuesError) as caught:
        UpdateJobAndJobAdOperator(task_id="one", **arguments, fail_if_ignored=True).execute({})
    assert isinstance(caught.value, AirflowFailException)
    task = UpdateJobAndJobAdOperator.bulk(
        task_id="many", items=[arguments], fail_if_ignored=True, results_path=str(tmp_path / "r.jsonl")
    )
    with pytest.raises(BulkFailedError, match="IgnoredValuesError"):
        task.execute(context())
    (row,) = rows(tmp_path / "r.jsonl")
    assert (row["error"], row["retryable"], row["may_have_been_applied"]) == ("IgnoredValuesError", False, True)
    assert row["details"] == {"ignored": ["salaryBand"]}


@pytest.mark.slow
@pytest.mark.parametrize(("given", "total"), [({"min_items": 3}, 2), ({"min_items": "3"}, 0)])
def test_a_batch_with_too_few_items_is_refused(emulator, given, total):
    items = applications(emulator, 2)[:total]
    with pytest.raises(InvalidInputError, match=r"The batch has \d items?, but min_items is 3") as caught:
        reject(items, **given).execute(context())
    assert caught.value.fields == ("min_items",)
    assert emulator.requests == []
    assert counts(reject(applications(emulator, 3), **given).execute(context()), "changed") == (3,)


def test_permanent_failures_are_retried_on_request(emulator, hired, tmp_path):
    results = str(tmp_path / "r.jsonl")
    nobody = {**hired, "candidate_id": "nobody"}
    with pytest.raises(BulkFailedError):
        reject([*applications(emulator, 1), nobody], results_path=results).execute(context())
    again = {"task_id": "again", "retry_from": results}
    assert counts(RejectApplicationOperator.bulk(**again).execute(context()), "total") == (0,)
    with pytest.raises(BulkFailedError, match="1 of 1 items failed"):
        RejectApplicationOperator.bulk(**again, retry_which="failed").execute(context())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"retry_which": "failed"}, "there is no retry_from"),
        ({"retry_which": "all", "retry_from": "/tmp/r.jsonl"}, "retry_which must be transient or failed"),
    ],
)
def test_retry_which_that_cannot_be_used(emulator, hired, given, named):
    with pytest.raises(InvalidInputError, match=named):
        reject([hired], **given).execute(context())
    assert emulator.requests == []
