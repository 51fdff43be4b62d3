"""The HTTP client for the whole API: credentials, rate limit, retries, errors and pagination in one place."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from airflow_provider_smartrecruiters.api.http.auth import (
    TOKEN_PATH,
    ApiKeyAuth,
    ClientCredentialsAuth,
    TokenEndpoint,
    credential,
)
from airflow_provider_smartrecruiters.api.http.deprecation import log_deprecation
from airflow_provider_smartrecruiters.api.http.paging import each_page
from airflow_provider_smartrecruiters.api.http.parts import read_parts
from airflow_provider_smartrecruiters.api.http.request import QUESTION, Observer, Reports, Request, count_write
from airflow_provider_smartrecruiters.api.http.responses import (
    accepts_credential,
    error_for,
    is_page,
    leave_in_doubt,
    read_body,
)
from airflow_provider_smartrecruiters.api.http.retry import Attempts, RetryPolicy, parse_retry_after
from airflow_provider_smartrecruiters.api.http.transport import DEFAULT_TIMEOUT, checked_url, exchange, new_session
from airflow_provider_smartrecruiters.api.http.verdict import Verdict, is_unsettled
from airflow_provider_smartrecruiters.api.pacing import MAX_CONCURRENT
from airflow_provider_smartrecruiters.api.pacing.forks import start_anew_in_children
from airflow_provider_smartrecruiters.api.pacing.lanes import AUTO
from airflow_provider_smartrecruiters.api.pacing.pacer import REQUESTS_PER_SECOND, Pacer, check_limits
from airflow_provider_smartrecruiters.api.values.fields import encode_json, fill_path
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ApiError,
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    SmartRecruitersError,
    UnexpectedResponseError,
)

PRODUCTION_URL = "https://api.smartrecruiters.com"
SANDBOX_URL = "https://api.sandbox.smartrecruiters.com"
_JSON = {"Content-Type": "application/json"}


class SmartRecruitersClient:
    """Calls SmartRecruiters with one credential. Thread-safe.

    Most callers use :meth:`from_credentials`. Proxies and certificates come from the environment (``HTTPS_PROXY``,
    ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``), which a client reads once, with its first request.

    :param auth: the credential.
    :param base_url: base URL of the API, without a path.
    :param timeout: seconds for one exchange (request and response). A call with its retries takes at most the retry
        budget plus one exchange; fetching a token comes on top.
    :param pacer: keeps the requests within the credential's limits.
    :param retry: retry budget of one call.
    :param user_agent: value of the ``User-Agent`` header.
    :param observer: counts requests and retries; None to count nothing.
    :raises ConfigurationError: ``base_url`` is not an https URL (plain http is accepted for loopback only).
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
        observer: Observer | None = None,
    ) -> None:
        self.base_url = checked_url(base_url, "host")
        self._reports = Reports(observer)
        self.retry = replace(retry or RetryPolicy(), on_retry=self._reports.retried)
        self._auth = auth
        self._timeout = timeout
        self.pacer = pacer or Pacer()
        self._user_agent = user_agent
        self._verdict = Verdict(auth)
        self._before_resend: Callable[[SmartRecruitersError | None], None] | None = None
        self.after_fork()
        start_anew_in_children(self)

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
        limits: str = AUTO,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
        on_token: Callable[[str], None] | None = None,
        observer: Observer | None = None,
    ) -> Self:
        """Build a client from the values of a connection.

        :param password: the API key, or the client secret if ``login`` is given.
        :param login: the OAuth client id; empty for an API key.
        :param base_url: base URL of the API.
        :param token_url: OAuth token endpoint; ``/identity/oauth/token`` below ``base_url`` by default.
        :param scope: OAuth scopes, separated by spaces; all scopes of the client by default.
        :param timeout: seconds for one exchange (request and response). A call with its retries takes at most the
            retry budget plus one exchange; fetching a token comes on top.
        :param requests_per_second: rate limit of the credential, or of each endpoint; 0 switches it off.
        :param max_concurrent: requests of the credential that may be in flight at once; 0 for any number.
        :param rate_limit_store: where workers share the rate limit: an absolute path, ``redis://`` or
            ``postgresql://``; None for this process alone. See
            :func:`~airflow_provider_smartrecruiters.api.pacing.store.open_store`.
        :param limits: what the rate limit counts: all requests of the credential (``per-credential``), or those to each
            endpoint (``per-endpoint``). ``auto`` starts with the former and finds out from the headers.
        :param retry: retry budget of one call.
        :param user_agent: value of the ``User-Agent`` header.
        :param on_token: called with every fetched OAuth token, so that it can be masked in logs.
        :param observer: counts requests and retries; None to count nothing.
        :raises ConfigurationError: a value cannot be used; the message names it and the reason.
        """
        if not password:
            raise ConfigurationError(
                "The connection has no password.",
                hint="Enter the API key as the password, or the client secret if the login is a client id.",
            )
        for name, text in (("login", login), ("password", password)):
            if not (text.isascii() and text.isprintable()) or text != text.strip():
                raise ConfigurationError(
                    f"The connection's {name} contains characters that a credential never has.",
                    hint="Paste it again, without line breaks and without leading or trailing spaces.",
                )
        if not timeout > 0:
            raise ConfigurationError(
                "The connection's timeout is not more than 0 seconds.",
                hint=f"Enter a positive number, or leave it empty for {DEFAULT_TIMEOUT:g} seconds.",
            )
        check_limits(requests_per_second, max_concurrent, limits)
        url = checked_url(base_url, "host")
        store = None
        if rate_limit_store:
            # Imported late: most connections do not share a rate limit.
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
            pacer=Pacer.shared(url, login or password, requests_per_second, max_concurrent, store, limits),
            retry=retry,
            user_agent=user_agent,
            observer=observer,
        )

    def checking(self, before_resend: Callable[[SmartRecruitersError | None], None]) -> SmartRecruitersClient:
        """Return this client with a check before every write that :meth:`request` repeats.

        :param before_resend: called after the wait, with the error of the attempt before (None if a new token is all
            that it needs). What it raises ends the request.
        """
        checked = copy.copy(self)
        checked._before_resend = before_resend
        return checked

    def until(self, stopped: threading.Event) -> SmartRecruitersClient:
        """Return this client for a batch: without retries from a moment on, when a request in flight still gets its
        response, and without a line of the log for each retry.

        :param stopped: set at that moment.
        """
        ending = copy.copy(self)
        ending.retry = replace(self.retry, stopped=stopped, log_level=logging.DEBUG)
        return ending

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
        """Send a request within the rate limit and return the parsed response.

        Retries with exponential backoff and full jitter, within the call's budget: requests that were never sent,
        requests answered with 429, and reads that failed with a transient error. A write whose response is lost is
        *not* sent again here, because it may have been applied.
        :func:`~airflow_provider_smartrecruiters.api.converge.apply` reads the record first.

        :param method: HTTP method.
        :param path: path below the base URL, literal or with placeholders, ``/jobs/{jobId}/status``.
        :param path_params: values of the placeholders; they are percent-encoded.
        :param params: query parameters.
        :param json: body to send as JSON.
        :param files: parts to send as ``multipart/form-data``, in the format of :mod:`requests`. Open files are read
            once, before the first attempt.
        :return: the parsed JSON of the response; None if it has no body.
        :raises InvalidInputError: the path or the value of a placeholder cannot be part of a URL, or ``json`` contains
            a value that JSON cannot represent.
        :raises SmartRecruitersError: any other failure, see :mod:`~airflow_provider_smartrecruiters.exceptions`.
        """
        body = None if json is None else encode_json(json, "json")
        filled = fill_path(path, path_params or {})
        request = Request(method.upper(), path, filled, params, json, body, read_parts(files))
        attempts = self.retry.start()
        renewed = False
        failed: SmartRecruitersError | None
        while True:
            paced, wait, failed = False, 0.0, None
            try:
                prepared = self._prepare(request)
                response, body, paced = self._send(request, prepared, attempts)
                if 200 <= response.status_code <= 299:
                    count_write(request)
                    return self._read(request, response.status_code, body)
                accepted = self._accepted(request, response, body, prepared, attempts)
                if accepted is False and not renewed and self._auth.renew(prepared):
                    # One replay, outside the retry budget: a 401 means that nothing was applied, so this is safe for a
                    # write too. More than one would loop.
                    renewed = True
                else:
                    raise self._refused(request, response, body, accepted)
            except SmartRecruitersError as error:
                error.method = error.method or request.method
                error.path_template = error.path_template or request.template
                if error.may_have_been_applied:
                    count_write(request)
                # If the pacer already counts this 429, the wait is in the next turn. Waiting here as well would waste
                # capacity that other threads could use.
                paced = paced and error.retry_after is None
                # The question about the credential has had its own attempts, and another 401 would say no more.
                delay = None if is_unsettled(error) else attempts.next_delay(error, paced=paced)
                # A write that may have been applied, or that met another one, is never repeated here, whatever the
                # budget allows: only a caller that knows the record can read it and build the write again.
                last = error.may_have_been_applied or isinstance(error, ConflictError)
                if delay is None or (last and not request.safe):
                    raise
                if error.status == 429 and not paced:
                    # Slows down every thread of the credential: each of them would otherwise collect a 429 of its own.
                    self.pacer.slow_down(delay)
                attempts.log_next(error, delay)
                wait, failed = delay, error
            if not attempts.sleep(wait) and failed:
                raise failed
            if self._before_resend and not request.safe:
                self._before_resend(failed)

    def pages(
        self,
        path: str,
        *,
        path_params: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield every record of a list, page by page.

        Handles every kind of pages that the API uses; see
        :func:`~airflow_provider_smartrecruiters.api.http.paging.each_page`.

        :param path: as in :meth:`request`.
        :param path_params: as in :meth:`request`.
        :param params: query parameters; ``limit`` is the page size, 100 records by default.
        :raises SmartRecruitersError: as for :meth:`request`; also if the pages form a loop.
        """
        for page in each_page(self.request, path, path_params=path_params, params=params):
            yield from page.records

    def after_fork(self) -> None:
        """Have connections of this process."""
        self._session = new_session(self._user_agent)

    def close(self) -> None:
        """Close the connections. The client stays usable and opens new ones."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self, request: Request) -> requests.PreparedRequest:
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
        self, request: Request, prepared: requests.PreparedRequest, attempts: Attempts
    ) -> tuple[requests.Response, bytes, bool]:
        """Send when it is this request's turn.

        :return: the response, its body, and whether the pacer already accounts for a 429.
        """
        came = time.monotonic()
        try:
            with self.pacer.turn(
                request.method, request.path, attempts.deadline, attempts.started, request.template
            ) as turn:
                waited = time.monotonic() - came
                # Again, after `_prepare`: the token may have expired during the wait. Checking here only would fetch a
                # token while holding a slot.
                self._auth(prepared)
                response, body = self._exchange(request, prepared, turn.sent, waited)
                paced = turn.answered(response.status_code, response.headers)
        except TimeoutError:
            raise DeadlineExceededError(
                f"The rate limit left no room for the request within {self.retry.budget:g} seconds; nothing was sent.",
                hint="Run fewer tasks with this credential at once, for example with an Airflow pool.",
            ) from None
        return response, body, paced

    def _exchange(
        self, request: Request, prepared: requests.PreparedRequest, on_sent: Callable[[], None], waited: float
    ) -> tuple[requests.Response, bytes]:
        status = None
        try:
            response, body = exchange(self._session, prepared, self._timeout, on_sent)
            status = response.status_code
        except AnswerLostError as error:
            # The bytes are out. Only a method without side effects is certain to have changed nothing.
            leave_in_doubt(error, request.method, request.path)
            raise
        finally:
            self._reports.sent(request, status, waited)
        log_deprecation(self.base_url, request.method, request.template, response.headers)
        return response, body

    def _read(self, request: Request, status: int, body: bytes) -> Any:
        try:
            return read_body(status, body)
        except UnexpectedResponseError as error:
            leave_in_doubt(error, request.method, request.path)
            raise

    def _accepted(
        self,
        request: Request,
        response: requests.Response,
        body: bytes,
        prepared: requests.PreparedRequest,
        attempts: Attempts,
    ) -> bool | None:
        """Return whether SmartRecruiters accepts the credential, as far as a response is a 401; else None."""
        if response.status_code != 401 or is_page(response.headers.get("Content-Type"), body):
            return None
        if request.about_the_credential:
            return False
        return self._verdict.accepted(prepared, self._ask, attempts)

    def _ask(self, attempts: Attempts) -> bool:
        """Send the question that only the credential decides, and return the answer."""
        response, body, _ = self._send(QUESTION, self._prepare(QUESTION), attempts)
        accepted = accepts_credential(response.status_code, response.headers.get("Content-Type"), body)
        if accepted is None:
            error = self._refused(QUESTION, response, body, None)
            # Whatever came back instead of an answer: the next one may be SmartRecruiters' own.
            error.retryable = True
            raise error
        return accepted

    def _refused(self, request: Request, response: requests.Response, body: bytes, accepted: bool | None) -> ApiError:
        return error_for(
            response.status_code,
            body,
            method=request.method,
            path=request.path,
            host=urlsplit(self.base_url).hostname,
            content_type=response.headers.get("Content-Type"),
            # The credential counts as sent text too, so a message that echoes it is dropped.
            sent=[request.json, request.params, credential(response.request)],
            retry_after=parse_retry_after(response.headers.get("Retry-After")),
            credential_accepted=accepted,
        )
