"""Request bodies as the contract describes them: exact types, unknown properties ignored, no nulls unless allowed."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.tenant.times import parse

DateTime = Annotated[str, AfterValidator(parse)]
NonEmpty = Annotated[str, Field(min_length=1)]
ApplicationStatus = Literal[
    "LEAD", "NEW", "IN_REVIEW", "INTERVIEW", "OFFERED", "HIRED", "REJECTED", "WITHDRAWN", "TRANSFERRED"
]
JobStatus = Literal["CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD"]
PostingStatus = Literal["PUBLIC", "INTERNAL", "NOT_PUBLISHED", "PRIVATE"]
LanguageCode = Literal[
    "af", "am", "ar", "az", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "en-GB", "es", "es-MX", "et",
    "eu", "fa", "fi", "fil", "fr", "fr-CA", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja",
    "ka", "km", "kn", "ko", "lo", "lt", "lv", "ml", "mn", "mr", "ms", "ne", "nl", "no", "pl", "pt", "pt-BR", "ro",
    "ru", "si", "sk", "sl", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh-CN", "zh-TW", "zu",
]  # fmt: skip


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)
    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _refuse_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for name, field in cls.model_fields.items():
                alias = field.alias or name
                if alias in data and data[alias] is None and name not in cls.nullable:
                    msg = f"{alias} must not be null"
                    raise ValueError(msg)
        return data

    @model_validator(mode="before")
    @classmethod
    def _refuse_what_no_answer_can_hold(cls, data: Any) -> Any:
        # Python reads NaN, numbers that are infinite for it, and halves of a character; none can be answered again.
        try:
            if isinstance(data, dict):
                json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            msg = "must hold whole characters and finite numbers, and not be nested too deeply"
            raise ValueError(msg) from None
        return data


class AttendeeStatus(Body):
    """``CandidateAttendeeStatusUpdate``."""

    status: Literal["accepted", "declined", "pending", "tentative"]


class CandidateTags(Body):
    """``CandidateTags``."""

    tags: list[str]


class CandidateStatus(Body):
    """``CandidateStatus``."""

    status: ApplicationStatus
    sub_status: str | None = None
    starts_on: DateTime | None = None
    reason: str | None = None


class CandidateSource(Body):
    """``CandidateSource``."""

    source_type_id: NonEmpty
    source_id: NonEmpty
    source_sub_type_id: str | None = None


class Identifiable(Body):
    """``Identifiable``."""

    id: Annotated[str, Field(min_length=1, max_length=256)]


class LocationInput(Body):
    """``JobLocationInput``."""

    country_code: Annotated[str, Field(min_length=2, max_length=2)]
    city: NonEmpty
    region_code: NonEmpty | None = None
    address: str | None = None
    postal_code: str | None = None
    remote: bool = False
    latitude: str | None = None
    longitude: str | None = None


class SectionInput(Body):
    """``JobAdSection``."""

    title: str | None = None
    text: Annotated[str, Field(max_length=9999)] | None = None


class VideosInput(Body):
    """The videos of ``JobAdSections``."""

    urls: list[str] = []


class SectionsInput(Body):
    """``JobAdSections``."""

    company_description: SectionInput | None = None
    job_description: SectionInput | None = None
    qualifications: SectionInput | None = None
    additional_information: SectionInput | None = None
    videos: VideosInput | None = None


class LanguageInput(Body):
    """``LanguageInput``."""

    code: LanguageCode


class JobAdContent(Body):
    """``JobAdContent``: the sections sit directly under ``jobAd``."""

    title: NonEmpty
    language: LanguageInput | None = None
    location: LocationInput | None = None
    job_ad: SectionsInput | None = None


class JobLanguage(Body):
    """The language of a job's ad. Its code is looked up by the handler: an unknown one has an answer of its own."""

    code: str


class JobAdInput(Body):
    """The ``jobAd`` of a job: here the sections have a level of their own."""

    sections: SectionsInput | None = None
    language: JobLanguage | None = None


class CompensationInput(Body):
    """``Compensation``."""

    nullable: ClassVar[frozenset[str]] = frozenset({"min", "max"})
    min: float | int | None = None
    max: float | int | None = None
    currency: str | None = None
    period: str | None = None


class PropertyValueInput(Body):
    """The value of ``JobPropertyInput``."""

    id: str | None = None
    label: str | None = None


class PropertyInput(Body):
    """``JobPropertyInput``."""

    id: Annotated[str, Field(min_length=1, max_length=256)]
    value: PropertyValueInput


class JobInput(Body):
    """``JobInput``."""

    title: Annotated[str, Field(max_length=256)]
    location: LocationInput
    industry: Identifiable
    function: Identifiable
    experience_level: Identifiable
    ref_number: Annotated[str, Field(max_length=63)] | None = None
    target_hiring_date: DateTime | None = None
    department: Identifiable | None = None
    type_of_employment: Identifiable | None = None
    eeo_category: Identifiable | None = None
    template: bool = False
    compensation: CompensationInput | None = None
    job_ad: JobAdInput | None = None
    properties: list[PropertyInput] = []


class JobStatusUpdate(Body):
    """``JobStatusUpdate``."""

    status: JobStatus


class JobNote(Body):
    """``JobNote``."""

    content: Annotated[str, Field(max_length=20000)]


class PositionInput(Body):
    """``JobPositionInput``."""

    type: Literal["NEW", "REPLACEMENT"]
    position_open_date: DateTime
    target_start_date: DateTime
    position_id: str | None = None
    incumbent_name: str | None = None


class PublicationInput(Body):
    """``Publication``."""

    aggregators: bool = True
    visibility: Literal["PUBLIC", "INTERNAL"] = "PUBLIC"
