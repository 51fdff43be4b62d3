"""Points in time in the API's one format, so that they compare as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)")


def render(moment: datetime) -> str:
    """Return a time as the API writes it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Return the present time as the API writes it."""
    return render(datetime.now(UTC))


def parse(text: str) -> str:
    """Read a date-time of RFC 3339 and return it as the API writes it.

    :raises ValueError: it is not a date-time, has no offset, or is outside the years 1 to 9999 in UTC
    """
    if not _DATE_TIME.fullmatch(text):
        raise ValueError("Input should be a date-time with an offset, such as 2026-12-01T00:00:00.000Z")
    try:
        return render(datetime.fromisoformat(text.upper()))
    except OverflowError:
        raise ValueError("Input should lie within the years 1 to 9999") from None
