"""The search for applications, by way of the list of candidates.

The list finds candidates. Of a candidate's applications it has the status of the first one only, so a match may be
another one: ``secondaryAssignments`` of an entry have the id of the job, and nothing else. Such an application is read
before it counts. Filters that no read answers count only where the candidate has a single application.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.pacing import MAX_CONCURRENT
from airflow_provider_smartrecruiters.api.reads.search import AgedSearch, FoundPage, Item, all_of, told
from airflow_provider_smartrecruiters.api.record import read_record
from airflow_provider_smartrecruiters.api.records.source_link import linked_ids, linked_sub_type
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.fields import OptionalId, check_id
from airflow_provider_smartrecruiters.api.values.filters import SEVERAL, JobIds, Moment, Word, Words
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError

__all__ = ["SearchApplications"]

CONSENT_STATUSES = ("REQUIRED", "PENDING", "ACQUIRED")
ONBOARDING_STATUSES = ("READY_TO_ONBOARD", "ONBOARDING_SUCCESSFUL", "ONBOARDING_FAILED")
ONE_PER = ("application", "candidate")

_APPLICATION = "/candidates/{id}/jobs/{jobId}"
_SOURCE = "source of the link"
"""Where an application that was read has the ids of its source. No member of the API has blanks in its name."""
_Id = Annotated[str, BeforeValidator(check_id)]
_Rating = Annotated[int, Field(ge=1, le=5)]


class _Part(BaseModel):
    """A filter that consists of several ids; the API takes them as lists of equal length."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Source(_Part):
    """A source, as :class:`.UpdateCandidateSource` names it."""

    source_type_id: _Id = Field(serialization_alias="sourceType")
    source_id: _Id = Field(serialization_alias="sourceValueId")
    source_sub_type_id: OptionalId = Field(None, serialization_alias="sourceSubType")


class ScreeningAnswer(_Part):
    """An answer to a screening question."""

    question_category: _Id = Field(serialization_alias="questionCategory")
    question_field_id: _Id = Field(serialization_alias="questionFieldId")
    question_field_value_id: _Id = Field(serialization_alias="questionFieldValueId")


class CandidateProperty(_Part):
    """A value of a single-select field of candidates."""

    property_id: _Id = Field(serialization_alias="propertyId")
    property_value_id: _Id = Field(serialization_alias="propertyValueId")


