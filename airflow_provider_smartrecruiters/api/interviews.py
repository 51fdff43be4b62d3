"""Changes to interviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.diff import UNREAD
from airflow_provider_smartrecruiters.api.values.fields import RecordId
from airflow_provider_smartrecruiters.api.values.hints import Hints

__all__ = ["UpdateCandidateTimeslotStatus"]

ATTENDEE_STATUSES = ("accepted", "declined", "pending", "tentative")

_TIMESLOT = "/interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}"


class UpdateCandidateTimeslotStatus(Change):
    """Set the candidate's status in a timeslot of an interview.

    Sends ``PUT /interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}/candidateStatus``. API
    reference: https://developers.smartrecruiters.com/reference/interviews (operation
    ``statuses.timeslot-candidate.put``).

    The Interview API serves interviews that were created through it, not those created in the SmartRecruiters UI.

    :param interview_id: id of the interview.
    :param timeslot_id: id of a timeslot of that interview.
    :param status: ``accepted``, ``declined``, ``pending`` or ``tentative``.
    """

    use_case: ClassVar[str] = "put_update_candidate_status_in_interview_timeslot"
    endpoint: ClassVar[str] = f"PUT {_TIMESLOT}/candidateStatus"
    record: ClassVar[str | None] = _TIMESLOT
    record_has: ClassVar[tuple[str, ...]] = ("startsOn", "interviewers")
    subject: ClassVar[str] = "candidate's status in timeslot {timeslot_id} of interview {interview_id}"
    ids: ClassVar[tuple[str, ...]] = ("interview_id", "timeslot_id")
    scope: ClassVar[str] = "interviews_write"
    read_scope: ClassVar[str | None] = "interviews_read"
    shown: ClassVar[tuple[str, ...]] = ("status",)
    enumerated: ClassVar[tuple[str, ...]] = ("status",)
    undone_by: ClassVar[str | None] = "interviews.UpdateCandidateTimeslotStatus"
    hints: ClassVar[Hints] = hints.TIMESLOT

    interview_id: RecordId
    timeslot_id: RecordId
    status: Annotated[str, one_of(ATTENDEE_STATUSES)]

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the status. The API may also return the text ``null``, which means that there is none.

        Older official examples have no ``candidateStatus`` at all: the status is unknown then.
        """
        status = state.get("candidateStatus", UNREAD)
        return {"status": None if status == "null" else status}
