"""One rate limit: which request may leave when.

The server counts the requests of the last second, in a sliding window. So a request may leave when the one that left
``limit`` requests before it is out of that window (a sliding-window log), and never right behind its predecessor.
What counts is when requests *leave*: a thread that got its turn and was then held up by the machine occupies its slot
of the second from when it sends, not from when it might have sent.

Several processes may use one credential. With a store they take turns from one schedule (:mod:`.schedule`). Without
one, each keeps to its share of the slots (:mod:`.share`).
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from airflow_provider_smartrecruiters.api.pacing.queue import FairSemaphore
from airflow_provider_smartrecruiters.api.pacing.share import Share
from airflow_provider_smartrecruiters.api.pacing.store_trust import StoreTrust

# Figures are from benchmarks/share_simulation.py: how much of the limit is used, how many requests are refused.
_JITTER = 0.012
"""Seconds beyond the server's second, as the network delays one request more than another. Doubled, one process uses
97.5 instead of 98.6 %; halved, it uses 99.2 %, and now and then its own requests squeeze an eleventh into a second."""
_GAP = 0.97
"""Distance of two turns, in units of the even distance. Doubled, half of the limit is used; halved, requests leave in
pairs, and four processes are refused 1.1 instead of 0.7 %. At 1, a request that was late is never caught up with."""
_GAP_AFTER_LATE = 0.3
"""The same between a request that left after its turn and the next one. Doubled, four processes use 93.0 instead of
95.3 %, as one late request makes the next ones late; halved, eight are refused 5.1 instead of 4.1 %."""
_SHARE_OF_LIMIT = 0.98
"""How much of the limit a shared schedule uses. The rest is for requests that take different ways to the server: ten
turns take 20 ms more than the second. With that doubled (0.96) 96 % are used; halved, 10 ms have to do."""
_CAUGHT_UP = 3
"""How many turns may be over when a thread gets the first of them. Doubled, a pause of the machine ends in a burst of
six; halved, what a pause of two turns cost is never caught up with."""
_COUNTING_SLACK = 0.03
"""Seconds for which a request may still be counted by the server after its second. Doubled or halved, nothing changes
as long as the network varies by less; without it, a process takes its own requests for those of others."""
LIMIT_BELIEVED = 10.0
"""Seconds for which a limit below the connection's own is believed after an answer that named it. Doubled, one wrong
answer slows a process down for 20 s; halved, a process that sends one request in 6 s tries the higher limit each
time."""
_BACKOFF, _MOST_REFUSALS = (0.1, 0.3), 3
"""Seconds, from and to, that a process without a slot waits at random, doubled with each of up to three refusals in a
row. Doubled, eight processes are refused 3.2 instead of 4.1 % and use 94.8 instead of 95.2 %; halved, 4.9 %."""


class StoreLostError(Exception):
    """The shared schedule does not answer."""


class Schedule(Protocol):
    """A schedule of evenly spaced turns that several processes share."""

    def reserve(self, per_second: float, within: float) -> float:
        """Take the next turn, and return the seconds until it.

        :param per_second: turns a second.
        :param within: seconds from now after which a turn is of no use: it is not taken then, and infinity returned.
        :raises StoreLostError: the schedule does not answer.
        """


@dataclass(eq=False, slots=True)
class Departure:
    """A request that got its turn.

    :param turn: the turn, a moment of :func:`time.monotonic`.
    :param at: when it left, or may leave.
    """

    turn: float
    at: float


class SlidingWindow:
    """What a process knows of the server's sliding window, without a clock or a lock of its own.

    :param per_second: the limit; a fraction makes the second longer (2.5 are 5 in two seconds).
    """

    def __init__(self, per_second: float) -> None:
        slots = ceil(per_second)
        self.per_second = per_second
        self.share = Share(slots)
        self.resume_at = 0.0
        self._second = slots / per_second
        self._refusals = 0
        # Enough to look back two of the server's seconds.
        self._departures: deque[Departure] = deque(maxlen=2 * slots + 2)

    def resized(self, per_second: float) -> SlidingWindow:
        """Return the same window for another limit."""
        other = SlidingWindow(per_second)
        other.resume_at = self.resume_at
        other._departures.extend(self._departures)
        return other

    def next_turn(self, came: float) -> float:
        """Return the turn of a thread that came at that moment; it may be over."""
        turn = max(came, self.resume_at)
        if self._departures:
            last = self._departures[-1]
            turn = max(turn, last.turn + _GAP / self.per_second, last.at + _GAP_AFTER_LATE / self.per_second)
        slots = self.share.slots
        if len(self._departures) >= slots:
            # The slot that was used one second ago is free again, and for this process: others use theirs.
            turn = max(turn, self._departures[-slots].at + self._second + _JITTER)
        return turn

    def depart(self, turn: float, now: float) -> Departure:
        """Note that a request may leave."""
        departure = Departure(turn, now)
        self._departures.append(departure)
        return departure

    def uncount(self, departure: Departure) -> None:
        """Note that the server did not count a request."""
        if departure in self._departures:
            self._departures.remove(departure)

    def refused(self, now: float) -> None:
        """Learn that the server's second was full, after :meth:`uncount`."""
        used = self._most_used(now, now)
        if self.share.refused(used, now) and used == 0:
            # All slots of this second belong to others, so none of ours says when the next one is free.
            self._refusals = min(self._refusals + 1, _MOST_REFUSALS)
            self.resume_at = max(self.resume_at, now + random.uniform(*_BACKOFF) * 2**self._refusals)

    def answered(self, departure: Departure, remaining: int, now: float) -> bool:
        """Learn from an answer how many slots of the server's second are free; say whether the next turn moved up."""
        before = self.share.slots
        # The server counted at some moment since the request left. Only what it counts beyond the most that this
        # process had in that time is certainly of others.
        self.share.answered(self._most_used(departure.at, now), remaining, now)
        self._refusals = 0
        return self.share.slots > before

    def _most_used(self, since: float, until: float) -> int:
        """Return the most slots of the server's second that this process had at any moment between two."""
        left = [departure.at for departure in self._departures]
        moments = [since, until, *(at for at in left if since < at <= until)]
        return max(sum(now - self._second - _COUNTING_SLACK < at <= now for at in left) for now in moments)


