"""A change to the content of an ad publishes it again, if that is asked for and the ad is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api import (
    InvalidInputError,
    PermissionDeniedError,
    PublishJobAd,
    SmartRecruitersClient,
    UnexpectedResponseError,
    UpdateJobAd,
    UpdateJobAndJobAd,
    apply,
    plan,
)
from airflow_provider_smartrecruiters.api.publishing import Publishing
from airflow_provider_smartrecruiters.emulator.tenant import publishing
from airflow_provider_smartrecruiters.emulator.tenant.state import Publication
from tests.properties.cases import change_of
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import JobAd
    from tests.use_cases.use_case import UseCase

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)

KINDS = [change for change in catalogue.changes() if issubclass(change, Publishing)]
POST = "jobs.jobads.postings.create"


class Company:
    """A published ad, and the change of it that a use case declares."""

    def __init__(self, case: UseCase, emulator: SmartRecruitersEmulator) -> None:
        self.case, self.emulator = case, emulator
        self.arguments = case.arguments()
        self.settings(publish_delay=0)

    def settings(self, **settings: Any) -> None:
        with self.emulator.state.editing() as tenant:
            tenant.settings = tenant.settings.changed(settings)

    def change(self, **options: Any) -> Change:
        return change_of(self.case, {**self.arguments, "publish": "if_published", **options})

    def edit(self, edit: Callable[[JobAd], object]) -> None:
        with self.emulator.state.editing() as tenant:
            job = tenant.jobs[self.arguments["job_id"]]
            edit(job.ads[self.arguments.get("job_ad_id", job.default_ad.id)])

    def ad(self) -> JobAd:
        found: list[JobAd] = []
        self.edit(found.append)
        return found[0]

    def shows(self) -> bool:
        """Return whether the ad shows as it is now."""
        return self.ad().published == self.ad().content

    def writes(self) -> list[str | None]:
        return [entry.operation_id for entry in self.emulator.journal.writes()]

    def after_the_write(self, edit: Callable[[JobAd], object]) -> None:
        """Let somebody do something to the ad once the first write was answered."""

        async def intercept(call: Any, proceed: Any) -> Any:
            answer = await proceed()
            if call.operation is not None and call.operation.writes and not done:
                done.append(True)
                self.edit(edit)
            return answer

        done: list[bool] = []
        self.emulator.emulator.interceptors.append(intercept)


@pytest.fixture(params=KINDS, ids=lambda change: change.__name__)
def company(request: pytest.FixtureRequest, smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Any) -> Any:
    case = catalogue.prepared(catalogue.declaration(request.param), smartrecruiters_emulator, tmp_path)
    yield Company(case, smartrecruiters_emulator)
    smartrecruiters_emulator.emulator.interceptors.clear()


def test_every_change_of_an_ad_can_publish_it() -> None:
    assert {change.__name__ for change in KINDS} == {"UpdateJobAd", "UpdateJobAndJobAd"}


def test_a_published_ad_is_published_again_once(company: Company, client: SmartRecruitersClient) -> None:
    planned = plan(client, company.change())
    assert planned.diffs[-1].as_dict() == {"field": "latestEdit", "before": "NOT_PUBLISHED", "after": "PUBLISHED"}
    assert company.writes() == []
    result = apply(client, company.change(aggregators=False), expect=planned.fingerprint)
    assert (result.changed, result.applied, result.diffs) == (True, True, planned.diffs)
    assert result.details["posting_status"] == "PUBLISHED"
    assert result.details["needs_publishing"] is False
    assert company.shows()
    assert company.writes() == [company.case.operation, POST]
    assert company.emulator.journal[-1].body == {"aggregators": False, "visibility": "PUBLIC"}
    again = apply(client, company.change(), expect=planned.fingerprint)
    assert (again.changed, again.applied, again.details["posting_status"]) == (False, False, "PUBLISHED")
    assert len(company.writes()) == 2


def test_what_was_killed_before_the_publication_is_completed_by_the_next_run(
    company: Company, client: SmartRecruitersClient
) -> None:
    company.emulator.fail_next(POST, status=403, body={"errors": [{"code": "JOB_NOT_POSTED"}]})
    with pytest.raises(PermissionDeniedError, match="was changed before that") as caught:
        apply(client, company.change())
    assert (caught.value.use_case, caught.value.may_have_been_applied) == (company.case.use_case, True)
    assert "default ad first" in caught.value.hint
    assert company.writes() == [company.case.operation]
    assert not company.shows()
    result = apply(client, company.change())
    assert ([item.name for item in result.diffs], result.applied) == (["latestEdit"], True)
    assert company.writes() == [company.case.operation, POST]
    assert company.shows()


def test_an_ad_that_is_not_published_stays_so(company: Company, client: SmartRecruitersClient) -> None:
    company.edit(lambda ad: publishing.unpublish(ad, 0))
    result = apply(client, company.change())
    if isinstance(company.change(), UpdateJobAd):
        (said,) = company.change().remarks(result.details)
        assert said.startswith("The ad is not published, so applicants do not see the change.")
    assert result.details["posting_status"] == "NOT_PUBLISHED"
    assert company.writes() == [company.case.operation]
    assert company.ad().published is None


def test_an_ad_that_is_unpublished_at_the_same_time_stays_so(company: Company, client: SmartRecruitersClient) -> None:
    company.after_the_write(lambda ad: publishing.unpublish(ad, 0))
    assert apply(client, company.change()).applied
    assert company.writes() == [company.case.operation]
    assert company.ad().published is None


def test_an_earlier_publication_that_ends_after_the_edit_does_not_count(
    company: Company, client: SmartRecruitersClient
) -> None:
    # It does not have the edit, although it is newer.
    late = Publication(source_name="Career Page", type="CAREER_PAGE", published_on="2100-01-01T00:00:00.000Z")
    company.after_the_write(lambda ad: ad.publications.append(late))
    result = apply(client, company.change(wait_for_completion=False))
    assert company.writes() == [company.case.operation, POST]
    assert company.shows()
    assert (result.details["posting_status"], result.details["needs_publishing"]) == ("PENDING", False)


@pytest.mark.slow
def test_a_lost_answer_is_not_sent_again(company: Company, client: SmartRecruitersClient) -> None:
    company.settings(publish_delay=0.1)
    company.emulator.fail_next(POST, "reset_after")
    result = apply(client, company.change())
    assert (result.details["confirmed_by_read"], result.details["posting_status"]) == (True, "PUBLISHED")
    assert company.writes() == [company.case.operation, POST]


def test_an_ad_without_publications_is_published_once(company: Company, client: SmartRecruitersClient) -> None:
    """Without the times of publications, nothing but the response tells that the ad was published."""
    company.edit(lambda ad: ad.publications.clear())
    company.settings(publish_delay=3600)
    result = apply(client, company.change())
    assert company.writes() == [company.case.operation, POST]
    assert result.details["needs_publishing"] is False


def test_a_private_ad_does_not_become_public(company: Company, client: SmartRecruitersClient) -> None:
    def make_private(ad: JobAd) -> None:
        ad.visibility, ad.updated_on = "PRIVATE", "2100-01-01T00:00:00.000Z"

    company.edit(make_private)
    ad = company.ad()
    publication = PublishJobAd(job_id=company.arguments["job_id"], job_ad_id=ad.id)
    for run, change in ((plan, company.change()), (apply, company.change()), (apply, publication)):
        with pytest.raises(InvalidInputError, match="would make it public"):
            run(client, change)
    # Only the ad itself shows its visibility before the write.
    written = [] if company.case.use_case == "put_update_job_ad" else [company.case.operation]
    assert company.writes() == written
    assert company.ad().visibility == "PRIVATE"
    assert apply(client, publication.model_copy(update={"visibility": "INTERNAL"})).applied


def test_a_list_of_ads_that_is_none_is_not_a_job_without_ads(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    job_id = smartrecruiters_emulator.state.a_job_ad().job_id
    change = UpdateJobAndJobAd(job_id=job_id, job={"title": "New"}, publish="if_published")
    smartrecruiters_emulator.fail_next("jobs.jobads.all", status=200, body={"content": []}, times=None)
    with pytest.raises(UnexpectedResponseError, match="was changed before that") as caught:
        apply(client, change)
    assert caught.value.retryable
    smartrecruiters_emulator.clear_faults()
    smartrecruiters_emulator.fail_next("jobs.jobads.all", "empty_body")
    assert [item.name for item in apply(client, change).diffs] == ["latestEdit"]


def test_a_replacement_that_publishes_is_read_first(client: SmartRecruitersClient) -> None:
    job = {
        "title": "New",
        "location": {"countryCode": "de", "city": "Berlin"},
        **{name: {"id": "x"} for name in ("industry", "function", "experienceLevel")},
    }
    change = UpdateJobAndJobAd(job_id="any", job=job, replace=True, publish="if_published")
    with pytest.raises(InvalidInputError, match="what is published must be read"):
        apply(client, change, read_first=False)
