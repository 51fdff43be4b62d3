"""Keep what people wrote out of the rendered templates that Airflow stores and shows.

Airflow keeps the rendered value of every template field in its database and shows it to whoever may see the task. A
note or a tag is nobody's business there, so once rendered it is wrapped: Airflow stores the wrapper's text, which is
the size of the value.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any


class Private:
    """A value whose text, wherever it is shown, is its size.

    :param value: what is wrapped; the only way back to it is this attribute.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        if isinstance(self.value, str):
            return f"(text of {len(self.value):,} characters)"
        if isinstance(self.value, Sized):
            return f"({len(self.value):,} items)"
        return "(not shown)"


def wrapped(value: Any) -> Any:
    """Return a rendered value wrapped, unless there is nothing to keep private."""
    return value if isinstance(value, Private) or value is None or value == "" else Private(value)


def unwrapped(value: Any) -> Any:
    """Return what a parameter holds, wrapped or not: outside of Airflow's own runs nothing renders it."""
    return value.value if isinstance(value, Private) else value
