"""Where workers that share a credential share its pace: a file for one host, Redis or PostgreSQL for a cluster.

The buckets are pyrate-limiter's. One that lets a single request through in the time between two is a schedule, and an
item with a moment of the future in it is a turn that is reserved: whoever comes next gets the one behind it. So a
process asks once for each request, sleeps until its turn, and holds nothing meanwhile; one that dies leaves one turn
unused.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import filelock  # noqa: F401 # before register_at_fork below
from pyrate_limiter import AbstractBucket, Decision, Rate, RateItem

from airflow_provider_smartrecruiters.api.pace import StoreLostError
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

log = logging.getLogger(__name__)

TIMEOUT = 5
"""Seconds that a store may take for one answer."""
_TURNS_AHEAD = 1200
"""No queue is that long, as a process has one turn at a time. If it looks so, the store's clock was set back."""
_FAR_AHEAD = 60_000
_LATE = 0.01
"""Seconds by which a turn may be over when it is handed out. Ten turns take 20 ms more than the server's second."""
_READINGS = 3
_UNSURE = 0.005
"""Seconds by which the clock's answer may take longer than the fastest one did."""
KEPT = 60_000
"""Milliseconds after which a turn is cleared away, from the backends that keep a row for each."""
_CLEAR_EVERY = 200

_in_use = threading.RLock()
"""Held while anything of a store is in use, so that a fork waits for that."""
INHERITED: list[Any] = []
"""Connections of a parent process. They are its own to close: collecting them here would break them there."""


