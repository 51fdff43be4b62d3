"""Ids, paths, dates and texts as a template may have rendered them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from airflow_provider_smartrecruiters.api.values import choices, fields
from airflow_provider_smartrecruiters.api.values.arguments import problem_of
from airflow_provider_smartrecruiters.api.values.fields import (
    check_id,
    check_json,
    fill_path,
    path_segment,
    same_instant,
    to_api_datetime,
)
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

REFUSED_IDS = [
    ("", "empty"),
    ("   ", "empty"),
    ("None", "template"),
    ("null", "template"),
    ("undefined", "template"),
    ("a\nb", "control"),
    ("a\r\nX-Injected: 1", "control"),
    ("a\x00", "control"),
    ("a\x7f", "control"),
    ("a\u2066b", "control"),
    ("a\u2028b", "control"),
    (10**256, "256 digits"),
    ("a\ud800", "control"),
    (" a", "space"),
    ("a ", "space"),
    (".", "dots"),
    ("%2e%2E", "dots"),
    ("a/b", "slash"),
    ("..%2fx", "slash"),
    ("a%252Fb", "slash"),
    ("a\\b", "backslash"),
    ("a%5cb", "backslash"),
    ("..", "dots"),
    ("...", "dots"),
    ("x" * 257, "257 characters"),
    (None, "is missing"),
    (True, "not bool"),
    (1.5, "not float"),
    (["a"], "not list"),
]


@pytest.mark.parametrize(("value", "why"), REFUSED_IDS)
def test_refused_ids(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_id(value)


@pytest.mark.parametrize(
    "value",
    ["60f1", "3a9c8a2e-0b4e-4d9c-9d2e-2f1f3f4a5b6c", "a.b", "..a", "a b", "ÄÖ", "求人", "x" * 256, "-", "%"],
)
def test_ids_are_opaque(value: str) -> None:
    assert check_id(value) == value


def test_a_whole_number_out_of_an_xcom_is_an_id() -> None:
    assert check_id(18554) == "18554"


def test_a_number_too_large_to_print_is_rejected() -> None:
    with pytest.raises(ValueError, match="256 digits"):
        check_id(10**5000)


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(ValueError, match="control") as caught:
        check_id("secret-thing\n")
    assert "secret-thing" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a?b=c", "a%3Fb%3Dc"),
        ("a#b", "a%23b"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("a;b", "a%3Bb"),
        ("é", "%C3%A9"),
        ("求", "%E6%B1%82"),
        ("👍", "%F0%9F%91%8D"),
        ("a-b_c.d~e", "a-b_c.d~e"),
    ],
)
def test_ids_are_percent_encoded(value: str, segment: str) -> None:
    assert path_segment(value) == segment


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=64))
def test_an_id_is_one_segment_and_comes_back_whole(value: str) -> None:
    try:
        segment = path_segment(value)
    except ValueError:
        decoded = unquote(unquote(value))
        odd = set(decoded) & set("/\\\u2028\u2029")
        assert not value.strip(" .") or value != value.strip() or problem_of(value) or odd
        return
    assert unquote(segment, errors="strict") == value
    assert segment.isascii()
    assert not set(segment) & set("/?#\\% ") - {"%"}
    assert segment.strip(".")


def test_a_template_takes_its_ids() -> None:
    filled = fill_path("/jobs/{jobId}/jobads/{jobAdId}", {"jobId": "a b", "jobAdId": 7})
    assert filled == "/jobs/a%20b/jobads/7"


def test_an_id_that_looks_like_a_placeholder_is_an_id() -> None:
    assert fill_path("/jobs/{jobId}/note", {"jobId": "{jobId}"}) == "/jobs/%7BjobId%7D/note"


@pytest.mark.parametrize("path", ["/jobs", "/user-api/v201804/users/me", "/jobs/a%2Fb", "/a/b.c/~d"])
def test_literal_paths(path: str) -> None:
    assert fill_path(path, {}) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "jobs",
        "/",
        "//evil.example.com/x",
        "/jobs//x",
        "/jobs/",
        "/jobs/../users",
        "/jobs/./x",
        "/jobs/..",
        "/jobs?limit=1",
        "/jobs#x",
        "/jobs/a b",
        "/jobs/é",
        "/jobs/100%",
        "/jobs/%zz",
        "/jobs/a\r\nX: 1",
        "/jobs\\x",
        "https://evil.example.com/",
        "@evil.example.com/",
        ":1@evil.example.com/",
    ],
)
def test_refused_literal_paths(path: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        fill_path(path, {})
    assert caught.value.fields == ("path",)
    assert "path_params" in caught.value.hint


@pytest.mark.parametrize("path", ["/jobs/%2e%2e/users", "/jobs/%2E./users", "/jobs/%2e"])
def test_encoded_dot_segments_are_dot_segments(path: str) -> None:
    """URL libraries decode them before they resolve the path: /jobs/%2e%2e/users is /users."""
    with pytest.raises(InvalidInputError):
        fill_path(path, {})


@pytest.mark.parametrize(
    ("path_params", "odd"),
    [({}, ("jobId",)), ({"jobId": "1", "id": "2"}, ("id",)), ({"id": "2"}, ("id", "jobId"))],
)
def test_placeholders_and_values_must_match(path_params: dict[str, str], odd: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        fill_path("/jobs/{jobId}", path_params)
    assert caught.value.fields == odd


@pytest.mark.parametrize("value", ["", "..", "a\n", "None", None])
def test_a_refused_id_is_named(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="jobId") as caught:
        fill_path("/jobs/{jobId}", {"jobId": value})
    assert caught.value.fields == ("jobId",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 1, 31), "2026-01-31T00:00:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        (" 2026-01-31 ", "2026-01-31T00:00:00.000Z"),
        (datetime(2026, 1, 31, 9, 30), "2026-01-31T09:30:00.000Z"),
        (datetime(2026, 1, 31, 9, 30, tzinfo=UTC), "2026-01-31T09:30:00.000Z"),
        (datetime(2026, 1, 31, 9, 30, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T07:30:00.000Z"),
        ("2026-01-31T09:30:00+02:00", "2026-01-31T07:30:00.000Z"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31T09:30:00.1234567Z", "2026-01-31T09:30:00.123Z"),
        ("20260131", "2026-01-31T00:00:00.000Z"),
        ("2026-01-01T00:30:00+02:00", "2025-12-31T22:30:00.000Z"),
    ],
)
def test_points_in_time(value: Any, text: str) -> None:
    assert to_api_datetime(value) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("soon", "ISO 8601"),
        ("", "ISO 8601"),
        ("31.01.2026", "ISO 8601"),
        ("2026-02-30", "ISO 8601"),
        (20260131, "not int"),
        (None, "not NoneType"),
        (True, "not bool"),
        ("0001-01-01T01:00:00+14:00", "years 1 to 9999"),
        ("9999-12-31T23:59:59-14:00", "years 1 to 9999"),
    ],
)
def test_rejected_points_in_time(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        to_api_datetime(value)


@given(st.datetimes(timezones=st.timezones() | st.none(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))
def test_a_formatted_time_parses_to_itself(value: datetime) -> None:
    # Midnight is a day, not an instant.
    assume((value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0))
    written = to_api_datetime(value)
    assert to_api_datetime(written) == written
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    assert timedelta(0) <= moment - datetime.fromisoformat(written) < timedelta(milliseconds=1)


@pytest.mark.parametrize("value", ["whenever", None, 5, {"a": 1}])
def test_a_date_in_a_response_is_never_rejected(value: Any) -> None:
    assert same_instant(value) == value


def test_equal_instants_compare_equal() -> None:
    forms = [
        "2026-06-01T08:00:00Z",
        "2026-06-01T08:00:00.000Z",
        "2026-06-01T10:00:00+02:00",
        "2026-06-01T08:00:00+0000",
    ]
    assert {same_instant(form) for form in forms} == {"2026-06-01T08:00:00.000Z"}


def nested(levels: int) -> Any:
    value: Any = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("value", [None, 1, "é", [], {}, {"a": [1, 2.5, None, True, {"b": ()}]}, nested(99)])
def test_what_json_can_represent(value: Any) -> None:
    check_json(value, "job")


@pytest.mark.parametrize(
    "value",
    [{1, 2}, b"x", object(), float("nan"), float("-inf"), "\ud83d", {"a": ["\ud83d"]}, nested(100), nested(100_000)],
    ids=["set", "bytes", "object", "nan", "inf", "half", "half-inside", "deep", "deeper"],
)
def test_what_json_cannot_represent(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="job contains a value that JSON cannot represent") as caught:
        check_json(value, "job")
    assert caught.value.fields == ("job",)


class Arguments(BaseModel):
    status: Annotated[str, choices.one_of(("A", "B"))] = "A"
    kind: Annotated[str | None, choices.choice_or_none(("A", "B"))] = None
    text: fields.OptionalText = None
    id: fields.OptionalId = None
    on: fields.OptionalDateTime = None


@pytest.mark.parametrize("name", ["kind", "text", "id", "on"])
@pytest.mark.parametrize("blank", ["", "  ", "\n\t", None])
def test_a_blank_form_field_counts_as_not_given(name: str, blank: str | None) -> None:
    assert getattr(Arguments(**{name: blank}), name) is None


@pytest.mark.parametrize("name", ["kind", "id", "on", "status"])
@pytest.mark.parametrize("text", ["None", "null", "undefined"])
def test_a_template_that_rendered_nothing_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        Arguments(**{name: text})


@pytest.mark.parametrize("name", ["status", "kind"])
@pytest.mark.parametrize("value", ["a", "C", " A", 1, ["A"], True])
def test_a_refused_choice_lists_the_choices(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match="must be one of A, B"):
        Arguments(**{name: value})


@pytest.mark.parametrize("value", ["", None])
def test_a_required_choice_cannot_be_blank(value: Any) -> None:
    with pytest.raises(ValidationError, match="must be one of A, B"):
        Arguments(status=value)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-02-01T00:00:00+02:00", "2026-02-01"),
        ("2026-02-01T00:00:00-08:00", "2026-02-01"),
        (datetime(2026, 2, 1, tzinfo=ZoneInfo("Europe/Berlin")), "2026-02-01"),
        (datetime(2026, 2, 1, tzinfo=ZoneInfo("America/Los_Angeles")), "2026-02-01"),
        (date(2026, 2, 1), "2026-02-01"),
    ],
)
def test_midnight_is_its_day_in_any_time_zone(value: Any, day: str) -> None:
    assert to_api_datetime(value) == f"{day}T00:00:00.000Z"


def test_a_date_of_the_api_is_an_instant_in_any_time_zone() -> None:
    assert same_instant("2026-02-01T00:00:00+02:00") == "2026-01-31T22:00:00.000Z"
