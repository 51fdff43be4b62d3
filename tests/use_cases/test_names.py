"""
Names in place of ids, for every use case that takes them: a job by its reference number, a user by e-mail address.

What is found by name is the same record in every way; what is not found, or found twice, sends no write.
"""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, PermissionDeniedError
from tests.support import catalogue

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)

RECORDS = {"job_id": ("jobs", "ref_number"), "user_id": ("users", "email")}
"""Where the emulator has the record of an id, and its member that is the name."""

NAMED = [(change, argument) for change in catalogue.changes() for argument in change.names if argument in change.ids]
FIRST = list({argument: (change, argument) for change, argument in reversed(NAMED)}.values())
"""One use case for each kind of name, for what does not depend on the use case."""


def ids_of(pair: tuple[type[Change], str]) -> str:
    return f"{pair[0].use_case}-{pair[1]}"


@pytest.fixture(params=NAMED, ids=ids_of)
def named(request: Any) -> Named:
    return Named(*request.param)


@pytest.fixture(params=FIRST, ids=ids_of)
def first(request: Any) -> Named:
    return Named(*request.param)


class Named:
    """A use case, and one of its ids that may be given by a name."""

    def __init__(self, change: type[Change], argument: str) -> None:
        if sentence := catalogue.missing_test_module(change):
            pytest.fail(sentence, pytrace=False)
        self.case: Any = catalogue.declaration(change)()
        self.argument = argument
        self.name = change.names[argument]
        self.records, self.member = RECORDS[argument]

    def arguments(self) -> dict[str, Any]:
        """Return the use case's arguments with the name in place of the id."""
        by_id = self.case.arguments()
        with self.case.state.editing() as tenant:
            record = self.among(tenant)[by_id.pop(self.argument)]
            return {**by_id, self.name.argument: f"  {getattr(record, self.member).upper()} "}

    def among(self, tenant: Tenant) -> dict[str, Any]:
        found: dict[str, Any] = getattr(tenant, self.records)
        return found

    def refused(self, arguments: dict[str, Any], error: type[Exception] = InvalidInputError) -> Any:
        with pytest.raises(error) as caught:
            self.case.run(**arguments)
        assert self.case.emulator.journal.writes() == []
        said = "".join(traceback.format_exception(caught.value))
        assert not self.name.private or arguments[self.name.argument].strip().lower() not in said.lower()
        return caught.value


@pytest.fixture(autouse=True)
def _look(
    request: Any, smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("named", "first"):
        if name in request.fixturenames:
            request.getfixturevalue(name).case.look_at(smartrecruiters_emulator, tmp_path, monkeypatch)


def test_every_operator_with_such_an_id_takes_the_name() -> None:
    for operator, change in catalogue.operators().items():
        parameters = catalogue.parameters(operator)
        assert set(change.names) >= {"job_id", "user_id"} & set(change.ids), change
        for argument, name in change.names.items():
            assert parameters[argument].default is parameters[name.argument].default is None, operator
            assert not name.private or name.argument in operator.private_fields


def test_by_name_is_the_same_as_by_id(named: Named, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_smartrecruiters")
    case, by_id, by_name = named.case, named.case.arguments(), named.arguments()
    expected = case.expected(by_id)
    plan, same = case.run(**by_name, plan_only=True), case.run(**by_id, plan_only=True)
    labels = plan["details"].pop("labels", {})
    with case.state.editing() as tenant:
        shown = getattr(named.among(tenant)[by_id[named.argument]], named.member)
    assert labels == ({} if named.name.private else {by_id[named.argument]: shown})
    assert plan == same
    result = case.run(**by_name)
    result["details"].pop("labels", None)
    case.check_result(result, by_id, expected)
    case.check_writes(by_id, expected)
    assert (shown in caplog.text) is not named.name.private


def test_a_name_that_nothing_has(first: Named, error_messages: dict[str, list[str]]) -> None:
    name = first.name.argument
    error = first.refused({**first.arguments(), name: "nobody@nowhere.example"})
    first.case.keep_message(error_messages, f"unknown {name}", error)
    assert error.fields == (name,)
    assert f"lookup {first.name.lookup}" in error.hint
    assert error.use_case == first.case.use_case


def test_a_misspelt_name_suggests_the_closest(first: Named) -> None:
    arguments = first.arguments()
    wrong = arguments[first.name.argument].strip() + "x"
    error = first.refused({**arguments, first.name.argument: wrong})
    right = wrong[:-1].lower()
    assert (right in str(error).lower()) is not first.name.private


def test_a_name_of_two_records(first: Named, error_messages: dict[str, list[str]]) -> None:
    arguments, by_id = first.arguments(), first.case.arguments()
    with first.case.state.editing() as tenant:
        records = first.among(tenant)
        other = next(one for one in records.values() if one.access == "full" and one.id != by_id[first.argument])
        setattr(other, first.member, getattr(records[by_id[first.argument]], first.member).lower())
    error = first.refused(arguments)
    first.case.keep_message(error_messages, f"{first.name.argument} of two", error)
    assert by_id[first.argument] in str(error)
    assert other.id in str(error)
    assert f"as {first.argument} instead of {first.name.argument}" in error.hint


def test_neither_both_and_blank_are_refused_before_sending(named: Named) -> None:
    by_id, by_name = named.case.arguments(), named.arguments()
    both = (named.argument, named.name.argument)
    assert named.refused({**by_id, **by_name}).fields == both
    without = {name: value for name, value in by_id.items() if name != named.argument}
    for given, words in (({}, "is missing"), ({named.name.argument: " "}, "is empty")):
        with pytest.raises(InvalidInputError) as caught:
            named.case.run(**without, **given)
        assert words in str(caught.value)
        assert all(name in str(caught.value) for name in both)
    assert named.case.operations() == []


def test_a_blank_id_is_not_given(first: Named) -> None:
    first.case.run(**{**first.arguments(), first.argument: ""}, plan_only=True)


def test_a_credential_that_may_not_read_the_list(first: Named, error_messages: dict[str, list[str]]) -> None:
    arguments = first.arguments()
    scope = first.name.access.partition("scope ")[2].rstrip(")")
    first.case.emulator.config.client_scopes -= {scope}
    first.case.connect(oauth=True)
    error = first.refused(arguments, PermissionDeniedError)
    first.case.keep_message(error_messages, f"{first.name.argument} without the scope to look it up", error)
    assert f"Give {first.argument} instead of {first.name.argument}" in error.hint
    assert scope in error.hint
