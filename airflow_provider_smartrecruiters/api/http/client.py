"""One HTTP client for the whole API: credentials, pacing, retries, errors and pages in one place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import requests

from airflow_provider_smartrecruiters.api.fields import encode_json, fill_path
from airflow_provider_smartrecruiters.api.http.auth import (
    TOKEN_PATH,
    ApiKeyAuth,
    ClientCredentialsAuth,
    TokenEndpoint,
)
from airflow_provider_smartrecruiters.api.http.responses import SAFE_METHODS, error_for, read_body
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy, parse_retry_after
from airflow_provider_smartrecruiters.api.http.transport import DEFAULT_TIMEOUT, checked_url, exchange, new_session
from airflow_provider_smartrecruiters.api.pacing.pacer import MAX_CONCURRENT, REQUESTS_PER_SECOND, Pacer
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ApiError,
    ConfigurationError,
    DeadlineExceededError,
    SmartRecruitersError,
    UnexpectedResponseError,
)

PRODUCTION_URL = "https://api.smartrecruiters.com"
SANDBOX_URL = "https://api.sandbox.smartrecruiters.com"
_PAGE_SIZE = 100
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class _Request:
    """A request ready to be sent, and sent again."""

    method: str
    template: str
    path: str
    params: Mapping[str, Any] | None
    json: Any
    body: bytes | None
    files: Mapping[str, Any] | None

    @property
    def safe(self) -> bool:
        return self.method in SAFE_METHODS


class SmartRecruitersClient:
    """Talks to SmartRecruiters with one credential. Threads may share it.

    Most callers want :meth:`from_credentials`. Proxies and certificates are the ones that the environment names when
    the first request is sent (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``); a new client looks again.

    :param auth: the credential.
    :param base_url: where the API is, without a path.
    :param timeout: seconds that one exchange may take before it counts as lost. A call with its retries takes
        at most the retry budget and one exchange; a token that has to be fetched comes on top.
    :param pacer: keeps the requests under the credential's limits.
    :param retry: how patient one call is.
    :param user_agent: sent as ``User-Agent``.
    :raises ConfigurationError: when ``base_url`` is no https address (plain http is for loopback only).
    """

    def __init__(
        self,
        auth: ApiKeyAuth | ClientCredentialsAuth,
        *,
        base_url: str = PRODUCTION_URL,
        timeout: float = DEFAULT_TIMEOUT,
        pacer: Pacer | None = None,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
    ) -> None:
        self.base_url = checked_url(base_url, "host")
        self.retry = retry or RetryPolicy()
        self._auth = auth
        self._timeout = timeout
        self.pacer = pacer or Pacer()
        self._credential_proven = False
        self._session = new_session(user_agent)

    @classmethod
    def from_credentials(
        cls,
        *,
        password: str,
        login: str = "",
        base_url: str = PRODUCTION_URL,
        token_url: str | None = None,
        scope: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        requests_per_second: float = REQUESTS_PER_SECOND,
        max_concurrent: int = MAX_CONCURRENT,
        rate_limit_store: str | None = None,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
        on_token: Callable[[str], None] | None = None,
    ) -> Self:
        """Build a client from what a connection holds.

        :param password: the API key; the client secret where ``login`` is given.
        :param login: the OAuth client id; empty for an API key.
        :param base_url: where the API is.
        :param token_url: where tokens are had; ``/identity/oauth/token`` of ``base_url`` by default.
        :param scope: OAuth scopes, separated by spaces; the credential's own by default.
        :param timeout: seconds that one exchange may take before it counts as lost. A call with its retries takes
            at most the retry budget and one exchange; a token that has to be fetched comes on top.
        :param requests_per_second: the credential's request limit; 0 switches pacing off.
        :param max_concurrent: requests of the credential that may be under way at once; 0 for any number.
        :param rate_limit_store: where workers share the pace: an absolute path, ``redis://`` or ``postgresql://``; None
            for the process itself. See :func:`~airflow_provider_smartrecruiters.api.pacing.store.open_store`.
        :param retry: how patient one call is.
        :param user_agent: sent as ``User-Agent``.
        :param on_token: called with every OAuth token fetched, so that it can be masked in logs.
        :raises ConfigurationError: says which value cannot be used, and why.
        """
        if not password:
            raise ConfigurationError(
                "The connection has no password.",
                hint="Put the API key there, or the client secret if the login holds a client id.",
            )
        for name, text in (("login", login), ("password", password)):
            if not (text.isascii() and text.isprintable()) or text != text.strip():
                raise ConfigurationError(
                    f"The connection's {name} holds characters that a credential never has.",
                    hint="Paste it again, without line breaks and without spaces around it.",
                )
        if not timeout > 0:
            raise ConfigurationError("The connection's timeout must be more than 0 seconds.")
        if requests_per_second < 0 or max_concurrent < 0:
            raise ConfigurationError(
                "The connection's requests_per_second and max_concurrent must not be negative.",
                hint="Leave them at 10 and 8, the API's own limits; 0 switches a limit off.",
            )
        url = checked_url(base_url, "host")
        store = None
        if rate_limit_store:
            # Imported here: most connections have none.
            from airflow_provider_smartrecruiters.api.pacing.store import open_store

            store = open_store(rate_limit_store)
        auth: ApiKeyAuth | ClientCredentialsAuth
        if login:
            fetch = TokenEndpoint(
                checked_url(token_url, "token_url") if token_url else url + TOKEN_PATH,
                client_id=login,
                client_secret=password,
                scope=scope,
                timeout=timeout,
                user_agent=user_agent,
            )
            auth = ClientCredentialsAuth(fetch, on_token=on_token)
        else:
            auth = ApiKeyAuth(password)
        return cls(
            auth,
            base_url=url,
            timeout=timeout,
            pacer=Pacer.shared(url, login or password, requests_per_second, max_concurrent, store),
            retry=retry,
            user_agent=user_agent,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        path_params: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send one request, within the limits, and return the parsed answer.

        Sent again, with growing waits and within the call's budget: what was never sent, what the API refused
        with 429, and reads that failed for a passing reason. A write whose answer is lost is *not* sent again
        here, because it may have been carried out; :func:`~airflow_provider_smartrecruiters.api.converge.apply`
        reads first.

        :param method: HTTP verb.
        :param path: path below the base URL, ``/jobs/{jobId}/status``, with placeholders or literal.
        :param path_params: values of the placeholders; percent-encoded here.
        :param params: query parameters.
        :param json: body to be sent as JSON.
        :param files: parts to be sent as ``multipart/form-data``, as :mod:`requests` takes them.
        :return: the parsed JSON of the answer, or None for an empty one.
        :raises InvalidInputError: when the path or a placeholder's value cannot be part of a URL, or ``json`` holds
            what JSON cannot carry.
        :raises SmartRecruitersError: everything that can go wrong, see
            :mod:`~airflow_provider_smartrecruiters.exceptions`.
        """
        body = None if json is None else encode_json(json, "json")
        request = _Request(method.upper(), path, fill_path(path, path_params or {}), params, json, body, files)
        attempts = self.retry.start()
        renewed = False
        while True:
            paced = False
            try:
                prepared = self._prepare(request)
                response, body, paced = self._send(request, prepared, attempts.deadline)
                if 200 <= response.status_code <= 299:
                    self._credential_proven = True
                    return self._read(request, response.status_code, body)
                if response.status_code == 401 and not renewed and self._auth.renew(prepared):
                    renewed = True
                    continue
                raise self._refused(request, response, body, renewed)
            except SmartRecruitersError as error:
                error.method = error.method or request.method
                error.path_template = error.path_template or request.template
                paced = paced and error.retry_after is None
                wait = attempts.next_delay(error, paced=paced)
                if wait is None or (error.may_have_been_applied and not request.safe):
                    raise
                if error.status == 429 and not paced:
                    self.pacer.slow_down(wait)
            time.sleep(wait)

    def pages(
        self,
        path: str,
        *,
        path_params: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield every record of a list, page after page.

        Knows the API's kinds of list: ``nextPageId``/``pageId`` (on ``/jobs`` it needs ``sort=job_id``, which is
        added), ``limit``/``offset``/``totalFound``, and a bare array.

        :param path: as in :meth:`request`.
        :param path_params: as in :meth:`request`.
        :param params: query parameters; ``limit`` is the page size, 100 records by default.
        :raises SmartRecruitersError: as :meth:`request`; also when the API sends the same page for ever.
        """
        query: dict[str, Any] = {"limit": _PAGE_SIZE, **(params or {})}
        if path == "/jobs":
            query.setdefault("sort", "job_id")
        seen_pages: set[str] = set()
        count = int(query.get("offset", 0))
        while True:
            answer = self.request("GET", path, path_params=path_params, params=query)
            if answer is None:
                return
            if not isinstance(answer, list | dict):
                raise UnexpectedResponseError(f"GET {path} answers no list.")
            records = answer if isinstance(answer, list) else answer.get("content") or []
            yield from records
            count += len(records)
            if isinstance(answer, list) or not records:
                return
            if next_page := answer.get("nextPageId"):
                if next_page in seen_pages:
                    raise UnexpectedResponseError(f"GET {path} names a page as its own successor.")
                seen_pages.add(next_page)
                query["pageId"] = next_page
            elif "pageId" not in query and (answer.get("totalFound") or 0) > count:
                query["offset"] = count
            else:
                return

    def close(self) -> None:
        """Close the connections. The client can still be used; it opens new ones."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self, request: _Request) -> requests.PreparedRequest:
        return self._session.prepare_request(
            requests.Request(
                request.method,
                self.base_url + request.path,
                headers=None if request.body is None else _JSON,
                params=request.params,
                data=request.body,
                files=request.files,
                auth=self._auth,
            )
        )

    def _send(
        self, request: _Request, prepared: requests.PreparedRequest, deadline: float
    ) -> tuple[requests.Response, bytes, bool]:
        """Send in turn; return the answer, its body, and whether the pace took a 429 into account."""
        try:
            with self.pacer.turn(request.method, request.path, deadline) as turn:
                # Once more: a token may have expired while the turn was waited for.
                self._auth(prepared)
                response, body = self._exchange(request, prepared, turn.sent)
                paced = turn.answered(response.status_code, response.headers)
        except TimeoutError:
            raise DeadlineExceededError(
                f"The request did not get its turn within {self.retry.budget:g} seconds; nothing was sent.",
                hint="Too many tasks share this credential: run fewer at once, with an Airflow pool.",
            ) from None
        return response, body, paced

    def _exchange(
        self, request: _Request, prepared: requests.PreparedRequest, on_sent: Callable[[], None]
    ) -> tuple[requests.Response, bytes]:
        try:
            return exchange(self._session, prepared, self._timeout, on_sent)
        except AnswerLostError as error:
            error.may_have_been_applied = not request.safe
            raise

    def _read(self, request: _Request, status: int, body: bytes) -> Any:
        try:
            return read_body(status, body)
        except UnexpectedResponseError as error:
            error.may_have_been_applied = not request.safe
            raise

    def _refused(self, request: _Request, response: requests.Response, body: bytes, renewed: bool) -> ApiError:
        error = error_for(
            response.status_code,
            body,
            sent=[request.json, request.params, *_credentials(response.request)],
            retry_after=parse_retry_after(response.headers.get("Retry-After")),
            proven=self._credential_proven or renewed,
        )
        if response.status_code >= 500 and not request.safe:
            error.may_have_been_applied = True
        return error


def _credentials(sent: requests.PreparedRequest) -> list[str]:
    headers = (sent.headers.get("X-SmartToken"), sent.headers.get("Authorization"))
    return [header.removeprefix("Bearer ") for header in headers if header]
