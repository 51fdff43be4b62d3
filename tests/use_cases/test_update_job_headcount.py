"""``PATCH /jobs/{jobId}/headcount``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.emulator.tenant.state import Compensation, JobApproval
from airflow_provider_smartrecruiters.exceptions import BadRequestError, NotFoundError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.positions import UpdateJobHeadcountOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, named_as_missing, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant


class TestUpdateJobHeadcount(UseCaseTests):
    operator = UpdateJobHeadcountOperator
    use_case = "patch_update_job_headcount"
    ids = ("job_id",)
    method = "PATCH"
    operation = "jobs.headcount.update"
    path = "/jobs/{job_id}/headcount"
    status = 202
    reads = ("jobs.approvals.latest",)
    sends_also = ("jobs.approvals.latest",)
    company: ClassVar = {"approval_process": True}
    known: ClassVar = {"salary_min": (50_000, 1), "salary_max": (60_000.5, 10**9), "currency": ("EUR", "PLN")}
    known_body: ClassVar = {"salaryRange": {"min": 50_000, "max": 60_000.5, "currency": "EUR"}}
    details_unread: ClassVar = {"approval": "PENDING"}
    scope = "jobs_manage"
    read_scope = "jobs_read"
    missing = (401, "PERMISSION_DENIED")
    refusals = (
        Refusal(
            "company without an approval process",
            403,
            PermissionDeniedError,
            ("CreateJobPositionOperator", "UpdateJobPositionOperator"),
            lambda state: {"job_id": state.job_ids[0]},
            provoke=setting(approval_process=False),
            code="APPROVAL_PROCESS_NOT_ENABLED",
        ),
        Refusal(
            "approval process that cannot start",
            400,
            BadRequestError,
            ("approvals",),
            provoke=setting(approvals_cannot_start=True),
            code="CANNOT_START_APPROVAL_PROCESS",
        ),
        Refusal(
            "currency that is no code",
            400,
            BadRequestError,
            ("currency", "EUR"),
            lambda _: {"currency": "zloty"},
            code="INVALID_SALARY_RANGE",
        ),
        Refusal(
            "job that may be read only",
            401,
            PermissionDeniedError,
            ("administrator", "job_id"),
            lambda state: {"job_id": state.read_only_job_id},
            code="PERMISSION_DENIED",
        ),
        Refusal(
            "unknown job",
            401,
            PermissionDeniedError,
            ("job_id", "reference number"),
            lambda _: {"job_id": "REF100W"},
            operation="jobs.approvals.latest",
        ),
        Refusal(
            "job that is not there, as other parts of the API answer",
            404,
            NotFoundError,
            ("job_id", "reference number"),
            provoke=named_as_missing,
        ),
    )
    bad_inputs = (
        BadInput("a range upside down", {"salary_min": 70_000}, ("salary_min", "salary_max"), ("above",)),
        BadInput("a negative salary", {"salary_min": -1}, ("salary_min",)),
        BadInput("a salary in words", {"salary_max": "plenty"}, ("salary_max",), ("a number",)),
        BadInput("no currency", {"currency": ""}, ("currency",), ("empty",)),
    )

    def arguments(self) -> dict[str, Any]:
        # Its positions need an approval in every company, so that other use cases can have theirs without one.
        job_id = next(one for one in self.state.job_ids if self.state.job(one).approval_process)
        return {"job_id": job_id, "salary_min": 50_000, "salary_max": 60_000.5, "currency": "EUR"}

    def other_arguments(self) -> dict[str, Any]:
        return {**self.arguments(), "job_id": self.state.job_ids[1], "currency": "PLN"}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        wanted = {name: arguments[f"salary_{name}"] for name in ("min", "max")} | {"currency": arguments["currency"]}
        return Expected(
            body={"salaryRange": wanted},
            stored=Compensation(**wanted),
            diff=[{"field": f"salaryRange.{name}", "before": None, "after": value} for name, value in wanted.items()],
            lines=[f"salaryRange.{name}: (not set) -> {_written(value)}" for name, value in wanted.items()],
            answer={"status": "PENDING"},
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        approval = self.state.job(arguments["job_id"]).approval
        return approval and approval.salary_range

    def check_result(
        self, result: dict[str, Any], arguments: dict[str, Any], expected: Expected, **differently: Any
    ) -> None:
        if "details" not in differently or not differently["details"]:
            approval = self.state.job(arguments["job_id"]).approval
            there = {"approval_request_id": approval.id} if approval else {}
            differently = {**differently, "details": {"approval": "PENDING"} if result["applied"] else there}
        super().check_result(result, arguments, expected, **differently)

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        other = Compensation(min=1, max=2, currency="USD")
        tenant.jobs[arguments["job_id"]].approval = JobApproval(id="somebody-else-s", salary_range=other)

    def test_the_log_says_that_it_awaits_approval(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        self.run(**self.arguments())
        assert "It awaits approval there." in caplog.text

    def test_a_lost_answer_starts_one_approval(self) -> None:
        self.emulator.fail_next(self.operation, "reset_after")
        result = self.run(**self.arguments())
        assert result["details"]["confirmed_by_read"] is True
        assert len(self.emulator.journal) == 1


def _written(value: Any) -> str:
    return value if isinstance(value, str) else str(float(value))
