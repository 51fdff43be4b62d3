"""A schedule of turns that several processes share through a store.

All that they share is one number: the moment from which the next turn is free. Taking a turn reads that number and
moves it one interval ahead, in a single atomic step of the store. This is GCRA, the generic cell rate algorithm, as
virtual scheduling and without bursts (ITU-T I.371, annex A). A process asks once for each request, then sleeps until
its turn and holds nothing meanwhile, so one that dies leaves at most one turn unused.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from math import ceil, inf
from typing import NamedTuple

from airflow_provider_smartrecruiters.api.pacing.rate import StoreLostError
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

log = logging.getLogger(__name__)

TIMEOUT = 5
"""Seconds that a store may take for one answer. Doubled, a request waits twice as long before its process gives up on
a store that hangs, out of the minute that a call may take."""
_FAR_AHEAD, _TURNS_AHEAD = 60_000_000, 1200
"""Microseconds, and intervals, that a queue never reaches, as a process waits for one turn at a time. Doubled,
processes wait for up to twice as long after the store's clock was set back."""
_LATE = 0.01
"""Seconds by which a turn may be over when it is handed out: at 98 % of the limit, ten turns take 20 ms more than the
server's second. Doubled, two late requests in a row can be one too many."""
_LEAD = 1.5
"""How far ahead to ask, in units of the last answer's age. Doubled, a distant process leaves gaps in the schedule; at 1
it asks twice whenever an answer takes a little longer than the last."""
_LONGEST_LEAD = 1.0
_EVER = 1e9
LATEST = 1_000_000_000_000_000
"""Microseconds from now before which every turn is: 30 years."""
_DRIFT = 1e-4
"""Seconds a second by which two clocks may drift apart. NTP keeps them well below."""

in_use = threading.RLock()
"""Held during every use of a store, and over a fork: so no fork copies half an exchange or a locked file."""


class Answer(NamedTuple):
    """What a store answers to one who takes a turn.

    :param turn: moment of the turn, in microseconds of the store's clock.
    :param now: what that clock said, in microseconds.
    :param sent: moment of :func:`time.monotonic` before which the clock was not read.
    :param received: moment after which it was not read.
    :param dropped: whether the schedule lay in the far future and was started again.
    """

    turn: int
    now: int
    sent: float
    received: float
    dropped: bool


class Clock:
    """A store's clock beside :func:`time.monotonic`, by Cristian's algorithm with intersected bounds (as in NTP).

    The store read its clock somewhere between the sending of a question and the arrival of its answer. So each exchange
    gives bounds for the difference of the two clocks. Their intersection is as narrow as the fastest exchange, and a
    slow answer changes nothing.
    """

    def __init__(self) -> None:
        self._low, self._high = -inf, inf
        self._at = 0.0

    def learn(self, now: float, sent: float, received: float) -> None:
        """Take an exchange into account.

        :param now: the store's time, in seconds.
        :param sent: moment of :func:`time.monotonic` before the store read it.
        :param received: moment after.
        """
        # Bounds of the past are as much wider now as the clocks may have drifted apart since.
        drift = _DRIFT * (received - self._at)
        low, high = max(self._low - drift, now - received), min(self._high + drift, now - sent)
        if low > high:
            # Only a clock that was set explains bounds that exclude each other: what was known before is void.
            low, high = now - received, now - sent
        self._low, self._high, self._at = low, high, received

    def local(self, moment: float) -> float:
        """Return the moment of :func:`time.monotonic` for one of the store's clock, in seconds."""
        return moment - (self._low + self._high) / 2


