"""The pages under ``/app``: a list of each kind of record, and a page of each record.

They are no part of the API: no credential, limit, latency or fault applies to them, and the journal leaves them out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from airflow_provider_smartrecruiters.emulator.tenant import publishing
from airflow_provider_smartrecruiters.emulator.tenant.state import Store, Tenant
from airflow_provider_smartrecruiters.emulator.web import records
from airflow_provider_smartrecruiters.emulator.web.html import Html, chips, escape, link, moment, page, table

PREFIX = "/app"
_HEADERS = {
    # A page is looked at to see what has just changed.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}
_LISTS = {
    "Candidates": "/app/people/candidates",
    "Jobs": "/app/jobs",
    "Interviews": "/app/interviews",
    "Users": "/app/users",
}

Show = Callable[[Tenant, Any], tuple[str, list[Html]]]


def web_app(store: Store) -> Starlette:
    """Return the application behind the pages of one emulator."""

    def record_page(
        held: Callable[[Tenant], Mapping[str, Any]], show: Show
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            with store.lock:
                publishing.settle(store.tenant)
                record = held(store.tenant).get(request.path_params["id"])
                if record is None:
                    raise HTTPException(404)
                title, parts = show(store.tenant, record)
            return _answer(page(title, _LISTS, *parts, record_id=record.id))

        return endpoint

    def list_page(title: str, content: Callable[[Tenant], Html]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(_: Request) -> Response:
            with store.lock:
                publishing.settle(store.tenant)
                shown = content(store.tenant)
            return _answer(page(title, _LISTS, shown))

        return endpoint

    routes = [
        Route(PREFIX, list_page("Records", _overview)),
        Route(_LISTS["Candidates"], list_page("Candidates", _candidates)),
        Route(_LISTS["Jobs"], list_page("Jobs", _jobs)),
        Route(_LISTS["Interviews"], list_page("Interviews", _interviews)),
        Route(_LISTS["Users"], list_page("Users", _users)),
        Route(records.PATHS["candidate"], record_page(lambda tenant: tenant.candidates, records.candidate)),
        Route(records.PATHS["job"], record_page(lambda tenant: tenant.jobs, records.job)),
        Route(records.PATHS["interview"], record_page(lambda tenant: tenant.interviews, records.interview)),
        Route(records.PATHS["user"], record_page(lambda tenant: tenant.users, records.user)),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_page})


def _answer(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


async def _no_such_page(_: Request, error: Any) -> Response:
    title = "There is no such record" if error.status_code == 404 else str(error.detail)
    return _answer(page(title, _LISTS), error.status_code)


def _overview(tenant: Tenant) -> Html:
    held: tuple[Mapping[str, Any], ...] = (tenant.candidates, tenant.jobs, tenant.interviews, tenant.users)
    rows = ((link(path, name), len(each)) for (name, path), each in zip(_LISTS.items(), held, strict=True))
    return table(("Records", "Number"), rows)


def _candidates(tenant: Tenant) -> Html:
    return table(
        ("Candidate", "Applications", "Tags"),
        (
            (records.candidate_link(tenant, one.id), _applications(tenant, one.application_ids), chips(one.tags))
            for one in tenant.candidates.values()
        ),
    )


def _applications(tenant: Tenant, application_ids: list[str]) -> Html:
    held = (tenant.applications[one] for one in application_ids)
    return Html(
        "<br>".join(f"{escape(tenant.jobs[one.job_id].title)}: {escape(records.status_of(one))}" for one in held)
    )


def _jobs(tenant: Tenant) -> Html:
    return table(
        ("Job", "Reference", "Status", "Posting status"),
        (
            (records.job_link(tenant, one.id), one.ref_number, one.status, records.posting_status(one.default_ad))
            for one in tenant.jobs.values()
        ),
    )


def _interviews(tenant: Tenant) -> Html:
    return table(
        ("Starts", "Candidate", "Job"),
        (
            (
                records.interview_link(one),
                records.candidate_link(tenant, one.candidate_id),
                records.job_link(tenant, one.job_id),
            )
            for one in tenant.interviews.values()
        ),
    )


def _users(tenant: Tenant) -> Html:
    return table(
        ("User", "Role", "Updated"),
        ((records.user_link(tenant, one.id), one.role, moment(one.updated_on)) for one in tenant.users.values()),
    )