class StoredTurns:
    """The schedule of one limit in a store.

    :param store: where it is.
    :param key: its name there.
    """

    def __init__(self, store: PaceStore, key: str) -> None:
        self._store = store
        self._key = key
        self._bucket: AbstractBucket | None = None
        self._between = 0
        self._lead = 0
        self._reserved = 0

    def reserve(self, per_second: float) -> float:
        """Take the next turn, and return the seconds until it.

        :param per_second: turns in a second. Processes that ask for different numbers share one schedule all the same.
        :raises StoreLostError: the store cannot be asked now.
        """
        # Rounded up: requests of several processes come to the server on ways of different length.
        between = -int(-1000 // per_second)
        with _in_use:
            try:
                return self._reserve(between)
            except Exception as error:
                # What a database, a server or a disk raises is of many kinds, and may name a password.
                self.close()
                raise StoreLostError(type(error).__name__) from None

    def prove(self) -> None:
        """Open the schedule, and find out whether it can be written.

        :raises Exception: of the backend's own.
        """
        try:
            bucket = self._opened(1000)
            with self._store.alone(bucket):
                self._store.prove(bucket)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Close the schedule. The next one who asks for a turn opens it again."""
        # A statement that failed may have left its transaction open, and with it the others shut out.
        bucket, self._bucket = self._bucket, None
        if bucket:
            self._store.close(bucket)

    def _opened(self, between: int) -> AbstractBucket:
        if self._bucket is None:
            self._bucket = self._store.bucket(self._key, self._store.rate(between))
        elif between != self._between:
            self._bucket.rates = [self._store.rate(between)]
        self._between = between
        return self._bucket

    def _reserve(self, between: int) -> float:
        give_up_at = time.monotonic() + TIMEOUT
        bucket = self._opened(between)
        while True:
            wait = self._take(bucket, between)
            if wait is not None and wait >= -_LATE:
                # A lead that is left over would make this process slow for no reason.
                self._lead = max(0, self._lead - int(1000 * max(0.0, wait)))
                return max(0.0, wait)
            if time.monotonic() > give_up_at:
                raise TimeoutError
            if wait is None:
                time.sleep(random.uniform(0.001, 0.005))
            else:
                # The store took longer than there was time until the turn: the next one that it has, but not at once.
                self._lead = min(1000, self._lead + int(-1000 * wait))

    def _take(self, bucket: AbstractBucket, between: int) -> float | None:
        """Return the seconds until the next turn, less than none if it is over, or None if others are at it."""
        with self._store.alone(bucket):
            now, at = self._store.read_clock()
            turn = now + self._lead
            while True:
                decision = bucket.put_decision(RateItem("request", turn))
                assert isinstance(decision, Decision)
                if decision.allowed:
                    break
                if decision.retry_after_ms is None:
                    return None
                turn += max(1, decision.retry_after_ms)
                if turn - now > max(_FAR_AHEAD, _TURNS_AHEAD * between):
                    log.warning(
                        "The rate limit store holds turns of a far future, as after a clock was set back. Dropped."
                    )
                    bucket.flush()
                    turn = now
            self._reserved += 1
            if self._reserved % _CLEAR_EVERY == 0:
                bucket.leak(now - KEPT)
        return (turn - now) / 1000 - (time.monotonic() - at)


class PaceStore(ABC):
    """Schedules that processes share."""

    def __init__(self) -> None:
        self._turns: dict[str, StoredTurns] = {}
        self._round_trip = 1.0

    def turns(self, key: str) -> StoredTurns:
        """Return the schedule that has this key, the same one at every call of a process.

        :param key: its name. It is kept in the store as it is, so it must not be a secret.
        :raises ConfigurationError: it cannot be kept there.
        """
        with _in_use:
            if key not in self._turns:
                turns = StoredTurns(self, key)
                try:
                    turns.prove()
                except Exception as error:
                    raise self.explained(error) from None
                self._turns[key] = turns
            return self._turns[key]

    def before_fork(self) -> None:  # noqa: B027 # two backends have nothing to do
        """Close what may not be open in two processes."""

    def after_fork(self) -> None:  # noqa: B027
        """Forget, in the child, what is open in the parent."""

    def alone(self, bucket: AbstractBucket) -> AbstractContextManager[Any]:
        """Keep others from the bucket, where its backend does not for as long as several of its steps take."""
        return nullcontext()

    def rate(self, between: int) -> Rate:
        """Return the rate that lets one request through in so many milliseconds."""
        # A log of requests counts the one at the edge of its window as well.
        return Rate(1, max(1, between - 1))

    def prove(self, bucket: AbstractBucket) -> None:
        """Write to the bucket without taking a turn."""
        bucket.leak(self.now() - KEPT)

    def read_clock(self) -> tuple[int, float]:
        """Return the store's time, and the moment of :func:`time.monotonic` at which it was that."""
        for _ in range(_READINGS):
            before = time.monotonic()
            now = self.now()
            took = time.monotonic() - before
            # One that took long, as on a busy machine, does not tell when in between the clock was read.
            sure = took < self._round_trip + _UNSURE
            self._round_trip = min(self._round_trip, took)
            if sure:
                break
        return now, before + took / 2

    @abstractmethod
    def now(self) -> int:
        """Return the store's time, in milliseconds."""

    @abstractmethod
    def bucket(self, key: str, rate: Rate) -> AbstractBucket:
        """Open the bucket that has this key."""

    def close(self, bucket: AbstractBucket) -> None:
        """Close a bucket."""
        bucket.close()

    @abstractmethod
    def explained(self, error: Exception) -> ConfigurationError:
        """Say what an error means for the connection."""


_stores: dict[str, PaceStore] = {}


def open_store(location: str) -> PaceStore:
    """Return the store at a location, the same one at every call of a process.

    Nothing is connected to before :meth:`PaceStore.turns` is called.

    :param location: an absolute path, ``file:///…`` or ``sqlite:///…`` for the processes of one host; ``redis://``,
        ``rediss://`` or ``postgresql://`` for those of a cluster.
    :raises ConfigurationError: it is none of these, or its library is missing. Says why, without the location, which
        may hold a password.
    """
    with _in_use:
        if location not in _stores:
            _stores[location] = _open(location)
        return _stores[location]


def _open(location: str) -> PaceStore:
    try:
        parts = urlsplit(location)
    except ValueError:
        raise unreadable("ValueError") from None
    # Imported here: they are made of what is in this module.
    from airflow_provider_smartrecruiters.api.pacing_backends import FileStore, PostgresStore, RedisStore

    if parts.scheme in ("redis", "rediss"):
        return RedisStore(location)
    if parts.scheme in ("postgresql", "postgres"):
        return PostgresStore(location)
    path = Path(unquote(parts.path)) if parts.scheme in ("file", "sqlite") and not parts.netloc else Path(location)
    if not path.is_absolute():
        raise unusable(
            "it is neither an absolute path nor an address that begins with redis://, rediss:// or postgresql://",
            "Write the whole path of a file, or leave it empty: then each process keeps a pace of its own.",
        )
    return FileStore(path)


def _before_fork() -> None:
    _in_use.acquire()
    for store in _stores.values():
        store.before_fork()


def _after_fork() -> None:
    for store in _stores.values():
        store.after_fork()
    _in_use.release()


# What was registered last is asked first before a fork. filelock registers, too, and its locks are taken while this one
# is held; so it has to be imported by now.
os.register_at_fork(before=_before_fork, after_in_parent=_in_use.release, after_in_child=_after_fork)


def unusable(why: str, hint: str, *, retryable: bool = False) -> ConfigurationError:
    """Say why a store cannot be used.

    :param why: ends the sentence; without anything of the location.
    :param hint: what to do.
    :param retryable: whether it may be usable when the task is tried again.
    """
    return ConfigurationError(
        f"The connection's rate_limit_store cannot be used: {why}.", hint=hint, retryable=retryable
    )


def not_installed(extra: str) -> ConfigurationError:
    """Say which extra of this package brings the library that is missing."""
    return unusable(
        "its library is not installed",
        f"Install airflow-provider-smartrecruiters[{extra}] on every worker.",
    )


def unreadable(kind: str) -> ConfigurationError:
    """Say that a location is no address. ``kind`` is the name of the error that it led to."""
    return unusable(
        f"its address cannot be read ({kind})", "Special characters of a password are percent-encoded in an address."
    )


def unreachable(name: str, kind: str) -> ConfigurationError:
    """Say that a server does not answer. ``kind`` is the name of the error that it led to."""
    return unusable(
        f"{name} cannot be reached, or refuses the connection ({kind})",
        "Check the address with its user and password, and whether this worker may reach it.",
        retryable=True,
    )
