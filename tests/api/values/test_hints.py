"""What each hint must be like, and that none is for a code that the contract does not have."""

from __future__ import annotations

from typing import ClassVar

import pytest

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.api.positions import UpdateJobHeadcount
from airflow_provider_smartrecruiters.api.values.hints import TIMESLOT, Hints
from tests.support.catalogue import changes, missing_contract
from tests.support.contract import Contract

HINTS = "airflow_provider_smartrecruiters/api/values/hints.py"


def codes_of(method: str, path: str) -> set[str]:
    (operation,) = (one for one in Contract.load().operations.values() if (one.method, one.path) == (method, path))
    return {
        code
        for answer in operation.responses.values()
        for key in ("x-codes", "x-inferred-codes")
        for code in answer.get(key, ())
    }


@pytest.mark.parametrize("change", changes(), ids=lambda change: change.__name__)
def test_hints_are_sentences_that_say_what_to_do(change: type[Change]) -> None:
    for hint in change.hints.values():
        assert hint[0].isupper()
        assert hint.endswith(".")
        assert hint.isprintable()


def wrong_codes(change: type[Change]) -> str | None:
    """Say which codes only the hints of a change have, or only the contract."""
    hinted = {key for key in change.hints if isinstance(key, str)}
    of_write = codes_of(*change.method_and_path())
    # A read at another path may be refused for reasons of its own.
    known = of_write | codes_of("GET", change.record) if change.record else of_write
    if unknown := hinted - known:
        return (
            f"{HINTS}: Give {change.__name__} hints of its own: the contract does not document "
            f"{', '.join(sorted(unknown))} for it"
        )
    if lacking := of_write - hinted:
        return f"{HINTS}: Add {', '.join(sorted(lacking))} to the hints of {change.__name__}: the contract documents it"
    return None


@pytest.mark.parametrize("change", changes(), ids=lambda change: change.__name__)
def test_each_code_is_one_of_the_contract(change: type[Change]) -> None:
    if sentence := missing_contract(change) or wrong_codes(change):
        pytest.fail(sentence, pytrace=False)


def test_codes_that_the_contract_does_not_have_are_named_with_the_file() -> None:
    class UpdateJobMood(UpdateJobStatus):
        hints = TIMESLOT

    class UpdateJobColour(UpdateJobHeadcount):
        hints: ClassVar[Hints] = {}

    assert wrong_codes(UpdateJobMood) == (
        "airflow_provider_smartrecruiters/api/values/hints.py: Give UpdateJobMood hints of its own: the contract does "
        "not document INTERVIEW_NOT_FOUND, TIMESLOT_NOT_FOUND for it"
    )
    assert str(wrong_codes(UpdateJobColour)).startswith(
        "airflow_provider_smartrecruiters/api/values/hints.py: Add APPROVAL_PROCESS_NOT_ENABLED, "
    )
