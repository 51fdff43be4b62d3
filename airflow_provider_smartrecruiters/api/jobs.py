"""Changes to jobs, their ads, notes and positions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from airflow_provider_smartrecruiters.api.change import Change, Clear
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import DEPARTMENT, JOB_REF_NUMBER, Finder, Name
from airflow_provider_smartrecruiters.api.positions import POSITION_TYPES as POSITION_TYPES
from airflow_provider_smartrecruiters.api.records.job_content import (
    SECTIONS,
    SHOWN,
    JobFields,
    LocationFields,
    SectionsFields,
    Shape,
    compared_job,
    compared_job_ad,
    given_job,
    in_order,
    job_ad_input,
    job_input,
    merge,
    missing,
    region_notice,
)
from airflow_provider_smartrecruiters.api.records.job_properties import given_without_copies
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.arguments import is_blank
from airflow_provider_smartrecruiters.api.values.choices import choice_or_none, not_one_of, one_of
from airflow_provider_smartrecruiters.api.values.diff import UNREAD, FieldDiff
from airflow_provider_smartrecruiters.api.values.fields import (
    NamedId,
    OptionalDateTime,
    OptionalText,
    RecordId,
    as_text,
    at_most,
    check_json,
    same_instant,
)
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    SmartRecruitersError,
)

__all__ = ["UpdateJobAd", "UpdateJobAndJobAd", "UpdateJobNote", "UpdateJobPosition", "UpdateJobStatus"]

JOB_STATUSES = ("CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD")
_STAYS_PUBLISHED = ("FILLED", "CANCELLED", "ON_HOLD")
"""Statuses in which nobody expects a job to be published, and which do not unpublish it."""
NOTE_MAX_LENGTH = 20_000
"""Longest note, in characters."""

_JOB = "/jobs/{jobId}"
_JOB_AD = "/jobs/{jobId}/jobads/{jobAdId}"
_NOTE = "/jobs/{jobId}/note"
_POSITION = "/jobs/{jobId}/positions/{positionId}"
_PROPERTIES = "/configuration/job-properties"

_POSITION_DATES = ("positionOpenDate", "targetStartDate")
_POSITION_SHAPE = Shape(read_only=frozenset({"id", "status", "actions"}))


class _JobChange(Change):
    """Base of the changes to a job."""

    scope: ClassVar[str] = "jobs_manage"
    read_scope: ClassVar[str | None] = "jobs_read"
    record_has: ClassVar[tuple[str, ...]] = ("id",)
    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}

    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)


class UpdateJobStatus(_JobChange):
    """Set the status of a job.

    Sends ``PUT /jobs/{jobId}/status``. API reference: https://developers.smartrecruiters.com/reference (operation
    ``jobs.status.update``).

    SmartRecruiters also changes a job's status by itself as candidates advance. ``FILLED``, ``CANCELLED`` and
    ``ON_HOLD`` do not unpublish the job. Source: https://developers.smartrecruiters.com/docs/synchronizing-jobs

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param status: one of :data:`JOB_STATUSES` (``OFFER``, not ``OFFERED`` as in the status of an application).
    """

    use_case: ClassVar[str] = "put_update_job_status"
    endpoint: ClassVar[str] = f"PUT {_JOB}/status"
    record: ClassVar[str | None] = _JOB
    subject: ClassVar[str] = "status of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    shown: ClassVar[tuple[str, ...]] = ("status",)
    enumerated: ClassVar[tuple[str, ...]] = ("status",)
    undone_by: ClassVar[str | None] = "jobs.UpdateJobStatus"
    hints: ClassVar[Hints] = hints.JOB_STATUS

    status: Annotated[str, one_of(JOB_STATUSES)]

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the status."""
        return {"status": state.get("status", UNREAD)}

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if the job stays published, and one if its current status may be a pending approval."""
        if self._stays_published(state):
            yield (
                f"{self.status} does not unpublish the job. To take it off the career sites, unpublish it in "
                "SmartRecruiters (or DELETE /jobs/{jobId}/publication)."
            )
        if state.get("status") == "OTHER":
            yield (
                "The current status is OTHER, which may be an approval that is pending; this change may skip it. Check "
                "the job's status in SmartRecruiters."
            )

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return the posting status of a job that stays published."""
        return {"posting_status": state.get("postingStatus")} if self._stays_published(state) else {}

    def _stays_published(self, state: Mapping[str, Any]) -> bool:
        # A posting status that is not known may be any.
        return self.status in _STAYS_PUBLISHED and state.get("postingStatus") != "NOT_PUBLISHED"


