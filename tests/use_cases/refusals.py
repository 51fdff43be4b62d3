"""The ways in which the API refuses a use case: how to provoke each, and the error to expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    SmartRecruitersError,
)

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.http.answer import Answer, Interceptor, Proceed
    from airflow_provider_smartrecruiters.emulator.http.operation import Call
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords
    from tests.support.violations import Side
    from tests.use_cases.use_case import UseCase

    Arguments = dict[str, Any]
    Provocation = Callable[["UseCase", Arguments], AbstractContextManager[None]]

TOKEN_OPERATION = "createAccessToken"


def nothing_else(_case: UseCase, _arguments: Arguments) -> AbstractContextManager[None]:
    """Provoke nothing: the arguments are enough."""
    return nullcontext()


@dataclass(frozen=True)
class Refusal:
    """
    One way in which the API refuses a use case.

    :param name: what is wrong, in words.
    :param status: HTTP status of the answer.
    :param error: the error that leaves the operator.
    :param says: words that its hint must contain.
    :param arguments: override the use case's own; called with the emulator's records.
    :param provoke: other conditions, set up for the time of the run.
    :param code: the API's error code.
    :param operation: id of the operation that is refused; None for the write.
    :param off_contract: sides that violate the contract on purpose: ``request``, ``response``.
    """

    name: str
    status: int
    error: type[SmartRecruitersError]
    says: tuple[str, ...]
    arguments: Callable[[KnownRecords], Arguments] = lambda _: {}
    provoke: Provocation = nothing_else
    code: str | None = None
    operation: str | None = None
    off_contract: tuple[Side, ...] = ()


@dataclass(frozen=True)
class BadInput:
    """
    Arguments that are refused before any request is sent.

    :param name: what is wrong, in words.
    :param arguments: override the use case's own.
    :param fields: the arguments that the error names.
    :param says: words that its message must contain.
    """

    name: str
    arguments: Arguments
    fields: tuple[str, ...]
    says: tuple[str, ...] = ()


def common_refusals(case: UseCase) -> list[Refusal]:
    """Return the refusals that every use case can run into."""
    first = case.reads[0] if case.reads else case.operation
    found = [
        Refusal("mistyped API key", 401, AuthenticationError, ("connection",), provoke=_wrong_key, operation=first),
        Refusal(
            "mistyped client secret",
            401,
            AuthenticationError,
            ("login (client id)", "password (client secret)", "connection"),
            provoke=_wrong_secret,
            code="invalid_client",
            operation=TOKEN_OPERATION,
        ),
        Refusal(
            "token without the scope to write",
            403,
            PermissionDeniedError,
            (case.scope,),
            provoke=_without_scope(case.scope),
            code="OAuthPermissionsException",
        ),
    ]
    if case.read_scope:
        found += [
            Refusal(
                "token without the scope to read",
                403,
                PermissionDeniedError,
                (case.read_scope,),
                provoke=_without_scope(case.read_scope),
                code="OAuthPermissionsException",
                operation=first,
            ),
            Refusal(
                "credential revoked between read and write",
                401,
                AuthenticationError,
                ("API key", "connection"),
                provoke=between_read_and_write(_revoke),
            ),
            Refusal(
                "record deleted between read and write",
                case.missing[0],
                NotFoundError if case.missing[0] == 404 else PermissionDeniedError,
                (case.ids[0],),
                provoke=between_read_and_write(_delete),
                code=case.missing[1],
            ),
        ]
    return found


@contextmanager
def _wrong_key(case: UseCase, _: Arguments) -> Iterator[None]:
    case.connect(password="DCRA1-mistyped")
    yield


@contextmanager
def _wrong_secret(case: UseCase, _: Arguments) -> Iterator[None]:
    case.connect(login=case.emulator.client_id, password="mistyped-secret")
    yield


def _without_scope(scope: str) -> Provocation:
    @contextmanager
    def provoke(case: UseCase, _: Arguments) -> Iterator[None]:
        case.emulator.config.client_scopes -= {scope}
        case.connect(oauth=True)
        yield

    return provoke


def _revoke(case: UseCase, _: Arguments) -> None:
    case.emulator.config.api_key = "another-key"


def _delete(case: UseCase, arguments: Arguments) -> None:
    with case.state.editing() as tenant:
        case.delete(tenant, arguments)


def with_oauth(case: UseCase, _: Arguments) -> AbstractContextManager[None]:
    """Use a connection with an OAuth client instead of an API key."""
    case.connect(oauth=True)
    return nullcontext()


def setting(**settings: Any) -> Provocation:
    """Provoke the refusal with settings of the company."""

    @contextmanager
    def provoke(case: UseCase, _: Arguments) -> Iterator[None]:
        with case.state.editing() as tenant:
            for name, value in settings.items():
                setattr(tenant.settings, name, value)
        yield

    return provoke


@contextmanager
def _intercepted(case: UseCase, intercept: Interceptor) -> Iterator[None]:
    interceptors = case.emulator.emulator.interceptors
    interceptors.append(intercept)
    try:
        yield
    finally:
        interceptors.remove(intercept)


def between_read_and_write(happen: Callable[[UseCase, Arguments], None]) -> Provocation:
    """Provoke the refusal with an event between the use case's last read and its write."""

    @contextmanager
    def provoke(case: UseCase, arguments: Arguments) -> Iterator[None]:
        async def intercept(call: Call, proceed: Proceed) -> Answer:
            answer = await proceed()
            if call.operation is not None and call.operation.id == case.reads[-1] and not happened:
                happened.append(True)
                happen(case, arguments)
            return answer

        happened: list[bool] = []
        with _intercepted(case, intercept):
            yield
        assert happened

    return provoke


def named_as_missing(case: UseCase, arguments: Arguments) -> AbstractContextManager[None]:
    """Provoke the refusal by deleting the record, of a company that answers 404 where no document has it."""

    def delete(case: UseCase, arguments: Arguments) -> None:
        with case.state.editing() as tenant:
            tenant.settings.missing_is_denied = False
            case.delete(tenant, arguments)

    return between_read_and_write(delete)(case, arguments)


def rewritten(old: bytes, new: bytes) -> Provocation:
    """Provoke the refusal with a proxy that rewrites the body of the write on its way."""

    @contextmanager
    def provoke(case: UseCase, _: Arguments) -> Iterator[None]:
        async def intercept(call: Call, proceed: Proceed) -> Answer:
            if call.operation is not None and call.operation.id == case.operation:
                assert old in call.body
                call.body = call.body.replace(old, new)
            return await proceed()

        with _intercepted(case, intercept):
            yield

    return provoke


def answered(status: int) -> Provocation:
    """
    Provoke the refusal by answering the write without a code.

    For refusals that no request of ours can cause, because the arguments are checked before they are sent.
    """

    @contextmanager
    def provoke(case: UseCase, _: Arguments) -> Iterator[None]:
        case.emulator.fail_next(case.operation, status=status, body={"message": "Validation failed", "errors": []})
        yield

    return provoke
