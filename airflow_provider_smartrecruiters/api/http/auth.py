"""The two kinds of credential: an API key, or OAuth 2.0 client credentials.

Both are :class:`requests.auth.AuthBase`, so a :class:`requests.Session` sends exactly one credential and never looks
for another one in a netrc file.

authlib's ``OAuth2Session`` was considered for the token. For one form POST it costs 180 ms of import time, pulls in
cryptography and refreshes without a lock. The three rules that matter here would still have to be written: one refresh
at a time, a refresh before expiry, and one replay after a 401.
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

from airflow_provider_smartrecruiters.api.http.deprecation import log_deprecation
from airflow_provider_smartrecruiters.api.http.responses import error_for, is_page, read_body
from airflow_provider_smartrecruiters.api.http.retry import parse_retry_after
from airflow_provider_smartrecruiters.api.http.transport import exchange, new_session
from airflow_provider_smartrecruiters.api.pacing.forks import start_anew_in_children
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    SmartRecruitersError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from requests import PreparedRequest

TOKEN_PATH = "/identity/oauth/token"

_EARLY = 60.0
"""Seconds before its expiry at which a token is replaced. Longer than any clock drift or slow request needs: doubled, a
token that lives an hour is fetched every 58 minutes instead of every 59.

A token that lives less than ten times as long is used until it expires. If it expires in flight, the 401 replaces it,
which costs one request. Replacing it early would fetch a token much more often: one that lives 61 s, every second."""

_LIFETIME_UNSTATED = 600.0
"""Seconds that a token is used if the response does not state its lifetime. Too long costs one 401 and its replay;
doubling it halves the token requests of a server that never states a lifetime."""


class ApiKeyAuth(AuthBase):
    """Sends the API key as ``X-SmartToken``.

    Source: https://developers.smartrecruiters.com/docs/get-started
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["X-SmartToken"] = self._api_key
        return request

    fresh_until = float("inf")
    """An API key has no known end."""
    scopes: frozenset[str] | None = None
    """An API key has no scopes."""

    def renew(self, refused: PreparedRequest) -> bool:
        """Return False: an API key cannot be refreshed, so a 401 is final."""
        return False

    def has_replaced(self, refused: PreparedRequest) -> bool:
        """Return False: an API key is never replaced."""
        return False


class ClientCredentialsAuth(AuthBase):
    """Sends an OAuth access token as ``Authorization: Bearer``, fetched with client credentials.

    The token is cached, replaced before it expires, and fetched by one thread at a time (single-flight). Threads that
    waited for a fetch share its result, a failure included.

    Source: https://developers.smartrecruiters.com/docs/authentication-oauth-client-credential

    :param fetch: sends the token request and returns the response, ``{"access_token", "expires_in"}``.
    :param on_token: called with every fetched token, so that it can be masked in logs.
    """

    def __init__(self, fetch: Callable[[], dict[str, Any]], *, on_token: Callable[[str], None] | None = None) -> None:
        self._fetch = fetch
        self._on_token = on_token
        self._token: str | None = None
        self.fresh_until = 0.0
        """Moment of :func:`time.monotonic` at which the token is replaced."""
        self.scopes: frozenset[str] | None = None
        """What the token allows, as the response that brought it says; None before that, or if it does not say."""
        self.after_fork()
        start_anew_in_children(self)

    def after_fork(self) -> None:
        """Have a lock of this process. The token is as good here as in the parent."""
        # Held while a token is fetched: that is what makes the fetch single-flight. Without it, eight threads that meet
        # an expired token would fetch eight, and only the last one would be kept.
        self._lock = threading.Lock()
        self._failure: SmartRecruitersError | None = None
        self._failed_at = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request

    def renew(self, refused: PreparedRequest) -> bool:
        """Replace the token of a rejected request, unless another thread has replaced it already.

        :param refused: the request whose response was 401.
        :return: True: there is a fresher token to send.
        :raises SmartRecruitersError: no token could be fetched.
        """
        # Read before the lock: `_replace` compares it with the time of the last failure.
        since = time.monotonic()
        with self._lock:
            # Compared by value, not by time: all threads that sent the old token get a 401, and only the first of them
            # may replace it. The others find a different token here and send that.
            if credential(refused) == self._token:
                self._replace(since)
        return True

    def has_replaced(self, refused: PreparedRequest) -> bool:
        """Return whether another token is sent now than with a rejected request.

        :param refused: the request whose response was 401.
        """
        return self._token is not None and credential(refused) != self._token

    def _current(self) -> str:
        since = time.monotonic()
        with self._lock:
            if self._token is None or time.monotonic() >= self.fresh_until:
                self._replace(since)
            assert self._token is not None
            return self._token

    def _replace(self, waiting_since: float) -> None:
        # Single-flight for failures too. With a token endpoint that times out after 128 s, each of eight waiting
        # threads would otherwise try for itself, and the last one would wait 17 minutes. A thread that comes later
        # tries again.
        if self._failure and self._failed_at > waiting_since:
            # A copy, because the code that catches an error adds its own record to it.
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
        # Counted from before the request: the server's clock starts at some moment between then and the response.
        lifetime = _seconds(answer.get("expires_in"))
        self.fresh_until = asked_at + lifetime - (_EARLY if lifetime >= 10 * _EARLY else 0)
        granted = answer.get("scope")
        self.scopes = frozenset(granted.split()) if isinstance(granted, str) else None
        self._token = token


