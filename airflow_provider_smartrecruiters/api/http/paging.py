"""The pages of a list, whatever kind of pages the API uses for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_smartrecruiters.exceptions import UnexpectedResponseError

CHECK_HOST = "Check the host in the Airflow connection: another server may have responded."
_PAGE_SIZE = 100

_CURSORS = {"/audit-api/v201910/audit-events": "nextPageId"}
"""The query parameter for the ``nextPageId`` of a response, by path, where it is not ``pageId``."""


@dataclass(frozen=True)
class Page:
    """One page of a list.

    :param records: what it holds.
    :param after: where the list goes on: query parameters of the next page, JSON-ready; None after the last page.
    :param total: number of records of the whole list, as far as the API says it.
    """

    records: list[dict[str, Any]]
    after: dict[str, Any] | None = None
    total: int | None = None


def each_page(
    get: Callable[..., Any],
    path: str,
    *,
    path_params: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Iterator[Page]:
    """Yield the pages of a list: ``nextPageId``/``pageId``, ``limit``/``offset``/``totalFound``, or a plain array.

    ``/jobs`` also needs ``sort=job_id``, which is added.

    :param get: sends a request: the client's ``request``.
    :param path: path of the list, with or without placeholders.
    :param path_params: values of the placeholders.
    :param params: query parameters; ``limit`` is the page size, 100 records by default.
    :param after: ``after`` of an earlier page, to go on behind it; None to begin at the first page.
    :raises UnexpectedResponseError: the response is no list, or the pages form a loop.
    """
    query: dict[str, Any] = {"limit": _PAGE_SIZE, **(params or {})}
    if path == "/jobs":
        query.setdefault("sort", "job_id")
    query |= after or {}
    cursor = _CURSORS.get(path, "pageId")
    seen_pages: set[str] = set()
    count = int(query.get("offset", 0))
    while True:
        answer = get("GET", path, path_params=path_params, params=query)
        records = answer.get("content") or [] if isinstance(answer, dict) else answer
        if records is None and count:
            # Nothing at all ends the pages, but is not a list.
            return
        if not isinstance(records, list):
            raise UnexpectedResponseError(f"The response to GET {path} is not a list.", hint=CHECK_HOST)
        count += len(records)
        page = Page(records, _next(answer, query, count, cursor), _total(answer))
        yield page
        if page.after is None:
            return
        if (page_id := page.after.get(cursor)) in seen_pages:
            # A cursor seen before: following it would never end.
            raise UnexpectedResponseError(f"The pages of GET {path} form a loop.", hint=CHECK_HOST)
        if page_id:
            seen_pages.add(page_id)
        query |= page.after


def _next(answer: Any, query: Mapping[str, Any], count: int, cursor: str) -> dict[str, Any] | None:
    if isinstance(answer, list) or not answer.get("content"):
        return None
    if next_page := answer.get("nextPageId"):
        return {cursor: next_page}
    total = answer.get("totalFound")
    return {"offset": count} if cursor not in query and isinstance(total, int) and total > count else None


def _total(answer: Any) -> int | None:
    if isinstance(answer, list):
        return len(answer)
    total = answer.get("totalFound")
    return total if isinstance(total, int) else None
