"""The tenant as a test looks at it: ids of records that are fit for a purpose, and copies of what is stored."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_smartrecruiters.emulator.tenant import publishing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_smartrecruiters.emulator.tenant.state import (
        Access,
        AdContent,
        Application,
        Candidate,
        Interview,
        Job,
        Position,
        Record,
        Store,
        Tenant,
        Timeslot,
        User,
    )

    Copied = TypeVar("Copied", bound=Record)


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


class KnownRecords:
    """Looks into the tenant of a running emulator.

    Everything that it gives out is a copy; change the tenant inside :meth:`editing`.

    :param store: the emulator's
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def editing(self) -> Iterator[Tenant]:
        """Give the tenant itself, to read or to change; no request is handled meanwhile.

        For example ``with state.editing() as tenant: tenant.settings.publish_delay = 0``.
        """
        with self._store.lock:
            publishing.settle(self._store.tenant)
            yield self._store.tenant

    # Ids of records that the caller may change

    @property
    def job_ids(self) -> list[str]:
        """Ids of jobs."""
        with self.editing() as tenant:
            return _ids(tenant.jobs.values(), "full")

    @property
    def candidate_ids(self) -> list[str]:
        """Ids of candidates."""
        with self.editing() as tenant:
            return _ids(tenant.candidates.values(), "full")

    @property
    def user_ids(self) -> list[str]:
        """Ids of users."""
        with self.editing() as tenant:
            return _ids(tenant.users.values(), "full")

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
            return next(
                job_id
                for job_id in _ids(tenant.jobs.values(), "full")
                if tenant.application(candidate_id, job_id) is None
            )

    def a_job_ad(self, *, published: bool = True, default: bool = True) -> JobAdRef:
        """Return a job ad.

        :param published: whether it shows outside
        :param default: whether it is the job's own
        """
        with self.editing() as tenant:
            return next(
                JobAdRef(job.id, ad.id)
                for job in tenant.jobs.values()
                for ad in job.ads.values()
                if job.access == "full" and ad.default is default and (ad.published is not None) is published
            )

    def a_position(self) -> PositionRef:
        """Return a position that has the company's own id and an incumbent."""
        with self.editing() as tenant:
            return next(
                PositionRef(job.id, position.id)
                for job in tenant.jobs.values()
                for position in job.positions.values()
                if job.access == "full" and position.position_id and position.incumbent_name
            )

    def a_timeslot(self, candidate_status: str = "pending") -> TimeslotRef:
        """Return a timeslot by the candidate's status; ``"null"`` is one."""
        with self.editing() as tenant:
            return next(
                TimeslotRef(interview.id, timeslot.id)
                for interview in tenant.interviews.values()
                for timeslot in interview.timeslots.values()
                if interview.access == "full" and timeslot.candidate_status == candidate_status
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

    # Records that are kept from the caller: "read_only" can be read, "restricted" cannot even be seen

    @property
    def read_only_candidate_id(self) -> str:
        """A candidate that can be read and not changed."""
        return self.read_only_application.candidate_id

    @property
    def restricted_candidate_id(self) -> str:
        """A candidate that cannot be seen."""
        return self.restricted_application.candidate_id

    @property
    def read_only_application(self) -> ApplicationRef:
        """An application of :attr:`read_only_candidate_id`."""
        return self._kept_application("read")

    @property
    def restricted_application(self) -> ApplicationRef:
        """An application of :attr:`restricted_candidate_id`."""
        return self._kept_application("none")

    @property
    def read_only_job_id(self) -> str:
        """A job that can be read and not changed."""
        return self._kept_job("read").id

    @property
    def restricted_job_id(self) -> str:
        """A job that cannot be seen."""
        return self._kept_job("none").id

    @property
    def read_only_position(self) -> PositionRef:
        """A position of :attr:`read_only_job_id`."""
        job = self._kept_job("read")
        return PositionRef(job.id, next(iter(job.positions)))

    @property
    def restricted_position(self) -> PositionRef:
        """A position of :attr:`restricted_job_id`."""
        job = self._kept_job("none")
        return PositionRef(job.id, next(iter(job.positions)))

    @property
    def read_only_job_ad(self) -> JobAdRef:
        """The default ad of :attr:`read_only_job_id`."""
        job = self._kept_job("read")
        return JobAdRef(job.id, job.default_ad.id)

    @property
    def restricted_job_ad(self) -> JobAdRef:
        """The default ad of :attr:`restricted_job_id`."""
        job = self._kept_job("none")
        return JobAdRef(job.id, job.default_ad.id)

    @property
    def read_only_timeslot(self) -> TimeslotRef:
        """A timeslot of an interview that can be read and not changed."""
        return self._kept_timeslot("read")

    @property
    def restricted_timeslot(self) -> TimeslotRef:
        """A timeslot of an interview that cannot be seen."""
        return self._kept_timeslot("none")

    @property
    def read_only_user_id(self) -> str:
        """A user that can be read and not changed."""
        with self.editing() as tenant:
            return _ids(tenant.users.values(), "read")[0]

    @property
    def restricted_user_id(self) -> str:
        """A user that cannot be seen."""
        with self.editing() as tenant:
            return _ids(tenant.users.values(), "none")[0]

    # Choices

    @property
    def rejection_reasons(self) -> dict[str, str]:
        """Labels of the rejection reasons by id. Two labels differ in case only: the last two."""
        with self.editing() as tenant:
            return dict(tenant.rejection_reasons)

    @property
    def withdrawal_reasons(self) -> dict[str, str]:
        """Labels of the withdrawal reasons by id."""
        with self.editing() as tenant:
            return dict(tenant.withdrawal_reasons)

    def sub_statuses(self, job_id: str, status: str) -> list[str]:
        """Return the sub-statuses that an application status has in a job's hiring process."""
        with self.editing() as tenant:
            process = tenant.hiring_processes[tenant.jobs[job_id].hiring_process_id]
            return list(process.sub_statuses.get(status, []))

    # What is stored now

    def candidate(self, candidate_id: str) -> Candidate:
        """Return a copy of a candidate."""
        with self.editing() as tenant:
            return _copy(tenant.candidates[candidate_id])

    def application(self, candidate_id: str, job_id: str) -> Application:
        """Return a copy of an application.

        :raises KeyError: the candidate is not assigned to the job
        """
        with self.editing() as tenant:
            found = tenant.application(candidate_id, job_id)
            if found is None:
                raise KeyError((candidate_id, job_id))
            return _copy(found)

    def job(self, job_id: str) -> Job:
        """Return a copy of a job, with its ads, positions and note."""
        with self.editing() as tenant:
            return _copy(tenant.jobs[job_id])

    def position(self, job_id: str, position_id: str) -> Position:
        """Return a copy of a position."""
        return self.job(job_id).positions[position_id]

    def interview(self, interview_id: str) -> Interview:
        """Return a copy of an interview."""
        with self.editing() as tenant:
            return _copy(tenant.interviews[interview_id])

    def timeslot(self, interview_id: str, timeslot_id: str) -> Timeslot:
        """Return a copy of a timeslot."""
        return self.interview(interview_id).timeslots[timeslot_id]

    def user(self, user_id: str) -> User:
        """Return a copy of a user, with the digest, type and size of the avatar."""
        with self.editing() as tenant:
            return _copy(tenant.users[user_id])

    def published(self, job_id: str, job_ad_id: str) -> AdContent | None:
        """Return what a job ad shows outside; None if it is not published."""
        return self.job(job_id).ads[job_ad_id].published

    def _kept_application(self, access: Access) -> ApplicationRef:
        with self.editing() as tenant:
            candidate = next(one for one in tenant.candidates.values() if one.access == access)
            return _application_ref(tenant.applications[candidate.application_ids[0]])

    def _kept_job(self, access: Access) -> Job:
        with self.editing() as tenant:
            return _copy(next(job for job in tenant.jobs.values() if job.access == access))

    def _kept_timeslot(self, access: Access) -> TimeslotRef:
        with self.editing() as tenant:
            interview = next(one for one in tenant.interviews.values() if one.access == access)
            return TimeslotRef(interview.id, next(iter(interview.timeslots)))


def _ids(records: Iterable[Candidate | Job | User], access: Access) -> list[str]:
    return [record.id for record in records if record.access == access]


def _copy(record: Copied) -> Copied:
    return record.model_copy(deep=True)


def _application_ref(application: Application) -> ApplicationRef:
    return ApplicationRef(application.candidate_id, application.job_id, application.id)
