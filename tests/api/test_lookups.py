"""What is looked up once for a whole batch."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.exceptions import PermissionDeniedError
from tests.support.scripted_server import ScriptedServer, reply

REASONS = "/configuration/rejection-reasons"


def test_all_pages_of_a_list_are_looked_up_once(connect: Any) -> None:
    pages = [{"content": [{"id": str(page)}], "totalFound": 3} for page in range(3)]
    with ScriptedServer(*[reply(200, page) for page in pages]) as server:
        client, lookups = connect(server.url), Lookups()
        for _ in range(2):
            assert [reason["id"] for reason in lookups.all_of(client, REASONS)] == ["0", "1", "2"]
        # The official document names no page size for this list.
        assert [request.target for request in server.requests] == [
            REASONS,
            f"{REASONS}?offset=1",
            f"{REASONS}?offset=2",
        ]


def test_a_list_that_is_denied_is_asked_for_once(connect: Any) -> None:
    with ScriptedServer(reply(403, {"message": "no"})) as server:
        client, lookups = connect(server.url), Lookups()
        for _ in range(3):
            with pytest.raises(PermissionDeniedError):
                lookups.all_of(client, REASONS)


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
def test_the_company_s_reasons(smartrecruiters_emulator: Any, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        wanted = list(tenant.rejection_reasons)
    assert [reason["id"] for reason in Lookups().all_of(client, REASONS)] == wanted