class Pace:
    """Turns at one limit, for the threads of this process.

    :param per_second: the limit, as of :class:`SlidingWindow`.
    :param schedule: what is shared with other processes through a store; None without one.
    :param trust: whether the store may be used; limits of one credential share it.
    """

    def __init__(self, per_second: float, schedule: Schedule | None = None, trust: StoreTrust | None = None) -> None:
        self._schedule = schedule
        self._trust = trust or StoreTrust()
        # Held by the one thread that waits for the next turn, so that turns are taken one by one and in order.
        self._queue = FairSemaphore(1)
        # Held for the window, and never while anything is waited for.
        self._lock = threading.Lock()
        self._window = SlidingWindow(per_second)
        self._moved_up = threading.Event()
        self._open = False
        self._most = per_second
        self._named_at = float("-inf")

    @property
    def per_second(self) -> float:
        """The limit."""
        return self._window.per_second

    def limit_to(self, per_second: float) -> None:
        """Lower the limit to the one that the server names, until it has not named it for a while."""
        with self._lock:
            if 0 < per_second < self._most and per_second <= self.per_second:
                # One answer may be wrong, or about another limit. As long as more of them say so, it holds.
                self._named_at = time.monotonic()
                if per_second < self.per_second:
                    self._window = self._window.resized(per_second)

    def _recover(self) -> None:
        if self.per_second < self._most and time.monotonic() - self._named_at > LIMIT_BELIEVED:
            self._window = self._window.resized(self._most)

    def hold(self, seconds: float) -> None:
        """Let nothing leave for ``seconds``."""
        with self._lock:
            self._window.resume_at = max(self._window.resume_at, time.monotonic() + seconds)

    def let_through(self, let: bool) -> None:
        """Let requests leave without a turn, those that wait already as well, or no longer.

        Another limit holds instead. What leaves by that one is noted here, and would push back those that wait here.
        """
        self._open = let
        self._moved_up.set()

    def wait(self, deadline: float, since: float | None = None) -> Departure | None:
        """Wait for a turn; None if there is none in time.

        :param deadline: moment of :func:`time.monotonic` until which to wait.
        :param since: moment at which the caller began; the earliest is next.
        """
        came = time.monotonic()
        if not self._queue.acquire(deadline, since):
            return None
        try:
            # A thread that the machine held up catches up, but not with a burst.
            came = max(came, time.monotonic() - _CAUGHT_UP / self.per_second)
            with self._lock:
                self._recover()
            reserved = None if self._open else self._reserve(deadline)
            while True:
                now = time.monotonic()
                if self._open:
                    return self.note()
                if reserved is not None and (resume_at := self._window.resume_at) > max(reserved, now):
                    # Held past its turn. By the end of that, the turns that follow belong to others.
                    time.sleep(max(0.0, min(resume_at, deadline) - now))
                    reserved = self._reserve(deadline)
                    continue
                # Cleared before the turn is computed: an answer that moves it up afterwards is not missed.
                self._moved_up.clear()
                if self._open:
                    continue
                with self._lock:
                    turn = self._window.next_turn(came) if reserved is None else reserved
                    if turn <= now:
                        return self._window.depart(turn, now)
                if turn > deadline:
                    return None
                # A turn may also move back meanwhile. That shows when it has come and is computed again.
                self._moved_up.wait(turn - now)
        finally:
            self._queue.release()

    def note(self) -> Departure:
        """Note that a request leaves now by another limit: the turns that follow take it into account."""
        with self._lock:
            now = time.monotonic()
            return self._window.depart(now, now)

    def sent(self, departure: Departure) -> None:
        """Note that a request was sent just now, some time after its turn."""
        departure.at = time.monotonic()

    def uncount(self, departure: Departure) -> None:
        """Note that the server did not count a request."""
        with self._lock:
            self._window.uncount(departure)

    def refused(self) -> bool:
        """Learn that the server's second was full, after :meth:`uncount`.

        :return: True: the request only has to wait for its next turn.
        """
        # With a schedule the next turn is one that nobody else has, so there is nothing to learn but that this is not
        # so: a file on two hosts, or a program that does not know the store.
        if self._scheduled:
            self._trust.refused()
        if not self._scheduled:
            with self._lock:
                self._window.refused(time.monotonic())
        return True

    def answered(self, departure: Departure, remaining: float) -> None:
        """Learn from an answer how many slots of the server's second are free.

        :param departure: of the request that was answered.
        :param remaining: the answer's ``X-RateLimit-Remaining``.
        """
        if self._scheduled or not 0 <= remaining <= self.per_second:
            return
        with self._lock:
            moved_up = self._window.answered(departure, int(remaining), time.monotonic())
        if moved_up:
            # Wake the thread that waits: the free slot may soon be another process's.
            self._moved_up.set()

    def _reserve(self, deadline: float) -> float | None:
        """Return the moment of a turn of the shared schedule; None where there is none, or its store is lost."""
        if self._schedule is None or not self._trust.worth_asking:
            return None
        try:
            wait = self._schedule.reserve(self.per_second * _SHARE_OF_LIMIT, deadline - time.monotonic())
        except StoreLostError as error:
            self._trust.lost(error)
            return None
        self._trust.answered()
        return time.monotonic() + wait

    @property
    def _scheduled(self) -> bool:
        """Whether turns come from the shared schedule now."""
        return self._schedule is not None and self._trust.given
