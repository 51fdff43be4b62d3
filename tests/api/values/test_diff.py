"""Differences between two states, and how much of them may be shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.values.diff import MISSING, UNREAD, FieldDiff, diff, flatten, unread

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner),
    max_leaves=10,
)
STATES = st.dictionaries(st.text("abc", min_size=1, max_size=2), JSON, max_size=4)


def names(diffs: list[FieldDiff]) -> list[str]:
    return [item.name for item in diffs]


@given(STATES)
def test_nothing_differs_from_itself(state: dict[str, Any]) -> None:
    assert diff(state, json.loads(json.dumps(state)), ("*",), whole=True) == []


@given(STATES, STATES)
def test_a_whole_diff_finds_every_leaf(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = flatten(before), flatten(after)
    found = set(names(diff(before, after, (), whole=True)))
    # Not the operator: True == 1 is for Python, and the diff must not be cleverer than the record.
    assert found == {n for n in old.keys() | new.keys() if n not in old or n not in new or old[n] != new[n]}


def test_nested_members_have_dotted_names() -> None:
    before = {"location": {"city": "Berlin", "countryCode": "de"}, "title": "A"}
    after = {"location": {"city": "Paris", "countryCode": "de"}, "title": "B"}
    assert names(diff(before, after, (), whole=True)) == ["location.city", "title"]


def test_what_is_left_out_is_removed_only_from_a_whole() -> None:
    before, after = {"status": "NEW", "reason": "r"}, {"status": "NEW"}
    assert diff(before, after, (), whole=False) == []
    assert diff(before, after, (), whole=True) == [FieldDiff("reason", "r", MISSING, shown=False)]


@pytest.mark.parametrize(("before", "after"), [({"a": None}, {}), ({}, {"a": None}), ({"a": {"b": None}}, {"a": {}})])
def test_null_counts_as_missing(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert diff(before, after, (), whole=True) == []


def test_false_zero_and_the_empty_text_are_values() -> None:
    assert flatten({"a": False, "b": 0, "c": ""}) == {"a": False, "b": 0, "c": ""}


def test_lists_of_records_are_keyed_by_id() -> None:
    before = {"properties": [{"id": "p1", "value": {"id": "v1"}}, {"id": "p2", "value": {"label": "x"}}]}
    after = {"properties": [{"id": "p2", "value": {"label": "x"}}, {"id": "p1", "value": {"id": "v2"}}]}
    assert names(diff(before, after, (), whole=True)) == ["properties[p1].value.id"]


def test_a_record_without_other_members_is_there_or_not() -> None:
    assert names(diff({"l": [{"id": "1"}]}, {"l": [{"id": "1"}, {"id": "2"}]}, (), whole=True)) == ["l[2]"]


def test_a_property_with_several_values_hides_none() -> None:
    """Its id appears several times. Keyed by id, the second value would hide the first."""
    before = {"properties": [{"id": "p", "value": {"id": "1"}}, {"id": "p", "value": {"id": "2"}}]}
    after = {"properties": [{"id": "p", "value": {"id": "9"}}, {"id": "p", "value": {"id": "2"}}]}
    assert names(diff(before, after, (), whole=True)) == ["properties"]


@pytest.mark.parametrize("items", [["a", "b"], [{"id": "1"}, "x"], [{"id": None}], [{"name": "x"}], []])
def test_any_other_list_is_a_leaf(items: list[Any]) -> None:
    assert flatten({"l": items}) == {"l": items}


def test_values_are_shown_by_name_or_pattern_only() -> None:
    before = {"status": "A", "industry": {"id": "1", "label": "x"}, "title": "t"}
    after = {"status": "B", "industry": {"id": "2", "label": "y"}, "title": "u"}
    shown = {item.name: item.shown for item in diff(before, after, ("status", "*.id"), whole=True)}
    assert shown == {"status": True, "industry.id": True, "industry.label": False, "title": False}


def test_a_pattern_is_case_sensitive() -> None:
    assert [item.shown for item in diff({}, {"Status": "A"}, ("status",), whole=True)] == [False]


@pytest.mark.parametrize(
    ("item", "line", "as_dict"),
    [
        (
            FieldDiff("status", "SOURCING", "FILLED", shown=True),
            "status: SOURCING -> FILLED",
            {"field": "status", "before": "SOURCING", "after": "FILLED"},
        ),
        (
            FieldDiff("status", MISSING, "FILLED", shown=True),
            "status: (not set) -> FILLED",
            {"field": "status", "before": None, "after": "FILLED"},
        ),
        (
            FieldDiff("status", UNREAD, "FILLED", shown=True),
            "status: (not read) -> FILLED",
            {"field": "status", "before": None, "after": "FILLED"},
        ),
        (
            FieldDiff("remote", False, True, shown=True),
            "remote: False -> True",
            {"field": "remote", "before": False, "after": True},
        ),
        (
            FieldDiff("content", "Ada called", "Ada wrote back", shown=False),
            "content: 10 characters -> 14 characters",
            {"field": "content", "before_length": 10, "after_length": 14},
        ),
        (
            FieldDiff("content", "abcd", "efgh", shown=False),
            "content: 4 characters -> 4 characters (other text)",
            {"field": "content", "before_length": 4, "after_length": 4},
        ),
        (
            FieldDiff("content", MISSING, "a", shown=False),
            "content: (not set) -> 1 character",
            {"field": "content", "before_length": None, "after_length": 1},
        ),
        (
            FieldDiff("content", UNREAD, "a", shown=False),
            "content: (not read) -> 1 character",
            {"field": "content", "before_length": None, "after_length": 1},
        ),
        (
            FieldDiff("content", "a", MISSING, shown=False),
            "content: 1 character -> (not set)",
            {"field": "content", "before_length": 1, "after_length": None},
        ),
        (
            FieldDiff("tags", ["a", "b"], ["b", "c", "d"], shown=False),
            "tags: 2 items -> 3 items (2 added, 1 removed)",
            {"field": "tags", "before_length": 2, "after_length": 3},
        ),
        (
            FieldDiff("compensation.min", 48000, 52000, shown=False),
            "compensation.min: 5 characters -> 5 characters (other text)",
            {"field": "compensation.min", "before_length": 5, "after_length": 5},
        ),
    ],
)
def test_how_a_difference_reads(item: FieldDiff, line: str, as_dict: dict[str, Any]) -> None:
    assert item.line() == line
    assert item.as_dict() == as_dict
    json.dumps(item.as_dict())


@given(st.text("xyz0123", min_size=6), st.text("XYZ4567", min_size=6))
def test_hidden_values_appear_nowhere(before: str, after: str) -> None:
    item = diff({"note": before}, {"note": after}, (), whole=True)[0]
    for text in (item.line(), json.dumps(item.as_dict())):
        assert before not in text
        assert after not in text


def test_unread_and_unset_values_look_different() -> None:
    assert [item.before for item in unread({"status": "A", "startsOn": None}, ("status",))] == [UNREAD]


@pytest.mark.parametrize("break_", ["\n", "\r", "\x1b[2J", "\u2028", "\u202e"])
def test_nothing_breaks_a_line_of_the_log(break_: str) -> None:
    shown = FieldDiff(f"a{break_}b", f"x{break_}y", f"y{break_}z", shown=True)
    hidden = FieldDiff(f"a{break_}b", "x", "y", shown=False)
    for line in (shown.line(), hidden.line()):
        assert line.isprintable()
        assert line.startswith("a\\")
