"""Changes to the status of an application: any status, and the rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from airflow_provider_smartrecruiters.api.candidates.application import APPLICATION, ApplicationChange
from airflow_provider_smartrecruiters.api.change import Change, Clear
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import REASONS, Finder, Name
from airflow_provider_smartrecruiters.api.records.sub_status import check_sub_status
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.fields import OptionalDateTime, OptionalId, OptionalText, same_instant
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.api.values.inverse import Inverse, cannot_undo
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

APPLICATION_STATUSES = (
    "LEAD",
    "NEW",
    "IN_REVIEW",
    "INTERVIEW",
    "OFFERED",
    "HIRED",
    "REJECTED",
    "WITHDRAWN",
    "TRANSFERRED",
)
_STATUSES_WITHOUT_A_START = ("REJECTED", "WITHDRAWN")
_STATUS_MEMBERS = ("status", "subStatus", "startsOn", "reason")
"""Members of the body of a status write, in the order of the log."""


class _ApplicationStatusChange(ApplicationChange):
    """Base of the status change and the rejection."""

    endpoint: ClassVar[str] = f"PUT {APPLICATION}/status"
    record: ClassVar[str | None] = APPLICATION
    record_has: ClassVar[tuple[str, ...]] = ("status",)
    read_scope: ClassVar[str | None] = "candidates_read"
    scopes_elsewhere: ClassVar[Mapping[str, str]] = {"candidates_manage": "candidates_create"}
    shown: ClassVar[tuple[str, ...]] = _STATUS_MEMBERS
    enumerated: ClassVar[tuple[str, ...]] = ("status",)
    undone_by: ClassVar[str | None] = "candidates.UpdateCandidateJobStatus"
    hints: ClassVar[Hints] = hints.APPLICATION_STATUS

    @property
    def moves_to(self) -> str | None:
        """The requested status."""
        return str(self.given["status"])

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return status, sub-status, start date and reason of the application, by the names of the request."""
        reasons = {"REJECTED": "reasonOfRejection", "WITHDRAWN": "reasonOfWithdrawal"}
        reason = state.get(reasons.get(state.get("status", ""), "")) or {}
        return {
            "status": state.get("status"),
            "subStatus": state.get("subStatus"),
            "startsOn": same_instant(state.get("startsOn")),
            "reason": reason.get("id"),
        }

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"status", "subStatus", "startsOn", "reason"}``: the given values, and current values that still
        hold.

        It is not documented whether the API keeps members that a PUT leaves out. So the current values are sent along:
        all of them if the status stays the same, and the start date also with ``OFFERED`` and ``HIRED``.
        """
        given = self.given
        there = self.current(state) if state else {}
        kept = set(there) if there.get("status") == given["status"] else set()
        if given["status"] in ("OFFERED", "HIRED"):
            kept.add("startsOn")
        if given["status"] in _STATUSES_WITHOUT_A_START:
            kept.discard("startsOn")
        kept -= set(self.cleared)
        members = {name: given.get(name, there.get(name) if name in kept else None) for name in _STATUS_MEMBERS}
        return {name: value for name, value in members.items() if value is not None}

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Check that some hiring process has the given sub-status.

        :raises InvalidInputError: none has it for the status.
        """
        if sub_status := self.given.get("subStatus"):
            check_sub_status(Finder(client, lookups), self.given["status"], sub_status)
        return {}

    @classmethod
    def inverse(cls, facts: Mapping[str, Any], done: Change | None = None) -> Inverse:  # noqa: ARG003
        """Return the status before with its sub-status, start date and reason.

        :raises InvalidInputError: only the reason was added, which the API cannot remove.
        """
        before, after = facts["before"], facts["after"]
        if before["status"] == after["status"] and "reason" in after.keys() - before.keys():
            raise cannot_undo(f"a reason cannot be removed while the status stays {after['status']}")
        names = {"subStatus": "sub_status", "startsOn": "starts_on", "reason": "reason_id"}
        if before["status"] in _STATUSES_WITHOUT_A_START:
            del names["startsOn"]
        arguments = {names[name]: before[name] for name in names if name in before}
        cleared = [names[name] for name in ("subStatus", "startsOn") if name in names and name in after.keys() - before]
        # It is not documented whether the API keeps what the write has left out.
        maybe = [name for name in before if name not in after]
        kept = (some for count in range(len(maybe) + 1) for some in combinations(maybe, count))
        return Inverse(
            {"status": before["status"], **arguments, **({"clear_fields": cleared} if cleared else {})},
            [{**after, **{name: before[name] for name in some}} for some in kept],
        )


