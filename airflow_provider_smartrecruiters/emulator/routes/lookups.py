"""Records by id, with the error for one that is unknown or that the caller may not see or change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from airflow_provider_smartrecruiters.emulator.http.errors import ApiError, not_found
from airflow_provider_smartrecruiters.emulator.tenant import state

CANDIDATE_DENIED = ApiError(403, "No permission to access the candidate")
JOB_DENIED = ApiError(403, "Job access forbidden")

Stored = TypeVar("Stored")
Denied = TypeVar("Denied", bound=state.Guarded)


def found(records: Mapping[str, Stored], record_id: str, what: str) -> Stored:
    """Return a record by its id.

    :param what: the kind of record, as the answer names it
    :raises ApiError: 404, there is none
    """
    record = records.get(record_id)
    if record is None:
        raise not_found(what)
    return record


def candidate(
    tenant: state.Tenant, candidate_id: str, *, write: bool = False, denied: ApiError = CANDIDATE_DENIED
) -> state.Candidate:
    """Return a candidate.

    :param write: whether the caller wants to change it
    :param denied: the error if the caller may not
    :raises ApiError: 404, there is none; or ``denied``
    """
    return _allowed(found(tenant.candidates, candidate_id, "Candidate"), denied, write=write)


def application(
    tenant: state.Tenant, candidate_id: str, job_id: str, *, write: bool = False, denied: ApiError = CANDIDATE_DENIED
) -> state.Application:
    """Return a candidate's application to a job; parameters as for :func:`candidate`."""
    candidate(tenant, candidate_id, write=write, denied=denied)
    assigned = tenant.application(candidate_id, job_id)
    if assigned is None:
        raise ApiError(404, "Candidate is not assigned to given job")
    return assigned


def job(tenant: state.Tenant, job_id: str, *, write: bool = False, denied: ApiError = JOB_DENIED) -> state.Job:
    """Return a job; parameters as for :func:`candidate`."""
    return _allowed(found(tenant.jobs, job_id, "Job"), denied, write=write)


def job_ad(tenant: state.Tenant, job_id: str, job_ad_id: str, *, write: bool = False) -> state.JobAd:
    """Return an ad of a job."""
    return found(job(tenant, job_id, write=write).ads, job_ad_id, "Job ad")


def position(tenant: state.Tenant, job_id: str, position_id: str, *, write: bool = False) -> state.Position:
    """Return a position of a job by the id of its record."""
    return found(job(tenant, job_id, write=write).positions, position_id, "Position")


def interview(tenant: state.Tenant, interview_id: str, *, write: bool = False) -> state.Interview:
    """Return an interview."""
    message = "You are not allowed to change this status" if write else "Interview access forbidden"
    return _allowed(found(tenant.interviews, interview_id, "Interview"), ApiError(403, message), write=write)


def user(tenant: state.Tenant, user_id: str, *, write: bool = False) -> state.User:
    """Return a user."""
    return _allowed(found(tenant.users, user_id, "User"), ApiError(403, "Permission denied"), write=write)


def visible(records: Mapping[str, Denied]) -> Iterator[Denied]:
    """Return the records that the caller may see."""
    return (record for record in records.values() if record.access != "none")


def _allowed(record: Denied, denied: ApiError, *, write: bool) -> Denied:
    if record.access == "none" or (write and record.access == "read"):
        # A new error: one that is raised twice keeps its first traceback, and the frames in it, alive.
        raise ApiError(denied.status, denied.message)
    return record
