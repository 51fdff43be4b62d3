"""Map errors to Airflow's: a permanent error fails the task at once, a transient error leaves it its retries."""

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
    """Make permanent errors raised in the block fail the task at once, without using up its retries.

    A permanent :class:`~airflow_provider_smartrecruiters.exceptions.SmartRecruitersError` is raised again as a subclass
    of both its own class and ``AirflowFailException``: ``except NotFoundError`` still catches it, and its attributes
    are kept. Every other exception, including the transient errors of this package, propagates unchanged.

    :raises SmartRecruitersError: the error raised in the block, as described above.
    """
    try:
        yield
    except SmartRecruitersError as error:
        if error.retryable or isinstance(error, AirflowFailException):
            raise
        # Not chained: the message has all that a user needs, and the underlying error (of a request, of a validation)
        # may hold what was sent.
        raise fail_at_once(error).with_traceback(error.__traceback__) from None


def fail_at_once(error: SmartRecruitersError) -> SmartRecruitersError:
    """Return a copy of an error that is also an ``AirflowFailException``.

    :param error: any error of this package.
    :return: an instance of a subclass of both classes, with the same message and attributes.
    """
    return _rebuild_failing(type(error), error.summary, dict(error.__dict__))


def _rebuild_failing(kind: type[SmartRecruitersError], summary: str, state: dict[str, Any]) -> SmartRecruitersError:
    return rebuild(_failing(kind), summary, state)  # type: ignore[arg-type] # mypy does not see that a class is hashable


@cache
def _failing(kind: type[SmartRecruitersError]) -> type[SmartRecruitersError]:
    def reduce(self: SmartRecruitersError) -> tuple[Any, ...]:
        # The class below is created at run time, so pickle could not import it by name.
        return _rebuild_failing, (kind, self.summary, dict(self.__dict__))

    return type(
        kind.__name__,
        (kind, AirflowFailException),
        # Name and module of the plain class, so that a reader of the log can look it up.
        {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce__": reduce},
    )
