"""Schedules in PostgreSQL, for the workers of a cluster."""

from __future__ import annotations

import selectors
import time
from typing import Any

from airflow_provider_smartrecruiters.api.pacing.schedule import (
    LATEST,
    TIMEOUT,
    Answer,
    Store,
    not_installed,
    unreachable,
    unreadable,
    unusable,
)
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

# One round trip. Settings are for this transaction alone, as poolers hand connections on: a role's default may be
# serializable, which would refuse one of two processes instead of letting it wait for the row.
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '{TIMEOUT}s'"
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# A second INSERT of one key waits for the first, then updates the row as the first left it. clock_timestamp() is read
# after that wait. The last column sees the row from before the statement: RETURNING itself only knows the new one.
_ADVANCE = """
INSERT INTO smartrecruiters_turns AS schedule (key, free_at) VALUES ({key}, {now} + {lead} + {interval})
ON CONFLICT (key) DO UPDATE SET free_at = {interval} + greatest(
    {now} + {lead}, CASE WHEN schedule.free_at <= {now} + {far} THEN schedule.free_at ELSE 0 END)
WHERE schedule.free_at <= {now} + {latest} OR schedule.free_at > {now} + {far}
RETURNING free_at - {interval}, {now},
    (SELECT old.free_at > {now} + {far} FROM smartrecruiters_turns AS old WHERE old.key = {key})
"""
# Two processes that create it at the same moment would fail on PostgreSQL's own catalog, hence the advisory lock.
# Unlogged: a turn is worth nothing after a crash, and so needs no write to the log before it is handed out. A page that
# is half empty has room for the new version of a row, and needs no vacuum.
_CREATE = """
SELECT pg_advisory_xact_lock(hashtext('smartrecruiters_turns'));
CREATE UNLOGGED TABLE IF NOT EXISTS smartrecruiters_turns (key text PRIMARY KEY, free_at bigint NOT NULL)
WITH (fillfactor = 50)
"""


class PostgresStore(Store):
    """Schedules in PostgreSQL: a row of one table for each, by the server's clock.

    :param url: ``postgresql://``.
    :raises ConfigurationError: the library is missing, or the address is wrong.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import psycopg
        except ImportError:
            raise not_installed("postgres") from None
        try:
            given = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error as error:
            raise unreadable(type(error).__name__) from None
        self._parameters: dict[str, Any] = {
            "connect_timeout": TIMEOUT,
            "fallback_application_name": "airflow-provider-smartrecruiters",
            **given,
        }
        self._connection: Any = None
        self._inherited: list[Any] = []

    def advance(self, key: str, *, interval: int, lead: int, far: int, latest: int = LATEST) -> Answer | None:
        import psycopg

        key = psycopg.sql.quote(key)
        statement = _ADVANCE.format(key=key, now=_NOW, interval=interval, lead=lead, far=far, latest=latest)
        try:
            sent, found = time.monotonic(), self._execute(statement)
        except psycopg.errors.UndefinedTable:
            # Never made, or dropped meanwhile. The old connection is left in a transaction that failed.
            self.close()
            self._execute(_CREATE)
            sent, found = time.monotonic(), self._execute(statement)
        received = time.monotonic()
        if not found:
            return None
        turn, now, dropped = found
        return Answer(int(turn), int(now), sent, received, dropped == b"t")

    def _execute(self, statements: str) -> list[bytes]:
        """Run statements in one transaction, and return the last row that one of them returned.

        With libpq's asynchronous functions, the only ones that a timeout can be given to: a server that hangs does not
        close its connections. After an error the connection has to be closed.
        """
        import psycopg
        from psycopg import pq

        if self._connection is None:
            self._connection = psycopg.connect(**self._parameters, autocommit=True)
        libpq = self._connection.pgconn
        give_up_at = time.monotonic() + TIMEOUT
        row: list[bytes] = []
        failed = b""
        libpq.send_query(f"{_BEGIN}; {statements}; COMMIT".encode())
        with selectors.DefaultSelector() as readable:
            readable.register(libpq.socket, selectors.EVENT_READ)
            while True:
                while libpq.is_busy():
                    libpq.flush()
                    if not readable.select(max(0.0, give_up_at - time.monotonic())):
                        raise TimeoutError
                    libpq.consume_input()
                if (result := libpq.get_result()) is None:
                    break
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    # 08006, a lost connection, comes from libpq without a code.
                    failed = result.error_field(pq.DiagnosticField.SQLSTATE) or b"08006"
                elif result.status == pq.ExecStatus.TUPLES_OK and result.ntuples:
                    row = [result.get_value(0, column) or b"" for column in range(result.nfields)]
        if failed:
            raise psycopg.errors.lookup(failed.decode())
        return row

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def after_fork(self) -> None:
        # The parent's to close: if it were collected here, its socket would be closed with a good-bye to the server.
        self._inherited.append(self._connection)
        self._connection = None

    def explained(self, error: Exception) -> ConfigurationError:
        import psycopg

        kind = type(error).__name__
        if isinstance(error, psycopg.OperationalError | OSError):
            # Only words, in the server's language, distinguish a wrong password from a server that is starting.
            return unreachable("PostgreSQL", kind)
        return unusable(
            f"PostgreSQL does not keep the schedule ({kind})",
            "Name a primary, not a replica. Let the user create tables in its schema (GRANT CREATE ON SCHEMA public TO "
            "…) and use the same user on every worker, or GRANT SELECT, INSERT, UPDATE ON smartrecruiters_turns.",
        )
