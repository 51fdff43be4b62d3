"""Changes to the headcount of jobs: a new position, or a request where positions need an approval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import JOB_REF_NUMBER, Name
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.arguments import described, is_blank
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.diff import FieldDiff, flatten
from airflow_provider_smartrecruiters.api.values.fields import (
    NamedId,
    OptionalText,
    as_text,
    one_line,
    same_instant,
    to_api_datetime,
)
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError

__all__ = ["CreateJobPosition", "UpdateJobHeadcount"]

POSITION_TYPES = ("NEW", "REPLACEMENT")

_POSITIONS = "/jobs/{jobId}/positions"
_DATES = ("positionOpenDate", "targetStartDate")
_OF_THE_API = ("id", "status", "actions")
"""Members of a position that the API sets itself."""


def _given(value: Any) -> Any:
    if value is None or is_blank(value):
        raise ValueError(f"{described(value)}; a template may have rendered nothing")
    return value


Text = Annotated[str, BeforeValidator(as_text), BeforeValidator(_given)]
OwnId = Annotated[str, AfterValidator(one_line), BeforeValidator(as_text), BeforeValidator(_given)]
"""The company's own id, which is no part of a path: any text in one line."""
DateTime = Annotated[str, BeforeValidator(to_api_datetime), BeforeValidator(_given)]


def _amount(value: Any) -> Any:
    # A boolean is a number in Python.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return _given(value)


Amount = Annotated[float, Field(ge=0, le=10**12, allow_inf_nan=False), BeforeValidator(_amount)]


