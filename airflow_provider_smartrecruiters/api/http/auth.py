"""The two ways of proving who is calling: an API key, or OAuth 2.0 client credentials.

Both are :class:`requests.auth.AuthBase`, so a :class:`requests.Session` sends exactly one credential and never
looks for another one in a netrc file.

authlib's ``OAuth2Session`` was considered for the token: it costs 180 ms of import and pulls in cryptography for
one form POST, refreshes without a lock, and the three rules that matter here (one refresh at a time, ahead of
expiry, one replay after a 401) would still be ours to write.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from airflow_provider_smartrecruiters.api.http.responses import error_for, read_body
from airflow_provider_smartrecruiters.api.http.retry import parse_retry_after
from airflow_provider_smartrecruiters.api.http.transport import exchange, new_session
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    SmartRecruitersError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from requests import PreparedRequest

TOKEN_PATH = "/identity/oauth/token"

_EARLY = 60.0
"""Seconds before its expiry at which a token is replaced. One that lives less than ten times as long is used to its
end: one that expires on the way costs a 401 and is replaced then, and replacing it early would take more tokens."""

_LIFETIME_UNSTATED = 600.0
"""Seconds that a token is used for when the answer does not say how long it lives."""


class ApiKeyAuth(AuthBase):
    """Sends the API key as ``X-SmartToken``.

    Source: https://developers.smartrecruiters.com/docs/get-started
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["X-SmartToken"] = self._api_key
        return request

    def renew(self, refused: PreparedRequest) -> bool:
        """Say whether there is a fresher credential than the one that was refused: a key has none."""
        return False


class ClientCredentialsAuth(AuthBase):
    """Sends an OAuth access token as ``Authorization: Bearer``, fetched with client credentials.

    The token is cached, replaced before it expires, and fetched by one thread at a time; threads that waited for a
    fetch share what it led to, a failure too: each asking anew would keep the last one waiting for all of them.

    Source: https://developers.smartrecruiters.com/docs/authentication-oauth-client-credential

    :param fetch: sends the token request and returns the token endpoint's answer, ``{"access_token", "expires_in"}``.
    :param on_token: called with every token fetched, so that it can be masked in logs.
    """

    def __init__(self, fetch: Callable[[], dict[str, Any]], *, on_token: Callable[[str], None] | None = None) -> None:
        self._fetch = fetch
        self._on_token = on_token
        self._lock = threading.Lock()
        self._token: str | None = None
        self._fresh_until = 0.0
        self._failure: SmartRecruitersError | None = None
        self._failed_at = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request

    def renew(self, refused: PreparedRequest) -> bool:
        """Make sure that the token which was refused is not sent again, unless another thread already did.

        :param refused: the request that was answered with 401.
        :return: True: there is a fresher token.
        :raises SmartRecruitersError: when no token can be had.
        """
        since = time.monotonic()
        with self._lock:
            if refused.headers.get("Authorization") == f"Bearer {self._token}":
                self._replace(since)
        return True

    def _current(self) -> str:
        since = time.monotonic()
        with self._lock:
            if self._token is None or time.monotonic() >= self._fresh_until:
                self._replace(since)
            assert self._token is not None
            return self._token

    def _replace(self, waiting_since: float) -> None:
        if self._failure and self._failed_at > waiting_since:
            # A copy: whoever catches an error adds to it what it was about.
            raise copy.copy(self._failure)
        self._token = None
        asked_at = time.monotonic()
        try:
            answer = self._fetch()
        except SmartRecruitersError as error:
            self._failure, self._failed_at = copy.copy(error), time.monotonic()
            raise
        token = answer["access_token"]
        if self._on_token:
            self._on_token(token)
        lifetime = _seconds(answer.get("expires_in"))
        self._fresh_until = asked_at + lifetime - (_EARLY if lifetime >= 10 * _EARLY else 0)
        self._token = token


def _seconds(expires_in: Any) -> float:
    try:
        lifetime = float(expires_in)
    except (TypeError, ValueError):
        return _LIFETIME_UNSTATED
    return lifetime if lifetime > 0 else _LIFETIME_UNSTATED


class TokenEndpoint:
    """Fetches OAuth tokens: ``POST /identity/oauth/token``, a form with ``grant_type=client_credentials``."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        client_secret: str,
        scope: str | None,
        timeout: float,
        user_agent: str | None,
    ) -> None:
        self._url = url
        # An empty scope is an error to this endpoint, so it is left out.
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        if scope and scope.strip():
            self._form["scope"] = " ".join(scope.split())
        self._timeout = timeout
        self._session = new_session(user_agent)

    def __call__(self) -> dict[str, Any]:
        # Asked once: the call that needs the token is what is tried again.
        try:
            return self._fetch()
        except SmartRecruitersError as error:
            error.method, error.path_template = "POST", urlsplit(self._url).path
            raise

    def _fetch(self) -> dict[str, Any]:
        prepared = self._session.prepare_request(requests.Request("POST", self._url, data=self._form, auth=_no_auth))
        response, body = exchange(self._session, prepared, self._timeout)
        status = response.status_code
        if status in (400, 401, 403):
            said = error_for(status, body, sent=self._form)
            raise AuthenticationError(
                f"SmartRecruiters gave no access token for the client id ({status}).",
                status=status,
                code=said.code,
                api_message=said.api_message,
                hint="Check the login (client id) and the password (client secret) in the Airflow connection; the "
                "secret may have been replaced. If a scope is set there, check that the credential has it.",
            )
        if not 200 <= status <= 299:
            retry_after = parse_retry_after(response.headers.get("Retry-After"))
            raise error_for(status, body, sent=self._form, retry_after=retry_after)
        answer = read_body(status, body)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not (token.isascii() and token.isprintable() and token.strip()):
            raise UnexpectedResponseError(
                "The token endpoint's answer holds no access token.",
                status=status,
                hint="Check the token_url in the Airflow connection.",
                # An answer without a body got lost on the way; one with another body is another server's.
                retryable=answer is None,
            )
        return {"access_token": token, "expires_in": answer.get("expires_in")}


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from looking for a credential in a netrc file."""
    return request
