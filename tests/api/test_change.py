"""A change is a declaration: path, arguments, label."""

from __future__ import annotations

import pytest

from airflow_provider_smartrecruiters.api.candidates import RejectApplication, UpdateCandidateJobStatus
from airflow_provider_smartrecruiters.api.interviews import UpdateCandidateTimeslotStatus
from airflow_provider_smartrecruiters.api.jobs import UpdateJobPosition, UpdateJobStatus
from airflow_provider_smartrecruiters.exceptions import InvalidInputError


def test_the_path_is_filled_by_the_ids_in_their_order() -> None:
    change = UpdateCandidateJobStatus(candidate_id="c", job_id="j", status="NEW")
    assert change.path_params == {"id": "c", "jobId": "j"}


def test_arguments_are_sent_by_the_names_of_the_api() -> None:
    position = UpdateJobPosition(job_id="j", position_id="p", type="NEW", external_position_id="41-700")
    assert position.given == {"type": "NEW", "positionId": "41-700"}


def test_a_label_is_never_sent_in_place_of_an_id() -> None:
    rejection = RejectApplication(candidate_id="c", job_id="j", reason="Not qualified")
    assert rejection.given == {"status": "REJECTED"}


def test_unknown_arguments_are_rejected() -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobStatus(job_id="1", stat="FILLED")
    assert set(caught.value.fields) == {"stat", "status"}
    assert "stat is not an argument" in str(caught.value)
    assert "status is missing" in str(caught.value)


def test_every_argument_that_cannot_be_used_is_named_and_none_repeated() -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateCandidateTimeslotStatus(interview_id="Ada\n", timeslot_id="", status="Lovelace")
    assert caught.value.fields == ("interview_id", "timeslot_id", "status")
    assert caught.value.use_case == "put_update_candidate_status_in_interview_timeslot"
    for text in ("Ada", "Lovelace"):
        assert text not in str(caught.value)


def test_a_change_cannot_be_altered() -> None:
    change = UpdateJobStatus(job_id="1", status="FILLED")
    with pytest.raises(Exception, match="frozen"):
        change.status = "OFFER"  # type: ignore[misc]


def test_an_id_that_looks_like_a_placeholder_is_only_text() -> None:
    assert UpdateJobStatus(job_id="{job_id.__class__}", status="FILLED").label == "status of job {job_id.__class__}"


def test_a_value_is_removed_in_words() -> None:
    state = {"id": "p", "type": "NEW", "positionOpenDate": "2026-01-01", "targetStartDate": "2026-02-01"}
    state |= {"positionId": "41-700", "incumbentName": "Grace"}
    change = UpdateJobPosition(job_id="j", position_id="p", clear_fields=["incumbent_name"])
    assert set(change.body(state)) == {"type", "positionOpenDate", "targetStartDate", "positionId"}
    status = UpdateCandidateJobStatus(candidate_id="c", job_id="j", status="HIRED", clear_fields=["sub_status"])
    assert status.body({"status": "HIRED", "subStatus": "Contract"}) == {"status": "HIRED"}
