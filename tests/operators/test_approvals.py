"""The text of a question, and the check that its answer is not too late."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, StalePlanError
from airflow_provider_smartrecruiters.operators.approvals import (
    MOST_ROWS,
    approval_body,
    approved_fingerprint,
    escaped,
)


def planned(number=0, **values):
    diff = [{"field": "status", "before": "NEW", "after": "REJECTED"}]
    return {"target": {"candidate_id": f"c{number}", "job_id": "j"}, "changed": True, "diff": diff} | values


def table(body):
    return [line for line in body.splitlines() if line.startswith("|")]


@given(value=st.text())
def test_no_text_becomes_markdown(value):
    shown = escaped(value)
    assert shown.isprintable()
    assert not set(re.sub(r"\\.", "", shown)) & set(string.punctuation)


def test_one_record():
    assert approval_body(planned()).splitlines() == [
        "**1 record would change.**",
        "",
        "| Candidate | Job | Field | Now | After |",
        "| --- | --- | --- | --- | --- |",
        "| c0 | j | status | NEW | REJECTED |",
    ]


def test_many_records_are_counted_and_the_table_ends():
    body = approval_body([planned(number) for number in range(MOST_ROWS + 7)])
    assert f"**{MOST_ROWS + 7} records would change.**" in body
    assert f"- {MOST_ROWS + 7}: status NEW → REJECTED" in body
    assert len(table(body)) == MOST_ROWS + 2
    assert body.endswith("7 more rows are not shown.")


def test_what_stays_as_it_is_is_not_asked():
    assert approval_body([planned(changed=False, diff=[])]) == "Nothing would change."


def test_links_and_names_are_there_only_if_they_are_given():
    body = approval_body(
        planned(),
        addresses=lambda ids: {"candidate": f"https://app.example.com/{ids['candidate_id']}"},
        names={"c0": "Ada | Lovelace"},
    )
    assert r"| [Ada \| Lovelace](<https://app.example.com/c0>) | j |" in body


def test_text_about_people_is_shown_by_its_length():
    diff = [{"field": "content", "before_length": None, "after_length": 12}]
    assert "length 12" in approval_body(planned(diff=diff))


def ago(**age):
    return (datetime.now(UTC) - timedelta(**age)).isoformat()


def test_an_approval_in_time_holds():
    assert approved_fingerprint("f", ago(hours=23)) == "f"


def test_a_late_approval_is_refused():
    with pytest.raises(StalePlanError, match=r"24\.5 hours old; the limit is 24 hours.*Nothing was sent") as caught:
        approved_fingerprint("f", ago(hours=24.5))
    assert isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("fingerprint", [None, ""])
def test_a_plan_without_a_fingerprint_is_not_applied(fingerprint):
    with pytest.raises(InvalidInputError, match="no fingerprint"):
        approved_fingerprint(fingerprint, ago(hours=1))
