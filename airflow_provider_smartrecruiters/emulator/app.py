"""The emulator itself: the way of a request from the socket to a handler and back.

A request is matched to its operation, authenticated, counted against the limits, held up by the latency, handled,
and written down. ``interceptors`` see a call before and after all of that.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.control import PREFIX, control_router
from airflow_provider_smartrecruiters.emulator.faults.control import add_fault_routes
from airflow_provider_smartrecruiters.emulator.faults.injector import FaultInjector
from airflow_provider_smartrecruiters.emulator.http import multipart, wire
from airflow_provider_smartrecruiters.emulator.http.answer import NO_ANSWER, Answer
from airflow_provider_smartrecruiters.emulator.http.auth import Authenticator
from airflow_provider_smartrecruiters.emulator.http.errors import (
    ApiError,
    forbidden,
    too_many_requests,
    validation_failed,
)
from airflow_provider_smartrecruiters.emulator.http.limits import Limiter
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Finder, register
from airflow_provider_smartrecruiters.emulator.journal import Journal
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from airflow_provider_smartrecruiters.emulator.tenant import publishing
from airflow_provider_smartrecruiters.emulator.tenant.state import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.types import Message, Receive, Scope, Send

    from airflow_provider_smartrecruiters.emulator.http.answer import Interceptor
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant


class Emulator:
    """An ASGI application that behaves like SmartRecruiters.

    :param config: how it behaves; may be changed at any time
    :param tenant: the records that it starts with and that a reset goes back to
    """

    def __init__(self, config: Config, tenant: Tenant) -> None:
        self.config = config
        self.store = Store(tenant)
        self.journal = Journal()
        self.authenticator = Authenticator(config)
        self.limiter = Limiter(config)
        # Each gets the call, whose operation is known, and goes on to the next one or answers itself.
        self.interceptors: list[Interceptor] = []
        self.faults = FaultInjector(self.authenticator)
        self._finder = Finder(OPERATIONS)
        self._in_flight = 0
        self._resets = 0
        self._api = FastAPI(openapi_url=None, redirect_slashes=False)
        self._api.add_exception_handler(ApiError, _answer_api_error)
        self._api.add_exception_handler(RequestValidationError, _answer_invalid_request)
        self._api.add_exception_handler(HTTPException, _answer_http_error)
        register(self._api, OPERATIONS)
        router = control_router(self)
        add_fault_routes(router, self.faults)
        self._api.include_router(router)

    def reset(self) -> None:
        """Go back to the beginning: records, journal, limits and faults. Tokens stay valid."""
        self._resets += 1
        self.faults.clear()
        self.store.reset()
        self.journal.clear()
        self.limiter.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        # Some clients percent-encode what need not be, some send bytes that should be: only the raw path tells.
        raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
        if raw_path.startswith(PREFIX + "/"):
            await self._api(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        call = self._call(scope, raw_path, body)
        resets = self._resets
        started = time.time()
        self._in_flight += 1
        self.journal.note_in_flight(self._in_flight)
        status = NO_ANSWER
        try:
            answer = await self._intercepted(call, scope, [*self.interceptors, self.faults.intercept], resets)
            status = answer.status
        finally:
            self._in_flight -= 1
            # Before the answer goes out: who has it may look into the journal at once.
            if resets == self._resets:
                self.journal.record(call, status, started, time.time())
        deliver = answer.deliver or wire.send
        await deliver(wire.Wire(scope, receive, send), answer)

    def _call(self, scope: Scope, raw_path: str, body: bytes) -> Call:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host") or "{}:{}".format(*scope["server"])
        return Call(
            operation=self._finder.find(scope["method"], raw_path),
            method=scope["method"],
            raw_path=raw_path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            base_url=f"{scope['scheme']}://{host}",
            store=self.store,
            authenticator=self.authenticator,
        )

    async def _intercepted(self, call: Call, scope: Scope, left: list[Interceptor], resets: int) -> Answer:
        if left:
            first, *others = left
            return await first(call, lambda: self._intercepted(call, scope, others, resets))
        if resets != self._resets:
            # It was held up across a reset: what one test sent must not change the records of the next one.
            return Answer(NO_ANSWER, deliver=wire.close)
        return await self._answer(call, scope)

    async def _answer(self, call: Call, scope: Scope) -> Answer:
        operation = call.operation
        if operation is None:
            allowed = self._finder.allowed(call.raw_path)
            if allowed:
                return await self._refuse(call, ApiError(405, "Method not allowed"), {"Allow": ", ".join(allowed)})
            return await self._refuse(call, ApiError(404, "Resource not found"), {})
        if operation.scope is None:
            return await self._handle(call, scope)
        refusal = None
        try:
            call.credential = self.authenticator.authenticate(call.headers)
        except ApiError as error:
            refusal = error
        ticket = self.limiter.ticket(call.credential.name, operation)
        if not self.limiter.enter(ticket):
            return await self._refuse(call, too_many_requests(), self.limiter.headers(ticket))
        try:
            scopes = call.credential.scopes
            if refusal is None and scopes is not None and operation.scope not in scopes:
                refusal = forbidden("The access token does not have the scope that this operation needs")
                refusal.errors.append(("OAuthPermissionsException", f"Required scope: {operation.scope}"))
            answer = await (self._refuse(call, refusal, {}) if refusal else self._handle(call, scope))
            answer.headers += _encoded(self.limiter.headers(ticket))
            return answer
        finally:
            self.limiter.leave(ticket)

    async def _handle(self, call: Call, scope: Scope) -> Answer:
        if self.config.latency:
            await asyncio.sleep(self.config.latency)
        content_type = call.headers.get("content-type", "")
        if content_type.lower().startswith("multipart/form-data"):
            call.parts = await multipart.parse(content_type, call.body)
        with self.store.lock:
            publishing.settle(self.store.tenant)
        # FastAPI matches and decodes the raw path, so an id may hold a slash.
        return await self._collect({**scope, "path": call.raw_path, "emulator.call": call}, call)

    async def _refuse(self, call: Call, error: ApiError, headers: dict[str, str]) -> Answer:
        response = JSONResponse(error.envelope(), status_code=error.status, headers=headers)
        return Answer(response.status_code, list(response.raw_headers), bytes(response.body))

    async def _collect(self, scope: Scope, call: Call) -> Answer:
        answer = Answer(500)

        async def receive() -> Message:
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        await self._api(scope, receive, send)
        return answer


async def _read(receive: Receive) -> bytes | None:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _encoded(headers: dict[str, str]) -> Iterable[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _answer_api_error(_: Request, error: Any) -> Response:
    return JSONResponse(error.envelope(), status_code=error.status)


async def _answer_invalid_request(request: Request, error: Any) -> Response:
    call: Call | None = request.scope.get("emulator.call")
    status = call.operation.invalid if call is not None and call.operation is not None else 400
    return await _answer_api_error(request, validation_failed(status, error.errors()))


async def _answer_http_error(request: Request, error: Any) -> Response:
    return await _answer_api_error(request, ApiError(error.status_code, str(error.detail)))
