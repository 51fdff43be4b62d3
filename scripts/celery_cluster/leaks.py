"""What the cluster left behind, in search of canaries: logs, what processes printed, PostgreSQL's rows, and Redis."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import redis
from psycopg.rows import dict_row

from scripts.celery_cluster.servers import program
from tests.security.airflow_run import texts_of_row
from tests.security.canaries import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.celery_cluster.cluster import Addresses

TABLES = "select tablename from pg_tables where schemaname = 'public'"
COMMANDS = "redis.commands"
"""Name of the file with the commands that Redis got."""
KINDS = {".log": "log", ".commands": "redis commands"}
"""Kinds of places by the endings of files."""
DATABASES = "select datname from pg_database where not datistemplate"


@contextmanager
def listening(address: str, file: Path) -> Iterator[None]:
    """
    Write each command that a Redis gets to a file: a queue is empty once its tasks run.

    :param address: the Redis.
    :param file: a new file.
    """
    parts = psycopg.conninfo.conninfo_to_dict(address.replace("redis://", "postgresql://"))
    command = [program("redis-cli"), "-h", str(parts["host"]), "-p", str(parts["port"]), "monitor"]
    environment = os.environ | {"REDISCLI_AUTH": str(parts["password"])}
    with file.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def plant(address: str, value: str) -> None:
    """Put a value into a Redis, for the search to find."""
    with redis.Redis.from_url(address) as client:
        client.set("planted", value)


def in_files(folder: Path) -> Iterator[Text]:
    """Yield all files of a folder: logs of tasks, what processes printed, results files."""
    for path in sorted(folder.rglob("*")):
        # The local SmartRecruiters prints the connection that leads to it.
        if path.is_file() and path.name != "emulator.log":
            yield Text(KINDS.get(path.suffix, "file"), str(path.relative_to(folder)), path.read_bytes())


def in_postgres(servers: Addresses) -> Iterator[Text]:
    """Yield each value of each row of each database: Airflow's, Celery's results, and the rate limit."""
    with psycopg.connect(servers.postgres) as connection:
        databases = [name for (name,) in connection.execute(DATABASES)]
    for database in databases:
        with psycopg.connect(servers.postgres, dbname=database, row_factory=dict_row) as connection:
            for found in connection.execute(TABLES).fetchall():
                yield from _rows(connection, found["tablename"])


def _rows(connection: psycopg.Connection[dict[str, Any]], table: str) -> Iterator[Text]:
    for row in connection.execute(f'select ctid::text as "row id", * from "{table}"'.encode()):
        # psycopg has parsed what is JSON; it is searched as it is stored.
        yield from texts_of_row(table, {name: _stored(name, value) for name, value in row.items()})


def _stored(name: str, value: Any) -> str | bytes:
    if isinstance(value, bytes):
        return value
    # The one column that is parsed again, and may hold a JSON text.
    return value if isinstance(value, str) and name != "value" else json.dumps(value, default=str)


def in_redis(address: str) -> Iterator[Text]:
    """Yield each key of each database of a Redis with its value: queues, what is not acknowledged, the rate limit."""
    with redis.Redis.from_url(address) as client:
        databases = int(client.config_get("databases")["databases"])
    for database in range(databases):
        with redis.Redis.from_url(address.rpartition("/")[0] + f"/{database}") as client:
            for key in client.scan_iter():
                where = f"{database} {key.decode(errors='replace')}"
                yield Text("redis", where, key + b" " + repr(_value(client, key)).encode())


def _value(client: Any, key: bytes) -> Any:
    kind = client.type(key).decode()
    read = {
        "string": client.get,
        "list": lambda key: client.lrange(key, 0, -1),
        "hash": client.hgetall,
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
    }
    return read[kind](key)
