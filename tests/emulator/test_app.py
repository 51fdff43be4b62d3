"""Unknown paths and methods, and what an interceptor sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.http.answer import Answer

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.mark.off_contract
def test_unknown_paths_and_methods(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    for method, path, status in (
        ("POST", "/nothing", 404),
        ("PATCH", f"/jobs/{job_id}/note", 405),
        ("GET", f"/jobs/{job_id}/", 404),
        ("GET", "/jobs//note", 404),
        ("PUT", f"/users/{job_id}/avatar", 404),
    ):
        answer = api.request(method, path)
        assert answer.status_code == status, path
        assert set(answer.json()) == {"message", "errors"}
    assert api.request("PATCH", f"/jobs/{job_id}/note").headers["Allow"] == "GET, PUT"
    tried = [(entry.method, entry.operation_id, entry.applied) for entry in smartrecruiters_emulator.journal]
    assert tried == [("POST", None, False), ("PATCH", None, False), ("PUT", None, False), ("PATCH", None, False)]


@pytest.mark.off_contract
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, deprecation="@1767225600", sunset="a date")
def test_every_answer_announces_the_end(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    for method, path, status in (
        ("GET", f"/jobs/{job_id}", 200),
        ("PUT", f"/jobs/{job_id}", 422),
        ("GET", "/jobs/unknown", 401),
        ("POST", "/identity/oauth/token", 400),
    ):
        answer = api.request(method, path)
        announced = answer.headers.get("Deprecation"), answer.headers.get("Sunset")
        assert (answer.status_code, *announced) == (status, "@1767225600", "a date"), path
    smartrecruiters_emulator.configure(rate=0, concurrent=0)
    assert not {"Deprecation", "Sunset"} & set(api.get(f"/jobs/{job_id}").headers)


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
