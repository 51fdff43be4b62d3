"""Airflow's task state store (3.3 and later), where a retry of a task finds what the try before it left there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

VALID_FOR = 24 * 3600.0
"""Seconds after which progress is too old to rely on: the records may have changed since."""


class StateStore:
    """Reads and writes values by key. Errors of the store cost a retry time, and never the task its work.

    :param store: ``context["task_state_store"]``; None if Airflow has none, and then every read is None.
    :param cost: what a retry does if the store fails, for the warning: ``may read finished items again``.
    :raises EOFError, ConnectionError: from every method: the supervisor of the task is dead, so the task has to end.
    """

    def __init__(self, store: Any, cost: str) -> None:
        self._store = store
        self._cost = cost
        self._warned = False

    def __bool__(self) -> bool:
        """Whether Airflow has a store."""
        return self._store is not None

    def get(self, key: str) -> Any:
        """Return a value; None if there is none, or if it cannot be read."""
        return self._call("get", key)

    def set(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a value; Airflow advises at most 64 KB."""
        self._call("set", key, value)

    def delete(self, key: str) -> None:
        """Remove a value."""
        self._call("delete", key)

    def _call(self, verb: str, *arguments: Any) -> Any:
        if self._store is None:
            return None
        try:
            return getattr(self._store, verb)(*arguments)
        except (EOFError, ConnectionError):
            # The supervisor of this task is gone. Nobody will take the result, and a retry may already be doing the
            # same work, so the only safe thing to do is to stop.
            raise
        except Exception as error:
            # Every other error costs only progress, and so extra reads on a retry. Failing would cost more.
            if not self._warned:
                self._warned = True
                log.warning(
                    "Airflow's task state store failed (%s). A retry of this task %s.", type(error).__name__, self._cost
                )
            return None
