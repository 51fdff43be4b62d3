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
