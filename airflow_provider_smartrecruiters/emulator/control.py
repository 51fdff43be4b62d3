"""What the emulator tells of itself, under ``/__emulator__``: no credential, no limits, no latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from airflow_provider_smartrecruiters.emulator.http.errors import not_found
from airflow_provider_smartrecruiters.emulator.journal import as_dicts
from airflow_provider_smartrecruiters.emulator.routes import views
from airflow_provider_smartrecruiters.emulator.tenant import publishing

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.app import Emulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import JobAd

PREFIX = "/__emulator__"


def control_router(emulator: Emulator) -> APIRouter:
    """Return the routes that look into one emulator."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/journal")
    async def journal() -> Response:
        return JSONResponse(as_dicts(emulator.journal.entries()))

    @router.get("/requests")
    async def requests() -> Response:
        return JSONResponse(as_dicts(emulator.journal.requests()))

    @router.get("/stats")
    async def stats() -> dict[str, Any]:
        return emulator.journal.stats()

    @router.post("/reset", status_code=204, response_model=None)
    async def reset() -> None:
        emulator.reset()

    @router.get("/state")
    async def state() -> Response:
        with emulator.store.lock:
            return Response(emulator.store.tenant.model_dump_json(indent=1), media_type="application/json")

    @router.get("/published/{job_id}")
    async def published(job_id: str) -> list[dict[str, Any]]:
        with emulator.store.lock:
            publishing.settle(emulator.store.tenant)
            job = emulator.store.tenant.jobs.get(job_id)
            if job is None:
                raise not_found("Job")
            return [_outside(ad) for ad in job.ads.values() if ad.published]

    return router


def _outside(ad: JobAd) -> dict[str, Any]:
    content = ad.published
    assert content is not None
    return views.without_none(
        {
            "jobAdId": ad.id,
            "title": content.title,
            "language": views.language(content.language),
            "location": views.location(content.location) if content.location else None,
            "jobAd": views.sections(content),
            "visibility": ad.visibility,
        }
    )
