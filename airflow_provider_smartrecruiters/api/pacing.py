"""Staying under the API's limits instead of colliding with them.

The limits are per credential: 10 requests a second and 8 at once for most operations, one at once for
``GET /candidates``, 2 a second for publishing (https://developers.smartrecruiters.com/docs/rate-limiting).
Requests leave evenly spaced, never in a burst at the edge of a second: the server counts arrivals, and a burst
that the network squeezes together counts as one request too many.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from pyrate_limiter import GCRA, Rate, RateItem, StateBucket

REQUESTS_PER_SECOND = 10.0
MAX_CONCURRENT = 8

_SHARE_OF_LIMIT = 0.985
# Eleven requests in a row then take 1.015 s: room for 15 ms of unevenness in the network's delay.


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


class _Pace:
    """Evenly spaced permits, one caller at a time (GCRA without a burst)."""

    def __init__(self, per_second: float) -> None:
        self._queue = threading.Lock()
        self._counting = threading.Lock()
        self._resume_at = 0.0
        self.per_second = per_second
        self._bucket = self._new_bucket(per_second)
        # No more than these can have passed within a second.
        self._passed: deque[float] = deque(maxlen=ceil(per_second) + 1)

    @staticmethod
    def _new_bucket(per_second: float) -> StateBucket:
        # The library's rates are whole numbers; a thousandth of a request is fine enough for any limit.
        rate = Rate(limit=max(1, round(per_second * _SHARE_OF_LIMIT * 1000)), interval=1_000_000, burst=1)
        return StateBucket([rate], algorithm=GCRA())

    def limit_to(self, per_second: float) -> None:
        """Lower the pace to what the server says its limit is."""
        if 0 < per_second < self.per_second:
            with self._queue:
                self.per_second = per_second
                self._bucket = self._new_bucket(per_second)

    def hold(self, seconds: float) -> None:
        """Let nothing pass for ``seconds``."""
        self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def passed_lately(self) -> int:
        """Return how many permits this process took within the last second."""
        since = time.monotonic() - 1.0
        with self._counting:
            return sum(moment >= since for moment in self._passed)

    def wait(self, deadline: float) -> bool:
        """Wait for a permit until ``deadline`` (of :func:`time.monotonic`); say whether there was one."""
        if not self._queue.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        try:
            while True:
                now = time.monotonic()
                pause = self._resume_at - now
                if pause <= 0:
                    # Milliseconds of the same clock that the bucket counts on.
                    item = RateItem("request", int(now * 1000))
                    if self._bucket.put(item):
                        with self._counting:
                            self._passed.append(now)
                        return True
                    waiting = self._bucket.waiting(item)
                    assert isinstance(waiting, int)
                    pause = max(waiting, 1) / 1000
                if now + pause > deadline:
                    return False
                time.sleep(pause)
        finally:
            self._queue.release()


class Pacer:
    """The pace of one credential within this process; threads and clients share it.

    :param requests_per_second: the credential's request limit; 0 switches pacing off.
    :param max_concurrent: requests of this credential that may be under way at once; 0 for any number.
    """

    def __init__(self, requests_per_second: float = REQUESTS_PER_SECOND, max_concurrent: int = MAX_CONCURRENT) -> None:
        self._pace = _Pace(requests_per_second) if requests_per_second else None
        self._places = threading.BoundedSemaphore(max_concurrent) if max_concurrent else None
        self._lanes = [
            (
                lane.pattern,
                _Pace(lane.requests_per_second) if lane.requests_per_second and self._pace else None,
                threading.BoundedSemaphore(lane.max_concurrent) if lane.max_concurrent else None,
            )
            for lane in LANES
        ]
        self._counting = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn or a place right now."""
        return self._waiting

    _shared: ClassVar[dict[str, Pacer]] = {}
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def shared(cls, base_url: str, credential: str, requests_per_second: float, max_concurrent: int) -> Pacer:
        """Return the process-wide pacer of a credential, so that every hook that uses it keeps one pace.

        :param credential: API key or client id; only its digest is kept.
        """
        told_apart_by = f"{base_url}\n{credential}\n{requests_per_second}\n{max_concurrent}"
        key = hashlib.sha256(told_apart_by.encode("utf-8", "surrogatepass")).hexdigest()
        with cls._shared_lock:
            if key not in cls._shared:
                cls._shared[key] = cls(requests_per_second, max_concurrent)
            return cls._shared[key]

    @contextmanager
    def slot(self, method: str, path: str, deadline: float) -> Iterator[None]:
        """Hold a place for one request: wait for the pace, and for fewer than ``max_concurrent`` under way.

        :param path: path of the request, without the host.
        :param deadline: moment of :func:`time.monotonic` after which waiting makes no sense.
        :raises TimeoutError: when there was no place before the deadline.
        """
        operation = f"{method} {path}"
        paces = [self._pace] if self._pace else []
        places = [self._places] if self._places else []
        for pattern, pace, place in self._lanes:
            if pattern.fullmatch(operation):
                paces += [pace] if pace else []
                places += [place] if place else []
        with ExitStack() as held, self._counted() as got_it:
            # The lane's place first: who waits for it must not keep the others from the common ones.
            for place in reversed(places):
                if not place.acquire(timeout=max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                held.callback(place.release)
            # The narrow lane first: a permit of the common pace must not go stale while a slower one is awaited.
            for pace in reversed(paces):
                if not pace.wait(deadline):
                    raise TimeoutError
            got_it()
            yield

    @contextmanager
    def _counted(self) -> Iterator[Callable[[], None]]:
        """Count this thread as waiting until it says that it got what it waited for."""
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
        if self._pace:
            self._pace.hold(seconds)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from the ``X-RateLimit-*`` headers of an answer: a lower limit is kept to from now on, and where
        nothing is left though this process took less than the limit, somebody else uses the credential too and
        the next request waits a turn.

        Headers that are missing or no numbers are passed over.
        """
        if not self._pace:
            return
        limit = _number(headers.get("X-RateLimit-Limit"))
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        if limit is not None and limit > 0:
            self._pace.limit_to(limit)
            if remaining == 0 and self._pace.passed_lately() < limit - 1:
                self._pace.hold(1 / limit)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
