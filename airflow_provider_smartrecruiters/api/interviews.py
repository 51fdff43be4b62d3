"""Changes of interviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from airflow_provider_smartrecruiters.api.change import Change, read_record
from airflow_provider_smartrecruiters.api.fields import RecordId, one_of
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient

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

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the timeslot: ``GET …/timeslots/{timeslotId}``."""
        return read_record(client, _TIMESLOT, self._path_params)

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the status; the API also answers the text ``null``, which stands for none."""
        status = state.get("candidateStatus")
        return {"status": None if status == "null" else status}

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"status"}``."""
        return {"status": self.status}

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the status; the API answers 204."""
        return client.request("PUT", f"{_TIMESLOT}/candidateStatus", path_params=self._path_params, json=body)

    @property
    def _path_params(self) -> dict[str, str]:
        return {"interviewId": self.interview_id, "timeslotId": self.timeslot_id}
