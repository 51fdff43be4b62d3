"""Credentials: API keys, and OAuth 2.0 client credentials with tokens that expire."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.http.errors import ApiError


@dataclass(frozen=True, slots=True)
class Credential:
    """The sender of a request.

    :param kind: ``api_key``, ``oauth`` or ``none``
    :param name: requests of the same name share their limits
    :param scopes: what it allows; None for everything
    """

    kind: str
    name: str
    scopes: frozenset[str] | None = None


class TokenError(ApiError):
    """A refusal of the token endpoint in the form of RFC 6749.

    :param status: 400 or 401
    :param error: the RFC's error name
    :param description: what was wrong
    """

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, description)
        self.error = error

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"error": self.error, "error_description": self.message}


NOBODY = Credential("none", "anonymous")


class Authenticator:
    """Authenticates requests and issues tokens.

    :param config: holds the key and the client
    :param clock: seconds, monotonic
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        # What each token allows, and when it expires, on the clock.
        self._tokens: dict[str, tuple[Credential, float]] = {}
        self._key_revoked = False

    def revoke_all(self) -> None:
        """Make every issued token invalid, as if it had expired."""
        self._tokens.clear()

    def revoke(self, headers: Mapping[str, str]) -> None:
        """Make the credential of a request invalid.

        :param headers: names in lower case
        """
        if "x-smarttoken" in headers:
            self._key_revoked = True
        else:
            self._tokens.pop(_bearer(headers), None)

    def accept_key_again(self) -> None:
        """Undo the revocation of the API key."""
        self._key_revoked = False

    def authenticate(self, headers: Mapping[str, str]) -> Credential:
        """Return who sent a request; if it has an API key and a token, the key counts.

        :param headers: names in lower case
        :raises ApiError: 401
        """
        key = headers.get("x-smarttoken")
        if key is not None:
            if self._key_revoked or not _same(key, self._config.api_key):
                raise ApiError(401, "Unauthorized")
            return Credential("api_key", "api_key")
        credential, expires_at = self._tokens.get(_bearer(headers), (NOBODY, 0.0))
        if credential is NOBODY or expires_at <= self._clock():
            raise ApiError(401, "Unauthorized")
        return credential

    def issue(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Exchange client credentials for a token.

        :param form: the fields of the request's body
        :param authorization: the Authorization header, for a client that uses HTTP Basic
        :raises TokenError: the request is malformed, or the client or its secret is wrong
        """
        grant = form.get("grant_type")
        if not grant:
            raise TokenError(400, "invalid_request", "grant_type is missing")
        if grant != "client_credentials":
            raise TokenError(400, "unsupported_grant_type", "Only client_credentials is supported")
        client_id, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not (_same(client_id, self._config.client_id) and _same(secret, self._config.client_secret)):
            raise TokenError(401, "invalid_client", "Unknown client or wrong secret")
        scopes = self._config.client_scopes
        if "scope" in form:
            asked = frozenset(form["scope"].split())
            if not asked or not asked <= scopes:
                raise TokenError(400, "invalid_scope", "scope is empty or holds a scope the client does not have")
            scopes = asked
        now = self._clock()
        self._tokens = {text: token for text, token in self._tokens.items() if token[1] > now}
        text = secrets.token_urlsafe(24)
        credential = Credential("oauth", f"oauth:{client_id}", scopes)
        self._tokens[text] = (credential, now + self._config.token_lifetime)
        return {
            "access_token": text,
            "token_type": "bearer",
            "expires_in": int(self._config.token_lifetime),
            "scope": " ".join(sorted(scopes)),
        }


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise TokenError(401, "invalid_client", "The Basic credentials cannot be read") from None
    # RFC 6749, 2.3.1: both are form-encoded before they are joined.
    return unquote_plus(client_id), unquote_plus(secret)
