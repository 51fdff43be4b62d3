"""A Redis and a PostgreSQL of a test's own, on loopback, where the machine has them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis


def _program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((str(place / name) for place in places if (place / name).exists()), None) or shutil.which(name)
    if found is None:
        if os.environ.get("SMARTRECRUITERS_TESTS_REQUIRE_STORES"):
            pytest.fail(f"{name} is not installed, and SMARTRECRUITERS_TESTS_REQUIRE_STORES is set")
        pytest.skip(f"{name} is not installed (Debian: apt-get install redis-server postgresql)")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    command: list[str], folder: str, answers: Callable[[], object], user: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(command, cwd=folder, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                answers()
                break
            except (redis.RedisError, psycopg.Error):
                if server.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"{command[0]} did not start")
                time.sleep(0.05)
        yield server
    finally:
        # PostgreSQL would wait for its clients on SIGTERM.
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def redis_server(port: int | None = None, *options: str) -> Iterator[str]:
    """Run a Redis that keeps nothing on disk, and give its address.

    :param port: one that was free a moment ago by default.
    :param options: of ``redis-server``.
    """
    port = port or _free_port()
    command = [_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options]
    with TemporaryDirectory(prefix="smartrecruiters-redis-") as folder:
        client = redis.Redis(port=port)

        def answers() -> None:
            with suppress(redis.AuthenticationError):
                client.ping()

        with _running(command, folder, answers):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL, and give the address of its database ``postgres``, for a superuser."""
    initdb, postgres = _program("initdb"), _program("postgres")
    # It refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.getuid() == 0 else None
    port = _free_port()
    location = f"postgresql://tests@127.0.0.1:{port}/postgres"
    with TemporaryDirectory(prefix="smartrecruiters-postgres-") as folder:
        if user:
            shutil.chown(folder, user)
        subprocess.run(
            [initdb, "--pgdata", f"{folder}/data", "--auth", "trust", "--username", "tests", "--no-sync"],
            check=True, user=user, cwd=folder, capture_output=True,
        )  # fmt: skip
        command = [postgres, "-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1", "-k", folder]
        with _running(command, folder, lambda: psycopg.connect(location).close(), user):
            yield location
