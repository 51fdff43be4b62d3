"""Parts that the tasks for one record and for many share: the hook, and values that Airflow must not show."""

from __future__ import annotations

import inspect
from collections.abc import Sized
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook


class WithHook:
    """Gives a task the hook for the connection in ``smartrecruiters_conn_id``."""

    smartrecruiters_conn_id: str

    @cached_property
    def hook(self) -> SmartRecruitersHook:
        """The hook. It does not look up the connection before it is used."""
        from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

        return SmartRecruitersHook(smartrecruiters_conn_id=self.smartrecruiters_conn_id)


def parameters_of(kind: type) -> list[str]:
    """Return the names of the parameters that a task's class declares, without ``self``, ``*args`` and ``**kwargs``.

    :param kind: the class. One without a constructor of its own has that of its base.
    """
    # From the function below Airflow's wrapper: a signature takes twenty times as long, for each class of a DAG file.
    code = inspect.unwrap(kind.__init__).__code__  # type: ignore[misc]
    return list(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])


class Private:
    """A wrapper that shows the size of its value instead of the value.

    Airflow stores the rendered value of every template field in its database and shows it to everybody who may see the
    task. Private values, such as notes and tags, are wrapped right after rendering, so that Airflow stores the text of
    the wrapper.

    :param value: the wrapped value. Only this attribute gives it back.
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
    """Return a rendered value in a :class:`Private`, unless it is empty or wrapped already."""
    return value if isinstance(value, Private) or value is None or value == "" else Private(value)


def unwrapped(value: Any) -> Any:
    """Return the plain value of a parameter. Code that calls ``execute`` itself skips rendering, and so wrapping."""
    return value.value if isinstance(value, Private) else value


def end_as_skipped(task: Any, context: Context, result: Any, why: str) -> NoReturn:
    """End a task in Airflow's skipped state, so that what follows it and its asset outlets are left out, too.

    :param task: the task.
    :param context: Airflow's task context.
    :param result: the result of the task, which is pushed to XCom first.
    :param why: the reason, a sentence.
    :raises AirflowSkipException: always.
    """
    from airflow.providers.common.compat.sdk import AirflowSkipException

    # Airflow pushes the return value of execute(), and a skipped task has none.
    if task.do_xcom_push and (ti := context.get("ti")) is not None:
        ti.xcom_push(key="return_value", value=result)
    raise AirflowSkipException(why)


@contextmanager
def hidden_in_airflow(private: Collection[str]) -> Iterator[None]:
    """Make an error about a private parameter advise what works although Airflow does not show the value.

    :param private: names of the private parameters.
    :raises InvalidInputError: the error raised in the block.
    """
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    try:
        yield
    except InvalidInputError as error:
        if hidden := [name for name in error.fields if name in private]:
            names = " and ".join(hidden)
            error.hint = (
                f"Fix the value of {names}, or the template or task that it comes from. Airflow shows only the size of "
                "such a value, because it may be about a person."
            )
        raise
