"""What generated inputs have found, as the plain cases that they came down to."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs import UpdateJobAndJobAd, UpdateJobNote, UpdateJobPosition
from airflow_provider_smartrecruiters.api.values.arguments import MAX_DEPTH
from airflow_provider_smartrecruiters.api.values.diff import FieldDiff
from airflow_provider_smartrecruiters.api.values.fields import check_id, check_json
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_size
from tests.properties.values import nested

HUGE = 10**5_000
"""More digits than Python turns into text."""


@pytest.mark.parametrize("value", [HUGE, -HUGE, 2, float("nan")], ids=["huge", "-huge", "2", "nan"])
def test_a_switch_that_is_a_strange_number(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="force"):
        as_bool("force", value)


@pytest.mark.parametrize("value", [2**31, 2**63, HUGE], ids=["2 GiB", "more than an index", "huge"])
def test_a_size_that_no_image_has(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="below 2 GiB"):
        as_size("max_bytes", value)
    assert as_size("max_bytes", 2**31 - 1) == 2**31 - 1


def test_an_id_that_is_a_huge_number() -> None:
    with pytest.raises(ValueError, match="more than 256 digits"):
        check_id(HUGE)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\n"])
def test_an_id_that_would_break_a_line(separator: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        check_id(f"a{separator}b")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("latitude", HUGE, "must be a number"),
        ("latitude", float("nan"), "finite number"),
        ("longitude", float("inf"), "finite number"),
        ("latitude", 90.1, "between -90 and 90"),
        ("latitude", "120", "between -90 and 90"),
        ("longitude", 180.1, "between -180 and 180"),
        ("longitude", "east", "must be a number"),
    ],
    ids=["huge", "nan", "inf", "90.1", "120", "180.1", "east"],
)
def test_a_coordinate_that_is_none(name: str, value: Any, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why) as caught:
        UpdateJobAndJobAd(job_id="1", job={"location": {name: value}})
    assert caught.value.fields == (f"job.location.{name}",)


@pytest.mark.parametrize(("value", "text"), [(-0.00005, "-0.00005"), (0, "0"), (13.4, "13.4"), (-180, "-180")])
def test_a_coordinate_is_sent_in_digits(value: float, text: str) -> None:
    assert UpdateJobAndJobAd(job_id="1", job={"location": {"longitude": value}}).job.given() == {
        "location": {"longitude": text}
    }


@pytest.mark.parametrize("in_lists", [True, False])
def test_the_deepest_body(in_lists: bool) -> None:
    check_json(nested(MAX_DEPTH - 1, in_lists=in_lists), "job")
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        check_json(nested(MAX_DEPTH, in_lists=in_lists), "job")


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
@pytest.mark.off_contract("request")
@pytest.mark.parametrize("depth", [MAX_DEPTH - 5, 950, 1_100, 30_000])
def test_a_job_with_a_deep_member(
    depth: int, smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    job = {"unknown": nested(depth, in_lists=False)}
    job_id = smartrecruiters_emulator.state.job_ids[0]
    if depth < MAX_DEPTH:
        assert apply(client, UpdateJobAndJobAd(job_id=job_id, job=job)).applied
    else:
        with pytest.raises(InvalidInputError) as caught:
            apply(client, UpdateJobAndJobAd(job_id=job_id, job=job))
        assert caught.value.fields == ("job",)


@pytest.mark.parametrize("content", [b"", b"None", b"x" * 20_001, bytearray(b"a note")])
def test_bytes_are_no_text(content: Any) -> None:
    """They were decoded after the checks of a text had passed them by: an empty one would have deleted the note."""
    with pytest.raises(InvalidInputError, match="must be text") as caught:
        UpdateJobNote(job_id="1", content=content)
    assert caught.value.fields == ("content",)
    with pytest.raises(InvalidInputError, match="must be text"):
        UpdateJobPosition(job_id="1", position_id="1", incumbent_name=content)


def test_what_the_api_requires_is_named_as_the_argument_is() -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobAndJobAd(job_id="1", job={"location": {"countryCode": "de"}, "title": "x"}, replace=True)
    assert caught.value.fields == ("job.location.city", "job.industry.id", "job.function.id", "job.experienceLevel.id")


@pytest.mark.parametrize("character", ["\n", "\r", "\u2028", "\x1b", "\u202e"])
def test_a_line_of_the_log_stays_one_line(character: str) -> None:
    text = f"Offer{character}ERROR all is lost"
    line = FieldDiff("subStatus", text, f"{text}!", shown=True).line()
    assert line.isprintable()
    assert FieldDiff(text, "a", "b", shown=False).line().isprintable()
