"""Following what happens: how far the reading has come, and what of a list is new.

No list of the API promises an order, and each may lag behind. So a poll reads again from shortly before the latest
entry that was seen, and each event has a key by which it is known, however often it is read. What to read, and what in
it is an event, is up to each kind of event: :mod:`.watch_statuses`, :mod:`.watch_audit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.record import AboutRecord
from airflow_provider_smartrecruiters.api.values.fields import same_instant

__all__ = ["Event", "Found", "Poll", "Position", "Watch", "poll"]

_STEP = 500
"""Most changes of one event, 150 KB. Doubled, a triggerer that is killed may repeat twice as many."""


@dataclass(frozen=True)
class Event:
    """Something that happened. Holds ids and words of the API only, nothing about a person.

    :param event: what happened.
    :param changed_on: when it happened, as the API writes it.
    """

    event: str
    changed_on: str

    @property
    def key(self) -> str:
        """What identifies the event: the same each time that it is read."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """The key in short, for the stored position."""
        return sha256(self.key.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Return the payload of an event, JSON-serializable."""
        return {"key": self.key, "event": self.event, **self.facts(), "changed_on": self.changed_on}

    def facts(self) -> dict[str, Any]:
        """Return what the payload has beside what every event has."""
        raise NotImplementedError


@dataclass(frozen=True)
class Position:
    """How far the reading has come.

    :param since: changes up to this moment are never reported.
    :param watermark: the latest update that was seen.
    :param fired: digests of the changes of the overlap that were reported, and when they happened.
    :param examined: the last update of each record of the overlap that was examined. Not stored: after a restart, the
        records of the overlap are read once more.
    """

    since: datetime
    watermark: datetime
    fired: Mapping[str, str] = field(default_factory=dict)
    examined: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def starting(cls, since: datetime) -> Position:
        """Return the position of a first start.

        :param since: changes after this moment are reported.
        """
        return cls(since, since)

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Position:
        """Return the position that :meth:`stored` wrote down."""
        return cls(instant(stored["since"]), instant(stored["watermark"]), dict(stored["fired"]))

    def stored(self) -> dict[str, Any]:
        """Return what is worth keeping, JSON-serializable."""
        return {"since": same_instant(self.since), "watermark": same_instant(self.watermark), "fired": dict(self.fired)}


def instant(text: str) -> datetime:
    """Return a moment that the API wrote.

    :param text: RFC 3339, ``2026-11-27T12:00:00.000Z``.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What a reading found, whether or not it was reported before.

    :param events: by digest.
    :param latest: the latest moment that was seen.
    :param examined: the last update of each record that was read, by its id; empty if there are no records to read.
    :param behind: whether there is more to read at once.
    """

    events: Mapping[str, Event]
    latest: datetime
    examined: Mapping[str, str] = field(default_factory=dict)
    behind: bool = False


class Watch(AboutRecord):
    """What to follow.

    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    ids: ClassVar[tuple[str, ...]] = ()

    def find(self, client: SmartRecruitersClient, position: Position, floor: datetime) -> Found:
        """Read what happened after a moment.

        :param client: client to send with.
        :param position: what has been read already.
        :param floor: the moment.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Poll:
    """What a poll found.

    :param events: the changes that were not reported before, oldest first.
    :param before: the position before the poll.
    :param after: the position once all events are safe.
    :param behind: whether there is more to read at once.
    """

    events: list[Event]
    before: Position
    after: Position
    behind: bool = False

    def steps(self) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
        """Yield the events in parts, and with each part the position to store once it is safe."""
        fired = dict(self.before.fired)
        for start in range(0, len(self.events), _STEP):
            part = self.events[start : start + _STEP]
            fired |= {event.digest: event.changed_on for event in part}
            position = Position(self.before.since, self.before.watermark, dict(fired))
            last = start + _STEP >= len(self.events)
            yield [event.as_dict() for event in part], (self.after if last else position).stored()
        if not self.events and self.after.watermark != self.before.watermark:
            yield [], self.after.stored()


def poll(client: SmartRecruitersClient, watch: Watch, position: Position, *, overlap: float) -> Poll:
    """Find out what happened since a position.

    :param client: client to send with.
    :param watch: what to follow.
    :param position: what has been read already.
    :param overlap: seconds before the watermark from which on to read again. The API promises no order, and a list may
        lag behind.
    :raises SmartRecruitersError: a request failed; nothing is lost, the position stays. A record that was deleted, or
        that the credential may not read, is left out instead.
    """
    reach = timedelta(seconds=overlap)
    with explained(watch, "read"):
        found = watch.find(client, position, max(position.since, position.watermark - reach))
    new = sorted(
        (event for digest, event in found.events.items() if digest not in position.fired),
        key=lambda event: instant(event.changed_on),
    )
    floor = max(position.since, found.latest - reach)
    fired = {**position.fired, **{event.digest: event.changed_on for event in new}}
    kept = {digest: changed_on for digest, changed_on in fired.items() if instant(changed_on) >= floor}
    return Poll(new, position, Position(position.since, found.latest, kept, found.examined), found.behind)
