"""The results file of a batch: one row per item, written at the end, and read by ``retry_from``."""

from __future__ import annotations

import errno
import gzip
import json
import logging
import os
import tempfile
from array import array
from contextlib import nullcontext, suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Self

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.formats import JSON_LINES, JsonLines, extension_of
from airflow_provider_smartrecruiters.operators.bulk.sources.given import ItemSource
from airflow_provider_smartrecruiters.operators.common.files import absolute, refused, storage_errors
from airflow_provider_smartrecruiters.operators.common.params import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

log = logging.getLogger(__name__)

_NO_PLACE = (errno.ENOENT, errno.EROFS, errno.EACCES, errno.EPERM)
_COMPRESSIONS = (".gz",)
_MAX_LINE = 2**23
"""Bytes. A row repeats its item with everything that is not ASCII escaped, which makes it up to six times as long."""


class ResultsFile:
    """Collects one row per item on the worker's disk, and publishes them as one file at the end.

    :param name: the parameter's name, for the errors.
    :param location: a path or any URI (or ``ObjectStoragePath``) that Airflow can write, ending in ``.jsonl`` or
        ``.ndjson``, followed by ``.gz`` to compress it. None or blank for no results file.
    """

    def __init__(self, name: str, location: Any) -> None:
        self._name = name
        self._given = None if is_blank(location) else location
        self._spool: IO[bytes] | None = None
        self._offsets = array("q")
        """Offset in the spool of the row of each item, -1 if there is none. Rows arrive in the order in which items
        finish; sorting 8 bytes per item in memory is cheaper than sorting the rows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """Check that the file can be written, before the first item is sent.

        Missing folders of a local path are created. An existing file stays as it is until :meth:`publish`.

        :raises InvalidInputError: the location cannot be written, or has an unknown extension.
        :raises Exception: any other error of the storage; it may be transient.
        """
        if self._given is None:
            return
        self._open_spool()
        with storage_errors(self._name):
            try:
                self._try_destination()
            except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError):
                raise self._unwritable(
                    "a file in a folder or bucket that does not exist or cannot be created"
                ) from None
            except PermissionError:
                raise self._unwritable("a file in a place where the worker may not write") from None
            except OSError as error:
                if error.errno != errno.EROFS:
                    raise
                raise self._unwritable("a file on a read-only file system") from None

    def add(self, row: dict[str, Any]) -> None:
        """Add the row of an item.

        :param row: JSON-ready. Its ``number`` is its line in the file. A later row replaces one with the same number.
        """
        self.put(row["number"], row)

    def put(self, number: int, row: Mapping[str, Any]) -> None:
        """Add a row as a certain line of the file, from 1. A later row replaces an earlier one of the same line.

        :param number: the line.
        :param row: JSON-ready.
        """
        if self._given is None:
            return
        spool = self._open_spool()
        self._offsets.extend([-1] * (number - len(self._offsets)))
        self._offsets[number - 1] = spool.tell()
        spool.write(json.dumps(row, separators=(",", ":"), default=str).encode() + b"\n")

    def publish(self) -> str | None:
        """Write all rows in the order of their numbers, replacing an existing file. Never writes some of them only.

        :return: the file's path or URI; None if there is no results file.
        :raises Exception: any error of the storage. The rows are kept, so calling this again retries.
        """
        if self._given is None:
            return None
        if self._local:
            # Write next to the target, then rename: os.replace() is atomic within one file system. A kill before it
            # leaves the old results and a .part file, never half a file under the name that retry_from reads.
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
            # Not through the storage's own file object: closing it uploads what was written so far, even when an
            # exception closes it. A whole local file is uploaded in one call instead, which stores all or nothing.
            with tempfile.NamedTemporaryFile() as file:
                self._write(file)
                file.flush()
                self._path.fs.put_file(file.name, self._path.path)
        return self._location

    def close(self) -> None:
        """Discard the collected rows."""
        if self._spool:
            self._spool.close()
        self._spool = None
        self._offsets = array("q")

    @property
    def location(self) -> str | None:
        """The file's path or URI; None if there is no results file.

        :raises InvalidInputError: it has an unknown extension, or is no location.
        """
        return None if self._given is None else self._location

    @cached_property
    def _location(self) -> str:
        given = self._given.strip() if isinstance(self._given, str) else self._given
        location = absolute(self._name, given)
        extension_of(self._name, location, JSON_LINES, _COMPRESSIONS)
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
            # An existing target does not show whether publish() may create its .part file beside it, so try that.
            tempfile.TemporaryFile(dir=folder).close()
        try:
            kind = self._path.stat()["type"]
        except FileNotFoundError:
            # In object storage the only way to learn whether a write is allowed is to write. Under another name: an
            # empty file under this one would look like the results of a batch without items.
            if not self._local:
                self._probe()
        else:
            if kind != "file":
                raise self._unwritable("a directory or a device")

    def _probe(self) -> None:
        probe = f"{self._path.path}.part"
        self._path.fs.pipe_file(probe, b"")
        try:
            self._path.fs.rm_file(probe)
        except Exception as error:
            # A connection that may write but not delete is enough for a batch.
            log.warning("Could not delete the empty file beside the results file (%s).", type(error).__name__)

    def _open_spool(self) -> IO[bytes]:
        if self._spool is None:
            # A temporary file without a name: no other user can read the rows, and a kill leaves nothing behind.
            try:
                self._spool = tempfile.TemporaryFile()  # noqa: SIM115
            except OSError as error:
                if error.errno not in _NO_PLACE:
                    raise
                # A worker with a read-only root and no /tmp: where the results may go, their rows may, too. Object
                # storage is no such place.
                try:
                    folder = os.path.dirname(self._local or "")
                    if folder:
                        os.makedirs(folder, exist_ok=True)
                    self._spool = tempfile.TemporaryFile(dir=folder or None)  # noqa: SIM115
                except OSError:
                    raise InvalidInputError(
                        "The worker has no place for temporary files, which results_path needs. Nothing was sent.",
                        hint="Mount a writable folder at /tmp or name one in TMPDIR, or remove results_path.",
                        fields=(self._name,),
                    ) from None
        return self._spool

    def _unwritable(self, what: str) -> Exception:
        return refused(
            self._name,
            f"names {what}. Nothing was sent",
            "Name a file in a folder or bucket that the worker's user or connection may write to.",
        )

    def _write(self, file: IO[bytes]) -> None:
        with gzip.open(file, "wb") if self._location.lower().endswith(".gz") else nullcontext(file) as out:
            for offset in self._offsets:
                if self._spool and offset >= 0:
                    self._spool.seek(offset)
                    out.write(self._spool.readline())
        # add() appends at the current position. After a failed upload more rows may follow, and without this they would
        # overwrite the ones in the middle of the spool.
        if self._spool:
            self._spool.seek(0, os.SEEK_END)


class ResultsRows:
    """The rows of a results file, in order. They can be iterated as often as needed while the file stays the same.

    :param name: the parameter's name, for the errors.
    :param location: location of the file; see :class:`ResultsFile`.
    :raises InvalidInputError: the location has an unknown extension, or is none.
    """

    def __init__(self, name: str, location: Any) -> None:
        self._name = name
        self.location = absolute(name, location.strip() if isinstance(location, str) else location)
        extension_of(name, self.location, JSON_LINES, _COMPRESSIONS)
        self._lines = ItemSource(JsonLines(name, self.location, max_line=_MAX_LINE))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows.

        :raises InvalidInputError: the file does not exist, cannot be read, has changed since it was last iterated, or
            has a line that is not a results row.
        """
        for line in self._lines:
            if line.arguments is None or not is_row(line.arguments):
                raise refused(
                    self._name,
                    f"names a file whose {line.place} is not a row of a results file",
                    "Give the location from results_path of the earlier batch.",
                )
            yield line.arguments


def is_row(row: dict[str, Any]) -> bool:
    """Return whether a mapping is a row of a results file."""
    number, target, error, item = row.get("number"), row.get("target"), row.get("error"), row.get("item", {})
    return (
        _is_number(number)
        and _is_number(row.get("source_number", number))
        and isinstance(row.get("use_case"), str)
        and isinstance(row.get("connection"), str)
        and isinstance(row.get("guards"), dict)
        and isinstance(target, dict)
        and all(isinstance(value, str) for value in target.values())
        and "error" in row
        and (error is None or isinstance(error, str))
        and isinstance(row.get("retryable"), bool)
        and isinstance(item, dict)
        and isinstance(row.get("withheld", []), list)
    )


def would_be_sent(row: Mapping[str, Any]) -> bool:
    """Return whether a row of a plan is about an item that the plan would send."""
    return not row["error"] and not row.get("skipped") and row.get("changed") is not False


def source_number(row: Mapping[str, Any]) -> int:
    """Return the number that the item of a results row had in the first batch, whose results are retried or planned."""
    return int(row.get("source_number", row["number"]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
