"""What each hint must be like, and that none is for a code that the contract does not have."""

from __future__ import annotations

import pytest

from airflow_provider_smartrecruiters.api.change import Change
from tests.support.catalogue import changes
from tests.support.contract import Contract


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


@pytest.mark.parametrize("change", changes(), ids=lambda change: change.__name__)
def test_each_code_is_one_of_the_contract(change: type[Change]) -> None:
    hinted = {key for key in change.hints if isinstance(key, str)}
    of_write = codes_of(*change.method_and_path())
    assert of_write <= hinted
    # A read at another path may be refused for reasons of its own.
    assert hinted <= (of_write | codes_of("GET", change.record) if change.record else of_write)
