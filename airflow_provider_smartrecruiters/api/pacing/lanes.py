"""The rate limits of one credential: one for all endpoints together, or one for each endpoint.

SmartRecruiters limits requests "by an endpoint", and says no more. If that means one limit for each endpoint, a record
that is read and then written uses two limits, and a batch is twice as fast. If it does not, a process that believes so
is refused. So a process starts with one limit for all, until the headers prove the other (:mod:`.evidence`), and goes
back at the first 429.

A request that leaves by one of the two is noted in the other, so that both know the last second after a change.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from airflow_provider_smartrecruiters.api.pacing.evidence import Evidence, Sent
from airflow_provider_smartrecruiters.api.pacing.rate import Departure, Pace, Schedule
from airflow_provider_smartrecruiters.api.pacing.store_trust import StoreTrust
from airflow_provider_smartrecruiters.exceptions import fitted

log = logging.getLogger(__name__)

AUTO, PER_CREDENTIAL, PER_ENDPOINT = LIMITS = ("auto", "per-credential", "per-endpoint")
"""What a rate limit counts: find out, all requests of a credential, or those to each endpoint."""

_WORD = re.compile(r"[a-z]+(?:-[a-z]+|[A-Z][a-z]+)*|v[0-9]+")
_MOST_LANES = 200
"""Endpoints that get a limit of their own; the API has about as many. Those beyond share one, as paths with ids that
look like words would otherwise never end."""
_EMPTY_AFTER = 1.1
"""Seconds after which the server's second holds nothing that left before. Doubled, a wrong guess costs a second more;
halved, the requests that left by the limits of endpoints fill the limit of the credential."""

_DOUBT_AFTER = 5
"""Number of 429s after which a connection that says that each endpoint has a limit of its own is doubted, once.
Doubled, a small batch ends before it is said. Halved, another process with the same credential causes it."""

_BELIEVE_AGAIN_AFTER = 10.0
"""Seconds for which evidence is not acted on after it was wrong, doubled each time. One 429 may come from another
process at the same endpoint, or from a machine that squeezed two requests together, and a batch that runs for hours
would pay for it with half of its speed. A server that always misleads costs 13 of them in a day. Doubled, it costs one
less, and the first mistake twice as much."""


class Schedules(Protocol):
    """Where the schedules of limits come from that are shared with other processes."""

    def __call__(self, name: str, *, prove: bool = True) -> Schedule:
        """Return the schedule of a limit.

        :param name: name of the limit.
        :param prove: whether to fail if the store does not work.
        """


def is_word(segment: str) -> bool:
    """Return whether a segment of a path is a word of the API (``hiring-team``) or a version, and so no id."""
    return _WORD.fullmatch(segment) is not None


def endpoint_of(method: str, path: str) -> str:
    """Return the endpoint of a request: its method and path, with ``{}`` for whatever does not look like a word.

    The same for a path with placeholders as for a literal one, or each record would have a limit of its own.

    :param method: HTTP method.
    :param path: path, literal or with placeholders.
    """
    return f"{method} " + "/".join(part if not part or is_word(part) else "{}" for part in path.split("/"))


@dataclass(frozen=True, eq=False)
class Taken:
    """A request's entries in the rate limits that hold for it.

    :param departures: by limit.
    :param about: the limit that the headers of the answer are about.
    :param by_endpoint: whether it left by the limit of its endpoint alone.
    :param sent: what the answer may prove something with; None if it cannot.
    """

    departures: dict[Pace, Departure]
    about: Pace
    by_endpoint: bool
    sent: Sent | None

    def left(self) -> None:
        """Note that the request was sent just now."""
        for pace, departure in self.departures.items():
            pace.sent(departure)
        if self.sent:
            self.sent.left = time.monotonic()


class RateLimits:
    """The rate limits of one credential, for the threads of this process.

    :param per_second: requests a second, of the credential or of each endpoint.
    :param limits: one of :data:`LIMITS`.
    :param schedules: where limits are shared with other processes; None for this process alone.
    """

    def __init__(self, per_second: float, limits: str = AUTO, schedules: Schedules | None = None) -> None:
        self._per_second, self._limits, self._schedules = per_second, limits, schedules
        self._trust = StoreTrust()
        self._lock = threading.Lock()
        self._paces: list[Pace] = []
        self._common = self.pace("common", per_second)
        self._lanes: dict[str, Pace] = {}
        self._held_until = 0.0
        self._evidence = Evidence()
        self._wrong = 0
        self._refused = 0
        self._believe_from = 0.0
        self.by_endpoint = limits == PER_ENDPOINT
        """Whether each endpoint has a limit of its own now."""

    def pace(self, name: str, per_second: float, *, prove: bool = True) -> Pace:
        """Return a new limit.

        :param name: its name in the store.
        :param per_second: requests a second.
        :param prove: whether to fail if the store does not work.
        :raises ConfigurationError: the store does not work.
        """
        pace = Pace(per_second, self._schedules(name, prove=prove) if self._schedules else None, self._trust)
        self._paces.append(pace)
        return pace

    def take(self, endpoint: str, own: Pace | None, deadline: float, since: float) -> Taken | None:
        """Wait until a request may leave; None if that is not before the deadline.

        :param endpoint: of :func:`endpoint_of`.
        :param own: the limit that the documents name for the operation, if they do.
        :param deadline: moment of :func:`time.monotonic` until which to wait.
        :param since: moment at which the caller began; the earliest is next.
        """
        lane = own or self._lane(endpoint)
        departures: dict[Pace, Departure] = {}
        waits = [lane] if lane and self.by_endpoint else self._together(own, lane)
        while waits:
            pace = waits.pop(0)
            if (departure := pace.wait(deadline, since)) is None:
                return None
            # By then, the other limit may be the one that counts.
            by_endpoint = lane is not None and self.by_endpoint
            if by_endpoint and pace is self._common:
                # Let through, or not needed any more. It is noted when it leaves.
                pace.uncount(departure)
            else:
                departures[pace] = departure
            counts = lane if lane and by_endpoint else self._common
            if not waits and counts not in departures:
                waits.append(counts)
        return self._taken(endpoint, own, lane, departures, by_endpoint)

    def answered(self, taken: Taken, limit: float | None, remaining: float | None) -> None:
        """Learn from the headers of an answer that is no 429.

        :param limit: ``X-RateLimit-Limit``, None if it is missing or no number.
        :param remaining: ``X-RateLimit-Remaining``, likewise.
        """
        # What is free of another limit, as of one that this module does not know, says nothing about this one.
        if limit == taken.about.per_second and remaining is not None:
            taken.about.answered(taken.departures[taken.about], remaining)
        if taken.sent is None:
            return
        used = None if limit is None or remaining is None or not 0 <= remaining <= limit else limit - remaining
        with self._lock:
            now = time.monotonic()
            if self._evidence.answered(taken.sent, used, now) and now >= self._believe_from and not self.by_endpoint:
                self.by_endpoint = True
                self._common.let_through(True)
                log.info("SmartRecruiters counts requests by endpoint. From now on each endpoint has its own limit.")

    def uncount(self, taken: Taken) -> None:
        """Note that the server did not count a request."""
        for pace, departure in taken.departures.items():
            pace.uncount(departure)
        if taken.sent:
            with self._lock:
                self._evidence.refused(taken.sent)

    def refused(self, taken: Taken, *, full: bool) -> bool:
        """Learn from a 429 for too many requests a second, after :meth:`uncount`.

        :param full: whether the headers say that the server's second is full.
        :return: whether the request only has to wait for its next turn.
        """
        if self._limits == AUTO and taken.by_endpoint:
            self._go_back()
            return full
        if self._limits == PER_ENDPOINT and taken.by_endpoint:
            self._doubt_the_setting()
        return full and taken.about.refused()

    def hold(self, seconds: float) -> None:
        """Let nothing leave for ``seconds``."""
        with self._lock:
            # Also of an endpoint that comes later.
            self._held_until = max(self._held_until, time.monotonic() + seconds)
            for pace in self._paces:
                pace.hold(seconds)

    def _lane(self, endpoint: str) -> Pace | None:
        """Return the limit of an endpoint; None if there is one for the credential, whatever the headers say."""
        if self._limits == PER_CREDENTIAL:
            return None
        with self._lock:
            name = endpoint if endpoint in self._lanes or len(self._lanes) < _MOST_LANES else "the others"
            if name not in self._lanes:
                # Not proven: a store that fails while a task runs does not stop it.
                self._lanes[name] = self.pace(name, self._per_second, prove=False)
                self._lanes[name].hold(self._held_until - time.monotonic())
            return self._lanes[name]

    def _together(self, own: Pace | None, lane: Pace | None) -> list[Pace]:
        """Return the limits to wait for with one limit for the credential, in this order."""
        if own:
            # A common turn is lost if the slower limit is waited for after it.
            return [own, self._common]
        # A process with the same store may have found out already, and then takes turns of the endpoint alone. Last, as
        # it is these turns that the server counts then.
        return [self._common, lane] if lane and self._schedules else [self._common]

    def _taken(
        self,
        endpoint: str,
        own: Pace | None,
        lane: Pace | None,
        departures: dict[Pace, Departure],
        by_endpoint: bool,
    ) -> Taken:
        by_endpoint = by_endpoint and not own
        for pace in (lane, self._common):
            if pace and pace not in departures:
                departures[pace] = pace.note()
        sent = None
        if self._limits == AUTO and not own and not by_endpoint:
            with self._lock:
                sent = self._evidence.sent(endpoint, time.monotonic())
        return Taken(departures, own or (lane if by_endpoint and lane else self._common), by_endpoint, sent)

    def _doubt_the_setting(self) -> None:
        with self._lock:
            self._refused += 1
            enough = self._refused == _DOUBT_AFTER
        if enough:
            said = (
                f"SmartRecruiters has refused {_DOUBT_AFTER} requests although their endpoints had turns left. The "
                "connection says `limits: per-endpoint`. What to do: Set `limits` to auto in its extras, unless other "
                "processes use this credential at the same time."
            )
            log.warning("%s", fitted(said))

    def _go_back(self) -> None:
        # Before anything else, as threads wait for it as soon as the limits of endpoints are off.
        self._common.hold(_EMPTY_AFTER)
        self._common.let_through(False)
        with self._lock:
            if not self.by_endpoint:
                return
            self.by_endpoint = False
            self._evidence = Evidence()
            self._believe_from = time.monotonic() + _BELIEVE_AGAIN_AFTER * 2**self._wrong
            self._wrong += 1
        said = (
            "SmartRecruiters refused a request although its endpoint had a turn left: it counts all requests of the "
            "credential, or another process uses the endpoint. Back to one limit for all endpoints. What to do: "
            "Nothing. If you know what it counts by, set `limits` in the connection's extras."
        )
        log.warning("%s", fitted(said))
