"""Errors as Airflow has to see them: permanent ones end the task, the others leave it its retries."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError, rebuild

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def as_airflow_error() -> Iterator[None]:
    """Make the permanent errors of the block fail the task at once, without burning its retries.

    A :class:`~airflow_provider_smartrecruiters.exceptions.SmartRecruitersError` that a retry cannot cure leaves as
    an error that is both what it was and an ``AirflowFailException``: ``except NotFoundError`` still catches it,
    and its attributes are kept. Every other exception, retryable ones of this package included, leaves unchanged.

    :raises SmartRecruitersError: whatever the block raised, as above.
    """
    try:
        yield
    except SmartRecruitersError as error:
        if error.retryable or isinstance(error, AirflowFailException):
            raise
        # Not chained: the error says what a user needs, and what lies under it (a request, a validation) may hold
        # what was sent.
        raise fail_at_once(error).with_traceback(error.__traceback__) from None


def fail_at_once(error: SmartRecruitersError) -> SmartRecruitersError:
    """Return the same error as one that is also an ``AirflowFailException``.

    :param error: any error of this package.
    :return: an instance of a subclass of both, with the same message and attributes.
    """
    return _rebuild_failing(type(error), error.summary, dict(error.__dict__))


def _rebuild_failing(kind: type[SmartRecruitersError], summary: str, state: dict[str, Any]) -> SmartRecruitersError:
    return rebuild(_failing(kind), summary, state)  # type: ignore[arg-type] # mypy takes no class for hashable


@cache
def _failing(kind: type[SmartRecruitersError]) -> type[SmartRecruitersError]:
    def reduce(self: SmartRecruitersError) -> tuple[Any, ...]:
        # The class below is made at run time, so pickle could not find it by its name.
        return _rebuild_failing, (kind, self.summary, dict(self.__dict__))

    return type(
        kind.__name__,
        (kind, AirflowFailException),
        # The plain class's name and module: it is what a reader of the log can look up.
        {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce__": reduce},
    )