class SearchApplications(AgedSearch):
    """Search for applications: ``GET /candidates``, one request at a time.

    API reference: https://developers.smartrecruiters.com/reference/candidatesall-1

    :param job_ids: applications to these jobs: ids, or items that a search for jobs found.
    :param statuses: status of the application.
    :param sub_status: step of the hiring process; only with ``statuses``.
    :param tags: tags of the candidate, in upper or lower case.
    :param q: keywords. Words are alternatives, in any of their forms; put an exact text in quotation marks.
    :param email_address: the candidate's e-mail address, in upper or lower case. Not with ``q``.
    :param locations: words in the candidate's location.
    :param average_ratings: average rating of the candidate, 1 to 5. The API deprecates this filter.
    :param consent_statuses: ``REQUIRED``, ``PENDING`` or ``ACQUIRED``.
    :param onboarding_status: ``READY_TO_ONBOARD``, ``ONBOARDING_SUCCESSFUL`` or ``ONBOARDING_FAILED``.
    :param sources: sources of the application: mappings with ``source_type_id``, ``source_id`` and, if the type has
        subtypes, ``source_sub_type_id``.
    :param properties: values of single-select fields: mappings with ``property_id`` and ``property_value_id``.
    :param screening_answers: answers to screening questions: mappings with ``question_category``,
        ``question_field_id`` and ``question_field_value_id``.
    :param updated_after: last update of the candidate after this point in time.
    :param one_per: ``application`` (items have ``candidate_id`` and ``job_id``), or ``candidate`` (``candidate_id``
        alone, once for each candidate).
    """

    use_case: ClassVar[str] = "search_applications"
    endpoint: ClassVar[str] = "GET /candidates"
    subject: ClassVar[str] = "list of candidates"
    found: ClassVar[tuple[str, str]] = ("application", "applications")
    listed: ClassVar[str] = "candidates"
    judged: ClassVar[str] = "candidates"
    scope: ClassVar[str] = "candidates_read"
    hints: ClassVar[Hints] = hints.CANDIDATE_SEARCH

    job_ids: JobIds | None = Field(None, serialization_alias="jobId")
    statuses: Annotated[tuple[Annotated[str, one_of(APPLICATION_STATUSES)], ...] | None, SEVERAL] = Field(
        None, serialization_alias="status"
    )
    sub_status: Word = Field(None, serialization_alias="subStatus")
    tags: Words = Field(None, serialization_alias="tag")
    q: Word = Field(None)
    email_address: Word = Field(None, exclude=True)
    locations: Words = Field(None, serialization_alias="location")
    average_ratings: Annotated[tuple[_Rating, ...] | None, SEVERAL] = Field(None, serialization_alias="averageRating")
    consent_statuses: Annotated[tuple[Annotated[str, one_of(CONSENT_STATUSES)], ...] | None, SEVERAL] = Field(
        None, serialization_alias="consentStatus"
    )
    onboarding_status: Annotated[str, one_of(ONBOARDING_STATUSES)] | None = Field(
        None, serialization_alias="onboardingStatus"
    )
    sources: Annotated[tuple[Source, ...] | None, SEVERAL] = Field(None, exclude=True)
    properties: Annotated[tuple[CandidateProperty, ...] | None, SEVERAL] = Field(None, exclude=True)
    screening_answers: Annotated[tuple[ScreeningAnswer, ...] | None, SEVERAL] = Field(None, exclude=True)
    updated_after: Moment = Field(None, serialization_alias="updatedAfter")
    one_per: Annotated[str, one_of(ONE_PER)] = Field("application", exclude=True)
    _lookups: Lookups = PrivateAttr(default_factory=Lookups)

    @model_validator(mode="after")
    def _filters_fit(self) -> Self:
        if self.sub_status is not None and self.statuses is None:
            raise InvalidInputError(
                "sub_status only goes with statuses; give the status that the step belongs to",
                fields=("sub_status", "statuses"),
            )
        if self.q is not None and self.email_address is not None:
            raise InvalidInputError(
                "q and email_address exclude each other; give one of them", fields=("q", "email_address")
            )
        if self.q is not None and "@" in "".join(self.q.split('"')[::2]):
            # Every part of an unquoted address is a word of its own, and words are alternatives.
            raise InvalidInputError(
                "q contains an @ outside of quotation marks, where an address is split into words that each find other "
                "people; give the address as email_address, or put it in quotation marks",
                fields=("q",),
            )
        if self.email_address is not None and ('"' in self.email_address or "@" not in self.email_address):
            raise InvalidInputError(
                "email_address is no e-mail address; give one without a name and without quotation marks",
                fields=("email_address",),
            )
        return self

    def query(self) -> dict[str, Any]:
        """Return the query parameters, with the filters of several ids as lists of equal length."""
        query = super().query()
        if self.email_address is not None:
            query["q"] = f'"{self.email_address.strip()}"'
        for part in (*(self.sources or ()), *(self.properties or ()), *(self.screening_answers or ())):
            for name, value in part.model_dump(by_alias=True).items():
                # A source without a subtype has an empty one, since the lists must be of equal length.
                query.setdefault(name, []).append(value or "")
        return query

    def match(
        self, client: SmartRecruitersClient, records: list[dict[str, Any]], now: datetime, found: FoundPage
    ) -> None:
        """Add the matches of a page, after reading the applications that the list says too little of."""
        looks = [_Look(self, record) for record in records if self._is_candidate(record, now, found)]
        unread = [(look, job_id) for look in looks for job_id in look.unread()]
        if unread:
            with ThreadPoolExecutor(min(len(unread), MAX_CONCURRENT)) as threads:
                for (look, job_id), application in zip(
                    unread,
                    threads.map(lambda one: self._read(client, one[0].candidate_id, one[1]), unread),
                    strict=True,
                ):
                    look.judge(job_id, application)
        for look in looks:
            found.items += look.items()
            found.undecided += look.undecided

    def _is_candidate(self, record: Mapping[str, Any], now: datetime, found: FoundPage) -> bool:
        verdict = all_of(self._has_address(record), self.old_enough(record, now))
        found.undecided += verdict is None
        return bool(verdict)

    def _has_address(self, record: Mapping[str, Any]) -> bool | None:
        if self.email_address is None:
            return True
        address = record.get("email")
        # The API takes the address for keywords, and so finds others as well.
        return None if address is None else str(address).casefold() == self.email_address.strip().casefold()

    def matches_application(self, application: Mapping[str, Any], *, alone: bool) -> bool | None:
        """Return whether an application is a match; None if it does not say so.

        :param application: the application, or as much of it as the list has.
        :param alone: whether it is the candidate's only one, so that all that the API was asked for is about it.
        """
        sub_statuses = None if self.sub_status is None else (self.sub_status,)
        return all_of(
            True if alone and "status" not in application else told(application.get("status"), self.statuses),
            True if alone and "subStatus" not in application else told(application.get("subStatus"), sub_statuses),
            True if alone else self._has_source(application),
            # No read answers these.
            True if alone or not (self.properties or self.screening_answers or self.onboarding_status) else None,
        )

    def _has_source(self, application: Mapping[str, Any]) -> bool | None:
        if self.sources is None:
            return True
        ids = application.get(_SOURCE) or linked_ids(application)
        if not ids:
            return None
        verdicts = [
            all_of(
                ids["sourceTypeId"] == source.source_type_id and ids["sourceId"] == source.source_id,
                told(ids.get("sourceSubTypeId"), source.source_sub_type_id and (source.source_sub_type_id,)),
            )
            for source in self.sources
        ]
        return True if True in verdicts else None if None in verdicts else False

    def _read(self, client: SmartRecruitersClient, candidate_id: str, job_id: str) -> Mapping[str, Any] | bool | None:
        """Return an application with the ids of its source; False if it is gone, None if it may not be read."""
        try:
            found = read_record(client, _APPLICATION, {"id": candidate_id, "jobId": job_id}, has=("status",))
        except NotFoundError:
            return False
        except PermissionDeniedError:
            return None
        ids = linked_ids(found)
        wanted = {(one.source_type_id, one.source_id) for one in self.sources or () if one.source_sub_type_id}
        if ids and "sourceSubTypeId" not in ids and (ids["sourceTypeId"], ids["sourceId"]) in wanted:
            # The link has no subtype, but it leads to it: once for each source, not for each application.
            ids = {**ids, **linked_sub_type(client, self._lookups, ids)}
        return {**found, _SOURCE: ids}


