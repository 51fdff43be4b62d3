"""Candidates, tags, applications and their status and source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


# Tags


def test_tags_replace_add_and_clear(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    path = f"/candidates/{smartrecruiters_emulator.state.candidate_ids[0]}/tags"
    assert api.put(path, json={"tags": ["a", "b", "a"]}).json() == {"tags": ["a", "b"]}
    assert api.post(path, json={"tags": ["b", "c"]}).json() == {"tags": ["a", "b", "c"]}
    assert api.get(path).json() == {"tags": ["a", "b", "c"]}
    assert api.put(path, json={"tags": []}).json() == {"tags": []}
    api.post(path, json={"tags": ["d"]})
    assert api.delete(path).status_code == 204
    assert api.get(path).json() == {"tags": []}


@pytest.mark.off_contract("request", "response")
@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"tags": null}', b'{"tags": "a"}', b'{"tags": [1]}', b"{}"])
def test_tags_of_another_shape_are_refused(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, body: bytes
) -> None:
    candidate_id = smartrecruiters_emulator.state.candidate_ids[0]
    before = smartrecruiters_emulator.state.candidate(candidate_id)
    answer = api.put(f"/candidates/{candidate_id}/tags", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Validation failed; ")
    assert answer.json()["errors"] == []
    assert smartrecruiters_emulator.state.candidate(candidate_id) == before
    assert smartrecruiters_emulator.journal.writes() == []


def test_restricted_candidates(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    read_only, restricted = state.read_only_candidate_id, state.restricted_candidate_id
    assert api.get(f"/candidates/{read_only}/tags").status_code == 200
    assert api.put(f"/candidates/{read_only}/tags", json={"tags": []}).status_code == 403
    assert api.get(f"/candidates/{read_only}").status_code == 200
    # A candidate that is not there is answered like one without access, where the document has no 404.
    for candidate_id in (restricted, "nobody"):
        assert api.get(f"/candidates/{candidate_id}").status_code == 401
        assert api.get(f"/candidates/{candidate_id}/tags").status_code == 403
        assert api.delete(f"/candidates/{candidate_id}/tags").status_code == 403


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, missing_is_denied=False)
def test_a_company_that_names_what_is_missing(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    assert api.get(f"/candidates/{state.restricted_candidate_id}").status_code == 401
    for path in ("/candidates/nobody", "/candidates/nobody/tags", "/jobs/none", "/jobs/none/note"):
        assert api.get(path).status_code == 404


@pytest.mark.off_contract("request", "response")
def test_tags_have_limits(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    path = f"/candidates/{smartrecruiters_emulator.state.candidate_ids[0]}/tags"
    most = ["x" * 50, *(str(number) for number in range(99))]
    assert api.put(path, json={"tags": most}).status_code == 201
    for tags in ([*most, "one more"], ["x" * 51]):
        assert api.put(path, json={"tags": tags}).status_code == 400
        assert api.post(path, json={"tags": tags}).status_code == 400
    assert api.get(path).json()["tags"] == most
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.settings.tags_per_call, tenant.settings.tag_length = 101, 150
    assert api.put(path, json={"tags": [*most, "x" * 150]}).status_code == 201


# Status


def test_status_replaces_and_adds_to_the_history(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    application = smartrecruiters_emulator.state.an_application("IN_REVIEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}"
    sub_status = smartrecruiters_emulator.state.sub_statuses(application.job_id, "OFFERED")[0]
    before = api.get(path + "/status/history").json()["totalFound"]

    body = {"status": "OFFERED", "subStatus": sub_status, "startsOn": "2026-12-01T02:00:00+02:00"}
    answer = api.put(path + "/status", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    shown = api.get(path).json()
    assert (shown["status"], shown["subStatus"], shown["startsOn"]) == (
        "OFFERED",
        sub_status,
        "2026-12-01T00:00:00.000Z",
    )
    assert shown["applicationId"] == application.application_id

    # Nothing makes a repetition silent: the history grows, and what is left out is cleared.
    assert api.put(path + "/status", json={"status": "OFFERED"}).status_code == 204
    shown = api.get(path).json()
    assert "subStatus" not in shown
    assert "startsOn" not in shown
    history = api.get(path + "/status/history").json()
    assert history["totalFound"] == before + 2
    assert history["content"][-2]["subStatus"] == sub_status
    assert api.get(f"/candidates/{application.candidate_id}/status/history").status_code == 200


@pytest.mark.off_contract
def test_unknown_properties_are_ignored(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    application = smartrecruiters_emulator.state.an_application("NEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}/status"
    assert api.put(path, json={"status": "LEAD", "colour": "blue"}).status_code == 204


def test_reasons_come_from_the_right_list(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    application = state.an_application("NEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}"
    rejection, withdrawal = next(iter(state.rejection_reasons)), next(iter(state.withdrawal_reasons))
    for body, code in (
        ({"status": "REJECTED", "reason": withdrawal}, "REASON_NOT_FOUND"),
        ({"status": "WITHDRAWN", "reason": rejection}, "REASON_NOT_FOUND"),
        ({"status": "REJECTED", "reason": ""}, "REASON_NOT_FOUND"),
        ({"status": "HIRED", "reason": rejection}, "NO_REASON_SUPPORT_FOR_STATUS"),
    ):
        answer = api.put(path + "/status", json=body)
        assert (answer.status_code, codes(answer)) == (400, [code]), body
    assert api.get(path).json()["status"] == "NEW"

    assert api.put(path + "/status", json={"status": "REJECTED", "reason": rejection}).status_code == 204
    assert api.get(path).json()["reasonOfRejection"] == {"id": rejection, "label": state.rejection_reasons[rejection]}
    assert api.put(path + "/status", json={"status": "WITHDRAWN", "reason": withdrawal}).status_code == 204
    shown = api.get(path).json()
    assert shown["reasonOfWithdrawal"]["id"] == withdrawal
    assert "reasonOfRejection" not in shown
    assert api.put(path + "/status", json={"status": "REJECTED"}).status_code == 204


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, require_rejection_reason=True)
def test_a_reason_is_demanded_if_the_company_says_so(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    application = smartrecruiters_emulator.state.an_application("NEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}"
    answer = api.put(path + "/status", json={"status": "REJECTED"})
    assert (answer.status_code, answer.json()) == (400, {"message": "Reason is required", "errors": []})
    assert api.put(path + "/status", json={"status": "WITHDRAWN"}).status_code == 204
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.settings.require_withdrawal_reason = True
    assert api.put(path + "/status", json={"status": "WITHDRAWN"}).status_code == 400


def test_sub_statuses_belong_to_the_status(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    application = state.an_application("NEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}/status"
    interview = state.sub_statuses(application.job_id, "INTERVIEW")[0]
    for body in (
        {"status": "IN_REVIEW", "subStatus": interview},
        {"status": "INTERVIEW", "subStatus": interview.upper()},
        {"status": "LEAD", "subStatus": interview},
    ):
        answer = api.put(path, json=body)
        assert (answer.status_code, codes(answer)) == (400, []), body
    rejected = state.sub_statuses(application.job_id, "REJECTED")[0]
    assert api.put(path, json={"status": "REJECTED", "subStatus": rejected}).status_code == 204


def test_a_required_step_comes_first(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    application = state.an_application("NEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}/status"
    step = state.sub_statuses(application.job_id, "IN_REVIEW")[0]
    with state.editing() as tenant:
        tenant.settings.required_sub_statuses = {"OFFERED": [step]}
    answer = api.put(path, json={"status": "OFFERED"})
    assert (answer.status_code, codes(answer)) == (400, ["REQUIRED_SUB_STATUS_OMITTED"])
    assert api.put(path, json={"status": "INTERVIEW"}).status_code == 204
    assert api.put(path, json={"status": "IN_REVIEW", "subStatus": step}).status_code == 204
    assert api.put(path, json={"status": "OFFERED"}).status_code == 204


@pytest.mark.off_contract
@pytest.mark.parametrize(
    "body",
    [
        None,
        {"status": "OFFER"},
        {"status": "rejected"},
        {"status": "HIRED", "startsOn": "2026-12-01"},
        {"status": "HIRED", "startsOn": "2026-12-01T00:00:00"},
        {"status": "HIRED", "startsOn": "2026-02-30T00:00:00Z"},
        {"status": "IN_REVIEW", "subStatus": None},
        {"subStatus": "Recruiter screen"},
    ],
)
def test_a_status_of_another_shape_is_refused(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, body: Any
) -> None:
    application = smartrecruiters_emulator.state.an_application("NEW")
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}"
    assert api.put(path + "/status", json=body).status_code == 400
    assert api.get(path).json()["status"] == "NEW"


def test_status_of_what_is_not_there_or_denied(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    candidate_id, job_id = state.candidate_ids[0], state.job_ids[0]
    other = state.job_without(candidate_id)
    body = {"status": "IN_REVIEW"}
    assert api.get(f"/candidates/nobody/jobs/{job_id}").status_code == 404
    assert api.put(f"/candidates/nobody/jobs/{job_id}/status", json=body).status_code == 401
    answer = api.put(f"/candidates/{candidate_id}/jobs/{other}/status", json=body)
    assert (answer.status_code, answer.json()["message"]) == (404, "Candidate is not assigned to given job")
    denied = state.read_only_application
    path = f"/candidates/{denied.candidate_id}/jobs/{denied.job_id}"
    assert api.get(path).status_code == 200
    answer = api.put(path + "/status", json=body)
    assert (answer.status_code, codes(answer)) == (403, ["PERMISSION_DENIED"])
    hidden = state.restricted_application
    path = f"/candidates/{hidden.candidate_id}/jobs/{hidden.job_id}"
    assert api.get(path).status_code == 403
    assert api.put(path + "/status", json=body).status_code == 401
    for of, status, code in (
        (path, 403, "NO_ACCESS_TO_CANDIDATE"),
        (f"/candidates/nobody/jobs/{job_id}", 404, "CANDIDATE_NOT_FOUND"),
        (f"/candidates/{candidate_id}/jobs/{other}", 404, "JOB_NOT_FOUND"),
    ):
        answer = api.get(of + "/status/history")
        assert (answer.status_code, codes(answer)) == (status, [code])


# Source


def test_source_shows_as_its_label_and_a_link(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    application = state.an_application()
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}"
    for source in (state.a_source(with_subtype=True), state.a_source(with_subtype=False)):
        body = {"sourceTypeId": source.source_type_id, "sourceId": source.source_id}
        if source.source_sub_type_id:
            body["sourceSubTypeId"] = source.source_sub_type_id
        assert api.put(path + "/source", json=body).status_code == 204
        shown = api.get(path)
        assert shown.json()["source"] == source.label
        link = shown.json()["actions"]["sourceDetails"]
        assert link["url"].endswith(f"/configuration/sources/{source.source_type_id}/values/{source.source_id}")
        linked = api.get(link["url"].removeprefix(smartrecruiters_emulator.url)).json()
        assert (linked["id"], linked["label"]) == (source.source_id, source.label)
        assert linked.get("sourceSubType") == ({"id": source.source_sub_type_id} if source.source_sub_type_id else None)
        assignment = api.get(f"/candidates/{application.candidate_id}").json()["primaryAssignment"]
        assert assignment["actions"]["sourceDetails"] == link
        stored = state.application(application.candidate_id, application.job_id)
        assert (stored.source_type_id, stored.source_sub_type_id, stored.source_id) == (
            source.source_type_id,
            source.source_sub_type_id,
            source.source_id,
        )


@pytest.mark.parametrize("links", ["values", "identifier", "none"])
@pytest.mark.parametrize("public_url", ["", "https://api.smartrecruiters.com/"])
def test_the_link_to_a_source_has_other_forms(
    links: Any, public_url: str, smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    smartrecruiters_emulator.configure(rate=0, concurrent=0, source_links=links, public_url=public_url)
    application = smartrecruiters_emulator.state.an_application()
    shown = api.get(f"/candidates/{application.candidate_id}/jobs/{application.job_id}").json()
    if links == "none":
        assert shown["actions"] == {}
        return
    with smartrecruiters_emulator.state.editing() as tenant:
        stored = tenant.applications[application.application_id]
        source = tenant.source_of(stored)
        assert source is not None
        path = f"{stored.source_type_id}/values/{source.id}" if links == "values" else source.identifier
    base = public_url.rstrip("/") or smartrecruiters_emulator.url
    assert shown["actions"]["sourceDetails"] == {"url": f"{base}/configuration/sources/{path}", "method": "GET"}
    assert shown["url"].startswith(f"{base}/candidates/")
    assert api.get(f"/configuration/sources/{path}").json()["label"] == shown["source"]


def test_ids_in_a_link_are_percent_encoded(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    application = smartrecruiters_emulator.state.an_application()
    with smartrecruiters_emulator.state.editing() as tenant:
        odd = tenant.source_types.pop("REFERRAL").model_copy(update={"id": "A/B ü"})
        odd.values[0].id = "50%?"
        tenant.source_types[odd.id] = odd
        stored = tenant.applications[application.application_id]
        stored.source_type_id, stored.source_sub_type_id, stored.source_id = odd.id, None, "50%?"
    shown = api.get(f"/candidates/{application.candidate_id}/jobs/{application.job_id}").json()
    path = shown["actions"]["sourceDetails"]["url"].removeprefix(smartrecruiters_emulator.url)
    assert path == "/configuration/sources/A%2FB%20%C3%BC/values/50%25%3F"
    assert api.get(path).json()["id"] == "50%?"


def test_source_errors(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    application = state.an_application()
    path = f"/candidates/{application.candidate_id}/jobs/{application.job_id}/source"
    source = state.a_source(with_subtype=True)
    with state.editing() as tenant:
        deleted = next(value.id for value in tenant.source_types["REFERRAL"].values if value.deleted)
    for body, code in (
        ({"sourceTypeId": "FAX", "sourceId": "1"}, "INVALID_SOURCE_TYPE"),
        ({"sourceTypeId": source.source_type_id, "sourceId": source.source_id}, "SUBTYPE_REQUIRED"),
        ({"sourceTypeId": "REFERRAL", "sourceId": "999999"}, "INVALID_SOURCE"),
        ({"sourceTypeId": "REFERRAL", "sourceId": deleted}, "INVALID_SOURCE"),
        (
            {"sourceTypeId": source.source_type_id, "sourceSubTypeId": "CUSTOM", "sourceId": source.source_id},
            "INVALID_SOURCE",
        ),
    ):
        answer = api.put(path, json=body)
        assert (answer.status_code, codes(answer)) == (400, [code]), body

    body = {"sourceTypeId": "REFERRAL", "sourceId": "1"}
    denied = state.read_only_application
    answer = api.put(f"/candidates/{denied.candidate_id}/jobs/{denied.job_id}/source", json=body)
    assert (answer.status_code, answer.json()["message"]) == (401, "Candidate access denied")
    other = state.job_without(application.candidate_id)
    answer = api.put(f"/candidates/{application.candidate_id}/jobs/{other}/source", json=body)
    assert (answer.status_code, answer.json()["message"]) == (404, "Candidate is not assigned to given job")
    assert smartrecruiters_emulator.journal.writes() == []


# Lists


def test_candidates_are_paged_by_cursor_and_link(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    seen, path = [], "/candidates?limit=100&location=Berlin&location=Paris"
    while path and len(seen) < 1000:
        answer = api.get(path)
        page = answer.json()
        seen += [candidate["id"] for candidate in page["content"]]
        following = answer.links.get("next", {}).get("url", "")
        assert ("nextPageId" in page) is bool(following)
        path = following.removeprefix(smartrecruiters_emulator.url)
    assert len(seen) == len(set(seen)) == page["totalFound"] > 100
    assert smartrecruiters_emulator.state.restricted_candidate_id not in seen


def test_an_entry_of_the_list_has_no_status_of_secondary_assignments(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    several = next(one for one in api.get("/candidates").json()["content"] if one["secondaryAssignments"])
    for other in several["secondaryAssignments"]:
        assert other.keys() == {"job"}
        assert other["job"].keys() == {"id", "actions"}
    primary = several["primaryAssignment"]
    whole = api.get(f"/candidates/{several['id']}").json()
    assert primary["status"] == whole["primaryAssignment"]["status"]
    assert "source" in whole["primaryAssignment"]
    assert primary.keys() <= {"job", "status", "subStatus"}


def test_a_candidate_has_no_more_than_a_hundred_tags(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    path = f"/candidates/{smartrecruiters_emulator.state.candidate_ids[0]}/tags"
    tags = [f"tag {number}" for number in range(100)]
    assert api.put(path, json={"tags": tags}).json() == {"tags": tags}
    assert api.post(path, json={"tags": tags[:1]}).status_code == 201
    assert api.post(path, json={"tags": ["another"]}).status_code == 400
    assert api.get(path).json() == {"tags": tags}


def test_candidates_are_found_by_what_holds_for_one_application(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    application = smartrecruiters_emulator.state.an_application("INTERVIEW")
    found = api.get("/candidates", params={"jobId": application.job_id, "status": "INTERVIEW", "limit": 100}).json()
    assert application.candidate_id in [candidate["id"] for candidate in found["content"]]
    api.put(f"/candidates/{application.candidate_id}/tags", json={"tags": ["Unicorn"]})
    found = api.get("/candidates", params={"tag": "unicorn"}).json()
    assert [candidate["id"] for candidate in found["content"]] == [application.candidate_id]
    answer = {"questionCategory": "A", "questionFieldId": "1", "questionFieldValueId": "2"}
    assert api.get("/candidates", params=answer).json()["totalFound"] == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("questionFieldId=1", "SCREENING_QUESTIONS_CRITERIA_SIZE_VIOLATED"),
        ("propertyId=1&propertyId=2&propertyValueId=3", "FIELDS_CRITERIA_SIZE_VIOLATED"),
        ("sourceType=REFERRAL&sourceValueId=1", "SOURCES_CRITERIA_SIZE_VIOLATED"),
        ("onboardingStatus=ONBOARDING_FAILED", "ONBOARDING_STATUS_NOT_ACTIVE"),
    ],
)
def test_filters_that_the_company_or_the_api_does_not_take(api: Api, query: str, code: str) -> None:
    answer = api.get(f"/candidates?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_keywords_are_words_or_a_phrase_in_quotation_marks(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    address = smartrecruiters_emulator.state.candidate(smartrecruiters_emulator.state.candidate_ids[0]).email

    def found(q: str) -> int:
        return int(api.get("/candidates", params={"q": q}).json()["totalFound"])

    everybody = found("example.com")
    assert found(f'"{address}"') == 1
    assert found(address) == everybody > 100


def test_a_page_may_repeat_the_end_of_the_one_before(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    smartrecruiters_emulator.configure(page_overlap=2)
    first = api.get("/candidates", params={"limit": 5}).json()
    second = api.get("/candidates", params={"limit": 5, "pageId": first["nextPageId"]}).json()
    assert [one["id"] for one in second["content"][:2]] == [one["id"] for one in first["content"][3:]]


@pytest.mark.off_contract("request", "response")
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "pageId=%21%21", "status=OFFER", "updatedAfter=1"]
)
def test_wrong_queries_are_refused(api: Api, query: str) -> None:
    assert api.get(f"/candidates?{query}").status_code == 400


def test_ids_are_opaque(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    odd = "a/b ?#é%2F"
    with smartrecruiters_emulator.state.editing() as tenant:
        known = next(iter(tenant.candidates.values()))
        tenant.candidates[odd] = known.model_copy(update={"id": odd})
    encoded = "a%2Fb%20%3F%23%C3%A9%252F"
    assert api.put(f"/candidates/{encoded}/tags", json={"tags": ["odd"]}).status_code == 201
    assert smartrecruiters_emulator.state.candidate(odd).tags == ["odd"]
    assert smartrecruiters_emulator.journal[0].path == f"/candidates/{encoded}/tags"
