"""Names in place of ids that are no record's own: reasons, sources, departments; and how a name is compared."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api import lookups as module
from airflow_provider_smartrecruiters.api.candidates import UpdateCandidateJobStatus, UpdateCandidateSource
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.jobs import UpdateJobAndJobAd, UpdateJobStatus
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import JOB_REF_NUMBER, Finder, alternatives, same
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    InvalidInputError,
    PermissionDeniedError,
    ServerError,
)
from tests.support.scripted_server import ScriptedServer, reply

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def application(smartrecruiters_emulator: Any) -> dict[str, str]:
    ref = smartrecruiters_emulator.state.an_application("INTERVIEW")
    return {"candidate_id": ref.candidate_id, "job_id": ref.job_id}


@pytest.fixture
def tenant(smartrecruiters_emulator: Any) -> Any:
    with smartrecruiters_emulator.state.editing() as tenant:
        return tenant


def test_what_is_the_same_to_a_person() -> None:
    assert same("Ze\u0301ro  Waste\u00a0", "zÉro waste")
    assert same("STRASSE", "Straße")
    assert not same("REF1", "REF12")


def test_the_closest_names_are_those_with_the_most_characters_in_place() -> None:
    known = [f"REF{number}W" for number in range(100, 400)]
    for wrong, right in (("REF10OW", "REF100W"), ("ref1l1w", "REF111W"), ("REF2500W", "REF250W")):
        said = alternatives(wrong, known, "jobs")[1]
        assert f'"{right}"' in said.partition(".")[0], (wrong, said)


def test_a_withdrawal_reason_by_its_label(application: Any, client: Any, tenant: Any) -> None:
    reason_id, label = next(iter(tenant.withdrawal_reasons.items()))
    change = UpdateCandidateJobStatus(**application, status="WITHDRAWN", reason=label.upper())
    result = apply(client, change)
    assert result.details["labels"] == {reason_id: label}
    assert apply(client, change).changed is False
    rejection = next(
        text for text in tenant.rejection_reasons.values() if text not in tenant.withdrawal_reasons.values()
    )
    with pytest.raises(InvalidInputError, match="No withdrawal reason of the company"):
        plan(client, UpdateCandidateJobStatus(**application, status="WITHDRAWN", reason=rejection))


def test_a_reason_by_its_label_for_another_status(application: Any) -> None:
    with pytest.raises(InvalidInputError, match="reason is allowed only with the statuses") as caught:
        UpdateCandidateJobStatus(**application, status="HIRED", reason="No show")
    assert caught.value.fields == ("reason",)


def test_a_source_by_its_labels(application: Any, client: Any, tenant: Any) -> None:
    kind = next(one for one in tenant.source_types.values() if one.subtypes)
    source = kind.values[0]
    change = UpdateCandidateSource(**application, source_type=kind.label.upper(), source=source.label.lower())
    result = apply(client, change)
    assert result.details["labels"] == {kind.id: kind.label, source.id: source.label}
    stored = tenant.application(*application.values())
    assert (stored.source_type_id, stored.source_id, stored.source_sub_type_id) == (
        kind.id,
        source.id,
        source.subtype_id,
    )
    assert apply(client, change).changed is False


def test_a_source_of_two_subtypes_needs_the_subtype(application: Any, client: Any, tenant: Any) -> None:
    kind = next(one for one in tenant.source_types.values() if one.subtypes)
    first = kind.values[0]
    kind.values.append(first.model_copy(update={"id": "other", "subtype_id": "OTHER"}))
    names = {**application, "source_type_id": kind.id, "source": first.label}
    with pytest.raises(InvalidInputError, match="2 sources have this label") as caught:
        plan(client, UpdateCandidateSource(**names))
    assert "OTHER" in caught.value.summary
    assert caught.value.fields == ("source", "source_sub_type_id")
    planned = plan(client, UpdateCandidateSource(**names, source_sub_type_id=first.subtype_id))
    assert first.id in planned.details["labels"]
    with pytest.raises(InvalidInputError, match="2 sources have this label"):
        plan(client, UpdateCandidateSource(**names, source_sub_type_id="neither"))


@pytest.mark.parametrize("given", [{}, {"source_type_id": "JOB_BOARD"}, {"source": "x"}])
def test_a_source_needs_both_parts(application: Any, given: Any) -> None:
    with pytest.raises(InvalidInputError, match="is missing; give it or source"):
        UpdateCandidateSource(**application, **given)


def test_a_department_by_its_label(client: Any, tenant: Any, smartrecruiters_emulator: Any) -> None:
    job = next(job for job in tenant.jobs.values() if job.access == "full")
    department = next(one for one in tenant.departments.values() if one.id != job.department_id)
    change = UpdateJobAndJobAd(job_id=job.id, job={"department": {"label": f" {department.label.upper()}"}})
    result = apply(client, change)
    assert [item.name for item in result.diffs] == ["department.id"]
    assert result.details["labels"] == {department.id: department.label}
    assert tenant.jobs[job.id].department_id == department.id
    assert apply(client, change).changed is False
    with pytest.raises(InvalidInputError, match="No department of the company") as caught:
        plan(client, UpdateJobAndJobAd(job_id=job.id, job={"department": {"label": "Gardening"}}))
    assert caught.value.fields == ("job.department.label",)
    # A department as a read returns it has both; the id counts.
    both = {"id": department.id, "label": "renamed since"}
    assert plan(client, UpdateJobAndJobAd(job_id=job.id, job={"department": both})).changed is False
    with pytest.raises(InvalidInputError, match="needs an id or a label"):
        UpdateJobAndJobAd(job_id=job.id, job={"department": {}})


def test_jobs_are_read_in_large_pages_and_a_long_list_reports_progress(
    connect: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(module, "_PROGRESS", 2)
    jobs = [{"id": f"j{number}", "refNumber": f"REF{number}"} for number in range(3)]
    pages = [{"content": jobs[:2], "nextPageId": "p2", "totalFound": 3}, {"content": jobs[2:], "totalFound": 3}]
    with ScriptedServer(*[reply(200, page) for page in pages]) as server:
        finder = Finder(connect(server.url), Lookups())
        assert JOB_REF_NUMBER.id_of(finder, "ref2", "job_id") == "j2"
        assert [request.target for request in server.requests] == [
            "/jobs?limit=100&sort=job_id",
            "/jobs?limit=100&sort=job_id&pageId=p2",
        ]
    assert "Looking up ids in GET /jobs: 2 records so far." in caplog.text


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthenticationError), (403, PermissionDeniedError), (500, ServerError)]
)
def test_a_list_that_cannot_be_read_names_the_record_and_keeps_its_own_hint(
    status: int, error: type[Exception], smartrecruiters_emulator: Any, client: Any
) -> None:
    smartrecruiters_emulator.fail_next("jobs.all", status=status, times=9)
    with pytest.raises(error) as caught:
        apply(client, UpdateJobStatus(job_ref_number="REF100W", status="FILLED"))
    assert "status of job with the reference number REF100W" in str(caught.value)
    assert caught.value.may_have_been_applied is False
    assert "job_id, " not in caught.value.hint


def test_free_text_for_a_reference_number_is_not_repeated(client: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        plan(client, UpdateJobStatus(job_ref_number="Ada Lovelace, London", status="FILLED"))
    assert "Lovelace" not in str(caught.value)
