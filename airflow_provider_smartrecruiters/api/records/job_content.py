"""What a job and a job ad hold: the parts that may be given, and how they are laid over the record.

A PUT removes whatever it is not sent, and the API answers more than it takes: labels beside ids, who created the job,
when. So what was answered is turned into what is accepted first, then the given parts are laid over it. Turning it is a
list of what is *not* sent (a :class:`Shape`), so that a member which nobody here has heard of is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from airflow_provider_smartrecruiters.api.records.job_properties import without_copies
from airflow_provider_smartrecruiters.api.values.fields import (
    NamedId,
    OptionalDateTime,
    RecordId,
    Text,
    at_most,
    same_instant,
)
from airflow_provider_smartrecruiters.api.values.normal import normal

SECTIONS = ("companyDescription", "jobDescription", "qualifications", "additionalInformation", "videos")
SECTION_MAX_LENGTH = 24_999
"""Longest text of a section, in characters, its HTML included."""
SHOWN = ("*.id", "*.code", "*.countryCode", "*.remote", "targetHiringDate", "template", "refNumber")
"""Fields of a job and a job ad whose values may be shown."""

_IDENTIFIED = ("department", "industry", "function", "typeOfEmployment", "experienceLevel", "eeoCategory")
_PLACE = {"countryCode", "regionCode", "region", "city", "address", "postalCode"}
_COORDINATES = ("latitude", "longitude")


@dataclass(frozen=True)
class Shape:
    """How a part of an answer becomes a part of a request.

    :param read_only: members that the API answers and never takes.
    :param only: the members to send, where that is a fixed few: the id of a list's value, without its label.
    :param parts: the members that have a shape of their own. All others are sent back as they were answered.
    """

    read_only: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    parts: Mapping[str, Shape] = field(default_factory=dict)

    def input_of(self, answer: Any) -> Any:
        """Return what a PUT accepts of an answer. A null is a member that is not set; the API refuses to take it back.

        :param answer: what was answered, or what was given in the form of an answer.
        :return: the same without read-only members and without nulls; None where nothing is left.
        """
        if isinstance(answer, list):
            return [kept for item in answer if (kept := self.input_of(item)) is not None]
        if not isinstance(answer, Mapping):
            return answer
        kept = {
            name: self.parts.get(name, _ANYTHING).input_of(value)
            for name, value in answer.items()
            if name not in self.read_only and (name in self.only or not self.only)
        }
        return {name: value for name, value in kept.items() if value is not None} or None


_ANYTHING = Shape()
_BY_ID = Shape(only=frozenset({"id"}))
_BY_CODE = Shape(only=frozenset({"code"}))
_LOCATION = Shape(read_only=frozenset({"country", "manual", "lat", "lng"}))


class _ValueShape(Shape):
    """The value of a property: the id of a list's value stands for its label; any other value is text by its label."""

    def input_of(self, answer: Any) -> Any:
        shape = _BY_ID if isinstance(answer, Mapping) and answer.get("id") else _ANYTHING
        return shape.input_of(answer)


class _PropertyShape(Shape):
    """A property without a value is not set, which a PUT says by leaving it out."""

    def input_of(self, answer: Any) -> Any:
        kept = super().input_of(answer)
        return kept if not isinstance(kept, Mapping) or "value" in kept else None


_PROPERTIES = _PropertyShape(read_only=frozenset({"label"}), parts={"value": _ValueShape()})
_WRITTEN_BY_THE_API = frozenset(
    {"id", "status", "postingStatus", "createdOn", "updatedOn", "lastActivityOn", "creator", "actions"}
)
JOB = Shape(
    read_only=_WRITTEN_BY_THE_API | {"language"},
    parts={
        **dict.fromkeys(_IDENTIFIED, _BY_ID),
        "location": _LOCATION,
        "jobAd": Shape(parts={"language": _BY_CODE}),
        "properties": _PROPERTIES,
    },
)
"""A job, as ``PUT /jobs/{jobId}`` takes it."""
JOB_AD = Shape(
    read_only=_WRITTEN_BY_THE_API | {"applyUrl", "default", "visibility"},
    parts={"language": _BY_CODE, "location": _LOCATION},
)
"""A job ad, as ``PUT /jobs/{jobId}/jobads/{jobAdId}`` takes it."""


