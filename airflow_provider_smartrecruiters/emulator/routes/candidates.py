"""Candidates: the list, details and tags."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from airflow_provider_smartrecruiters.emulator.http import paging, queries, schemas
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.routes.applications import application_fields
from airflow_provider_smartrecruiters.emulator.tenant import audit, times
from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES
from airflow_provider_smartrecruiters.emulator.tenant.state import Candidate

TAGS = "/candidates/{id}/tags"

operations = Operations()


@operations.get("/candidates", "candidates.all", "candidates_read", concurrent=1)
def list_candidates(call: Call) -> dict[str, Any]:
    """Return a page of the candidates that the caller may see."""
    tenant, search = call.tenant, queries.CandidateSearch.read(call)
    found = [candidate for candidate in lookups.visible(tenant.candidates) if search.matches(candidate, tenant)]
    page = paging.cursor_page(found, search, partial(_listed, call), overlap=tenant.settings.page_overlap)
    if "nextPageId" in page:
        call.answer_headers["Link"] = paging.link_to_next(call, page["nextPageId"])
    return {"totalFound": len(found), "offset": 0, **page}


@operations.get("/candidates/{id}", "candidates.get", "candidates_read")
def get_candidate(call: Call, candidate_id: str) -> dict[str, Any]:
    """Return one candidate."""
    candidate = lookups.candidate(call.tenant, candidate_id)
    assignments = [_assignment(call, application_id) for application_id in candidate.application_ids]
    education = {"institution": candidate.school, "degree": "MSc"}
    experience = {"title": candidate.job_title, "company": candidate.employer}
    return {
        **_common(call, candidate, assignments[:1], assignments[1:]),
        "phoneNumber": candidate.phone,
        "web": {"linkedin": f"https://www.linkedin.com/in/{candidate.first_name}-{candidate.last_name}".lower()},
        "education": [{**education, "current": False, "startDate": "2010", "endDate": "2015"}],
        "experience": [{**experience, "current": True, "startDate": "2019-05"}],
    }


def _listed(call: Call, candidate: Candidate) -> dict[str, Any]:
    """Return an entry of the list: it tells little of the primary assignment, and only the jobs of the others."""
    applications = [call.tenant.applications[application_id] for application_id in candidate.application_ids]
    primary = [
        {"job": _job(call, one.job_id), **views.shown(one, ("status", "sub_status"))} for one in applications[:1]
    ]
    others = [{"job": _linked(call, one.job_id)} for one in applications[1:]]
    return {**_common(call, candidate, primary, others), "consent": {"status": candidate.consent}}


def _common(
    call: Call, candidate: Candidate, primary: list[dict[str, Any]], others: list[dict[str, Any]]
) -> dict[str, Any]:
    path = f"/candidates/{candidate.id}"
    place = views.shown(candidate, ("country_code", "city"), lat=candidate.latitude, lng=candidate.longitude)
    return views.shown(
        candidate,
        ("id", "internal", "first_name", "last_name", "email", "created_on", "updated_on", "tags", "average_rating"),
        location={"country": COUNTRIES[candidate.country_code], **place},
        primaryAssignment=primary[0] if primary else None,
        secondaryAssignments=others,
        actions={"details": views.action(call, path), "properties": views.action(call, path + "/properties")},
    )


def _assignment(call: Call, application_id: str) -> dict[str, Any]:
    application = call.tenant.applications[application_id]
    return {"job": _job(call, application.job_id), **application_fields(call, application)}


def _job(call: Call, job_id: str) -> dict[str, Any]:
    return {"title": call.tenant.jobs[job_id].title, **_linked(call, job_id)}


def _linked(call: Call, job_id: str) -> dict[str, Any]:
    return {"id": job_id, "actions": {"details": views.action(call, f"/jobs/{job_id}")}}


@operations.get(TAGS, "candidates.tags.get", "candidates_read")
def get_tags(call: Call, candidate_id: str) -> dict[str, Any]:
    """Return the tags."""
    return {"tags": lookups.candidate(call.tenant, candidate_id, access=lookups.CANDIDATE_TAGS).tags}


@operations.put(TAGS, "candidates.tags.replace", "candidates_manage", status=201)
def replace_tags(call: Call, candidate_id: str) -> dict[str, Any]:
    """Replace all tags."""
    return _set_tags(call, candidate_id, schemas.CandidateTags.read(call).tags, keep=False)


@operations.post(TAGS, "candidates.tags.add", "candidates_manage", status=201)
def add_tags(call: Call, candidate_id: str) -> dict[str, Any]:
    """Add tags to the existing ones."""
    return _set_tags(call, candidate_id, schemas.CandidateTags.read(call).tags, keep=True)


@operations.delete(TAGS, "candidates.tags.delete", "candidates_manage", status=204)
def delete_tags(call: Call, candidate_id: str) -> None:
    """Remove all tags."""
    _set_tags(call, candidate_id, [], keep=False)


def _set_tags(call: Call, candidate_id: str, tags: Sequence[str], *, keep: bool) -> dict[str, Any]:
    settings = call.tenant.settings
    candidate = lookups.candidate(call.tenant, candidate_id, write=True, access=lookups.CANDIDATE_TAGS)
    # A dict as an ordered set: duplicates are dropped.
    wanted = list(dict.fromkeys([*(candidate.tags if keep else ()), *tags]))
    # The document has no codes for these.
    if max(len(tags), len(wanted)) > settings.tags_per_call:
        raise bad_request("Adding too many tags")
    if any(len(tag) > settings.tag_length for tag in tags):
        raise bad_request(f"A tag is longer than {settings.tag_length} characters")
    candidate.tags = wanted
    candidate.updated_on = times.now()
    audit.note(call.tenant, "CANDIDATE_TAGS_MODIFIED", "CANDIDATE", candidate.id, tags=", ".join(wanted))
    return {"tags": candidate.tags}
