"""The searches for jobs, and for the job ads and positions of some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.paging import each_page
from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES, POSITION_TYPES
from airflow_provider_smartrecruiters.api.reads.search import AgedSearch, FoundPage, Item, RecordSearch, all_of, told
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.filters import SEVERAL, Ids, JobIds, Moment, Word, Words
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError

__all__ = ["SearchJobAds", "SearchJobPositions", "SearchJobs"]

POSTING_STATUSES = ("PUBLIC", "INTERNAL", "PRIVATE", "NOT_PUBLISHED")
AD_POSTING_STATUSES = ("PUBLISHED", "NOT_PUBLISHED")
VISIBILITIES = ("PUBLIC", "INTERNAL", "PRIVATE")


def _language(record: Mapping[str, Any]) -> Any:
    language = record.get("language")
    return language.get("code") if isinstance(language, Mapping) else language


class SearchJobs(AgedSearch):
    """Search for jobs: ``GET /jobs``, in the order of their ids.

    API reference: https://developers.smartrecruiters.com/reference (operation ``jobs.all``).

    :param statuses: ``CREATED``, ``SOURCING``, ``INTERVIEW``, ``OFFER``, ``FILLED``, ``ON_HOLD`` or ``CANCELLED``.
    :param q: words in the title, in upper or lower case.
    :param departments: labels of departments, as they are written.
    :param cities: cities, as they are written.
    :param posting_status: ``PUBLIC``, ``INTERNAL``, ``PRIVATE`` or ``NOT_PUBLISHED``.
    :param language: code of the language of the job's ad.
    :param hiring_team_ids: ids of users; jobs with at least one of them in the hiring team.
    :param updated_after: last update of the job after this point in time.
    :param last_activity_after: last update of the job, of an application to it or of its publication after this one.
    """

    use_case: ClassVar[str] = "search_jobs"
    endpoint: ClassVar[str] = "GET /jobs"
    subject: ClassVar[str] = "list of jobs"
    found: ClassVar[tuple[str, str]] = ("job", "jobs")
    listed: ClassVar[str] = "jobs"
    judged: ClassVar[str] = "jobs"
    scope: ClassVar[str] = "jobs_read"

    statuses: Annotated[tuple[Annotated[str, one_of(JOB_STATUSES)], ...] | None, SEVERAL] = Field(None)
    q: Word = Field(None)
    departments: Words = Field(None, serialization_alias="department")
    cities: Words = Field(None, serialization_alias="city")
    posting_status: Annotated[str, one_of(POSTING_STATUSES)] | None = Field(None, serialization_alias="postingStatus")
    language: Word = Field(None)
    hiring_team_ids: Ids = Field(None, serialization_alias="hiringTeamMemberId")
    updated_after: Moment = Field(None, serialization_alias="updatedAfter")
    last_activity_after: Moment = Field(None, serialization_alias="lastActivityAfter")

    def matches(self, record: Mapping[str, Any], now: datetime) -> bool | None:
        """Return whether a job is a match, as far as the list says it."""
        posting_statuses = None if self.posting_status is None else (self.posting_status,)
        return all_of(
            self.old_enough(record, now),
            # Compared although the API was asked for it: an API that does not know the parameter would return all jobs.
            told(record.get("status"), self.statuses),
            told(record.get("postingStatus"), posting_statuses),
        )

    def item(self, record: Mapping[str, Any]) -> Item:
        """Return ``job_id``."""
        return {"job_id": str(record["id"])}


class _OfJobs(RecordSearch):
    """A search in a list that each job has. One job is a page."""

    id_name: ClassVar[str]

    job_ids: JobIds

    def pages(self, client: SmartRecruitersClient, after: Any, now: datetime) -> Iterator[FoundPage]:
        """Yield what each job has of matches. ``after`` is the number of jobs that are done."""
        path, jobs = self.method_and_path()[1], list(dict.fromkeys(self.job_ids))
        for done in range(after or 0, len(jobs)):
            found = FoundPage(read=1, total=len(jobs), after=done + 1 if done + 1 < len(jobs) else None)
            try:
                # The official document names no page size for these lists.
                for page in each_page(client.request, path, path_params={"jobId": jobs[done]}, params={"limit": None}):
                    records = [{**record, "job_id": jobs[done]} for record in page.records]
                    self.match(client, records, now, found)
            except SmartRecruitersError as error:
                error.target = {"job_id": jobs[done]}
                raise
            yield found

    def item(self, record: Mapping[str, Any]) -> Item:
        """Return ``job_id`` and the id of the record."""
        return {"job_id": record["job_id"], self.id_name: str(record["id"])}


class SearchJobAds(_OfJobs, AgedSearch):
    """Search the ads of jobs: ``GET /jobs/{jobId}/jobads``, one request for each job.

    API reference: https://developers.smartrecruiters.com/reference (operation ``jobads.all``).

    :param job_ids: the jobs: ids, or items that a search for jobs found.
    :param posting_status: ``PUBLISHED`` or ``NOT_PUBLISHED``.
    :param visibility: ``PUBLIC``, ``INTERNAL`` or ``PRIVATE``.
    :param languages: codes of languages, such as ``de``.
    :param default: only the default ad of each job (True), or only the others (False).
    """

    use_case: ClassVar[str] = "search_job_ads"
    endpoint: ClassVar[str] = "GET /jobs/{jobId}/jobads"
    subject: ClassVar[str] = "list of job ads"
    found: ClassVar[tuple[str, str]] = ("job ad", "job ads")
    listed: ClassVar[str] = "jobs"
    judged: ClassVar[str] = "job ads"
    scope: ClassVar[str] = "jobs_read"
    hints: ClassVar[Hints] = hints.JOB_AD
    id_name: ClassVar[str] = "job_ad_id"

    posting_status: Annotated[str, one_of(AD_POSTING_STATUSES)] | None = None
    visibility: Annotated[str, one_of(VISIBILITIES)] | None = None
    languages: Words = None
    default: bool | None = None

    def matches(self, record: Mapping[str, Any], now: datetime) -> bool | None:
        """Return whether a job ad is a match; None if it does not say so."""
        return all_of(
            self.old_enough(record, now),
            told(record.get("postingStatus"), self.posting_status and (self.posting_status,)),
            told(record.get("visibility"), self.visibility and (self.visibility,)),
            told(_language(record), self.languages),
            told(record.get("default"), None if self.default is None else (self.default,)),
        )


class SearchJobPositions(_OfJobs):
    """Search the positions of jobs: ``GET /jobs/{jobId}/positions``, one request for each job.

    API reference: https://developers.smartrecruiters.com/reference (operation ``jobs.positions.all``). Positions do not
    say when they were updated.

    :param job_ids: the jobs: ids, or items that a search for jobs found.
    :param types: ``NEW`` or ``REPLACEMENT``.
    :param statuses: statuses, as SmartRecruiters writes them; its documentation does not list them.
    :param external_position_ids: the company's own ids of positions.
    """

    use_case: ClassVar[str] = "search_job_positions"
    endpoint: ClassVar[str] = "GET /jobs/{jobId}/positions"
    subject: ClassVar[str] = "list of positions"
    found: ClassVar[tuple[str, str]] = ("position", "positions")
    listed: ClassVar[str] = "jobs"
    judged: ClassVar[str] = "positions"
    scope: ClassVar[str] = "jobs_read"
    hints: ClassVar[Hints] = hints.POSITION
    id_name: ClassVar[str] = "position_id"

    types: Annotated[tuple[Annotated[str, one_of(POSITION_TYPES)], ...] | None, SEVERAL] = None
    statuses: Words = None
    external_position_ids: Words = None

    def matches(self, record: Mapping[str, Any], now: datetime) -> bool | None:
        """Return whether a position is a match; None if it does not say so."""
        return all_of(
            told(record.get("type"), self.types),
            told(record.get("status"), self.statuses),
            # Omitted where it is not set.
            told(record.get("positionId", ""), self.external_position_ids),
        )
