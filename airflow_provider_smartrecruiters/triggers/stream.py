"""The producer of a watcher's stream. Needs Airflow 3.3.

Airflow calls :meth:`EventStream.advance` when the events that came with a position are in its database. Only then the
position is stored: a triggerer that is killed before that reads the changes once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer
else:
    try:
        from airflow.triggers.shared_stream import SharedStreamProducer
    except ImportError:
        # An older Airflow never asks for a stream.
        SharedStreamProducer = object


class Watcher(Protocol):
    """What a stream needs of a trigger."""

    def steps(self) -> AsyncIterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
        """Yield changes, and the position to keep once they are stored."""

    async def keep(self, position: dict[str, Any]) -> None:
        """Store a position."""


class EventStream(SharedStreamProducer):
    """Polls for one watcher, and keeps its position.

    :param trigger: the watcher.
    """

    def __init__(self, trigger: Watcher) -> None:
        self._trigger = trigger

    async def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Yield changes, with the position to keep once they are stored."""
        async for step in self._trigger.steps():
            yield step

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Keep the position of the last events that are stored.

        :param batch: positions, in the order of the stream.
        :raises RuntimeError: events were not stored; the watcher starts again from the position before them.
        """
        for number, item in enumerate(batch):
            if not item.outcome.is_clean:
                if number:
                    await self._trigger.keep(batch[number - 1].broker_payload)
                raise RuntimeError("Airflow did not store an event in time; reading it again")
        await self._trigger.keep(batch[-1].broker_payload)
