"""The journal and the log of all requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.journal import KEPT_BODY

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def test_the_journal_holds_what_changed_or_tried_to(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    api.headers["User-Agent"] = "test/1"
    api.get(f"/jobs/{job_id}")
    api.put(f"/jobs/{job_id}/status", json={"status": "FILLED"})
    api.put("/jobs/none/status", json={"status": "FILLED"})
    api.delete(f"/candidates/{smartrecruiters_emulator.state.candidate_ids[0]}/tags")

    entries = api.get("/__emulator__/journal").json()
    assert [(entry["index"], entry["method"], entry["status"], entry["applied"]) for entry in entries] == [
        (0, "PUT", 201, True),
        (1, "PUT", 404, False),
        (2, "DELETE", 204, True),
    ]
    first = entries[0]
    assert first.pop("at") > 1_700_000_000
    assert first == {
        "index": 0,
        "method": "PUT",
        "path": f"/jobs/{job_id}/status",
        "query": "",
        "path_template": "/jobs/{jobId}/status",
        "operation_id": "jobs.status.update",
        "credential": "api_key",
        "status": 201,
        "applied": True,
        "body": {"status": "FILLED"},
        "user_agent": "test/1",
        "fault": None,
    }
    assert entries[2]["body"] is None
    assert len(smartrecruiters_emulator.journal.writes()) == 2
    assert len(smartrecruiters_emulator.journal.writes("jobs.status.update")) == 1
    assert api.get("/__emulator__/stats").json() == {
        "requests": 4, "write_attempts": 3, "writes": 2, "rate_limited": 0, "token_requests": 0, "peak_in_flight": 1,
        "statuses": {"200": 1, "201": 1, "204": 1, "404": 1},
    }  # fmt: skip


def test_all_requests_are_logged(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    api.get("/jobs?limit=2&q=%C3%A9")
    logged = api.get("/__emulator__/requests").json()
    assert [(one["method"], one["path"], one["query"], one["status"], one["operation_id"]) for one in logged] == [
        ("GET", "/jobs", "limit=2&q=%C3%A9", 200, "jobs.all")
    ]
    assert logged[0]["started_at"] <= logged[0]["finished_at"]
    assert smartrecruiters_emulator.requests[0].path == "/jobs"


@pytest.mark.off_contract("request", "response")
def test_bodies_that_are_no_json_or_too_long_are_measured(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    path = f"/jobs/{smartrecruiters_emulator.state.job_ids[0]}/note"
    api.put(path, data=b"{", headers={"Content-Type": "application/json"})
    api.put(path, json={"content": "x", "more": "x" * KEPT_BODY})
    assert [list(entry.body) for entry in smartrecruiters_emulator.journal] == [["unreadable"], ["unreadable"]]
    assert smartrecruiters_emulator.journal[0].body == {"unreadable": 1}
