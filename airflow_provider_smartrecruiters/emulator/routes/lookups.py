"""Records by id, with the answer for one that is unknown or that the caller may not see or change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.emulator.http.errors import NOT_ASSIGNED, ApiError, forbidden, not_found

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import (
        Application,
        Candidate,
        Interview,
        Job,
        JobAd,
        Position,
        Tenant,
        User,
    )

CANDIDATE_DENIED = forbidden("No permission to access the candidate")
JOB_DENIED = forbidden("Job access forbidden")


def candidate(
    tenant: Tenant, candidate_id: str, *, write: bool = False, denied: ApiError = CANDIDATE_DENIED
) -> Candidate:
    """Return a candidate.

    :param write: whether the caller wants to change it
    :param denied: the answer if the caller may not
    """
    found = tenant.candidates.get(candidate_id)
    if found is None:
        raise not_found("Candidate")
    _check(found.access, write=write, denied=denied)
    return found


def application(
    tenant: Tenant, candidate_id: str, job_id: str, *, write: bool = False, denied: ApiError = CANDIDATE_DENIED
) -> Application:
    """Return a candidate's application to a job; parameters as for :func:`candidate`."""
    candidate(tenant, candidate_id, write=write, denied=denied)
    found = tenant.application(candidate_id, job_id)
    if found is None:
        raise ApiError(404, NOT_ASSIGNED)
    return found


def job(tenant: Tenant, job_id: str, *, write: bool = False, denied: ApiError = JOB_DENIED) -> Job:
    """Return a job; parameters as for :func:`candidate`."""
    found = tenant.jobs.get(job_id)
    if found is None:
        raise not_found("Job")
    _check(found.access, write=write, denied=denied)
    return found


def job_ad(tenant: Tenant, job_id: str, job_ad_id: str, *, write: bool = False) -> JobAd:
    """Return an ad of a job."""
    found = job(tenant, job_id, write=write).ads.get(job_ad_id)
    if found is None:
        raise not_found("Job ad")
    return found


def position(tenant: Tenant, job_id: str, position_id: str, *, write: bool = False) -> Position:
    """Return a position of a job by the id of its record."""
    found = job(tenant, job_id, write=write).positions.get(position_id)
    if found is None:
        raise not_found("Position")
    return found


def interview(tenant: Tenant, interview_id: str, *, write: bool = False) -> Interview:
    """Return an interview."""
    found = tenant.interviews.get(interview_id)
    if found is None:
        raise not_found("Interview")
    message = "You are not allowed to change this status" if write else "Interview access forbidden"
    _check(found.access, write=write, denied=forbidden(message))
    return found


def user(tenant: Tenant, user_id: str, *, write: bool = False) -> User:
    """Return a user."""
    found = tenant.users.get(user_id)
    if found is None:
        raise not_found("User")
    _check(found.access, write=write, denied=forbidden("Permission denied"))
    return found


def _check(access: str, *, write: bool, denied: ApiError) -> None:
    if access == "none" or (write and access == "read"):
        # A fresh one: an exception that is raised twice keeps the first one's traceback alive.
        raise ApiError(denied.status, denied.message)
