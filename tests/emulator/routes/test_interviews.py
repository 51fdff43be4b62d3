"""Interviews and the candidate's status for a timeslot."""

from __future__ import annotations

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
    for path, code in (
        (f"{INTERVIEWS}/{slot.interview_id}/timeslots/{denied.timeslot_id}", "TIMESLOT_NOT_FOUND"),
        (f"{INTERVIEWS}/none/timeslots/{slot.timeslot_id}", "INTERVIEW_NOT_FOUND"),
    ):
        for answer in (api.get(path), api.put(path + "/candidateStatus", json=body)):
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code)
