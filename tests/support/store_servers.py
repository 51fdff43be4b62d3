"""A Redis and a PostgreSQL of a test's own, on loopback, where the machine has them; and a slow link to them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

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


class SlowLink:
    """A TCP relay to a server that delays what passes through it.

    :param location: address of the server.
    """

    def __init__(self, location: str) -> None:
        host, _, port = urlsplit(location).netloc.rpartition("@")[2].partition(":")
        self._server = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.delay = 0.0
        """Seconds in each direction."""
        self.location = location.replace(f":{port}", f":{self._listener.getsockname()[1]}")
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._server)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=(source, target), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                target.sendall(data)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()


@contextmanager
def slow_link(location: str) -> Iterator[SlowLink]:
    """Relay to a server, at first without a delay."""
    with closing(SlowLink(location)) as link:
        yield link
