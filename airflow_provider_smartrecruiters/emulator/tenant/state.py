"""The tenant: every record of one company, and the store that holds it and can reset it.

The JSON form of :class:`Tenant` is the format of a seed file; ``GET /__emulator__/state`` writes one.
"""

from __future__ import annotations

import gc
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from airflow_provider_smartrecruiters.emulator.tenant.audit_event import AuditEvent
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings

# full: read and write; read: writes are denied; none: reads are denied too.
Access = Literal["full", "read", "none"]


class Record(BaseModel):
    """Base of all records; an unknown member, such as a misspelled one in a seed file, is an error."""

    model_config = ConfigDict(extra="forbid")

    def __reduce__(self) -> tuple[Any, ...]:
        # Without which of its members were set, as nothing asks for it: that takes as long as all the others.
        return _made, (type(self), self.__dict__)


_put = object.__setattr__


def _made(kind: type[Record], members: dict[str, Any]) -> Any:
    """Make a record of members that were one's before, without validating them again."""
    record = kind.__new__(kind)
    _put(record, "__dict__", members)
    _put(record, "__pydantic_fields_set__", set())
    _put(record, "__pydantic_extra__", None)
    _put(record, "__pydantic_private__", None)
    return record


class Guarded(Record):
    """A record that the caller may be kept from changing, or even from seeing."""

    id: str
    access: Access = "full"


class User(Guarded):
    """A user of the company; ``avatar_*`` describe the last image that was stored."""

    email: str
    first_name: str
    last_name: str
    role: str = "STANDARD"
    active: bool = True
    updated_on: str
    city: str = ""
    country_code: str = ""
    external_data: str | None = None
    avatar_sha256: str | None = None
    avatar_content_type: str | None = None
    avatar_size: int | None = None


class StatusChange(Record):
    """One entry of a status history."""

    changed_on: str
    status: str
    sub_status: str | None = None


class Application(Record):
    """A candidate's application to one job."""

    id: str
    candidate_id: str
    job_id: str
    created_on: str
    status: str
    sub_status: str | None = None
    starts_on: str | None = None
    reason_id: str | None = None
    source_type_id: str
    source_sub_type_id: str | None = None
    source_id: str
    history: list[StatusChange] = []


class Candidate(Guarded):
    """A candidate; the first application is the primary assignment."""

    first_name: str
    last_name: str
    email: str
    phone: str
    internal: bool = False
    country_code: str
    city: str
    latitude: float
    longitude: float
    created_on: str
    updated_on: str
    tags: list[str] = []
    average_rating: float | None = None
    consent: str = "ACQUIRED"
    employer: str
    job_title: str
    school: str
    application_ids: list[str] = []


class Location(Record):
    """Where a job is."""

    country_code: str
    city: str
    region_code: str | None = None
    region: str | None = None
    address: str | None = None
    postal_code: str | None = None
    remote: bool = False
    latitude: str | None = None
    longitude: str | None = None


class Section(Record):
    """One text of a job ad."""

    title: str | None = None
    text: str | None = None


class AdContent(Record):
    """What a reader of a job ad sees."""

    title: str
    language: str
    location: Location | None = None
    sections: dict[str, Section] = {}
    videos: list[str] | None = None


class Publication(Record):
    """A job ad on one channel, now or in the past."""

    source_name: str
    type: str
    published_on: str
    unpublished_on: str | None = None


class Pending(Record):
    """A publication or its end that was accepted and has not happened yet.

    :param due: when it happens
    :param content: what will show outside; None to unpublish
    """

    due: str
    content: AdContent | None = None
    visibility: Literal["PUBLIC", "INTERNAL"] = "PUBLIC"
    aggregators: bool = True


class JobAd(Record):
    """A job ad: ``content`` is what was saved, ``published`` what shows outside."""

    id: str
    content: AdContent
    published: AdContent | None = None
    default: bool = False
    visibility: Literal["PUBLIC", "INTERNAL", "PRIVATE"] = "PUBLIC"
    created_on: str
    updated_on: str
    creator_id: str
    publications: list[Publication] = []
    pending: list[Pending] = []

    @property
    def shows_or_will(self) -> bool:
        """Whether the ad shows outside, once everything that was accepted has happened."""
        return (self.pending[-1].content if self.pending else self.published) is not None


class Position(Record):
    """A position of a job; ``id`` is the record's, ``position_id`` the company's own text."""

    id: str
    position_id: str | None = None
    incumbent_name: str | None = None
    type: str
    position_open_date: str
    target_start_date: str
    status: str = "OPEN"


class PropertyValue(Record):
    """The value of a job property: ``id`` for a choice, ``label`` for text."""

    id: str | None = None
    label: str | None = None


class Compensation(Record):
    """What a job pays."""

    min: float | int | None = None
    max: float | int | None = None
    currency: str | None = None
    period: str | None = None


class JobApproval(Record):
    """The latest request to approve a job's headcount."""

    id: str
    salary_range: Compensation


class Job(Guarded):
    """A job; its own ad is the default one among ``ads``.

    :param approval_process: whether its positions need an approval, beside those of the whole company
    :param approval: the latest approval request; None if there was none
    """

    title: str
    ref_number: str | None = None
    created_on: str
    updated_on: str
    last_activity_on: str
    department_id: str | None = None
    location: Location
    status: str
    target_hiring_date: str | None = None
    industry_id: str
    function_id: str
    type_of_employment_id: str | None = None
    experience_level_id: str
    eeo_category_id: str | None = None
    template: bool = False
    creator_id: str
    compensation: Compensation | None = None
    properties: dict[str, PropertyValue] = {}
    hiring_process_id: str
    hiring_team: dict[str, str] = {}
    note: str = ""
    history: list[StatusChange] = []
    ads: dict[str, JobAd]
    positions: dict[str, Position] = {}
    approval_process: bool = False
    approval: JobApproval | None = None

    @property
    def default_ad(self) -> JobAd:
        """The ad that belongs to the job itself."""
        return next(ad for ad in self.ads.values() if ad.default)


