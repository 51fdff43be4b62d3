"""Waiting for a status: which record to read, what in it is the status, and which statuses end the wait.

What reads again and again is above: the sensors, and the trigger of deferred ones. One look is here, :func:`look`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.interviews import ATTENDEE_STATUSES
from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import JOB_REF_NUMBER, Finder, Name
from airflow_provider_smartrecruiters.api.record import AboutRecord
from airflow_provider_smartrecruiters.api.records.sub_status import check_sub_status
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import not_one_of, one_or_more
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalText, RecordId
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, UnreachableStatusError

__all__ = [
    "AwaitApplicationStatus",
    "AwaitJobAdPublished",
    "AwaitJobStatus",
    "AwaitTimeslotStatus",
    "StatusWait",
    "look",
]


Statuses = Annotated[tuple[str, ...], BeforeValidator(one_or_more)]
"""Statuses to wait for, or to give up at; a single text counts as a list of one."""


class StatusWait(AboutRecord):
    """A wait for one of several statuses of a record.

    :param statuses: the wait ends with success at any of these.
    :param fail_on: the wait ends with an error at any of these. Default: those of :attr:`final` that are not awaited.
    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    statuses_of: ClassVar[tuple[str, ...]]
    """Every status that the API documents for the record."""
    final: ClassVar[tuple[str, ...]] = ()
    """Statuses that a record leaves only if somebody takes a decision back."""
    guards: ClassVar[tuple[str, ...]] = ("fail_on",)

    statuses: Statuses
    fail_on: Statuses | None = Field(None)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # What a wait is about is the read itself.
        cls.record = cls.method_and_path()[1]

    @model_validator(mode="after")
    def _statuses_exist(self) -> Self:
        if not self.statuses:
            raise InvalidInputError("statuses is empty: there is nothing to wait for", fields=("statuses",))
        for name in ("statuses", "fail_on"):
            for index, status in enumerate(getattr(self, name) or ()):
                if status not in self.statuses_of:
                    raise InvalidInputError(f"{name}[{index}] {not_one_of(status, self.statuses_of)}", fields=(name,))
        if both := [status for status in self.statuses if status in (self.fail_on or ())]:
            raise InvalidInputError(
                f"{', '.join(both)} cannot be in both statuses and fail_on", fields=("statuses", "fail_on")
            )
        return self

    @property
    def dead_ends(self) -> tuple[str, ...]:
        """The statuses at which to give up."""
        if self.fail_on is not None:
            return self.fail_on
        return tuple(status for status in self.final if status not in self.statuses)

    @property
    def awaited(self) -> str:
        """The awaited statuses, for messages: ``INTERVIEW or OFFERED``."""
        return " or ".join(self.statuses)

    @property
    def to_look_up(self) -> dict[str, str]:
        """The arguments that are names, by argument; :func:`identified` looks them up or checks them."""
        return self.names_given

    def ends_with(self, state: Mapping[str, Any]) -> bool:
        """Return whether a record is as awaited."""
        return self.status(state) in self.statuses

    def status(self, state: Mapping[str, Any]) -> str | None:
        """Return the status in a record; None if it has none."""
        return state.get("status")


class _OfJob(AboutRecord):
    """What the waits for something of a job share: people know the job by its reference number."""

    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}

    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)


class AwaitApplicationStatus(_OfJob, StatusWait):
    """Wait for the status of a candidate's application to a job: ``GET /candidates/{id}/jobs/{jobId}``.

    API reference: https://developers.smartrecruiters.com/reference (operation ``candidates.status.get``).

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param sub_status: name of a step of the job's hiring process; the status has to be with it. Only with one status.
    """

    use_case: ClassVar[str] = "await_application_status"
    endpoint: ClassVar[str] = "GET /candidates/{id}/jobs/{jobId}"
    record_has: ClassVar[tuple[str, ...]] = ("status",)
    subject: ClassVar[str] = "status of candidate {candidate_id} for job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("candidate_id", "job_id")
    scope: ClassVar[str] = "candidates_read"
    hints: ClassVar[Hints] = hints.APPLICATION_STATUS
    statuses_of: ClassVar[tuple[str, ...]] = APPLICATION_STATUSES
    final: ClassVar[tuple[str, ...]] = ("HIRED", "REJECTED", "WITHDRAWN")

    candidate_id: RecordId
    sub_status: OptionalText = None

    @model_validator(mode="after")
    def _sub_status_of_one(self) -> Self:
        if self.sub_status and len(self.statuses) > 1:
            raise InvalidInputError(
                "sub_status is a step of one status, and there are several", fields=("sub_status", "statuses")
            )
        return self

    @property
    def awaited(self) -> str:
        """The awaited statuses, or the status with its sub-status: ``INTERVIEW (On-site)``."""
        return f"{super().awaited} ({self.sub_status.strip()})" if self.sub_status else super().awaited

    @property
    def to_look_up(self) -> dict[str, str]:
        """The names, and the sub-status, which is checked like one."""
        return self.names_given | ({"sub_status": self.sub_status} if self.sub_status else {})

    def identified(self, client: SmartRecruitersClient, lookups: Lookups) -> Self:
        """Return this with the ids of the record, after a check of the sub-status.

        :raises InvalidInputError: also if no hiring process has the sub-status.
        """
        if self.sub_status:
            check_sub_status(Finder(client, lookups), self.statuses[0], self.sub_status)
        return super().identified(client, lookups)

    def ends_with(self, state: Mapping[str, Any]) -> bool:
        """Return whether the application has an awaited status, with the sub-status if one was given."""
        if not super().ends_with(state):
            return False
        return not self.sub_status or normal(self.sub_status.strip()) == normal(state.get("subStatus") or "")


