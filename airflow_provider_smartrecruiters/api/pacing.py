"""Staying under the API's limits instead of colliding with them.

The limits are per credential: 10 requests a second and 8 at once for most operations, one at once for
``GET /candidates``, 2 a second for publishing (https://developers.smartrecruiters.com/docs/rate-limiting).
Requests leave evenly spaced, never in a burst at the edge of a second: the server counts arrivals, and a burst
that the network squeezes together counts as one request too many. :mod:`.pace` says how one limit is kept.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from math import isfinite
from typing import ClassVar, Protocol

from airflow_provider_smartrecruiters.api.pace import Departure, Pace, Turns

REQUESTS_PER_SECOND = 10.0
MAX_CONCURRENT = 8

_WIDEN_AFTER = 5.0


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
    """Where processes share their pace."""

    def turns(self, key: str) -> Turns:
        """Return the schedule that has this key."""


class _Places:
    """Room for so many requests under way; fewer for a while when the server had less room than that.

    :param most: how many.
    """

    def __init__(self, most: int) -> None:
        self._most = self._now = most
        self._taken = 0
        self._narrowed_at = 0.0
        self._changed = threading.Condition()

    def take(self, deadline: float) -> bool:
        """Wait for a place until ``deadline`` (of :func:`time.monotonic`); say whether there was one."""
        with self._changed:
            if self._now < self._most and time.monotonic() - self._narrowed_at > _WIDEN_AFTER:
                self._now, self._narrowed_at = self._now + 1, time.monotonic()
            if not self._changed.wait_for(lambda: self._taken < self._now, max(0.0, deadline - time.monotonic())):
                return False
            self._taken += 1
            return True

    def give_back(self) -> None:
        """Leave a place."""
        with self._changed:
            self._taken -= 1
            self._changed.notify()

    def limit_to(self, most: int) -> None:
        """Lower the number to what the server says it is."""
        with self._changed:
            if 0 < most < self._most:
                self._most, self._now = most, min(self._now, most)

    def narrow(self) -> None:
        """Make do with fewer for a while: others have requests under way, too."""
        with self._changed:
            self._now, self._narrowed_at = max(1, min(self._now, self._taken) - 1), time.monotonic()


class Turn:
    """The permission to send one request.

    :param departures: what the paces that it has to keep wrote down of it, the narrowest first.
    :param places: those of which it has one, the narrowest first.
    """

    def __init__(self, departures: list[tuple[Pace, Departure]], places: list[_Places]) -> None:
        self._departures = departures
        self._places = places

    def leaves(self) -> None:
        """Say that the request was sent just now."""
        for pace, departure in self._departures:
            pace.leaves(departure)

    def answered(self, status: int, headers: Mapping[str, str]) -> bool:
        """Learn from an answer.

        :param status: its HTTP status.
        :param headers: of which ``X-RateLimit-*`` tell. Those that are missing or no numbers are passed over.
        :return: of a 429: whether the pace took it into account, so that the request may go on with its next turn. A
            server that does not say how many requests it allows, and a wait that it asks for, leave that to the caller.
        """
        limit, remaining = (_number(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining"))
        at_once, places_left = (
            _number(headers.get(f"X-RateLimit-Concurrent-{name}")) for name in ("Limit", "Remaining")
        )
        # What the headers tell is about the narrowest limit that the request has.
        places = self._places[0] if self._places else None
        if places and at_once is not None and at_once >= 1:
            places.limit_to(int(at_once))
        if not self._departures:
            return False
        pace, departure = self._departures[0]
        if limit is not None and limit >= 1:
            pace.limit_to(limit)
        if status != HTTPStatus.TOO_MANY_REQUESTS:
            if limit == pace.per_second and remaining is not None:
                pace.answered(departure, remaining)
            return False
        for kept, uncounted in self._departures:
            kept.take_back(uncounted)
        if remaining and places_left == 0 and places:
            places.narrow()
            return True
        return remaining == 0 and limit is not None and pace.refused()


class Pacer:
    """The pace of one credential within this process; threads and clients share it.

    :param requests_per_second: the credential's request limit; 0 switches pacing off.
    :param max_concurrent: requests of this credential that may be under way at once; 0 for any number.
    :param turns: gives the schedule that a limit shares with other processes, by the limit's name; None where each
        process keeps its own and watches the answers for others.
    """

    def __init__(
        self,
        requests_per_second: float = REQUESTS_PER_SECOND,
        max_concurrent: int = MAX_CONCURRENT,
        turns: Callable[[str], Turns] | None = None,
    ) -> None:
        def pace(name: str, per_second: float | None) -> Pace | None:
            return Pace(per_second, turns(name) if turns else None) if per_second and requests_per_second else None

        self._pace = pace("common", requests_per_second)
        self._places = _Places(max_concurrent) if max_concurrent else None
        self._lanes = [
            (
                lane.pattern,
                pace(lane.pattern.pattern, lane.requests_per_second),
                _Places(lane.max_concurrent) if lane.max_concurrent else None,
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
    def shared(
        cls,
        base_url: str,
        credential: str,
        requests_per_second: float,
        max_concurrent: int,
        store: Store | None = None,
    ) -> Pacer:
        """Return the process-wide pacer of a credential, so that every hook that uses it keeps one pace.

        :param credential: API key or client id; only its digest is kept.
        :param store: where the pace is shared with other processes; None for this process alone.
        """
        account = _digest(f"{base_url}\n{credential}")
        key = f"{account} {requests_per_second} {max_concurrent} {id(store) if store else None}"
        with cls._shared_lock:
            if key not in cls._shared:
                turns = (lambda name: store.turns(_digest(f"{account}\n{name}"))) if store else None
                cls._shared[key] = cls(requests_per_second, max_concurrent, turns)
            return cls._shared[key]

    @contextmanager
    def slot(self, method: str, path: str, deadline: float) -> Iterator[Turn]:
        """Hold a place for one request: wait for the pace, and for fewer than ``max_concurrent`` under way.

        :param path: path of the request, without the host.
        :param deadline: moment of :func:`time.monotonic` after which waiting makes no sense.
        :raises TimeoutError: when there was no place before the deadline.
        """
        operation = f"{method} {path}"
        # The narrowest first.
        limits = [(pace, places) for pattern, pace, places in self._lanes if pattern.fullmatch(operation)]
        limits.append((self._pace, self._places))
        paces = [pace for pace, _ in limits if pace]
        places = [place for _, place in limits if place]
        with ExitStack() as held, self._counted() as got_it:
            # The lane's place first: who waits for it must not keep the others from the common ones.
            for place in places:
                if not place.take(deadline):
                    raise TimeoutError
                held.callback(place.give_back)
            departures = []
            # The narrow lane first: a turn of the common pace must not go stale while a slower one is awaited.
            for pace in paces:
                if (departure := pace.wait(deadline)) is None:
                    raise TimeoutError
                departures.append((pace, departure))
            got_it()
            yield Turn(departures, places)

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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