class Timeslot(Record):
    """A part of an interview; ``candidate_status`` may be the text ``null``."""

    id: str
    interview_type: str
    title: str
    place: str
    starts_on: str
    ends_on: str
    interviewers: dict[str, str]
    candidate_status: str = "pending"


class Interview(Guarded):
    """An interview of an application."""

    application_id: str
    candidate_id: str
    job_id: str
    location: str
    organizer_id: str
    timezone: str
    timeslots: dict[str, Timeslot]
    created_on: str


class SourceValue(Record):
    """A source; ``id`` is unique within its type and subtype."""

    id: str
    identifier: str
    label: str
    subtype_id: str | None = None
    deleted: bool = False


class SourceType(Record):
    """A source type; one that defines subtypes demands them."""

    id: str
    label: str
    subtypes: list[str] = []
    values: list[SourceValue]


class HiringProcess(Record):
    """A hiring process: the sub-statuses of each application status."""

    id: str
    name: str
    active: bool = True
    sub_statuses: dict[str, list[str]]


class Department(Record):
    """A department."""

    id: str
    label: str
    description: str = ""


class JobProperty(Record):
    """A custom field of jobs; without ``values`` it is free text."""

    id: str
    label: str
    values: dict[str, str] = {}


class Tenant(Record):
    """One company. Records are held by id; lists of choices map an id to its label."""

    settings: Settings
    users: dict[str, User]
    candidates: dict[str, Candidate]
    applications: dict[str, Application]
    jobs: dict[str, Job]
    interviews: dict[str, Interview]
    source_types: dict[str, SourceType]
    rejection_reasons: dict[str, str]
    withdrawal_reasons: dict[str, str]
    hiring_processes: dict[str, HiringProcess]
    departments: dict[str, Department]
    industries: dict[str, str]
    functions: dict[str, str]
    employment_types: dict[str, str]
    experience_levels: dict[str, str]
    eeo_categories: dict[str, str]
    job_properties: dict[str, JobProperty] = Field(default_factory=dict)
    audit: list[AuditEvent] = Field(default_factory=list)

    def job_choices(self) -> dict[str, dict[str, str]]:
        """Return the labels that a job chooses from, by the member that holds the choice (with ``_id`` after it)."""
        return {
            "industry": self.industries,
            "function": self.functions,
            "experience_level": self.experience_levels,
            "type_of_employment": self.employment_types,
            "eeo_category": self.eeo_categories,
        }

    def application(self, candidate_id: str, job_id: str) -> Application | None:
        """Return a candidate's application to a job, or None."""
        candidate = self.candidates.get(candidate_id)
        applications = (self.applications[one] for one in (candidate.application_ids if candidate else ()))
        return next((application for application in applications if application.job_id == job_id), None)

    def source(self, type_id: str, sub_type_id: str | None, source_id: str) -> SourceValue | None:
        """Return a source, deleted ones included, or None. Without a subtype the first with this id counts."""
        source_type = self.source_types.get(type_id)
        values = (value for value in (source_type.values if source_type else ()) if value.id == source_id)
        return next((value for value in values if sub_type_id in (None, value.subtype_id)), None)

    def source_of(self, application: Application) -> SourceValue | None:
        """Return the source of an application, or None."""
        return self.source(application.source_type_id, application.source_sub_type_id, application.source_id)


class _Seeded(Tenant):
    """A tenant whose members are made of the seed when they are first asked for, as most tests need few of them."""

    _seed: dict[str, bytes] = PrivateAttr()
    _lock: threading.RLock = PrivateAttr()

    @classmethod
    def of(cls, seed: dict[str, bytes], lock: threading.RLock) -> _Seeded:
        """Return a tenant that is as the seed."""
        tenant: _Seeded = _made(cls, {})
        _put(tenant, "__pydantic_private__", {"_seed": seed, "_lock": lock})
        return tenant

    def __getattr__(self, name: str) -> Any:
        """Make a member that is missing: one, although a test and the server may want it at the same moment."""
        if name not in Tenant.model_fields:
            return super().__getattr__(name)  # type: ignore[misc]
        with self._lock, _without_collections():
            if name not in self.__dict__:
                self.__dict__[name] = pickle.loads(self._seed[name])
            return self.__dict__[name]


class Store:
    """The tenant as it is now, and the seed that a reset goes back to.

    :param seed: the tenant to start with and to go back to
    """

    def __init__(self, seed: Tenant) -> None:
        # Pickles, since unpickling is several times faster than a deep copy, and a reset happens before every test.
        members = {name: getattr(seed, name) for name in Tenant.model_fields}
        self._seed = {name: pickle.dumps(member, protocol=pickle.HIGHEST_PROTOCOL) for name, member in members.items()}
        self.seeded_settings = seed.settings.model_copy()
        self.lock = threading.RLock()
        self.tenant = seed

    def reset(self) -> None:
        """Go back to the seed; objects that are still in use stay unchanged."""
        with self.lock:
            self.tenant = _Seeded.of(self._seed, self.lock)

    def whole(self) -> Tenant:
        """Return the tenant with all of its members there, to be written as a seed file."""
        with self.lock:
            return Tenant.model_construct(**{name: getattr(self.tenant, name) for name in Tenant.model_fields})


@contextmanager
def _without_collections() -> Iterator[None]:
    """Make many objects without the garbage collector looking through all others: half of the time, beside Airflow."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
