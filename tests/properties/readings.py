"""
What a search has to find, by a plain reading of the company's records.

Written from the words of the documentation alone: nothing of the package compares a record here. A filter that has no
reading yet fails the test of its search by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

KEPT_CANDIDATES = 30
"""As many as a search reads in one page, with second applications among them."""


@dataclass(frozen=True)
class Filter:
    """
    How a filter is read.

    :param value: of a record, as the state has it; None if it has none.
    :param agrees: whether that value and what was asked for agree.
    :param several: whether the filter takes a list: one of it has to agree.
    """

    value: Callable[[Any], Any]
    agrees: Callable[[Any, Any], bool] = lambda value, asked: value == asked
    several: bool = False

    def holds(self, record: Any, asked: Any) -> bool:
        """Return whether a record is a match."""
        value = self.value(record)
        wanted = asked if self.several and isinstance(asked, list) else [asked]
        return value is not None and any(self.agrees(value, one) for one in wanted)

    def asked(self, records: list[Any]) -> SearchStrategy[Any]:
        """Return what may be asked for: values that some record has."""
        values: list[Any] = []
        for found in map(self.value, records):
            for one in found if isinstance(found, list) else [found]:
                if one is not None and one not in values:
                    values.append(one)
        one = st.sampled_from(values)
        return st.one_of(one, st.lists(one, min_size=1, max_size=3)) if self.several else one


def _within(value: list[str], asked: str) -> bool:
    return any(asked.casefold() == one.casefold() for one in value)


def _part_of(value: str, asked: str) -> bool:
    return asked.casefold() in value.casefold()


def _source(row: Mapping[str, Any]) -> dict[str, str]:
    one = row["application"]
    ids = {"source_type_id": one.source_type_id, "source_id": one.source_id}
    return ids | ({"source_sub_type_id": one.source_sub_type_id} if one.source_sub_type_id else {})


def _of(kind: str, member: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: getattr(row[kind], member)


def _aged(kind: str) -> dict[str, Filter]:
    now = datetime.now(UTC)
    return {
        "updated_before": Filter(_of(kind, "updated_on"), lambda value, asked: value <= asked),
        "not_updated_for_days": Filter(
            # Half a day beside the moment itself, which is no longer the same when the search begins.
            lambda row: (now - datetime.fromisoformat(row[kind].updated_on)) / timedelta(days=1) - 0.5,
            lambda value, asked: value + 0.5 >= asked,
        ),
    }


def _job_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for job in tenant.jobs.values():
        if job.access != "none":
            yield {"job": job, "tenant": tenant, "item": {"job_id": job.id}}


def _application_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for candidate in tenant.candidates.values():
        for application in map(tenant.applications.__getitem__, candidate.application_ids):
            item = {"candidate_id": candidate.id, "job_id": application.job_id}
            yield {"candidate": candidate, "application": application, "item": item}


def _ad_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for row in _job_rows(tenant):
        for ad in row["job"].ads.values():
            yield {**row, "ad": ad, "item": {**row["item"], "job_ad_id": ad.id}}


def _position_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for row in _job_rows(tenant):
        for position in row["job"].positions.values():
            yield {**row, "position": position, "item": {**row["item"], "position_id": position.id}}


def _posting_status(row: Mapping[str, Any]) -> str:
    ad = row["job"].default_ad
    return ad.visibility if ad.published else "NOT_PUBLISHED"


def _later(value: str, asked: str) -> bool:
    return value > asked


_OF_JOB = Filter(_of("job", "id"), several=True)

ROWS: dict[str, Callable[[Tenant], Iterator[dict[str, Any]]]] = {
    "search_applications": _application_rows,
    "search_jobs": _job_rows,
    "search_job_ads": _ad_rows,
    "search_job_positions": _position_rows,
}
FILTERS: dict[str, dict[str, Filter]] = {
    "search_applications": {
        "job_ids": Filter(_of("application", "job_id"), several=True),
        "statuses": Filter(_of("application", "status"), several=True),
        "sub_status": Filter(_of("application", "sub_status")),
        "tags": Filter(_of("candidate", "tags"), _within, several=True),
        "q": Filter(_of("candidate", "last_name"), _part_of),
        "email_address": Filter(_of("candidate", "email"), lambda value, asked: value.casefold() == asked.casefold()),
        "locations": Filter(_of("candidate", "city"), _part_of, several=True),
        "average_ratings": Filter(_of("candidate", "average_rating"), several=True),
        "consent_statuses": Filter(_of("candidate", "consent"), several=True),
        "sources": Filter(_source, several=True),
        "updated_after": Filter(_of("candidate", "updated_on"), _later),
        **_aged("candidate"),
    },
    "search_jobs": {
        "statuses": Filter(_of("job", "status"), several=True),
        "q": Filter(_of("job", "title"), _part_of),
        "departments": Filter(lambda row: row["tenant"].departments[row["job"].department_id].label, several=True),
        "cities": Filter(lambda row: row["job"].location.city, several=True),
        "posting_status": Filter(_posting_status),
        "language": Filter(lambda row: row["job"].default_ad.content.language),
        "hiring_team_ids": Filter(lambda row: list(row["job"].hiring_team), _within, several=True),
        "updated_after": Filter(_of("job", "updated_on"), _later),
        "last_activity_after": Filter(_of("job", "last_activity_on"), _later),
        **_aged("job"),
    },
    "search_job_ads": {
        "job_ids": _OF_JOB,
        "posting_status": Filter(lambda row: "PUBLISHED" if row["ad"].published else "NOT_PUBLISHED"),
        "visibility": Filter(_of("ad", "visibility")),
        "languages": Filter(lambda row: row["ad"].content.language, several=True),
        "default": Filter(_of("ad", "default")),
        **_aged("ad"),
    },
    "search_job_positions": {
        "job_ids": _OF_JOB,
        "types": Filter(_of("position", "type"), several=True),
        "statuses": Filter(_of("position", "status"), several=True),
        "external_position_ids": Filter(_of("position", "position_id"), several=True),
    },
}
"""The readings, by search and filter."""

NOT_IN_THE_STATE = {"properties", "screening_answers", "onboarding_status"}
"""Filters of what the emulator's company does not have: its fields of candidates, questions and onboarding."""

FORMS = {"one_per"}
"""Parameters that say in which form matches are wanted."""


def small(tenant: Tenant) -> None:
    """Leave so few records that a search is quick, and none that the caller may not see."""
    tenant.candidates = dict(list(tenant.candidates.items())[:KEPT_CANDIDATES])
    ids = {one for candidate in tenant.candidates.values() for one in candidate.application_ids}
    tenant.applications = {name: one for name, one in tenant.applications.items() if name in ids}
    for job in tenant.jobs.values():
        job.access = "full"


def expected(use_case: str, tenant: Tenant, arguments: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """
    Return the ids of the matches.

    :param use_case: of the search.
    :param arguments: its filters.
    """
    filters = FILTERS[use_case]
    found = set()
    for row in ROWS[use_case](tenant):
        if all(filters[name].holds(row, asked) for name, asked in arguments.items() if name not in FORMS):
            item = row["item"]
            found.add((item["candidate_id"],) if arguments.get("one_per") == "candidate" else tuple(item.values()))
    return found
