"""``POST /jobs/{jobId}/jobads/{jobAdId}/postings``."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    CompletionTimeoutError,
    NotFoundError,
    PermissionDeniedError,
)
from airflow_provider_smartrecruiters.operators.publishing import PublishJobAdOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.tenant.state import JobAd, Tenant


class TestPublishJobAd(UseCaseTests):
    operator = PublishJobAdOperator
    use_case = "post_publish_job_ad"
    ids = ("job_id", "job_ad_id")
    method = "POST"
    operation = "jobs.jobads.postings.create"
    path = "/jobs/{job_id}/jobads/{job_ad_id}/postings"
    status = 202
    reads = ("jobs.jobads.get",)
    reads_unchanged = ("jobs.jobads.get", "jobs.jobads.postings.all")
    reads_after = reads_unchanged
    known: ClassVar = {"wait_timeout": (60, 600)}
    # The first read after the write shows it, so that the number of reads is known.
    company: ClassVar = {"publish_delay": 0}
    scope = "jobs_manage"
    read_scope = "jobs_read"
    missing = (404, "JOBAD_NOT_FOUND")
    details: ClassVar = {"posting_status": "PUBLISHED"}
    details_planned: ClassVar = {}
    details_unread = details
    refusals = (
        Refusal(
            "default ad that is not published",
            403,
            PermissionDeniedError,
            ("default ad first", "GET /jobs/{jobId}/jobads"),
            lambda state: asdict(next(ad for ad in unpublished(state) if not ad_of(state, ad).default)),
            code="JOB_NOT_POSTED",
        ),
        Refusal(
            "company with as many published ads as it may have",
            400,
            BadRequestError,
            ("Unpublish another ad",),
            provoke=setting(published_ad_limit=1),
            code="PUBLISHED_JOB_AD_LIMIT_REACHED",
        ),
        Refusal(
            "job that may be read only",
            401,
            PermissionDeniedError,
            ("administrator", "publish"),
            lambda state: asdict(state.read_only_job_ad),
            code="ACCESS_FORBIDDEN",
        ),
        Refusal(
            "ad of another job",
            404,
            NotFoundError,
            ("job_id", "job_ad_id"),
            lambda state: {"job_ad_id": state.a_job_ad(default=False, published=False).job_ad_id},
            operation="jobs.jobads.get",
        ),
        Refusal(
            "ad of another job, not read first",
            404,
            NotFoundError,
            ("job_id", "job_ad_id"),
            lambda state: {"job_ad_id": state.a_job_ad(default=False, published=False).job_ad_id, "read_first": False},
            code="JOBAD_NOT_FOUND",
        ),
    )
    bad_inputs = (
        BadInput("an unknown visibility", {"visibility": "PRIVATE"}, ("visibility",), ("PUBLIC", "INTERNAL")),
        BadInput("a wait of no time", {"wait_timeout": 0}, ("wait_timeout",), ("10", "86,400")),
        BadInput("a wait that is no number", {"wait_timeout": "long"}, ("wait_timeout",), ("seconds",)),
        BadInput("aggregators that are neither", {"aggregators": "perhaps"}, ("aggregators",), ("true or false",)),
    )

    def arguments(self) -> dict[str, Any]:
        return {**asdict(self.state.a_job_ad(published=False)), "visibility": "INTERNAL", "aggregators": False}

    def other_arguments(self) -> dict[str, Any]:
        mine = self.arguments()["job_id"]
        other = next(ad for ad in unpublished(self.state) if ad_of(self.state, ad).default and ad.job_id != mine)
        return {**asdict(other), "visibility": "PUBLIC", "aggregators": True}

    def ad(self, arguments: dict[str, Any]) -> JobAd:
        return self.state.job(arguments["job_id"]).ads[arguments["job_ad_id"]]

    def expected(self, arguments: dict[str, Any]) -> Expected:
        visibility = arguments["visibility"]
        return Expected(
            body={"aggregators": arguments["aggregators"], "visibility": visibility},
            stored=(self.ad(arguments).content, visibility),
            diff=[
                {"field": "postingStatus", "before": "NOT_PUBLISHED", "after": "PUBLISHED"},
                {"field": "visibility", "before": None, "after": visibility},
            ],
            lines=["postingStatus: NOT_PUBLISHED -> PUBLISHED", f"visibility: (not set) -> {visibility}"],
            answer={"postingStatus": "PENDING"},
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        ad = self.ad(arguments)
        return ad.published, ad.visibility

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        ad = tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]]
        ad.published, ad.visibility = ad.content.model_copy(deep=True), "PUBLIC"

    def delayed(self, seconds: float) -> None:
        with self.state.editing() as tenant:
            tenant.settings.publish_delay = seconds

    def test_it_waits_until_the_ad_shows(self, caplog: pytest.LogCaptureFixture) -> None:
        self.delayed(0.3)
        caplog.set_level("INFO")
        arguments = self.arguments()
        assert self.run(**arguments)["details"] == {"posting_status": "PUBLISHED"}
        assert self.ad(arguments).published is not None
        assert "Waiting until it is done" in caplog.text

    def test_without_waiting_it_is_pending(self) -> None:
        self.delayed(3600)
        result = self.run(**self.arguments(), wait_for_completion=False)
        assert (result["changed"], result["details"]) == (True, {"posting_status": "PENDING"})
        assert self.operations() == [*self.reads, self.operation]

    def test_an_ad_that_never_shows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.delayed(3600)
        monkeypatch.setattr("airflow_provider_smartrecruiters.api.publishing.WAIT_TIMEOUTS", range(1, 10))
        with pytest.raises(CompletionTimeoutError, match="wait_timeout") as caught:
            self.run(**self.arguments(), wait_timeout=1)
        assert caught.value.retryable
        assert caught.value.may_have_been_applied
        assert len(self.emulator.journal) == 1

    @pytest.mark.slow
    def test_a_lost_answer_to_a_slow_publication_is_not_sent_again(self) -> None:
        self.delayed(0.7)
        self.emulator.fail_next(self.operation, "reset_after")
        result = self.run(**self.arguments())
        assert result["details"] == {"confirmed_by_read": True, "posting_status": "PUBLISHED"}
        assert len(self.emulator.journal) == 1

    def test_an_edited_ad_is_published_again_as_visible_as_it_was(self) -> None:
        arguments = self.arguments()
        self.run(**arguments)
        with self.state.editing() as tenant:
            ad = tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]]
            ad.content.title, ad.updated_on = "Edited", "2100-01-01T00:00:00.000Z"
        ids = {name: arguments[name] for name in self.ids}
        plan = self.run(**ids, plan_only=True)
        assert plan["diff"] == [{"field": "latestEdit", "before": "NOT_PUBLISHED", "after": "PUBLISHED"}]
        result = self.run(**ids, wait_for_completion=False)
        assert result["changed"] is True
        assert self.emulator.journal[-1].body == {"aggregators": True, "visibility": "INTERNAL"}
        published = self.ad(arguments).published
        assert published is not None
        assert published.title == "Edited"

    def test_the_wait_ends_if_somebody_has_published_it_otherwise_since(self) -> None:
        arguments = self.arguments()

        def meddle(case: Any, arguments: dict[str, Any]) -> None:
            with case.state.editing() as tenant:
                tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]].visibility = "PUBLIC"

        with after_the_write(self, arguments, meddle):
            assert self.run(**arguments)["details"] == {"posting_status": "PUBLISHED"}
        assert self.ad(arguments).visibility == "PUBLIC"

    def test_another_visibility_is_a_difference(self) -> None:
        arguments = self.arguments()
        self.run(**arguments)
        result = self.run(**{**arguments, "visibility": "PUBLIC"})
        assert result["diff"] == [{"field": "visibility", "before": "INTERNAL", "after": "PUBLIC"}]
        assert self.ad(arguments).visibility == "PUBLIC"


@contextmanager
def after_the_write(case: Any, arguments: dict[str, Any], happen: Any) -> Iterator[None]:
    async def intercept(call: Any, proceed: Any) -> Any:
        if case.emulator.journal and not happened:
            happened.append(True)
            happen(case, arguments)
        return await proceed()

    happened: list[bool] = []
    case.emulator.emulator.interceptors.append(intercept)
    yield
    case.emulator.emulator.interceptors.remove(intercept)
    assert happened


def unpublished(state: Any) -> list[Any]:
    found = []
    with state.editing() as tenant:
        jobs = [job for job in tenant.jobs.values() if job.access == "full" and job.default_ad.published is None]
    reference = type(state.a_job_ad())
    found = [reference(job.id, ad.id) for job in jobs for ad in job.ads.values()]
    return found


def ad_of(state: Any, reference: Any) -> JobAd:
    return state.job(reference.job_id).ads[reference.job_ad_id]  # type: ignore[no-any-return]
