"""An operation of the API: declared once with its path, scope and success, then served by FastAPI."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Path
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from airflow_provider_smartrecruiters.emulator.http.auth import NOBODY, Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fastapi import FastAPI

    from airflow_provider_smartrecruiters.emulator.http.auth import Authenticator
    from airflow_provider_smartrecruiters.emulator.http.multipart import Part
    from airflow_provider_smartrecruiters.emulator.tenant.state import Store, Tenant

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    :param id: the contract's operationId
    :param method: in upper case
    :param path: the path template
    :param handler: gets the call, path and query parameters and the body; returns the body of the answer or None
    :param scope: what a token must have; None for an operation without authentication
    :param status: of a success
    :param invalid: the status for a request that does not have the documented shape
    :param rate: its own limit of requests a second, 0 for the general one
    :param rate_group: operations with the same group share ``rate``
    :param concurrent: its own limit of requests at once, 0 for the general one
    """

    id: str
    method: str
    path: str
    handler: Callable[..., Any]
    scope: str | None
    status: int = 200
    invalid: int = 400
    rate: int = 0
    rate_group: str = ""
    concurrent: int = 0

    @property
    def writes(self) -> bool:
        """Whether it belongs into the journal: it changes records. Fetching a token does not."""
        return self.method in WRITES and self.scope is not None


@dataclass(slots=True)
class Call:
    """One request on its way through the emulator.

    :param operation: what it asks for; None if the path or the method is unknown
    :param raw_path: the path as received, still percent-encoded
    :param headers: names in lower case
    :param base_url: how the caller addressed the emulator, without a slash at the end
    :param parts: of a multipart body; None if it is none or cannot be read
    :param applied: whether the handler went through and so set the state
    :param answer_headers: to add to the answer
    :param fault: the injected fault that hit it
    """

    operation: Operation | None
    method: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    store: Store
    authenticator: Authenticator
    credential: Credential = NOBODY
    parts: list[Part] | None = None
    applied: bool = False
    answer_headers: dict[str, str] = field(default_factory=dict)
    fault: str | None = None

    @property
    def tenant(self) -> Tenant:
        """The tenant; hold the store's lock while using it."""
        return self.store.tenant


async def current_call(request: Request) -> Call:
    """Give a handler the call it serves."""
    call: Call = request.scope["emulator.call"]
    return call


CallDep = Annotated[Call, Depends(current_call)]
RecordId = Annotated[str, Path(alias="id")]
JobId = Annotated[str, Path(alias="jobId")]


class Operations:
    """The operations of one part of the API, collected by decorators."""

    def __init__(self) -> None:
        self.all: list[Operation] = []

    def add(
        self, method: str, path: str, *, operation_id: str, scope: str | None, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare the decorated function as an operation; ``options`` are further fields of :class:`Operation`."""

        def declare(handler: Callable[..., Any]) -> Callable[..., Any]:
            self.all.append(Operation(operation_id, method, path, handler, scope, **options))
            return handler

        return declare


class OperationRoute(APIRoute):
    """A route over paths that are still percent-encoded: only so may an id hold a slash."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """Match as usual, and decode what the parameters hold."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["path_params"] = {name: unquote(value) for name, value in child["path_params"].items()}
        return match, child


def register(app: FastAPI, operations: Iterable[Operation]) -> None:
    """Serve operations by FastAPI."""
    for operation in operations:
        app.router.add_api_route(
            operation.path,
            _endpoint(operation),
            methods=[operation.method],
            operation_id=operation.id,
            status_code=operation.status,
            response_model=None,
            response_class=Response,
            route_class_override=OperationRoute,
        )


def _endpoint(operation: Operation) -> Callable[..., Any]:
    async def endpoint(**arguments: Any) -> Response:
        call: Call = arguments["call"]
        # Handlers never await, so the lock is held only for the time of the change itself.
        with call.store.lock:
            body = operation.handler(**arguments)
            call.applied = operation.writes
        if isinstance(body, Response):
            return body
        headers = call.answer_headers
        if body is None:
            return Response(status_code=operation.status, headers=headers)
        return JSONResponse(body, status_code=operation.status, headers=headers)

    endpoint.__signature__ = inspect.signature(operation.handler, eval_str=True)  # type: ignore[attr-defined]
    return endpoint


class Finder:
    """Finds the operation of a request before FastAPI sees it.

    :param operations: where two templates fit, the earlier one wins
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Operation]]] = {}
        for operation in operations:
            segments = operation.path.split("/")
            self._by_length.setdefault(len(segments), []).append((segments, operation))

    def find(self, method: str, raw_path: str) -> Operation | None:
        """Return the operation, or None if the path or the method is unknown."""
        return next((found for found in self._at(raw_path) if found.method == method), None)

    def allowed(self, raw_path: str) -> list[str]:
        """Return the methods that a path knows; empty for an unknown path."""
        return sorted({found.method for found in self._at(raw_path)})

    def _at(self, raw_path: str) -> list[Operation]:
        given = raw_path.split("/")
        return [
            operation
            for template, operation in self._by_length.get(len(given), [])
            if all(
                (have != "" if want.startswith("{") else want == have)
                for want, have in zip(template, given, strict=True)
            )
        ]
