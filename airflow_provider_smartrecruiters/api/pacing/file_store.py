"""Schedules in a file, for the processes of one host."""

from __future__ import annotations

import os
import random
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from airflow_provider_smartrecruiters.api.pacing.schedule import LATEST, TIMEOUT, Answer, Store, unusable
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

_HEADER = b"smartrecruiters turns 1\n"
_RECORD = struct.Struct("<16sq")
"""Digest of a schedule's key, and the moment from which its next turn is free in microseconds since 1970."""


class FileStore(Store):
    """Schedules in a file, locked with ``flock``; one record of 24 bytes for each.

    The file is opened for each turn. That takes a few microseconds, and nothing has to be kept right over a fork, or
    when somebody removes the file.

    :param path: absolute path of the file; made if it does not exist.
    :raises ConfigurationError: this system has no ``flock`` (Windows).
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            import fcntl
        except ImportError:
            raise unusable(
                "this system cannot lock files with flock", "Name a Redis or a PostgreSQL, or leave it empty."
            ) from None
        self._fcntl: Any = fcntl
        self._path = path

    def advance(self, key: str, *, interval: int, lead: int, far: int, latest: int = LATEST) -> Answer | None:
        name = blake2b(key.encode(), digest_size=16).digest()
        with self._locked() as file:
            data = self._read(file)
            at = next((at for at in range(len(_HEADER), len(data), _RECORD.size) if data.startswith(name, at)), None)
            free = 0 if at is None else _RECORD.unpack_from(data, at)[1]
            # Read under the lock, or a process that waited for it would take a turn that is over.
            read_at, now = time.monotonic(), time.time_ns() // 1000
            dropped = free > now + far
            if not dropped and free > now + latest:
                return None
            turn = max(now + lead, 0 if dropped else free)
            record = _RECORD.pack(name, turn + interval)
            if at is None:
                # One write for the header and the first record: who is killed leaves all of it or an empty file.
                at, record = (len(data), record) if data else (0, _HEADER + record)
            if os.pwrite(file, record, at) != len(record):
                raise OSError
        return Answer(turn, now, read_at, read_at, dropped)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the file and lock it. The kernel takes the lock away from a process that dies."""
        give_up_at = time.monotonic() + TIMEOUT
        while time.monotonic() < give_up_at:
            file = self._open()
            try:
                if self._lock(file):
                    yield file
                    return
            finally:
                os.close(file)
            # Others hold the lock for microseconds; only one that is stopped holds it for longer.
            time.sleep(random.uniform(0.0002, 0.002))
        raise TimeoutError

    def _open(self) -> int:
        try:
            # Not with O_CREAT at once: in a sticky folder such as /tmp, Linux then refuses another user's file.
            return os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            # For this user alone: anybody who can write it can stop all tasks of the credential.
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)

    def _lock(self, file: int) -> bool:
        try:
            # Without waiting, as a flock that waits cannot be given a timeout.
            self._fcntl.flock(file, self._fcntl.LOCK_EX | self._fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # Removed between opening and locking: nobody else would see what is written to it.
        return os.fstat(file).st_nlink > 0

    @staticmethod
    def _read(file: int) -> bytes:
        """Return what the file holds, without the rest of a record that was cut short."""
        if os.pread(file, len(_HEADER), 0) not in (b"", _HEADER):
            raise ValueError
        data = os.pread(file, os.fstat(file).st_size, 0)
        return data[: len(data) - len(data) % _RECORD.size]

    def explained(self, error: Exception) -> ConfigurationError:
        if isinstance(error, TimeoutError):
            return unusable("another process holds the file's lock", "Look for a process that hangs.", retryable=True)
        if isinstance(error, OSError):
            return unusable(
                f"the file cannot be written ({type(error).__name__})",
                "Name a file in a folder that exists, and that all tasks of this host may write.",
            )
        return unusable(
            "the file holds something else",
            "Name a file that only this connection uses, on a local disk. It is created if it does not exist.",
        )
