"""Where workers that share a credential share its pace: a file for one host, Redis or PostgreSQL for a cluster.

The buckets are pyrate-limiter's. One that lets a single request through in the time between two is a schedule, and an
item with a moment of the future in it is a turn that is reserved: whoever comes next gets the one behind it. So a
process asks once for each request, sleeps until its turn, and holds nothing meanwhile; one that dies leaves one turn
unused.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pyrate_limiter import GCRA, AbstractBucket, Rate, RateItem, StateBucket

from airflow_provider_smartrecruiters.api.pace import StoreLostError
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

log = logging.getLogger(__name__)

_FAR_AHEAD = 120_000
"""Milliseconds. No queue is that long: each process has one turn reserved. A clock was set back."""
_LEAK_EVERY = 500
_SERVER_TIMEOUT = 5.0


class StoredTurns:
    """The schedule of one limit in a store.

    :param bucket: makes the bucket that lets one request through in so many milliseconds.
    :param now: the store's clock, in milliseconds.
    """

    def __init__(self, bucket: Callable[[int], AbstractBucket], now: Callable[[], int]) -> None:
        self._make_bucket = bucket
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[int, AbstractBucket] = {}
        self._reserved = 0

    def reserve(self, per_second: float) -> float:
        """Take the next turn, and return the seconds until it.

        :param per_second: turns in a second.
        :raises StoreLostError: the store cannot be asked.
        """
        # Rounded up: several processes' requests come on ways of different length.
        between = -int(-1000 // per_second)
        with self._lock:
            try:
                return self._reserve(between) / 1000
            except Exception as error:
                # What a database, a server or a disk raises is of many kinds, and may name a password.
                raise StoreLostError(type(error).__name__) from None

    def _reserve(self, between: int) -> int:
        bucket = self._buckets.get(between)
        if bucket is None:
            bucket = self._buckets[between] = self._make_bucket(between)
        now = turn = self._now()
        while not bucket.put(item := RateItem("request", turn)):
            waiting = bucket.waiting(item)
            assert isinstance(waiting, int)
            turn += max(1, waiting)
            if turn - now > _FAR_AHEAD:
                log.warning("The rate limit store has turns of a far future: a clock was set back. They are dropped.")
                bucket.flush()
                turn = now
        self._reserved += 1
        if self._reserved % _LEAK_EVERY == 0:
            bucket.leak(now)
        return turn - now


def _logged(between: int) -> Rate:
    # A log of requests counts the one at the edge of its window as well.
    return Rate(1, max(1, between - 1))


class FileStore:
    """Schedules in an SQLite file, for the processes of one host.

    :param path: absolute path of the file; it is made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Nobody else's business: whoever can write here can stop every task of the credential.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise _unusable(
                f"the file cannot be written ({type(error).__name__})",
                "Name a file in a folder that exists, and that all workers of this host may write.",
            ) from None
        self._path = path

    def turns(self, key: str) -> StoredTurns:
        """Return the schedule that has this key."""
        from pyrate_limiter import SQLiteBucket

        def bucket(between: int) -> AbstractBucket:
            table = f"turns_{key}_{between}"
            return SQLiteBucket.init_from_file([_logged(between)], table, str(self._path), use_file_lock=True)

        return StoredTurns(bucket, lambda: time.time_ns() // 1_000_000)


class RedisStore:
    """Schedules in Redis.

    :param url: ``redis://`` or ``rediss://``.
    """

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError:
            raise _not_installed("redis") from None
        self._client: Any = None
        try:
            self._client = redis.Redis.from_url(
                url, socket_timeout=_SERVER_TIMEOUT, socket_connect_timeout=_SERVER_TIMEOUT
            )
            self._client.ping()
        except (redis.RedisError, ValueError, OSError) as error:
            raise _unreachable("Redis", error) from None

    def turns(self, key: str) -> StoredTurns:
        """Return the schedule that has this key."""
        from pyrate_limiter import RedisStateStore

        def bucket(between: int) -> AbstractBucket:
            # The state is forgotten after ten minutes; turns are reserved for seconds ahead.
            store = RedisStateStore(self._client, f"smartrecruiters:turns:{key}:{between}", ttl_ms=600_000)
            return StateBucket([Rate(1, between, burst=1)], algorithm=GCRA(), store=store)

        def now() -> int:
            seconds, microseconds = self._client.time()
            return int(seconds) * 1000 + int(microseconds) // 1000

        return StoredTurns(bucket, now)


class PostgresStore:
    """Schedules in PostgreSQL: a table for each limit, a row for each turn of the last minutes.

    :param url: ``postgresql://``.
    """

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            from psycopg_pool import ConnectionPool, PoolTimeout
        except ImportError:
            raise _not_installed("postgres") from None
        # The pool tells of every failed attempt, with the server's words.
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        try:
            self._pool = ConnectionPool(url, min_size=1, max_size=2, timeout=_SERVER_TIMEOUT, open=False)
            self._pool.open(wait=True, timeout=_SERVER_TIMEOUT)
        except (psycopg.Error, PoolTimeout, ValueError, OSError) as error:
            self._pool.close()
            raise _unreachable("PostgreSQL", error) from None

    def turns(self, key: str) -> StoredTurns:
        """Return the schedule that has this key."""
        from pyrate_limiter import PostgresBucket
        from pyrate_limiter.clocks import PostgresClock

        def bucket(between: int) -> AbstractBucket:
            # Names longer than 63 characters are cut by PostgreSQL.
            return PostgresBucket(self._pool, f"turns_{key[:32]}_{between}", [_logged(between)])

        return StoredTurns(bucket, PostgresClock(self._pool).now)


_stores: dict[tuple[int, str], FileStore | RedisStore | PostgresStore] = {}
_opening = threading.Lock()


def open_store(location: str) -> FileStore | RedisStore | PostgresStore:
    """Return the store at a location, the same one at every call of a process.

    :param location: an absolute path or ``file:///…`` for the processes of one host; ``redis://``, ``rediss://`` or
        ``postgresql://`` for those of a cluster.
    :raises ConfigurationError: it is none of these, or cannot be used. Says why, without the location, which may hold
        a password.
    """
    # A connection that was made before a fork is the parent's.
    key = (os.getpid(), location)
    with _opening:
        if key not in _stores:
            _stores[key] = _open(location)
        return _stores[key]


def _open(location: str) -> FileStore | RedisStore | PostgresStore:
    try:
        parts = urlsplit(location)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in ("redis", "rediss"):
        return RedisStore(location)
    if parts.scheme in ("postgresql", "postgres"):
        return PostgresStore(location)
    path = Path(unquote(parts.path)) if parts.scheme in ("file", "sqlite") and not parts.netloc else Path(location)
    if not path.is_absolute():
        raise _unusable(
            "it is neither an absolute path nor an address that begins with redis://, rediss:// or postgresql://",
            "Leave it empty to let each process keep its own pace.",
        )
    return FileStore(path)


def _unusable(why: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"The connection's rate_limit_store cannot be used: {why}.", hint=hint)


def _not_installed(extra: str) -> ConfigurationError:
    return _unusable(
        "its library is not installed",
        f"Install airflow-provider-smartrecruiters[{extra}] on every worker.",
    )


def _unreachable(name: str, error: Exception) -> ConfigurationError:
    return _unusable(
        f"{name} cannot be reached ({type(error).__name__})",
        "Check its address and credential, and whether this worker may reach it.",
    )
