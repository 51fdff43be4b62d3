"""The eleven writes, sent by the client through a proxy that holds the contract to the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.api.candidates import (
    RejectApplication,
    UpdateCandidateJobStatus,
    UpdateCandidateSource,
    UpdateCandidateTags,
)
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge import apply, plan
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.interviews import UpdateCandidateTimeslotStatus
from airflow_provider_smartrecruiters.api.jobs import (
    UpdateJobAd,
    UpdateJobAndJobAd,
    UpdateJobNote,
    UpdateJobPosition,
    UpdateJobStatus,
)
from airflow_provider_smartrecruiters.api.users import UpdateUserAvatar
from airflow_provider_smartrecruiters.exceptions import NotFoundError
from tests.support.contract_examples import PNG, write_requests
from tests.support.contract_rules import API_KEY, OAUTH2
from tests.support.validating_proxy import ValidatingProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)


@pytest.fixture
def proxy(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[ValidatingProxy]:
    with ValidatingProxy(smartrecruiters_emulator.url) as proxy:
        yield proxy


def client(emulator: SmartRecruitersEmulator, url: str, auth: str) -> SmartRecruitersClient:
    if auth == API_KEY:
        return SmartRecruitersClient.from_credentials(base_url=url, password=emulator.api_key, requests_per_second=0)
    return SmartRecruitersClient.from_credentials(
        base_url=url,
        login=emulator.client_id,
        password=emulator.client_secret,
        scope="candidates_read candidates_manage jobs_read jobs_manage interviews_read interviews_write "
        "users_read users_manage configuration_read",
        requests_per_second=0,
    )


def eleven(emulator: SmartRecruitersEmulator) -> list[Change]:
    """Return a change of every kind, each to a record that differs from it."""
    state = emulator.state
    rejected, moved, sourced = state.applications("IN_REVIEW")[:3]
    source, ad, position = state.a_source(with_subtype=True), state.a_job_ad(), state.a_position()
    timeslot = state.a_timeslot("pending")
    job_id = ad.job_id
    reason = next(iter(state.rejection_reasons.values()))
    return [
        UpdateCandidateTimeslotStatus(
            interview_id=timeslot.interview_id, timeslot_id=timeslot.timeslot_id, status="accepted"
        ),
        UpdateCandidateTags(candidate_id=moved.candidate_id, tags=["python", "Kraków"]),
        UpdateCandidateTags(candidate_id=moved.candidate_id, add=["airflow"]),
        UpdateCandidateJobStatus(
            candidate_id=moved.candidate_id, job_id=moved.job_id, status="HIRED", starts_on="2026-12-01"
        ),
        UpdateCandidateSource(
            candidate_id=sourced.candidate_id,
            job_id=sourced.job_id,
            source_type_id=source.source_type_id,
            source_sub_type_id=source.source_sub_type_id,
            source_id=source.source_id,
        ),
        UpdateJobAd(job_id=ad.job_id, job_ad_id=ad.job_ad_id, title="Rigger & climber, Gdańsk"),
        UpdateJobAndJobAd(job_id=job_id, job={"title": "Rigger", "compensation": {"min": 10, "max": 20}}),
        UpdateJobNote(job_id=job_id, content="On leave until Monday.\n„Zażółć”"),
        UpdateJobPosition(job_id=position.job_id, position_id=position.position_id, target_start_date="2027-01-15"),
        UpdateJobStatus(job_id=job_id, status="ON_HOLD"),
        UpdateUserAvatar(user_id=state.user_ids[0], image=PNG),
        RejectApplication(candidate_id=rejected.candidate_id, job_id=rejected.job_id, reason=reason),
    ]


@pytest.mark.parametrize("auth", [API_KEY, OAUTH2])
def test_every_write_keeps_to_the_contract(
    smartrecruiters_emulator: SmartRecruitersEmulator, proxy: ValidatingProxy, auth: str
) -> None:
    with client(smartrecruiters_emulator, proxy.url, auth) as api:
        changes = eleven(smartrecruiters_emulator)
        for change in changes:
            plan(api, change)
            assert apply(api, change).applied, change.use_case
            apply(api, change, force=True)
            if not change.needs_read:
                apply(api, change, read_first=False)
    assert [str(violation) for violation in proxy.monitor.take()] == []
    assert {use_case for use_case, _ in proxy.monitor.use_cases()} == set(write_requests())
    assert {kind for _, kind in proxy.monitor.use_cases()} == {auth}


def test_ids_are_encoded_as_the_contract_has_them(
    smartrecruiters_emulator: SmartRecruitersEmulator, proxy: ValidatingProxy
) -> None:
    with client(smartrecruiters_emulator, proxy.url, API_KEY) as api:
        for odd in ("a/b", "a b", "Kraków", "100%", "a?b#c", "a;b=c", "..x"):
            with pytest.raises(NotFoundError):
                api.request("GET", "/jobs/{jobId}", path_params={"jobId": odd})
    assert [str(violation) for violation in proxy.monitor.take()] == []
    assert [row["operation"] for row in proxy.monitor.report()["operations"]] == ["jobs.get"]
