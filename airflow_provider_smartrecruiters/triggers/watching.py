"""What all watchers of assets share: they poll, never end, and keep how far they have come.

Needs Airflow 3. On 3.3 a watcher goes on where it stopped; see :class:`EventTrigger`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from functools import cached_property, partial
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from airflow.triggers.base import TriggerEvent

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, fitted
from airflow_provider_smartrecruiters.intervals import varied
from airflow_provider_smartrecruiters.operators.common.task import WithHook
from airflow_provider_smartrecruiters.triggers.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

    from airflow.triggers.base import BaseEventTrigger

    from airflow_provider_smartrecruiters.api.reads.events import Poll, Position, Watch
else:
    try:
        from airflow.triggers.base import BaseEventTrigger
    except ImportError:
        # Airflow 2.11 has no watchers, but DAG files that also run there may import this module.
        from airflow.triggers.base import BaseTrigger as BaseEventTrigger

__all__ = ["EventTrigger"]

log = logging.getLogger(__name__)

_LONGEST_BACKOFF = 600.0
"""Seconds between two polls after many transient errors, or after one that only a person can fix."""

_APART = 5.0
"""Seconds between two events of a watcher. Airflow queues one run for all events of an asset that arrive until its
scheduler gets to it, but gives that run only those that arrived first; the others wait for the next event. With the
changes of a poll in one event, and time for the scheduler until the next one, none is left behind. Halved, a scheduler
that is busy for three seconds may leave some."""

_running: WeakValueDictionary[str, EventTrigger] = WeakValueDictionary()
"""The watchers of this triggerer. Airflow builds a stream from a trigger's arguments alone, but the store of the asset
is an attribute of the trigger."""


class EventTrigger(WithHook, BaseEventTrigger):
    """Base class of the triggers that follow what happens in SmartRecruiters.

    An event has all changes that a poll found: its payload is ``{"events": [...]}``. A change holds ids and words of
    the API, nothing about a person. Each has ``key``, ``event`` and ``changed_on``; ``key`` is the same each time that
    a change is reported.

    Airflow 3.3 keeps the position of a watcher in the asset's state store. It is written only when Airflow has stored
    the events before it, so a triggerer that is killed loses nothing; it may report again the few changes whose events
    were stored in the last second or two. :func:`~airflow_provider_smartrecruiters.triggers.runs.new_events` leaves
    such repeats out. Airflow 3.0 to 3.2 has no such store: after a restart, changes are reported from ``since`` on, or
    from the time of the restart.

    :param smartrecruiters_conn_id: id of the Airflow connection.
    :param filters: values of :attr:`filter_names`: a list, or one text, each.
    :param since: the first start reports changes after this moment, a date-time of RFC 3339 with an offset, text.
        Default: the time of the first start, so history is not replayed.
    :param poke_interval: seconds between two polls, default 60.
    :param overlap: seconds that a poll reaches back behind the last one, default 300. Longer than any delay with which
        the API lists an update.
    :raises InvalidInputError: an argument cannot be used. The values of filters are checked in the triggerer, whose log
        has the error.
    """

    watch_name: ClassVar[str]
    """Module and name of a class in the package's ``api.reads``. Not the class: a DAG file imports this module."""
    filter_names: ClassVar[tuple[str, ...]]
    """Arguments that say what to follow."""

    def __init__(
        self,
        *,
        smartrecruiters_conn_id: str,
        since: str | None,
        poke_interval: float,
        overlap: float,
        **filters: str | list[str] | None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if poke_interval <= 0 or overlap < 0:
            raise InvalidInputError(
                "poke_interval must be above 0, and overlap at least 0", fields=("poke_interval", "overlap")
            )
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        for name in self.filter_names:
            setattr(self, name, _list(name, filters[name]))
        self.since = since
        self.poke_interval = poke_interval
        self.overlap = overlap
        self._first = _moment(since) if since is not None else None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments to build this trigger again."""
        names = ("smartrecruiters_conn_id", *self.filter_names, "since", "poke_interval", "overlap")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each change. Used where Airflow has no store for the position."""
        await in_thread(lambda: None)
        log.warning(
            "This Airflow keeps no position of a watcher: after a restart, changes are reported %s.", self._restart
        )
        async for changes, _ in self._steps(self._start()):
            if changes:
                yield TriggerEvent({"events": changes})  # type: ignore[no-untyped-call]

    @property
    def _restart(self) -> str:
        return f"again from {self.since} on" if self.since else "from the time of the restart on"

    def shared_stream_key(self) -> Hashable | None:
        """Return what makes Airflow 3.3 confirm that events are stored; None where it cannot.

        Each watcher has a stream of its own. DAGs share one by being scheduled by the same asset.
        """
        if getattr(self, "asset_state_store", None) is None:
            return None
        key = _identity(*self.serialize())
        _running[key] = self
        return ("smartrecruiters", key)

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> Any:
        """Return what polls, and stores the position once Airflow has stored the events.

        :param kwargs: the arguments of the trigger.
        """
        from airflow_provider_smartrecruiters.triggers.stream import EventStream

        return EventStream(_running[_identity(f"{cls.__module__}.{cls.__qualname__}", kwargs)])

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield the events of the stream.

        :param shared_stream: lists of changes.
        """
        async for changes in shared_stream:
            if changes:
                yield TriggerEvent({"events": changes})  # type: ignore[no-untyped-call]

    async def restored(self) -> Position:
        """Return the position to start from: the stored one, or that of a first start."""
        await in_thread(lambda: None)
        from airflow_provider_smartrecruiters.api.reads.events import Position

        stored = await self._store.aget(self._key)
        if isinstance(stored, dict):
            log.info("Following changes from %s on, where the watcher stopped.", stored["watermark"])
            return Position.restored(stored)
        position = self._start()
        # A triggerer that is killed before the first change must not start at a later moment.
        await self.keep(position.stored())
        return position

    async def keep(self, position: dict[str, Any]) -> None:
        """Store a position.

        :param position: as :meth:`.Position.stored` returns it.
        """
        await self._store.aset(self._key, position)

    async def steps(self) -> AsyncIterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
        """Yield changes, and the position to keep once they are stored. Never ends."""
        async for step in self._steps(await self.restored()):
            yield step

    async def _steps(self, position: Position) -> AsyncIterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
        async for found in self._polls(position):
            for number, step in enumerate(found.steps()):
                if number:
                    await asyncio.sleep(_APART)
                yield step

    async def _polls(self, position: Position) -> AsyncIterator[Poll]:
        failures, said = 0, ""
        while True:
            try:
                found = await in_thread(partial(self._poll, position))
            except Exception as error:
                failures += 1
                delay = self._backoff(error, failures)
                if said != (message := _said(error, delay)):
                    log.warning("%s", message) if getattr(error, "retryable", False) else log.error("%s", message)
                said = message
            else:
                if failures:
                    log.info("The connection works again; nothing was missed.")
                failures, said, position = 0, "", found.after
                delay = self._pause(found)
                yield found
            await asyncio.sleep(varied(delay))

    def _pause(self, found: Poll) -> float:
        if found.behind:
            return _APART if found.events else 0.0
        return max(self.poke_interval, _APART) if found.events else self.poke_interval

    def _backoff(self, error: Exception, failures: int) -> float:
        longest = max(_LONGEST_BACKOFF, self.poke_interval)
        if not getattr(error, "retryable", False):
            return longest
        return float(min(self.poke_interval * 2 ** min(failures - 1, 10), longest))

    def _poll(self, position: Position) -> Poll:
        from airflow_provider_smartrecruiters.api.reads.events import poll

        return poll(self.hook.get_conn(), self._watch, position, overlap=self.overlap)

    @cached_property
    def _watch(self) -> Watch:
        module, _, name = self.watch_name.partition(".")
        kind = getattr(import_module(f"airflow_provider_smartrecruiters.api.reads.{module}"), name)
        watch: Watch = kind(**{name: getattr(self, name) for name in self.filter_names})
        return watch

    def _start(self) -> Position:
        from airflow_provider_smartrecruiters.api.reads.events import Position

        return Position.starting(self._first or datetime.now(UTC))

    @property
    def _key(self) -> str:
        # Without the intervals: whoever changes them goes on at the same position.
        path, arguments = self.serialize()
        kept = {name: value for name, value in arguments.items() if name not in ("poke_interval", "overlap")}
        return f"smartrecruiters_{sha256(_identity(path, kept).encode()).hexdigest()[:16]}"

    @property
    def _store(self) -> Any:
        """The store of the asset; of the first one, if several assets have an equal trigger."""
        accessors: Any = self.asset_state_store
        by_name = {**accessors._by_name, **accessors._by_uri}
        return by_name[min(by_name)]


def _moment(since: str) -> datetime:
    try:
        moment = datetime.fromisoformat(since)
    except (TypeError, ValueError):
        moment = datetime.min
    if moment.tzinfo is None:
        raise InvalidInputError(
            "since must be a date-time with an offset, such as 2026-12-01T00:00:00Z", fields=("since",)
        )
    return moment


def _identity(path: str, arguments: dict[str, Any]) -> str:
    return json.dumps([path, arguments], sort_keys=True)


def _said(error: Exception, delay: float) -> str:
    again = f"The poll failed; polling again in about {delay:.0f} seconds. Nothing is missed."
    # Errors of other packages may hold anything.
    return str(fitted(f"{again} {error if hasattr(error, 'retryable') else type(error).__name__}"))


def _list(name: str, value: str | list[str] | None) -> list[str]:
    found = [value] if isinstance(value, str) else list(value or ())
    if any(not isinstance(one, str) or not one.strip() for one in found):
        raise InvalidInputError(
            f"{name} has a blank value", hint=f"Check {name}: a blank value would match nothing.", fields=(name,)
        )
    return found
