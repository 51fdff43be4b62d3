"""The change to a position of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from airflow_provider_smartrecruiters.api.change import Clear
from airflow_provider_smartrecruiters.api.jobs.job import JobChange
from airflow_provider_smartrecruiters.api.positions import POSITION_TYPES
from airflow_provider_smartrecruiters.api.records.job_content import Shape, in_order, missing
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import choice_or_none
from airflow_provider_smartrecruiters.api.values.fields import OptionalDateTime, OptionalText, RecordId, same_instant
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

_POSITION = "/jobs/{jobId}/positions/{positionId}"
_POSITION_DATES = ("positionOpenDate", "targetStartDate")
_POSITION_SHAPE = Shape(read_only=frozenset({"id", "status", "actions"}))


class UpdateJobPosition(JobChange):
    """Change a position (one headcount) of a job. Arguments that are not given keep their values.

    Sends ``PUT /jobs/{jobId}/positions/{positionId}``. API reference: https://developers.smartrecruiters.com/reference
    (operation ``jobs.positions.update``).

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param position_id: id of the position, as in the list of positions.
    :param type: ``NEW`` or ``REPLACEMENT``.
    :param position_open_date: date on which the position opens: a date, a datetime, or ISO 8601 text; UTC if it has no
        offset.
    :param target_start_date: planned start date of the hire, in the same formats.
    :param external_position_id: the company's own id of the position (``positionId`` in the body).
    :param incumbent_name: name of the person to be replaced.
    :param clear_fields: names of arguments whose current value to remove: ``external_position_id``, ``incumbent_name``.
    """

    use_case: ClassVar[str] = "put_update_job_position"
    endpoint: ClassVar[str] = f"PUT {_POSITION}"
    record: ClassVar[str | None] = _POSITION
    subject: ClassVar[str] = "position {position_id} of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id", "position_id")
    shown: ClassVar[tuple[str, ...]] = ("type", "positionOpenDate", "targetStartDate")
    enumerated: ClassVar[tuple[str, ...]] = ("type",)
    whole: ClassVar[bool] = True
    not_undone: ClassVar[str] = "results never hold names, and so not the whole earlier position"
    hints: ClassVar[Hints] = hints.POSITION

    position_id: RecordId
    type: Annotated[str | None, choice_or_none(POSITION_TYPES)] = None
    position_open_date: OptionalDateTime = Field(None, serialization_alias="positionOpenDate")
    target_start_date: OptionalDateTime = Field(None, serialization_alias="targetStartDate")
    external_position_id: OptionalText = Field(None, serialization_alias="positionId")
    incumbent_name: OptionalText = Field(None, serialization_alias="incumbentName")
    clear_fields: Clear = None

    clearable: ClassVar[tuple[str, ...]] = ("external_position_id", "incumbent_name")

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.given and not self.clear_fields:
            names = ("type", "position_open_date", "target_start_date", "external_position_id", "incumbent_name")
            raise InvalidInputError(f"at least one of {', '.join(names)} is required", fields=names)
        return self

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the write replaces the position, so the other values must be sent back."""
        return (
            None
            if len(self.given) + len(self.cleared) == 5
            else "values that are not given must be read, or the write removes them"
        )

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of the position that a PUT accepts."""
        position = _POSITION_SHAPE.input_of(state) or {}
        dates = {name: same_instant(position[name]) for name in _POSITION_DATES if name in position}
        return in_order(position | dates, ("type", *_POSITION_DATES))

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole position with the arguments merged into it.

        :raises InvalidInputError: the position lacks one of the three members that the API requires.
        """
        kept = {name: value for name, value in self.current(state).items() if name not in self.cleared}
        body = kept | self.given
        names = {
            "type": "type",
            "positionOpenDate": "position_open_date",
            "targetStartDate": "target_start_date",
        }
        if absent := tuple(names[name] for name in missing(body, names)):
            raise InvalidInputError(
                f"The position has no {' and no '.join(absent)} yet, which SmartRecruiters requires.",
                hint=f"Give {' and '.join(absent)} as well.",
                fields=absent,
            )
        return body
