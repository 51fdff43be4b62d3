"""The audit log: who may read it, its range, its pages, and what is not there yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.routes.administration import AUDIT_EVENTS
from airflow_provider_smartrecruiters.emulator.tenant import times
from airflow_provider_smartrecruiters.emulator.tenant.audit_event import AuditEvent

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def noted(emulator: SmartRecruitersEmulator, *hours: float) -> None:
    """Add an entry for each number of hours ago, whose id is the number."""
    with emulator.state.editing() as tenant:
        for ago in hours:
            when = times.render(datetime.now(UTC) - timedelta(hours=ago))
            who = {"author_id": tenant.settings.caller_id, "entity_type": "JOB", "entity_id": f"job {ago}"}
            tenant.audit.append(
                AuditEvent.model_validate({"id": str(ago), "event_name": "JOB_DELETED", "event_date": when, **who})
            )


def ids(api: Api, **params: Any) -> list[str]:
    return [one["id"] for one in api.get(AUDIT_EVENTS, params=params).json()["content"]]


def test_the_range(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    noted(smartrecruiters_emulator, 1, 24 * 6, 24 * 8)
    assert sorted(ids(api)) == ["1", "144"]
    ago = {days: times.render(datetime.now(UTC) - timedelta(days=days)) for days in (2, 7, 9)}
    assert sorted(ids(api, eventDateAfter=ago[9])) == ["1", "144", "192"]
    assert ids(api, eventDateAfter=ago[9], eventDateBefore=ago[7]) == ["192"]
    smartrecruiters_emulator.configure(audit_delay=2 * 3600)
    assert ids(api, eventDateAfter=ago[2]) == []


def test_pages_and_filters(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    noted(smartrecruiters_emulator, 1, 2, 3)
    page = api.get(AUDIT_EVENTS, params={"limit": 2}).json()
    assert page.keys() == {"limit", "content", "nextPageId"}
    assert ids(api, limit=2, nextPageId=page["nextPageId"]) == ["3"]
    assert ids(api, entityId="job 2", entityType=["USER", "JOB"], eventName=["SEARCH", "JOB_DELETED"]) == ["2"]
    assert ids(api, authorType="SYSTEM") == ids(api, authorId="nobody") == []


def test_only_administrators_may_read_it(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.users[tenant.settings.caller_id].role = "EXTENDED"
    assert api.get(AUDIT_EVENTS).status_code == 403
