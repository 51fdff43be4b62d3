"""What the API says about the end of its own operations: ``Deprecation`` (RFC 9745) and ``Sunset`` (RFC 8594).

Each operation is logged once in a process, however many requests and threads there are.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime

from airflow_provider_smartrecruiters.api.http.retry import parse_http_date
from airflow_provider_smartrecruiters.api.pacing.forks import start_anew_in_children
from airflow_provider_smartrecruiters.api.pacing.lanes import is_word

log = logging.getLogger(__name__)

_DATE = re.compile(r"@(-?[0-9]{1,15})[ \t]*(?:;.*)?")
"""A date of RFC 9651: seconds since 1970, perhaps with parameters."""
_TRUE = ("true", "?1")
"""What earlier drafts of RFC 9745 sent instead of a date."""
_PLACEHOLDER = re.compile(r"\{\w+\}")


class _Logged:
    """The operations that this process has logged."""

    def __init__(self) -> None:
        self.after_fork()
        start_anew_in_children(self)

    def after_fork(self) -> None:
        """Have logged nothing, and have a lock of this process."""
        self._lock = threading.Lock()
        self._operations: set[tuple[str, ...]] = set()

    def add(self, *operation: str) -> bool:
        """Add an operation; return whether it is new."""
        with self._lock:
            is_new = operation not in self._operations
            self._operations.add(operation)
        return is_new


_logged = _Logged()


def log_deprecation(base_url: str, method: str, path: str, headers: Mapping[str, str]) -> None:
    """Log a warning if the headers of a response announce the end of its operation. Never raises an error: a header
    that cannot be understood is ignored.

    :param base_url: URL of the API; the sandbox may be ahead of production.
    :param method: HTTP method, in capitals.
    :param path: path with its placeholders; what looks like an id is left out.
    :param headers: headers of the response; their names are matched in any case.
    """
    said = [text for text in (_deprecated(headers.get("Deprecation")), _ends(headers.get("Sunset"))) if text]
    if not said:
        return
    segments = path.split("/")[1:]
    operation = "/".join(part if is_word(part) or _PLACEHOLDER.fullmatch(part) else "{id}" for part in segments)
    if _logged.add(base_url, method, operation):
        log.warning(
            "SmartRecruiters announces that %s /%s %s. What to do: Update the package "
            "airflow-provider-smartrecruiters. If its newest version logs this too, open an issue in its repository. "
            "If a DAG sends this request itself, through the hook, change the DAG.",
            method,
            operation,
            " and ".join(said),
        )


def _deprecated(header: str | None) -> str | None:
    text = (header or "").strip()
    if text.lower() in _TRUE:
        return "is deprecated"
    seconds = float(match[1]) if (match := _DATE.fullmatch(text)) else parse_http_date(text)
    if (when := _moment(seconds)) is None:
        return None
    return f"{'will be deprecated on' if when > datetime.now(UTC) else 'has been deprecated since'} {when:%Y-%m-%d}"


def _ends(header: str | None) -> str | None:
    if (when := _moment(parse_http_date((header or "").strip()))) is None:
        return None
    return f"{'will stop' if when > datetime.now(UTC) else 'was to stop'} working on {when:%Y-%m-%d}"


def _moment(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ArithmeticError, OSError, ValueError):
        # A year that Python or the system does not know.
        return None