class CreateJobPosition(Change):
    """Add a position (one headcount) to a job, known by the company's own id.

    Sends ``POST /jobs/{jobId}/positions``, after ``GET`` of the same path. API reference:
    https://developers.smartrecruiters.com/reference (operation ``jobs.positions.create``).

    The API would add a second position for each repeated request. So the positions of the job are listed first, and
    again after a lost response: one with the same ``external_position_id`` and the same content is the requested one,
    and nothing is sent. One with other content is refused, since nobody knows which of the two is right.

    :param job_id: id of the job.
    :param external_position_id: the company's own id of the position (``positionId`` in the body), unique in the job.
    :param type: ``NEW`` or ``REPLACEMENT``.
    :param position_open_date: date on which the position opens: a date, a datetime, or ISO 8601 text; UTC if it has no
        offset.
    :param target_start_date: planned start date of the hire, in the same formats.
    :param incumbent_name: name of the person to be replaced.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    """

    use_case: ClassVar[str] = "post_create_job_position"
    endpoint: ClassVar[str] = f"POST {_POSITIONS}"
    record: ClassVar[str | None] = _POSITIONS
    record_has: ClassVar[tuple[str, ...]] = ("content",)
    ids: ClassVar[tuple[str, ...]] = ("job_id", "external_position_id")
    subject: ClassVar[str] = "position {external_position_id} of job {job_id}"
    scope: ClassVar[str] = "jobs_manage"
    read_scope: ClassVar[str | None] = "jobs_read"
    shown: ClassVar[tuple[str, ...]] = ("positionId", "type", *_DATES)
    enumerated: ClassVar[tuple[str, ...]] = ("type",)
    creates: ClassVar[bool] = True
    not_undone: ClassVar[str] = "none of these changes deletes a position"
    hints: ClassVar[Hints] = hints.POSITION_CREATION

    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}

    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)
    external_position_id: OwnId = Field(serialization_alias="positionId")
    type: Annotated[str, one_of(POSITION_TYPES)]
    position_open_date: DateTime = Field(serialization_alias="positionOpenDate")
    target_start_date: DateTime = Field(serialization_alias="targetStartDate")
    incumbent_name: OptionalText = Field(None, serialization_alias="incumbentName")

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: only the list of positions tells whether the position exists."""
        return "the positions of the job must be listed, or a second one could be created"

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the position with this ``external_position_id``; ``{}`` if the job has none."""
        return self._compared_input(self._found(state) or {})

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the position as it was given."""
        return self.given

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the position as it was given.

        :raises InvalidInputError: the job has a position with this ``external_position_id`` and other content.
        """
        self._refuse_another(state)
        return self.given

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Refuse a position that exists with other content, in a plan as well; see :meth:`body`."""
        self._refuse_another(state)
        return {}

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return ``position_id``, SmartRecruiters' id of the position, as soon as there is one."""
        position = response or self._found(state) or {}
        return {"position_id": position["id"]} if "id" in position else {}

    def _found(self, state: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found = [one for one in state.get("content", ()) if one.get("positionId") == self.external_position_id]
        # The API allows several of one id. One that is as requested settles it.
        return next((one for one in found if self._is_requested(one)), found[0] if found else None)

    def _is_requested(self, position: Mapping[str, Any]) -> bool:
        return not self._differing(position)

    def _differing(self, position: Mapping[str, Any]) -> list[str]:
        there = flatten(self.compared(self._compared_input(position)))
        return [name for name, value in flatten(self.compared(self.given)).items() if there.get(name) != value]

    @staticmethod
    def _compared_input(position: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in position.items() if name not in _OF_THE_API}
        return normal(kept | {name: same_instant(kept[name]) for name in _DATES if name in kept})  # type: ignore[no-any-return]

    def _refuse_another(self, state: Mapping[str, Any]) -> None:
        position = self._found(state)
        if position is None or not (differing := self._differing(position)):
            return
        names = {field.serialization_alias or name: name for name, field in type(self).model_fields.items()}
        fields = tuple(names[name] for name in differing)
        raise InvalidInputError(
            f"The job has a position with this external_position_id already, and it differs in {', '.join(fields)}.",
            hint=f"To change it, use UpdateJobPositionOperator with position_id {position.get('id')}. To add another "
            "one, give another external_position_id.",
            fields=("external_position_id", *fields),
        )


class UpdateJobHeadcount(Change):
    """Request the approval of a job's headcount, with a salary range.

    Sends ``PATCH /jobs/{jobId}/headcount``. API reference: https://developers.smartrecruiters.com/reference (operation
    ``jobs.headcount.update``). It is for companies with an approval process for positions: while that is on, the API
    does not create or change positions.

    SmartRecruiters accepts the request (202), and people approve it later. The latest approval request
    (``GET /jobs/{jobId}/approvals/latest``) shows what was requested, not whether it is approved: one with the same
    salary range is the requested one, and nothing is sent.

    :param job_id: id of the job.
    :param salary_min: lower end of the salary range, at least 0.
    :param salary_max: upper end of the salary range.
    :param currency: code of the currency, ``EUR``.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    """

    use_case: ClassVar[str] = "patch_update_job_headcount"
    endpoint: ClassVar[str] = "PATCH /jobs/{jobId}/headcount"
    not_undone: ClassVar[str] = "the API offers no way to take an approval request back"
    record: ClassVar[str | None] = "/jobs/{jobId}/approvals/latest"
    record_has: ClassVar[tuple[str, ...]] = ("approvalRequestId",)
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    subject: ClassVar[str] = "headcount of job {job_id}"
    scope: ClassVar[str] = "jobs_manage"
    read_scope: ClassVar[str | None] = "jobs_read"
    shown: ClassVar[tuple[str, ...]] = ("salaryRange.*",)
    shows_within: ClassVar[float] = 10.0
    hints: ClassVar[Hints] = hints.HEADCOUNT

    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}

    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)
    salary_min: Amount
    salary_max: Amount
    currency: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.salary_min > self.salary_max:
            raise InvalidInputError("salary_min is above salary_max", fields=("salary_min", "salary_max"))
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The salary range in the API's form."""
        return {"salaryRange": {"min": self.salary_min, "max": self.salary_max, "currency": self.currency}}

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the latest approval request of the job; ``{}`` if it has none."""
        try:
            return super().read(client)
        except NotFoundError as error:
            if error.code != "APPROVALS_NOT_FOUND":
                # A response without its code, as a proxy leaves it. If the job exists, it has no approval request.
                client.request("GET", "/jobs/{jobId}", path_params=self.path_params)
            return {}

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the salary range of the latest approval request."""
        return {"salaryRange": state.get("salaryRange")}

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return that the request awaits approval, or the id of the one that was there."""
        if response is not None:
            return {"approval": response.get("status", "PENDING")}
        there = state.get("approvalRequestId")
        return {"approval_request_id": there} if there and not diffs else {}

    def remarks(self, details: Mapping[str, Any]) -> Iterator[str]:
        """Yield that people have to approve the request."""
        if details.get("approval") == "PENDING":
            yield "SmartRecruiters accepted the request. It awaits approval there."
