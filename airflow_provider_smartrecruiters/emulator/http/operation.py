"""An operation of the API, declared once, and a call: one request for an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from airflow_provider_smartrecruiters.emulator.http.auth import NOBODY, Authenticator, Credential
from airflow_provider_smartrecruiters.emulator.http.multipart import Part
from airflow_provider_smartrecruiters.emulator.tenant.state import Store, Tenant

# Takes the call and the ids of the path, in the path's order; returns the body of a success, None for no body.
Handler = Callable[..., Any]
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    :param id: the contract's operationId
    :param method: in upper case
    :param path: the path template
    :param handler: does it, and raises :class:`.ApiError` to refuse it
    :param scope: the scope that a token must have; None for an operation without authentication
    :param status: of a success
    :param invalid: the status for a body of the wrong shape
    :param rate: a rate limit of its own, in requests a second; 0 for the general one
    :param rate_group: operations of the same group share ``rate``
    :param concurrent: a concurrency limit of its own; 0 for the general one
    """

    id: str
    method: str
    path: str
    handler: Handler
    scope: str | None
    status: int = 200
    invalid: int = 400
    rate: int = 0
    rate_group: str = ""
    concurrent: int = 0

    @property
    def writes(self) -> bool:
        """Whether it changes records. Fetching a token does not, so it stays out of the journal."""
        return self.method in WRITES and self.scope is not None


class Operations:
    """The operations of one part of the API, collected by decorators that are named after the methods."""

    def __init__(self) -> None:
        self.all: list[Operation] = []
        self.get = partial(self._add, "GET")
        self.post = partial(self._add, "POST")
        self.put = partial(self._add, "PUT")
        self.patch = partial(self._add, "PATCH")
        self.delete = partial(self._add, "DELETE")

    def _add(
        self, method: str, path: str, operation_id: str, scope: str | None, **options: Any
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.all.append(Operation(operation_id, method, path, handler, scope, **options))
            return handler

        return declare


@dataclass(slots=True)
class Call:
    """One request on its way through the emulator.

    :param operation: None if the path or the method is unknown
    :param ids: of the path, decoded, in the path's order
    :param raw_path: the path as received, still percent-encoded
    :param headers: names in lower case
    :param base_url: what links in the answer begin with: how the caller addressed the emulator, or its ``public_url``
    :param parts: of a multipart body; None if the body is not multipart or cannot be parsed
    :param applied: whether the handler succeeded and so wrote the records
    :param answer_headers: to add to the answer
    :param fault: the injected fault that hit the request
    """

    operation: Operation | None
    ids: tuple[str, ...]
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
    def invalid(self) -> int:
        """The status for a body of the wrong shape."""
        return self.operation.invalid if self.operation is not None else 400

    @property
    def tenant(self) -> Tenant:
        """The tenant; hold the store's lock while using it."""
        return self.store.tenant
