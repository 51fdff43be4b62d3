"""Rate and concurrency limits with the documented headers.

Concurrency is counted per credential. The public documents leave open what the ten requests a second are counted by,
so the setting ``limits`` decides: by credential, or apart for each endpoint.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_smartrecruiters.emulator.config import PER_ENDPOINT, Config
from airflow_provider_smartrecruiters.emulator.http.operation import Operation

WINDOW = 1.0
# The limit in the headers when a limit is switched off: the contract documents the headers for every answer.
UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request as the limits see it.

    :param rate: requests a second, 0 for no limit
    :param concurrent: requests at once, 0 for no limit
    :param rate_key: requests with the same key share the rate
    :param concurrent_key: requests with the same key share the concurrency
    """

    rate: int
    concurrent: int
    rate_key: tuple[str, str]
    concurrent_key: tuple[str, str]


class Limiter:
    """Counts requests in a sliding window of one second and those in flight.

    An operation with a limit of its own is counted separately. A refused request is not counted: the API does not
    document that it is, and a client that keeps retrying must get through in the end.

    :param config: where the limits are read from, at each request
    :param clock: seconds, monotonic
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Forget every request, those in flight included."""
        self._recent: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._in_flight: defaultdict[tuple[str, str], int] = defaultdict(int)

    def ticket(self, credential: str, operation: Operation | None) -> Ticket:
        """Return the limits that apply to a request; changes nothing."""
        rate, concurrent = self._config.rate, self._config.concurrent
        rate_group = concurrent_group = ""
        if operation is not None and operation.rate and rate:
            rate, rate_group = operation.rate, operation.rate_group
        elif operation is not None and self._config.limits == PER_ENDPOINT:
            rate_group = operation.id
        if operation is not None and operation.concurrent and concurrent:
            concurrent, concurrent_group = operation.concurrent, operation.id
        return Ticket(rate, concurrent, (credential, rate_group), (credential, concurrent_group))

    def enter(self, ticket: Ticket) -> bool:
        """Admit and count a request, or refuse it; return whether it was admitted."""
        recent = self._window(ticket)
        if ticket.rate and len(recent) >= ticket.rate:
            return False
        if ticket.concurrent and self._in_flight[ticket.concurrent_key] >= ticket.concurrent:
            return False
        if ticket.rate:
            recent.append(self._clock())
        self._in_flight[ticket.concurrent_key] += 1
        return True

    def leave(self, ticket: Ticket) -> None:
        """Note that an admitted request has ended."""
        # A reset may have emptied the counters while the request ran.
        self._in_flight[ticket.concurrent_key] = max(0, self._in_flight[ticket.concurrent_key] - 1)

    def headers(self, ticket: Ticket) -> dict[str, str]:
        """Return the headers of an answer."""
        rate, concurrent = ticket.rate or UNLIMITED, ticket.concurrent or UNLIMITED
        return {
            "X-RateLimit-Limit": str(rate),
            "X-RateLimit-Remaining": str(max(0, rate - len(self._window(ticket)))),
            "X-RateLimit-Concurrent-Limit": str(concurrent),
            "X-RateLimit-Concurrent-Remaining": str(max(0, concurrent - self._in_flight[ticket.concurrent_key])),
        }

    def _window(self, ticket: Ticket) -> deque[float]:
        recent = self._recent[ticket.rate_key]
        since = self._clock() - WINDOW
        while recent and recent[0] <= since:
            recent.popleft()
        return recent
