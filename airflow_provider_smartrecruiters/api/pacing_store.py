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
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from filelock import FileLock
from pyrate_limiter import GCRA, AbstractBucket, Decision, Rate, RateItem, StateBucket

from airflow_provider_smartrecruiters.api.pace import StoreLostError
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

log = logging.getLogger(__name__)

_TIMEOUT = 5
"""Seconds that a store may take for one answer."""
_TURNS_AHEAD = 1200
"""No queue is that long, as a process has one turn at a time. If it looks so, the store's clock was set back."""
_FAR_AHEAD = 60_000
_LATE = 0.01
"""Seconds by which a turn may be over when it is handed out. Ten turns take 20 ms more than the server's second."""
_KEPT = 60_000
"""Milliseconds after which a turn is cleared away, from the backends that keep a row for each."""
_CLEAR_EVERY = 200
_FORGOTTEN = 600_000
"""Milliseconds after which Redis forgets a schedule that nobody uses."""

_in_use = threading.RLock()
"""Held while anything of a store is in use, so that a fork waits for that."""
_inherited: list[Any] = []
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
        give_up_at = time.monotonic() + _TIMEOUT
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
            before = time.monotonic()
            now = self._store.now()
            asked = (before + time.monotonic()) / 2
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
                bucket.leak(now - _KEPT)
        return (turn - now) / 1000 - (time.monotonic() - asked)


class PaceStore(ABC):
    """Schedules that processes share."""

    def __init__(self) -> None:
        self._turns: dict[str, StoredTurns] = {}

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
        bucket.leak(self.now() - _KEPT)

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


class FileStore(PaceStore):
    """Schedules in an SQLite file, for the processes of one host.

    :param path: absolute path of the file; it is made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._files: WeakKeyDictionary[AbstractBucket, os.stat_result] = WeakKeyDictionary()

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    @contextmanager
    def alone(self, bucket: AbstractBucket) -> Iterator[None]:
        lock: FileLock = cast(Any, bucket).lock
        with lock.acquire(poll_interval=0.002):
            # An SQLite connection goes on with a file that is no longer there for anybody else.
            if not os.path.samestat(os.stat(self._path), self._files[bucket]):
                raise FileNotFoundError
            yield

    def bucket(self, key: str, rate: Rate) -> AbstractBucket:
        import sqlite3

        from pyrate_limiter import SQLiteBucket, SQLiteQueries

        # Nobody else's business: whoever can write here can stop every task of the credential.
        for path in (self._path, f"{self._path}.lock"):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        lock = FileLock(f"{self._path}.lock", timeout=_TIMEOUT)
        table = f"turns_{key}"
        with lock.acquire(poll_interval=0.002):
            connection = sqlite3.connect(self._path, timeout=_TIMEOUT, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(SQLiteQueries.CREATE_BUCKET_TABLE.format(table=table))
                index = SQLiteQueries.CREATE_INDEX_ON_TIMESTAMP.format(index_name=f"{table}_moment", table_name=table)
                connection.execute(index)
                connection.commit()
            except Exception:
                connection.close()
                raise
            bucket = SQLiteBucket([rate], connection, table, lock)
            self._files[bucket] = os.stat(self._path)
        return bucket

    def before_fork(self) -> None:
        # SQLite keeps the locks that it has on a file in a process's memory, and a child would take them for its own.
        for turns in self._turns.values():
            turns.close()

    def close(self, bucket: AbstractBucket) -> None:
        # The bucket's own way to do it waits for the file's lock.
        cast(Any, bucket).conn.close()

    def explained(self, error: Exception) -> ConfigurationError:
        if isinstance(error, TimeoutError):
            return _unusable("another process holds the file's lock", "Look for one that hangs.", retryable=True)
        kind = type(error).__name__
        if isinstance(error, OSError):
            return _unusable(
                f"the file cannot be written ({kind})",
                "Name a file in a folder that exists, and that all tasks of this host may write.",
            )
        return _unusable(
            f"the file is none that the pace could be kept in ({kind})",
            "Name a file of its own, on a local disk; a new one is made if there is none.",
        )


class RedisStore(PaceStore):
    """Schedules in Redis: one number for each, by the server's clock.

    :param url: ``redis://`` or ``rediss://``.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise _not_installed("redis") from None
        try:
            # Tried twice, as the server closes idle connections, and no more: somebody waits for the turn.
            self._client: Any = redis.Redis.from_url(
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 1)
            )
        except Exception as error:
            raise self.explained(error) from None

    def now(self) -> int:
        seconds, microseconds = self._client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def rate(self, between: int) -> Rate:
        return Rate(1, between)

    def bucket(self, key: str, rate: Rate) -> StateBucket:
        from pyrate_limiter import RedisStateStore

        store = RedisStateStore(self._client, f"smartrecruiters:turns:{key}", ttl_ms=_FORGOTTEN)
        return StateBucket([rate], algorithm=GCRA(), store=store)

    def prove(self, bucket: AbstractBucket) -> None:
        assert isinstance(bucket, StateBucket)
        bucket.store.check(bucket.algorithm, bucket.rates, self.now(), 0)

    def explained(self, error: Exception) -> ConfigurationError:
        import redis

        kind = type(error).__name__
        if isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError):
            return _unusable(f"Redis refuses the credential ({kind})", "Check user and password in the address.")
        if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
            return _unreachable("Redis", kind)
        if isinstance(error, redis.RedisError):
            return _unusable(
                f"Redis does not keep the pace ({kind})",
                "Name a primary, neither a replica nor a part of a cluster. Its user needs ~smartrecruiters:* +time "
                "+evalsha +script|load +hmget +hset +pexpire +del.",
            )
        return _unreadable(kind)


