"""Operators for interviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

if TYPE_CHECKING:
    pass


class UpdateCandidateTimeslotStatusOperator(SmartRecruitersBaseOperator):
    """Set a candidate's answer to one timeslot of an interview.

    The API knows only interviews that were created through it, not those created in the SmartRecruiters UI.

    .. code-block:: python

        UpdateCandidateTimeslotStatusOperator(
            task_id="accept_timeslot",
            interview_id="{{ params.interview_id }}",
            timeslot_id="{{ params.timeslot_id }}",
            status="accepted",
        )

    Endpoint: ``PUT /interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}/candidateStatus``

    API reference: https://developers.smartrecruiters.com/reference/interviews

    :param interview_id: id of the interview, text.
    :param timeslot_id: id of one of the interview's timeslots, text.
    :param status: ``accepted``, ``declined``, ``pending`` or ``tentative``, in lower case.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: an id is empty, or the status is not one of the four; nothing was sent.
    :raises PermissionDeniedError: the credential may not change this interview (scope ``interviews_write``).
    :raises NotFoundError: the interview or the timeslot does not exist.
    :raises UnprocessableError: the API refused the values.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "interviews.UpdateCandidateTimeslotStatus"

    def __init__(self, *, interview_id: str, timeslot_id: str, status: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.interview_id = interview_id
        self.timeslot_id = timeslot_id
        self.status = status
