"""``plan`` and ``apply`` of every use case."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.cli.change import WOULD_CHANGE
from airflow_provider_smartrecruiters.cli.use_cases import change_type, operators
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.cli.conftest import Done
    from tests.use_cases.use_case import UseCase

    Command = Callable[..., Done]

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)


def as_options(arguments: dict[str, Any]) -> list[str]:
    """Return an operator's arguments as options of the command line."""
    options: list[str] = []
    for name, value in arguments.items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            options.append(option if value else option.replace("--", "--no-", 1))
        elif isinstance(value, list):
            options += [option, *map(escaped, value)]
        else:
            options.append(f"{option}={escaped(value if isinstance(value, str) else json.dumps(value))}")
    return options


def escaped(text: str) -> str:
    return f"@{text}" if text.startswith("@") else text


@pytest.fixture(params=operators())
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def case(
    name: str, smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> UseCase:
    declared = catalogue.declaration(change_type(operators()[name]))()
    declared.look_at(smartrecruiters_emulator, tmp_path, monkeypatch)
    return declared


def test_every_operator_is_a_use_case() -> None:
    assert set(operators().values()) == set(catalogue.operator_classes())


def test_plan_shows_what_the_task_would_log_and_sends_nothing(name: str, case: UseCase, command: Command) -> None:
    arguments = case.arguments()
    expected = case.expected(arguments)
    done = command("plan", name, *as_options(arguments))
    assert (done.code, done.err) == (0, "")
    assert all(line in done.out for line in expected.lines)
    assert not any(text in done.out for text in expected.free_text)
    assert command("plan", name, "--detailed-exit-code", *as_options(arguments)).code == WOULD_CHANGE
    assert case.emulator.journal == []


@pytest.mark.slow
def test_apply_changes_and_a_second_time_does_not(name: str, case: UseCase, command: Command) -> None:
    arguments = case.arguments()
    expected = case.expected(arguments)
    done = command("apply", name, "--yes", "-o", "json", *as_options(arguments))
    assert done.code == 0, done.err
    (record,) = done.records
    assert (record["use_case"], record["applied"], record["diff"]) == (case.use_case, True, expected.diff)
    assert "response" not in record
    assert case.stored(arguments) == expected.stored
    assert not any(text in done.out + done.err for text in expected.free_text)
    writes = len(case.emulator.journal)
    (record,) = command("apply", name, "--yes", "-o", "json", *as_options(arguments)).records
    assert record["applied"] is not case.converges()
    assert (len(case.emulator.journal) == writes) is case.converges()
    planned = command("plan", name, "--detailed-exit-code", *as_options(arguments))
    assert planned.code == (0 if case.converges() else WOULD_CHANGE)


def test_a_refusal_has_a_reason_a_next_step_and_no_traceback(name: str, case: UseCase, command: Command) -> None:
    arguments = case.arguments()
    expected = case.expected(arguments)
    case.emulator.fail("any write", status=403)
    done = command("apply", name, "--yes", *as_options(arguments))
    assert done.code == 1
    assert "Traceback" not in done.err
    assert done.err.index("Could not change the ") < done.err.index("\nWhat to do: ") < done.err.index("\nConnection: ")
    assert max(map(len, done.err.splitlines())) <= 100
    assert not any(text in done.out + done.err for text in expected.free_text)


def test_invalid_arguments_are_wrong_usage(name: str, case: UseCase, command: Command) -> None:
    arguments = case.arguments()
    done = command("plan", name, *as_options({**arguments, case.ids[0]: "a/b"}))
    assert done.code == 2
    assert case.ids[0] in done.err
    assert "Traceback" not in done.err
    missing = {key: value for key, value in arguments.items() if key != case.ids[0]}
    done = command("plan", name, *as_options(missing))
    assert done.code == 2
    assert re.search(rf"--{case.ids[0].replace('_', '-')}|{case.ids[0]} is missing; give it or \w+", done.err)
    assert case.emulator.requests == []


def test_without_a_terminal_nobody_is_asked(
    name: str, case: UseCase, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    done = command("apply", name, *as_options(case.arguments()))
    assert (done.code, "--yes" in done.err) == (2, True)
    assert case.emulator.requests == []


def test_the_help_has_every_parameter_with_its_values(name: str, command: Command) -> None:
    said = command("plan", name, "--help").out
    words = " ".join(said.split())
    change = change_type(operators()[name])
    for parameter in operators()[name].own_parameters():
        assert f"--{parameter.replace('_', '-')}" in words
    for field in change.model_fields:
        assert all(choice in words for choice in catalogue.choices(change, field))


@pytest.mark.parametrize("name", ["update-job-note"], indirect=True)
def test_text_from_a_file_and_from_standard_input(
    case: UseCase, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = case.arguments()["job_id"]
    given = ("apply", "update-job-note", "--yes", "--job-id", job_id, "--content")
    file = tmp_path / "note.txt"
    file.write_text("@home, says Ana\n", encoding="utf-8")
    assert command(*given, f"@{file}").code == 0
    assert case.state.job(job_id).note == "@home, says Ana"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("von drüben\r\n".encode())))
    assert command(*given, "@-").code == 0
    assert case.state.job(job_id).note == "von drüben"
    assert command(*given, "@@home").code == 0
    assert case.state.job(job_id).note == "@home"
    done = command(*given, "@/nowhere/note.txt")
    assert (done.code, "cannot read the file (No such file or directory)" in done.err) == (2, True)
    file.write_bytes(b"\xff")
    assert command(*given, f"@{file}").code == 2


@pytest.mark.parametrize("name", ["update-candidate-tags"], indirect=True)
def test_lists(case: UseCase, command: Command, tmp_path: Path) -> None:
    candidate_id = case.arguments()["candidate_id"]
    given = ("apply", "update-candidate-tags", "--yes", "--candidate-id", candidate_id)
    assert command(*given, "--tags", "one", "two words", "--no-create-tags").code == 2
    assert command(*given, "--tags", "one", "two words").code == 0
    assert set(case.state.candidate(candidate_id).tags) == {"one", "two words"}
    file = tmp_path / "tags.json"
    file.write_text('["three", "four"]')
    assert command(*given, "--add", f"@{file}", "--remove", "one").code == 0
    assert set(case.state.candidate(candidate_id).tags) == {"two words", "three", "four"}
    assert command(*given, "--tags").code == 0
    assert case.state.candidate(candidate_id).tags == []


@pytest.mark.parametrize("name", ["update-job-status"], indirect=True)
def test_a_fingerprint_of_a_record_that_changed_is_refused(case: UseCase, command: Command) -> None:
    options = as_options(arguments := case.arguments())
    (planned,) = command("plan", "update-job-status", "-o", "json", *options).records
    with case.state.editing() as tenant:
        case.meddle(tenant, arguments)
    done = command("apply", "update-job-status", "--yes", "--expect", planned["fingerprint"], *options)
    assert (done.code, "changed after it was planned" in " ".join(done.err.split())) == (1, True)
    assert command("apply", "update-job-status", "--yes", "--expect", "", *options).code == 2
    assert case.emulator.journal == []


@pytest.mark.parametrize("name", ["update-job-status"], indirect=True)
@pytest.mark.parametrize("form", ["table", "yaml", "plain"])
def test_other_forms_of_the_result(form: str, case: UseCase, command: Command) -> None:
    arguments = case.arguments()
    done = command("plan", "update-job-status", "-o", form, *as_options(arguments))
    assert done.code == 0
    assert all(text in done.out for text in ("put_update_job_status", arguments["job_id"], "FILLED"))
    assert "Plan for" in done.err


def rejection_of(emulator: SmartRecruitersEmulator, status: str) -> list[str]:
    found = emulator.state.an_application(status)
    return ["reject-application", f"--candidate-id={found.candidate_id}", f"--job-id={found.job_id}"]


def test_the_guards_are_options(smartrecruiters_emulator: SmartRecruitersEmulator, command: Command) -> None:
    hired = rejection_of(smartrecruiters_emulator, "HIRED")
    (planned,) = command("plan", *hired, "--output=json").records
    assert planned["skipped"] == "the application is HIRED, and protect_hired is on"
    assert command("plan", *hired, "--detailed-exit-code").code == 0
    done = command("apply", *hired, "--yes")
    assert (done.code, smartrecruiters_emulator.journal) == (0, [])
    assert "Skipped: the application is HIRED, and protect_hired is on." in done.out
    (left,) = command("apply", *hired, "--yes", "--only-if-status-in", "NEW", "OFFERED", "--output=json").records
    assert left["details"]["guard"] == "only_if_status_in"
    (missing,) = command("apply", *hired[:2], "--job-id=no", "--yes", "--on-missing=skip", "--output=json").records
    assert missing["details"]["guard"] == "on_missing"
    (done_so,) = command("apply", *hired, "--yes", "--no-protect-hired", "--fail-if-ignored", "--output=json").records
    assert (done_so["applied"], done_so["skipped"]) == (True, None)


def test_a_status_that_is_none_is_refused(smartrecruiters_emulator: SmartRecruitersEmulator, command: Command) -> None:
    done = command("plan", *rejection_of(smartrecruiters_emulator, "NEW"), "--only-if-status-in", "REJECT")
    assert done.code == 2
    assert "only_if_status_in[0]" in done.err
    assert smartrecruiters_emulator.requests == []
