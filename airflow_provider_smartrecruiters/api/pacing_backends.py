"""The kinds of store that processes share their pace in; see :mod:`.pacing_store`.

The libraries for servers are imported when a store is opened: who names none of that kind need not have them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast
from weakref import WeakKeyDictionary

from filelock import FileLock
from pyrate_limiter import GCRA, AbstractBucket, Rate, StateBucket

from airflow_provider_smartrecruiters.api.pacing_store import (
    INHERITED,
    TIMEOUT,
    PaceStore,
    not_installed,
    unreachable,
    unreadable,
    unusable,
)
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

_FORGOTTEN = 600_000
"""Milliseconds after which Redis forgets a schedule that nobody uses."""


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

        self._make_files()
        lock = FileLock(f"{self._path}.lock", timeout=TIMEOUT)
        table = f"turns_{key}"
        with lock.acquire(poll_interval=0.002):
            connection = sqlite3.connect(self._path, timeout=TIMEOUT, check_same_thread=False)
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

    def _make_files(self) -> None:
        if self._path.is_dir():
            raise IsADirectoryError
        for path in (self._path, f"{self._path}.lock"):
            try:
                # Nobody else's business: whoever can write here can stop every task of the credential.
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                # Not opened to see: to close it again would take away the locks that SQLite has on it in this process.
                if not os.access(path, os.R_OK | os.W_OK):
                    raise PermissionError from None

    def before_fork(self) -> None:
        # SQLite keeps the locks that it has on a file in a process's memory, and a child would take them for its own.
        for turns in self._turns.values():
            turns.close()

    def close(self, bucket: AbstractBucket) -> None:
        # The bucket's own way to do it waits for the file's lock.
        cast(Any, bucket).conn.close()

    def explained(self, error: Exception) -> ConfigurationError:
        if isinstance(error, TimeoutError):
            return unusable("another process holds the file's lock", "Look for one that hangs.", retryable=True)
        kind = type(error).__name__
        if isinstance(error, OSError):
            return unusable(
                f"the file cannot be written ({kind})",
                "Name a file in a folder that exists, and that all tasks of this host may write.",
            )
        return unusable(
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
            raise not_installed("redis") from None
        try:
            # Tried twice, as the server closes idle connections, and no more: somebody waits for the turn.
            self._client: Any = redis.Redis.from_url(
                url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 1)
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
            return unusable(f"Redis refuses the credential ({kind})", "Check user and password in the address.")
        if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
            return unreachable("Redis", kind)
        if isinstance(error, redis.RedisError):
            return unusable(
                f"Redis does not keep the pace ({kind})",
                "Name a primary, neither a replica nor a part of a cluster. Its user needs ~smartrecruiters:* +time "
                "+evalsha +script|load +hmget +hset +pexpire +del.",
            )
        return unreadable(kind)


class PostgresStore(PaceStore):
    """Schedules in PostgreSQL: a table for each, a row for each turn of the last minute, by the server's clock.

    :param url: ``postgresql://``.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import psycopg
        except ImportError:
            raise not_installed("postgres") from None
        try:
            self._pool = _OnlyConnection(psycopg.conninfo.conninfo_to_dict(url))
        except psycopg.Error as error:
            raise unreadable(type(error).__name__) from None

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
            return unreachable("PostgreSQL", kind)
        return unusable(
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
            "connect_timeout": TIMEOUT,
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
                    f"set_config('statement_timeout', '{TIMEOUT}s', true)"
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
        INHERITED.append(self._connection)
        self._connection = None
