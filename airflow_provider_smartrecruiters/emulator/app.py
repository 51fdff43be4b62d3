"""The emulator itself: the way of a request from the socket to a handler and back.

Starlette's router finds the operations of a path. The request then meets the interceptors and the faults, is
authenticated, counted against the limits, held up by the latency, handled and written into the journal.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from airflow_provider_smartrecruiters.emulator import control
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.injector import FaultInjector
from airflow_provider_smartrecruiters.emulator.http import answer as answers
from airflow_provider_smartrecruiters.emulator.http import multipart
from airflow_provider_smartrecruiters.emulator.http.answer import NO_ANSWER, Answer, Interceptor
from airflow_provider_smartrecruiters.emulator.http.auth import Authenticator
from airflow_provider_smartrecruiters.emulator.http.errors import ApiError
from airflow_provider_smartrecruiters.emulator.http.limits import Limiter
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operation
from airflow_provider_smartrecruiters.emulator.journal import Journal
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from airflow_provider_smartrecruiters.emulator.tenant import publishing
from airflow_provider_smartrecruiters.emulator.tenant.state import Store, Tenant
from airflow_provider_smartrecruiters.emulator.web import pages


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
        self.faults = FaultInjector(self.authenticator)
        # Each gets the call, whose operation is known, and either goes on to the next one or answers itself.
        self.interceptors: list[Interceptor] = []
        self._in_flight = 0
        self._resets = 0
        self._control = control.control_app(config, self.store, self.journal, self.faults, self.reset)
        self._pages = pages.web_app(self.store)
        by_path: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
        for operation in OPERATIONS:
            by_path[operation.path][operation.method] = operation
        # One route for each path, whatever the method: where two templates fit, the one that is declared first wins.
        routes = [Route(path, _Path(self, operations)) for path, operations in by_path.items()]
        self._api = Router(routes, redirect_slashes=False, default=_Path(self, {}))

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
        # Some clients percent-encode characters that need no encoding, some leave out encoding that is needed: only
        # the raw path shows which. It is also what is routed, so that an id may hold an encoded slash.
        raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
        if raw_path.startswith(control.PREFIX + "/"):
            await self._control(scope, receive, send)
        elif raw_path == pages.PREFIX or raw_path.startswith(pages.PREFIX + "/"):
            await self._pages(scope, receive, send)
        else:
            await self._api({**scope, "path": raw_path}, receive, send)

    async def serve(self, operations: Mapping[str, Operation], scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose path is known.

        :param operations: of the path, by method
        """
        body = await _read(receive)
        if body is None:
            return
        call = self._call(operations.get(scope["method"]), scope, body)
        resets = self._resets
        started = time.time()
        self._in_flight += 1
        self.journal.note_in_flight(self._in_flight)
        status = NO_ANSWER

        async def proceed(interceptors: list[Interceptor]) -> Answer:
            if interceptors:
                first, *others = interceptors
                return await first(call, lambda: proceed(others))
            if resets != self._resets:
                # It was held up across a reset: what one test sent must not change the records of the next one.
                return Answer(NO_ANSWER, deliver=answers.close)
            answer = await self._answer(call, operations)
            answer.update({"Deprecation": self.config.deprecation or None, "Sunset": self.config.sunset or None})
            return answer

        try:
            answer = await proceed([*self.interceptors, self.faults.intercept])
            status = answer.status
        finally:
            self._in_flight -= 1
            # Before the answer goes out, since its receiver may look into the journal at once.
            if resets == self._resets:
                self.journal.record(call, status, started, time.time())
        deliver = answer.deliver or answers.send
        await deliver(answers.Wire(scope, receive, send), answer)

    def _call(self, operation: Operation | None, scope: Scope, body: bytes) -> Call:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host") or "{}:{}".format(*scope["server"])
        return Call(
            operation=operation,
            ids=tuple(unquote(value) for value in scope.get("path_params", {}).values()),
            method=scope["method"],
            raw_path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            base_url=self.config.public_url.rstrip("/") or f"{scope['scheme']}://{host}",
            store=self.store,
            authenticator=self.authenticator,
        )

    async def _answer(self, call: Call, operations: Mapping[str, Operation]) -> Answer:
        operation = call.operation
        if operation is None:
            if operations:
                return _refusal(ApiError(405, "Method not allowed"), {"Allow": ", ".join(sorted(operations))})
            return _refusal(ApiError(404, "Resource not found"))
        if operation.scope is None:
            return await self._handle(call, operation)
        refusal = None
        try:
            call.credential = self.authenticator.authenticate(call.headers)
        except ApiError as error:
            refusal = error
        ticket = self.limiter.ticket(call.credential.name, operation)
        if not self.limiter.enter(ticket):
            return _refusal(ApiError(429, "Too many requests"), self.limiter.headers(ticket))
        try:
            scopes = call.credential.scopes
            if refusal is None and scopes is not None and operation.scope not in scopes:
                refusal = ApiError(403, "The access token does not have the scope that this operation needs")
                refusal.errors.append(("OAuthPermissionsException", f"Required scope: {operation.scope}"))
            answer = _refusal(refusal) if refusal else await self._handle(call, operation)
            answer.update(self.limiter.headers(ticket))
            return answer
        finally:
            self.limiter.leave(ticket)

    async def _handle(self, call: Call, operation: Operation) -> Answer:
        if self.config.latency:
            await asyncio.sleep(self.config.latency)
        content_type = call.headers.get("content-type", "")
        if content_type.lower().startswith("multipart/form-data"):
            call.parts = await multipart.parse(content_type, call.body)
        # Handlers never await, so the lock is held only for the time of the change itself.
        with self.store.lock:
            publishing.settle(self.store.tenant)
            try:
                body = operation.handler(call, *call.ids)
            except ApiError as error:
                return _refusal(error)
            call.applied = operation.writes
            return Answer.of_json(operation.status, body, call.answer_headers)


@dataclass(frozen=True, slots=True)
class _Path:
    """What a route leads to. It is an object, since Starlette would call a function with a request."""

    emulator: Emulator
    operations: Mapping[str, Operation]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.emulator.serve(self.operations, scope, receive, send)


def _refusal(error: ApiError, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer.of_json(error.status, error.envelope(), headers)


async def _read(receive: Receive) -> bytes | None:
    chunks: list[Any] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)
