"""Job ads and where they show outside."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from airflow_provider_smartrecruiters.emulator.http import queries, schemas
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, refusal
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.routes.job_replacement import (
    check_characters,
    location_from,
    replace_sections,
)
from airflow_provider_smartrecruiters.emulator.tenant import audit, publishing, times
from airflow_provider_smartrecruiters.emulator.tenant.state import AdContent, Job, JobAd

ADS = "/jobs/{jobId}/jobads"
AD = ADS + "/{jobAdId}"
POSTINGS = AD + "/postings"
PUBLICATION = "/jobs/{jobId}/publication"
MANAGE = "jobs_publications_manage"

operations = Operations()


@operations.get(ADS, "jobs.jobads.all", "jobs_read")
def list_ads(call: Call, job_id: str) -> list[dict[str, Any]]:
    """Return the ads of a job as a bare array."""
    job = lookups.job(call.tenant, job_id, access=lookups.JOB_AD)
    return [_view(call, job, ad) for ad in job.ads.values()]


@operations.post(ADS, "jobs.jobads.create", "jobs_manage")
def create_ad(call: Call, job_id: str) -> dict[str, Any]:
    """Add an ad to a job. Nothing changes outside."""
    body = schemas.JobAdContent.read(call)
    tenant = call.tenant
    job = lookups.job(tenant, job_id, write=True, access=lookups.JOB_AD)
    if len(job.ads) >= tenant.settings.ads_per_job:
        raise bad_request("The limit of job ads is reached", "JOB_AD_LIMIT_REACHED")
    content = AdContent(title=body.title, language=tenant.settings.default_language)
    now, creator = times.now(), tenant.settings.caller_id
    ad = JobAd(id=str(uuid.uuid4()), content=content, created_on=now, updated_on=now, creator_id=creator)
    _replace_content(call, job, ad, body)
    job.ads[ad.id] = ad
    audit.note_ad(tenant, ad, None)
    return _view(call, job, ad)


@operations.get(AD, "jobs.jobads.get", "jobs_read")
def get_ad(call: Call, job_id: str, job_ad_id: str) -> dict[str, Any]:
    """Return one ad as it was saved, which may be newer than what shows outside."""
    ad = lookups.job_ad(call.tenant, job_id, job_ad_id)
    return _view(call, call.tenant.jobs[job_id], ad)


@operations.put(AD, "jobs.jobads.update", "jobs_manage")
def replace_ad(call: Call, job_id: str, job_ad_id: str) -> dict[str, Any]:
    """Replace the content of an ad; what is left out is removed. Nothing changes outside."""
    body = schemas.JobAdContent.read(call)
    ad = lookups.job_ad(call.tenant, job_id, job_ad_id, write=True)
    job = call.tenant.jobs[job_id]
    before = audit.ad_facts(ad)
    _replace_content(call, job, ad, body)
    audit.note_ad(call.tenant, ad, before)
    return _view(call, job, ad)


@operations.get(POSTINGS, "jobs.jobads.postings.all", "jobs_read")
def list_postings(call: Call, job_id: str, job_ad_id: str) -> dict[str, Any]:
    """Return where one ad shows; with ``activeOnly=false``, also where it showed."""
    ad = lookups.job_ad(call.tenant, job_id, job_ad_id, access=lookups.POSTINGS)
    return _publications(queries.ActiveOnly.read(call), [ad])


@operations.post(POSTINGS, "jobs.jobads.postings.create", "jobs_manage", status=202)
def publish_ad(call: Call, job_id: str, job_ad_id: str) -> dict[str, Any]:
    """Accept the publication of an ad."""
    wanted = schemas.PublicationInput.read_optional(call)
    ad = lookups.job_ad(call.tenant, job_id, job_ad_id, write=True, access=lookups.POSTINGS_WRITE)
    if not (ad.default or call.tenant.jobs[job_id].default_ad.published):
        raise refusal(403, "The default job ad has not been published", "JOB_NOT_POSTED")
    _publish(call, ad, wanted)
    return {"postingStatus": "PENDING"}


@operations.delete(POSTINGS, "jobs.jobads.postings.unpublish", "jobs_manage", status=202)
def unpublish_ad(call: Call, job_id: str, job_ad_id: str) -> dict[str, Any]:
    """Accept the end of a publication; that of the default ad ends those of all ads of the job."""
    ad = lookups.job_ad(call.tenant, job_id, job_ad_id, write=True, access=lookups.POSTINGS_WRITE)
    job = call.tenant.jobs[job_id]
    for one in job.ads.values() if ad.default else [ad]:
        publishing.unpublish(one, call.tenant.settings.publish_delay)
    return {"unpostingStatus": "PENDING"}


@operations.get(PUBLICATION, "jobs.publication.all", "jobs_read")
def list_publications(call: Call, job_id: str) -> dict[str, Any]:
    """Return where the ads of a job show; with ``activeOnly=false``, also where they showed."""
    return _publications(queries.ActiveOnly.read(call), _published_job(call, job_id).ads.values())


@operations.post(PUBLICATION, "jobs.publication.create", MANAGE, status=204, rate=2, rate_group="publication")
def publish_job(call: Call, job_id: str) -> None:
    """Accept the publication of the default ad."""
    wanted = schemas.PublicationInput.read_optional(call)
    _publish(call, _published_job(call, job_id, write=True).default_ad, wanted)


@operations.delete(PUBLICATION, "jobs.publication.unpublish", MANAGE, status=204, rate=2, rate_group="publication")
def unpublish_job(call: Call, job_id: str) -> None:
    """Accept the end of all publications of a job."""
    for ad in _published_job(call, job_id, write=True).ads.values():
        publishing.unpublish(ad, call.tenant.settings.publish_delay)


def _replace_content(call: Call, job: Job, ad: JobAd, body: schemas.JobAdContent) -> None:
    check_characters(call.tenant, body)
    ad.content.title = body.title
    ad.content.language = body.language.code if body.language else call.tenant.settings.default_language
    ad.content.location = location_from(body.location) if body.location else None
    replace_sections(ad.content, body.job_ad)
    ad.updated_on = job.last_activity_on = times.now()


def _published_job(call: Call, job_id: str, *, write: bool = False) -> Job:
    return lookups.job(call.tenant, job_id, write=write, access=lookups.PUBLICATION)


def _publish(call: Call, ad: JobAd, wanted: schemas.PublicationInput | None) -> None:
    limit = call.tenant.settings.published_ad_limit
    others = (one for job in call.tenant.jobs.values() for one in job.ads.values() if one is not ad)
    if limit is not None and sum(one.shows_or_will for one in others) >= limit:
        raise bad_request("The limit of published job ads is reached", "PUBLISHED_JOB_AD_LIMIT_REACHED")
    publishing.publish(ad, call.tenant.settings.publish_delay, **(wanted or schemas.PublicationInput()).model_dump())


def _publications(asked: queries.ActiveOnly, ads: Iterable[JobAd]) -> dict[str, Any]:
    found = [publication for ad in ads for publication in ad.publications]
    return {"content": [views.shown(one) for one in found if not (asked.active_only and one.unpublished_on)]}


def _view(call: Call, job: Job, ad: JobAd) -> dict[str, Any]:
    postings = f"/jobs/{job.id}/jobads/{ad.id}/postings"
    return views.shown(
        ad,
        ("id", "created_on", "updated_on", "default", "visibility"),
        **views.ad_content(ad.content),
        applyUrl=f"{call.base_url}/__emulator__/published/{job.id}",
        postingStatus="PUBLISHED" if ad.published else "NOT_PUBLISHED",
        creator={"id": ad.creator_id},
        actions={"postings": views.action(call, postings)},
    )
