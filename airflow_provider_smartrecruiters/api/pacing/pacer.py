"""Stay under the API's limits instead of colliding with them.

The limits are 10 requests a second and 8 at once for most operations, one at once for ``GET /candidates``, 2 a second
for publishing (https://developers.smartrecruiters.com/docs/rate-limiting). Requests leave evenly spaced, never in a
burst at the edge of a second: the server counts arrivals, and a burst that the network squeezes together counts as one
request too many. :mod:`.rate` keeps one rate limit, :mod:`.lanes` knows what the server counts by.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from math import isfinite
from typing import ClassVar, Protocol

from airflow_provider_smartrecruiters.api.pacing import MAX_CONCURRENT
from airflow_provider_smartrecruiters.api.pacing.forks import start_anew_in_children
from airflow_provider_smartrecruiters.api.pacing.lanes import AUTO, LIMITS, RateLimits, Schedules, Taken, endpoint_of
from airflow_provider_smartrecruiters.api.pacing.queue import FairSemaphore
from airflow_provider_smartrecruiters.api.pacing.rate import LIMIT_BELIEVED, Schedule
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

REQUESTS_PER_SECOND = 10.0

_WIDEN_AFTER = 5.0
"""Seconds after which a narrowed concurrency limit grows by one, and may be refused again if others still use theirs.
Doubled, it takes 70 s instead of 35 s to get from 1 back to 8; halved, it is tried twice as often."""


@dataclass(frozen=True)
class Lane:
    """Operations that have a limit of their own, on top of the common one."""

    pattern: re.Pattern[str]
    requests_per_second: float | None = None
    max_concurrent: int | None = None


LANES = (
    Lane(re.compile(r"GET /candidates"), max_concurrent=1),
    Lane(re.compile(r"(POST|DELETE) /jobs/[^/]+/publication"), requests_per_second=2),
    Lane(re.compile(r"GET /offers/[^/]+/documents/[^/]+"), requests_per_second=2),
)


class Store(Protocol):
    """Where processes share schedules."""

    def schedule(self, key: str, *, prove: bool = True) -> Schedule:
        """Return the schedule with this key.

        :param prove: whether to fail if the store does not work.
        """


class ConcurrencyLimit(FairSemaphore):
    """A semaphore whose size follows the server: smaller for a while after the server refused one request too many.

    :param most: how many requests may be in flight at once.
    """

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._most = self._named = most
        self._narrowed_at = 0.0
        self._named_at = float("-inf")

    def size(self) -> int:
        """Return how many may be in flight at once now."""
        if time.monotonic() - self._named_at > LIMIT_BELIEVED:
            return self._size
        return min(self._size, self._named)

    def acquire(self, deadline: float, since: float | None = None) -> bool:
        """Wait for room for one more, as :meth:`FairSemaphore.acquire`."""
        with self._changed:
            # Widened by the next request, so that no thread has to keep time.
            if self._size < self._most and time.monotonic() - self._narrowed_at > _WIDEN_AFTER:
                self._size, self._narrowed_at = self._size + 1, time.monotonic()
        return super().acquire(deadline, since)

    def limit_to(self, most: int) -> None:
        """Lower the limit to the one that the server names, until it has not named it for a while."""
        with self._changed:
            if 0 < most < self._most:
                self._named, self._named_at = most, time.monotonic()

    def narrow(self) -> None:
        """Make do with one less for a while: other processes have requests in flight, too."""
        with self._changed:
            # Below what is in flight now, of which one was refused: the limit itself may be far above that.
            self._size, self._narrowed_at = max(1, min(self._size, self._in) - 1), time.monotonic()


class Turn:
    """The permission to send one request.

    :param limits: the rate limits of the credential; None without any.
    :param taken: its entries in them.
    :param concurrency: the concurrency limits that it occupies, the narrowest first.
    """

    def __init__(self, limits: RateLimits | None, taken: Taken | None, concurrency: list[ConcurrencyLimit]) -> None:
        self._limits, self._taken = limits, taken
        self._concurrency = concurrency

    def sent(self) -> None:
        """Note that the request was sent just now."""
        if self._taken:
            self._taken.left()

    def answered(self, status: int, headers: Mapping[str, str]) -> bool:
        """Learn from an answer.

        :param status: its HTTP status.
        :param headers: its headers. Those of ``X-RateLimit-*`` that are missing or not a number are ignored.
        :return: for a 429: whether the pace took it into account, so that the request only has to wait for its next
            turn. Otherwise the server did not say how many requests it allows, and how long to wait is for the caller
            to decide.
        """
        limit, remaining = (_number(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining"))
        most_at_once, more_at_once = (
            _number(headers.get(f"X-RateLimit-Concurrent-{name}")) for name in ("Limit", "Remaining")
        )
        # The headers are about the narrowest limit that holds for the request.
        concurrency = self._concurrency[0] if self._concurrency else None
        if concurrency and most_at_once is not None and most_at_once >= 1:
            concurrency.limit_to(int(most_at_once))
        if not (self._limits and self._taken):
            return False
        if limit is not None and limit >= 1:
            self._taken.about.limit_to(limit)
        if status != HTTPStatus.TOO_MANY_REQUESTS:
            self._limits.answered(self._taken, limit, remaining)
            return False
        self._limits.uncount(self._taken)
        if remaining and more_at_once == 0 and concurrency:
            concurrency.narrow()
            return True
        return self._limits.refused(self._taken, full=remaining == 0 and limit is not None)


def check_limits(requests_per_second: float, max_concurrent: int, limits: str) -> None:
    """Check the limits that a connection names.

    :raises ConfigurationError: one of them cannot be used; the message names it and the reason.
    """
    if requests_per_second < 0 or max_concurrent < 0:
        raise ConfigurationError(
            "The connection's requests_per_second or max_concurrent is negative.",
            hint="Leave them at 10 and 8, the API's own limits. 0 switches a limit off.",
        )
    if limits not in LIMITS:
        raise ConfigurationError(
            f"The connection's limits must be one of {', '.join(LIMITS)}.",
            hint="Leave it empty, so that each process finds out from the rate limit headers.",
        )


class Pacer:
    """The limits of one credential within this process; threads and clients share it.

    :param requests_per_second: the rate limit; 0 switches pacing off.
    :param max_concurrent: requests of this credential that may be in flight at once; 0 for any number.
    :param schedule: returns the schedule that a limit shares with other processes, by the limit's name; None where each
        process watches the rate limit headers for others.
    :param limits: whether the rate limit is one for the credential or one for each endpoint, one of
        :data:`~airflow_provider_smartrecruiters.api.pacing.lanes.LIMITS`.
    """

    def __init__(
        self,
        requests_per_second: float = REQUESTS_PER_SECOND,
        max_concurrent: int = MAX_CONCURRENT,
        schedule: Schedules | None = None,
        limits: str = AUTO,
    ) -> None:
        self._settings = requests_per_second, max_concurrent, schedule, limits
        self.after_fork()
        start_anew_in_children(self)

    def after_fork(self) -> None:
        """Start with nothing in flight: what the parent's threads hold is never released here."""
        requests_per_second, max_concurrent, schedule, limits = self._settings
        rates = self._rates = RateLimits(requests_per_second, limits, schedule) if requests_per_second else None
        self._concurrency = ConcurrencyLimit(max_concurrent) if max_concurrent else None
        self._lanes = [
            (
                lane.pattern,
                rates.pace(lane.pattern.pattern, lane.requests_per_second)
                if rates and lane.requests_per_second
                else None,
                ConcurrencyLimit(lane.max_concurrent) if lane.max_concurrent else None,
            )
            for lane in LANES
        ]
        self._counting = threading.Lock()
        self._waiting = 0

    @property
    def by_endpoint(self) -> bool:
        """Whether each endpoint has a rate limit of its own now."""
        return bool(self._rates and self._rates.by_endpoint)

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn right now."""
        return self._waiting

    _shared: ClassVar[dict[str, Pacer]] = {}
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def shared(
        cls,
        base_url: str,
        credential: str,
        requests_per_second: float,
        max_concurrent: int,
        store: Store | None = None,
        limits: str = AUTO,
    ) -> Pacer:
        """Return the process-wide pacer of a credential, so that all hooks that use it share its limits.

        :param credential: API key or client id; only its digest is kept.
        :param store: where limits are shared with other processes; None for this process alone.
        :param limits: whether the rate limit is one for the credential or one for each endpoint.
        """
        account = _digest(f"{base_url}\n{credential}")
        # Hooks with other limits, or another store, have a pacer of their own: neither pacer is right for both.
        key = f"{account} {requests_per_second} {max_concurrent} {id(store) if store else None} {limits}"

        def schedule(name: str, *, prove: bool = True) -> Schedule:
            assert store
            # One schedule for each limit: another lane is another name, and stores need not know of it.
            return store.schedule(_digest(f"{account}\n{name}"), prove=prove)

        with cls._shared_lock:
            if key not in cls._shared:
                cls._shared[key] = cls(requests_per_second, max_concurrent, schedule if store else None, limits)
            return cls._shared[key]

    @contextmanager
    def turn(
        self, method: str, path: str, deadline: float, since: float | None = None, template: str | None = None
    ) -> Iterator[Turn]:
        """Wait until one request may be sent, and count it as in flight until the end of the block.

        :param path: path of the request, without the host.
        :param deadline: moment of :func:`time.monotonic` after which waiting makes no sense.
        :param since: moment at which the call began, of which the request may be a retry; the earliest is next. Now by
            default.
        :param template: path with placeholders, which names the endpoint; ``path`` by default.
        :raises TimeoutError: the request did not get its turn before the deadline.
        """
        operation = f"{method} {path}"
        # The narrowest first.
        lanes = [(pace, limit) for pattern, pace, limit in self._lanes if pattern.fullmatch(operation)]
        own = next((pace for pace, _ in lanes if pace), None)
        concurrency = [limit for _, limit in [*lanes, (None, self._concurrency)] if limit]
        since = time.monotonic() if since is None else since
        with ExitStack() as held, self._counted() as got_it:
            # The lane's limit first, always in this order: a thread that waits for its lane occupies nothing that the
            # other lanes need, and no two threads wait for each other.
            for limit in concurrency:
                if not limit.acquire(deadline, since):
                    raise TimeoutError
                held.callback(limit.release)
            # Turns are taken last, as they pass: one that is taken and then waits for something else is lost.
            taken = None
            if self._rates and not (
                taken := self._rates.take(endpoint_of(method, template or path), own, deadline, since)
            ):
                raise TimeoutError
            got_it()
            yield Turn(self._rates, taken, concurrency)

    @contextmanager
    def _counted(self) -> Iterator[Callable[[], None]]:
        """Count this thread as waiting until it calls what it is given, or leaves the block."""
        counted = 1
        with self._counting:
            self._waiting += 1

        def got_it() -> None:
            nonlocal counted
            with self._counting:
                self._waiting -= counted
            counted = 0

        try:
            yield got_it
        finally:
            got_it()

    def slow_down(self, seconds: float) -> None:
        """Let every request of this credential wait, after a 429.

        :param seconds: how long.
        """
        if self._rates:
            self._rates.hold(seconds)


def _new_lock_in_child() -> None:
    # A thread of the parent may hold it, which is not there to release it.
    Pacer._shared_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock_in_child)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
