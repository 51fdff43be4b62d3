"""Read the file that a parameter names, from any storage that Airflow can read."""

from __future__ import annotations

import errno
import io
import os
import re
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.common.params import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = ("", "file", "local")
_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfss": "abfs"}
_EXTENSIONS = re.compile(r"\.(jsonl|ndjson)(\.gz)?$", re.IGNORECASE)
_BLOCK = 2**20
"""Bytes per request to a storage. Some fsspec storages ask for 50 MB by default, which a worker's memory pays for."""


def read_bytes(name: str, location: Any, *, max_bytes: int) -> bytes:
    """Return the content of a file.

    :param name: the parameter's name, for the error, which does not repeat the location: file names can name people.
    :param location: a path that the worker can read, or any URI (or ``ObjectStoragePath``) that Airflow can read. A
        symbolic link is followed; size and type are those of its target.
    :param max_bytes: largest size to read, in bytes.
    :return: the file's bytes, never more than ``max_bytes``.
    :raises InvalidInputError: the file does not exist, cannot be read, or is larger than ``max_bytes``.
    """
    with storage_errors(name):
        path, status = existing_file(name, location)
        # Check the size before reading, so that a wrong path costs no memory. Bound the read as well: the file may have
        # grown since, and one byte too many is enough to notice.
        if status.st_size <= max_bytes:
            with path.open("rb") as file:
                data: bytes = file.read(max_bytes + 1)
            if len(data) <= max_bytes:
                return data
    raise _too_large(name, max_bytes)


def check_head(name: str, location: Any, *, max_bytes: int, head: int) -> bytes:
    """Return the first bytes of a file, and check its size without reading it.

    :param name: the parameter's name, for the error.
    :param location: as for :func:`read_bytes`.
    :param max_bytes: largest size of the file, in bytes.
    :param head: number of bytes to read.
    :raises InvalidInputError: the file does not exist, cannot be read, or is larger than ``max_bytes``.
    """
    with storage_errors(name):
        path, status = existing_file(name, location)
        if status.st_size > max_bytes:
            raise _too_large(name, max_bytes)
        with path.open("rb", block_size=head) as file:
            data: bytes = file.read(head)
    return data


@contextmanager
def open_stream(name: str, location: Any) -> Iterator[tuple[io.BufferedReader, Any]]:
    """Open a file for streaming, decompressed if its name ends in ``.gz``, ``.bz2`` or ``.xz``.

    :param name: the parameter's name, for the error.
    :param location: as for :func:`read_bytes`.
    :return: the file, and a version (size and time of change): a different version means that the file has changed.
    :raises InvalidInputError: the file does not exist, cannot be read, or (while reading) cannot be decompressed.
    """
    import bz2
    import gzip
    import lzma
    import zlib

    with storage_errors(name):
        path, status = existing_file(name, location)
        stored = path.open("rb", block_size=_BLOCK)
    # fsspec's compression="infer" would do this too, but leaves the compressed file open.
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    opener = openers.get(os.path.splitext(str(location).lower())[1])
    broken = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)
    with stored, opener(stored, "rb") if opener else nullcontext(stored) as plain:
        yield io.BufferedReader(_Raw(name, plain, broken), 2**16), (status.st_size, status.st_mtime)


def absolute(name: str, location: Any) -> str:
    """Return a location as text, with a relative path made absolute.

    :param name: the parameter's name, for the error.
    :param location: a path, a URI or an ``ObjectStoragePath``.
    :return: the URI, or the absolute path.
    :raises InvalidInputError: the location is none of these, or blank.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    if not isinstance(location, str | os.PathLike | ObjectStoragePath) or not str(location).strip():
        raise refused(name, "does not name a file", "Give a path that the worker can read, or an object storage URI.")
    text = str(location)
    # Airflow 2.11 would resolve a relative path against the root directory, not the working directory.
    return text if "://" in text else os.path.abspath(text)


def same_file(one: str, other: str) -> bool:
    """Return whether two locations name one file.

    :param one: a URI or an absolute path.
    :param other: another one. The connection in a URI does not count: two of them may reach the same bucket.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    paths = [ObjectStoragePath(location) for location in (one, other)]
    if all(path.protocol in _LOCAL for path in paths):
        local = [os.path.realpath(path.path) for path in paths]
        with suppress(OSError):
            # Also by its number on the disk: a hard link, or another case on a disk that does not care.
            return os.path.samefile(*local)
        return local[0] == local[1]
    kinds = [_ALIASES.get(path.protocol, path.protocol) for path in paths]
    return kinds[0] == kinds[1] and os.path.normpath(paths[0].path) == os.path.normpath(paths[1].path)


