"""The candidate's status in a timeslot of an interview."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.interviews import ATTENDEE_STATUSES, UpdateCandidateTimeslotStatus
from airflow_provider_smartrecruiters.exceptions import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableError,
)
from tests.support.scripted_server import ScriptedServer, reply

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def change(slot: Any, status: str) -> UpdateCandidateTimeslotStatus:
    return UpdateCandidateTimeslotStatus(interview_id=slot.interview_id, timeslot_id=slot.timeslot_id, status=status)


def test_the_statuses() -> None:
    assert ATTENDEE_STATUSES == ("accepted", "declined", "pending", "tentative")


@pytest.mark.parametrize("status", ATTENDEE_STATUSES)
def test_each_status_is_set(status: str, smartrecruiters_emulator: Any, client: Any) -> None:
    slot = smartrecruiters_emulator.state.a_timeslot("null")
    result = apply(client, change(slot, status))
    (entry,) = smartrecruiters_emulator.journal
    assert (entry.method, entry.status, entry.body) == ("PUT", 204, {"status": status})
    assert (
        entry.path
        == f"/interviews-api/v201904/interviews/{slot.interview_id}/timeslots/{slot.timeslot_id}/candidateStatus"
    )
    assert result.response is None
    assert smartrecruiters_emulator.state.timeslot(slot.interview_id, slot.timeslot_id).candidate_status == status


def test_other_timeslots_stay_as_they_are(smartrecruiters_emulator: Any, client: Any) -> None:
    slot = smartrecruiters_emulator.state.a_timeslot("pending")
    before = smartrecruiters_emulator.state.interview(slot.interview_id).timeslots
    apply(client, change(slot, "declined"))
    after = smartrecruiters_emulator.state.interview(slot.interview_id).timeslots
    assert {k: v for k, v in after.items() if k != slot.timeslot_id} == {
        k: v for k, v in before.items() if k != slot.timeslot_id
    }


def test_the_text_null_counts_as_no_status(smartrecruiters_emulator: Any, client: Any) -> None:
    """A read may return the text "null"."""
    slot = smartrecruiters_emulator.state.a_timeslot("null")
    planned = plan(client, change(slot, "pending"))
    assert [item.line() for item in planned.diffs] == ["status: (not set) -> pending"]
    assert planned.as_dict()["diff"] == [{"field": "status", "before": None, "after": "pending"}]


@pytest.mark.parametrize("status", ["", None, "Accepted", "ACCEPTED", "maybe", "accepted "])
def test_refused_statuses(status: Any) -> None:
    with pytest.raises(InvalidInputError, match="accepted, declined, pending, tentative") as caught:
        UpdateCandidateTimeslotStatus(interview_id="1", timeslot_id="2", status=status)
    assert caught.value.fields == ("status",)


def test_a_timeslot_of_another_interview(smartrecruiters_emulator: Any, client: Any) -> None:
    first = smartrecruiters_emulator.state.a_timeslot("pending")
    other = smartrecruiters_emulator.state.a_timeslot("accepted")
    mixed = UpdateCandidateTimeslotStatus(
        interview_id=first.interview_id, timeslot_id=other.timeslot_id, status="declined"
    )
    assert first.interview_id != other.interview_id
    with pytest.raises(NotFoundError) as caught:
        apply(client, mixed)
    assert "belongs to the interview" in caught.value.hint


@pytest.mark.parametrize(("slot", "reads"), [("read_only_timeslot", 1), ("restricted_timeslot", 1)])
def test_no_access(slot: str, reads: int, smartrecruiters_emulator: Any, client: Any) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, change(getattr(smartrecruiters_emulator.state, slot), "declined"))
    assert "interviews_write and interviews_read" in caught.value.hint
    assert not smartrecruiters_emulator.journal.writes()


def test_a_status_that_is_not_possible_now(connect: Any) -> None:
    answers = [reply(200, {"candidateStatus": "pending"}), reply(422, {"message": "Interview was cancelled"})]
    with ScriptedServer(*answers) as server, pytest.raises(UnprocessableError) as caught:
        apply(connect(server.url), UpdateCandidateTimeslotStatus(interview_id="1", timeslot_id="2", status="accepted"))
    assert caught.value.api_message == "Interview was cancelled"
    assert "cancelled" in caught.value.hint
