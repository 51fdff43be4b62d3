"""What administrators see to: the token endpoint, and the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_smartrecruiters.emulator.http import paging
from airflow_provider_smartrecruiters.emulator.http.auth import TokenError
from airflow_provider_smartrecruiters.emulator.http.errors import refusal
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.queries import AuditSearch
from airflow_provider_smartrecruiters.emulator.routes import views
from airflow_provider_smartrecruiters.emulator.tenant import times

AUDIT_EVENTS = "/audit-api/v201910/audit-events"
DEFAULT_RANGE = timedelta(days=7)

operations = Operations()


@operations.post("/identity/oauth/token", "createAccessToken", None)
def create_access_token(call: Call) -> dict[str, Any]:
    """Exchange client credentials, in the form or in HTTP Basic, for a token."""
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise TokenError(400, "invalid_request", "The body must be form-encoded")
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    return call.authenticator.issue(form, call.headers.get("authorization", ""))


@operations.get(AUDIT_EVENTS, "audit.get", "audit_events_read")
def list_events(call: Call) -> dict[str, Any]:
    """Return a page of the audit log, without a total and in the order of ids, which is none: no order is promised.

    The caller must be an administrator. What happened in the last ``audit_delay`` seconds is not there yet.
    """
    tenant, search = call.tenant, AuditSearch.read(call)
    if tenant.users[tenant.settings.caller_id].role != "ADMINISTRATOR":
        raise refusal(403, "Audit events access forbidden")
    now = datetime.now(UTC)
    if search.event_date_after is None and search.event_date_before is None:
        search.event_date_after = times.render(now - DEFAULT_RANGE)
    listed_until = times.render(now - timedelta(seconds=tenant.settings.audit_delay))
    found = [event for event in tenant.audit if event.event_date <= listed_until and search.matches(event)]
    return paging.cursor_page(found, search, views.shown)
