"""Following the status of jobs and applications: which lists to poll, and what in them is new.

The API has no list of the changes of a status. It lists the records that were updated after a moment, in no promised
order, and has a history of each status. So a poll lists what was updated since shortly before the last one, and reads
the history of each record that was updated again. Every change is one entry of a history, with a time of its own; that
makes the key by which it is known.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES
from airflow_provider_smartrecruiters.api.reads.events import Event, Found, Position, Watch, instant
from airflow_provider_smartrecruiters.api.values.choices import not_one_of, one_or_more
from airflow_provider_smartrecruiters.api.values.fields import RecordId, same_instant
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError

__all__ = ["StatusEvent", "WatchApplicationStatus", "WatchJobStatus"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StatusEvent(Event):
    """A change of a status: ``event`` is ``job_status`` or ``application_status``.

    :param ids: ids of the record, by name.
    :param status: the new status.
    :param previous_status: the one before; None if there was none.
    """

    ids: Mapping[str, str]
    status: str
    previous_status: str | None

    @property
    def key(self) -> str:
        """Record, status and time."""
        return "/".join((self.event, *self.ids.values(), self.status, self.changed_on))

    def facts(self) -> dict[str, Any]:
        """Return the ids of the record and both statuses."""
        return {**self.ids, "status": self.status, "previous_status": self.previous_status}


class _StatusWatch(Watch):
    """Which changes to follow.

    :param statuses: report changes to these statuses only; empty for all.
    :param job_ids: report changes of these jobs only; empty for all.
    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    statuses_of: ClassVar[tuple[str, ...]]
    event: ClassVar[str]
    history: ClassVar[str]

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

    def find(self, client: SmartRecruitersClient, position: Position, floor: datetime) -> Found:
        """Read the list of what was updated, and the history of each record in it that was updated again."""
        examined: dict[str, str] = {}
        events: dict[str, Event] = {}
        latest = position.watermark
        for listed in client.pages(
            self.endpoint.split()[1], params={"updatedAfter": same_instant(floor), **self.filters()}
        ):
            record, updated_on = str(listed["id"]), str(listed.get("updatedOn") or "")
            latest = max(latest, instant(updated_on)) if updated_on else latest
            examined[record] = updated_on
            if not updated_on or position.examined.get(record) != updated_on:
                events |= {event.digest: event for event in _changes(client, self, listed, floor)}
        return Found(events, latest, examined)

    def filters(self) -> dict[str, Any]:
        """Return the filters that the list itself knows."""
        return {}

    def records(self, listed: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """Yield the ids of each history that an entry of the list leads to, by the names of an event."""
        raise NotImplementedError


class WatchJobStatus(_StatusWatch):
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


class WatchApplicationStatus(_StatusWatch):
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


def _changes(
    client: SmartRecruitersClient, watch: _StatusWatch, listed: Mapping[str, Any], floor: datetime
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
                yield StatusEvent(watch.event, changed_on, ids, status, previous)
            previous = status


def _history(client: SmartRecruitersClient, watch: _StatusWatch, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    names = {"job_id": "jobId", "candidate_id": "id"}
    path_params = {names[name]: value for name, value in ids.items()}
    try:
        answer = client.request("GET", watch.history, path_params=path_params)
    except (NotFoundError, PermissionDeniedError) as error:
        log.warning("Changes of %s are not reported: %s", dict(ids), type(error).__name__)
        return []
    return sorted((answer or {}).get("content") or [], key=lambda entry: instant(entry["changedOn"]))
