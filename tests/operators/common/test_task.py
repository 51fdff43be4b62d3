"""Private values are not stored or shown by Airflow as rendered templates."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import task

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateTagsOperator
from airflow_provider_smartrecruiters.operators.common.task import Private, unwrapped, wrapped
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator, UpdateJobPositionOperator
from tests.use_cases.dag_runs import new_dag, run

CANARY = "Canary Featherstone"


def rendered_rows() -> str:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.utils.session import create_session

    with create_session() as session:
        rows = [row.rendered_fields for row in session.query(RenderedTaskInstanceFields)]
    return json.dumps(rows)


def test_its_text_is_the_size_of_its_value():
    assert str(Private(CANARY)) == repr(Private(CANARY)) == "(text of 19 characters)"
    assert f"{Private([CANARY, CANARY])}" == "(2 items)"
    assert f"{Private(5)}" == "(not shown)"


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_value_is_not_wrapped(nothing):
    assert wrapped(nothing) is nothing


def test_wrapping_twice_is_undone_by_unwrapping_once():
    assert unwrapped(wrapped(wrapped(CANARY))) == CANARY
    assert unwrapped(CANARY) == CANARY


@pytest.mark.airflow_run
def test_airflow_stores_sizes_and_the_api_gets_the_text(airflow_db, connected_emulator):
    emulator = connected_emulator
    position = emulator.state.a_position()
    plain_job, mapped_job = emulator.state.job_ids[1:3]
    with new_dag("private") as dag:

        @task
        def kwargs():
            return [{"content": CANARY, "job_id": mapped_job}]

        UpdateJobNoteOperator(task_id="note", job_id=plain_job, content="{{ 'Canary Feather' + 'stone' }}")
        UpdateJobNoteOperator.partial(task_id="mapped_note").expand_kwargs(kwargs())
        UpdateCandidateTagsOperator(
            task_id="tags", candidate_id=emulator.state.candidate_ids[0], add=["{{ 'Canary Feather' + 'stone' }}"]
        )
        UpdateJobPositionOperator(
            task_id="position",
            job_id=position.job_id,
            position_id=position.position_id,
            incumbent_name="{{ 'Canary Feather' + 'stone' }}",
        )
    run(dag)
    rows = rendered_rows()
    assert "(text of 19 characters)" in rows
    assert "(1 items)" in rows
    assert CANARY not in rows
    assert json.dumps([entry.body for entry in emulator.journal.writes()]).count(CANARY) == 4
