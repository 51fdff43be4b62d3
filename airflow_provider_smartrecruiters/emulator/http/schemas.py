"""Request bodies as the contract describes them: exact types, unknown properties ignored, no nulls unless allowed."""

from __future__ import annotations

import json
from email.message import Message
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, validation_failed
from airflow_provider_smartrecruiters.emulator.http.operation import Call
from airflow_provider_smartrecruiters.emulator.tenant.settings import ApplicationStatus
from airflow_provider_smartrecruiters.emulator.tenant.state import Compensation, Location, PropertyValue
from airflow_provider_smartrecruiters.emulator.tenant.times import parse

DateTime = Annotated[str, AfterValidator(parse)]
NonEmpty = Annotated[str, Field(min_length=1)]
ShortText = Annotated[str, Field(min_length=1, max_length=256)]
JobStatus = Literal["CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD"]
PostingStatus = Literal["PUBLIC", "INTERNAL", "NOT_PUBLISHED", "PRIVATE"]
LanguageCode = Literal[
    "af", "am", "ar", "az", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "en-GB", "es", "es-MX", "et",
    "eu", "fa", "fi", "fil", "fr", "fr-CA", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "iw",
    "ja", "ka", "km", "kn", "ko", "lo", "lt", "lv", "ml", "mn", "mr", "ms", "ne", "nl", "no", "pl", "pt", "pt-BR", "ro",
    "ru", "si", "sk", "sl", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh-CN", "zh-TW", "zu",
]  # fmt: skip


def parse_body(content_type: str, body: bytes, invalid: int = 400) -> Any:
    """Return what a body holds: JSON parsed, anything else as its bytes, None for an empty body.

    :param content_type: the request's header
    :param invalid: the status for a body that is not the JSON that its content type announces
    :raises ApiError: the body cannot be parsed
    """
    declared = Message()
    declared["Content-Type"] = content_type
    is_json = declared.get_content_maintype() == "application" and (
        declared.get_content_subtype() == "json" or declared.get_content_subtype().endswith("+json")
    )
    if not is_json:
        return body or None
    try:
        return json.loads(body) if body else None
    except json.JSONDecodeError as error:
        raise validation_failed(invalid, [{"loc": (error.pos,), "msg": "JSON decode error"}]) from None
    except (ValueError, RecursionError):
        # Bytes that are not text, a number with too many digits, or too many nested brackets.
        raise bad_request("There was an error parsing the body") from None


def required(found: Any, invalid: int = 400) -> Any:
    """Return what :func:`parse_body` found.

    :raises ApiError: the body is empty or ``null``
    """
    if found is None:
        raise validation_failed(invalid, [{"loc": (), "msg": "Field required"}])
    return found


class Body(BaseModel):
    """Base of all bodies. One that is stored as it is sent takes its members from the record, which is named first."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)
    nullable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def read(cls, call: Call) -> Self:
        """Return the body of a request.

        :raises ApiError: it is missing or invalid; the status is the operation's ``invalid``
        """
        found: Self = required(cls.read_optional(call), call.invalid)
        return found

    @classmethod
    def read_optional(cls, call: Call) -> Self | None:
        """Return the body of a request, None if it is empty or ``null``.

        :raises ApiError: it is invalid; the status is the operation's ``invalid``
        """
        given = parse_body(call.headers.get("content-type", ""), call.body, call.invalid)
        try:
            return None if given is None else cls.model_validate(given, from_attributes=True)
        except ValidationError as error:
            raise validation_failed(call.invalid, error.errors()) from None

    @model_validator(mode="before")
    @classmethod
    def _refuse_what_no_answer_can_hold(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        try:
            # Python parses NaN, numbers beyond every float, and half a surrogate pair; none of these can be sent back.
            json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise ValueError("must hold whole characters and finite numbers, and not be nested too deeply") from None
        for name, field in cls.model_fields.items():
            alias = field.alias or name
            if alias in data and data[alias] is None and name not in cls.nullable:
                raise ValueError(f"{alias} must not be null")
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

    id: ShortText


class LocationInput(Location, Body):
    """``JobLocationInput``."""

    country_code: Annotated[str, Field(min_length=2, max_length=2)]
    city: Annotated[str, Field(min_length=1, max_length=128)]
    region_code: ShortText | None = None
    region: ShortText | None = None
    address: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    postal_code: Annotated[str, Field(min_length=1, max_length=32)] | None = None


class SectionInput(Body):
    """``JobAdSection``."""

    title: str | None = None
    text: Annotated[str, Field(max_length=24999)] | None = None


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
    """The language of a job's ad. The handler checks its code, since an unknown one has an error of its own."""

    code: str


class JobAdInput(Body):
    """The ``jobAd`` of a job: here the sections have a level of their own."""

    sections: SectionsInput | None = None
    language: JobLanguage | None = None


class CompensationInput(Compensation, Body):
    """``Compensation``."""

    nullable: ClassVar[frozenset[str]] = frozenset({"min", "max"})


class PropertyValueInput(PropertyValue, Body):
    """The value of ``JobPropertyInput``."""

    id: ShortText | None = None


class PropertyInput(Body):
    """``JobPropertyInput``."""

    id: ShortText
    value: PropertyValueInput


class JobInput(Body):
    """``JobInput``."""

    title: ShortText
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


class SalaryRangeInput(Body):
    """``SalaryRange``."""

    min: float | int | None = None
    max: float | int | None = None
    currency: str | None = None


class HeadcountInput(Body):
    """``HeadcountUpdate``."""

    salary_range: SalaryRangeInput | None = None


class PublicationInput(Body):
    """``Publication``."""

    aggregators: bool = True
    visibility: Literal["PUBLIC", "INTERNAL"] = "PUBLIC"
