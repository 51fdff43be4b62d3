"""A Redis and a PostgreSQL of a test's own, on loopback, where the machine has them; and a slow link to them."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from scripts.celery_cluster import servers


@contextmanager
def _started(server: Any, *arguments: Any) -> Iterator[str]:
    with ExitStack() as stack:
        try:
            location = stack.enter_context(server(*arguments))
        except servers.ProgramMissingError as missing:
            if os.environ.get("SMARTRECRUITERS_TESTS_REQUIRE_STORES"):
                pytest.fail(f"{missing} (SMARTRECRUITERS_TESTS_REQUIRE_STORES is set)")
            pytest.skip(str(missing))
        yield location


@contextmanager
def redis_server(port: int | None = None, *options: str) -> Iterator[str]:
    """Run a Redis, as :func:`scripts.celery_cluster.servers.redis_server` does, or skip the test."""
    with _started(servers.redis_server, port, *options) as location:
        yield location


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL, as :func:`scripts.celery_cluster.servers.postgres_server` does, or skip the test."""
    with _started(servers.postgres_server) as location:
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
