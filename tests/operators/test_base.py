"""Switches and errors of the base operator. Each use case has its own tests."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateTagsOperator
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator


@pytest.fixture
def emulator(smartrecruiters_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
    return smartrecruiters_emulator


@pytest.fixture
def job(emulator):
    """A job, and a status that it does not have."""
    job_id = emulator.state.job_ids[0]
    return job_id, "FILLED" if emulator.state.job(job_id).status != "FILLED" else "ON_HOLD"


def run(job, **parameters):
    job_id, status = job
    return UpdateJobStatusOperator(task_id="task", job_id=job_id, status=status, **parameters).execute({})


def test_it_writes_once(emulator, job):
    first, second = run(job), run(job)
    assert (first["changed"], first["applied"], second["changed"], second["applied"]) == (True, True, False, False)
    assert len(emulator.journal) == 1
    assert json.loads(json.dumps(first)) == first


@pytest.mark.parametrize("plan_only", [True, "True", "yes", "1"])
def test_plan_only_sends_no_write(emulator, job, plan_only):
    result = run(job, plan_only=plan_only, force=True)
    assert (result["changed"], result["applied"]) == (True, False)
    assert emulator.journal == []


@pytest.mark.parametrize("switch", ["plan_only", "force", "read_first", "return_response"])
@pytest.mark.parametrize("value", ["", "None", None, "maybe"])
def test_an_invalid_switch_sends_no_request(emulator, job, switch, value):
    with pytest.raises(InvalidInputError, match=f"parameter {switch} must be") as caught:
        run(job, **{switch: value})
    assert isinstance(caught.value, AirflowFailException)
    assert caught.value.fields == (switch,)
    assert emulator.requests == []


def test_the_switches_reach_the_change(emulator, job):
    run(job)
    forced = run(job, force="yes", return_response="no")
    assert (forced["changed"], forced["applied"], forced["response"]) == (False, True, None)
    blind = run(job, read_first="false")
    assert (blind["changed"], blind["response"]) == (None, {"status": job[1]})


def test_an_invalid_list_sends_no_request(emulator):
    operator = UpdateCandidateTagsOperator(
        task_id="task", candidate_id=emulator.state.candidate_ids[0], add="vip, remote"
    )
    with pytest.raises(InvalidInputError, match="parameter add must be a list") as caught:
        operator.execute({})
    assert isinstance(caught.value, AirflowFailException)
    assert "vip" not in str(caught.value)
    assert emulator.requests == []


def test_values_are_checked_at_run_time_and_not_at_parse_time(emulator, job):
    operator = UpdateJobStatusOperator(task_id="task", job_id=job[0], status="filled?")
    with pytest.raises(InvalidInputError, match="status") as caught:
        operator.execute({})
    assert isinstance(caught.value, AirflowFailException)
    assert emulator.requests == []


def test_a_permanent_error_ends_the_task(emulator):
    with pytest.raises(PermissionDeniedError) as caught:
        run(("00000000-0000-4000-8000-000000000000", "FILLED"))
    assert isinstance(caught.value, AirflowFailException)


def test_input_is_checked_before_the_connection_is_looked_up():
    operator = UpdateJobStatusOperator(task_id="task", job_id="a", status="b", smartrecruiters_conn_id="there_is_none")
    with pytest.raises(InvalidInputError):
        operator.execute({})


def test_the_base_class_is_abstract():
    with pytest.raises(
        NotImplementedError, match=r"SmartRecruitersBaseOperator is abstract\. Use one of the operators"
    ):
        SmartRecruitersBaseOperator(task_id="task").execute({})