def _coordinate(limit: int) -> BeforeValidator:
    def check(value: Any) -> Any:
        # The API has coordinates as text; people hold them as numbers.
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return value
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise ValueError("must be a number, such as 52.52") from None
        if not -limit <= number <= limit:
            raise ValueError(f"must be between -{limit} and {limit}")
        # Positional: the text of a small float is 5e-05, which is no coordinate to the API.
        return value.strip() if isinstance(value, str) else _positional(number)

    return BeforeValidator(check)


def _positional(number: float) -> str:
    return f"{number:.12f}".rstrip("0").rstrip(".") if number else "0"


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class _Part(BaseModel):
    """A part of a job or ad. All members are optional: None removes one, and unknown members are sent unchanged, unless
    they look like a misspelled one.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)
    answered: ClassVar[frozenset[str]] = frozenset()
    """Members that the API answers and never takes, for a record that is given back as it was read."""

    @model_validator(mode="after")
    def _spelled(self) -> Self:
        known = {name.lower(): name for name in type(self).model_fields}
        for name in set(self.model_extra or ()) - self.answered:
            # 0.74 catches two swapped letters in a name of four. Lower, and members that the API may add one day would
            # be taken for misspelled ones.
            if close := get_close_matches(name.lower(), known, n=1, cutoff=0.74):
                raise ValueError(f"has the unknown member {name}; did you mean {known[close[0]]}?")
        return self

    def __repr__(self) -> str:
        # Without values, as the change that it is a part of: most of them are texts that people wrote.
        return f"{type(self).__name__}({', '.join(self.model_fields_set)})"

    __str__ = __repr__

    def given(self) -> dict[str, Any]:
        """Return the given members."""
        return self.model_dump(exclude_unset=True)


class Identified(_Part):
    """A value from a list of the company, by id."""

    id: RecordId


class Labelled(_Part):
    """A value from a list of the company, by id, or by its label if there is no id."""

    id: NamedId = None
    label: Text | None = None

    @model_validator(mode="after")
    def _id_or_label(self) -> Self:
        if self.id is None and self.label is None:
            raise ValueError("needs an id or a label")
        return self


class LanguageFields(_Part):
    """A language by code, ``en`` or ``pt-BR``."""

    code: Annotated[Text, Field(min_length=2, max_length=16)]


class LocationFields(_Part):
    """Where a job is. ``countryCode`` has two letters; ``regionCode`` is for the US, ``region`` (the name) for the rest
    of the world.
    """

    answered: ClassVar[frozenset[str]] = _LOCATION.read_only

    countryCode: Annotated[Text, Field(min_length=2, max_length=2), BeforeValidator(_lower)] | None = None  # noqa: N815 - the API's own names
    regionCode: Annotated[Text, Field(max_length=256)] | None = None  # noqa: N815
    region: Annotated[Text, Field(max_length=256)] | None = None
    city: Annotated[Text, Field(min_length=1, max_length=128)] | None = None
    address: Annotated[Text, Field(max_length=2000)] | None = None
    postalCode: Annotated[Text, Field(max_length=32)] | None = None  # noqa: N815
    remote: bool | None = None
    latitude: Annotated[Text | None, _coordinate(90)] = None
    longitude: Annotated[Text | None, _coordinate(180)] = None


class SectionFields(_Part):
    """A section of a job ad; ``text`` may be HTML, of at most :data:`SECTION_MAX_LENGTH` characters."""

    title: Text | None = None
    text: Annotated[Text, at_most(SECTION_MAX_LENGTH, "a section")] | None = None


class VideoFields(_Part):
    """Videos of a job ad."""

    urls: list[Text] | None = None


class SectionsFields(_Part):
    """The sections of a job ad."""

    companyDescription: SectionFields | None = None  # noqa: N815
    jobDescription: SectionFields | None = None  # noqa: N815
    qualifications: SectionFields | None = None
    additionalInformation: SectionFields | None = None  # noqa: N815
    videos: VideoFields | None = None


class JobAdFields(_Part):
    """The ad within a job. Its sections are one level deeper than in a job ad of its own."""

    sections: SectionsFields | None = None
    language: LanguageFields | None = None


class CompensationFields(_Part):
    """The salary range."""

    min: float | int | None = None
    max: float | int | None = None
    currency: Text | None = None
    period: Text | None = None


class PropertyFields(_Part):
    """A custom property of a job.

    ``value`` is ``{"id"}`` for a value from a list, or ``{"label"}`` for text. None removes the property.
    """

    id: RecordId
    # Required, without a default: forgetting the value must not remove the property.
    value: dict[str, Any] | None


class JobFields(_Part):
    """A job, in the API's own field names."""

    title: Annotated[Text, Field(min_length=1, max_length=256)] | None = None
    refNumber: Annotated[Text, Field(max_length=63)] | None = None  # noqa: N815
    targetHiringDate: OptionalDateTime = None  # noqa: N815
    department: Labelled | None = None
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
    """Return what a PUT accepts of an answered job, in the form in which it does."""
    job = in_order(JOB.input_of(without_copies(answer)) or {}, JobFields.model_fields)
    if not job.get("properties"):
        job.pop("properties", None)
    return job | {name: same_instant(job[name]) for name in ("targetHiringDate",) if name in job}


