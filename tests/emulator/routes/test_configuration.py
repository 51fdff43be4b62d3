"""The company's lists of choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

INTERVIEWS = "/interviews-api/v201904/interviews"
USERS = "/user-api/v201804/users"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_sources(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    types = {one["id"]: one for one in api.get("/configuration/sources").json()["content"]}
    assert types["JOB_BOARD"]["subtypes"]
    assert types["AGENCY"]["subtypes"] == []
    path = "/configuration/sources/AGENCY/values"
    first = api.get(path).json()
    second = api.get(path, params={"offset": 100}).json()
    assert (len(first["content"]), len(second["content"]), first["totalFound"]) == (100, 30, 130)
    source = second["content"][0]
    assert api.get(f"{path}/{source['id']}").json() == source
    by_identifier = api.get(f"/configuration/sources/{source['sourceIdentifier']}").json()
    assert by_identifier == {"label": source["label"], "type": {"id": "AGENCY"}}
    of_a_subtype = api.get("/configuration/sources/JOB_BOARD/values").json()["content"][0]
    found = api.get(f"/configuration/sources/{of_a_subtype['sourceIdentifier']}").json()
    assert (found["type"], found["subType"]) == ({"id": "JOB_BOARD"}, of_a_subtype["sourceSubType"])
    custom = api.get("/configuration/sources/JOB_BOARD/values", params={"sourceSubType": "CUSTOM"}).json()
    assert {one["sourceSubType"]["id"] for one in custom["content"]} == {"CUSTOM"}
    assert api.get("/configuration/sources/FAX/values").status_code == 404
    assert api.get("/configuration/sources/FAX/values/1").status_code == 404
    with smartrecruiters_emulator.state.editing() as tenant:
        deleted = next(value for value in tenant.source_types["AGENCY"].values if value.deleted)
    assert api.get(f"{path}/{deleted.id}").status_code == 404
    assert api.get(f"/configuration/sources/{deleted.identifier}").json()["label"] == "Closed"


def test_sources_of_one_id_need_the_subtype(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        first, *_, last = [value for value in tenant.source_types["JOB_BOARD"].values if not value.deleted]
        last.id = first.id
        wanted = (last.label, last.subtype_id)
    path = f"/configuration/sources/JOB_BOARD/values/{first.id}"
    answer = api.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "SUBTYPE_REQUIRED")
    found = api.get(path, params={"sourceSubType": wanted[1]}).json()
    assert (found["label"], found["sourceSubType"]["id"]) == wanted


def test_reasons_and_processes(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    for path, known in (
        ("/configuration/rejection-reasons", smartrecruiters_emulator.state.rejection_reasons),
        ("/configuration/withdrawal-reasons", smartrecruiters_emulator.state.withdrawal_reasons),
    ):
        assert {one["id"]: one["label"] for one in api.get(path).json()["content"]} == known
    departments = smartrecruiters_emulator.emulator.store.tenant.departments
    listed = api.get("/configuration/departments").json()
    assert listed["totalFound"] == len(departments)
    assert {one["id"]: one["label"] for one in listed["content"]} == {one.id: one.label for one in departments.values()}
    processes = api.get("/configuration/hiring-processes").json()["content"]
    assert {tuple(process["subStatuses"]) for process in processes} == {("IN_REVIEW", "INTERVIEW", "OFFERED")}
    assert api.get(f"/configuration/hiring-processes/{processes[1]['id']}").json() == processes[1]
    assert api.get("/configuration/hiring-processes/none").status_code == 404


@pytest.mark.smartrecruiters_emulator(rate=0, required_job_properties=["Cost centre"])
def test_job_properties(api: Api) -> None:
    listed = api.get("/configuration/job-properties").json()
    assert {one["label"]: one["required"] for one in listed["content"]} == {"Cost centre": True, "Shift": False}