def _note_text(value: Any) -> Any:
    value = as_text(value)
    if is_blank(value):
        raise ValueError("is empty, which would delete the current note; a template may have rendered nothing")
    return value


class UpdateJobNote(_JobChange):
    """Replace the note of a job. A job has one note.

    Sends ``PUT /jobs/{jobId}/note``. API reference: https://developers.smartrecruiters.com/reference (operation
    ``jobs.notes.update``).

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param content: text of the note, 1 to 20,000 characters.
    """

    use_case: ClassVar[str] = "put_update_job_note"
    endpoint: ClassVar[str] = f"PUT {_NOTE}"
    record: ClassVar[str | None] = _NOTE
    record_has: ClassVar[tuple[str, ...]] = ("content",)
    subject: ClassVar[str] = "note of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    not_undone: ClassVar[str] = "results never hold notes, and so not the earlier one"
    hints: ClassVar[Hints] = hints.JOB_NOTE

    content: Annotated[str, at_most(NOTE_MAX_LENGTH, "a note"), BeforeValidator(_note_text)]

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return ``{"content"}`` from ``GET /jobs/{jobId}/note``; ``{}`` if the job has no note yet."""
        try:
            return super().read(client)
        except NotFoundError:
            # The document has this 404 for a job without a note. But other parts of the API answer 404 for a missing
            # job, so the job is read as well: if it exists, there is no note yet.
            client.request("GET", _JOB, path_params=self.path_params)
            return {}

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text."""
        return {"content": state.get("content")}


class UpdateJobPosition(_JobChange):
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


