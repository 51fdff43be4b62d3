"""Positions of a job."""

from __future__ import annotations

import uuid
from typing import Any

from airflow_provider_smartrecruiters.emulator.http.errors import refusal
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.schemas import PositionInput
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.tenant import state, times

POSITIONS = "/jobs/{jobId}/positions"
# The id of the record, not the company's own text that the body calls positionId.
POSITION = POSITIONS + "/{positionId}"

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
    _check_approval(call)
    return _store(job, state.Position(id=str(uuid.uuid4()), **body.model_dump()))


@operations.get(POSITION, "jobs.positions.get", "jobs_read")
def get_position(call: Call, job_id: str, record_id: str) -> dict[str, Any]:
    """Return one position."""
    return _view(lookups.position(call.tenant, job_id, record_id))


@operations.put(POSITION, "jobs.positions.update", "jobs_manage", status=201)
def replace_position(call: Call, job_id: str, record_id: str) -> dict[str, Any]:
    """Replace a position; the company's own id and the incumbent's name are cleared when left out."""
    body = PositionInput.read(call)
    position = lookups.position(call.tenant, job_id, record_id, write=True)
    _check_approval(call)
    replaced = state.Position(id=position.id, status=position.status, **body.model_dump())
    return _store(call.tenant.jobs[job_id], replaced)


@operations.delete(POSITION, "jobs.positions.remove", "jobs_manage", status=204)
def delete_position(call: Call, job_id: str, record_id: str) -> None:
    """Remove a position."""
    position = lookups.position(call.tenant, job_id, record_id, write=True)
    _check_approval(call)
    job = call.tenant.jobs[job_id]
    del job.positions[position.id]
    job.last_activity_on = times.now()


def _check_approval(call: Call) -> None:
    if call.tenant.settings.approval_process:
        raise refusal(403, "Approval process is enabled", "APPROVAL_PROCESS_ENABLED")


def _store(job: state.Job, position: state.Position) -> dict[str, Any]:
    job.positions[position.id] = position
    job.last_activity_on = times.now()
    return _view(position)


def _view(position: state.Position) -> dict[str, Any]:
    # The contract's example has an empty name where no one held the position before.
    return views.shown(position, incumbentName=position.incumbent_name or "")
