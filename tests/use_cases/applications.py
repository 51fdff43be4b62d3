"""Shared parts of the two use cases that set the status of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import BadRequestError, NotFoundError, PermissionDeniedError
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import Refusal, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import ApplicationRef, KnownRecords
    from airflow_provider_smartrecruiters.emulator.tenant.state import Application, Tenant

BLINDLY = {"read_first": False, "protect_hired": False}
"""Arguments with which nothing is read before the write."""

DIFF = {"status": "status", "subStatus": "sub_status", "startsOn": "starts_on", "reason": "reason_id"}


def ids(application: ApplicationRef) -> dict[str, Any]:
    return {"candidate_id": application.candidate_id, "job_id": application.job_id}


def not_assigned(state: KnownRecords) -> dict[str, Any]:
    return {"job_id": state.job_without(state.an_application().candidate_id)}


def bad_request(name: str, arguments: dict[str, Any], **kwargs: Any) -> Refusal:
    """Return a refusal of values without a code. Its hint has to name everything that may be wrong with them."""
    return Refusal(name, 400, BadRequestError, ("reason_id", "sub_status"), lambda _: arguments, **kwargs)


def coded(code: str, name: str, says: tuple[str, ...], arguments: dict[str, Any], **kwargs: Any) -> Refusal:
    """Return a refusal of values with a code, whose hint says what to do about it."""
    return Refusal(name, 400, BadRequestError, says, lambda _: arguments, code=code, **kwargs)


def step_omitted(status: str, arguments: dict[str, Any]) -> Refusal:
    """Return the refusal of a status that a required step comes before."""
    return coded(
        "REQUIRED_SUB_STATUS_OMITTED",
        "a required step left out",
        ("required step first", "sub_status"),
        arguments,
        provoke=setting(required_sub_statuses={status: ["Reference check"]}),
    )


REFUSALS = (
    Refusal(
        "candidate that may be read only",
        403,
        PermissionDeniedError,
        ("administrator", "candidates_manage", "candidates_create"),
        lambda state: ids(state.read_only_application),
        code="PERMISSION_DENIED",
    ),
    Refusal(
        "candidate out of reach, written without reading",
        401,
        PermissionDeniedError,
        ("candidate_id", "administrator", "does not exist"),
        lambda state: {**ids(state.restricted_application), **BLINDLY},
    ),
    Refusal(
        "unknown candidate, written without reading",
        401,
        PermissionDeniedError,
        ("candidate_id", "administrator", "does not exist"),
        lambda _: {"candidate_id": "unknown", **BLINDLY},
    ),
    Refusal(
        "candidate out of reach",
        403,
        PermissionDeniedError,
        ("administrator", "candidates_read"),
        lambda state: ids(state.restricted_application),
        operation="candidates.getApplication",
    ),
    Refusal(
        "unknown candidate",
        404,
        NotFoundError,
        ("candidate_id", "job_id"),
        lambda _: {"candidate_id": "unknown"},
        operation="candidates.getApplication",
    ),
    Refusal(
        "candidate of another job",
        404,
        NotFoundError,
        ("candidate_id", "job_id", "no application"),
        not_assigned,
        operation="candidates.getApplication",
    ),
    Refusal(
        "candidate of another job, written without reading",
        404,
        NotFoundError,
        ("candidate_id", "job_id", "no application"),
        lambda state: {**not_assigned(state), **BLINDLY},
    ),
)


class ApplicationStatusTests(UseCaseTests):
    """The tests that both inherit. A status without a sub-status clears the sub-status."""

    ids = ("candidate_id", "job_id")
    operation = "candidates.status.update"
    path = "/candidates/{candidate_id}/jobs/{job_id}/status"
    status = 204
    reads = ("candidates.getApplication",)
    missing = (401, None)
    moves = True
    scope = "candidates_manage"
    read_scope = "candidates_read"

    def body(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the body to expect."""
        raise NotImplementedError

    def expected(self, arguments: dict[str, Any]) -> Expected:
        body = self.body(arguments)
        before = dict(zip(DIFF, self.stored(arguments), strict=True))
        diff = [
            {"field": name, "before": before[name], "after": value}
            for name, value in body.items()
            if before[name] != value
        ]
        return Expected(
            body=body,
            stored=tuple(body.get(name) for name in DIFF),
            diff=diff,
            lines=[f"{item['field']}: {item['before'] or '(not set)'} -> {item['after']}" for item in diff],
        )

    def application(self, arguments: dict[str, Any]) -> Application:
        return self.state.application(arguments["candidate_id"], arguments["job_id"])

    def stored(self, arguments: dict[str, Any]) -> Any:
        application = self.application(arguments)
        return tuple(getattr(application, name) for name in DIFF.values())

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.candidates[arguments["candidate_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        application = tenant.application(arguments["candidate_id"], arguments["job_id"])
        assert application is not None
        application.status, application.sub_status = "NEW", None
