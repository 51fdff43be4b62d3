"""Triggers for Airflow's asset watchers: a DAG is scheduled by what happens in SmartRecruiters.

Needs Airflow 3. On 3.3 a watcher goes on where it stopped; see :class:`.EventTrigger`.
"""

from __future__ import annotations

from typing import ClassVar

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.triggers.watching import EventTrigger

__all__ = ["ApplicationStatusTrigger", "AuditEventTrigger", "JobStatusTrigger"]


class StatusEventTrigger(EventTrigger):
    """Base class of the triggers that follow changes of a status.

    A change has ``key``, ``event``, ``job_id``, ``candidate_id`` (of an application), ``status``, ``previous_status``
    and ``changed_on``. :class:`.EventTrigger` says what happens on a restart.

    :param smartrecruiters_conn_id: id of the Airflow connection.
    :param statuses: report changes to these statuses only: a list, or one text. Default: to every status.
    :param job_ids: report changes of these jobs only: ids, a list or one text. Default: all jobs.
    :param since: the first start reports changes after this moment, a date-time of RFC 3339 with an offset, text.
        Default: the time of the first start, so history is not replayed.
    :param poke_interval: seconds between two polls, default 60.
    :param overlap: seconds that a poll reaches back behind the last one, default 300. Longer than any delay with which
        the API lists an update.
    :raises InvalidInputError: an argument cannot be used. Statuses and ids are checked in the triggerer, whose log has
        the error.
    """

    filter_names: ClassVar[tuple[str, ...]] = ("statuses", "job_ids")

    def __init__(
        self,
        *,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        statuses: str | list[str] | None = None,
        job_ids: str | list[str] | None = None,
        since: str | None = None,
        poke_interval: float = 60.0,
        overlap: float = 300.0,
    ) -> None:
        super().__init__(
            smartrecruiters_conn_id=smartrecruiters_conn_id,
            statuses=statuses,
            job_ids=job_ids,
            since=since,
            poke_interval=poke_interval,
            overlap=overlap,
        )


class JobStatusTrigger(StatusEventTrigger):
    """Report when the status of a job changes.

    .. code-block:: python

        job_filled = Asset(
            "job_filled",
            watchers=[AssetWatcher(name="smartrecruiters", trigger=JobStatusTrigger(statuses="FILLED"))],
        )

    Endpoints: ``GET /jobs``, ``GET /jobs/{jobId}/status/history`` (scope ``jobs_read``)

    API reference: https://developers.smartrecruiters.com/reference

    Parameters and errors are those of :class:`StatusEventTrigger`. Statuses: ``CREATED``, ``SOURCING``, ``INTERVIEW``,
    ``OFFER``, ``FILLED``, ``ON_HOLD``, ``CANCELLED``.
    """

    watch_name: ClassVar[str] = "watch_statuses.WatchJobStatus"


class ApplicationStatusTrigger(StatusEventTrigger):
    """Report when the status of an application changes.

    .. code-block:: python

        application_rejected = Asset(
            "application_rejected",
            watchers=[AssetWatcher(name="smartrecruiters", trigger=ApplicationStatusTrigger(statuses="REJECTED"))],
        )

    Endpoints: ``GET /candidates``, ``GET /candidates/{id}/jobs/{jobId}/status/history`` (scope ``candidates_read``)

    API reference: https://developers.smartrecruiters.com/reference

    Parameters and errors are those of :class:`StatusEventTrigger`. Statuses: ``LEAD``, ``NEW``, ``IN_REVIEW``,
    ``INTERVIEW``, ``OFFERED``, ``HIRED``, ``REJECTED``, ``WITHDRAWN``.
    """

    watch_name: ClassVar[str] = "watch_statuses.WatchApplicationStatus"


class AuditEventTrigger(EventTrigger):
    """Report entries of the audit log: changed tags or sources, new or deleted positions, deleted jobs, ...

    .. code-block:: python

        position_created = Asset(
            "position_created",
            watchers=[AssetWatcher(name="smartrecruiters", trigger=AuditEventTrigger(event_names="POSITION_CREATED"))],
        )

    A change has ``key``, ``event`` (its name in the audit log), ``entity_type``, ``entity_id``, the same id as
    ``job_id``, ``candidate_id``, ``application_id``, ``job_ad_id`` or ``user_id``, ``author_type``, ``author_id`` and
    ``changed_on``; ``status`` and ``previous_status`` of an application, and ``position_id`` of a position. The log
    also has names, texts and addresses. They are left out: read the record instead. :class:`.EventTrigger` says what
    happens on a restart.

    The audit log has no entry for the status of a job, for notes, interviews or publications. It has the status of an
    application only if an employee or a system user changed it; :class:`ApplicationStatusTrigger` reports every change.

    Endpoint: ``GET /audit-api/v201910/audit-events`` (scope ``audit_events_read``; the user of the credential needs the
    role ADMINISTRATOR)

    API reference: https://developers.smartrecruiters.com/reference/auditget-1

    :param event_names: names of the audit log, ``CANDIDATE_TAGS_MODIFIED``: a list, or one text. A name that the
        official document of April 2024 does not have is followed as well, with a warning in the triggerer's log.
    :param smartrecruiters_conn_id: id of the Airflow connection.
    :param job_ids: report entries about these jobs only: ids, a list or one text. An entry about a candidate, an
        application or a job ad does not say to which job it belongs, so such names are refused.
    :param candidate_ids: report entries about these candidates only, likewise. With ``job_ids``: about either.
    :param since: the first start reports what happened after this moment, a date-time of RFC 3339 with an offset, text.
        Default: the time of the first start. SmartRecruiters keeps the log for at least 26 months.
    :param poke_interval: seconds between two polls, default 60.
    :param overlap: seconds that a poll reaches back behind the last one, default 900. Longer than the delay with which
        the log lists what happened, which is not documented.
    :raises InvalidInputError: an argument cannot be used. Names and ids are checked in the triggerer, whose log has
        the error.
    """

    watch_name: ClassVar[str] = "watch_audit.WatchAuditLog"
    filter_names: ClassVar[tuple[str, ...]] = ("event_names", "job_ids", "candidate_ids")

    def __init__(
        self,
        *,
        event_names: str | list[str],
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        job_ids: str | list[str] | None = None,
        candidate_ids: str | list[str] | None = None,
        since: str | None = None,
        poke_interval: float = 60.0,
        overlap: float = 900.0,
    ) -> None:
        if not event_names:
            raise InvalidInputError(
                "event_names is empty",
                hint="Name the events to follow; the whole log has every login.",
                fields=("event_names",),
            )
        super().__init__(
            smartrecruiters_conn_id=smartrecruiters_conn_id,
            event_names=event_names,
            job_ids=job_ids,
            candidate_ids=candidate_ids,
            since=since,
            poke_interval=poke_interval,
            overlap=overlap,
        )
