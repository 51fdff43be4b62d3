"""The control addresses: reset and state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


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


def test_settings_change_while_it_runs(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    changes = {"limits": "per-endpoint", "rate": 3, "latency": 20, "api_key": "another", "tag_length": 3}
    assert api.patch("/__emulator__/config", json=changes).status_code == 204
    config = smartrecruiters_emulator.config
    assert (config.limits, config.rate, config.latency, config.api_key) == ("per-endpoint", 3, 0.02, "another")
    assert smartrecruiters_emulator.emulator.store.tenant.settings.tag_length == 3
    assert api.post("/__emulator__/reset").status_code == 204
    assert smartrecruiters_emulator.emulator.store.tenant.settings.tag_length == 50


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": "per-endpoint"}, "Unknown setting 'limit'. Did you mean 'limits'? Settings: ads_per_job, api_key, "),
        ({"aproval_process": True}, "Unknown setting 'aproval_process'. Did you mean 'approval_process'? Settings: "),
        ({"source_links": "value"}, "source_links cannot be 'value': Input should be 'values', 'identifier' or 'none'"),
        ({"statuses_without_reasons": ["hired"]}, "statuses_without_reasons cannot be 'hired': "),
        ({"required_sub_statuses": {"OFFERED": ["On site"]}}, "required_sub_statuses has the unknown 'On site'. Did "),
        ({"brand_property": "Fishing"}, "brand_property has the unknown 'Fishing'. Known: "),
        ({"tag_length": "long"}, "tag_length cannot be 'long': Input should be a valid integer"),
        ({"caller_id": "nobody"}, "caller_id is not the id of a user"),
        ({"limits": "per-user"}, "limits must be one of per-credential, per-endpoint, not 'per-user'"),
        ({"rate": -1}, "rate must be a number not less than 0, not -1"),
        ({"token_lifetime": 0}, "token_lifetime must be a number not less than 0.001, not 0"),
        (["limits"], "Settings must be a JSON object"),
    ],
)
def test_invalid_settings_change_nothing(
    changes: object, said: str, smartrecruiters_emulator: SmartRecruitersEmulator, api: Api
) -> None:
    before = smartrecruiters_emulator.emulator.store.tenant.settings.model_copy()
    if isinstance(changes, dict):
        changes = {"concurrent": 5, **changes}
    answer = api.patch("/__emulator__/config", json=changes)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_SETTING")
    assert answer.json()["message"].startswith(said)
    assert smartrecruiters_emulator.config.concurrent == 0
    assert smartrecruiters_emulator.emulator.store.tenant.settings == before