class PostgresStore(PaceStore):
    """Schedules in PostgreSQL: a table for each, a row for each turn of the last minute, by the server's clock.

    :param url: ``postgresql://``.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import psycopg
        except ImportError:
            raise _not_installed("postgres") from None
        try:
            self._pool = _OnlyConnection(psycopg.conninfo.conninfo_to_dict(url))
        except psycopg.Error as error:
            raise _unreadable(type(error).__name__) from None

    def now(self) -> int:
        with self._pool.connection() as connection:
            found = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").fetchone()
        return int(found[0])

    def alone(self, bucket: AbstractBucket) -> AbstractContextManager[Any]:
        # The bucket locks its table, and all its steps are in this transaction.
        return self._pool.connection()

    def bucket(self, key: str, rate: Rate) -> AbstractBucket:
        from pyrate_limiter import PostgresBucket

        # Names longer than 63 characters are cut by PostgreSQL.
        return PostgresBucket(cast(Any, self._pool), f"turns_{key[:32]}", [rate])

    def after_fork(self) -> None:
        self._pool.forget()

    def explained(self, error: Exception) -> ConfigurationError:
        import psycopg

        kind = type(error).__name__
        if isinstance(error, psycopg.OperationalError | OSError):
            # Nothing but words, in the server's language, tells a wrong password from a server that is starting.
            return _unreachable("PostgreSQL", kind)
        return _unusable(
            f"PostgreSQL does not keep the pace ({kind})",
            "Let the user create tables in its schema (GRANT CREATE ON SCHEMA public TO …), on a server that is no "
            "replica, and use the same user on every worker.",
        )


class _OnlyConnection:
    """One connection where pyrate-limiter takes a pool: no threads, and nothing that goes to the log.

    :param parameters: of libpq.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = {
            "connect_timeout": _TIMEOUT,
            "fallback_application_name": "airflow-provider-smartrecruiters",
            # A server that went away without a word.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            **parameters,
        }
        self._connection: Any = None
        self._in_transaction = False

    @property
    def closed(self) -> bool:
        """Whether nothing is open."""
        return self._connection is None

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Give the connection for one transaction; what asks within it takes part in it."""
        if self._in_transaction:
            yield self._connection
            return
        self._in_transaction = True
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.transaction():
                # For this transaction alone, as poolers hand connections on. The bucket's times are without a zone.
                # What a crash of the server loses of them are turns that are over.
                self._connection.execute(
                    "SELECT set_config('TimeZone', 'UTC', true), set_config('synchronous_commit', 'off', true), "
                    f"set_config('statement_timeout', '{_TIMEOUT}s', true)"
                )
                yield self._connection
        except BaseException:
            self.close()
            raise
        finally:
            self._in_transaction = False

    def _connect(self) -> Any:
        import psycopg

        # Poolers know no prepared statements. Read committed, or a count would not see what came before the lock.
        connection: Any = psycopg.connect(**self._parameters, autocommit=True, prepare_threshold=None)
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection

    def close(self) -> None:
        """Close the connection. The next one who asks gets a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def forget(self) -> None:
        """Leave the connection to the parent process."""
        _inherited.append(self._connection)
        self._connection = None


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
        raise _unreadable("ValueError") from None
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


def _before_fork() -> None:
    _in_use.acquire()
    for store in _stores.values():
        store.before_fork()


def _after_fork() -> None:
    for store in _stores.values():
        store.after_fork()
    _in_use.release()


# After the import of filelock, so that this waits before that does: its locks are taken while this one is held.
os.register_at_fork(before=_before_fork, after_in_parent=_in_use.release, after_in_child=_after_fork)


def _unusable(why: str, hint: str, *, retryable: bool = False) -> ConfigurationError:
    return ConfigurationError(
        f"The connection's rate_limit_store cannot be used: {why}.", hint=hint, retryable=retryable
    )


def _not_installed(extra: str) -> ConfigurationError:
    return _unusable(
        "its library is not installed",
        f"Install airflow-provider-smartrecruiters[{extra}] on every worker.",
    )


def _unreadable(kind: str) -> ConfigurationError:
    return _unusable(
        f"its address cannot be read ({kind})", "Special characters of a password are percent-encoded in an address."
    )


def _unreachable(name: str, kind: str) -> ConfigurationError:
    return _unusable(
        f"{name} cannot be reached, or refuses the connection ({kind})",
        "Check the address with its user and password, and whether this worker may reach it.",
        retryable=True,
    )
