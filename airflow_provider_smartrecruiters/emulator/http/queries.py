"""Query parameters, and which records match those of a search."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.http import schemas
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, validation_failed
from airflow_provider_smartrecruiters.emulator.http.operation import Call
from airflow_provider_smartrecruiters.emulator.tenant.audit_event import AuditEvent, AuthorType, EntityType
from airflow_provider_smartrecruiters.emulator.tenant.settings import ApplicationStatus
from airflow_provider_smartrecruiters.emulator.tenant.state import Application, Candidate, Job, Tenant

# Parameters of a candidate search that apply to an application, and the application's member.
_OF_APPLICATION = {
    "job_id": "job_id",
    "status": "status",
    "source_type": "source_type_id",
    "source_sub_type": "source_sub_type_id",
    "source_value_id": "source_id",
}
# The tenant has no onboarding, no application fields and no screening questions: no candidate matches these.
_OF_NOBODY = (
    "onboarding_status", "property_id", "property_value_id", "question_category", "question_field_id",
    "question_field_value_id",
)  # fmt: skip


_TOGETHER = {
    ("property_id", "property_value_id"): "FIELDS_CRITERIA_SIZE_VIOLATED",
    ("source_type", "source_sub_type", "source_value_id"): "SOURCES_CRITERIA_SIZE_VIOLATED",
    ("question_category", "question_field_id", "question_field_value_id"): "SCREENING_QUESTIONS_CRITERIA_SIZE_VIOLATED",
}
_KEYWORD = re.compile(r'"([^"]*)"|([^\s"]+)')


def _has_a_keyword(text: str, q: str) -> bool:
    """Return whether a text has one of the keywords: a phrase in quotation marks, or a word; ``@`` ends a word."""
    phrases = [phrase.strip() for phrase, _ in _KEYWORD.findall(q)]
    words = [part for _, word in _KEYWORD.findall(q) for part in word.split("@")]
    return any(keyword in text for keyword in (*phrases, *words) if keyword)


class Query(BaseModel):
    """Base of all; parameters that the contract does not know are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")

    @classmethod
    def read(cls, call: Call) -> Self:
        """Return the query parameters of a request. Of a repeated parameter that is not a list, the last counts.

        :raises ApiError: 400, a parameter is missing or invalid
        """
        sent = parse_qs(call.query, keep_blank_values=True)
        given: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            alias = field.alias or name
            if alias in sent:
                given[alias] = sent[alias] if isinstance(field.default, list) else sent[alias][-1]
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise validation_failed(400, error.errors()) from None


class InterviewSearch(Query):
    """Parameters of ``GET /interviews``."""

    application_id: str


class ActiveOnly(Query):
    """Parameters of the lists of publications."""

    active_only: bool = True


class SubType(Query):
    """Parameters of one source."""

    source_sub_type: str | None = None


class SourceSearch(SubType):
    """Parameters of the sources of a type."""

    limit: int = Field(default=100, ge=1, le=100)
    offset: int = Field(default=0, ge=0)


class Search(Query):
    """Base of the searches.

    ``invalid_page`` is the code of the error for a cursor that is none; None where the document has no code.
    """

    invalid_page: ClassVar[str | None] = "INVALID_PAGE_ID"
    q: str | None = None
    limit: int = Field(default=10, ge=1, le=100)
    page_id: str | None = None
    updated_after: schemas.DateTime | None = None


class UserSearch(Search):
    """Parameters of ``GET /users``; its pages are larger than elsewhere."""

    limit: int = Field(default=100, ge=1, le=100)


