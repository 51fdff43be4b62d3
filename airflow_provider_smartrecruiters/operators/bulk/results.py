"""The file that tells what became of each item of a batch: written at its end, read to try the rest again."""

from __future__ import annotations

import errno
import gzip
import json
import os
import tempfile
from array import array
from contextlib import nullcontext, suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Self

from airflow_provider_smartrecruiters.operators.bulk.sources import JSON_LINES, JsonLines, ending_of
from airflow_provider_smartrecruiters.operators.files import absolute, refused, refusing
from airflow_provider_smartrecruiters.operators.params import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


_COMPRESSIONS = (".gz",)
_MAX_LINE = 2**23
"""Longer than the longest item, which a row repeats with what is not ASCII escaped."""


class ResultsFile:
    """Collects what became of each item on the worker's disk, and writes the whole to where it was asked for.

    :param name: the parameter's name, for the errors.
    :param location: a path or any URI (or ``ObjectStoragePath``) that Airflow can write, ending in ``.jsonl`` or
        ``.ndjson``, with ``.gz`` after it where it is to be compressed. None or blank for no such file.
    """

    def __init__(self, name: str, location: Any) -> None:
        self._name = name
        self._given = None if is_blank(location) else location
        self._spool: IO[bytes] | None = None
        self._offsets = array("q")
        """Where in the spool the row of each index begins. They come in any order: as items end, after those of an
        earlier try."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """See that the file can be written, before there is something to write.

        A local path's missing folders are made. A file that is there stays as it is until :meth:`publish`.

        :raises InvalidInputError: it cannot be written there, or ends otherwise.
        :raises Exception: what else the storage raises; it may pass.
        """
        if self._given is None:
            return
        with refusing(self._name):
            try:
                self._try_destination()
            except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError):
                raise self._unwritable("a file in a folder or bucket that does not exist or cannot be made") from None
            except PermissionError:
                raise self._unwritable("a file where the worker may not write") from None
            except OSError as error:
                if error.errno != errno.EROFS:
                    raise
                raise self._unwritable("a file where nothing can be written") from None

    def add(self, row: dict[str, Any]) -> None:
        """Take what became of an item.

        :param row: JSON-ready; its ``index`` is its place in the file. Of two with the same index, the later counts.
        """
        if self._given is None:
            return
        if self._spool is None:
            # Nobody else can read it, and it is gone with the process.
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115
        index = row["index"]
        self._offsets.extend([-1] * (index + 1 - len(self._offsets)))
        self._offsets[index] = self._spool.tell()
        self._spool.write(json.dumps(row, separators=(",", ":"), default=str).encode() + b"\n")

    def publish(self) -> str | None:
        """Write the rows, in the order of their index, over whatever is there. All of them or none.

        :return: the file's path or URI; None if none was asked for.
        :raises Exception: what the storage raises. The rows are kept: it can be tried again.
        """
        if self._given is None:
            return None
        if self._local:
            part = f"{self._local}.part"
            try:
                with open(part, "wb") as file:
                    self._write(file)
                os.replace(part, self._local)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part)
                raise
        else:
            # A storage's own file, when left by an exception, would be stored as far as it is written.
            with tempfile.NamedTemporaryFile() as file:
                self._write(file)
                file.flush()
                self._path.fs.put_file(file.name, self._path.path)
        return self._location

    def close(self) -> None:
        """Throw away what was collected."""
        if self._spool:
            self._spool.close()
        self._spool = None
        self._offsets = array("q")

    @cached_property
    def _location(self) -> str:
        given = self._given.strip() if isinstance(self._given, str) else self._given
        location = absolute(self._name, given)
        ending_of(self._name, location, JSON_LINES, _COMPRESSIONS)
        return location

    @cached_property
    def _path(self) -> Any:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        return ObjectStoragePath(self._location)

    @property
    def _local(self) -> str | None:
        return os.path.realpath(self._path.path) if self._path.protocol in ("", "file", "local") else None

    def _try_destination(self) -> None:
        if self._local:
            folder = os.path.dirname(self._local)
            os.makedirs(folder, exist_ok=True)
            # publish() makes a file there as well.
            tempfile.TemporaryFile(dir=folder).close()
        try:
            kind = self._path.stat()["type"]
        except FileNotFoundError:
            if not self._local:
                self._path.fs.pipe_file(self._path.path, b"")
        else:
            if kind != "file":
                raise self._unwritable("a directory or a device")

    def _unwritable(self, what: str) -> Exception:
        return refused(
            self._name,
            f"names {what}, so that no results could be written; nothing was sent",
            "name a file in a folder or bucket that the worker's user or connection may write to.",
        )

    def _write(self, file: IO[bytes]) -> None:
        with gzip.open(file, "wb") if self._location.lower().endswith(".gz") else nullcontext(file) as out:
            for offset in self._offsets:
                if self._spool and offset >= 0:
                    self._spool.seek(offset)
                    out.write(self._spool.readline())
        if self._spool:
            self._spool.seek(0, os.SEEK_END)


def read_results(name: str, location: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch's results, as they were written.

    :param name: the parameter's name, for the errors.
    :param location: where they are; see :class:`ResultsFile`.
    :raises InvalidInputError: there is no such file, it cannot be read, or a line of it is no row of a batch's results.
    """
    text = absolute(name, location.strip() if isinstance(location, str) else location)
    ending_of(name, text, JSON_LINES, _COMPRESSIONS)
    for line in JsonLines(name, text, max_line=_MAX_LINE):
        if line.arguments is None or not _is_row(line.arguments):
            raise refused(
                name,
                f"names a file whose {line.place} is no row of a batch's results",
                "name the file that results_path of that batch named.",
            )
        yield line.arguments


def _is_row(row: dict[str, Any]) -> bool:
    index, target, error, item = row.get("index"), row.get("target"), row.get("error"), row.get("item", {})
    return (
        isinstance(index, int)
        and not isinstance(index, bool)
        and index >= 0
        and isinstance(target, dict)
        and all(isinstance(value, str) for value in target.values())
        and "error" in row
        and (error is None or isinstance(error, str))
        and isinstance(row.get("retryable"), bool)
        and isinstance(item, dict)
        and isinstance(row.get("withheld", []), list)
    )
