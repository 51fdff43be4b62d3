"""Map errors to Airflow's: a permanent error fails the task at once, a transient error leaves it its retries."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError, rebuild

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


log = logging.getLogger(__name__)


@contextmanager
def as_airflow_error(conn_id: str | None = None) -> Iterator[None]:
    """Log an error raised in the block, and make a permanent one fail the task at once, without using up its retries.

    The message is logged before the error is raised, once, however many such blocks it passes: Airflow's log viewer
    cuts the text of an exception off, and shows it above a long traceback.

    A permanent :class:`~airflow_provider_smartrecruiters.exceptions.SmartRecruitersError` is raised again as a subclass
    of both its own class and ``AirflowFailException``: ``except NotFoundError`` still catches it, and its attributes
    are kept. Every other exception, including the transient errors of this package, propagates unchanged.

    :param conn_id: id of the Airflow connection, which the error then names.
    :raises SmartRecruitersError: the error raised in the block, as described above.
    """
    try:
        yield
    except SmartRecruitersError as error:
        _log(error, conn_id)
        if error.retryable or isinstance(error, AirflowFailException):
            raise
        # Not chained: the message has all that a user needs, and the underlying error (of a request, of a validation)
        # may hold what was sent.
        raise fail_at_once(error).with_traceback(error.__traceback__) from None


@contextmanager
def about(target: Mapping[str, str]) -> Iterator[None]:
    """Let an error raised in the block name the record that the task is about.

    :param target: ids of the record by argument name.
    :raises SmartRecruitersError: the error raised in the block.
    """
    try:
        yield
    except SmartRecruitersError as error:
        error.target = error.target or target
        raise


def _log(error: SmartRecruitersError, conn_id: str | None) -> None:
    error.connection = error.connection or conn_id
    if not error.logged:
        error.logged = True
        log.error("%s", error.report())


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
