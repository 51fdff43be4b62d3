"""The token endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_smartrecruiters.emulator.http.auth import TokenError
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations

operations = Operations()


@operations.post("/identity/oauth/token", "createAccessToken", None)
def create_access_token(call: Call) -> dict[str, Any]:
    """Exchange client credentials, in the form or in HTTP Basic, for a token."""
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise TokenError(400, "invalid_request", "The body must be form-encoded")
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    return call.authenticator.issue(form, call.headers.get("authorization", ""))
