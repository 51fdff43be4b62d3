"""`expect`, the fingerprint of a plan, prevents a stale plan from being applied."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, StalePlanError
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateSourceOperator
from airflow_provider_smartrecruiters.operators.common.params import as_fingerprint
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator


@pytest.fixture
def job_id(smartrecruiters_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
    return smartrecruiters_emulator.state.job_ids[0]


def run(job_id, content="A new note.", **parameters):
    return UpdateJobNoteOperator(task_id="note", job_id=job_id, content=content, **parameters).execute({})


def test_a_plan_that_still_holds_is_applied(job_id, smartrecruiters_emulator):
    planned = run(job_id, plan_only=True)
    applied = run(job_id, expect=planned["fingerprint"])
    assert (planned["applied"], applied["applied"]) == (False, True)
    assert planned["fingerprint"] == applied["fingerprint"]
    assert len(smartrecruiters_emulator.journal.writes()) == 1


def test_a_plan_that_went_stale_is_not_applied(job_id, smartrecruiters_emulator):
    planned = run(job_id, plan_only=True)
    run(job_id, "Somebody else was quicker.")
    with pytest.raises(StalePlanError, match="Plan again") as caught:
        run(job_id, expect=planned["fingerprint"])
    assert isinstance(caught.value, AirflowFailException)
    assert [entry.body["content"] for entry in smartrecruiters_emulator.journal] == ["Somebody else was quicker."]


def test_a_retry_after_the_plan_was_applied_is_not_stale(job_id, smartrecruiters_emulator):
    planned = run(job_id, plan_only=True)
    run(job_id, expect=planned["fingerprint"])
    again = run(job_id, expect=planned["fingerprint"])
    assert (again["changed"], again["applied"]) == (False, False)
    assert len(smartrecruiters_emulator.journal.writes()) == 1


def test_fingerprints_differ_by_state_and_record_and_hold_no_text(job_id, smartrecruiters_emulator):
    first = run(job_id, plan_only=True)["fingerprint"]
    other_record = run(smartrecruiters_emulator.state.job_ids[1], plan_only=True)["fingerprint"]
    run(job_id, "Canary")
    second = run(job_id, plan_only=True)
    assert len({first, other_record, second["fingerprint"]}) == 3
    assert "Canary" not in json.dumps(second)


@pytest.mark.parametrize("links", ["none", "identifier"])
def test_expect_is_refused_for_a_record_that_cannot_be_read(job_id, smartrecruiters_emulator, links):
    application = smartrecruiters_emulator.state.an_application()
    source = smartrecruiters_emulator.state.a_source()
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.settings.source_links = links
    operator = UpdateCandidateSourceOperator(
        task_id="source",
        candidate_id=application.candidate_id,
        job_id=application.job_id,
        source_type_id=source.source_type_id,
        source_id=source.source_id,
        expect="0" * 64,
    )
    with pytest.raises(InvalidInputError) as caught:
        operator.execute({})
    assert caught.value.fields == ("expect",)
    assert not smartrecruiters_emulator.journal


def test_expect_needs_read_first(job_id, smartrecruiters_emulator):
    with pytest.raises(InvalidInputError, match="read_first"):
        run(job_id, expect="0" * 64, read_first=False)
    assert not smartrecruiters_emulator.journal


@pytest.mark.parametrize("text", ["", "None", "0" * 63, "0" * 64 + "\n", 5, True])
def test_a_template_that_rendered_no_fingerprint_is_refused(text):
    with pytest.raises(InvalidInputError, match="expect") as caught:
        as_fingerprint("expect", text)
    assert caught.value.fields == ("expect",)
