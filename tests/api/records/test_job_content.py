"""Which parts of a job are sent back, and how the given parts are merged into them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_provider_smartrecruiters.api.records.job_content import (
    SECTION_MAX_LENGTH,
    SECTIONS,
    JobFields,
    LocationFields,
    SectionsFields,
    compared_job_ad,
    given_job,
    job_ad_input,
    job_input,
    merge,
    missing,
    region_notice,
)
from airflow_provider_smartrecruiters.api.records.job_properties import given_without_copies
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

ANSWERED_JOB = {
    "id": "j1",
    "title": "Engineer",
    "refNumber": "REF1",
    "createdOn": "2026-01-01T00:00:00Z",
    "updatedOn": "2026-01-02T00:00:00Z",
    "department": {"id": "d1", "label": "Engineering", "description": "x"},
    "location": {
        "country": "Germany",
        "countryCode": "de",
        "region": "Berlin",
        "regionCode": "BE",
        "city": "Berlin",
        "postalCode": "10115",
        "latitude": "52.52",
        "longitude": "13.40",
        "manual": False,
        "remote": False,
    },
    "status": "SOURCING",
    "postingStatus": "PUBLIC",
    "targetHiringDate": "2026-09-01T00:00:00Z",
    "industry": {"id": "i1", "label": "I"},
    "function": {"id": "f1", "label": "F"},
    "typeOfEmployment": {"id": "t1", "label": "T"},
    "experienceLevel": {"id": "e1", "label": "E"},
    "eeoCategory": {"id": None},
    "template": False,
    "creator": {"firstName": "Ada", "lastName": "L"},
    "compensation": {"min": 1, "max": None, "currency": "EUR", "period": "HOURLY", "new": "x"},
    "jobAd": {
        "sections": {
            "jobDescription": {"title": "Job", "text": "<p>x</p>"},
            "qualifications": {},
            "videos": {"urls": ["https://v.example.com"]},
        },
        "language": {"code": "en", "label": "English", "labelNative": "English"},
    },
    "properties": [
        {"id": "p1", "label": "Shift", "value": {"id": "v1", "label": "Night"}},
        {"id": "p2", "label": "Cost centre", "value": {"label": "CC-1"}},
        {"id": "p3", "label": "Unset", "value": None},
        {"id": "p4", "label": "Unset too"},
        {"id": "p5", "label": "Several", "value": {"id": "v1"}},
        {"id": "p5", "label": "Several", "value": {"id": "v2"}},
    ],
    "actions": {"details": {"url": "x", "method": "GET"}},
    "aNewMember": 1,
}

JOB = {
    "title": "Engineer",
    "refNumber": "REF1",
    "targetHiringDate": "2026-09-01T00:00:00.000Z",
    "department": {"id": "d1"},
    "location": {
        "countryCode": "de",
        "region": "Berlin",
        "regionCode": "BE",
        "city": "Berlin",
        "postalCode": "10115",
        "remote": False,
        "latitude": "52.52",
        "longitude": "13.40",
    },
    "industry": {"id": "i1"},
    "function": {"id": "f1"},
    "typeOfEmployment": {"id": "t1"},
    "experienceLevel": {"id": "e1"},
    "template": False,
    "compensation": {"min": 1, "currency": "EUR", "period": "HOURLY", "new": "x"},
    "jobAd": {
        "language": {"code": "en"},
        "sections": {
            "jobDescription": {"title": "Job", "text": "<p>x</p>"},
            "videos": {"urls": ["https://v.example.com"]},
        },
    },
    "properties": [
        {"id": "p1", "value": {"id": "v1"}},
        {"id": "p2", "value": {"label": "CC-1"}},
        {"id": "p5", "value": {"id": "v1"}},
        {"id": "p5", "value": {"id": "v2"}},
    ],
    "aNewMember": 1,
}


def test_what_the_api_returns_becomes_what_it_accepts() -> None:
    assert job_input(ANSWERED_JOB) == JOB


def test_what_is_sent_converts_to_itself() -> None:
    assert job_input(JOB) == JOB


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"title": None, "department": None, "location": None, "compensation": None, "jobAd": None, "properties": None},
        {"department": {}, "location": {}, "jobAd": {"sections": None, "language": None}, "properties": []},
    ],
)
def test_an_empty_answer_is_an_empty_job(answer: Any) -> None:
    assert job_input(answer) == {}
    assert compared_job_ad(job_ad_input(answer)) == {}


def test_the_sections_of_a_job_ad_are_one_level_higher() -> None:
    answer = {
        "id": "a1",
        "title": "Engineer",
        "language": {"code": "en", "label": "English"},
        "location": {"countryCode": "de", "city": "Berlin", "manual": True},
        "jobAd": {"jobDescription": {"title": "Job", "text": "x"}, "videos": {"urls": []}},
        "postingStatus": "PUBLISHED",
        "creator": {"id": "u1"},
    }
    assert job_ad_input(answer) == {
        "title": "Engineer",
        "language": {"code": "en"},
        "location": {"countryCode": "de", "city": "Berlin"},
        "jobAd": {"jobDescription": {"title": "Job", "text": "x"}, "videos": {"urls": []}},
    }


def test_a_section_keeps_members_that_are_not_known_here() -> None:
    assert job_ad_input({"jobAd": {"newSection": {"text": "x", "style": "bold"}}})["jobAd"] == {
        "newSection": {"text": "x", "style": "bold"}
    }


# Laying over


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"title": "Chief"}, {"title": "Chief"}),
        ({"department": {"id": "d2"}}, {"department": {"id": "d2"}}),
        ({"compensation": {"max": 9}}, {"compensation": {**JOB["compensation"], "max": 9}}),
        (
            {"jobAd": {"sections": {"jobDescription": {"text": "y"}}}},
            {
                "jobAd": {
                    "language": {"code": "en"},
                    "sections": {
                        "jobDescription": {"title": "Job", "text": "y"},
                        "videos": {"urls": ["https://v.example.com"]},
                    },
                }
            },
        ),
        (
            {"jobAd": {"sections": {"videos": {"urls": []}}}},
            {
                "jobAd": {
                    "language": {"code": "en"},
                    "sections": {"jobDescription": {"title": "Job", "text": "<p>x</p>"}, "videos": {"urls": []}},
                }
            },
        ),
    ],
)
def test_only_what_is_given_changes(wanted: Any, expected: Any) -> None:
    assert merge(JOB, wanted) == JOB | expected


@pytest.mark.parametrize("name", ["department", "targetHiringDate", "compensation", "refNumber", "jobAd", "properties"])
def test_none_removes_a_member(name: str) -> None:
    assert merge(JOB, {name: None}) == {key: value for key, value in JOB.items() if key != name}


def test_none_removes_a_nested_member() -> None:
    assert "postalCode" not in merge(JOB, {"location": {"postalCode": None}})["location"]
    assert (
        "text"
        not in merge(JOB, {"jobAd": {"sections": {"jobDescription": {"text": None}}}})["jobAd"]["sections"][
            "jobDescription"
        ]
    )


def test_none_for_a_missing_member_changes_nothing() -> None:
    assert merge(JOB, {"eeoCategory": None, "location": {"address": None}}) == JOB


@given(st.dictionaries(st.sampled_from(sorted(JOB)), st.just({}), max_size=3))
def test_an_empty_part_changes_nothing(wanted: Any) -> None:
    nested = {name: value for name, value in wanted.items() if isinstance(JOB[name], dict)}
    assert merge(JOB, nested) == JOB


def test_merge_does_not_modify_its_arguments() -> None:
    base, wanted = {"a": {"b": 1}}, {"a": {"c": {"d": None}}}
    merge(base, wanted)
    assert (base, wanted) == ({"a": {"b": 1}}, {"a": {"c": {"d": None}}})


def test_properties_are_merged_by_id() -> None:
    wanted = {"properties": [{"id": "p2", "value": {"label": "CC-2"}}, {"id": "p9", "value": {"id": "v9"}}]}
    assert merge(JOB, wanted)["properties"] == [
        {"id": "p1", "value": {"id": "v1"}},
        {"id": "p5", "value": {"id": "v1"}},
        {"id": "p5", "value": {"id": "v2"}},
        {"id": "p2", "value": {"label": "CC-2"}},
        {"id": "p9", "value": {"id": "v9"}},
    ]


def test_a_property_without_a_value_is_removed() -> None:
    ids = [item["id"] for item in merge(JOB, {"properties": [{"id": "p1", "value": None}]})["properties"]]
    assert ids == ["p2", "p5", "p5"]


def test_several_values_of_a_property_are_given_together() -> None:
    wanted = [{"id": "p5", "value": {"id": "v2"}}, {"id": "p5", "value": {"id": "v3"}}]
    assert merge(JOB, {"properties": wanted})["properties"][-2:] == wanted


@pytest.mark.parametrize(
    "moved", [{"city": "Potsdam"}, {"postalCode": "1"}, {"address": "x"}, {"city": "Paris", "countryCode": "fr"}]
)
def test_a_location_that_moves_loses_the_old_coordinates(moved: Any) -> None:
    location = merge(JOB, {"location": moved})["location"]
    assert not {"latitude", "longitude"} & set(location)


@pytest.mark.parametrize("given_too", [{"latitude": "1", "longitude": "2"}, {"latitude": None}])
def test_a_location_that_moves_keeps_coordinates_that_are_given(given_too: Any) -> None:
    location = merge(JOB, {"location": {"city": "Potsdam", **given_too}})["location"]
    assert location["longitude"] == given_too.get("longitude", "13.40")


@pytest.mark.parametrize("stays", [{"city": "Berlin"}, {"remote": True}, {}, {"countryCode": "de"}])
def test_a_location_that_stays_keeps_them(stays: Any) -> None:
    assert merge(JOB, {"location": stays})["location"]["latitude"] == "52.52"


def test_what_is_missing() -> None:
    required = ("title", "location.city", "industry.id")
    assert missing(JOB, required) == []
    assert missing({"title": "", "location": {"city": None}}, required) == list(required)
    assert missing({"title": "x", "location": "Berlin"}, required) == ["location.city", "industry.id"]


# What may be given


def test_given_members_differ_from_missing_ones() -> None:
    assert JobFields(title="x", department=None).given() == {"title": "x", "department": None}
    assert LocationFields().given() == {}
    assert SectionsFields(videos={"urls": []}).given() == {"videos": {"urls": []}}


def test_members_that_are_not_known_here_are_sent_as_they_are() -> None:
    assert JobFields(aNewMember={"x": 1}, location={"newPart": 2}).given() == {
        "aNewMember": {"x": 1},
        "location": {"newPart": 2},
    }


def test_coordinates_may_be_numbers() -> None:
    assert LocationFields(latitude=52.52, longitude=13).given() == {"latitude": "52.52", "longitude": "13"}


def test_a_job_from_a_response_can_be_given_as_an_argument() -> None:
    answered = ANSWERED_JOB | {"eeoCategory": None, "properties": ANSWERED_JOB["properties"][:3]}
    given_back = given_job(JobFields(**answered))
    assert given_back["department"] == {"id": "d1"}
    assert given_back["properties"][0] == {"id": "p1", "value": {"id": "v1"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "x" * 257},
        {"refNumber": "x" * 64},
        {"department": {}},
        {"department": {"id": ""}},
        {"department": "Engineering"},
        {"location": {"countryCode": "deu"}},
        {"location": {"city": ""}},
        {"location": "Berlin"},
        {"location": {"latitude": 181}},
        {"location": {"longitude": float("nan")}},
        {"location": {"latitude": True}},
        {"targetHiringDate": "soon"},
        {"template": "perhaps"},
        {"jobAd": {"language": {"code": ""}}},
        {"jobAd": {"sections": {"jobDescription": "text"}}},
        {"compensation": {"min": "much"}},
        {"properties": {"id": "p1"}},
        {"properties": [{"value": {"id": "v"}}]},
        {"properties": [{"id": "p1"}]},
        {"properties": [{"id": "p1", "value": "Night"}]},
    ],
)
def test_what_cannot_be_given(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JobFields(**fields)


# Limits


@pytest.mark.parametrize(
    ("name", "longest"),
    [("regionCode", 256), ("region", 256), ("city", 128), ("address", 2_000), ("postalCode", 32)],
)
def test_the_lengths_of_a_location(name: str, longest: int) -> None:
    assert LocationFields(**{name: "ż" * longest}).given() == {name: "ż" * longest}
    with pytest.raises(ValidationError):
        LocationFields(**{name: "x" * (longest + 1)})


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "videos"])
def test_the_length_of_a_section(section: str) -> None:
    longest = {section: {"text": "🌀" * SECTION_MAX_LENGTH}}
    assert SectionsFields(**longest).given() == longest
    with pytest.raises(ValidationError, match=r"has 25,000 characters; a section has at most 24,999"):
        SectionsFields(**{section: {"text": "x" * 25_000}})


@pytest.mark.parametrize(
    ("given", "there", "said"),
    [
        ({"regionCode": "BE"}, {"countryCode": "de"}, True),
        ({"regionCode": "BE", "countryCode": "DE"}, {"countryCode": "us"}, True),
        ({"regionCode": "BE", "countryCode": "de"}, None, True),
        ({"regionCode": "CO"}, {"countryCode": "US"}, False),
        ({"regionCode": "CO", "countryCode": "us"}, {"countryCode": "de"}, False),
        ({"regionCode": "BE"}, {}, False),
        ({"regionCode": None}, {"countryCode": "de"}, False),
        ({"region": "Berlin"}, {"countryCode": "de", "regionCode": "BE"}, False),
        (None, {"countryCode": "de", "regionCode": "BE"}, False),
    ],
)
def test_the_notice_about_a_region_code(given: Any, there: Any, said: bool) -> None:
    location = None if given is None else LocationFields(**given)
    assert bool(region_notice(location, there)) is said


# Properties that repeat a member

PROPERTIES = [
    {"id": "5880c5", "label": "Brands", "value": {"id": "b1", "label": "Northwind"}},
    {"id": "COUNTRY", "label": "Country", "value": {"id": "de", "label": "Germany"}},
    {"id": "58b7e4", "label": "Abteilung", "value": {"id": "d1", "label": "Engineering"}},
    {"id": "588295", "label": "Studios", "value": {"id": "s1", "label": "Berlin"}},
    {"id": "588296", "label": "An id by chance", "value": {"id": "d1", "label": "Other"}},
    {"id": "588297", "label": "Text", "value": {"label": "Engineering"}},
    {"id": "588298", "label": "Unset", "value": None},
]


def test_only_copies_of_a_member_are_left_out() -> None:
    job = job_input({**ANSWERED_JOB, "properties": PROPERTIES})
    assert [item["id"] for item in job["properties"]] == ["5880c5", "588295", "588296", "588297"]
    assert (job["location"]["countryCode"], job["department"]) == ("de", {"id": "d1"})
    assert job_input(job) == job


@pytest.mark.parametrize("department", [None, {}, {"id": "d1"}])
def test_without_a_labelled_department_nothing_is_taken_for_its_copy(department: Any) -> None:
    answer = {**ANSWERED_JOB, "department": department, "properties": PROPERTIES}
    assert "58b7e4" in [item["id"] for item in job_input(answer)["properties"]]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"properties": [{"id": "COUNTRY", "value": {"id": "DE"}}]}, []),
        ({"properties": [{"id": "58b7e4", "value": {"id": "d1"}}]}, []),
        # As it was read, beside a new value of the member.
        ({"department": {"id": "d2"}, "properties": [{"id": "58b7e4", "value": {"id": "d1"}}]}, []),
        ({"department": {"id": "d2"}, "properties": [{"id": "58b7e4", "value": {"id": "d2"}}]}, []),
        ({"properties": [{"id": "588295", "value": {"id": "d1"}}]}, ["588295"]),
    ],
)
def test_a_given_copy_that_agrees_is_left_out(given: Any, kept: list[str]) -> None:
    job = {**ANSWERED_JOB, "properties": PROPERTIES}
    assert [item["id"] for item in given_without_copies(given, job)["properties"]] == kept


@pytest.mark.parametrize(
    ("item", "member"),
    [
        ({"id": "COUNTRY", "value": {"id": "fr"}}, "location.countryCode"),
        ({"id": "COUNTRY", "value": {"label": "Germany"}}, "location.countryCode"),
        ({"id": "58b7e4", "value": {"id": "d2"}}, "department.id"),
        ({"id": "58b7e4", "value": None}, "department.id"),
    ],
)
def test_a_given_copy_that_disagrees_is_refused(item: Any, member: str) -> None:
    job = {**ANSWERED_JOB, "properties": PROPERTIES}
    with pytest.raises(InvalidInputError, match=f"Give job.{member} instead") as caught:
        given_without_copies({"properties": [item]}, job)
    assert caught.value.fields == ("job.properties[0]", f"job.{member}")
