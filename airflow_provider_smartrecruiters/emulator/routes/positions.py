"""Positions of a job, and the approvals of its headcount."""

from __future__ import annotations

import uuid
from typing import Any

from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, refusal
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.schemas import HeadcountInput, PositionInput, SalaryRangeInput
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.tenant import audit, state, times

POSITIONS = "/jobs/{jobId}/positions"
# The id of the record, not the company's own text that the body calls positionId.
POSITION = POSITIONS + "/{positionId}"
HEADCOUNT = "/jobs/{jobId}/headcount"
APPROVAL = "/jobs/{jobId}/approvals/latest"

operations = Operations()


@operations.get(POSITIONS, "jobs.positions.all", "jobs_read")
def list_positions(call: Call, job_id: str) -> dict[str, Any]:
    """Return all positions of a job."""
    job = lookups.job(call.tenant, job_id, access=lookups.JOB_FORBIDDEN)
    return views.listed([_view(position) for position in job.positions.values()])


@operations.post(POSITIONS, "jobs.positions.create", "jobs_manage", status=201)
def create_position(call: Call, job_id: str) -> dict[str, Any]:
    """Add a position to a job."""
    body = PositionInput.read(call)
    job = lookups.job(call.tenant, job_id, write=True, access=lookups.POSITION_CREATION)
    _check_approval(call, job)
    return _store(call, job, state.Position(id=str(uuid.uuid4()), **body.model_dump()))


@operations.get(POSITION, "jobs.positions.get", "jobs_read")
def get_position(call: Call, job_id: str, record_id: str) -> dict[str, Any]:
    """Return one position."""
    return _view(lookups.position(call.tenant, job_id, record_id))


@operations.put(POSITION, "jobs.positions.update", "jobs_manage", status=201)
def replace_position(call: Call, job_id: str, record_id: str) -> dict[str, Any]:
    """Replace a position; the company's own id and the incumbent's name are cleared when left out."""
    body = PositionInput.read(call)
    position = lookups.position(call.tenant, job_id, record_id, write=True)
    job = call.tenant.jobs[job_id]
    _check_approval(call, job)
    return _store(call, job, state.Position(id=position.id, status=position.status, **body.model_dump()))


@operations.delete(POSITION, "jobs.positions.remove", "jobs_manage", status=204)
def delete_position(call: Call, job_id: str, record_id: str) -> None:
    """Remove a position."""
    position = lookups.position(call.tenant, job_id, record_id, write=True)
    job = call.tenant.jobs[job_id]
    _check_approval(call, job)
    del job.positions[position.id]
    job.last_activity_on = times.now()
    audit.note_position(call.tenant, job, position, None)


@operations.patch(HEADCOUNT, "jobs.headcount.update", "jobs_manage", status=202)
def request_headcount(call: Call, job_id: str) -> dict[str, Any]:
    """Start the approval of a headcount; who approves it, and when, is not part of the API."""
    body = HeadcountInput.read(call)
    job = lookups.job(call.tenant, job_id, write=True, access=lookups.HEADCOUNT)
    if not _needs_approval(call, job):
        raise refusal(403, "Approval process is not enabled", "APPROVAL_PROCESS_NOT_ENABLED")
    if call.tenant.settings.approvals_cannot_start:
        raise bad_request("Approval process cannot be started", "CANNOT_START_APPROVAL_PROCESS")
    wanted = body.salary_range or SalaryRangeInput()
    if not _is_valid(wanted):
        raise bad_request("Salary range is not valid", "INVALID_SALARY_RANGE")
    job.approval = state.JobApproval(id=str(uuid.uuid4()), salary_range=state.Compensation(**wanted.model_dump()))
    job.last_activity_on = times.now()
    audit.note(call.tenant, "JOB_APPROVAL_REQUESTED", "JOB", job.id, comments=[])
    return {"status": "PENDING"}


@operations.get(APPROVAL, "jobs.approvals.latest", "jobs_read")
def get_latest_approval(call: Call, job_id: str) -> dict[str, Any]:
    """Return what the latest approval of a job is about."""
    job = lookups.job(call.tenant, job_id)
    if job.approval is None:
        raise refusal(404, "There is no approval for the job", "APPROVALS_NOT_FOUND")
    return {
        "approvalRequestId": job.approval.id,
        "positions": [_view(position) for position in job.positions.values()],
        "salaryRange": views.shown(job.approval.salary_range),
    }


def _is_valid(wanted: SalaryRangeInput) -> bool:
    in_order = wanted.min is None or wanted.max is None or wanted.min <= wanted.max
    # Which currencies there are is not documented; three letters are.
    return in_order and (wanted.currency is None or (len(wanted.currency) == 3 and wanted.currency.isupper()))


def _needs_approval(call: Call, job: state.Job) -> bool:
    return call.tenant.settings.approval_process or job.approval_process


def _check_approval(call: Call, job: state.Job) -> None:
    if _needs_approval(call, job):
        raise refusal(403, "Approval process is enabled", "APPROVAL_PROCESS_ENABLED")


def _store(call: Call, job: state.Job, position: state.Position) -> dict[str, Any]:
    audit.note_position(call.tenant, job, job.positions.get(position.id), position)
    job.positions[position.id] = position
    job.last_activity_on = times.now()
    return _view(position)


def _view(position: state.Position) -> dict[str, Any]:
    # The contract's example has an empty name where no one held the position before.
    return views.shown(position, incumbentName=position.incumbent_name or "")
