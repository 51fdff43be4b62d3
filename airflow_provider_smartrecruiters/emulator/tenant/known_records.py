"""The tenant as a test looks at it: ids of records that are fit for a purpose, and copies of what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from airflow_provider_smartrecruiters.emulator.tenant import publishing, state

Found = TypeVar("Found")
Kept = TypeVar("Kept", bound=state.Guarded)


@dataclass(frozen=True, slots=True)
class ApplicationRef:
    """An application by its ids."""

    candidate_id: str
    job_id: str
    application_id: str


@dataclass(frozen=True, slots=True)
class JobAdRef:
    """A job ad by its ids."""

    job_id: str
    job_ad_id: str


@dataclass(frozen=True, slots=True)
class PositionRef:
    """A position by its ids; ``position_id`` is the record's."""

    job_id: str
    position_id: str


@dataclass(frozen=True, slots=True)
class TimeslotRef:
    """A timeslot by its ids."""

    interview_id: str
    timeslot_id: str


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source by the ids that an update needs, with its label."""

    source_type_id: str
    source_sub_type_id: str | None
    source_id: str
    label: str


class _Look(Generic[Found]):
    """A property that finds something in the tenant."""

    def __init__(self, find: Callable[[state.Tenant], Found]) -> None:
        self._find = find

    def __get__(self, known: KnownRecords, _: type[KnownRecords]) -> Found:
        with known.editing() as tenant:
            return self._find(tenant)


def _denied(
    records: Callable[[state.Tenant], Mapping[str, Kept]], show: Callable[[state.Tenant, Kept], Found]
) -> tuple[_Look[Found], _Look[Found]]:
    """Return two properties: for the record that can be read but not changed, and for the one that cannot be seen."""

    def look(access: state.Access) -> _Look[Found]:
        return _Look(lambda tenant: show(tenant, next(_with_access(records(tenant), access))))

    return look("read"), look("none")


def _with_access(records: Mapping[str, Kept], access: state.Access = "full") -> Iterator[Kept]:
    return (record for record in records.values() if record.access == access)


def _ids(records: Mapping[str, state.Guarded]) -> list[str]:
    return [record.id for record in _with_access(records)]


def _application(tenant: state.Tenant, candidate: state.Candidate) -> ApplicationRef:
    application = tenant.applications[candidate.application_ids[0]]
    return ApplicationRef(candidate.id, application.job_id, application.id)


class KnownRecords:
    """Looks into the tenant of a running emulator.

    Everything that it returns is a copy; change the tenant inside :meth:`editing`.

    :param store: the emulator's
    """

    def __init__(self, store: state.Store) -> None:
        self._store = store

    @contextmanager
    def editing(self) -> Iterator[state.Tenant]:
        """Yield the tenant itself, to read or to change; requests wait until the block ends.

        For example ``with state.editing() as tenant: tenant.settings.publish_delay = 0``.
        """
        with self._store.lock:
            publishing.settle(self._store.tenant)
            yield self._store.tenant

    # Records that the caller may change

    job_ids = _Look(lambda tenant: _ids(tenant.jobs))
    candidate_ids = _Look(lambda tenant: _ids(tenant.candidates))
    user_ids = _Look(lambda tenant: _ids(tenant.users))

    def an_application(self, status: str = "IN_REVIEW") -> ApplicationRef:
        """Return an application that has a status."""
        return self.applications(status)[0]

    def applications(self, status: str | None = None) -> list[ApplicationRef]:
        """Return the applications that have a status, or all."""
        with self.editing() as tenant:
            return [
                ApplicationRef(application.candidate_id, application.job_id, application.id)
                for application in tenant.applications.values()
                if status in (None, application.status) and tenant.candidates[application.candidate_id].access == "full"
            ]

    def job_without(self, candidate_id: str) -> str:
        """Return a job that a candidate is not assigned to."""
        with self.editing() as tenant:
            jobs = _with_access(tenant.jobs)
            return next(job.id for job in jobs if tenant.application(candidate_id, job.id) is None)

    def a_job_ad(self, *, published: bool = True, default: bool = True) -> JobAdRef:
        """Return a job ad.

        :param published: whether it shows outside
        :param default: whether it is the job's own
        """
        with self.editing() as tenant:
            return next(
                JobAdRef(job.id, ad.id)
                for job in _with_access(tenant.jobs)
                for ad in job.ads.values()
                if ad.default is default and (ad.published is not None) is published
            )

    def a_position(self) -> PositionRef:
        """Return a position that has the company's own id and an incumbent."""
        with self.editing() as tenant:
            return next(
                PositionRef(job.id, position.id)
                for job in _with_access(tenant.jobs)
                for position in job.positions.values()
                if position.position_id and position.incumbent_name
            )

    def a_timeslot(self, candidate_status: str = "pending") -> TimeslotRef:
        """Return a timeslot by the candidate's status; ``"null"`` is one."""
        with self.editing() as tenant:
            return next(
                TimeslotRef(interview.id, timeslot.id)
                for interview in _with_access(tenant.interviews)
                for timeslot in interview.timeslots.values()
                if timeslot.candidate_status == candidate_status
            )

    def a_source(self, *, with_subtype: bool = False) -> SourceRef:
        """Return a source of a type that has subtypes, or of one that has none."""
        with self.editing() as tenant:
            return next(
                SourceRef(source_type.id, value.subtype_id, value.id, value.label)
                for source_type in tenant.source_types.values()
                for value in source_type.values
                if bool(source_type.subtypes) is with_subtype and not value.deleted
            )

    # Records that the caller may not change ("read_only") or not even see ("restricted"). The application belongs to
    # the candidate; the position and the default ad belong to the job.

    read_only_application, restricted_application = _denied(lambda tenant: tenant.candidates, _application)
    read_only_candidate_id, restricted_candidate_id = _denied(lambda tenant: tenant.candidates, lambda _, one: one.id)
    read_only_job_id, restricted_job_id = _denied(lambda tenant: tenant.jobs, lambda _, job: job.id)
    read_only_position, restricted_position = _denied(
        lambda tenant: tenant.jobs, lambda _, job: PositionRef(job.id, next(iter(job.positions)))
    )
    read_only_job_ad, restricted_job_ad = _denied(
        lambda tenant: tenant.jobs, lambda _, job: JobAdRef(job.id, job.default_ad.id)
    )
    read_only_timeslot, restricted_timeslot = _denied(
        lambda tenant: tenant.interviews, lambda _, one: TimeslotRef(one.id, next(iter(one.timeslots)))
    )
    read_only_user_id, restricted_user_id = _denied(lambda tenant: tenant.users, lambda _, user: user.id)

    # Choices, labels by id. Of the rejection reasons, the last two differ only in case.

    rejection_reasons = _Look(lambda tenant: dict(tenant.rejection_reasons))
    withdrawal_reasons = _Look(lambda tenant: dict(tenant.withdrawal_reasons))

    def sub_statuses(self, job_id: str, status: str) -> list[str]:
        """Return the sub-statuses that an application status has in a job's hiring process."""
        with self.editing() as tenant:
            process = tenant.hiring_processes[tenant.jobs[job_id].hiring_process_id]
            return list(process.sub_statuses.get(status, []))

    # What is stored now. Each raises KeyError for an unknown id.

    def candidate(self, candidate_id: str) -> state.Candidate:
        """Return a copy of a candidate."""
        with self.editing() as tenant:
            return tenant.candidates[candidate_id].model_copy(deep=True)

    def application(self, candidate_id: str, job_id: str) -> state.Application:
        """Return a copy of an application.

        :raises KeyError: the candidate is not assigned to the job
        """
        with self.editing() as tenant:
            found = tenant.application(candidate_id, job_id)
            if found is None:
                raise KeyError((candidate_id, job_id))
            return found.model_copy(deep=True)

    def job(self, job_id: str) -> state.Job:
        """Return a copy of a job, with its ads, positions and note."""
        with self.editing() as tenant:
            return tenant.jobs[job_id].model_copy(deep=True)

    def position(self, job_id: str, position_id: str) -> state.Position:
        """Return a copy of a position."""
        return self.job(job_id).positions[position_id]

    def interview(self, interview_id: str) -> state.Interview:
        """Return a copy of an interview."""
        with self.editing() as tenant:
            return tenant.interviews[interview_id].model_copy(deep=True)

    def timeslot(self, interview_id: str, timeslot_id: str) -> state.Timeslot:
        """Return a copy of a timeslot."""
        return self.interview(interview_id).timeslots[timeslot_id]

    def user(self, user_id: str) -> state.User:
        """Return a copy of a user, with the digest, type and size of the avatar."""
        with self.editing() as tenant:
            return tenant.users[user_id].model_copy(deep=True)

    def published(self, job_id: str, job_ad_id: str) -> state.AdContent | None:
        """Return what a job ad shows outside; None if it is not published."""
        return self.job(job_id).ads[job_ad_id].published
