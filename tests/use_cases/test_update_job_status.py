"""``PUT /jobs/{jobId}/status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.exceptions import BadRequestError, NotFoundError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

STATUSES = ("CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD")
NOTICE = (
    "FILLED does not unpublish the job. To take it off the career sites, unpublish it in SmartRecruiters (or DELETE "
    "/jobs/{jobId}/publication)."
)


class TestUpdateJobStatus(UseCaseTests):
    operator = UpdateJobStatusOperator
    use_case = "put_update_job_status"
    ids = ("job_id",)
    operation = "jobs.status.update"
    path = "/jobs/{job_id}/status"
    status = 201
    reads = ("jobs.get",)
    details: ClassVar = {"posting_status": "PUBLIC", "notice": NOTICE}
    details_unread: ClassVar = {"posting_status": None, "notice": NOTICE}
    scope = "jobs_manage"
    read_scope = "jobs_read"
    refusals = (
        Refusal(
            "job that may be read only",
            403,
            PermissionDeniedError,
            ("administrator", "jobs_manage"),
            lambda state: {"job_id": state.read_only_job_id, "status": "ON_HOLD"},
        ),
        Refusal(
            "job out of reach",
            401,
            PermissionDeniedError,
            ("job_id", "administrator", "jobs_read"),
            lambda state: {"job_id": state.restricted_job_id},
            operation="jobs.get",
        ),
        Refusal(
            "unknown job",
            401,
            PermissionDeniedError,
            ("job_id", "reference number", "does not exist"),
            lambda _: {"job_id": "REF100W"},
            operation="jobs.get",
        ),
        Refusal(
            "unknown job, written without reading",
            404,
            NotFoundError,
            ("job_id", "reference number"),
            lambda _: {"job_id": "REF100W", "read_first": False},
        ),
    )
    bad_inputs = (
        BadInput("status of an application", {"status": "OFFERED"}, ("status",), STATUSES),
        BadInput("status in lower case", {"status": "filled"}, ("status",), STATUSES),
        BadInput("unrendered status", {"status": "None"}, ("status",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        return {"job_id": self.published_jobs()[0], "status": "FILLED"}

    def other_arguments(self) -> dict[str, Any]:
        return {"job_id": self.published_jobs()[1], "status": "ON_HOLD"}

    def published_jobs(self) -> list[str]:
        found = [job_id for job_id in self.state.job_ids if self.state.job(job_id).default_ad.published]
        return [job_id for job_id in found if self.stored({"job_id": job_id}) not in ("FILLED", "ON_HOLD")]

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before, after = self.stored(arguments), arguments["status"]
        return Expected(
            body={"status": after},
            stored=after,
            diff=[{"field": "status", "before": before, "after": after}],
            lines=[f"status: {before} -> {after}"],
            answer={"status": after},
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.state.job(arguments["job_id"]).status

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.jobs[arguments["job_id"]].status = "OFFER"

    @pytest.mark.parametrize("status", STATUSES)
    def test_every_status_can_be_set(self, status: str) -> None:
        arguments = {**self.arguments(), "status": status}
        assert self.run(**arguments)["changed"] is (status != "SOURCING")
        assert self.stored(arguments) == status

    @pytest.mark.parametrize("status", STATUSES)
    @pytest.mark.parametrize("plan_only", [True, False])
    def test_the_notice_that_the_job_stays_published(
        self, status: str, plan_only: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        arguments = {**self.arguments(), "status": status}
        with self.state.editing() as tenant:
            tenant.jobs[arguments["job_id"]].status = "CREATED" if status != "CREATED" else "SOURCING"
        caplog.set_level("INFO")
        result = self.run(**arguments, plan_only=plan_only)
        if status not in ("FILLED", "CANCELLED", "ON_HOLD"):
            assert (result["details"], "notice" in caplog.text) == ({}, False)
            return
        assert result["details"]["posting_status"] == "PUBLIC"
        assert f"{status} does not unpublish" in result["details"]["notice"]
        assert caplog.text.count(f"notice: {status} does not unpublish") == 1
        assert self.state.job(arguments["job_id"]).default_ad.published is not None

    @pytest.mark.parametrize("status", ["FILLED", "CANCELLED", "ON_HOLD"])
    def test_an_unpublished_job_has_no_notice(self, status: str) -> None:
        job_id = self.state.a_job_ad(published=False).job_id
        with self.state.editing() as tenant:
            tenant.jobs[job_id].status = "CREATED"
        assert self.run(job_id=job_id, status=status)["details"] == {}

    def test_a_status_that_exists_only_in_reads(self) -> None:
        arguments = self.arguments()
        with self.state.editing() as tenant:
            tenant.jobs[arguments["job_id"]].status = "OTHER"
        plan = self.run(**arguments, plan_only=True)
        assert plan["diff"] == [{"field": "status", "before": "OTHER", "after": "FILLED"}]
        assert "FILLED does not unpublish" in plan["details"]["notice"]
        assert "approval that is pending" in plan["details"]["notice"]
        assert "approval that is pending" in self.run(**{**arguments, "status": "OFFER"})["details"]["notice"]

    def test_a_notice_comes_before_the_write(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        self.emulator.fail_next("put job status", status=400)
        with pytest.raises(BadRequestError):
            self.run(**self.arguments())
        assert "notice: FILLED does not unpublish" in caplog.text
