"""What happened: a journal of the requests that changed or tried to change something, and a log of all."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_smartrecruiters.emulator.http.operation import Call

KEPT_ENTRIES = 10_000
KEPT_BODY = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    index: int
    method: str
    path: str
    query: str
    operation_id: str | None
    status: int
    applied: bool
    fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEntry(_Entry):
    """One request of any kind.

    :param path: as received, still percent-encoded
    :param operation_id: None for an unknown path or method
    :param status: 0 if the caller got no answer
    :param started_at: seconds since the epoch
    :param finished_at: seconds since the epoch, when the answer was ready
    :param applied: whether it wrote the records, even if nothing changed; never for a read
    :param fault: the injected fault that hit it
    """

    started_at: float
    finished_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry(_Entry):
    """One request that changed or tried to change something; more members are those of :class:`RequestEntry`.

    :param at: when it arrived, seconds since the epoch
    :param path_template: None for an unknown path or method
    :param credential: ``api_key``, ``oauth`` or ``none``
    :param body: the JSON that was sent, a list of part descriptions for multipart, None for an empty body, and
        ``{"unreadable": size}`` for anything else
    """

    at: float
    path_template: str | None
    credential: str
    body: Any
    user_agent: str


class Journal:
    """Keeps the last entries of both kinds, and counts everything.

    :param on_request: called with every request once it is answered
    """

    def __init__(self, on_request: Callable[[RequestEntry], None] | None = None) -> None:
        self.on_request = on_request
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries: deque[JournalEntry] = deque(maxlen=KEPT_ENTRIES)
            self._requests: deque[RequestEntry] = deque(maxlen=KEPT_ENTRIES)
            self._written = self._applied = self._seen = self._token_requests = 0
            self._statuses: Counter[int] = Counter()
            self._peak = 0

    def entries(self) -> list[JournalEntry]:
        """Return the changing requests, oldest first."""
        with self._lock:
            return list(self._entries)

    def requests(self) -> list[RequestEntry]:
        """Return all requests, token requests included, in the order in which they were answered."""
        with self._lock:
            return list(self._requests)

    def note_in_flight(self, count: int) -> None:
        """Remember the largest number of concurrent requests."""
        self._peak = max(self._peak, count)

    def record(self, call: Call, status: int, started_at: float, finished_at: float) -> None:
        """Write down a finished request."""
        operation = call.operation
        token_request = operation is not None and operation.scope is None
        both: dict[str, Any] = {
            "method": call.method,
            "path": call.raw_path,
            "query": call.query,
            "operation_id": operation.id if operation else None,
            "status": status,
            "applied": call.applied,
            "fault": call.fault,
        }
        with self._lock:
            self._statuses[status] += 1
            self._token_requests += token_request
            request = RequestEntry(index=self._seen, started_at=started_at, finished_at=finished_at, **both)
            self._requests.append(request)
            self._seen += 1
            if self.on_request:
                # Within the lock, so that the lines come in the order of the journal.
                self.on_request(request)
            if call.method in {"GET", "HEAD", "OPTIONS"} or token_request:
                return
            self._entries.append(
                JournalEntry(
                    index=self._written,
                    at=started_at,
                    path_template=operation.path if operation else None,
                    credential=call.credential.kind,
                    body=_body(call),
                    user_agent=call.headers.get("user-agent", ""),
                    **both,
                )
            )
            self._written += 1
            self._applied += call.applied

    def stats(self) -> dict[str, Any]:
        """Return counts: requests, writes tried and applied, refusals by the limits, answers by status."""
        with self._lock:
            return {
                "requests": self._seen,
                "write_attempts": self._written,
                "writes": self._applied,
                "rate_limited": self._statuses[429],
                "token_requests": self._token_requests,
                "peak_in_flight": self._peak,
                "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
            }


def as_dicts(entries: list[Any]) -> list[dict[str, Any]]:
    """Return entries in their JSON form."""
    return [asdict(entry) for entry in entries]


def _body(call: Call) -> Any:
    if not call.body:
        return None
    if call.parts is not None:
        return [part.describe() for part in call.parts]
    if len(call.body) <= KEPT_BODY:
        try:
            body = json.loads(call.body)
            # Python also parses what is not JSON (NaN, half a surrogate pair); it would make the journal unreadable.
            json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
            return body
        except (ValueError, RecursionError):
            pass
    return {"unreadable": len(call.body)}
