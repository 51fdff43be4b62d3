"""Jobs: replacement, status, note, positions, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

POSITION = {
    "type": "NEW",
    "positionOpenDate": "2026-09-01T00:00:00.000Z",
    "targetStartDate": "2026-12-01T00:00:00.000Z",
}
JOB = {
    "title": "Blade Inspector",
    "location": {"countryCode": "de", "city": "Berlin"},
    "industry": {"id": "renewables_environment"},
    "function": {"id": "engineering"},
    "experienceLevel": {"id": "associate"},
    "compensation": {"min": 1, "max": None, "currency": "EUR"},
    "jobAd": {"sections": {"qualifications": {"title": "Qualifications", "text": "<p>Head for heights.</p>"}}},
}


COUNTRY = {"id": "COUNTRY", "label": "Country", "value": {"id": "de", "label": "Germany"}}


def test_the_country_and_the_department_of_a_job_are_among_its_properties(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    job = api.get(f"/jobs/{smartrecruiters_emulator.state.a_job_ad().job_id}").json()
    country, department = job["properties"][:2]
    assert country["value"] == {"id": job["location"]["countryCode"], "label": job["location"]["country"]}
    assert department["value"] == {name: job["department"][name] for name in ("id", "label")}


def test_put_removes_what_is_left_out(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    job_id = smartrecruiters_emulator.state.a_job_ad().job_id
    before = api.get(f"/jobs/{job_id}").json()
    removed = ("refNumber", "department", "targetHiringDate", "typeOfEmployment")
    assert set(removed) <= set(before)
    assert len(before["jobAd"]["sections"]) == 5
    assert before["properties"]

    answer = api.put(f"/jobs/{job_id}", json=JOB)

    after = api.get(f"/jobs/{job_id}").json()
    assert (answer.status_code, answer.json()) == (200, after)
    assert not set(removed) & set(after)
    assert after["title"] == "Blade Inspector"
    assert after["location"] == {
        "country": "Germany", "countryCode": "de", "city": "Berlin", "manual": False, "remote": False
    }  # fmt: skip
    assert after["jobAd"]["sections"] == JOB["jobAd"]["sections"]
    assert after["properties"] == [COUNTRY]
    assert after["compensation"] == {"min": 1, "currency": "EUR"}
    for kept in ("id", "status", "postingStatus", "creator", "createdOn"):
        assert after[kept] == before[kept]
    assert after["updatedOn"] > before["updatedOn"]


def test_unknown_properties_of_jobs_are_ignored(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    with state.editing() as tenant:
        text, choice = tenant.job_properties.values()
        value_id, label = next(iter(choice.values.items()))
    path = f"/jobs/{state.job_ids[0]}"
    properties: list[dict[str, Any]] = [
        {"id": "unknown", "value": {"label": "x"}},
        {"id": text.id, "value": {"label": "CC-1"}},
        {"id": choice.id, "value": {"id": "unknown"}},
    ]
    shown = api.put(path, json={**JOB, "properties": properties}).json()["properties"]
    assert shown == [COUNTRY, {"id": text.id, "label": "Cost centre", "value": {"label": "CC-1"}}]
    properties[2]["value"] = {"id": value_id}
    shown = api.put(path, json={**JOB, "properties": properties}).json()["properties"]
    assert shown[2] == {"id": choice.id, "label": "Shift", "value": {"id": value_id, "label": label}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"department": {"id": "0"}}, "DEPARTMENT_NOT_FOUND"),
        ({"industry": {"id": "0"}}, "INDUSTRY_NOT_FOUND"),
        ({"function": {"id": "0"}}, "FUNCTION_NOT_FOUND"),
        ({"typeOfEmployment": {"id": "0"}}, "TYPE_OF_EMPLOYMENT_NOT_FOUND"),
        ({"experienceLevel": {"id": "0"}}, "EXPERIENCE_LEVEL_NOT_FOUND"),
        ({"eeoCategory": {"id": "0"}}, "EEO_CATEGORY_NOT_FOUND"),
        ({"jobAd": {"language": {"code": "xx"}}}, "JOB_AD_LANGUAGE_NOT_FOUND"),
    ],
)
def test_what_is_not_found_changes_nothing(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, change: dict[str, Any], code: str
) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    before = smartrecruiters_emulator.state.job(job_id)
    answer = api.put(f"/jobs/{job_id}", json={**JOB, **change})
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])
    assert smartrecruiters_emulator.state.job(job_id) == before


@pytest.mark.off_contract
@pytest.mark.parametrize(
    "change",
    [
        {"title": "x" * 257},
        {"title": None},
        {"refNumber": "x" * 64},
        {"location": {"city": "Berlin"}},
        {"location": {"countryCode": "deu", "city": "Berlin"}},
        {"location": {"countryCode": "de", "city": "x" * 129}},
        {"location": {"countryCode": "de", "city": "Berlin", "postalCode": "x" * 33}},
        {"location": {"countryCode": "de", "city": "Berlin", "address": "x" * 2_001}},
        {"location": {"countryCode": "de", "city": "Berlin", "regionCode": "x" * 257}},
        {"template": "true"},
        {"compensation": {"min": "1"}},
        {"jobAd": {"sections": {"qualifications": {"text": "x" * 25_000}}}},
        {"properties": {}},
        {"targetHiringDate": "2026-12-01"},
    ],
)
def test_a_job_of_another_shape_is_refused(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, change: dict[str, Any]
) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    answer = api.put(f"/jobs/{job_id}", json={**JOB, **change})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("Validation failed; ")
    assert answer.json()["errors"] == []


def test_job_status(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    job_id = smartrecruiters_emulator.state.a_job_ad(published=True).job_id
    answer = api.put(f"/jobs/{job_id}/status", json={"status": "CANCELLED"})
    assert (answer.status_code, answer.json()) == (201, {"status": "CANCELLED"})
    job = api.get(f"/jobs/{job_id}").json()
    assert (job["status"], job["postingStatus"]) == ("CANCELLED", "PUBLIC")
    assert api.get(f"/jobs/{job_id}/publication").json()["content"]
    history = api.get(f"/jobs/{job_id}/status/history").json()["content"]
    assert history[-1]["status"] == "CANCELLED"


@pytest.mark.off_contract("request", "response")
@pytest.mark.parametrize("status", ["OTHER", "OFFERED", "filled", 1])
def test_job_statuses_that_cannot_be_set(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, status: Any
) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}/status"
    assert api.put(path, json={"status": status}).status_code == 400


def test_note(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    path = f"/jobs/{state.job_ids[0]}/note"
    longest = "ż" * 20_000
    assert api.put(path, json={"content": longest}).json() == {"content": longest}
    assert api.get(path).json() == {"content": longest}
    answer = api.put(f"/jobs/{state.read_only_job_id}/note", json={"content": "x"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Job access forbidden")
    assert api.get(f"/jobs/{state.read_only_job_id}/note").status_code == 200
    assert api.get(f"/jobs/{state.restricted_job_id}/note").status_code == 401


@pytest.mark.off_contract("request", "response")
def test_a_longer_note_is_refused(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}/note"
    assert api.put(path, json={"content": "x" * 20_001}).status_code == 400


def test_positions(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    position = smartrecruiters_emulator.state.a_position()
    path = f"/jobs/{position.job_id}/positions"
    before = api.get(f"{path}/{position.position_id}").json()
    assert before["positionId"]
    assert before["incumbentName"]

    answer = api.put(f"{path}/{position.position_id}", json=POSITION)
    cleared = {**POSITION, "id": position.position_id, "incumbentName": "", "status": "OPEN"}
    assert (answer.status_code, answer.json()) == (201, cleared)

    made = api.post(path, json={**POSITION, "positionId": "P-9"}).json()
    assert made["positionId"] == "P-9"
    listed = api.get(path).json()
    assert listed["totalFound"] == len(listed["content"])
    assert {made["id"], position.position_id} <= {one["id"] for one in listed["content"]}
    assert api.delete(f"{path}/{made['id']}").status_code == 204
    assert api.get(f"{path}/{made['id']}").status_code == 404
    # The company's own id is no address.
    assert api.get(f"{path}/{before['positionId']}").status_code == 404


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, approval_process=True)
def test_an_approval_process_keeps_positions_as_they_are(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    position = smartrecruiters_emulator.state.a_position()
    path = f"/jobs/{position.job_id}/positions"
    answers = [
        api.post(path, json=POSITION),
        api.put(f"{path}/{position.position_id}", json=POSITION),
        api.delete(f"{path}/{position.position_id}"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "APPROVAL_PROCESS_ENABLED")
    assert smartrecruiters_emulator.journal.writes() == []


def test_denied_and_unknown_jobs(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    state = smartrecruiters_emulator.state
    read_only, hidden, position = state.read_only_job_id, state.restricted_job_id, state.read_only_position
    assert api.get(f"/jobs/{read_only}").status_code == 200
    # A job that is not there is answered like one without access, where the document has no 404.
    for job_id in (hidden, "none"):
        assert api.get(f"/jobs/{job_id}").status_code == 401
        assert api.put(f"/jobs/{job_id}", json=JOB).status_code == 401
        assert api.get(f"/jobs/{job_id}/hiring-team").status_code == 401
        assert api.put(f"/jobs/{job_id}/note", json={"content": "x"}).status_code == 401
        assert api.get(f"/jobs/{job_id}/positions").status_code == 403
    assert api.put(f"/jobs/{read_only}", json=JOB).status_code == 401
    assert api.put(f"/jobs/{read_only}/status", json={"status": "FILLED"}).status_code == 403
    assert api.put(f"/jobs/{read_only}/positions/{position.position_id}", json=POSITION).status_code == 403
    assert api.put("/jobs/none/status", json={"status": "FILLED"}).status_code == 404
    assert api.put(f"/jobs/{state.job_ids[0]}/positions/{position.position_id}", json=POSITION).status_code == 404
    assert smartrecruiters_emulator.journal.writes() == []


def test_jobs_by_offset_and_by_cursor(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    by_offset: list[str] = []
    while len(by_offset) < 100:
        page = api.get("/jobs", params={"limit": 15, "offset": len(by_offset)}).json()
        assert "nextPageId" not in page
        by_offset += [job["id"] for job in page["content"]]
        if len(page["content"]) < 15:
            break
    by_cursor: list[str] = []
    params: dict[str, Any] = {"sort": "job_id", "limit": 15}
    while len(by_cursor) < 100:
        page = api.get("/jobs", params=params).json()
        by_cursor += [job["id"] for job in page["content"]]
        if "nextPageId" not in page:
            break
        params["pageId"] = page["nextPageId"]
    assert by_cursor == sorted(by_offset)
    assert len(by_cursor) == page["totalFound"] == 39
    assert smartrecruiters_emulator.state.restricted_job_id not in by_cursor


def test_jobs_are_found(api: Api) -> None:
    jobs = api.get("/jobs", params={"limit": 100}).json()["content"]
    for params, fits in (
        ({"statuses": ["FILLED", "ON_HOLD"]}, lambda job: job["status"] in {"FILLED", "ON_HOLD"}),
        ({"status": "FILLED"}, lambda job: job["status"] == "FILLED"),
        ({"city": ["Berlin"]}, lambda job: job["location"]["city"] == "Berlin"),
        ({"department": ["Engineering"]}, lambda job: job["department"]["label"] == "Engineering"),
        ({"postingStatus": "NOT_PUBLISHED"}, lambda job: job["postingStatus"] == "NOT_PUBLISHED"),
        ({"q": "engineer"}, lambda job: "engineer" in job["title"].lower()),
    ):
        found = api.get("/jobs", params={"limit": 100, **params}).json()["content"]
        assert found == [job for job in jobs if fits(job)] != []


@pytest.mark.off_contract("request", "response")
def test_a_cursor_needs_its_order(api: Api) -> None:
    cursor = api.get("/jobs", params={"sort": "job_id", "limit": 1}).json()["nextPageId"]
    assert api.get("/jobs", params={"pageId": cursor}).status_code == 400