class SharedSchedule:
    """The schedule of one limit in a store.

    :param store: the store.
    :param key: name of the schedule in it.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self._lead = 0.0

    def reserve(self, per_second: float, within: float = inf) -> float:
        """Take the next turn, and return the seconds until it.

        :param per_second: turns a second. Processes may ask for different numbers: each turn is followed by the
            interval of the process that took it.
        :param within: seconds from now after which a turn is of no use. It is not taken then, and infinity returned: a
            turn that nobody uses would delay all the others.
        :raises StoreLostError: the store does not answer, or refuses.
        """
        interval = ceil(1_000_000 / per_second)
        with in_use:
            try:
                return self._reserve(interval, int(1_000_000 * max(0.0, min(within, _EVER))))
            except BaseException as error:
                # Half an exchange may be left on the connection, also after a task timeout that came as a signal. The
                # next exchange must not read its answer, so it gets a new connection.
                self._store.close()
                if not isinstance(error, Exception):
                    raise
                # Databases, servers and disks raise errors of many kinds, and their texts may name a password.
                raise StoreLostError(type(error).__name__) from None

    def prove(self) -> None:
        """Find out whether the schedule can be kept, without taking a turn.

        :raises Exception: whatever the store's library raises.
        """
        try:
            # The step itself, with an interval of nothing: it reads, writes and needs the same rights.
            self._store.advance(self._key, interval=0, lead=0, far=1_000 * _FAR_AHEAD, latest=LATEST)
        except BaseException:
            self._store.close()
            raise

    def _reserve(self, interval: int, latest: int) -> float:
        give_up_at = time.monotonic() + TIMEOUT
        far = max(_FAR_AHEAD, _TURNS_AHEAD * interval)
        while True:
            lead = int(1_000_000 * self._lead)
            answer = self._store.advance(self._key, interval=interval, lead=lead, far=far, latest=latest)
            if answer is None:
                return inf
            if answer.dropped:
                log.warning(
                    "The rate limit store held turns of the far future, as after its clock was set back. Dropped them."
                )
            clock = self._store.clock
            clock.learn(answer.now / 1e6, answer.sent, answer.received)
            # A store that is far away answers with a turn that is over by then. The next question asks that much
            # ahead. Only the last answer counts, so that one slow answer slows down a single request.
            age = answer.received - clock.local(answer.now / 1e6)
            self._lead = min(_LONGEST_LEAD, max(0.0, _LEAD * age))
            wait = clock.local(answer.turn / 1e6) - time.monotonic()
            if wait >= -_LATE:
                return max(0.0, wait)
            if time.monotonic() > give_up_at:
                raise TimeoutError


class Store(ABC):
    """A place for schedules that processes share."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._schedules: dict[str, SharedSchedule] = {}

    def schedule(self, key: str, *, prove: bool = True) -> SharedSchedule:
        """Return the schedule with this key, the same one at every call in a process.

        :param key: one for each limit of a credential. It is kept in the store as it is, so it must not be a secret.
        :param prove: whether to fail if the store does not work; nothing is asked of it otherwise.
        :raises ConfigurationError: the store does not work. Found out here, at the start, rather than in between.
        """
        with in_use:
            if key not in self._schedules:
                schedule = SharedSchedule(self, key)
                # Kept only once it works, so that the next hook finds out again.
                try:
                    if prove:
                        schedule.prove()
                except Exception as error:
                    raise self.explained(error) from None
                self._schedules[key] = schedule
            return self._schedules[key]

    @abstractmethod
    def advance(self, key: str, *, interval: int, lead: int, far: int, latest: int = LATEST) -> Answer | None:
        """Take the next turn, atomically. All times are microseconds.

        The turn is the moment from which one is free, or ``lead`` from now if that is later; the moment after it from
        which one is free is ``interval`` later.

        :param key: name of the schedule; one that does not exist yet is made.
        :param interval: time until the turn after this one.
        :param lead: time from now before which a turn is of no use.
        :param far: a schedule that is further ahead than this is started again.
        :param latest: a turn that is later than this from now is not taken.
        :return: None if it was not taken.
        """

    def close(self) -> None:  # noqa: B027 # a file is not open between two turns
        """Close the connection, if there is one. The next turn opens a new one."""

    def after_fork(self) -> None:  # noqa: B027
        """Leave the connection to the parent process, in the child."""

    @abstractmethod
    def explained(self, error: Exception) -> ConfigurationError:
        """Say what an error means for the connection."""


def unusable(why: str, hint: str, *, retryable: bool = False) -> ConfigurationError:
    """Say why a store cannot be used, without anything of its address: that may hold a password.

    :param why: ends the sentence.
    :param hint: what to do.
    :param retryable: whether it may work when Airflow retries the task.
    """
    return ConfigurationError(
        f"The connection's rate_limit_store cannot be used: {why}.", hint=hint, retryable=retryable
    )


def not_installed(extra: str) -> ConfigurationError:
    """Name the extra of this package that installs the missing library."""
    return unusable(
        "its library is not installed",
        f"Install airflow-provider-smartrecruiters[{extra}] on every worker.",
    )


def unreadable(kind: str) -> ConfigurationError:
    """Say that an address cannot be parsed. ``kind`` is the name of the error it led to."""
    return unusable(
        f"its address cannot be read ({kind})", "Check the address. Percent-encode special characters in a password."
    )


def unreachable(name: str, kind: str) -> ConfigurationError:
    """Say that a server does not answer. ``kind`` is the name of the error it led to."""
    return unusable(
        f"{name} cannot be reached, or refuses the connection ({kind})",
        "Check the address with its user and password, and whether this worker may connect to it.",
        retryable=True,
    )
