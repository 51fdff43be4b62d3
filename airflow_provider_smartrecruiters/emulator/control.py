"""The control addresses under ``/__emulator__``: look into the emulator, reset it, change settings, set faults.

They need no credential, and neither limits nor latency nor faults apply to them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_provider_smartrecruiters.emulator.config import SETTINGS, Config
from airflow_provider_smartrecruiters.emulator.faults.injector import FaultInjector
from airflow_provider_smartrecruiters.emulator.faults.rules import read_rule
from airflow_provider_smartrecruiters.emulator.http.errors import ApiError, bad_request, not_found
from airflow_provider_smartrecruiters.emulator.http.schemas import parse_body, required
from airflow_provider_smartrecruiters.emulator.journal import Journal, as_dicts
from airflow_provider_smartrecruiters.emulator.routes import views
from airflow_provider_smartrecruiters.emulator.tenant import publishing
from airflow_provider_smartrecruiters.emulator.tenant.integrity import check_settings
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings, check_name
from airflow_provider_smartrecruiters.emulator.tenant.state import Store

PREFIX = "/__emulator__"
Endpoint = Callable[[Request], Awaitable[Response]]


def control_app(
    config: Config, store: Store, journal: Journal, faults: FaultInjector, reset_all: Callable[[], None]
) -> Starlette:
    """Return the application behind the control addresses of one emulator.

    :param reset_all: puts the whole emulator back to its beginning
    """

    def shown(read: Callable[[], Any]) -> Endpoint:
        async def endpoint(_: Request) -> Response:
            return JSONResponse(read())

        return endpoint

    def done(act: Callable[[], None]) -> Endpoint:
        async def endpoint(_: Request) -> Response:
            act()
            return Response(status_code=204)

        return endpoint

    async def state(_: Request) -> Response:
        with store.lock:
            return Response(store.whole().model_dump_json(indent=1), media_type="application/json")

    async def published(request: Request) -> Response:
        with store.lock:
            publishing.settle(store.tenant)
            job = store.tenant.jobs.get(request.path_params["job_id"])
            if job is None:
                raise not_found("Job")
            outside = [
                {"jobAdId": ad.id, **views.ad_content(ad.published), "visibility": ad.visibility}
                for ad in job.ads.values()
                if ad.published
            ]
            return JSONResponse(outside)

    async def change_settings(request: Request) -> Response:
        given = required(parse_body(request.headers.get("content-type", ""), await request.body()))
        if not isinstance(given, dict):
            raise bad_request("Settings must be a JSON object", "INVALID_SETTING")
        try:
            for name in given:
                check_name(name, {**SETTINGS, **Settings.model_fields})
            with store.lock:
                # Read before the others are changed: all of them change, or none.
                company = store.tenant.settings.changed({n: v for n, v in given.items() if n in Settings.model_fields})
                check_settings(store.tenant, company)
                config.change({name: value for name, value in given.items() if name in SETTINGS})
                store.tenant.settings = company
        except ValueError as problem:
            raise bad_request(str(problem), "INVALID_SETTING") from None
        return Response(status_code=204)

    async def set_faults(request: Request) -> Response:
        given = required(parse_body(request.headers.get("content-type", ""), await request.body()))
        try:
            # All are read before the first is set.
            read = [read_rule(one) for one in (given if isinstance(given, list) else [given])]
        except ValueError as problem:
            raise bad_request(str(problem), "INVALID_FAULT") from None
        armed = [faults.arm(rule) for rule in read]
        return JSONResponse([one.as_dict() for one in armed], status_code=201)

    routes = [
        ("GET", "/health", shown(lambda: {"status": "ok"})),
        ("GET", "/journal", shown(lambda: as_dicts(journal.entries()))),
        ("GET", "/requests", shown(lambda: as_dicts(journal.requests()))),
        ("GET", "/stats", shown(journal.stats)),
        ("POST", "/reset", done(reset_all)),
        ("GET", "/state", state),
        ("GET", "/published/{job_id}", published),
        ("PATCH", "/config", change_settings),
        ("POST", "/faults", set_faults),
        ("GET", "/faults", shown(lambda: [one.as_dict() for one in faults.rules()])),
        ("DELETE", "/faults", done(faults.clear)),
    ]
    app = Starlette(
        routes=[Route(PREFIX + path, endpoint, methods=[method]) for method, path, endpoint in routes],
        exception_handlers={ApiError: _answer_api_error, HTTPException: _answer_http_error},
    )
    app.router.redirect_slashes = False
    return app


async def _answer_api_error(_: Request, error: Any) -> Response:
    return JSONResponse(error.envelope(), status_code=error.status)


async def _answer_http_error(request: Request, error: Any) -> Response:
    return await _answer_api_error(request, ApiError(error.status_code, str(error.detail)))
