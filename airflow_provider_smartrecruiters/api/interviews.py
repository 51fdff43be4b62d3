"""Changes of interviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.fields import RecordId, one_of

__all__ = ["UpdateCandidateTimeslotStatus"]

ATTENDEE_STATUSES = ("accepted", "declined", "pending", "tentative")

_TIMESLOT = "/interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}"


class UpdateCandidateTimeslotStatus(Change):
    """The candidate's status in a timeslot of an interview.

    ``PUT /interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}/candidateStatus``

    The Interview API serves interviews that were created through it, not those made in the SmartRecruiters UI.
    Source: https://developers.smartrecruiters.com/reference/interviews

    :param interview_id: id of the interview.
    :param timeslot_id: id of a timeslot of that interview.
    :param status: ``accepted``, ``declined``, ``pending`` or ``tentative``.
    """

    use_case: ClassVar[str] = "put_update_candidate_status_in_interview_timeslot"
    endpoint: ClassVar[str] = f"PUT {_TIMESLOT}/candidateStatus"
    record: ClassVar[str | None] = _TIMESLOT
    subject: ClassVar[str] = "candidate's status in timeslot {timeslot_id} of interview {interview_id}"
    ids: ClassVar[tuple[str, ...]] = ("interview_id", "timeslot_id")
    scope: ClassVar[str] = "interviews_write"
    read_scope: ClassVar[str | None] = "interviews_read"
    shown: ClassVar[tuple[str, ...]] = ("status",)
    hints: ClassVar[Mapping[int | str, str]] = {
        403: "The credential may not read this interview or answer for its candidate. Ask a SmartRecruiters "
        "administrator to give its system role access to interviews, or change the status in SmartRecruiters by hand.",
        404: "Check interview_id and timeslot_id, and that the timeslot belongs to the interview. An interview that "
        "was made in the SmartRecruiters UI is not found this way: only those made through the API are.",
        422: "SmartRecruiters does not take this status for this timeslot now: see whether the interview was "
        "cancelled or lies in the past.",
    }

    interview_id: RecordId
    timeslot_id: RecordId
    status: Annotated[str, one_of(ATTENDEE_STATUSES)]

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the status; the API also answers the text ``null``, which stands for none."""
        status = state.get("candidateStatus")
        return {"status": None if status == "null" else status}
