"""Cursor paging over ids."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.http.operation import Call


class HasId(Protocol):
    """A row that a cursor can point to."""

    id: str


Row = TypeVar("Row", bound=HasId)


def cursor_page(rows: Iterable[Row], limit: int, page_id: str | None) -> tuple[list[Row], str | None]:
    """Return one page in the order of ids, and the cursor of the next page or None.

    The cursor holds the last id of the page, so rows that are added or removed between two pages shift nothing.

    :raises ApiError: 400, the cursor is invalid
    """
    after = _decode(page_id) if page_id is not None else ""
    left = sorted((row for row in rows if row.id > after), key=lambda row: row.id)
    page = left[:limit]
    return page, _encode(page[-1].id) if len(left) > limit else None


def link_to_next(call: Call, next_page_id: str) -> str:
    """Return the Link header that leads to the next page."""
    query = [(name, value) for name, value in parse_qsl(call.query) if name != "pageId"]
    query.append(("pageId", next_page_id))
    return f'<{call.base_url}{call.raw_path}?{urlencode(query)}>; rel="next"'


def _encode(record_id: str) -> str:
    return base64.urlsafe_b64encode(f"key:{record_id}".encode()).decode()


def _decode(page_id: str) -> str:
    try:
        kind, _, record_id = base64.urlsafe_b64decode(page_id).decode().partition(":")
    except (binascii.Error, ValueError):
        kind = record_id = ""
    if kind != "key":
        raise bad_request("Invalid pageId", "INVALID_PAGE_ID")
    return record_id
