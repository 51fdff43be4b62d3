"""``lookup``: whole lists, as the company has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.cli.lookup import LISTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.cli.conftest import Done

    Command = Callable[..., Done]

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)

KEY_AND_IDS: dict[str, tuple[str, Callable[[Tenant], set[str]]]] = {
    "departments": ("id", lambda tenant: set(tenant.departments)),
    "hiring-processes": ("hiring_process_id", lambda tenant: set(tenant.hiring_processes)),
    "job-ads": ("job_ad_id", lambda tenant: {ad for job in seen(tenant) for ad in tenant.jobs[job].ads}),
    "job-properties": ("id", lambda tenant: set(tenant.job_properties)),
    "jobs": ("job_id", lambda tenant: seen(tenant)),
    "reasons": ("reason_id", lambda tenant: set(tenant.rejection_reasons)),
    "sources": (
        "source_id",
        lambda tenant: {one.id for kind in tenant.source_types.values() for one in kind.values if not one.deleted},
    ),
    "users": ("user_id", lambda tenant: {user.id for user in tenant.users.values() if user.access != "none"}),
    "withdrawal-reasons": ("reason_id", lambda tenant: set(tenant.withdrawal_reasons)),
}


def seen(tenant: Tenant) -> set[str]:
    return {job.id for job in tenant.jobs.values() if job.access != "none"}


def test_every_list_is_tested() -> None:
    assert set(KEY_AND_IDS) == set(LISTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_complete(name: str, command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    key, ids = KEY_AND_IDS[name]
    done = command("lookup", name, "-o", "json")
    assert (done.code, done.err) == (0, "")
    assert {row[key] for row in done.records} == ids(smartrecruiters_emulator.emulator.store.tenant)
    assert smartrecruiters_emulator.journal == []


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0)
def test_all_pages(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        kind = next(iter(tenant.source_types.values()))
        one = kind.values[0]
        kind.values += [one.model_copy(update={"id": f"more-{count}", "label": f"L{count}"}) for count in range(150)]
    rows = command("lookup", "sources", "-o", "json").records
    assert {f"more-{count}" for count in range(150)} <= {row["source_id"] for row in rows}


@pytest.mark.parametrize("form", ["table", "json", "yaml", "plain"])
def test_search(form: str, command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    reason_id, label = next(iter(smartrecruiters_emulator.emulator.store.tenant.rejection_reasons.items()))
    done = command("lookup", "reasons", "--search", label.upper(), "-o", form)
    assert done.code == 0
    assert reason_id in done.out
    assert label in done.out
    none = command("lookup", "reasons", "--search", "no such reason", "-o", form)
    assert none.code == 0
    assert none.out.strip() in ("[]", "No data found")


def test_a_label_with_brackets(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.rejection_reasons["r-1"] = "[red]Not now[/red]"
    assert "[red]Not now[/red]" in command("lookup", "reasons", "-s", "not now").out


def test_what_is_not_allowed(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    smartrecruiters_emulator.fail("get rejection reasons", status=403)
    done = command("lookup", "reasons")
    assert (done.code, "What to do: " in done.err, "Traceback" in done.err) == (1, True, False)
    assert command("lookup", "weather").code == 2


def test_a_connection_that_does_not_exist(command: Command) -> None:
    done = command("lookup", "reasons", "--conn-id", "nowhere")
    assert done.code == 1
    assert "The connection nowhere does not exist." in done.err
    assert "AIRFLOW_CONN_NOWHERE" in done.err
