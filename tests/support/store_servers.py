"""A Redis and a PostgreSQL of a test's own, on loopback, where the machine has them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _program(name: str) -> str:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
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


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"{server.args} did not start")


@contextmanager
def _running(command: list[str], port: int, cwd: Path, user: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(
        command, cwd=cwd, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _await(port, server)
        yield server
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a Redis that keeps nothing, and give its address."""
    port = port or _free_port()
    command = [_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
    with _running(command, port, folder):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL with a database of its own, and give its address."""
    initdb, postgres = _program("initdb"), _program("postgres")
    # It refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.getuid() == 0 else None
    data = folder / "data"
    data.mkdir()
    if user:
        for path in (folder, *folder.parents):
            if path.stat().st_uid == 0 and path != Path("/") and path.is_relative_to("/tmp") and path != Path("/tmp"):
                path.chmod(0o755)
        shutil.chown(data, user)
    subprocess.run(
        [initdb, "-D", str(data), "-A", "trust", "-U", "tests"], check=True, user=user, cwd="/", capture_output=True
    )
    port = _free_port()
    command = [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "/tmp"]
    with _running(command, port, Path("/"), user):
        # The port is open before the database is.
        time.sleep(1)
        yield f"postgresql://tests@127.0.0.1:{port}/postgres"
