"""The tenant as a test looks at it: ids of records that are fit for a purpose, and copies of what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
    """A property that finds something in the tenant, by the access that the caller has to it."""

    def __init__(self, access: state.Access, find: Callable[[state.Tenant, state.Access], Found]) -> None:
        self._access = access
        self._find = find

    def __get__(self, known: KnownRecords, _: type[KnownRecords]) -> Found:
        with known.editing() as tenant:
            return self._find(tenant, self._access)


def _denied(find: Callable[[state.Tenant, state.Access], Found]) -> tuple[_Look[Found], _Look[Found]]:
    """Return two properties: for the record that can be read but not changed, and for the one that cannot be seen."""
    return _Look("read", find), _Look("none", find)


def _with_access(records: Mapping[str, Kept], access: state.Access) -> Iterator[Kept]:
    return (record for record in records.values() if record.access == access)


def _ids(records: Iterable[state.Guarded]) -> list[str]:
    return [record.id for record in records]


def _application(tenant: state.Tenant, access: state.Access) -> ApplicationRef:
    candidate = next(_with_access(tenant.candidates, access))
    return _application_ref(tenant.applications[candidate.application_ids[0]])


def _application_ref(application: state.Application) -> ApplicationRef:
    return ApplicationRef(application.candidate_id, application.job_id, application.id)


def _job(tenant: state.Tenant, access: state.Access) -> state.Job:
    return next(_with_access(tenant.jobs, access))


def _position(tenant: state.Tenant, access: state.Access) -> PositionRef:
    job = _job(tenant, access)
    return PositionRef(job.id, next(iter(job.positions)))


def _job_ad(tenant: state.Tenant, access: state.Access) -> JobAdRef:
    job = _job(tenant, access)
    return JobAdRef(job.id, job.default_ad.id)


def _timeslot(tenant: state.Tenant, access: state.Access) -> TimeslotRef:
    interview = next(_with_access(tenant.interviews, access))
    return TimeslotRef(interview.id, next(iter(interview.timeslots)))


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

    job_ids = _Look("full", lambda tenant, access: _ids(_with_access(tenant.jobs, access)))
    candidate_ids = _Look("full", lambda tenant, access: _ids(_with_access(tenant.candidates, access)))
    user_ids = _Look("full", lambda tenant, access: _ids(_with_access(tenant.users, access)))

    def an_application(self, status: str = "IN_REVIEW") -> ApplicationRef:
        """Return an application that has a status."""
        return self.applications(status)[0]

    def applications(self, status: str | None = None) -> list[ApplicationRef]:
        """Return the applications that have a status, or all."""
        with self.editing() as tenant:
            return [
                _application_ref(application)
                for application in tenant.applications.values()
                if status in (None, application.status) and tenant.candidates[application.candidate_id].access == "full"
            ]

    def job_without(self, candidate_id: str) -> str:
        """Return a job that a candidate is not assigned to."""
        with self.editing() as tenant:
            jobs = _with_access(tenant.jobs, "full")
            return next(job.id for job in jobs if tenant.application(candidate_id, job.id) is None)

    def a_job_ad(self, *, published: bool = True, default: bool = True) -> JobAdRef:
        """Return a job ad.

        :param published: whether it shows outside
        :param default: whether it is the job's own
        """
        with self.editing() as tenant:
            return next(
                JobAdRef(job.id, ad.id)
                for job in _with_access(tenant.jobs, "full")
                for ad in job.ads.values()
                if ad.default is default and (ad.published is not None) is published
            )

    def a_position(self) -> PositionRef:
        """Return a position that has the company's own id and an incumbent."""
        with self.editing() as tenant:
            return next(
                PositionRef(job.id, position.id)
                for job in _with_access(tenant.jobs, "full")
                for position in job.positions.values()
                if position.position_id and position.incumbent_name
            )

    def a_timeslot(self, candidate_status: str = "pending") -> TimeslotRef:
        """Return a timeslot by the candidate's status; ``"null"`` is one."""
        with self.editing() as tenant:
            return next(
                TimeslotRef(interview.id, timeslot.id)
                for interview in _with_access(tenant.interviews, "full")
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

    read_only_application, restricted_application = _denied(_application)
    read_only_candidate_id, restricted_candidate_id = _denied(lambda *of: _application(*of).candidate_id)
    read_only_job_id, restricted_job_id = _denied(lambda *of: _job(*of).id)
    read_only_position, restricted_position = _denied(_position)
    read_only_job_ad, restricted_job_ad = _denied(_job_ad)
    read_only_timeslot, restricted_timeslot = _denied(_timeslot)
    read_only_user_id, restricted_user_id = _denied(lambda tenant, access: next(_with_access(tenant.users, access)).id)

    # Choices, labels by id. Of the rejection reasons, the last two differ only in case.

    rejection_reasons = _Look("full", lambda tenant, _: dict(tenant.rejection_reasons))
    withdrawal_reasons = _Look("full", lambda tenant, _: dict(tenant.withdrawal_reasons))

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