class UpdateJobAd(_JobChange):
    """Change a job ad. Only the given parts change; the rest of the ad is kept.

    Sends ``PUT /jobs/{jobId}/jobads/{jobAdId}``. API reference: https://developers.smartrecruiters.com/reference
    (operation ``jobs.jobads.update``).

    Career sites, widgets and aggregators show the change only after the ad is published again.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job_ad_id: id of one of the job's ads.
    :param title: title of the ad.
    :param language: language code of the ad, ``en``.
    :param location: any of ``{"countryCode", "city", "region", "regionCode", "address", "postalCode", "remote",
        "latitude", "longitude"}``; ``regionCode`` is for the US. None as a value removes the member.
    :param job_ad: sections to change: ``{"jobDescription": {"title", "text"}, …}``. The sections are
        ``companyDescription``, ``jobDescription``, ``qualifications``, ``additionalInformation`` and ``videos``
        (``{"urls": […]}``). A text has at most 24,999 characters. None as a value removes the section.
    """

    use_case: ClassVar[str] = "put_update_job_ad"
    endpoint: ClassVar[str] = f"PUT {_JOB_AD}"
    record: ClassVar[str | None] = _JOB_AD
    subject: ClassVar[str] = "ad {job_ad_id} of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id", "job_ad_id")
    shown: ClassVar[tuple[str, ...]] = SHOWN
    whole: ClassVar[bool] = True
    never_removed: ClassVar[tuple[str, ...]] = ("language.code",)
    not_undone: ClassVar[str] = "results never hold text that people wrote, and so not the earlier ad"
    hints: ClassVar[Hints] = hints.JOB_AD

    job_ad_id: RecordId
    title: OptionalText = None
    language: OptionalText = None
    location: LocationFields | None = None
    job_ad: SectionsFields | None = None

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.given:
            names = ("title", "language", "location", "job_ad")
            raise InvalidInputError(f"at least one of {', '.join(names)} is required", fields=names)
        for name in self.job_ad.given() if self.job_ad else ():
            if name not in SECTIONS:
                raise InvalidInputError(
                    f"job_ad has an unknown section: its name {not_one_of(name, SECTIONS)}", fields=("job_ad",)
                )
        check_json(self.given, "job_ad")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The parts of the ad to change, by the API's names."""
        given: dict[str, Any] = {}
        if self.title is not None:
            given["title"] = self.title
        if self.language is not None:
            given["language"] = {"code": self.language}
        if self.location and self.location.given():
            given["location"] = self.location.given()
        if self.job_ad and self.job_ad.given():
            given["jobAd"] = self.job_ad.given()
        return given

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the write replaces the ad, so the rest of it must be sent back."""
        return "the rest of the ad must be read, or the write would remove it"

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if a ``regionCode`` outside the US is given."""
        if notice := region_notice(self.location, state.get("location")):
            yield notice

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the ad that a PUT accepts."""
        return job_ad_input(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole ad with the arguments merged into it.

        :raises InvalidInputError: the given location lacks the country or the city.
        """
        body = merge(job_ad_input(state), self.given)
        if "location" in body and (absent := missing(body, ("location.countryCode", "location.city"))):
            if self.location:
                raise _incomplete(absent)
            # An incomplete location, which the API returns but does not accept; `details` names what is not kept.
            del body["location"]
        return body

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return an ad in normal form. An incomplete location cannot be written, so it is not a difference."""
        compared = compared_job_ad(content)
        if missing(compared, ("location.countryCode", "location.city")) and not self.location:
            compared.pop("location", None)
        return compared

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return the posting status, and whether the ad must be published again for the change to become visible."""
        posting = state.get("postingStatus")
        details = {"posting_status": posting, "needs_publishing": bool(diffs) and posting == "PUBLISHED"}
        location = job_ad_input(state).get("location") or {}
        if location and diffs and not self.location and missing(location, ("countryCode", "city")):
            details["not_kept"] = [f"location.{name}" for name in location]
        return details

    def remarks(self, details: Mapping[str, Any]) -> Iterator[str]:
        """Yield that the ad must be published again, and what a write cannot keep."""
        if details.get("needs_publishing"):
            yield "The ad is published. Publish it again in SmartRecruiters, so that the career sites show the change."
        if lost := details.get("not_kept"):
            yield f"Not kept, because the API does not accept an incomplete location: {', '.join(lost)}."


