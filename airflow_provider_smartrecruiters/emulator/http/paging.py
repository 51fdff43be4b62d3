"""Paging: by offset, and by a cursor over ids."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.http.operation import Call
from airflow_provider_smartrecruiters.emulator.http.queries import JobSearch, Search, SourceSearch


class _Identified(Protocol):
    id: str


Row = TypeVar("Row")
IdentifiedRow = TypeVar("IdentifiedRow", bound=_Identified)


def offset_page(
    rows: Sequence[Row], search: JobSearch | SourceSearch, view: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """Return the answer with one page of what was found, in its order.

    :param view: what to show of a row
    """
    page = rows[search.offset : search.offset + search.limit]
    answer = {"totalFound": len(rows), "limit": search.limit, "offset": search.offset}
    return {**answer, "content": [view(row) for row in page]}


def cursor_page(
    rows: Iterable[IdentifiedRow],
    search: Search,
    view: Callable[[IdentifiedRow], dict[str, Any]],
    *,
    overlap: int = 0,
) -> dict[str, Any]:
    """Return the answer with one page of what was found, in the order of ids, and the cursor of the next page.

    The cursor holds the last id of the page, so rows that are added or removed between two pages shift nothing.

    :param view: what to show of a row
    :param overlap: rows that the next page repeats, less than a page has
    :raises ApiError: 400, the cursor is invalid
    """
    after = _decode(search.page_id, search.invalid_page) if search.page_id is not None else ""
    left = sorted((row for row in rows if row.id > after), key=lambda row: row.id)
    page = left[: search.limit]
    answer = {"limit": search.limit, "content": [view(row) for row in page]}
    if len(left) <= len(page):
        return answer
    return {**answer, "nextPageId": _encode(page[-1 - min(overlap, len(page) - 1)].id)}


def link_to_next(call: Call, next_page_id: str) -> str:
    """Return the Link header that leads to the next page."""
    query = [(name, value) for name, value in parse_qsl(call.query) if name != "pageId"]
    query.append(("pageId", next_page_id))
    return f'<{call.base_url}{call.raw_path}?{urlencode(query)}>; rel="next"'


def _encode(record_id: str) -> str:
    return base64.urlsafe_b64encode(f"key:{record_id}".encode()).decode()


def _decode(page_id: str, invalid: str | None) -> str:
    try:
        kind, _, record_id = base64.urlsafe_b64decode(page_id).decode().partition(":")
    except (binascii.Error, ValueError):
        kind = record_id = ""
    if kind != "key":
        raise bad_request("Invalid pageId", invalid)
    return record_id
