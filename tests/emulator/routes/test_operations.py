"""Every operation answers, on the documented success code, with what the contract document describes.

The contract check itself is the suite's own: it judges every exchange with the emulator (``contract_checked``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from tests.support.contract import Contract

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
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
BODIES: dict[str, Any] = {
    "candidates.status.update": {"status": "OFFERED", "subStatus": "Offer sent"},
    "candidates.source.update": {"sourceTypeId": "JOB_BOARD", "sourceSubTypeId": "STANDARD", "sourceId": "1"},
    "candidates.tags.replace": {"tags": ["a"]},
    "candidates.tags.add": {"tags": ["b"]},
    "jobs.update": JOB,
    "jobs.status.update": {"status": "FILLED"},
    "jobs.jobads.update": {"title": "Blade Inspector (m/f/d)", "language": {"code": "en"}, "jobAd": {}},
    "jobs.jobads.postings.create": {"visibility": "INTERNAL"},
    "jobs.publication.create": {"aggregators": False},
    "jobs.positions.create": POSITION,
    "jobs.positions.update": POSITION,
    "jobs.notes.update": {"content": "Hiring manager on leave."},
    "statuses.timeslot.candidate.put": {"status": "declined"},
}


def path_of(template: str, emulator: SmartRecruitersEmulator) -> str:
    """Fill a path template with records that exist."""
    state = emulator.state
    application, position = state.an_application(), state.a_position()
    job_ad, timeslot = state.a_job_ad(), state.a_timeslot()
    candidate_job = application.job_id if template.startswith("/candidates/") else position.job_id
    with state.editing() as tenant:
        source = tenant.source_types["JOB_BOARD"].values[0]
        process_id = next(iter(tenant.hiring_processes))
    owner = {"/user-api": state.user_ids[0], "/candidates": application.candidate_id, "/configuration": process_id}
    return template.format(
        id=next((value for start, value in owner.items() if template.startswith(start)), ""),
        jobId=job_ad.job_id if "{jobAdId}" in template else candidate_job,
        jobAdId=job_ad.job_ad_id,
        positionId=position.position_id,
        interviewId=timeslot.interview_id,
        timeslotId=timeslot.timeslot_id,
        jobApplicationId=application.application_id,
        sourceType="JOB_BOARD",
        sourceValueId=source.id,
        sourceIdentifier=source.identifier,
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_success(operation: Any, smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    path = path_of(operation.path, smartrecruiters_emulator)
    options: dict[str, Any] = {"json": BODIES.get(operation.id)}
    if operation.id == "users.avatar.update":
        options = {"files": {"file": ("me.png", PNG, "image/png")}}
    elif operation.id == "interviews.getList":
        application_id = smartrecruiters_emulator.state.an_application().application_id
        options = {"params": {"applicationId": application_id}}
    elif operation.id == "createAccessToken":
        api.headers.pop("X-SmartToken")
        form = {
            "client_id": smartrecruiters_emulator.client_id,
            "client_secret": smartrecruiters_emulator.client_secret,
        }
        options = {"data": {"grant_type": "client_credentials", **form}}

    answer = api.request(operation.method, path, **options)

    documented = Contract.load().operations[operation.id].responses
    assert answer.status_code == operation.status, answer.text
    assert str(operation.status) in documented
    assert [entry.applied for entry in smartrecruiters_emulator.journal] == ([True] if operation.writes else [])


def test_every_operation_of_the_contract_is_there() -> None:
    ours = {(operation.id, operation.method, operation.path, operation.scope) for operation in OPERATIONS}
    left_out = ("/webhooks-api/", "/audit-api/")
    documented = {
        (found.id, found.method, found.path)
        for found in Contract.load().operations.values()
        if not found.path.startswith(left_out)
    }
    assert {one[:3] for one in ours} == documented