class AwaitJobStatus(_OfJob, StatusWait):
    """Wait for the status of a job: ``GET /jobs/{jobId}``.

    API reference: https://developers.smartrecruiters.com/reference (operation ``jobs.get``). No event and no entry of
    the audit log tells of this status, so reading the job is the only way to notice it.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    """

    use_case: ClassVar[str] = "await_job_status"
    endpoint: ClassVar[str] = "GET /jobs/{jobId}"
    record_has: ClassVar[tuple[str, ...]] = ("id", "status")
    subject: ClassVar[str] = "status of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    scope: ClassVar[str] = "jobs_read"
    hints: ClassVar[Hints] = hints.JOB_STATUS
    statuses_of: ClassVar[tuple[str, ...]] = JOB_STATUSES
    final: ClassVar[tuple[str, ...]] = ("FILLED", "CANCELLED")


class AwaitJobAdPublished(_OfJob, StatusWait):
    """Wait until a job ad is published: ``GET /jobs/{jobId}/jobads/{jobAdId}``.

    API reference: https://developers.smartrecruiters.com/reference (operation ``jobads.get``). Publishing is
    asynchronous: the API answers 202 with ``PENDING``, and the ad says ``PUBLISHED`` when it is done.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job_ad_id: id of the job ad.
    """

    use_case: ClassVar[str] = "await_job_ad_published"
    endpoint: ClassVar[str] = "GET /jobs/{jobId}/jobads/{jobAdId}"
    record_has: ClassVar[tuple[str, ...]] = ("id", "postingStatus")
    subject: ClassVar[str] = "posting status of job ad {job_ad_id} of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id", "job_ad_id")
    scope: ClassVar[str] = "jobs_read"
    hints: ClassVar[Hints] = hints.JOB_AD
    statuses_of: ClassVar[tuple[str, ...]] = ("PUBLISHED", "NOT_PUBLISHED")

    job_ad_id: RecordId
    statuses: Statuses = ("PUBLISHED",)

    def status(self, state: Mapping[str, Any]) -> str | None:
        """Return the posting status."""
        return state.get("postingStatus")


class AwaitTimeslotStatus(StatusWait):
    """Wait for a candidate's answer to a timeslot of an interview.

    Reads ``GET /interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}``. API reference:
    https://developers.smartrecruiters.com/reference/interviews. The API knows only interviews that were created through
    it.

    :param interview_id: id of the interview.
    :param timeslot_id: id of a timeslot of that interview.
    """

    use_case: ClassVar[str] = "await_timeslot_status"
    endpoint: ClassVar[str] = "GET /interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}"
    record_has: ClassVar[tuple[str, ...]] = ("startsOn", "interviewers")
    subject: ClassVar[str] = "candidate's status in timeslot {timeslot_id} of interview {interview_id}"
    ids: ClassVar[tuple[str, ...]] = ("interview_id", "timeslot_id")
    scope: ClassVar[str] = "interviews_read"
    hints: ClassVar[Hints] = hints.TIMESLOT
    statuses_of: ClassVar[tuple[str, ...]] = ATTENDEE_STATUSES
    final: ClassVar[tuple[str, ...]] = ("declined",)

    interview_id: RecordId
    timeslot_id: RecordId

    def status(self, state: Mapping[str, Any]) -> str | None:
        """Return the candidate's answer; the API may also return the text ``null``, which means that there is none."""
        status = state.get("candidateStatus")
        return None if status == "null" else status


@dataclass(frozen=True)
class Seen:
    """What one look at a record showed.

    :param status: its status; None if it has none.
    :param reached: whether the record is as awaited.
    """

    status: str | None
    reached: bool

    def as_dict(self, wait: StatusWait) -> dict[str, Any]:
        """Return the result of a wait, JSON-serializable: ``use_case``, ``target`` (ids) and ``status``."""
        return {"use_case": wait.use_case, "target": wait.target, "status": self.status}


def identified(client: SmartRecruitersClient, wait: StatusWait) -> StatusWait:
    """Return a wait with the ids of its record in place of names, which are looked up. Once, before the first
    :func:`look`.

    :param client: client to send with.
    :param wait: the wait; if :attr:`~StatusWait.to_look_up` is empty, it is unchanged, and nothing is sent.
    :raises InvalidInputError: nothing has the name, or several have it; or no hiring process has the sub-status.
    :raises PermissionDeniedError: the credential may not read the list of names.
    :raises SmartRecruitersError: the look-up failed. ``retryable`` states whether another one can succeed.
    """
    with explained(wait, "read"):
        return wait.identified(client, Lookups())


def look(client: SmartRecruitersClient, wait: StatusWait) -> Seen:
    """Read the record of a wait once.

    :param client: client to send with.
    :param wait: the wait. One with a name is looked up, each time: for several looks, use :func:`identified` once.
    :raises UnreachableStatusError: the status is one at which to give up.
    :raises SmartRecruitersError: the read failed. ``retryable`` states whether a later look can succeed.
    """
    if wait.names_given:
        wait = identified(client, wait)
    with explained(wait, "read"):
        state = wait.read(client)
        status = wait.status(state)
    if status in wait.dead_ends:
        error = UnreachableStatusError(
            f"The {wait.label} is {status}, from which it does not become {wait.awaited} by itself.",
            hint=f"Wait for {status} as well, or set fail_on to the statuses at which to give up, without {status}.",
            use_case=wait.use_case,
        )
        error.target = wait.target
        raise error
    return Seen(status, wait.ends_with(state))