class UpdateJobAndJobAd(_JobChange):
    """Change a job together with its ad. Only the given parts change; the rest is kept.

    Sends ``PUT /jobs/{jobId}``, which removes every property that is left out. So the job is read, converted to what
    the API accepts, and the given parts are merged into it. After the write the job is read again, because the API
    silently drops properties and values that it does not know. API reference:
    https://developers.smartrecruiters.com/reference (operation ``jobs.update``).

    Changing some fields can start the company's job approval.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job: parts to change, by the API's own field names: ``{"title", "refNumber", "targetHiringDate",
        "department": {"id"}, "location": {…}, "industry": {"id"}, "function": {"id"}, "typeOfEmployment": {"id"},
        "experienceLevel": {"id"}, "eeoCategory": {"id"}, "template", "compensation": {…}, "jobAd": {"language":
        {"code"}, "sections": {…}}, "properties": [{"id", "value"}]}``. None as a value removes the member.
        ``properties`` are changed by id; the others are kept. The department may be ``{"label"}`` instead, which is
        looked up with ``GET /configuration/departments`` (scope ``configuration_read``).
    :param replace: send ``job`` as it is, which removes everything that it lacks.
    """

    use_case: ClassVar[str] = "put_update_job_and_jobad"
    endpoint: ClassVar[str] = f"PUT {_JOB}"
    record: ClassVar[str | None] = _JOB
    subject: ClassVar[str] = "job {job_id} and its ad"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    shown: ClassVar[tuple[str, ...]] = SHOWN
    whole: ClassVar[bool] = True
    never_removed: ClassVar[tuple[str, ...]] = ("jobAd.language.code",)
    not_undone: ClassVar[str] = "results never hold text that people wrote, and so not the earlier job"
    hints: ClassVar[Hints] = hints.JOB
    required: ClassVar[tuple[str, ...]] = (
        "title",
        "location.countryCode",
        "location.city",
        "industry.id",
        "function.id",
        "experienceLevel.id",
    )

    job: JobFields
    replace: bool = False

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Self:
        """Return the change with the id of the department, if that is given by its label.

        :param client: client to send with.
        :param lookups: cache of look-ups for the whole batch.
        :raises InvalidInputError: no department has the label, or several have it.
        :raises PermissionDeniedError: the credential may not read the departments.
        """
        department = self.job.department
        if department is None or department.id is not None or department.label is None:
            return self
        argument = "job.department.id"
        found = DEPARTMENT.find(Finder(client, lookups), department.label, argument)
        record = DEPARTMENT.the_one(found, argument)
        named = department.model_copy(update={"id": str(record["id"])})
        change = self.model_copy(update={"job": self.job.model_copy(update={"department": named})})
        change._labels = self._labels | {str(record["id"]): record["label"]}
        return change

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        given = self.job.given()
        if not given:
            raise InvalidInputError("job is empty, so there is nothing to change", fields=("job",))
        check_json(given, "job")
        if self.replace:
            self._check_complete(given)
        return self

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the write replaces the job, so the rest of it must be sent back."""
        return None if self.replace else "the rest of the job must be read, or the write would remove it"

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if a ``regionCode`` outside the US is given."""
        if notice := region_notice(self.job.location, state.get("location")):
            yield notice

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the job that a PUT accepts."""
        return job_input(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole job with the given parts merged into it; with ``replace``, the given parts only.

        :raises InvalidInputError: the body lacks a member that the API requires, or a property contradicts the member
            that it repeats.
        """
        given = given_without_copies(given_job(self.job), state)
        if self.replace:
            # Merged into nothing, so that None means the same everywhere: the member is left out, never sent as null.
            return merge({}, given)
        body = merge(job_input(state), given)
        self._check_complete(body)
        return body

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the whole job.

        :raises BadRequestError: among others, a property that the company requires has no value. The error names it, if
            the credential may read ``GET /configuration/job-properties`` (scope ``configuration_read``).
        """
        try:
            return super().send(client, body)
        except BadRequestError as error:
            if error.code == "JOB_PROPERTY_REQUIRED" and (names := _required_without_value(client, body)):
                error.summary += f" Required without a value: {', '.join(names)}."
            raise

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return a job in normal form."""
        return compared_job(content)

    def _check_complete(self, body: Mapping[str, Any]) -> None:
        if absent := missing(body, self.required):
            raise _incomplete(absent, within="job.", alone=self.replace)


def _required_without_value(client: SmartRecruitersClient, body: Mapping[str, Any]) -> list[str]:
    given = {item.get("id") for item in body.get("properties", ())}
    try:
        known = list(client.pages(_PROPERTIES, params={"limit": None}))
    except SmartRecruitersError:
        # The names are a help, and the error that they would be in is the one to raise.
        return []
    required = (one for one in known if one.get("required") and one.get("id") not in given)
    return [f"{json.dumps(one.get('label'), ensure_ascii=False)} (id {one.get('id')})" for one in required]


def _incomplete(names: list[str], *, within: str = "", alone: bool = False) -> InvalidInputError:
    lacks = "job lacks; with replace, it is sent as it is" if alone else "neither the record nor the arguments contain"
    return InvalidInputError(
        f"SmartRecruiters requires {', '.join(names)}, which {lacks}.",
        hint=f"Give {', '.join(f'{within}{name}' for name in names)} as well{', or leave out replace' * alone}.",
        fields=tuple(f"{within}{name}" for name in names),
    )
