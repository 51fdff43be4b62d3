"""The parts of a multipart body, read once so that they can be sent more than once.

A request that is refused with 429 is sent again. An open file has been read by then, and would be sent empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError

Part = tuple[str, Any]


def read_parts(files: Mapping[str, Any] | Iterable[Part] | None) -> list[Part] | None:
    """Return the parts with the content of every open file in place of the file.

    :param files: parts in the format of :mod:`requests`: open files, bytes, text, or tuples of file name, one of these,
        type and headers.
    :raises InvalidInputError: an open file has been read to its end already, so that its part would be empty.
    """
    if not files:
        return None
    return [(name, _read(name, part)) for name, part in (files.items() if isinstance(files, Mapping) else files)]


def _read(name: str, part: Any) -> Any:
    if isinstance(part, tuple | list):
        file_name, content, *more = part
        return (file_name, _content(name, content), *more)
    # requests takes the file's name from the file, which is not there any more.
    return (_file_name(part) or name, _content(name, part)) if hasattr(part, "read") else part


def _file_name(file: Any) -> str | None:
    path = getattr(file, "name", None)
    return Path(path).name if isinstance(path, str) and not path.startswith("<") else None


def _content(name: str, content: Any) -> Any:
    if not hasattr(content, "read"):
        return content
    data = content.read()
    if not data and _position(content) > 0:
        raise InvalidInputError(
            f"files: the file of {name} has been read to its end already; nothing was sent.",
            hint="Open the file again, or call seek(0), before each request.",
            fields=("files",),
        )
    return data


def _position(stream: Any) -> int:
    try:
        return int(stream.tell())
    except (AttributeError, OSError, ValueError):
        # A pipe has none.
        return 0
