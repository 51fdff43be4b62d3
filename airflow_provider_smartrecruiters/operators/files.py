"""Read a file that a parameter names, wherever Airflow can read it from."""

from __future__ import annotations

import errno
import os
from typing import Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError


def read_bytes(name: str, location: Any, *, max_bytes: int) -> bytes:
    """Return what the file holds.

    :param name: the parameter's name, for the error. The location itself is not repeated: file names name people.
    :param location: a path that the worker can read, or any URI (or ``ObjectStoragePath``) that Airflow can. A link is
        followed, and what it leads to is what is measured and checked.
    :param max_bytes: largest size to read, in bytes.
    :return: the file's bytes, never more than ``max_bytes``.
    :raises InvalidInputError: there is no such file, it cannot be read, or it is larger than ``max_bytes``.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    if not isinstance(location, str | os.PathLike | ObjectStoragePath) or not str(location).strip():
        raise _refused(name, "names no file", "give a path that the worker can read, or an object storage URI.")
    text = str(location)
    # Airflow 2.11 takes a relative path as one below the root.
    target = text if "://" in text else os.path.abspath(text)
    try:
        path = ObjectStoragePath(target)
        size = path.stat().st_size
        if not path.is_file():
            raise _refused(name, "names a directory or a device, not a file", _look_up(name))
        # The size is known before anything is read, so that a wrong path costs no memory; and the reading is bounded
        # too, as the file may have grown since.
        if size <= max_bytes:
            with path.open("rb") as file:  # type: ignore[no-untyped-call, unused-ignore]
                data: bytes = file.read(max_bytes + 1)
            if len(data) <= max_bytes:
                return data
    except InvalidInputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise _refused(name, "names a file that does not exist", _look_up(name)) from None
    except PermissionError:
        raise _refused(
            name, "names a file that the worker may not read", "let the worker's user or connection read it."
        ) from None
    except OSError as error:
        # Anything else of the system or of a storage may pass, and is Airflow's to retry.
        if error.errno != errno.ELOOP:
            raise
        raise _refused(name, "names a link that leads back to itself", _look_up(name)) from None
    except (ValueError, ImportError):
        raise _refused(
            name,
            "is no path or URI that this Airflow can read",
            "install the provider of the storage that the URI names (amazon for s3://, google for gs://), "
            "or give a path that the worker can read.",
        ) from None
    raise _refused(name, f"names a file of more than {max_bytes} bytes", "use a smaller file, or raise max_bytes.")


def _look_up(name: str) -> str:
    return f"look {name} up under Rendered Template of the task, and whether the worker has that file."


def _refused(name: str, what: str, hint: str) -> InvalidInputError:
    return InvalidInputError(f"The parameter {name} {what}.", hint=hint, fields=(name,))
