"""The normal form: what no reader of a record can tell apart is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.values.normal import normal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_it_is_its_own_normal_form(value: Any) -> None:
    assert normal(normal(value)) == normal(value)


@pytest.mark.parametrize("nothing", [None, "", [], {}, {"b": None}, {"b": {"c": []}}])
def test_a_member_that_holds_nothing_is_absent(nothing: Any) -> None:
    assert normal({"a": nothing, "kept": 0}) == {"kept": 0}


@pytest.mark.parametrize("something", [0, False, 0.0, " "])
def test_zero_and_false_are_something(something: Any) -> None:
    assert normal({"a": something}) == {"a": something}


def test_composed_and_decomposed_text_is_one() -> None:
    assert normal(["e\u0301te\u0301"]) == ["\u00e9t\u00e9"]
