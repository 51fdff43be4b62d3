"""What a task for one record and a task for many share: the hook, and parameters that Airflow must not show."""

from __future__ import annotations

from collections.abc import Sized
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook


class WithHook:
    """A task that talks to SmartRecruiters over the connection that ``smartrecruiters_conn_id`` names."""

    smartrecruiters_conn_id: str

    @cached_property
    def hook(self) -> SmartRecruitersHook:
        """The hook for the connection; it looks nothing up before it is used."""
        from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

        return SmartRecruitersHook(smartrecruiters_conn_id=self.smartrecruiters_conn_id)


class Private:
    """A value whose text, wherever it is shown, is its size.

    Airflow stores the rendered value of every template field in its database and shows it to everybody who may see
    the task. A note or a tag is private there, so it is wrapped once rendered: Airflow stores the wrapper's text.

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
