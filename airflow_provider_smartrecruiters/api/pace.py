"""The pace of one limit: who may send when, and how much of the limit is this process's.

The server counts the requests of the last second. So a request may leave when the one that left ``limit`` requests
before it is out of that second, and never right behind its predecessor. What counts is when requests *leave*: a thread
that was given its turn and then held up by the machine takes its place in the second when it sends, not when it might
have.

Several processes may use one credential without knowing of one another. Each keeps, of the places in the server's
second, those that it has: a place that was used a second ago is free again for the same process, so once the places are
shared out nobody is refused any more. A place is given up when it is refused, and one more is tried when the server's
answers show for a while that places are free.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

log = logging.getLogger(__name__)

_SLACK = 0.012
"""Seconds beyond the server's second, for what the network delays one request more than another."""
_GAP = 0.97
"""Of the even distance between two requests, so much is between their turns."""
_GAP_AFTER_LATE = 0.3
"""The same between a request that left after its turn and the next one, so that not all others become late as well."""
_SHARE_OF_LIMIT = 0.985
"""Of the limit, so much is used where others use it as well and their requests' way to the server is not known."""
_CAUGHT_UP = 3
"""So many turns may be over when a thread gets the first of them."""
_COUNTING_SLACK = 0.03
_ASK_STORE_AGAIN = 10.0


class StoreLostError(Exception):
    """The schedule that is shared cannot be asked now."""


class Turns(Protocol):
    """A schedule of evenly spaced turns that several processes share."""

    def reserve(self, per_second: float) -> float:
        """Take the next turn, and return the seconds until it.

        :param per_second: turns in a second.
        :raises StoreLostError: they cannot be asked now.
        """


@dataclass(eq=False, slots=True)
class Departure:
    """A request that was given its turn.

    :param turn: moment of :func:`time.monotonic` at which it was its turn.
    :param at: moment at which it left, or may leave.
    """

    turn: float
    at: float


