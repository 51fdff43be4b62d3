"""``DELETE /jobs/{jobId}/jobads/{jobAdId}/postings``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.exceptions import NotFoundError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.publishing import UnpublishJobAdOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import JobAd, Tenant

NOTICE = "This is the default ad of the job: unpublishing it unpublishes all other ads of the job as well."


class TestUnpublishJobAd(UseCaseTests):
    operator = UnpublishJobAdOperator
    use_case = "delete_unpublish_job_ad"
    ids = ("job_id", "job_ad_id")
    method = "DELETE"
    operation = "jobs.jobads.postings.unpublish"
    path = "/jobs/{job_id}/jobads/{job_ad_id}/postings"
    status = 202
    reads = ("jobs.jobads.get",)
    reads_after = reads
    known: ClassVar = {"wait_timeout": (60, 600)}
    # The first read after the write shows it, so that the number of reads is known.
    company: ClassVar = {"publish_delay": 0}
    scope = "jobs_manage"
    read_scope = "jobs_read"
    missing = (404, "JOBAD_NOT_FOUND")
    details: ClassVar = {"posting_status": "NOT_PUBLISHED", "notice": NOTICE}
    details_unchanged: ClassVar = {"posting_status": "NOT_PUBLISHED"}
    details_planned: ClassVar = {"notice": NOTICE}
    details_unread: ClassVar = {
        "posting_status": "NOT_PUBLISHED",
        "notice": NOTICE.replace("This is", "If this is"),
    }
    refusals = (
        Refusal(
            "job that may be read only",
            401,
            PermissionDeniedError,
            ("administrator", "publish"),
            lambda state: {**asdict(state.read_only_job_ad), "read_first": False},
            code="ACCESS_FORBIDDEN",
        ),
        Refusal(
            "ad of another job",
            404,
            NotFoundError,
            ("job_id", "job_ad_id"),
            lambda state: {"job_ad_id": state.a_job_ad(published=False).job_ad_id},
            operation="jobs.jobads.get",
        ),
        Refusal(
            "ad of another job, not read first",
            404,
            NotFoundError,
            ("job_id", "job_ad_id"),
            lambda state: {"job_ad_id": state.a_job_ad(published=False).job_ad_id, "read_first": False},
            code="JOBAD_NOT_FOUND",
        ),
    )
    bad_inputs = (BadInput("a wait of no time", {"wait_timeout": 0}, ("wait_timeout",), ("10", "86,400")),)

    def arguments(self) -> dict[str, Any]:
        return asdict(self.state.a_job_ad())

    def other_arguments(self) -> dict[str, Any]:
        job_id = next(
            one
            for one in self.state.job_ids
            if self.state.job(one).default_ad.published and one != self.arguments()["job_id"]
        )
        return {"job_id": job_id, "job_ad_id": self.state.job(job_id).default_ad.id}

    def ad(self, arguments: dict[str, Any]) -> JobAd:
        return self.state.job(arguments["job_id"]).ads[arguments["job_ad_id"]]

    def expected(self, arguments: dict[str, Any]) -> Expected:
        return Expected(
            body=None,
            stored=(None, self.ad(arguments).visibility),
            diff=[{"field": "postingStatus", "before": "PUBLISHED", "after": "NOT_PUBLISHED"}],
            lines=["postingStatus: PUBLISHED -> NOT_PUBLISHED"],
            answer={"unpostingStatus": "PENDING"},
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        ad = self.ad(arguments)
        return ad.published, ad.visibility

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]].visibility = "INTERNAL"

    def test_another_ad_than_the_default_one_has_no_notice(self) -> None:
        arguments = asdict(self.state.a_job_ad(published=False, default=False))
        with self.state.editing() as tenant:
            ad = tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]]
            ad.published = ad.content.model_copy(deep=True)
        assert self.run(**arguments)["details"] == {"posting_status": "NOT_PUBLISHED"}
        assert self.ad(arguments).published is None
