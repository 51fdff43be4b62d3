"""
Before a write is sent again, for whatever reason, the record is read and the guards are checked: for every use case.

Rule 6 of those in ``test_rules.py``. The fault matrix has the same with every fault (`tests/reliability`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api import SmartRecruitersClient, StalePlanError, apply, plan
from airflow_provider_smartrecruiters.api.converge.guards import Terms
from tests.properties.cases import change_of, connect, each_readable
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.use_cases.use_case import UseCase

    Edit = Callable[[Tenant], None]

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def second_writer(
    smartrecruiters_emulator: SmartRecruitersEmulator,
) -> Iterator[Callable[[Callable[[Tenant], None]], list[bool]]]:
    """Somebody who changes a record while the first write of it is answered."""
    interceptors = smartrecruiters_emulator.emulator.interceptors

    def arm(edit: Edit) -> list[bool]:
        wrote: list[bool] = []

        async def write(call: Any, proceed: Any) -> Any:
            answer = await proceed()
            if call.operation is not None and call.operation.writes and not wrote:
                wrote.append(True)
                with smartrecruiters_emulator.state.editing() as tenant:
                    edit(tenant)
            return answer

        interceptors.append(write)
        return wrote

    yield arm
    interceptors.clear()


HIRED = "the application is HIRED, and protect_hired is on"

RESENT = {"status": True, "reset_before": True, "gateway_page": True, "rate_limited": False, "token_revoked": False}
"""Faults after which a write is sent again, and whether it is in doubt then."""


@pytest.mark.slow
@each_readable
@pytest.mark.parametrize("fault", RESENT)
def test_a_guard_is_checked_again_before_the_second_send(
    prepare: Any, second_writer: Any, kind: type[UseCase], fault: str
) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    change = change_of(case, arguments)
    server = case.emulator
    by_token = fault == "token_revoked"
    client = connect(server.url, *((server.client_id, server.client_secret) if by_token else ("", server.api_key)))
    expect = plan(client, change).fingerprint
    wrote = second_writer(lambda tenant: case.meddle(tenant, arguments))
    case.emulator.fail_next("any write", fault=fault)
    with pytest.raises(StalePlanError) as caught:
        apply(client, change, expect=expect)
    assert wrote
    assert caught.value.may_have_been_applied is RESENT[fault]
    assert len([entry for entry in case.emulator.journal if entry.applied]) == 0


OF_APPLICATIONS = [
    (kind, fault)
    for kind in map(catalogue.declaration, (change for change in catalogue.changes() if change.of_application))
    for fault, in_doubt in RESENT.items()
    # An API key has no successor; a write that cannot be read is not sent again where it is in doubt.
    if fault != "token_revoked" and (kind.reads or not in_doubt)
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "fault"), OF_APPLICATIONS, ids=[f"{kind.use_case}-{it}" for kind, it in OF_APPLICATIONS]
)
def test_an_application_that_moved_on_is_not_written(
    prepare: Any, second_writer: Any, kind: type[UseCase], fault: str, client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    arguments = case.arguments()

    def move(tenant: Tenant, status: str) -> None:
        tenant.application(arguments["candidate_id"], arguments["job_id"]).status = status

    change = change_of(case, arguments)
    with case.emulator.state.editing() as tenant:
        move(tenant, "IN_REVIEW")
    wrote = second_writer(lambda tenant: move(tenant, "NEW"))
    case.emulator.fail_next("any write", fault=fault)
    result = apply(client, change, terms=Terms(only_if_status_in=["IN_REVIEW"]))
    assert wrote
    assert (result.skipped, result.details["guard"]) == (
        "the application is NEW, and only_if_status_in allows IN_REVIEW",
        "only_if_status_in",
    )
    assert result.details.get("may_have_been_applied", False) is RESENT[fault]
    assert len([entry for entry in case.emulator.journal if entry.applied]) == 0


MOVES = [(kind, fault) for kind, fault in OF_APPLICATIONS if kind.moves]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "fault"), MOVES, ids=[f"{kind.use_case}-{it}" for kind, it in MOVES])
def test_an_application_that_was_hired_meanwhile_is_not_moved(
    prepare: Any, second_writer: Any, kind: type[UseCase], fault: str, client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    arguments = case.arguments()

    def hire(tenant: Tenant) -> None:
        tenant.application(arguments["candidate_id"], arguments["job_id"]).status = "HIRED"

    wrote = second_writer(hire)
    case.emulator.fail_next("any write", fault=fault)
    result = apply(client, change_of(case, arguments))
    assert wrote
    assert (result.skipped, result.details["guard"]) == (HIRED, "protect_hired")
    assert result.details.get("may_have_been_applied", False) is RESENT[fault]
    assert len([entry for entry in case.emulator.journal if entry.applied]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("switches", [{"read_first": False}, {"force": True}], ids=str)
def test_hired_meanwhile_without_a_difference_or_a_read(
    prepare: Any, second_writer: Any, switches: dict[str, bool], client: SmartRecruitersClient
) -> None:
    case = prepare(MOVES[0][0])
    arguments = case.arguments()
    change = change_of(case, arguments)
    if "force" in switches:
        apply(client, change)
    before = len(case.emulator.journal.writes())

    def hire(tenant: Tenant) -> None:
        tenant.application(arguments["candidate_id"], arguments["job_id"]).status = "HIRED"

    wrote = second_writer(hire)
    case.emulator.fail_next("any write", fault="rate_limited")
    assert apply(client, change, **switches).skipped == HIRED
    assert wrote
    assert len([entry for entry in case.emulator.journal if entry.applied]) == before


@pytest.mark.slow
@each_readable
def test_the_same_change_by_somebody_else_is_not_ours(
    prepare: Any, kind: type[UseCase], client: SmartRecruitersClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="airflow_provider_smartrecruiters")
    case = prepare(kind)
    arguments = case.arguments()
    change = change_of(case, arguments)
    other = connect(case.emulator.url, password=case.emulator.api_key)

    case.emulator.fail_next("any write", fault="rate_limited")
    interceptors = case.emulator.emulator.interceptors
    done: list[bool] = []

    async def same_change(call: Any, proceed: Any) -> Any:
        if call.method == "GET" and case.emulator.emulator.faults.rules()[-1].fired and not done:
            done.append(True)
            await asyncio.to_thread(apply, other, change)
        return await proceed()

    interceptors.append(same_change)
    try:
        result = apply(client, change)
    finally:
        interceptors.clear()
    assert done
    assert (result.changed, result.applied, result.skipped, result.diffs) == (False, False, None, [])
    assert "Nothing to do: somebody else has made the same change in the meantime." in caplog.text
    assert len([entry for entry in case.emulator.journal if entry.applied]) == 1
