"""The gate: what a template or a file leaves behind does not pass, whatever member it is in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.jobs import UpdateJobAndJobAd, UpdateJobNote, UpdateJobPosition
from airflow_provider_smartrecruiters.api.values.arguments import MAX_DEPTH, admit
from airflow_provider_smartrecruiters.exceptions import InvalidInputError


class NaTType(datetime):
    """What ``pandas.NaT`` is: a datetime that is none."""


class Undefined:
    """What Jinja has for a name that nobody defined."""


RESIDUES = [
    *("None", "null", "undefined", "Undefined", "nan", "NaN", "NaT", "<NA>", " None ", "\tnan\n"),
    *("{{ params.city }}", "a {{ b }} c", "{% if x %}y{% endif %}", "{{\n x }}"),
    *("half \ud83d", "a\x00b", "bell\x07", "next\x85line"),
    *(float("nan"), float("inf"), NaTType(2026, 1, 1), Undefined()),
]
HARMLESS = [
    *("none", "Null", "NONE", "Nan Goldin", "a null b", "{ not a template }", "{{", "}} {{", "50 % {off}"),
    *("line one\nline two\r\n\tindented", "👩‍👩‍👧", "\u200f\u05e2\u05d1", "Straße", 0, False, 1.5, 10**30, b"\x00"),
]


@pytest.mark.parametrize("residue", RESIDUES, ids=[str(number) for number in range(len(RESIDUES))])
@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda leaf: leaf, "value"),
        (lambda leaf: [leaf], "value[0]"),
        (lambda leaf: ("x", leaf), "value[1]"),
        (lambda leaf: {"city": leaf}, "value.city"),
        (lambda leaf: {"a": {"b": [{"c": leaf}]}}, "value.a.b[0].c"),
    ],
)
def test_a_residue_is_named_by_its_path(wrap: Any, path: str, residue: Any) -> None:
    admitted = admit({"value": wrap(residue), "other": "x"}, optional=())
    assert list(admitted.problems) == [path]
    assert admitted.values == {"other": "x"}


@pytest.mark.parametrize("value", HARMLESS, ids=[str(number) for number in range(len(HARMLESS))])
def test_what_people_may_mean_passes(value: Any) -> None:
    admitted = admit({"value": {"member": [value]}}, optional=())
    assert (admitted.problems, admitted.values) == ({}, {"value": {"member": [value]}})


@pytest.mark.parametrize("blank", ["", "  ", "\n\t"])
def test_a_blank_text_is_not_given_and_never_removes(blank: str) -> None:
    admitted = admit({"a": blank, "b": {"c": blank, "d": {"e": blank}, "f": None}}, optional=("a",))
    assert admitted.values == {"b": {"d": {}, "f": None}}
    assert admitted.problems == {}


def test_a_blank_required_argument_is_left_for_its_own_check() -> None:
    assert admit({"a": " "}, optional=()).values == {"a": " "}


def test_a_blank_list_member_is_refused() -> None:
    assert admit({"a": ["x", ""]}, optional=("a",)).problems == {"a[1]": "is blank; leave it out"}


def test_a_key_that_is_not_a_name_is_not_repeated() -> None:
    (path,) = admit({"a": {"Ada Lovelace, born 1815": "None"}}, optional=()).problems
    assert path == "a.?"


def test_nesting_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(MAX_DEPTH * 40):
        deep = [deep]
    (problem,) = admit({"a": deep}, optional=()).problems.values()
    assert problem == f"is nested more than {MAX_DEPTH} levels deep"


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobAndJobAd(job_id="", job={"title": "None", "location": {"city": "nan", "countryCode": "germany"}})
    assert set(caught.value.fields) == {"job_id", "job.title", "job.location.city"}


@pytest.mark.parametrize("digits", ["41700", "2026", "10115"])
def test_digits_that_native_rendering_made_a_number_are_text_again(digits: str) -> None:
    assert UpdateJobNote(job_id="j", content=int(digits)).given == {"content": digits}
    position = UpdateJobPosition(job_id="j", position_id=int(digits), external_position_id=int(digits))
    assert (position.position_id, position.given) == (digits, {"positionId": digits})
    job = {"location": {"postalCode": int(digits)}, "refNumber": int(digits)}
    given = UpdateJobAndJobAd(job_id="j", job=job).job.given()
    assert given == {"location": {"postalCode": digits}, "refNumber": digits}


@pytest.mark.parametrize("value", [1.50, True, ["2026"]])
def test_what_may_have_been_another_text_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="content must be text"):
        UpdateJobNote(job_id="j", content=value)