def job_ad_input(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a PUT accepts of an answered job ad, in the form in which it does."""
    return in_order({"jobAd": {}} | (JOB_AD.input_of(answer) or {}), ("title", "language", "location", "jobAd"))


def in_order(content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return members in the order in which a log should name them, those that nobody has heard of last."""
    return {name: content[name] for name in names if name in content} | dict(content)


def given_job(fields: JobFields) -> dict[str, Any]:
    """Return the given parts of a job in the form that is sent. None stays: it removes.

    A job as a GET answers it may be given back: members that the API writes, and labels beside ids, are left out.
    """
    job = {name: value for name, value in fields.given().items() if name not in JOB.read_only}
    for name, value in job.items():
        if name == "properties":
            job[name] = [_given_property(item) for item in value or ()]
        elif isinstance(value, Mapping):
            job[name] = _without_read_only(JOB.parts.get(name, _ANYTHING), value)
    return job


def compared_job(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job in the normal form in which it is compared.

    Beyond what :func:`.normal` does: codes of places are the same in capitals, a switch that is not set is false, and a
    property may have several values, in any order.
    """
    compared = {"template": False} | compared_job_ad(content)
    if properties := compared.get("properties"):
        compared["properties"] = sorted(properties, key=lambda item: json.dumps(item, sort_keys=True))
    return compared


def compared_job_ad(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job ad in the normal form in which it is compared; see :func:`compared_job`."""
    compared: dict[str, Any] = normal(content)
    if location := compared.get("location"):
        codes = {name: location[name].lower() for name in ("countryCode", "regionCode") if name in location}
        compared["location"] = {"remote": False} | location | codes
    return compared


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
                _drop_stale_place(there, value, merged[name])
        else:
            merged[name] = value
    return merged


def region_notice(given: LocationFields | None, there: Mapping[str, Any] | None) -> str | None:
    """Return what to say about a given ``regionCode`` outside the US, where the API advises against it.

    :param given: the given location.
    :param there: the current location; None if there is none or it was not read.
    """
    wanted = given.given() if given else {}
    country = wanted.get("countryCode") or (there or {}).get("countryCode")
    if not (wanted.get("regionCode") and country) or str(country).lower() == "us":
        return None
    return (
        "SmartRecruiters recommends location.regionCode for places in the US only. Give location.region, the name of "
        "the region, instead."
    )


def missing(content: Mapping[str, Any], required: Iterable[str]) -> list[str]:
    """Return the dotted names in ``required`` that ``content`` lacks."""

    def value(name: str) -> Any:
        found: Any = content
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    return [name for name in required if value(name) in (None, "")]


def _without_read_only(shape: Shape, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_read_only(shape.parts.get(name, _ANYTHING), value) if isinstance(value, Mapping) else value
        for name, value in given.items()
        if name not in shape.read_only and (name in shape.only or not shape.only)
    }


def _given_property(item: Mapping[str, Any]) -> dict[str, Any]:
    # Not through the shape alone: it leaves out a property without a value, and here that removes one.
    return {"id": item["id"], "value": _PROPERTIES.parts["value"].input_of(item.get("value"))}


def _merge_properties(there: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    replaced = {item["id"] for item in wanted}
    kept = [item for item in there if item["id"] not in replaced]
    return kept + [item for item in wanted if item.get("value") is not None]


def _drop_stale_place(before: Mapping[str, Any], given: Mapping[str, Any], after: dict[str, Any]) -> None:
    """Drop what described the old place: its coordinates, and the name or the code of its region, whichever of the two
    is not given.
    """

    def moved(*names: str) -> bool:
        return any(normal(before.get(name)) != normal(after.get(name)) for name in names)

    if moved(*_PLACE) and not any(name in given for name in _COORDINATES):
        for name in _COORDINATES:
            after.pop(name, None)
    for name, other in (("regionCode", "region"), ("region", "regionCode"), ("countryCode", "region")):
        if name in given and moved(name) and other not in given:
            after.pop(other, None)