@dataclass(slots=True)
class Share:
    """How many of the places in the server's second this process takes.

    Processes that cannot talk settle by what the answers show to all of them. Who has few places takes a free one
    sooner, and who has more than two leaves one to others now and then: often at first, when they were shared out by
    chance, and ever more rarely.

    :param limit: all the places.
    """

    limit: int
    mine: int = field(init=False)
    _others_seen: float = -1e9
    _met_at: float = -1e9
    _free: float = 0.0
    _free_at: float = 0.0
    _not_free: float = 0.0
    _looked_free: float = 0.0
    _grew_at: float = -1e9
    _refused_at: float = -1e9
    _grow_not_before: float = 0.0
    _pause: float = 0.0
    _give_up_at: float = 0.0

    _STRANGERS_AFTER = 3.0
    _ALONE_AFTER = 1.2
    _FREE = 0.8
    _LOOK = 0.8
    _FAILED_WITHIN = 2.5
    _FIRST_PAUSE, _LONGEST_PAUSE = 4.0, 32.0
    _GIVE_UP_FIRST, _GIVE_UP_LAST = 2.0, 15.0
    _GIVE_UP_LATER = 0.25
    _GIVE_UP = 0.4

    def __post_init__(self) -> None:
        self.mine = self.limit
        self._pause = self._FIRST_PAUSE

    def refused(self, used_by_me: int, now: float) -> bool:
        """Learn that the server's second was full.

        :param used_by_me: how many of its places were this process's.
        :return: whether others took the rest of them.
        """
        if used_by_me >= self.limit:
            return False
        self.mine = max(1, min(self.mine - 1, used_by_me))
        if now - self._others_seen > self._STRANGERS_AFTER:
            self._meet(now)
        self._others_seen = self._refused_at = now
        if now - self._grew_at < self._FAILED_WITHIN:
            # What looked free was not: the answers of this process come at a moment at which a place is just empty.
            # They have to show more than that the next time.
            self._free = self._not_free = self._looked_free
            self._pause = min(self._LONGEST_PAUSE, 2 * self._pause)
            self._grew_at = -1e9
        else:
            self._free = self._not_free = 0.0
        pause = random.uniform(0.5, 1.0) * self._pause * self.mine / 4
        self._grow_not_before = max(self._grow_not_before, now + pause)
        return True

    def answered(self, used_by_me: int, remaining: int, now: float) -> None:
        """Learn from the headers of an answer.

        :param used_by_me: how many places of the server's second are this process's.
        :param remaining: how many are free.
        """
        used = self.limit - remaining
        if used > used_by_me:
            if now - self._others_seen > self._STRANGERS_AFTER:
                self.mine = max(1, min(self.mine, self.limit * used_by_me // used))
                self._free = self._not_free = 0.0
                self._free_at = now
                self._meet(now)
            self._others_seen = now
        elif now - self._others_seen > self._ALONE_AFTER:
            self.mine, self._pause = self.limit, self._FIRST_PAUSE
        if self.mine < self.limit:
            self._grow(remaining, now)
            self._give_up(now)

    def _meet(self, now: float) -> None:
        self.mine = max(1, min(self.mine, self.limit // 2))
        self._met_at = now
        self._give_up_at = self._next_give_up(now)

    def _grow(self, remaining: int, now: float) -> None:
        # Who has few places is answered seldom, and has to see fewer answers.
        weight = min(1.0, max(0.05, (now - self._free_at) / (self._LOOK * min(3, self.mine))))
        self._free += (remaining - self._free) * weight
        self._free_at = now
        self._not_free = min(self._not_free, self._free)
        surplus = self._free - self._not_free
        if surplus < self._FREE or remaining < 1 or now < self._grow_not_before:
            return
        if self._refused_at < self._grew_at:
            self._pause = self._FIRST_PAUSE
        taken = max(1, int(surplus / 2))
        self.mine = min(self.limit, self.mine + taken)
        self._looked_free, self._grew_at = self._free, now
        self._free = max(self._not_free, self._free - taken)
        self._grow_not_before = now + random.uniform(0.8, 1.6)

    def _give_up(self, now: float) -> None:
        if now < self._give_up_at:
            return
        self._give_up_at = self._next_give_up(now)
        if self.mine > 2 and self._free < self._FREE and random.random() < self._GIVE_UP:
            self._grow_not_before = now + random.uniform(1.5, 3.0) * self.mine / 6
            self.mine -= 1

    def _next_give_up(self, now: float) -> float:
        every = min(self._GIVE_UP_LAST, self._GIVE_UP_FIRST + self._GIVE_UP_LATER * (now - self._met_at))
        return now + random.uniform(0.5, 1.5) * every


class Pace:
    """Turns at one limit, for the threads of this process.

    :param per_second: the limit; a fraction makes the second longer (2.5 are 5 in two seconds).
    :param turns: the schedule that is shared with other processes; None where there is none.
    """

    def __init__(self, per_second: float, turns: Turns | None = None) -> None:
        self._turns = turns
        self._queue = threading.Lock()
        self._lock = threading.Lock()
        self._moved_up = threading.Event()
        self._resume_at = 0.0
        self._turned_away = 0
        self._store_lost_until = 0.0
        self._set_limit(per_second)

    def _set_limit(self, per_second: float) -> None:
        self.per_second = per_second
        places = ceil(per_second)
        self._second = places / per_second
        self._share = Share(places)
        # Enough to look back two of the server's seconds.
        self._departures: deque[Departure] = deque(maxlen=2 * places + 2)

    def limit_to(self, per_second: float) -> None:
        """Lower the limit to what the server says it is."""
        if 0 < per_second < self.per_second:
            with self._lock:
                kept = list(self._departures)
                self._set_limit(per_second)
                self._departures.extend(kept)

    def hold(self, seconds: float) -> None:
        """Let nothing leave for ``seconds``."""
        with self._lock:
            self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def wait(self, deadline: float) -> Departure | None:
        """Wait for a turn until ``deadline`` (of :func:`time.monotonic`); None if there is none by then."""
        came = time.monotonic()
        if not self._queue.acquire(timeout=max(0.0, deadline - came)):
            return None
        try:
            # Who is late catches up, but not with a burst.
            came = max(came, time.monotonic() - _CAUGHT_UP / self.per_second)
            reserved = self._reserve()
            while True:
                now = time.monotonic()
                if reserved is not None and self._resume_at > max(reserved, now):
                    # Held up past its turn; later on the turns are others'.
                    time.sleep(max(0.0, min(self._resume_at, deadline) - now))
                    reserved = self._reserve()
                    continue
                self._moved_up.clear()
                turn = self._next_turn(came) if reserved is None else reserved
                if turn <= now:
                    departure = Departure(turn, now)
                    with self._lock:
                        self._departures.append(departure)
                    return departure
                if turn > deadline:
                    return None
                # A turn may also move back while it is awaited, which is seen when it has come.
                self._moved_up.wait(turn - now)
        finally:
            self._queue.release()

    def leaves(self, departure: Departure) -> None:
        """Note that a request was sent just now, some time after it got its turn."""
        departure.at = time.monotonic()

    def take_back(self, departure: Departure) -> None:
        """Note that the server did not count a request."""
        with self._lock:
            if departure in self._departures:
                self._departures.remove(departure)

    def refused(self) -> bool:
        """Learn that the server's second was full, after :meth:`take_back`.

        :return: whether that changed the pace, so that the request need not wait for more than its next turn.
        """
        with self._lock:
            if not self._alone:
                # The next turn is one that nobody else has.
                return True
            now = time.monotonic()
            mine = self._most_used(now, now)
            if self._share.refused(mine, now) and mine == 0:
                # Nothing of the server's second is ours, so no place of it tells when to try again.
                self._turned_away = min(self._turned_away + 1, 3)
                self._resume_at = max(self._resume_at, now + random.uniform(0.1, 0.3) * 2**self._turned_away)
            return True

    def answered(self, departure: Departure, remaining: float) -> None:
        """Learn from an answer how many places of the server's second are free.

        :param departure: of the request that was answered.
        :param remaining: what ``X-RateLimit-Remaining`` said.
        """
        with self._lock:
            if self._alone and 0 <= remaining <= self._share.limit:
                now = time.monotonic()
                # When the server counted is not known, only that it was meanwhile.
                before = self._share.mine
                self._share.answered(self._most_used(departure.at, now), int(remaining), now)
                if self._share.mine > before:
                    # At once: what the answer says is free may not be so for long.
                    self._moved_up.set()
                self._turned_away = 0

    def _reserve(self) -> float | None:
        """Return the moment of a turn that is shared; None where this process keeps its own pace."""
        if self._turns is None or time.monotonic() < self._store_lost_until:
            return None
        try:
            wait = self._turns.reserve(self.per_second * _SHARE_OF_LIMIT)
        except StoreLostError as error:
            if not self._store_lost_until:
                log.warning(
                    "The rate limit store failed (%s). Until it is back, this process keeps a pace of its own and "
                    "watches the answers for others.",
                    error,
                )
            self._store_lost_until = time.monotonic() + _ASK_STORE_AGAIN
            return None
        if self._store_lost_until:
            log.info("The rate limit store is back.")
            self._store_lost_until = 0.0
        return time.monotonic() + wait

    @property
    def _alone(self) -> bool:
        return self._turns is None or bool(self._store_lost_until)

    def _next_turn(self, came: float) -> float:
        """Return the turn of a thread that came for one then; it may be over."""
        with self._lock:
            turn = max(came, self._resume_at)
            if self._departures:
                last = self._departures[-1]
                turn = max(turn, last.turn + _GAP / self.per_second, last.at + _GAP_AFTER_LATE / self.per_second)
            if len(self._departures) >= self._share.mine:
                turn = max(turn, self._departures[-self._share.mine].at + self._second + _SLACK)
            return turn

    def _most_used(self, since: float, until: float) -> int:
        """Return the most places of the server's second that this process had at any moment between two."""
        left = [departure.at for departure in self._departures]
        moments = [since, until, *(at for at in left if since < at <= until)]
        return max(sum(now - self._second - _COUNTING_SLACK < at <= now for at in left) for now in moments)