class CandidateSearch(Search):
    """Parameters of ``GET /candidates``; those of an application must all match the same application."""

    invalid_page: ClassVar[str | None] = None
    job_id: list[str] = []
    location: list[str] = []
    average_rating: list[Annotated[int, Field(ge=1, le=5)]] = []
    status: list[ApplicationStatus] = []
    consent_status: list[Literal["REQUIRED", "PENDING", "ACQUIRED"]] = []
    sub_status: str | None = None
    tag: list[str] = []
    source_type: list[str] = []
    source_sub_type: list[str] = []
    source_value_id: list[str] = []
    # No candidate matches these: see _OF_NOBODY.
    onboarding_status: Literal["READY_TO_ONBOARD", "ONBOARDING_SUCCESSFUL", "ONBOARDING_FAILED"] | None = None
    property_id: list[str] = []
    property_value_id: list[str] = []
    question_category: list[str] = []
    question_field_id: list[str] = []
    question_field_value_id: list[str] = []

    @classmethod
    def read(cls, call: Call) -> Self:
        """Return the query parameters of a request.

        :raises ApiError: 400, a parameter is invalid, or lists that belong together differ in length
        """
        search = super().read(call)
        for names, code in _TOGETHER.items():
            if len({len(getattr(search, name)) for name in names}) > 1:
                raise bad_request(f"{', '.join(map(to_camel, names))} differ in length", code)
        if search.onboarding_status is not None and not call.tenant.settings.onboarding:
            raise bad_request("Onboarding status is not active", "ONBOARDING_STATUS_NOT_ACTIVE")
        return search

    def matches(self, candidate: Candidate, tenant: Tenant) -> bool:
        """Return whether a candidate matches."""
        text = f"{candidate.first_name} {candidate.last_name} {candidate.email} {candidate.job_title}".lower()
        place = f"{candidate.city} {candidate.country_code}".lower()
        tags = {tag.lower() for tag in candidate.tags}
        return (
            not any(getattr(self, name) for name in _OF_NOBODY)
            and (self.q is None or _has_a_keyword(text, self.q.lower()))
            and (not self.location or any(word.lower() in place for word in self.location))
            and (not self.average_rating or candidate.average_rating in self.average_rating)
            and (not self.consent_status or candidate.consent in self.consent_status)
            and (not self.tag or any(tag.lower() in tags for tag in self.tag))
            and (self.updated_after is None or candidate.updated_on > self.updated_after)
            and self._matches_an_application([tenant.applications[one] for one in candidate.application_ids])
        )

    def _matches_an_application(self, applications: list[Application]) -> bool:
        asked = {member: wanted for name, member in _OF_APPLICATION.items() if (wanted := getattr(self, name))}
        if self.sub_status is not None:
            asked["sub_status"] = [self.sub_status]
        if "source_sub_type_id" in asked:
            # Without a subtype a source has an empty one in the list.
            asked["source_sub_type_id"] = [sub_type or None for sub_type in self.source_sub_type]
        return not asked or any(
            all(getattr(application, member) in wanted for member, wanted in asked.items())
            for application in applications
        )


class JobSearch(Search):
    """Parameters of ``GET /jobs``."""

    offset: int = Field(default=0, ge=0, le=10_000_000)
    sort: Literal["default", "job_id"] = "default"
    city: list[str] = []
    department: list[str] = []
    last_activity_after: schemas.DateTime | None = None
    language: schemas.LanguageCode | None = None
    status: schemas.JobStatus | None = None
    statuses: list[schemas.JobStatus] = []
    posting_status: schemas.PostingStatus | None = None
    hiring_team_member_id: list[str] = []

    def matches(self, job: Job, tenant: Tenant, posting_status: str) -> bool:
        """Return whether a job matches.

        :param posting_status: of the job
        """
        department = tenant.departments.get(job.department_id or "")
        statuses = self.statuses or ([self.status] if self.status else [])
        return (
            (self.q is None or self.q.lower() in job.title.lower())
            and (not self.city or job.location.city in self.city)
            and (not self.department or (department is not None and department.label in self.department))
            and (self.updated_after is None or job.updated_on > self.updated_after)
            and (self.last_activity_after is None or job.last_activity_on > self.last_activity_after)
            and (self.language is None or job.default_ad.content.language == self.language)
            and (not statuses or job.status in statuses)
            and (self.posting_status is None or posting_status == self.posting_status)
            and (not self.hiring_team_member_id or not job.hiring_team.keys().isdisjoint(self.hiring_team_member_id))
        )


class AuditSearch(Search):
    """Parameters of the audit log. The cursor of the next page has another name than elsewhere.

    Whether the bounds of the time belong to the range is not documented. Here they do not, and so nobody relies on it.
    """

    invalid_page: ClassVar[str | None] = None
    page_id: str | None = Field(default=None, alias="nextPageId")
    event_date_after: schemas.DateTime | None = None
    event_date_before: schemas.DateTime | None = None
    event_name: list[str] = []
    author_type: list[AuthorType] = []
    author_id: str | None = None
    entity_type: list[EntityType] = []
    entity_id: str | None = None

    def matches(self, event: AuditEvent) -> bool:
        """Return whether an entry matches."""
        return (
            (self.event_date_after is None or event.event_date > self.event_date_after)
            and (self.event_date_before is None or event.event_date < self.event_date_before)
            and (not self.event_name or event.event_name in self.event_name)
            and (not self.author_type or event.author_type in self.author_type)
            and (self.author_id is None or event.author_id == self.author_id)
            and (not self.entity_type or event.entity_type in self.entity_type)
            and (self.entity_id is None or event.entity_id == self.entity_id)
        )
