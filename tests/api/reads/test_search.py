"""Searches find exactly the records that match, each once, and send no more than that takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_smartrecruiters.api import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    SearchApplications,
    SearchJobAds,
    SearchJobPositions,
    SearchJobs,
    search,
)
from airflow_provider_smartrecruiters.api.reads.search import search_pages
from tests.support.scripted_server import ScriptedServer, reply

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def pairs(found: Any) -> list[tuple[str, ...]]:
    """The items as tuples, in an order of their own: no order is promised."""
    return sorted(tuple(item.values()) for item in found)


def stored(emulator: SmartRecruitersEmulator, matches: Any) -> list[tuple[str, str]]:
    """The visible applications for which ``matches(candidate, application)`` holds, from the records themselves."""
    with emulator.state.editing() as tenant:
        return sorted(
            (candidate.id, one.job_id)
            for candidate in tenant.candidates.values()
            if candidate.access != "none"
            for one in map(tenant.applications.__getitem__, candidate.application_ids)
            if matches(candidate, one)
        )


@pytest.mark.slow
def test_applications_by_status_second_ones_included_and_each_once(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any
) -> None:
    smartrecruiters_emulator.configure(page_overlap=7)
    wanted = SearchApplications(statuses=["NEW", "OFFERED"])
    found = pairs(search(client, wanted))
    assert found == stored(smartrecruiters_emulator, lambda _, one: one.status in ("NEW", "OFFERED"))
    with smartrecruiters_emulator.state.editing() as tenant:
        second = [
            pair for pair in found if tenant.application(*pair).id != tenant.candidates[pair[0]].application_ids[0]
        ]
    assert second
    # Candidates one page after the other, and one read for each application whose status the list does not have.
    lists = [request for request in smartrecruiters_emulator.requests if request.path == "/candidates"]
    assert max(request.in_flight for request in lists) == 1 if hasattr(lists[0], "in_flight") else lists


def test_applications_to_some_jobs(smartrecruiters_emulator: SmartRecruitersEmulator, client: Any) -> None:
    jobs = sorted({ref.job_id for ref in smartrecruiters_emulator.state.applications()})[:5]
    wanted = SearchApplications(job_ids=[{"job_id": job} for job in jobs], statuses="IN_REVIEW")
    expected = stored(smartrecruiters_emulator, lambda _, one: one.status == "IN_REVIEW" and one.job_id in jobs)
    assert pairs(search(client, wanted)) == expected != []


def test_no_read_where_the_list_says_enough(smartrecruiters_emulator: SmartRecruitersEmulator, client: Any) -> None:
    everything = pairs(search(client, SearchApplications()))
    assert everything == stored(smartrecruiters_emulator, lambda *_: True)
    assert {request.path for request in smartrecruiters_emulator.requests} == {"/candidates"}


def test_candidates_instead_of_applications(smartrecruiters_emulator: SmartRecruitersEmulator, client: Any) -> None:
    found = list(search(client, SearchApplications(statuses="IN_REVIEW", one_per="candidate")))
    expected = {pair[0] for pair in stored(smartrecruiters_emulator, lambda _, one: one.status == "IN_REVIEW")}
    assert all(item.keys() == {"candidate_id"} for item in found)
    assert pairs(found) == sorted((one,) for one in expected)


def test_an_address_is_compared_exactly(smartrecruiters_emulator: SmartRecruitersEmulator, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        one, other = list(tenant.candidates.values())[:2]
        other.email = f"x{one.email}"
    found = pairs(search(client, SearchApplications(email_address=one.email.upper(), one_per="candidate")))
    assert found == [(one.id,)]


def test_not_updated_for_days_is_compared_with_the_beginning_of_the_search(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any
) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    wanted = SearchApplications(not_updated_for_days=60, statuses="NEW")
    found = pairs(item for page in search_pages(client, wanted, now=now) for item in page.items)
    expected = stored(
        smartrecruiters_emulator,
        lambda candidate, one: one.status == "NEW" and candidate.updated_on <= "2026-04-02T00:00:00.000Z",
    )
    assert found == expected != []
    assert len(found) < len(stored(smartrecruiters_emulator, lambda _, one: one.status == "NEW"))


@pytest.mark.slow
def test_a_source_is_compared_where_there_are_several_applications(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        several = next(one for one in tenant.candidates.values() if len(one.application_ids) > 1)
        application = tenant.applications[several.application_ids[1]]
        source = {"source_type_id": application.source_type_id, "source_id": application.source_id}
        if application.source_sub_type_id:
            source["source_sub_type_id"] = application.source_sub_type_id
        of_source = (application.source_type_id, application.source_id)
    wanted = SearchApplications(sources=source)
    expected = stored(smartrecruiters_emulator, lambda _, one: (one.source_type_id, one.source_id) == of_source)
    assert pairs(search(client, wanted)) == expected != []
    # Without the link that names the source, nobody knows which of several applications it belongs to.
    smartrecruiters_emulator.configure(source_links="none")
    with smartrecruiters_emulator.state.editing() as tenant:
        alone = [pair for pair in expected if len(tenant.candidates[pair[0]].application_ids) == 1]
    assert pairs(search(client, wanted)) == alone
    assert alone != expected
    assert "Left out: " in caplog.text


def test_all_filters_are_sent_and_lists_that_belong_together_are_of_equal_length(connect: Any) -> None:
    wanted = SearchApplications(
        job_ids="j1",
        statuses=["NEW"],
        sub_status="Screen",
        tags=["a b", "c"],
        q='"x y"',
        locations="Berlin",
        average_ratings=[4, 5],
        consent_statuses="ACQUIRED",
        onboarding_status="READY_TO_ONBOARD",
        sources=[
            {"source_type_id": "T", "source_id": "1"},
            {"source_type_id": "U", "source_id": "2", "source_sub_type_id": "S"},
        ],
        properties=PROPERTY,
        screening_answers={"question_category": "c", "question_field_id": "f", "question_field_value_id": "w"},
        updated_after="2026-01-31T09:00:00+01:00",
    )
    with ScriptedServer(reply(200, {"content": [], "totalFound": 0})) as server:
        assert list(search(connect(server.url), wanted)) == []
        (request,) = server.requests
    assert parse_qs(urlsplit(request.target).query, keep_blank_values=True) == {
        "limit": ["100"],
        "jobId": ["j1"],
        "status": ["NEW"],
        "subStatus": ["Screen"],
        "tag": ["a b", "c"],
        "q": ['"x y"'],
        "location": ["Berlin"],
        "averageRating": ["4", "5"],
        "consentStatus": ["ACQUIRED"],
        "onboardingStatus": ["READY_TO_ONBOARD"],
        "sourceType": ["T", "U"],
        "sourceValueId": ["1", "2"],
        "sourceSubType": ["", "S"],
        "propertyId": ["p"],
        "propertyValueId": ["v"],
        "questionCategory": ["c"],
        "questionFieldId": ["f"],
        "questionFieldValueId": ["w"],
        "updatedAfter": ["2026-01-31T08:00:00.000Z"],
    }


def entry(primary: str, *others: str) -> dict[str, Any]:
    """An entry of the list: a candidate with applications to these jobs."""
    secondary = [{"job": {"id": job}} for job in others]
    return {
        "id": "c1",
        "primaryAssignment": {"status": "NEW", "job": {"id": primary}},
        "secondaryAssignments": secondary,
    }


PROPERTY = {"property_id": "p", "property_value_id": "v"}


@pytest.mark.parametrize(
    ("wanted", "record", "reads"),
    [
        # No read answers this filter, and it may be about either application.
        ({"properties": PROPERTY}, entry("j1", "j2"), [reply(200, {"status": "NEW"})] * 2),
        ({"statuses": "HIRED"}, entry("j1", "j2"), [reply(403, {"message": "no"})]),
        ({"statuses": "NEW", "job_ids": "j9"}, entry("j1"), []),
        ({"updated_before": "2026-01-01"}, entry("j1"), []),
    ],
)
def test_what_is_not_known_is_left_out_and_counted(connect: Any, wanted: Any, record: Any, reads: Any) -> None:
    script = [reply(200, {"content": [record], "totalFound": 1}), *reads]
    with ScriptedServer(*script) as server:
        (page,) = search_pages(connect(server.url), SearchApplications(**wanted))
    assert (page.items, page.undecided, page.read) == ([], 1, 1)


def test_an_application_that_is_gone_is_no_match(connect: Any) -> None:
    script = [reply(200, {"content": [entry("j1", "j2")], "totalFound": 1}), reply(404, {"message": "no"})]
    with ScriptedServer(*script) as server:
        (page,) = search_pages(connect(server.url), SearchApplications(statuses="NEW"))
    assert (page.items, page.undecided) == ([{"candidate_id": "c1", "job_id": "j1"}], 0)


def test_jobs_are_compared_with_the_statuses_although_they_were_asked_for(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any, connect: Any
) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        expected = [
            (job.id,) for job in tenant.jobs.values() if job.status in ("FILLED", "ON_HOLD") and job.access != "none"
        ]
    assert pairs(search(client, SearchJobs(statuses=["FILLED", "ON_HOLD"]))) == sorted(expected) != []
    jobs = [{"id": "1", "status": "FILLED"}, {"id": "2", "status": "SOURCING"}]
    with ScriptedServer(reply(200, {"content": jobs, "totalFound": 2})) as server:
        assert pairs(search(connect(server.url), SearchJobs(statuses="FILLED"))) == [("1",)]


def test_ads_and_positions_of_the_jobs_that_a_search_found(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any
) -> None:
    jobs = list(search(client, SearchJobs(statuses="SOURCING")))
    with smartrecruiters_emulator.state.editing() as tenant:
        of = [tenant.jobs[job["job_id"]] for job in jobs]
        ads = sorted((job.id, ad.id) for job in of for ad in job.ads.values() if not ad.default)
        positions = sorted(
            (job.id, one.id) for job in of for one in job.positions.values() if one.type == "REPLACEMENT"
        )
    assert pairs(search(client, SearchJobAds(job_ids=jobs, default=False))) == ads != []
    assert pairs(search(client, SearchJobPositions(job_ids=jobs, types="REPLACEMENT"))) == positions != []


def test_a_job_that_does_not_exist_is_named(client: Any) -> None:
    with pytest.raises((NotFoundError, PermissionDeniedError)) as caught:
        list(search(client, SearchJobAds(job_ids=["no-such-job"])))
    assert caught.value.target == {"job_id": "no-such-job"}
    assert str(caught.value).startswith("Could not read the list of job ads: ")


def test_the_company_does_not_use_the_filter(client: Any) -> None:
    with pytest.raises(BadRequestError, match="Leave out onboarding_status: the company does not use it"):
        list(search(client, SearchApplications(onboarding_status="ONBOARDING_FAILED")))


def filters() -> list[tuple[Any, str]]:
    kinds = (SearchApplications, SearchJobs, SearchJobAds, SearchJobPositions)
    return [(kind, name) for kind in kinds for name in kind.model_fields]


def test_a_list_without_values_finds_nothing_and_is_not_asked_for(connect: Any) -> None:
    """Such as the jobs that another task did not find. That all match would be the opposite."""
    lists = [(kind, name) for kind, name in filters() if takes_several(kind, name)]
    assert {name for _, name in lists} >= {"job_ids", "statuses", "tags", "sources", "types", "languages"}
    with ScriptedServer() as server:
        for kind, name in lists:
            for empty in ([], (), set()):
                given = {"job_ids": "j", name: empty} if "job_ids" in kind.model_fields else {name: empty}
                assert list(search(connect(server.url), kind(**given))) == [], name
        assert server.requests == []


def takes_several(kind: Any, name: str) -> bool:
    return "tuple" in str(kind.model_fields[name].annotation)


@pytest.mark.parametrize("value", ["", "  ", "None", [], ["", "x"]], ids=json.dumps)
def test_a_filter_that_a_template_rendered_to_nothing_is_refused(value: Any) -> None:
    """Without it, the search would find more than was asked for, and what it finds is written to."""
    for kind, name in filters():
        if value == [] and takes_several(kind, name):
            continue
        with pytest.raises(InvalidInputError) as caught:
            kind(**{"job_ids": "j", name: value})
        assert any(field.startswith(name) for field in caught.value.fields), (kind.__name__, name)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"statuses": "In review"}, r"statuses\[0\] is 'In review' \(did you mean IN_REVIEW\?\)"),
        ({"sub_status": "Screen"}, "give the status that the step belongs to"),
        ({"q": "jane@example.com"}, "give the address as email_address, or put it in quotation marks"),
        ({"q": "x", "email_address": "jane@example.com"}, "q and email_address exclude each other"),
        ({"email_address": "jane"}, "email_address is no e-mail address"),
        ({"sources": [{"source_type_id": "REFERRAL"}]}, r"sources\[0\].source_id is missing"),
        ({"properties": [{"property_id": "a"}]}, r"properties\[0\].property_value_id is missing"),
        ({"not_updated_for_days": 0}, "must be greater than 0"),
        ({"not_updated_for_days": 5, "updated_before": "2026-01-01"}, "exclude each other"),
        ({"job_ids": [{"id": "x"}]}, r"job_ids\[0\] is a mapping without job_id"),
        ({"average_ratings": [9]}, "must be at most 5"),
    ],
)
def test_filters_that_cannot_be_sent(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        SearchApplications(**arguments)
    assert "jane" not in str(caught.value)
