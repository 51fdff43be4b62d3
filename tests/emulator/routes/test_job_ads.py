"""Job ads: replaced at once, shown outside only after publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.conftest import wait_for

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

NEW = {"title": "New title", "jobAd": {"jobDescription": {"title": "What you do", "text": "<p>Climb.</p>"}}}


def outside(api: Api, job_id: str) -> list[str]:
    return [ad["title"] for ad in api.get(f"/__emulator__/published/{job_id}").json()]


def test_put_replaces_what_is_saved_and_nothing_outside(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    ad = smartrecruiters_emulator.state.a_job_ad(published=True)
    path = f"/jobs/{ad.job_id}/jobads/{ad.job_ad_id}"
    before = api.get(path).json()
    assert set(before["jobAd"]) > {"jobDescription", "videos"}

    answer = api.put(path, json=NEW)
    after = api.get(path).json()
    assert (answer.status_code, answer.json()) == (200, after)
    assert (after["title"], after["jobAd"]) == ("New title", NEW["jobAd"])
    assert "location" not in after
    assert after["postingStatus"] == "PUBLISHED"
    assert outside(api, ad.job_id) == [before["title"]]
    # The default ad is the job's own.
    assert api.get(f"/jobs/{ad.job_id}").json()["jobAd"]["sections"] == NEW["jobAd"]


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, publish_delay=3.0)
def test_publishing_is_asynchronous_and_shows_what_was_saved_then(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    ad = smartrecruiters_emulator.state.a_job_ad(published=True)
    path = f"/jobs/{ad.job_id}/jobads/{ad.job_ad_id}"
    old = api.get(path).json()["title"]
    api.put(path, json=NEW)
    answer = api.post(path + "/postings", json={})
    assert (answer.status_code, answer.json()) == (202, {"postingStatus": "PENDING"})
    assert outside(api, ad.job_id) == [old]
    api.put(path, json={"title": "Later title"})
    wait_for(lambda: outside(api, ad.job_id) == ["New title"])
    shown = smartrecruiters_emulator.state.published(ad.job_id, ad.job_ad_id)
    assert shown is not None
    assert shown.title == "New title"

    active = api.get(path + "/postings").json()["content"]
    assert {one["type"] for one in active} == {"CAREER_PAGE", "AGGREGATOR"}
    ended = api.get(path + "/postings", params={"activeOnly": "false"}).json()["content"]
    assert len(ended) > len(active)
    assert any("unpublishedOn" in one for one in ended)


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, publish_delay=0)
def test_publication_of_a_job(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    ad = smartrecruiters_emulator.state.a_job_ad(published=False)
    path = f"/jobs/{ad.job_id}"
    assert api.get(path).json()["postingStatus"] == "NOT_PUBLISHED"
    answer = api.post(path + "/publication", json={"visibility": "INTERNAL"})
    assert (answer.status_code, answer.content) == (204, b"")
    wait_for(lambda: api.get(path).json()["postingStatus"] == "INTERNAL")
    assert [one["type"] for one in api.get(path + "/publication").json()["content"]] == ["EMPLOYEE_PORTAL"]
    assert api.delete(path + "/publication").status_code == 204
    wait_for(lambda: api.get(path).json()["postingStatus"] == "NOT_PUBLISHED")
    assert api.get(path + "/publication").json()["content"] == []


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, publish_delay=0)
def test_the_default_ad_takes_the_others_down(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    other = smartrecruiters_emulator.state.a_job_ad(published=False, default=False)
    ads = api.get(f"/jobs/{other.job_id}/jobads").json()
    default = next(ad["id"] for ad in ads if ad["default"])
    for ad_id in (default, other.job_ad_id):
        api.post(f"/jobs/{other.job_id}/jobads/{ad_id}/postings", json={"aggregators": False})
    wait_for(lambda: len(outside(api, other.job_id)) == 2)
    answer = api.delete(f"/jobs/{other.job_id}/jobads/{default}/postings")
    assert (answer.status_code, answer.json()) == (202, {"unpostingStatus": "PENDING"})
    wait_for(lambda: outside(api, other.job_id) == [])


def test_denied_and_unknown_ads(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    denied = smartrecruiters_emulator.state.read_only_job_ad
    path = f"/jobs/{denied.job_id}/jobads/{denied.job_ad_id}"
    assert api.get(path).status_code == 200
    assert api.put(path, json=NEW).status_code == 404
    answer = api.post(path + "/postings", json={})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "ACCESS_FORBIDDEN")
    other_job = smartrecruiters_emulator.state.job_ids[0]
    assert api.put(f"/jobs/{other_job}/jobads/{denied.job_ad_id}", json=NEW).status_code == 404


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, ads_per_job=3)
def test_a_job_has_a_limited_number_of_ads(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    job_id = smartrecruiters_emulator.state.a_job_ad(default=False, published=False).job_id
    made = api.post(f"/jobs/{job_id}/jobads", json=NEW)
    assert (made.status_code, made.json()["postingStatus"]) == (200, "NOT_PUBLISHED")
    assert api.get(f"/jobs/{job_id}/jobads/{made.json()['id']}").json() == made.json()
    answer = api.post(f"/jobs/{job_id}/jobads", json=NEW)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "JOB_AD_LIMIT_REACHED")
    assert len(smartrecruiters_emulator.state.job(job_id).ads) == 3


def test_a_company_publishes_a_limited_number_of_ads(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    state = smartrecruiters_emulator.state
    new, old = state.a_job_ad(published=False), state.a_job_ad()
    with state.editing() as tenant:
        published = sum(ad.published is not None for job in tenant.jobs.values() for ad in job.ads.values())
        tenant.settings.published_ad_limit = published
    path = f"/jobs/{new.job_id}/jobads/{new.job_ad_id}/postings"
    for address in (path, f"/jobs/{new.job_id}/publication"):
        answer = api.post(address, json={})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "PUBLISHED_JOB_AD_LIMIT_REACHED")
    # One that is published already takes no further place, and one that is on its way out leaves its own.
    assert api.post(f"/jobs/{old.job_id}/jobads/{old.job_ad_id}/postings", json={}).status_code == 202
    assert api.delete(f"/jobs/{old.job_id}/jobads/{old.job_ad_id}/postings").status_code == 202
    assert api.post(path, json={}).status_code == 202


def test_the_default_ad_is_published_first(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    with state.editing() as tenant:
        job = next(job for job in tenant.jobs.values() if len(job.ads) == 2 and not job.default_ad.published)
        default, other = job.default_ad.id, next(ad.id for ad in job.ads.values() if not ad.default)
    answer = api.post(f"/jobs/{job.id}/jobads/{other}/postings", json={})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "JOB_NOT_POSTED")
    api.post(f"/jobs/{job.id}/jobads/{default}/postings", json={})
    wait_for(lambda: len(outside(api, job.id)) == 1)
    assert api.post(f"/jobs/{job.id}/jobads/{other}/postings", json={}).status_code == 202


@pytest.mark.off_contract("request", "response")
@pytest.mark.parametrize("body", [{"title": ""}, {"jobAd": {}}, {"title": "x", "language": {"code": "pt-PT"}}])
def test_an_ad_of_another_shape_is_refused(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, body: dict[str, Any]
) -> None:
    ad = smartrecruiters_emulator.state.a_job_ad()
    assert api.put(f"/jobs/{ad.job_id}/jobads/{ad.job_ad_id}", json=body).status_code == 400
