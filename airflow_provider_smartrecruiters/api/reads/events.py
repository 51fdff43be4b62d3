"""Following changes: which lists to poll, what in them is new, and how far the reading has come.

The API has no list of the changes of a status. It lists the records that were updated after a moment, in no promised
order, and has a history of each status. So a poll lists what was updated since shortly before the last one, and reads
the history of each record that was updated again. Every change is one entry of a history, with a time of its own; that
makes the key by which it is known, however often it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES
from airflow_provider_smartrecruiters.api.record import AboutRecord
from airflow_provider_smartrecruiters.api.values.choices import not_one_of, one_or_more
from airflow_provider_smartrecruiters.api.values.fields import RecordId, same_instant
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError

__all__ = ["Poll", "Position", "StatusEvent", "WatchApplicationStatus", "WatchJobStatus", "poll"]

log = logging.getLogger(__name__)

_STEP = 500
"""Most changes of one event, 150 KB. Doubled, a triggerer that is killed may repeat twice as many."""


@dataclass(frozen=True)
class StatusEvent:
    """A change of a status. Holds ids and words of the API only, nothing about a person.

    :param event: what happened: ``job_status`` or ``application_status``.
    :param ids: ids of the record, by name.
    :param status: the new status.
    :param previous_status: the one before; None if there was none.
    :param changed_on: when it changed, as the API writes it.
    """

    event: str
    ids: Mapping[str, str]
    status: str
    previous_status: str | None
    changed_on: str

    @property
    def key(self) -> str:
        """What identifies the change: the same each time that it is read."""
        return "/".join((self.event, *self.ids.values(), self.status, self.changed_on))

    @property
    def digest(self) -> str:
        """The key in short, for the stored position."""
        return sha256(self.key.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Return the payload of an event, JSON-serializable."""
        return {
            "key": self.key,
            "event": self.event,
            **self.ids,
            "status": self.status,
            "previous_status": self.previous_status,
            "changed_on": self.changed_on,
        }


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


