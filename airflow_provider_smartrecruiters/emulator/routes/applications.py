"""A candidate's application to a job: reads, status, status history, source."""

from __future__ import annotations

from typing import Any

from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, not_found
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.schemas import CandidateSource, CandidateStatus, required
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.tenant import audit, state, times

APPLICATION = "/candidates/{id}/jobs/{jobId}"
BY_ID = "/job-applications-api/v202112/job-applications/{jobApplicationId}"

operations = Operations()


def application_fields(call: Call, application: state.Application) -> dict[str, Any]:
    """Return what every view of an application shows. Of the source it has the label and a link, not the ids."""
    tenant = call.tenant
    source = tenant.source_of(application)
    rejected, withdrawn = application.status == "REJECTED", application.status == "WITHDRAWN"
    return views.shown(
        application,
        ("status", "sub_status", "starts_on"),
        source=source.label if source else None,
        reasonOfRejection=views.labelled(tenant.rejection_reasons, application.reason_id) if rejected else None,
        reasonOfWithdrawal=views.labelled(tenant.withdrawal_reasons, application.reason_id) if withdrawn else None,
        actions=_actions(call, application, source),
    )


def _actions(call: Call, application: state.Application, source: state.SourceValue | None) -> dict[str, Any]:
    form = call.tenant.settings.source_links
    if form == "none" or source is None:
        return {}
    path = {
        "values": views.source_path(application.source_type_id, source.id),
        "identifier": f"/configuration/sources/{source.identifier}",
    }[form]
    return {"sourceDetails": views.action(call, path)}


@operations.get(APPLICATION, "candidates.getApplication", "candidates_read")
def get_application(call: Call, candidate_id: str, job_id: str) -> dict[str, Any]:
    """Return one application."""
    application = lookups.application(call.tenant, candidate_id, job_id)
    url = f"{call.base_url}/candidates/{candidate_id}/jobs/{job_id}"
    return {**application_fields(call, application), "url": url, "applicationId": application.id}


@operations.put(APPLICATION + "/status", "candidates.status.update", "candidates_manage", status=204)
def update_status(call: Call, candidate_id: str, job_id: str) -> None:
    """Set the status; sub-status, start and reason that are left out are cleared."""
    body = CandidateStatus.read_optional(call)
    tenant = call.tenant
    access = lookups.APPLICATION_STATUS
    application = lookups.application(tenant, candidate_id, job_id, write=True, access=access)
    body = required(body)
    _check_reason(tenant, body)
    _check_sub_status(tenant, application, body)
    before = (application.status, application.sub_status)
    now = times.now()
    application.status = body.status
    application.sub_status = body.sub_status
    application.starts_on = body.starts_on
    application.reason_id = body.reason
    application.history.append(state.StatusChange(changed_on=now, status=body.status, sub_status=body.sub_status))
    tenant.candidates[candidate_id].updated_on = now
    tenant.jobs[job_id].last_activity_on = now
    audit.note_status(tenant, application, before)


def _check_reason(tenant: state.Tenant, body: CandidateStatus) -> None:
    reasons, must_have = {
        "REJECTED": (tenant.rejection_reasons, tenant.settings.require_rejection_reason),
        "WITHDRAWN": (tenant.withdrawal_reasons, tenant.settings.require_withdrawal_reason),
    }.get(body.status, (None, False))
    if body.reason is None:
        if must_have:
            raise bad_request("Reason is required")
        return
    if reasons is None or body.status in tenant.settings.statuses_without_reasons:
        raise bad_request("Reason is not available for this status", "NO_REASON_SUPPORT_FOR_STATUS")
    if body.reason not in reasons:
        raise bad_request("Reason not found", "REASON_NOT_FOUND")


def _check_sub_status(tenant: state.Tenant, application: state.Application, body: CandidateStatus) -> None:
    process = tenant.hiring_processes[tenant.jobs[application.job_id].hiring_process_id]
    if body.sub_status is not None and body.sub_status not in process.sub_statuses.get(body.status, ()):
        # The document has no code for it.
        raise bad_request("Sub-status is not part of the hiring process")
    had = {change.sub_status for change in application.history}
    if not had.issuperset(tenant.settings.required_sub_statuses.get(body.status, ())):
        raise bad_request("A required sub-status comes before this status", "REQUIRED_SUB_STATUS_OMITTED")


@operations.get(APPLICATION + "/status/history", "candidates.status.history.getForJob", "candidates_read")
def get_status_history(call: Call, candidate_id: str, job_id: str) -> dict[str, Any]:
    """Return the status changes of one application, oldest first."""
    lookups.candidate(call.tenant, candidate_id, access=lookups.STATUS_HISTORY)
    application = call.tenant.application(candidate_id, job_id)
    if application is None:
        raise not_found("Job", "JOB_NOT_FOUND")
    return views.history(application.history)


@operations.get("/candidates/{id}/status/history", "candidates.status.history.get", "candidates_read")
def get_primary_status_history(call: Call, candidate_id: str) -> dict[str, Any]:
    """Return the status changes of the primary assignment."""
    candidate = lookups.candidate(call.tenant, candidate_id, access=lookups.STATUS_HISTORY)
    if not candidate.application_ids:
        return views.history([])
    return views.history(call.tenant.applications[candidate.application_ids[0]].history)


@operations.put(APPLICATION + "/source", "candidates.source.update", "candidates_manage", status=204)
def update_source(call: Call, candidate_id: str, job_id: str) -> None:
    """Set the source of an application."""
    body = CandidateSource.read(call)
    tenant = call.tenant
    application = lookups.application(tenant, candidate_id, job_id, write=True, access=lookups.CANDIDATE)
    source_type = tenant.source_types.get(body.source_type_id)
    if source_type is None:
        raise bad_request("Invalid source type", "INVALID_SOURCE_TYPE")
    sub_type = body.source_sub_type_id or None
    if source_type.subtypes and sub_type is None:
        raise bad_request("Source subtype is required", "SUBTYPE_REQUIRED")
    if sub_type is not None and sub_type not in source_type.subtypes:
        raise bad_request("Invalid source type", "INVALID_SOURCE_TYPE")
    source = tenant.source(source_type.id, sub_type, body.source_id)
    if source is None or source.deleted:
        raise bad_request("Invalid source", "INVALID_SOURCE")
    before = tenant.source_of(application)
    application.source_type_id = source_type.id
    application.source_sub_type_id = sub_type
    application.source_id = source.id
    tenant.candidates[candidate_id].updated_on = times.now()
    previous = before.identifier if before else None
    audit.note(
        tenant,
        "APPLICATION_SOURCE_MODIFIED",
        "APPLICATION",
        application.id,
        previousSource=previous,
        nextSource=source.identifier,
    )


@operations.get(BY_ID, "job-applications.getById", "job_applications_read")
def get_by_id(call: Call, application_id: str) -> dict[str, Any]:
    """Return an application by its own id."""
    tenant = call.tenant
    access = lookups.APPLICATION_BY_ID
    application = lookups.found(tenant.applications, application_id, access.denied)
    lookups.candidate(tenant, application.candidate_id, access=access)
    source = tenant.source_of(application)
    return views.shown(
        application,
        ("status", "sub_status", "job_id"),
        sourceIdentifier=source.identifier if source else None,
        createDate=application.created_on,
        profileId=application.candidate_id,
    )
