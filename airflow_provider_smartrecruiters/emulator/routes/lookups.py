"""Records by id, with the error for one that is unknown or that the caller may not see or change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_smartrecruiters.emulator.http.errors import ApiError, not_found, refusal
from airflow_provider_smartrecruiters.emulator.tenant import state

Stored = TypeVar("Stored")
Denied = TypeVar("Denied", bound=state.Guarded)


@dataclass(frozen=True, slots=True)
class Access:
    """How an operation answers for a record that the caller cannot have.

    :param denied: the caller may not see it
    :param missing: there is none; None where the document has no such answer, and then it is ``denied`` as well
    :param read_only: the caller may see it but not change it; None for ``denied``
    """

    denied: ApiError
    missing: ApiError | None = None
    read_only: ApiError | None = None


CANDIDATE = Access(refusal(401, "Candidate access denied"))
CANDIDATE_TAGS = Access(refusal(403, "No permission to access this candidate"))
APPLICATION = Access(refusal(403, "Permission denied"), not_found("Application"))
APPLICATION_STATUS = Access(
    refusal(401, "Candidate access denied"), read_only=refusal(403, "Permission denied", "PERMISSION_DENIED")
)
STATUS_HISTORY = Access(
    refusal(403, "No access to candidate", "NO_ACCESS_TO_CANDIDATE"), not_found("Candidate", "CANDIDATE_NOT_FOUND")
)
APPLICATION_BY_ID = Access(not_found("Job application", "JOB_APPLICATION_NOT_FOUND"))
JOB = Access(refusal(401, "Job access denied"))
JOB_NOTE = Access(refusal(401, "Job access forbidden"))
JOB_FORBIDDEN = Access(refusal(403, "Job access forbidden"))
JOB_STATUS = Access(refusal(403, "Job access forbidden"), not_found("Job"))
JOB_AD = Access(not_found("Job or job ad"))
HEADCOUNT = Access(refusal(401, "Job access forbidden", "PERMISSION_DENIED"))
POSITION_CREATION = Access(refusal(403, "Job access forbidden", "PERMISSION_DENIED"))
POSITION = Access(refusal(403, "Job access forbidden"), not_found("Position"))
POSITION_WRITE = Access(refusal(403, "Job access forbidden", "PERMISSION_DENIED"), not_found("Position"))
POSTINGS = Access(refusal(403, "Access forbidden", "ACCESS_FORBIDDEN"), not_found("Job ad", "JOBAD_NOT_FOUND"))
POSTINGS_WRITE = Access(refusal(401, "Access forbidden", "ACCESS_FORBIDDEN"), not_found("Job ad", "JOBAD_NOT_FOUND"))
PUBLICATION = Access(
    refusal(401, "Job access forbidden", "UNAUTHORIZED_TO_ACCESS_JOB"),
    read_only=refusal(403, "Not authorized to publish the job", "NOT_AUTHORIZED_TO_PUBLISH_JOB"),
)
INTERVIEW = Access(refusal(403, "Interview access forbidden"), not_found("Interview", "INTERVIEW_NOT_FOUND"))
TIMESLOT = not_found("Timeslot", "TIMESLOT_NOT_FOUND")
USER = Access(refusal(403, "Permission denied", "PERMISSION_DENIED"), not_found("User"))


def found(records: Mapping[str, Stored], record_id: str, missing: ApiError) -> Stored:
    """Return a record by its id.

    :param missing: the error if there is none
    :raises ApiError: there is none
    """
    record = records.get(record_id)
    if record is None:
        raise _new(missing)
    return record


def candidate(
    tenant: state.Tenant, candidate_id: str, *, write: bool = False, access: Access = CANDIDATE
) -> state.Candidate:
    """Return a candidate.

    :param write: whether the caller wants to change it
    :param access: how the operation answers if it cannot have it
    :raises ApiError: there is none, or the caller may not see or change it
    """
    return _allowed(tenant, tenant.candidates, candidate_id, access, "Candidate", write=write)


def application(
    tenant: state.Tenant, candidate_id: str, job_id: str, *, write: bool = False, access: Access = APPLICATION
) -> state.Application:
    """Return a candidate's application to a job; parameters as for :func:`candidate`."""
    candidate(tenant, candidate_id, write=write, access=access)
    assigned = tenant.application(candidate_id, job_id)
    if assigned is None:
        raise ApiError(404, "Candidate is not assigned to given job")
    return assigned


def job(tenant: state.Tenant, job_id: str, *, write: bool = False, access: Access = JOB) -> state.Job:
    """Return a job; parameters as for :func:`candidate`."""
    return _allowed(tenant, tenant.jobs, job_id, access, "Job", write=write)


def job_ad(
    tenant: state.Tenant, job_id: str, job_ad_id: str, *, write: bool = False, access: Access = JOB_AD
) -> state.JobAd:
    """Return an ad of a job; parameters as for :func:`candidate`."""
    of = job(tenant, job_id, write=write, access=access)
    return found(of.ads, job_ad_id, access.missing or access.denied)


def position(tenant: state.Tenant, job_id: str, position_id: str, *, write: bool = False) -> state.Position:
    """Return a position of a job by the id of its record."""
    of = job(tenant, job_id, write=write, access=POSITION_WRITE if write else POSITION)
    return found(of.positions, position_id, not_found("Position"))


def interview(tenant: state.Tenant, interview_id: str, *, write: bool = False) -> state.Interview:
    """Return an interview."""
    return _allowed(tenant, tenant.interviews, interview_id, INTERVIEW, "Interview", write=write)


def timeslot(tenant: state.Tenant, interview_id: str, timeslot_id: str, *, write: bool = False) -> state.Timeslot:
    """Return a timeslot of an interview."""
    return found(interview(tenant, interview_id, write=write).timeslots, timeslot_id, TIMESLOT)


def user(tenant: state.Tenant, user_id: str, *, write: bool = False) -> state.User:
    """Return a user."""
    return _allowed(tenant, tenant.users, user_id, USER, "User", write=write)


def visible(records: Mapping[str, Denied]) -> Iterator[Denied]:
    """Return the records that the caller may see."""
    return (record for record in records.values() if record.access != "none")


def _allowed(
    tenant: state.Tenant, records: Mapping[str, Denied], record_id: str, access: Access, what: str, *, write: bool
) -> Denied:
    record = records.get(record_id)
    if record is None:
        undocumented = access.denied if tenant.settings.missing_is_denied else not_found(what)
        raise _new(access.missing or undocumented)
    if record.access == "none":
        raise _new(access.denied)
    if write and record.access == "read":
        raise _new(access.read_only or access.denied)
    return record


def _new(error: ApiError) -> ApiError:
    # One that is raised twice keeps its first traceback, and the frames in it, alive.
    return ApiError(error.status, error.message, error.errors)
