"""Timeslots, users with their avatars, and the company's lists."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

INTERVIEWS = "/interviews-api/v201904/interviews"
USERS = "/user-api/v201804/users"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_timeslot_status(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    slot = smartrecruiters_emulator.state.a_timeslot("null")
    path = f"{INTERVIEWS}/{slot.interview_id}/timeslots/{slot.timeslot_id}"
    assert api.get(path).json()["candidateStatus"] == "null"
    for status in ("accepted", "declined", "tentative", "pending"):
        answer = api.put(path + "/candidateStatus", json={"status": status})
        assert (answer.status_code, answer.content) == (204, b"")
        assert api.get(path).json()["candidateStatus"] == status
    interview = api.get(f"{INTERVIEWS}/{slot.interview_id}").json()
    assert slot.timeslot_id in [one["id"] for one in interview["timeslots"]]
    application_id = smartrecruiters_emulator.state.interview(slot.interview_id).application_id
    assert api.get(INTERVIEWS, params={"applicationId": application_id}).json()["content"] == [interview]


@pytest.mark.off_contract
@pytest.mark.parametrize("body", [{"status": "null"}, {"status": "ACCEPTED"}, {"status": None}, {}, [], "x"])
def test_a_timeslot_status_of_another_shape_is_unprocessable(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, body: Any
) -> None:
    slot = smartrecruiters_emulator.state.a_timeslot()
    path = f"{INTERVIEWS}/{slot.interview_id}/timeslots/{slot.timeslot_id}/candidateStatus"
    assert api.put(path, json=body).status_code == 422


def test_denied_and_unknown_timeslots(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    denied, slot = smartrecruiters_emulator.state.read_only_timeslot, smartrecruiters_emulator.state.a_timeslot()
    body = {"status": "accepted"}
    path = f"{INTERVIEWS}/{denied.interview_id}/timeslots/{denied.timeslot_id}"
    assert api.get(path).status_code == 200
    assert api.put(path + "/candidateStatus", json=body).status_code == 403
    hidden = smartrecruiters_emulator.state.restricted_timeslot
    assert api.get(f"{INTERVIEWS}/{hidden.interview_id}").status_code == 403
    for path in (
        f"{INTERVIEWS}/{slot.interview_id}/timeslots/{denied.timeslot_id}",
        f"{INTERVIEWS}/none/timeslots/{slot.timeslot_id}",
    ):
        assert api.put(path + "/candidateStatus", json=body).status_code == 404


def test_avatar(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    user_id = smartrecruiters_emulator.state.user_ids[3]
    answer = api.put(f"{USERS}/{user_id}/avatar", files={"file": ("me.png", PNG, "image/png")})
    assert (answer.status_code, answer.content) == (204, b"")
    user = smartrecruiters_emulator.state.user(user_id)
    digest = hashlib.sha256(PNG).hexdigest()
    assert (user.avatar_sha256, user.avatar_content_type, user.avatar_size) == (digest, "image/png", len(PNG))
    assert smartrecruiters_emulator.journal[0].body == [
        {"name": "file", "filename": "me.png", "content_type": "image/png", "size": len(PNG), "sha256": digest}
    ]


@pytest.mark.off_contract
@pytest.mark.parametrize(
    "options",
    [
        {"files": {"image": ("me.png", PNG, "image/png")}},
        {"files": {"file": ("me.png", b"no image", "image/png")}},
        {"files": {"file": ("me.png", b"", "image/png")}},
        {"data": PNG, "headers": {"Content-Type": "image/png"}},
        {"data": PNG, "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"json": {"file": "x"}},
        {},
    ],
)
def test_an_avatar_that_cannot_be_read(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, options: dict[str, Any]
) -> None:
    user_id = smartrecruiters_emulator.state.user_ids[3]
    assert api.put(f"{USERS}/{user_id}/avatar", **options).status_code == 400
    assert smartrecruiters_emulator.state.user(user_id).avatar_sha256 is None
    assert smartrecruiters_emulator.journal.writes() == []


def test_avatar_of_others(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    files = {"file": ("me.png", PNG, "image/png")}
    denied = smartrecruiters_emulator.state.read_only_user_id
    assert api.put(f"{USERS}/{denied}/avatar", files=files).status_code == 403
    assert api.put(f"{USERS}/nobody/avatar", files=files).status_code == 404


def test_users_are_paged_without_a_total(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    first = api.get(USERS).json()
    assert len(first["content"]) == 100
    assert "totalFound" not in first
    second = api.get(USERS, params={"pageId": first["nextPageId"]}).json()
    assert "nextPageId" not in second
    ids = [user["id"] for user in first["content"] + second["content"]]
    assert len(set(ids)) == 129
    me = api.get(f"{USERS}/me").json()
    assert me == api.get(f"{USERS}/{me['id']}").json()
    assert [user["id"] for user in api.get(USERS, params={"q": me["email"]}).json()["content"]] == [me["id"]]


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
    assert by_identifier == {"label": source["label"], "type": "AGENCY"}
    custom = api.get("/configuration/sources/JOB_BOARD/values", params={"sourceSubType": "CUSTOM"}).json()
    assert {one["sourceSubType"]["id"] for one in custom["content"]} == {"CUSTOM"}
    assert api.get("/configuration/sources/FAX/values").status_code == 404
    with smartrecruiters_emulator.state.editing() as tenant:
        deleted = next(value for value in tenant.source_types["AGENCY"].values if value.deleted)
    assert api.get(f"{path}/{deleted.id}").status_code == 404
    assert api.get(f"/configuration/sources/{deleted.identifier}").json()["label"] == "Closed"


def test_reasons_and_processes(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    for path, known in (
        ("/configuration/rejection-reasons", smartrecruiters_emulator.state.rejection_reasons),
        ("/configuration/withdrawal-reasons", smartrecruiters_emulator.state.withdrawal_reasons),
    ):
        assert {one["id"]: one["label"] for one in api.get(path).json()["content"]} == known
    processes = api.get("/configuration/hiring-processes").json()["content"]
    assert {tuple(process["subStatuses"]) for process in processes} == {("IN_REVIEW", "INTERVIEW", "OFFERED")}
    assert api.get(f"/configuration/hiring-processes/{processes[1]['id']}").json() == processes[1]
    assert api.get("/configuration/hiring-processes/none").status_code == 404