class UpdateCandidateJobStatus(_ApplicationStatusChange):
    """Set the status of a candidate's application to a job.

    Sends ``PUT /candidates/{id}/jobs/{jobId}/status``. API reference:
    https://developers.smartrecruiters.com/reference/candidatesstatusupdate-1

    Arguments that are not given are not compared. Their values are kept as long as the status stays the same.

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param status: one of :data:`APPLICATION_STATUSES` (``OFFERED``, not ``OFFER`` as in the status of a job).
    :param sub_status: name of a step of the job's hiring process. Hiring processes have them for ``IN_REVIEW``,
        ``INTERVIEW`` and ``OFFERED``. One that no hiring process has is refused before the write, if the credential may
        read ``GET /configuration/hiring-processes`` (scope ``configuration_read``).
    :param starts_on: start date of a hire: a date, a datetime, or ISO 8601 text; UTC if it has no offset.
    :param reason_id: id of one of the company's rejection or withdrawal reasons; only with ``REJECTED`` or
        ``WITHDRAWN``. Whether a reason is required is a setting of the company.
    :param clear_fields: names of arguments whose current value to remove: ``sub_status``, ``starts_on``.
    :param reason: label of a reason, instead of ``reason_id``; in any capitals. Looked up with
        ``GET /configuration/rejection-reasons`` or ``/configuration/withdrawal-reasons`` (scope
        ``configuration_read``).
    """

    use_case: ClassVar[str] = "put_update_candidates_job_status"
    subject: ClassVar[str] = "status of candidate {candidate_id} for job {job_id}"

    status: Annotated[str, one_of(APPLICATION_STATUSES)]
    sub_status: OptionalText = Field(None, serialization_alias="subStatus")
    starts_on: OptionalDateTime = Field(None, serialization_alias="startsOn")
    reason_id: OptionalId = Field(None, serialization_alias="reason")
    clear_fields: Clear = None
    reason: OptionalText = Field(None, exclude=True)

    names: ClassVar[Mapping[str, Name]] = {**ApplicationChange.names, "reason_id": REASONS["REJECTED"]}
    clearable: ClassVar[tuple[str, ...]] = ("sub_status", "starts_on")

    @model_validator(mode="after")
    def _start_fits(self) -> Self:
        if self.starts_on is not None and self.status in _STATUSES_WITHOUT_A_START:
            raise InvalidInputError(f"starts_on cannot be given with the status {self.status}", fields=("starts_on",))
        return self

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if a rejection is taken back, which the candidate may have seen."""
        if state.get("status") == "REJECTED" and self.status != "REJECTED":
            yield (
                "The application was rejected, and its candidate may have seen that. Messages that SmartRecruiters has "
                "sent are not taken back."
            )

    @model_validator(mode="after")
    def _reason_fits(self) -> Self:
        given = [name for name in ("reason_id", "reason") if getattr(self, name) is not None]
        if given and self.status not in REASONS:
            raise InvalidInputError(
                f"{given[0]} is allowed only with the statuses {' and '.join(REASONS)}, not with {self.status}",
                fields=tuple(given),
            )
        return self

    def name_of(self, argument: str) -> Name:
        """Return the name of the job, or of a reason for the status."""
        return REASONS[self.status] if argument == "reason_id" and self.status in REASONS else super().name_of(argument)


class RejectApplication(_ApplicationStatusChange):
    """Reject a candidate's application to a job. Applications to other jobs are not changed.

    Sends ``PUT /candidates/{id}/jobs/{jobId}/status`` with ``{"status": "REJECTED"}``. API reference:
    https://developers.smartrecruiters.com/reference/candidatesstatusupdate-1

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param reason_id: id of one of the company's rejection reasons. Whether a reason is required is a setting of the
        company.
    :param reason: label of a rejection reason, instead of ``reason_id``; case-insensitive. Looked up with
        ``GET /configuration/rejection-reasons`` (scope ``configuration_read``).
    :param sub_status: name of a step of the job's hiring process.
    """

    use_case: ClassVar[str] = "reject_an_application"
    subject: ClassVar[str] = "application of candidate {candidate_id} for job {job_id}"

    reason_id: OptionalId = Field(None, serialization_alias="reason")
    reason: OptionalText = Field(None, exclude=True)
    sub_status: OptionalText = Field(None, serialization_alias="subStatus")

    names: ClassVar[Mapping[str, Name]] = {**ApplicationChange.names, "reason_id": REASONS["REJECTED"]}

    @property
    def given(self) -> dict[str, Any]:
        """The status ``REJECTED`` and the given arguments; a ``reason`` has been replaced with its id by then."""
        return {"status": "REJECTED", **super().given}
