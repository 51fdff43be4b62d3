"""A Redis and a PostgreSQL of one's own on loopback, from the programs that the system's packages installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
import redis

from scripts.local_stack import StackError, free_port, tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 60.0
"""Seconds until a server has to answer; usually it takes one."""
USER = "tests"
"""The superuser of a PostgreSQL."""


class ProgramMissingError(StackError):
    """A program is not installed; the message says how to install it."""


def program(name: str) -> str:
    """
    Return the path of a program; of PostgreSQL's, that of the newest version.

    :raises ProgramMissingError: it is not installed.
    """
    # Debian keeps PostgreSQL's out of PATH, as there may be several.
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True
    )
    found = next((str(folder / name) for folder in versions if (folder / name).exists()), None) or shutil.which(name)
    if found is None:
        raise ProgramMissingError(
            f"{name} is not installed. Debian, Ubuntu: apt-get install redis-server postgresql. "
            "macOS: brew install redis postgresql"
        )
    return found


@contextmanager
def _running(command: list[str], folder: str, answers: Callable[[], object], user: str | None = None) -> Iterator[None]:
    log = Path(folder, "log")
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            cwd=folder,
            user=user,
            stdout=out,
            stderr=out,
            # Ctrl-C goes to the whole foreground group; a server must outlive those who use it.
            start_new_session=True,
        )
    try:
        until = time.monotonic() + PATIENCE
        while not _answered(answers):
            if server.poll() is not None or time.monotonic() > until:
                raise StackError(f"{command[0]} did not start. What it said:\n{tail(log)}")
            time.sleep(0.05)
        yield
    finally:
        # PostgreSQL would wait for its clients on SIGTERM.
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answered(answers: Callable[[], object]) -> bool:
    try:
        answers()
    except (redis.RedisError, psycopg.Error):
        return False
    return True


@contextmanager
def redis_server(port: int | None = None, *options: str, password: str | None = None) -> Iterator[str]:
    """
    Run a Redis that keeps nothing on disk, and give its address.

    :param port: one that was free a moment ago by default.
    :param options: of ``redis-server``.
    :param password: without one, every user of this machine may connect.
    :raises StackError: it did not start, or is not installed.
    """
    port = port or free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options]
    location = f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"
    with TemporaryDirectory(prefix="smartrecruiters-redis-") as folder:
        if password:
            # Not on the command line, which every user of this machine may read.
            command.insert(1, str(_secret_file(folder, f"requirepass {password}\n")))
        client = redis.Redis(port=port)

        def answers() -> None:
            with suppress(redis.AuthenticationError):
                client.ping()

        with _running(command, folder, answers):
            yield location


@contextmanager
def postgres_server(*options: str, password: str | None = None) -> Iterator[str]:
    """
    Run a PostgreSQL, and give the address of its database ``postgres``, for a superuser.

    :param options: settings, such as ``max_connections=200``.
    :param password: of the superuser; without one, every user of this machine may connect.
    :raises StackError: it did not start, or is not installed.
    """
    initdb, postgres = program("initdb"), program("postgres")
    # It refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.getuid() == 0 else None
    port = free_port()
    location = f"postgresql://{USER}{f':{password}' if password else ''}@127.0.0.1:{port}/postgres"
    with TemporaryDirectory(prefix="smartrecruiters-postgres-") as folder:
        if user:
            shutil.chown(folder, user)
        arguments = ["--pgdata", f"{folder}/data", "--username", USER, "--no-sync", *_auth(folder, user, password)]
        subprocess.run([initdb, *arguments], check=True, user=user, cwd=folder, capture_output=True)
        settings = [part for option in options for part in ("-c", option)]
        command = [postgres, "-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, *settings]
        with _running(command, folder, lambda: psycopg.connect(location).close(), user):
            yield location


def _auth(folder: str, user: str | None, password: str | None) -> list[str]:
    if not password:
        return ["--auth", "trust"]
    file = _secret_file(folder, password)
    if user:
        shutil.chown(file, user)
    return ["--auth", "scram-sha-256", "--pwfile", str(file)]


def _secret_file(folder: str, text: str) -> Path:
    file = Path(folder, "secret")
    file.touch(mode=0o600)
    file.write_text(text)
    return file
