"""``check``: what is known about a connection, without a write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.cli.use_cases import change_type, operators
from airflow_provider_smartrecruiters.emulator.config import ALL_SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.cli.conftest import Done

    Command = Callable[..., Done]


def rights(record: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["use_case"]: (one["read"], one["write"]) for one in record["use_cases"]}


@pytest.mark.slow
def test_an_api_key(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    done = command("check", "-o", "json")
    assert done.code == 0
    (record,) = done.records
    assert (record["environment"], record["credential"], record["scopes"]) == ("emulator", "API key", None)
    assert (record["requests_per_second"], record["at_once"]) == (10, 8)
    for name, (read, write) in rights(record).items():
        readable = change_type(operators()[name]).record is not None
        assert (read, write) == ("yes" if readable else "not known", "not known")
    assert set(rights(record)) == set(operators())
    assert {entry.method for entry in smartrecruiters_emulator.requests} == {"GET"}
    assert smartrecruiters_emulator.api_key not in done.out + done.err


@pytest.mark.slow
@pytest.mark.parametrize("name", operators())
@pytest.mark.smartrecruiters_emulator(rate=0)
def test_a_scope_that_is_missing(
    name: str, command: Command, smartrecruiters_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.oauth_connection_json)
    change = change_type(operators()[name])
    config = smartrecruiters_emulator.config
    (record,) = command("check", name, "-o", "json").records
    assert (record["credential"], record["scopes"]) == ("OAuth client", sorted(ALL_SCOPES))
    assert rights(record)[name] == ("yes" if change.record else "not known", "yes")

    config.client_scopes = ALL_SCOPES - {change.scope}
    done = command("check", name, "-o", "json")
    assert (done.code, rights(done.records[0])[name][1]) == (1, "no")
    if change.read_scope:
        config.client_scopes = ALL_SCOPES - {change.read_scope}
        done = command("check", name, "-o", "json")
        assert (done.code, rights(done.records[0])[name][0]) == (1, "no")
        assert change.read_scope in done.records[0]["use_cases"][0]["because"]
    assert smartrecruiters_emulator.journal == []


@pytest.mark.slow
def test_a_company_without_records(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.candidates.clear()
        tenant.applications.clear()
        tenant.jobs.clear()
    done = command("check", "-o", "json")
    assert done.code == 0
    assert {read for read, _ in rights(done.records[0]).values()} == {"not known"}


def test_a_credential_that_is_not_accepted(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    smartrecruiters_emulator.config.api_key = "another"
    done = command("check")
    assert (done.code, "What to do: " in done.err, "Traceback" in done.err) == (1, True, False)
    assert "emulator-api-key" not in done.out + done.err


def test_the_table(command: Command, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    done = command("check", "update-job-note")
    assert "Environment: emulator\n" in done.out
    assert f"Host: {smartrecruiters_emulator.url}\n" in done.out
    assert "update-job-note" in done.out
    unknown = command("check", "update-job-notes")
    assert (unknown.code, "Did you mean update-job-note?" in unknown.err) == (2, True)