def _seconds(expires_in: Any) -> float:
    try:
        lifetime = float(expires_in)
    except (TypeError, ValueError):
        return _LIFETIME_UNSTATED
    return lifetime if lifetime > 0 else _LIFETIME_UNSTATED


class TokenEndpoint:
    """Fetches OAuth tokens: ``POST /identity/oauth/token`` with the form ``grant_type=client_credentials``."""

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
        # The endpoint rejects an empty scope, so the parameter is left out.
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        if scope and scope.strip():
            self._form["scope"] = " ".join(scope.split())
        self._timeout = timeout
        self._user_agent = user_agent
        self.after_fork()
        start_anew_in_children(self)

    def after_fork(self) -> None:
        """Have connections of this process."""
        self._session = new_session(self._user_agent)

    def __call__(self) -> dict[str, Any]:
        # No retry here: the call that needs the token retries, and two nested retry loops would multiply.
        try:
            return self._fetch()
        except SmartRecruitersError as error:
            error.method, error.path_template = "POST", urlsplit(self._url).path
            raise

    def _fetch(self) -> dict[str, Any]:
        prepared = self._session.prepare_request(requests.Request("POST", self._url, data=self._form, auth=_no_auth))
        response, body = exchange(self._session, prepared, self._timeout)
        url = urlsplit(self._url)
        log_deprecation(f"{url.scheme}://{url.netloc}", "POST", url.path, response.headers)
        status = response.status_code
        content_type = response.headers.get("Content-Type")
        if status in (400, 401, 403) and not is_page(content_type, body):
            said = error_for(status, body, sent=self._form)
            raise AuthenticationError(
                f"SmartRecruiters did not issue an access token for the client id ({status}).",
                status=status,
                code=said.code,
                api_message=said.api_message,
                hint="Check the login (client id) and the password (client secret) in the Airflow connection. The "
                "secret may have been replaced. If the connection sets a scope, check that the credential has it.",
            )
        if not 200 <= status <= 299:
            retry_after = parse_retry_after(response.headers.get("Retry-After"))
            raise error_for(
                status,
                body,
                host=url.hostname,
                content_type=content_type,
                sent=self._form,
                retry_after=retry_after,
            )
        answer = read_body(status, body)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not (token.isascii() and token.isprintable() and token.strip()):
            raise UnexpectedResponseError(
                "The response of the token endpoint contains no access token.",
                status=status,
                hint="Check the token_url in the Airflow connection.",
                # A response without a body was lost on the way (transient). One with another body comes from another
                # server, and a retry would not change that.
                retryable=answer is None,
            )
        # RFC 6749, 5.1: a server may leave the scope out if it is the one that was asked for.
        granted = answer.get("scope") or self._form.get("scope")
        return {"access_token": token, "expires_in": answer.get("expires_in"), "scope": granted}


def credential(request: PreparedRequest) -> str | None:
    """Return the credential that a request was sent with: the API key or the token."""
    sent = request.headers.get("X-SmartToken") or request.headers.get("Authorization")
    return sent.removeprefix("Bearer ") if sent else None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stop requests from looking for a credential in a netrc file."""
    return request
