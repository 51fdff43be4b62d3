"""Read a file that a parameter names, wherever Airflow can read it from."""

from __future__ import annotations

import errno
import io
import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 2**20
"""So many bytes are asked of a storage at a time; some would ask for 50 MB."""


def read_bytes(name: str, location: Any, *, max_bytes: int) -> bytes:
    """Return what the file holds.

    :param name: the parameter's name, for the error. The location itself is not repeated: file names name people.
    :param location: a path that the worker can read, or any URI (or ``ObjectStoragePath``) that Airflow can. A link is
        followed, and what it leads to is what is measured and checked.
    :param max_bytes: largest size to read, in bytes.
    :return: the file's bytes, never more than ``max_bytes``.
    :raises InvalidInputError: there is no such file, it cannot be read, or it is larger than ``max_bytes``.
    """
    with refusing(name):
        path, status = existing_file(name, location)
        # The size is known before anything is read, so that a wrong path costs no memory; and the reading is bounded
        # too, as the file may have grown since.
        if status.st_size <= max_bytes:
            with path.open("rb") as file:
                data: bytes = file.read(max_bytes + 1)
            if len(data) <= max_bytes:
                return data
    raise refused(name, f"names a file of more than {max_bytes} bytes", "use a smaller file, or raise max_bytes.")


@contextmanager
def open_stream(name: str, location: Any) -> Iterator[tuple[io.BufferedReader, Any]]:
    """Open a file to read it piece by piece, decompressed if it ends in ``.gz``, ``.bz2`` or ``.xz``.

    :param name: the parameter's name, for the error.
    :param location: as for :func:`read_bytes`.
    :return: the file, and what stands for its content: another value tells that the file has changed.
    :raises InvalidInputError: there is no such file, it cannot be read, or (while it is read) not be decompressed.
    """
    import bz2
    import gzip
    import lzma
    import zlib

    with refusing(name):
        path, status = existing_file(name, location)
        stored = path.open("rb", block_size=_BLOCK)
    # Not fsspec's compression="infer", which leaves the file below open.
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    opener = openers.get(os.path.splitext(str(location).lower())[1])
    broken = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)
    with stored, opener(stored, "rb") if opener else nullcontext(stored) as plain:
        yield io.BufferedReader(_Raw(name, plain, broken), 2**16), (status.st_size, status.st_mtime)


def absolute(name: str, location: Any) -> str:
    """Return the text of a location.

    :param name: the parameter's name, for the error.
    :param location: a path, a URI or an ``ObjectStoragePath``.
    :return: the URI, or the path from the root.
    :raises InvalidInputError: it is none of these, or blank.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    if not isinstance(location, str | os.PathLike | ObjectStoragePath) or not str(location).strip():
        raise refused(name, "names no file", "give a path that the worker can read, or an object storage URI.")
    text = str(location)
    # Airflow 2.11 takes a relative path as one below the root.
    return text if "://" in text else os.path.abspath(text)


def existing_file(name: str, location: Any) -> tuple[Any, Any]:
    """Return the ``ObjectStoragePath`` of a file, and what its storage tells of it (``stat``).

    :param name: the parameter's name, for the error.
    :param location: a path, a URI or an ``ObjectStoragePath``.
    :raises InvalidInputError: it names something that is no file.
    :raises Exception: what the storage raises; see :func:`refusing`.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    path = ObjectStoragePath(absolute(name, location))
    status = path.stat()
    # Airflow 3.3 asks is_file() and its like of a storage without the connection, unless the URI names one.
    if status["type"] != "file":
        raise refused(name, "names a directory or a device, not a file", _look_up(name))
    return path, status


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn what a storage raises, and a retry cannot cure, into :class:`.InvalidInputError`.

    :param name: the parameter's name, for the error.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise refused(name, "names a file that does not exist", _look_up(name)) from None
    except PermissionError:
        raise refused(
            name, "names a file that the worker may not read", "let the worker's user or connection read it."
        ) from None
    except OSError as error:
        # Anything else of the system or of a storage may pass, and is Airflow's to retry.
        if error.errno != errno.ELOOP:
            raise
        raise refused(name, "names a link that leads back to itself", _look_up(name)) from None
    except (ValueError, ImportError):
        raise refused(
            name,
            "is no path or URI that this Airflow can read",
            "install the provider of the storage that the URI names (amazon for s3://, google for gs://), "
            "or give a path that the worker can read.",
        ) from None


def refused(name: str, what: str, hint: str) -> InvalidInputError:
    """Return the error that says what is wrong with a parameter."""
    return InvalidInputError(f"The parameter {name} {what}.", hint=hint, fields=(name,))


def _look_up(name: str) -> str:
    return f"look {name} up under Rendered Template of the task, and whether the worker has that file."


class _Raw(io.RawIOBase):
    """A file as the standard library's buffer wants it.

    :param name: the parameter's name, for the error.
    :param file: any that has ``read``.
    :param broken: what it raises when it cannot be decompressed.
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
                "names a compressed file that is broken off, or is not compressed as its name says",
                "write the file again.",
            ) from None
        buffer[: len(data)] = data
        return len(data)
