"""The content of jobs and job ads: the parts that can be given, and how they are merged into the current content.

The API returns more than it accepts (labels beside ids, who created it and when), and a PUT removes every member that
it does not contain. So the response is first converted to what a PUT accepts, and then the given parts are merged into
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from airflow_provider_smartrecruiters.api.fields import OptionalDateTime, RecordId, same_instant

LOCATION_FIELDS = (
    "countryCode",
    "regionCode",
    "city",
    "address",
    "postalCode",
    "remote",
    "latitude",
    "longitude",
)
SECTIONS = ("companyDescription", "jobDescription", "qualifications", "additionalInformation", "videos")
SHOWN = ("*.id", "*.code", "*.countryCode", "*.remote", "targetHiringDate", "template", "refNumber")
"""Fields of a job and a job ad whose values may be shown."""

_IDENTIFIED = ("department", "industry", "function", "typeOfEmployment", "experienceLevel", "eeoCategory")
_PLACE = {"countryCode", "regionCode", "city", "address", "postalCode"}
_COORDINATES = ("latitude", "longitude")


def _coordinate(value: Any) -> Any:
    # The API uses text for coordinates, people use numbers.
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    if not -180 <= value <= 180:
        raise ValueError("must be between -180 and 180")
    return str(value)


class _Part(BaseModel):
    """A part of a job or ad. All members are optional: None removes one, and unknown members are sent unchanged."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    def given(self) -> dict[str, Any]:
        """Return the given members."""
        return self.model_dump(exclude_unset=True)


class Identified(_Part):
    """A value from a list of the company, by id."""

    id: RecordId


class LanguageFields(_Part):
    """A language by code, ``en`` or ``pt-BR``."""

    code: Annotated[str, Field(min_length=2, max_length=16)]


class LocationFields(_Part):
    """The location of a job. ``countryCode`` has two lower-case letters."""

    countryCode: Annotated[str, Field(min_length=2, max_length=2)] | None = None  # noqa: N815 - the API's own names
    regionCode: str | None = None  # noqa: N815
    city: Annotated[str, Field(min_length=1)] | None = None
    address: str | None = None
    postalCode: str | None = None  # noqa: N815
    remote: bool | None = None
    latitude: Annotated[str | None, BeforeValidator(_coordinate)] = None
    longitude: Annotated[str | None, BeforeValidator(_coordinate)] = None


class SectionFields(_Part):
    """A section of a job ad; ``text`` may be HTML."""

    title: str | None = None
    text: str | None = None


class VideoFields(_Part):
    """Videos of a job ad."""

    urls: list[str] | None = None


class SectionsFields(_Part):
    """The sections of a job ad."""

    companyDescription: SectionFields | None = None  # noqa: N815
    jobDescription: SectionFields | None = None  # noqa: N815
    qualifications: SectionFields | None = None
    additionalInformation: SectionFields | None = None  # noqa: N815
    videos: VideoFields | None = None


class JobAdFields(_Part):
    """The ad within a job. Its sections are one level deeper than in a separate job ad."""

    sections: SectionsFields | None = None
    language: LanguageFields | None = None


class CompensationFields(_Part):
    """The salary range."""

    min: float | int | None = None
    max: float | int | None = None
    currency: str | None = None
    period: str | None = None


class PropertyFields(_Part):
    """A custom property of a job.

    ``value`` is ``{"id"}`` for a value from a list, or ``{"label"}`` for text. None removes the property.
    """

    id: RecordId
    # Required, without a default: forgetting the value must not remove the property.
    value: dict[str, Any] | None


class JobFields(_Part):
    """A job, in the API's own field names."""

    title: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    refNumber: Annotated[str, Field(max_length=63)] | None = None  # noqa: N815
    targetHiringDate: OptionalDateTime = None  # noqa: N815
    department: Identified | None = None
    location: LocationFields | None = None
    industry: Identified | None = None
    function: Identified | None = None
    typeOfEmployment: Identified | None = None  # noqa: N815
    experienceLevel: Identified | None = None  # noqa: N815
    eeoCategory: Identified | None = None  # noqa: N815
    template: bool | None = None
    compensation: CompensationFields | None = None
    jobAd: JobAdFields | None = None  # noqa: N815
    properties: list[PropertyFields] | None = None


