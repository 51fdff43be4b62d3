"""Searching: which list to read, what to ask it for, and which of its entries are matches.

A match becomes an item with the ids that the changes take. What the API cannot be asked for is compared here, and so
is what it was asked for, as far as an entry has it: what a search finds is written to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.paging import each_page
from airflow_provider_smartrecruiters.api.record import AboutRecord
from airflow_provider_smartrecruiters.api.values.fields import same_instant
from airflow_provider_smartrecruiters.api.values.filters import Days, Moment
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

__all__ = ["RecordSearch", "search"]

log = logging.getLogger(__name__)

Item = dict[str, str]
"""Ids of a match by argument name, as the changes take them."""


@dataclass
class FoundPage:
    """What a search found on one page of the list.

    :param items: the matches: ids by argument name.
    :param read: number of entries on the page.
    :param undecided: number of entries of which the API does not say whether they match. They are in no item.
    :param total: number of entries of the whole list, as far as the API says it.
    :param after: where the search goes on, JSON-ready; None after the last page.
    """

    items: list[Item] = field(default_factory=list)
    read: int = 0
    undecided: int = 0
    total: int | None = None
    after: Any = None


class RecordSearch(AboutRecord):
    """A search for records of one kind.

    A filter that is None is not applied. A blank one is refused: without it, the search would find more than was asked
    for. One that is an empty list finds nothing.

    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    ids: ClassVar[tuple[str, ...]] = ()
    found: ClassVar[tuple[str, str]]
    """What the search finds, one and several: ``("job", "jobs")``."""
    listed: ClassVar[str]
    """What the list consists of, in words: ``candidates``."""
    judged: ClassVar[str]
    """What the API may not say enough of to decide whether it is a match, in words: ``candidates``."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # Every filter is a guard: see the class.
        cls.guards = tuple(cls.model_fields)

    def without_values(self) -> list[str]:
        """Return the filters whose list is empty. With one of them, nothing is a match."""
        return [name for name in type(self).model_fields if getattr(self, name) == ()]

    def query(self) -> dict[str, Any]:
        """Return the query parameters of the list."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def identity(self) -> dict[str, Any]:
        """Return everything that decides what the search finds, by argument. JSON-ready; may hold text about people."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def pages(self, client: SmartRecruitersClient, after: Any, now: datetime) -> Iterator[FoundPage]:
        """Yield what each page of the list has of matches.

        :param client: client to send with.
        :param after: ``after`` of an earlier page; None to begin at the first page.
        :param now: when the search began.
        """
        path = self.method_and_path()[1]
        for page in each_page(client.request, path, params=self.query(), after=after):
            found = FoundPage(read=len(page.records), total=page.total, after=page.after)
            self.match(client, page.records, now, found)
            yield found

    def match(
        self, client: SmartRecruitersClient, records: list[dict[str, Any]], now: datetime, found: FoundPage
    ) -> None:
        """Add the matches among the records of a page to ``found``."""
        for record in records:
            verdict = self.matches(record, now)
            if verdict is None:
                found.undecided += 1
            elif verdict:
                found.items.append(self.item(record))

    def matches(self, record: Mapping[str, Any], now: datetime) -> bool | None:
        """Return whether a record is a match; None if the record does not say it."""
        raise NotImplementedError

    def item(self, record: Mapping[str, Any]) -> Item:
        """Return the ids of a record by argument name."""
        raise NotImplementedError


class AgedSearch(RecordSearch):
    """A search for records that say when they were last updated. The API can only be asked for updates *after* a time.

    :param updated_before: last update at this point in time or before: a datetime, a date or ISO 8601 text.
    :param not_updated_for_days: last update this many days before the search began, or longer ago. A number above 0.
    """

    updated_before: Moment = Field(None, exclude=True)
    not_updated_for_days: Days = Field(None, exclude=True)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.updated_before is not None and self.not_updated_for_days is not None:
            raise InvalidInputError(
                "updated_before and not_updated_for_days exclude each other; give one of them",
                fields=("updated_before", "not_updated_for_days"),
            )
        return self

    def matches(self, record: Mapping[str, Any], now: datetime) -> bool | None:
        """Return whether a record is old enough; None if it does not say when it was updated."""
        return self.old_enough(record, now)

    def old_enough(self, record: Mapping[str, Any], now: datetime) -> bool | None:
        """Return whether the last update of a record is old enough; None if the record does not say when it was."""
        limit = self.updated_before
        if self.not_updated_for_days is not None:
            limit = same_instant(now - timedelta(days=self.not_updated_for_days))
        if limit is None:
            return True
        updated = record.get("updatedOn")
        # Equal formats, so the order of the texts is that of the instants.
        return None if not isinstance(updated, str) else bool(same_instant(updated) <= limit)


def all_of(*verdicts: bool | None) -> bool | None:
    """Return whether all conditions hold: one that does not decides, else one that is not known does.

    :param verdicts: whether each holds; None if that is not known.
    """
    if any(verdict is False for verdict in verdicts):
        return False
    return None if None in verdicts else True


def told(value: Any, wanted: Any) -> bool | None:
    """Return whether a value of a record is one of those that are wanted.

    :param value: the value; None if the record does not have it.
    :param wanted: the values; None for any.
    """
    if wanted is None:
        return True
    return None if value is None else value in wanted


def search_pages(
    client: SmartRecruitersClient, wanted: RecordSearch, *, after: Any = None, now: datetime | None = None
) -> Iterator[FoundPage]:
    """Search, page by page. A match may be on several pages: the API promises no order.

    :param client: client to send with.
    :param wanted: the search.
    :param after: ``after`` of an earlier page, to go on behind it; None to begin at the first page.
    :param now: when the search began; by default now.
    :raises SmartRecruitersError: a read failed.
    """
    if empty := wanted.without_values():
        log.info("Nothing to search for: the list in %s is empty.", " and in ".join(empty))
        yield FoundPage()
        return
    with explained(wanted, "read"):
        yield from wanted.pages(client, after, now or datetime.now(UTC))


def search(client: SmartRecruitersClient, wanted: RecordSearch) -> Iterator[Item]:
    """Search, and yield each match once: ``{"candidate_id": …, "job_id": …}``.

    Entries of which the API does not say whether they match are left out; their number is logged as a warning.

    :param client: client to send with.
    :param wanted: the search.
    :raises SmartRecruitersError: a read failed.
    """
    seen, undecided = set(), 0
    for page in search_pages(client, wanted):
        undecided += page.undecided
        for item in page.items:
            if (key := tuple(item.values())) not in seen:
                seen.add(key)
                yield item
    if undecided:
        log.warning("%s", undecided_said(wanted, undecided))


def undecided_said(wanted: RecordSearch, count: int) -> str:
    """Return the sentence about entries of which the API does not say whether they match.

    :param wanted: the search.
    :param count: number of these entries.
    """
    return (
        f"Left out: {count:,} of the {wanted.judged}. SmartRecruiters does not say whether they match, and a search "
        "leaves out what is not certain."
    )
