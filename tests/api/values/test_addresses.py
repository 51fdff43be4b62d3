"""Web addresses of records, built and read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL
from airflow_provider_smartrecruiters.api.values.addresses import (
    APP_URL,
    PAGES,
    default_app_url,
    id_pasted,
    ids_in,
    web_address,
    web_addresses,
)
from airflow_provider_smartrecruiters.api.values.fields import placeholders
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from tests.support import catalogue

LOCAL = "http://127.0.0.1:8787"
IDS = st.text(st.characters(codec="utf-8"), min_size=1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.record)
@given(record_id=IDS)
def test_an_address_is_read_back(page, record_id):
    address = web_address(LOCAL, {page.id_name: record_id})

    assert ids_in(address) == {page.id_name: record_id}
    assert ids_in(f"  {address}/some/tab?query=1#part  ") == {page.id_name: record_id}


@given(text=st.text())
def test_any_text_can_be_read(text):
    ids_in(text)
    ids_in(f"https://{text}")


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        ("https://www.smartrecruiters.com/app/people/applications/a-1/notes", {"application_id": "a-1"}),
        ("https://www.smartrecruiters.com/app/people/c-1/messages", {"candidate_id": "c-1"}),
        ("https://smartrecruiters.com/app/people/candidates/c-1", {"candidate_id": "c-1"}),
        ("https://www.smartrecruiters.com/app/jobs/details/j-1/people", {"job_id": "j-1"}),
        # A job ad that candidates see: the number is that of the posting, and not the id of the job.
        ("https://jobs.smartrecruiters.com/Company/744000101959216-engineer", {}),
        ("https://www.smartrecruiters.com/app/jobs/", {}),
        ("c0a8e5b2-7d13-4f69-8e24-91b3d6f0aa11", {}),
        ("javascript://www.smartrecruiters.com/app/jobs/details/j-1", {}),
        ("https://[", {}),
        ("https://www.smartrecruiters.com/app/jobs/details/%FF", {}),
        ("", {}),
    ],
)
def test_addresses_that_people_paste(address, ids):
    assert ids_in(address) == ids


@pytest.mark.parametrize("change", catalogue.changes(), ids=lambda change: change.use_case)
def test_every_record_has_an_address(change):
    """The first page is about the record that changes, and all of its ids are in no address but their own."""
    target = dict.fromkeys(change.ids, "one/id")

    at_home, elsewhere = web_addresses(APP_URL, target), web_addresses(LOCAL, target)

    assert elsewhere, f"{change.use_case}: add the page of its record to PAGES in api/values/addresses.py"
    assert change.ids[0] == f"{next(iter(elsewhere))}_id"
    assert all(address.startswith(LOCAL) and "one%2Fid" in address for address in elsewhere.values())
    # SmartRecruiters' own pages of interviews and users are not known.
    assert list(at_home) == [record for record in elsewhere if record not in ("interview", "user")]


def test_no_address_without_the_web_application_or_an_id():
    assert web_address(None, {"job_id": "j-1"}) is None
    assert web_address("", {"job_id": "j-1"}) is None
    assert web_address(APP_URL, {"reason_id": "r-1"}) is None
    assert web_address(f"{APP_URL}/", {"job_id": "j-1"}) == f"{APP_URL}/app/jobs/details/j-1"


def test_only_production_has_a_known_web_application():
    assert default_app_url(PRODUCTION_URL) == default_app_url(f"{PRODUCTION_URL}/") == APP_URL
    assert default_app_url(SANDBOX_URL) is None
    assert default_app_url("https://api.smartrecruiters.com.example.org") is None


# The ids after those of the path are the company's own, of a record that is created: any text.
OWN_IDS = [
    (change, name) for change in catalogue.changes() for name in change.ids[len(placeholders(change.endpoint)) :]
]
ID_FIELDS = [(change, name) for change in catalogue.changes() for name in change.ids if (change, name) not in OWN_IDS]


def refusal(change, **arguments):
    with pytest.raises(InvalidInputError) as caught:
        change(**arguments)
    return str(caught.value)


@pytest.mark.parametrize(("change", "name"), ID_FIELDS, ids=lambda part: getattr(part, "use_case", part))
def test_every_id_takes_the_address_of_its_own_page_only(change, name):
    """The other arguments are missing, so the change is refused: it names this one only if its value is wrong."""
    for page in PAGES:
        address = f"  {web_address(LOCAL, {page.id_name: 'one id'})}/tab?x=1 "
        said = refusal(change, **{name: address})
        assert (f"{name} is the address of" in said) is (page.id_name != name)
        assert "127.0.0.1" not in said


@pytest.mark.parametrize(("change", "name"), ID_FIELDS, ids=lambda part: getattr(part, "use_case", part))
@pytest.mark.parametrize("value", ["", "   ", "https://www.smartrecruiters.com/app/home", "a/b", " an-id", "an-id "])
def test_every_id_refuses_what_is_none_by_name(change, name, value):
    assert f"{name} " in refusal(change, **{name: value})


@pytest.mark.parametrize(("change", "name"), OWN_IDS, ids=lambda part: getattr(part, "use_case", part))
@pytest.mark.parametrize("value", ["https://www.smartrecruiters.com/app/jobs/details/j-1", "a/b"])
def test_an_id_of_the_company_s_own_may_be_an_address(change, name, value):
    with pytest.raises(InvalidInputError) as caught:
        change(**{name: value})
    assert name not in caught.value.fields
    assert caught.value.target == {name: value}


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        (
            "candidate_id",
            "https://www.smartrecruiters.com/app/jobs/details/j-1",
            "is the address of a job; give the id of the candidate, or the address of the candidate's page",
        ),
        (
            "job_id",
            "https://www.smartrecruiters.com/app/people/applications/a-1",
            "is the address of an application; give the id of the job, or the address of the job's page",
        ),
        (
            "timeslot_id",
            "https://www.smartrecruiters.com/",
            "is the address of a page without an id that is known; give the id of the timeslot",
        ),
    ],
)
def test_a_wrong_address_says_what_it_is_and_what_to_give(name, address, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        id_pasted(address, name)


def test_what_is_no_address_is_left_to_the_check_of_ids():
    for value in (None, 7, "an id", ["http://a"], "httpx"):
        assert id_pasted(value, "job_id") is value