class _Watch(AboutRecord):
    """Which changes to follow.

    :param statuses: report changes to these statuses only; empty for all.
    :param job_ids: report changes of these jobs only; empty for all.
    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    statuses_of: ClassVar[tuple[str, ...]]
    event: ClassVar[str]
    history: ClassVar[str]
    ids: ClassVar[tuple[str, ...]] = ()

    statuses: Annotated[tuple[str, ...], BeforeValidator(one_or_more)] = ()
    job_ids: Annotated[tuple[RecordId, ...], BeforeValidator(one_or_more)] = ()

    @model_validator(mode="after")
    def _statuses_exist(self) -> Self:
        for index, status in enumerate(self.statuses):
            if status not in self.statuses_of:
                raise InvalidInputError(
                    f"statuses[{index}] {not_one_of(status, self.statuses_of)}", fields=("statuses",)
                )
        return self

    def filters(self) -> dict[str, Any]:
        """Return the filters that the list itself knows."""
        return {}

    def records(self, listed: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """Yield the ids of each history that an entry of the list leads to, by the names of an event."""
        raise NotImplementedError


class WatchJobStatus(_Watch):
    """Follow the status of jobs: ``GET /jobs?updatedAfter=``, then ``GET /jobs/{jobId}/status/history``.

    API reference: https://developers.smartrecruiters.com/reference (operations ``jobs.all``,
    ``jobs.status.history.get``). Neither the audit log nor anything else tells of this status.
    """

    use_case: ClassVar[str] = "watch_job_status"
    endpoint: ClassVar[str] = "GET /jobs"
    history: ClassVar[str] = "/jobs/{jobId}/status/history"
    event: ClassVar[str] = "job_status"
    subject: ClassVar[str] = "status of jobs"
    scope: ClassVar[str] = "jobs_read"
    statuses_of: ClassVar[tuple[str, ...]] = JOB_STATUSES

    def records(self, listed: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """Yield the id of the job."""
        yield {"job_id": str(listed["id"])}


class WatchApplicationStatus(_Watch):
    """Follow the status of applications: ``GET /candidates?updatedAfter=``, then
    ``GET /candidates/{id}/jobs/{jobId}/status/history``.

    API reference: https://developers.smartrecruiters.com/reference (operations ``candidates.all``,
    ``candidates.status.history.getForJob``).
    """

    use_case: ClassVar[str] = "watch_application_status"
    endpoint: ClassVar[str] = "GET /candidates"
    history: ClassVar[str] = "/candidates/{id}/jobs/{jobId}/status/history"
    event: ClassVar[str] = "application_status"
    subject: ClassVar[str] = "status of applications"
    scope: ClassVar[str] = "candidates_read"
    statuses_of: ClassVar[tuple[str, ...]] = APPLICATION_STATUSES

    def filters(self) -> dict[str, Any]:
        """Return the jobs: the list of candidates can be narrowed to them."""
        return {"jobId": list(self.job_ids)} if self.job_ids else {}

    def records(self, listed: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """Yield the ids of each application. The list has the status of the first one only, and may lag behind."""
        for assignment in (listed.get("primaryAssignment"), *(listed.get("secondaryAssignments") or ())):
            if assignment and (job := assignment.get("job") or {}).get("id"):
                yield {"candidate_id": str(listed["id"]), "job_id": str(job["id"])}


@dataclass(frozen=True)
class Poll:
    """What a poll found.

    :param events: the changes that were not reported before, oldest first.
    :param before: the position before the poll.
    :param after: the position once all events are safe.
    """

    events: list[StatusEvent]
    before: Position
    after: Position

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


def poll(client: SmartRecruitersClient, watch: _Watch, position: Position, *, overlap: float) -> Poll:
    """Find out what changed since a position.

    :param client: client to send with.
    :param watch: which changes.
    :param position: what has been read already.
    :param overlap: seconds before the watermark from which on to read again. The API promises no order, and a list may
        lag behind.
    :raises SmartRecruitersError: a request failed; nothing is lost, the position stays. A record that was deleted, or
        that the credential may not read, is left out instead.
    """
    floor = max(position.since, position.watermark - timedelta(seconds=overlap))
    examined: dict[str, str] = {}
    events: dict[str, StatusEvent] = {}
    latest = position.watermark
    with explained(watch, "read"):
        for listed in client.pages(
            watch.endpoint.split()[1], params={"updatedAfter": same_instant(floor), **watch.filters()}
        ):
            record, updated_on = str(listed["id"]), str(listed.get("updatedOn") or "")
            latest = max(latest, instant(updated_on)) if updated_on else latest
            examined[record] = updated_on
            if not updated_on or position.examined.get(record) != updated_on:
                events |= {event.digest: event for event in _changes(client, watch, listed, floor)}
    new = sorted(
        (event for digest, event in events.items() if digest not in position.fired), key=lambda event: event.changed_on
    )
    floor = max(position.since, latest - timedelta(seconds=overlap))
    fired = {**position.fired, **{event.digest: event.changed_on for event in new}}
    kept = {digest: changed_on for digest, changed_on in fired.items() if instant(changed_on) >= floor}
    return Poll(new, position, Position(position.since, latest, kept, examined))


def _changes(
    client: SmartRecruitersClient, watch: _Watch, listed: Mapping[str, Any], floor: datetime
) -> Iterator[StatusEvent]:
    """Yield the changes of one listed record after a moment."""
    for ids in watch.records(listed):
        if watch.job_ids and ids["job_id"] not in watch.job_ids:
            continue
        previous = None
        for entry in _history(client, watch, ids):
            status, changed_on = entry["status"], entry["changedOn"]
            wanted = not watch.statuses or status in watch.statuses
            # A change of the sub-status is an entry of the history, too.
            if wanted and status != previous and instant(changed_on) > floor:
                yield StatusEvent(watch.event, ids, status, previous, changed_on)
            previous = status


def _history(client: SmartRecruitersClient, watch: _Watch, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    names = {"job_id": "jobId", "candidate_id": "id"}
    path_params = {names[name]: value for name, value in ids.items()}
    try:
        answer = client.request("GET", watch.history, path_params=path_params)
    except (NotFoundError, PermissionDeniedError) as error:
        log.warning("Changes of %s are not reported: %s", dict(ids), type(error).__name__)
        return []
    return sorted((answer or {}).get("content") or [], key=lambda entry: instant(entry["changedOn"]))
