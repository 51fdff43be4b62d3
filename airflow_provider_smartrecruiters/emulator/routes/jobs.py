"""Jobs: the list, details, replacement, status, note and hiring team."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.http import paging, queries, schemas
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.routes import job_replacement, lookups, views
from airflow_provider_smartrecruiters.emulator.tenant import state, times
from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES

NOTE = "/jobs/{jobId}/note"
DEPARTMENT_PROPERTY = "58b7e4dc0000000000000001"
"""Id of the property that repeats the department of a job."""

operations = Operations()


@operations.get("/jobs", "jobs.all", "jobs_read")
def list_jobs(call: Call) -> dict[str, Any]:
    """Return a page of jobs: by cursor with ``sort=job_id``, else by offset, newest first."""
    tenant, search = call.tenant, queries.JobSearch.read(call)
    if search.page_id is not None and search.sort != "job_id":
        raise bad_request("pageId requires sort=job_id", "INVALID_PAGE_ID")
    found = [job for job in lookups.visible(tenant.jobs) if search.matches(job, tenant, posting_status(job))]
    if search.sort == "job_id":
        return {"totalFound": len(found), **paging.cursor_page(found, search, partial(_summary, call))}
    found.sort(key=lambda job: job.created_on, reverse=True)
    return paging.offset_page(found, search, partial(_summary, call))


@operations.get("/jobs/{jobId}", "jobs.get", "jobs_read")
def get_job(call: Call, job_id: str) -> dict[str, Any]:
    """Return one job with the content of its default ad."""
    return details(call, lookups.job(call.tenant, job_id))


@operations.put("/jobs/{jobId}", "jobs.update", "jobs_manage", invalid=422)
def replace_job(call: Call, job_id: str) -> dict[str, Any]:
    """Replace a job and the texts of its default ad; what is left out is removed."""
    body = schemas.JobInput.read_optional(call)
    job = lookups.job(call.tenant, job_id, write=True)
    job_replacement.replace(call.tenant, job, schemas.required(body, call.invalid))
    return details(call, job)


@operations.put("/jobs/{jobId}/status", "jobs.status.update", "jobs_manage", status=201)
def update_status(call: Call, job_id: str) -> dict[str, Any]:
    """Set the status. CANCELLED leaves what is published as it is."""
    body = schemas.JobStatusUpdate.read(call)
    job = lookups.job(call.tenant, job_id, write=True, access=lookups.JOB_STATUS)
    job.status = body.status
    job.updated_on = job.last_activity_on = times.now()
    job.history.append(state.StatusChange(changed_on=job.updated_on, status=body.status))
    return {"status": job.status}


@operations.get("/jobs/{jobId}/status/history", "jobs.status.history.get", "jobs_read")
def get_status_history(call: Call, job_id: str) -> dict[str, Any]:
    """Return the status changes, oldest first."""
    return views.history(lookups.job(call.tenant, job_id).history)


@operations.get("/jobs/{jobId}/hiring-team", "jobs.hiring-team.get", "jobs_read")
def get_hiring_team(call: Call, job_id: str) -> dict[str, Any]:
    """Return the members of the hiring team."""
    content = [
        {"id": user_id, "role": role, "actions": {"details": views.action(call, f"/users/{user_id}")}}
        for user_id, role in lookups.job(call.tenant, job_id).hiring_team.items()
    ]
    return views.listed(content)


@operations.get(NOTE, "jobs.notes.get", "jobs_read")
def get_note(call: Call, job_id: str) -> dict[str, Any]:
    """Return the note; a job without one has an empty note."""
    return {"content": lookups.job(call.tenant, job_id, access=lookups.JOB_NOTE).note}


@operations.put(NOTE, "jobs.notes.update", "jobs_manage")
def replace_note(call: Call, job_id: str) -> dict[str, Any]:
    """Replace the note."""
    body = schemas.JobNote.read(call)
    job = lookups.job(call.tenant, job_id, write=True, access=lookups.JOB_NOTE)
    job.note = body.content
    job.last_activity_on = times.now()
    return {"content": job.note}


def posting_status(job: state.Job) -> str:
    """Return where the job shows: where its default ad shows."""
    return job.default_ad.visibility if job.default_ad.published else "NOT_PUBLISHED"


def _common(call: Call, job: state.Job, **more: Any) -> dict[str, Any]:
    department = call.tenant.departments.get(job.department_id or "")
    return views.shown(
        job,
        ("id", "title", "ref_number", "created_on", "updated_on", "last_activity_on", "status"),
        department=views.shown(department) if department else None,
        location=views.location(job.location),
        postingStatus=posting_status(job),
        **more,
    )


def _summary(call: Call, job: state.Job) -> dict[str, Any]:
    language = views.language(job.default_ad.content.language)
    return _common(call, job, language=language, actions={"details": views.action(call, f"/jobs/{job.id}")})


def _properties(tenant: state.Tenant, job: state.Job) -> Iterator[dict[str, Any]]:
    for property_id, value in job.properties.items():
        yield {"id": property_id, "label": tenant.job_properties[property_id].label, "value": views.shown(value)}


def _copies(tenant: state.Tenant, job: state.Job) -> Iterator[dict[str, Any]]:
    # The API repeats these two members of a job among its properties.
    country, department = job.location.country_code, tenant.departments.get(job.department_id or "")
    label = COUNTRIES.get(country, country)
    yield {"id": "COUNTRY", "label": "Country", "value": {"id": country, "label": label}}
    if department:
        value = {"id": department.id, "label": department.label}
        yield {"id": DEPARTMENT_PROPERTY, "label": "Department", "value": value}


def details(call: Call, job: state.Job) -> dict[str, Any]:
    """Return everything that the API shows of a job."""
    tenant = call.tenant
    content = job.default_ad.content
    pages = {"details": "", "hiringTeam": "/hiring-team", "publications": "/publication", "positions": "/positions"}
    choices = {
        to_camel(member): views.labelled(labels, getattr(job, f"{member}_id"))
        for member, labels in tenant.job_choices().items()
    }
    return _common(
        call,
        job,
        **choices,
        targetHiringDate=job.target_hiring_date,
        template=job.template,
        creator=views.shown(tenant.users[job.creator_id], ("id", "first_name", "last_name")),
        compensation=views.shown(job.compensation) if job.compensation else None,
        jobAd={"sections": views.sections(content), "language": views.language(content.language)},
        properties=[*_copies(tenant, job), *_properties(tenant, job)],
        actions={
            **{name: views.action(call, f"/jobs/{job.id}{path}") for name, path in pages.items()},
            "applyOnWeb": {"url": f"{call.base_url}/__emulator__/published/{job.id}", "method": "GET"},
        },
    )