class _Look:
    """What is known of one candidate's applications.

    :param wanted: the search.
    :param record: the candidate's entry of the list.
    """

    def __init__(self, wanted: SearchApplications, record: Mapping[str, Any]) -> None:
        self.candidate_id = str(record["id"])
        self._wanted = wanted
        listed = list(_assignments(record))
        self._alone = len(listed) == 1
        asked = [(job_id, one) for job_id, one in listed if wanted.job_ids is None or job_id in wanted.job_ids]
        self._verdicts = {job_id: wanted.matches_application(one, alone=self._alone) for job_id, one in asked}

    def unread(self) -> list[str]:
        """Return the jobs of the applications that have to be read."""
        return [job_id for job_id, verdict in self._verdicts.items() if verdict is None]

    def judge(self, job_id: str, application: Mapping[str, Any] | bool | None) -> None:
        """Decide about an application.

        :param job_id: its job.
        :param application: what was read; False if there is none, None if it may not be read.
        """
        if isinstance(application, Mapping):
            # What a whole record lacks is not set.
            whole = {"subStatus": "", **application}
            self._verdicts[job_id] = self._wanted.matches_application(whole, alone=self._alone)
        else:
            self._verdicts[job_id] = application

    def items(self) -> Iterator[Item]:
        """Yield the items of the matches."""
        jobs = [job_id for job_id, verdict in self._verdicts.items() if verdict]
        if self._wanted.one_per == "application":
            yield from ({"candidate_id": self.candidate_id, "job_id": job_id} for job_id in jobs)
        elif jobs:
            yield {"candidate_id": self.candidate_id}

    @property
    def undecided(self) -> bool:
        """Whether the API does not say of the candidate which application matches, or whether one does."""
        verdicts = self._verdicts.values()
        if self._wanted.one_per == "candidate" and any(verdicts):
            return False
        # Without a verdict, the list has none of the applications that the API says match.
        return not verdicts or None in verdicts


def _assignments(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in (record.get("primaryAssignment"), *(record.get("secondaryAssignments") or ())):
        job_id = (one.get("job") or {}).get("id") if isinstance(one, Mapping) else None
        if job_id:
            yield str(job_id), one
