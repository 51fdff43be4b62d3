"""The journal, the log of all requests, reset, and what an interceptor sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.http.answer import Answer
from airflow_provider_smartrecruiters.emulator.journal import KEPT_BODY
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

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


@pytest.mark.off_contract
def test_unknown_paths_and_methods(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    for method, path, status in (
        ("POST", "/nothing", 404),
        ("PATCH", f"/jobs/{job_id}", 405),
        ("GET", f"/jobs/{job_id}/", 404),
        ("GET", "/jobs//note", 404),
        ("PUT", f"/users/{job_id}/avatar", 404),
    ):
        answer = api.request(method, path)
        assert answer.status_code == status, path
        assert set(answer.json()) == {"message", "errors"}
    assert api.request("PATCH", f"/jobs/{job_id}").headers["Allow"] == "GET, PUT"
    tried = [(entry.method, entry.operation_id, entry.applied) for entry in smartrecruiters_emulator.journal]
    assert tried == [("POST", None, False), ("PATCH", None, False), ("PUT", None, False), ("PATCH", None, False)]


def test_reset_brings_everything_back(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    before = api.get("/__emulator__/state").json()
    job_id = smartrecruiters_emulator.state.job_ids[0]
    api.put(f"/jobs/{job_id}/note", json={"content": "changed"})
    assert api.get("/__emulator__/state").json() != before
    assert api.post("/__emulator__/reset").status_code == 204
    assert api.get("/__emulator__/state").json() == before
    assert api.get("/__emulator__/journal").json() == []
    assert api.get("/__emulator__/health").json() == {"status": "ok"}
    assert Tenant.model_validate(before).model_dump(mode="json") == before


def test_an_interceptor_sees_the_operation_and_the_answer(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    seen: list[Any] = []

    async def answer_otherwise(call: Any, proceed: Any) -> Answer:
        answer = await proceed()
        seen.append((call.operation.id, call.applied, answer.status))
        return Answer(503) if call.operation.writes else answer

    job_id = smartrecruiters_emulator.state.job_ids[0]
    smartrecruiters_emulator.emulator.interceptors.append(answer_otherwise)
    try:
        assert api.put(f"/jobs/{job_id}/note", json={"content": "kept"}).status_code == 503
        assert api.get(f"/jobs/{job_id}/note").json() == {"content": "kept"}
    finally:
        smartrecruiters_emulator.emulator.interceptors.clear()
    assert seen == [("jobs.notes.update", True, 200), ("jobs.notes.get", False, 200)]
    entry = smartrecruiters_emulator.journal[0]
    assert (entry.status, entry.applied) == (503, True)