def job_input(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a job from a response to the form that a PUT accepts."""
    job: dict[str, Any] = _kept(answer, ("title", "refNumber", "targetHiringDate"))
    if "targetHiringDate" in job:
        job["targetHiringDate"] = same_instant(job["targetHiringDate"])
    job |= {name: {"id": answer[name]["id"]} for name in _IDENTIFIED if (answer.get(name) or {}).get("id")}
    job |= location_input(answer)
    job |= _kept(answer, ("template",))
    if compensation := _kept(answer.get("compensation") or {}, ("min", "max", "currency", "period")):
        job["compensation"] = compensation
    ad = answer.get("jobAd") or {}
    job_ad = language_input(ad)
    if sections := sections_input(ad.get("sections") or {}):
        job_ad["sections"] = sections
    if job_ad:
        job["jobAd"] = job_ad
    if properties := [_property_input(item) for item in answer.get("properties") or () if item.get("value")]:
        job["properties"] = properties
    return job


def job_ad_input(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a job ad from a response to the form that a PUT accepts."""
    return (
        _kept(answer, ("title",))
        | language_input(answer)
        | location_input(answer)
        | {"jobAd": sections_input(answer.get("jobAd") or {})}
    )


def language_input(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{"language": {"code"}}``; ``{}`` if there is none."""
    code = (answer.get("language") or {}).get("code")
    return {"language": {"code": code}} if code else {}


def location_input(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{"location": {…}}``; ``{}`` if there is none."""
    location = _kept(answer.get("location") or {}, LOCATION_FIELDS)
    return {"location": location} if location else {}


def sections_input(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of an ad from a response, with all of their members."""
    return {name: dict(section) for name, section in answer.items() if isinstance(section, Mapping) and section}


def given_job(fields: JobFields) -> dict[str, Any]:
    """Return the given parts of a job in the form that a PUT accepts: ids without labels."""
    job = fields.given()
    for name in _IDENTIFIED:
        if job.get(name):
            job[name] = {"id": job[name]["id"]}
    if job.get("properties"):
        job["properties"] = [_property_input(item) for item in job["properties"]]
    return job


def merge(base: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``wanted`` merged into it, member by member. None removes a member.

    ``properties`` are merged by id. A location that changes loses the coordinates of the old place unless new ones are
    given.

    :param base: the current content.
    :param wanted: the given parts.
    """
    merged = dict(base)
    for name, value in wanted.items():
        there = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif name == "properties" and isinstance(value, list):
            merged[name] = _merge_properties(there or [], value)
        elif isinstance(value, Mapping):
            merged[name] = merge(there if isinstance(there, Mapping) else {}, value)
            if name == "location" and isinstance(there, Mapping):
                _drop_stale_coordinates(there, value, merged[name])
        else:
            merged[name] = value
    return merged


def missing(content: Mapping[str, Any], required: Iterable[str]) -> list[str]:
    """Return the dotted names in ``required`` that ``content`` lacks."""

    def value(name: str) -> Any:
        found: Any = content
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    return [name for name in required if value(name) in (None, "")]


def _kept(answer: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: answer[name] for name in names if answer.get(name) is not None}


def _property_input(item: Mapping[str, Any]) -> dict[str, Any]:
    value = item.get("value")
    if isinstance(value, Mapping) and value.get("id"):
        value = {"id": value["id"]}
    return {"id": item["id"], "value": value}


def _merge_properties(there: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    replaced = {item["id"] for item in wanted}
    kept = [item for item in there if item["id"] not in replaced]
    return kept + [item for item in wanted if item.get("value") is not None]


def _drop_stale_coordinates(before: Mapping[str, Any], given: Mapping[str, Any], after: dict[str, Any]) -> None:
    moved = any(before.get(name) != after.get(name) for name in _PLACE)
    if moved and not any(name in given for name in _COORDINATES):
        for name in _COORDINATES:
            after.pop(name, None)