def with_map_index(location: Any, map_index: int) -> str:
    """Return a location with a map index before its extensions: ``r.jsonl.gz`` becomes ``r.3.jsonl.gz``.

    :param location: a path or a URI.
    :param map_index: number of the mapped task instance.
    """
    text = str(location).strip()
    extensions = _EXTENSIONS.search(text)
    return f"{text[: extensions.start()]}.{map_index}{extensions[0]}" if extensions else text


def own_location(location: Any, map_index: int | None, *, is_own: bool) -> Any:
    """Return the location of a file that a task writes. Each instance of a mapped task has a file of its own.

    :param location: the location that all instances have in common, or None.
    :param map_index: number of the mapped task instance; None or -1 if the task is not mapped.
    :param is_own: whether the location contains the map index already.
    """
    # The last instance to finish would replace what the others wrote.
    if is_blank(location) or is_own or map_index is None or map_index < 0:
        return location
    return with_map_index(location, map_index)


def existing_file(name: str, location: Any) -> tuple[Any, Any]:
    """Return the ``ObjectStoragePath`` of a file and its ``stat`` result.

    :param name: the parameter's name, for the error.
    :param location: a path, a URI or an ``ObjectStoragePath``.
    :raises InvalidInputError: the location is not a file.
    :raises Exception: any error of the storage; see :func:`storage_errors`.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    path = ObjectStoragePath(absolute(name, location))
    status = path.stat()
    # stat() instead of is_file(): Airflow 3.3 calls is_file() without the connection unless the URI names one.
    if status["type"] != "file":
        raise refused(name, "names a directory or a device, not a file", _check_hint(name))
    return path, status


@contextmanager
def storage_errors(name: str) -> Iterator[None]:
    """Turn the errors of a storage that a retry cannot fix into :class:`.InvalidInputError`.

    :param name: the parameter's name, for the error.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise refused(name, "names a file that does not exist", _check_hint(name)) from None
    except PermissionError:
        raise refused(
            name,
            "names a file that the worker may not read",
            "Grant the worker's user or connection permission to read it.",
        ) from None
    except OSError as error:
        # Every other error of the system or of a storage may be transient, so Airflow gets to retry it.
        if error.errno != errno.ELOOP:
            raise
        raise refused(name, "names a symbolic link that points back to itself", _check_hint(name)) from None
    except ImportError as error:
        # fsspec says which library: "Install s3fs to access S3".
        raise refused(
            name,
            f"is on a storage whose library is not installed ({str(error)[:100]})",
            "Install the library, for example with 'apache-airflow-providers-amazon[s3fs]' for s3://.",
        ) from None
    except ValueError:
        raise refused(
            name,
            "is not a path or URI that this Airflow can read",
            "Install the Airflow provider of that storage ('apache-airflow-providers-amazon[s3fs]' for s3://, "
            "apache-airflow-providers-google for gs://), or give a local path.",
        ) from None


def refused(name: str, what: str, hint: str) -> InvalidInputError:
    """Return the error for a parameter whose value cannot be used.

    :param name: the parameter's name.
    :param what: what is wrong with it, as a predicate: ``names a file that does not exist``.
    :param hint: what to do, as a sentence.
    """
    return InvalidInputError(f"The parameter {name} {what}.", hint=hint, fields=(name,))


def _too_large(name: str, max_bytes: int) -> InvalidInputError:
    return refused(name, f"names a file larger than {max_bytes} bytes", "Use a smaller file, or raise max_bytes.")


def _check_hint(name: str) -> str:
    return f"Check {name} in the task's Rendered Template view, and make sure that the worker can reach the file."


class _Raw(io.RawIOBase):
    """Adapts a file to ``io.BufferedReader``, and turns the errors of a broken archive into one for the user.

    :param name: the parameter's name, for the error.
    :param file: any object with ``read``.
    :param broken: the errors that ``read`` raises if the content cannot be decompressed.
    """

    def __init__(self, name: str, file: Any, broken: tuple[type[Exception], ...]) -> None:
        self._name = name
        self._file = file
        self._broken = broken

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except self._broken:
            raise refused(
                self._name,
                "names a compressed file that is truncated, corrupt, or not compressed as its extension says",
                "Write the file again.",
            ) from None
        buffer[: len(data)] = data
        return len(data)
