"""Every fault meets every use case: applied once, or not and said so."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.jobs import UpdateJobAd, UpdateJobStatus
from airflow_provider_smartrecruiters.api.users import UpdateUserAvatar
from airflow_provider_smartrecruiters.api.values.result import ChangeResult
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.exceptions import AnswerLostError, SmartRecruitersError
from tests.reliability.matrix import GOOD, Cell, Matrix, Place, Verdict, cells, rows
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient


def name(row: tuple[Place, str]) -> str:
    return "-".join(row).replace(" ", "_")


# A quick run tries every thirty-second row.
ROWS = [row if number % 32 == 0 else pytest.param(row, marks=pytest.mark.slow) for number, row in enumerate(rows())]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", ROWS, ids=name)
def test_applied_once_or_not_and_said_so(row: tuple[Place, str], matrix: Matrix) -> None:
    outcomes = [matrix.outcomes[cell] for cell in cells(row)]
    assert outcomes
    assert not [str(outcome) for outcome in outcomes if outcome.verdict not in GOOD]


def test_every_fault_meets_every_use_case() -> None:
    assert len(FAULTS) >= 14
    met = {(cell.fault, cell.case) for row in rows() for cell in cells(row)}
    # What comes after a read cannot meet a use case that reads nothing.
    assert met == {
        (fault, case) for fault in FAULTS for case in catalogue.cases() if case.reads or fault != "refused_after_answer"
    }


# The matrix can fail


def test_writing_over_a_second_writer_is_found() -> None:
    def unguarded(client: SmartRecruitersClient, change: Change, expect: str) -> ChangeResult:
        return sending_again(client, change)

    made = Matrix()
    made.run([Cell(Place.WRITE_OF_TWO, "reset_before", catalogue.declaration(UpdateJobStatus))], unguarded)
    assert [one.why for one in made.bad()] == ["what the second writer wrote was written over"]


def outcome(apply: Callable[..., ChangeResult], fault: str, change: type[Change] = UpdateJobStatus) -> tuple[str, str]:
    made = Matrix()
    made.run([Cell(Place.WRITE, fault, catalogue.declaration(change))], apply)
    (only,) = made.outcomes.values()
    assert (only in made.bad()) is (only.verdict not in GOOD)
    return only.verdict, made.summary()


def result(change: Change) -> ChangeResult:
    return ChangeResult(change.use_case, change.target, changed=True, applied=True)


def send(client: SmartRecruitersClient, change: Change) -> None:
    change.send(client, change.body(change.read(client)))


def sending_again(client: SmartRecruitersClient, change: Change) -> ChangeResult:
    while True:
        try:
            send(client, change)
            return result(change)
        except AnswerLostError:
            continue


def hoping(client: SmartRecruitersClient, change: Change) -> ChangeResult:
    with suppress(AnswerLostError):
        send(client, change)
    return result(change)


def denying(client: SmartRecruitersClient, change: Change) -> ChangeResult:
    try:
        return apply(client, change)
    except SmartRecruitersError as error:
        error.may_have_been_applied = False
        raise


def forgetting(client: SmartRecruitersClient, change: Change) -> ChangeResult:
    change.send(client, {"title": change.body(change.read(client))["title"], "language": {"code": "en"}})
    return result(change)


def giving_up(client: SmartRecruitersClient, change: Change) -> ChangeResult:
    try:
        send(client, change)
    except AnswerLostError as error:
        error.use_case, error.may_have_been_applied = change.use_case, True
        raise
    return result(change)


def crashing(client: SmartRecruitersClient, change: Change) -> ChangeResult:
    try:
        return apply(client, change)
    except SmartRecruitersError as error:
        raise RuntimeError from error


def test_a_write_that_is_sent_again_blindly_is_found() -> None:
    verdict, summary = outcome(sending_again, "reset_after")
    assert verdict == Verdict.DOUBLED
    assert "0 lost, 1 doubled, 0 falsely reported" in summary


def test_a_success_that_did_not_happen_is_found() -> None:
    verdict, summary = outcome(hoping, "reset_before")
    assert verdict == Verdict.FALSE
    assert "0 lost, 0 doubled, 1 falsely reported" in summary


def test_a_change_that_is_denied_is_found() -> None:
    assert outcome(denying, "reset_after", UpdateUserAvatar)[0] == Verdict.FALSE


@pytest.mark.slow
def test_what_a_write_removes_unasked_is_found() -> None:
    verdict, summary = outcome(forgetting, "latency", UpdateJobAd)
    assert verdict == Verdict.LOST
    assert "1 lost, 0 doubled, 0 falsely reported" in summary


def test_an_error_of_another_kind_is_found() -> None:
    assert outcome(crashing, "no_access")[0] == Verdict.FALSE


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_giving_up_where_a_read_would_have_told_is_found(fault: str) -> None:
    verdict, summary = outcome(giving_up, fault)
    assert verdict == Verdict.WRONG
    assert "1 wrong otherwise" in summary


@pytest.mark.slow
def test_a_fault_that_never_strikes_is_found() -> None:
    made = Matrix()
    unread = catalogue.declarations()["put_update_user_avatar"]
    made.run([Cell(Place.READ, "reset_before", unread)])
    assert [one.why for one in made.bad()] == ["the fault never struck"]
