"""Changes of jobs, their ads, notes and positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.diff import FieldDiff
from airflow_provider_smartrecruiters.api.fields import (
    OptionalDateTime,
    OptionalText,
    RecordId,
    check_json,
    check_text,
    choice_or_none,
    one_of,
    refuse_bytes,
    refuse_unrendered,
    same_instant,
)
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.job_content import (
    SECTIONS,
    SHOWN,
    JobFields,
    LocationFields,
    SectionsFields,
    given_job,
    job_ad_input,
    job_input,
    merge,
    missing,
)
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError

__all__ = ["UpdateJobAd", "UpdateJobAndJobAd", "UpdateJobNote", "UpdateJobPosition", "UpdateJobStatus"]

JOB_STATUSES = ("CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD")
POSITION_TYPES = ("NEW", "REPLACEMENT")
NOTE_MAX_LENGTH = 20_000
"""Longest note, in characters."""

_JOB = "/jobs/{jobId}"
_JOB_AD = "/jobs/{jobId}/jobads/{jobAdId}"
_NOTE = "/jobs/{jobId}/note"
_POSITION = "/jobs/{jobId}/positions/{positionId}"

_NO_ACCESS = (
    "The credential may not read or change this job. Ask a SmartRecruiters administrator whether its system role "
    "and access groups cover the job."
)


class _JobChange(Change):
    """What changes of jobs share."""

    scope: ClassVar[str] = "jobs_manage"
    read_scope: ClassVar[str | None] = "jobs_read"

    job_id: RecordId


class UpdateJobStatus(_JobChange):
    """The status of a job.

    ``PUT /jobs/{jobId}/status``

    SmartRecruiters also moves a job's status by itself as candidates advance. ``CANCELLED`` does not unpublish the
    job. Source: https://developers.smartrecruiters.com/docs/synchronizing-jobs

    :param job_id: id of the job.
    :param status: one of :data:`JOB_STATUSES` (``OFFER``; the ``OFFERED`` of an application is another list).
    """

    use_case: ClassVar[str] = "put_update_job_status"
    endpoint: ClassVar[str] = f"PUT {_JOB}/status"
    record: ClassVar[str | None] = _JOB
    subject: ClassVar[str] = "status of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    shown: ClassVar[tuple[str, ...]] = ("status",)
    hints: ClassVar[Mapping[int | str, str]] = {
        400: "SmartRecruiters does not take this status for this job now; see in SmartRecruiters which ones it offers.",
        403: _NO_ACCESS,
        404: "There is no job with this job_id, or the credential cannot see it. It is the id of the job, not its "
        "reference number.",
    }

    status: Annotated[str, one_of(JOB_STATUSES)]

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the status."""
        return {"status": state.get("status")}

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return, for a job to be cancelled, how it is published and that it stays so."""
        posting = state.get("postingStatus")
        if self.status != "CANCELLED" or posting == "NOT_PUBLISHED":
            return {}
        notice = (
            "CANCELLED does not unpublish the job. To take it off the career sites, unpublish it in SmartRecruiters "
            "(or DELETE /jobs/{jobId}/publication)."
        )
        return {"posting_status": posting, "notice": notice}


def _note_text(value: Any) -> Any:
    refuse_bytes(value)
    if isinstance(value, str):
        refuse_unrendered(value)
        check_text(value)
        if not value.strip():
            raise ValueError(
                "is empty, which would delete the note that is there; a template may have rendered nothing"
            )
        if len(value) > NOTE_MAX_LENGTH:
            raise ValueError(f"has {len(value):,} characters; a note has at most {NOTE_MAX_LENGTH:,}")
    return value


class UpdateJobNote(_JobChange):
    """The note of a job: one per job, replaced whole.

    ``PUT /jobs/{jobId}/note``

    :param job_id: id of the job.
    :param content: the text, 1 to 20,000 characters.
    """

    use_case: ClassVar[str] = "put_update_job_note"
    endpoint: ClassVar[str] = f"PUT {_NOTE}"
    record: ClassVar[str | None] = _NOTE
    subject: ClassVar[str] = "note of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    hints: ClassVar[Mapping[int | str, str]] = {
        401: "The credential has no access to this job's note. Ask a SmartRecruiters administrator for access to the "
        "job; if other tasks with this connection fail too, check the credential.",
        403: _NO_ACCESS,
        404: "There is no job with this job_id, or the credential cannot see it.",
    }

    content: Annotated[str, BeforeValidator(_note_text)]

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return ``{"content"}``: ``GET /jobs/{jobId}/note``; empty for a job that has no note yet."""
        try:
            return super().read(client)
        except NotFoundError:
            # No source says how a job without a note is answered: a 404 of the note is none of the job.
            client.request("GET", _JOB, path_params=self.path_params)
            return {}

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text."""
        return {"content": state.get("content")}


class UpdateJobPosition(_JobChange):
    """A position (a head count) of a job. What is not given keeps its value.

    ``PUT /jobs/{jobId}/positions/{positionId}``

    :param job_id: id of the job.
    :param position_id: id of the position's record, as the list of positions answers it.
    :param type: ``NEW`` or ``REPLACEMENT``.
    :param position_open_date: when the position opens: a date, a datetime, or ISO 8601 text; UTC without an offset.
    :param target_start_date: when the hire is to start; likewise.
    :param external_position_id: the company's own text for the position (``positionId`` of the body).
    :param incumbent_name: name of the person who is replaced.
    """

    use_case: ClassVar[str] = "put_update_job_position"
    endpoint: ClassVar[str] = f"PUT {_POSITION}"
    record: ClassVar[str | None] = _POSITION
    subject: ClassVar[str] = "position {position_id} of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id", "position_id")
    shown: ClassVar[tuple[str, ...]] = ("type", "positionOpenDate", "targetStartDate")
    whole: ClassVar[bool] = True
    hints: ClassVar[Mapping[int | str, str]] = {
        403: _NO_ACCESS,
        404: "Check job_id and position_id. position_id is the id that SmartRecruiters gave the position, not the "
        "company's own position number, which is external_position_id. Programs find it under GET "
        "/jobs/{jobId}/positions.",
    }

    position_id: RecordId
    type: Annotated[str | None, choice_or_none(POSITION_TYPES)] = None
    position_open_date: OptionalDateTime = Field(None, serialization_alias="positionOpenDate")
    target_start_date: OptionalDateTime = Field(None, serialization_alias="targetStartDate")
    external_position_id: OptionalText = Field(None, serialization_alias="positionId")
    incumbent_name: OptionalText = Field(None, serialization_alias="incumbentName")

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.given:
            names = ("type", "position_open_date", "target_start_date", "external_position_id", "incumbent_name")
            raise InvalidInputError(f"at least one of {', '.join(names)} is needed", fields=names)
        return self

    @property
    def needs_read(self) -> str | None:
        """Why the position must be read: the write replaces it, so what is not given has to be sent back."""
        return None if len(self.given) == 5 else "what is not given has to be read, or the write would remove it"

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of the position a PUT accepts."""
        dates = ("positionOpenDate", "targetStartDate")
        accepted = ("type", *dates, "positionId", "incumbentName")
        current = {name: state[name] for name in accepted if state.get(name) is not None}
        return current | {name: same_instant(current[name]) for name in dates if name in current}

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole position with what was given laid over it.

        :raises InvalidInputError: when it lacks one of the three members that the API demands.
        """
        body = self.current(state) | self.given
        names = {
            "type": "type",
            "positionOpenDate": "position_open_date",
            "targetStartDate": "target_start_date",
        }
        if lacking := tuple(names[name] for name in missing(body, names)):
            raise InvalidInputError(
                f"The position has no {' and no '.join(lacking)} yet, and the API demands it.",
                hint=f"Give {' and '.join(lacking)} too.",
                fields=lacking,
            )
        return body


class UpdateJobAd(_JobChange):
    """An ad of a job. Only the parts given change; everything else in the ad stays.

    ``PUT /jobs/{jobId}/jobads/{jobAdId}``

    Career sites, widgets and aggregators show the change only after the ad is published again.

    :param job_id: id of the job.
    :param job_ad_id: id of one of its ads.
    :param title: title of the ad.
    :param language: code of the ad's language, ``en``.
    :param location: ``{"countryCode", "city", "regionCode", "address", "postalCode", "remote", "latitude",
        "longitude"}``, any of them; None as a value removes one.
    :param job_ad: sections to change: ``{"jobDescription": {"title", "text"}, …}``; the sections are
        ``companyDescription``, ``jobDescription``, ``qualifications``, ``additionalInformation`` and ``videos``
        (``{"urls": […]}``). None as a value removes a section.
    """

    use_case: ClassVar[str] = "put_update_job_ad"
    endpoint: ClassVar[str] = f"PUT {_JOB_AD}"
    record: ClassVar[str | None] = _JOB_AD
    subject: ClassVar[str] = "ad {job_ad_id} of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id", "job_ad_id")
    shown: ClassVar[tuple[str, ...]] = SHOWN
    whole: ClassVar[bool] = True
    hints: ClassVar[Mapping[int | str, str]] = {
        400: "SmartRecruiters does not take the ad as it is: see that it has a title, that no section has more "
        "than 9,999 characters, that the language is one of the company's, and that a location has countryCode "
        "and city.",
        403: _NO_ACCESS,
        404: "Check job_id and job_ad_id: the ad has to be one of this job's own. Programs find them under GET "
        "/jobs/{jobId}/jobads.",
    }

    job_ad_id: RecordId
    title: OptionalText = None
    language: OptionalText = None
    location: LocationFields | None = None
    job_ad: SectionsFields | None = None

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.given:
            names = ("title", "language", "location", "job_ad")
            raise InvalidInputError(f"at least one of {', '.join(names)} is needed", fields=names)
        if unknown := [name for name in (self.job_ad.given() if self.job_ad else {}) if name not in SECTIONS]:
            raise InvalidInputError(
                f"job_ad has {len(unknown)} unknown sections; the sections are {', '.join(SECTIONS)}",
                fields=("job_ad",),
            )
        check_json(self.given, "job_ad")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The parts of the ad to change, in the API's names."""
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
        """Why the ad must be read: the write replaces it, so what is not given has to be sent back."""
        return "the rest of the ad has to be read, or the write would remove it"

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of the ad a PUT accepts."""
        return job_ad_input(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole ad with what was given laid over it.

        :raises InvalidInputError: when a location is wanted that lacks the country or the city.
        """
        body = merge(job_ad_input(state), self.given)
        if "location" in body and (lacking := missing(body, ("location.countryCode", "location.city"))):
            if not self.location:
                # An ad may have half a location, which the API answers but does not take.
                del body["location"]
            else:
                raise _lacking(lacking)
        return body

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return whether the ad is published and therefore needs publishing again for the change to show outside."""
        posting = state.get("postingStatus")
        return {"posting_status": posting, "needs_publishing": bool(diffs) and posting == "PUBLISHED"}


class UpdateJobAndJobAd(_JobChange):
    """A job together with its ad. Only what is given changes; everything else stays.

    ``PUT /jobs/{jobId}``, which removes every property that is left out; so the job is read, what the API answers is
    turned into what it accepts, and what is given is laid over it. After the write the job is read again, because
    the API silently drops properties and values that it does not know.

    Changing some fields can start the company's job approval.

    :param job_id: id of the job.
    :param job: what is to change, in the API's own field names: ``{"title", "refNumber", "targetHiringDate",
        "department": {"id"}, "location": {…}, "industry": {"id"}, "function": {"id"}, "typeOfEmployment": {"id"},
        "experienceLevel": {"id"}, "eeoCategory": {"id"}, "template", "compensation": {…}, "jobAd": {"language":
        {"code"}, "sections": {…}}, "properties": [{"id", "value"}]}``. None as a value removes a member;
        ``properties`` are changed by their ids, those not named stay.
    :param replace: send ``job`` as it is: everything that it lacks is removed.
    """

    use_case: ClassVar[str] = "put_update_job_and_jobad"
    endpoint: ClassVar[str] = f"PUT {_JOB}"
    record: ClassVar[str | None] = _JOB
    subject: ClassVar[str] = "job {job_id} and its ad"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    shown: ClassVar[tuple[str, ...]] = SHOWN
    whole: ClassVar[bool] = True
    hints: ClassVar[Mapping[int | str, str]] = {
        400: "One of the values is not on the company's lists: compare department, industry, function, "
        "typeOfEmployment, experienceLevel, eeoCategory and the ad's language with the settings in SmartRecruiters. Or "
        "a text is too long: a section of the ad has at most 9,999 characters.",
        403: _NO_ACCESS,
        404: "There is no job with this job_id, or the credential cannot see it. It is the id of the job, not its "
        "reference number.",
        422: "One of the values is not on the company's lists, or a required one is missing: compare department, "
        "industry, function, typeOfEmployment, experienceLevel, eeoCategory and the ad's language with the settings "
        "in SmartRecruiters.",
    }
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

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        given = self.job.given()
        if not given:
            raise InvalidInputError("job is empty: nothing to change", fields=("job",))
        check_json(given, "job")
        if self.replace:
            self._check_complete(given)
        return self

    @property
    def needs_read(self) -> str | None:
        """Why the job must be read: the write replaces it, so what is not given has to be sent back."""
        return None if self.replace else "the rest of the job has to be read, or the write would remove it"

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of the job a PUT accepts."""
        return job_input(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole job with what was given laid over it; with ``replace`` what was given alone.

        :raises InvalidInputError: when it lacks a member that the API demands.
        """
        if self.replace:
            # Laid over nothing, for None means the same everywhere: the member is left out, never sent as null.
            return merge({}, given_job(self.job))
        body = merge(job_input(state), given_job(self.job))
        self._check_complete(body)
        return body

    def _check_complete(self, body: Mapping[str, Any]) -> None:
        if lacking := missing(body, self.required):
            raise _lacking(lacking, within="job.")


def _lacking(names: list[str], *, within: str = "") -> InvalidInputError:
    return InvalidInputError(
        f"SmartRecruiters demands {', '.join(names)}, and neither the record nor the arguments have it.",
        hint="Give it too.",
        fields=tuple(f"{within}{name}" for name in names),
    )
