"""The cluster: two workers and what they need, each a process of its own."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from cryptography.fernet import Fernet

from scripts.celery_cluster.servers import postgres_server, program, redis_server
from scripts.local_stack import (
    CONN_ID,
    HOST,
    PARTS,
    PATIENCE,
    StackError,
    airflow,
    airflow_environment,
    emulator,
    family,
    free_port,
    kill,
    prepare,
    shown,
    tail,
    wait_until_healthy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from scripts.local_stack import Emulator

USER = "admin"
WORKERS = ("worker-1", "worker-2")
REDIS_CONN_ID, POSTGRES_CONN_ID = "smartrecruiters_redis", "smartrecruiters_postgres"
"""Connections to the stores of the rate limit. In the extras of another connection, the password would be shown."""
SERVICES = ("dag-processor", "scheduler", "triggerer")


@dataclass(frozen=True)
class Addresses:
    """
    Where the servers are.

    :param redis: broker, and store of the rate limit.
    :param postgres: for the rate limit, and to create databases; Airflow's own database is beside it.
    """

    redis: str
    postgres: str

    @property
    def password(self) -> str:
        """The password of both."""
        return str(psycopg.conninfo.conninfo_to_dict(self.postgres)["password"])

    @property
    def database(self) -> str:
        """Airflow's database, which is also where Celery keeps results."""
        return self.postgres.removesuffix("/postgres") + "/airflow"


@dataclass
class Cluster:
    """
    A running cluster.

    :param home: AIRFLOW_HOME of all its processes, with their logs.
    :param port: of the web interface.
    :param password: for the login :data:`USER`.
    :param environment: of its processes.
    :param servers: where Redis and PostgreSQL are.
    :param emulator: the local SmartRecruiters.
    """

    home: Path
    port: int
    password: str = field(repr=False)
    environment: dict[str, str] = field(repr=False)
    servers: Addresses = field(repr=False)
    emulator: Emulator
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _parts: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        """Address of the web interface."""
        return f"http://{HOST}:{self.port}"

    def log(self, name: str) -> Path:
        """Return the file with what a process printed."""
        return self.home / f"{name}.log"

    def start(self, name: str, service: str, *arguments: str) -> None:
        """Start a process of Airflow; it ends with the cluster."""
        process = airflow(service, self.environment, self.log(name), *arguments)
        self.processes[name] = self._parts.enter_context(process)

    def start_worker(self, name: str) -> None:
        """Start a worker."""
        # All logs are in one folder of this machine, where the web interface finds them itself.
        self.start(name, "celery", "worker", "--skip-serve-logs", "--celery-hostname", f"{name}@{HOST}")

    def wait_for_worker(self, name: str) -> None:
        """
        Return when a worker takes tasks.

        :raises StackError: it does not.
        """
        deadline = time.monotonic() + PATIENCE
        while f"{name}@{HOST} ready." not in self.log(name).read_text(errors="replace"):
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise StackError(f"{name} did not start. It said in {shown(self.log(name))}:\n{tail(self.log(name))}")
            time.sleep(0.2)

    def kill_worker(self, name: str) -> None:
        """Kill a worker with all its tasks, as a machine does that loses power."""
        kill(family(self.processes.pop(name).pid))

    def stop(self) -> None:
        """End all processes of Airflow; the servers go on."""
        # All are told at once, so that nobody waits for each of them in turn.
        for process in self.processes.values():
            process.terminate()
        self.processes.clear()
        self._parts.close()

    def ended(self) -> str | None:
        """Return the name of a process that has ended by itself, None while all run."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)


def connections(stack: Emulator, servers: Addresses) -> dict[str, dict[str, Any]]:
    """Return the connections of the cluster, in Airflow's JSON form, by id."""
    shared = stack.connection["extra"] | {"rate_limit_store": REDIS_CONN_ID}
    return {
        CONN_ID: stack.connection | {"extra": shared},
        REDIS_CONN_ID: _stored(servers.redis, "redis") | {"extra": {"db": 1}},
        POSTGRES_CONN_ID: _stored(servers.postgres, "postgres"),
    }


def _stored(address: str, conn_type: str) -> dict[str, Any]:
    parts = psycopg.conninfo.conninfo_to_dict(address.replace("redis://", "postgresql://"))
    connection = {"host": parts["host"], "port": int(parts["port"]), "password": parts["password"]}
    if conn_type == "postgres":
        connection |= {"login": parts["user"], "schema": parts["dbname"]}
    return {"conn_type": conn_type, **connection}


def environment(home: Path, port: int, servers: Addresses) -> dict[str, str]:
    """Return the environment of the processes."""
    url = f"http://{HOST}:{port}"
    settings = {
        "API__BASE_URL": url,
        "API__HOST": HOST,
        "API__PORT": str(port),
        "API__SECRET_KEY": secrets.token_urlsafe(32),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(32),
        "CELERY__BROKER_URL": servers.redis,
        "CELERY__WORKER_CONCURRENCY": "4",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__EXECUTOR": "CeleryExecutor",
        "CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__TEST_CONNECTION": "Enabled",
        "DATABASE__SQL_ALCHEMY_CONN": servers.database.replace("postgresql://", "postgresql+psycopg2://"),
        # Another Airflow on this machine may have the usual ones.
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    }
    return airflow_environment(home) | {f"AIRFLOW__{name}": value for name, value in settings.items()}


@contextmanager
def servers() -> Iterator[Addresses]:
    """
    Run Redis and PostgreSQL, each with a password.

    :raises StackError: one of them did not start, or is not installed.
    """
    # Both are looked for before one is started.
    for name in ("redis-server", "initdb", "postgres"):
        program(name)
    password = secrets.token_hex(16)
    with (
        redis_server(password=password) as redis,
        postgres_server("max_connections=300", password=password) as postgres,
    ):
        found = Addresses(redis, postgres)
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("create database airflow")
        yield found


@contextmanager
def cluster(
    home: Path,
    port: int,
    *,
    options: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    more: Callable[[dict[str, Any]], dict[str, dict[str, Any]]] | None = None,
) -> Iterator[Cluster]:
    """
    Run a cluster with the example DAGs and a connection to a local SmartRecruiters.

    :param home: an empty folder.
    :param port: of the web interface.
    :param options: command line options of the local SmartRecruiters.
    :param settings: further environment variables.
    :param more: gives further connections, by id, from that of the id :data:`CONN_ID`.
    :raises StackError: a part of it did not start; the message says which, and what to do next.
    """
    with ExitStack() as cleanup:
        found = cleanup.enter_context(servers())
        stack = cleanup.enter_context(emulator(home / "emulator.log", *options))
        variables = environment(home, port, found) | dict(settings or {})
        made = Cluster(home, port, secrets.token_urlsafe(9), variables, found, stack)
        _write_password(made)
        known = connections(stack, found)
        prepare(known | (more(known[CONN_ID]) if more else {}), variables, made.log("database"))
        try:
            _start(made)
            yield made
        finally:
            made.stop()


def _write_password(made: Cluster) -> None:
    file = made.home / "passwords.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({USER: made.password}))


def _start(made: Cluster) -> None:
    made.start("api-server", "api-server")
    for service in SERVICES:
        made.start(service, service)
    for name in WORKERS:
        made.start_worker(name)
    wait_until_healthy(made.processes["api-server"], made.port, made.log("api-server"), parts=(*PARTS, "triggerer"))
    for name in WORKERS:
        made.wait_for_worker(name)
