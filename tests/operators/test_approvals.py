"""The text of a question, and the check that its answer is not too late."""

from __future__ import annotations

import re
import string
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, StalePlanError
from airflow_provider_smartrecruiters.operators.approvals import (
    MOST_ITEMS,
    MOST_ROWS,
    approval_body,
    approved_fingerprint,
    escaped,
    items_to_send,
)


def planned(number=0, **values):
    diff = [{"field": "status", "before": "NEW", "after": "REJECTED"}]
    return {
        "target": {"candidate_id": f"c{number}", "job_id": "j"},
        "changed": True,
        "skipped": None,
        "diff": diff,
    } | values


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


def test_what_was_looked_up_by_its_label_is_shown_by_it():
    diff = [{"field": "reason", "before": None, "after": "f7ab"}]
    assert "| Too far away |" in approval_body(planned(diff=diff, details={"labels": {"f7ab": "Too far away"}}))


def test_many_records_are_counted_and_the_table_ends():
    body = approval_body([planned(number) for number in range(MOST_ROWS + 7)])
    assert f"**{MOST_ROWS + 7} records would change.**" in body
    assert f"- {MOST_ROWS + 7}: status NEW → REJECTED" in body
    assert len(table(body)) == MOST_ROWS + 2
    assert body.endswith("7 more rows are not shown.")


def test_what_stays_as_it_is_is_not_asked():
    assert approval_body([planned(changed=False, diff=[])]) == "Nothing would change."


def test_what_a_guard_leaves_alone_is_said_and_not_asked():
    why = "the application is HIRED, and on"
    left = f"Left alone: {escaped(why)}."
    assert approval_body(planned(skipped=why)) == f"Nothing would change.\n\n{left}"
    body = approval_body([planned(1), planned(2, skipped=why)])
    assert len(table(body)) == 3
    assert body.endswith(left)


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


def batch(rows, **values):
    """Return the result of a batch with ``plan_only``."""
    kinds = Counter(
        "failed"
        if row["error"]
        else "skipped"
        if row["skipped"]
        else {True: "changed", False: "unchanged"}[row["changed"]]
        for row in rows
    )
    counts = {"total": len(rows), "unknown": 0, **{k: kinds[k] for k in ("changed", "unchanged", "skipped", "failed")}}
    return {"use_case": "x", "plan_only": True, "counts": counts, "results": None, "rows": rows[:50]} | values


def item(number, **values):
    return planned(number) | {"number": number, "place": f"item {number}", "skipped": False, "error": None} | values


class TestOfABatch:
    def test_items_are_numbered_as_in_the_log(self):
        rows = [item(1), item(2, changed=False, diff=[]), item(3, skipped=True), item(4)]
        assert approval_body(batch(rows)).splitlines() == [
            "**2 records would change.**",
            "",
            "- 2: status NEW → REJECTED",
            "",
            "| Item | Candidate | Job | Change |",
            "| --- | --- | --- | --- |",
            "| 1 | c1 | j | status NEW → REJECTED |",
            "| 4 | c4 | j | status NEW → REJECTED |",
            "",
            "Not part of it: 1 unchanged, 1 skipped.",
        ]

    def test_a_large_one_is_cut_and_says_so(self):
        rows = [item(number) for number in range(1, 121)]
        body = approval_body(batch(rows, results="/tmp/plan.jsonl"))
        assert "**120 records would change.**" in body
        assert len(table(body)) == MOST_ITEMS + 2
        assert body.endswith(r"100 more items are not shown. All are in \/tmp\/plan\.jsonl.")
        assert "- 50: " not in body

    def test_links_and_names(self):
        body = approval_body(
            batch([item(1)]), addresses=lambda ids: {"job": f"https://a.example/{ids['job_id']}"}, names={"c1": "A|B"}
        )
        assert r"| 1 | A\|B | [j](<https://a.example/j>) |" in body

    def test_of_many_fields_some_are_shown(self):
        diff = [{"field": f"f{n}", "before": None, "after": n} for n in range(8)]
        assert " and 3 more |" in approval_body(batch([item(1, diff=diff)]))

    def test_a_record_that_cannot_be_read_is_asked_about(self):
        assert "would be written" in approval_body(batch([item(1, diff=[])]))

    def test_nothing_to_ask(self):
        body = approval_body(batch([item(1, changed=False)]))
        assert body == "Nothing would change.\n\nNot part of it: 1 unchanged."
        assert items_to_send(batch([item(1, changed=False)])) == []

    def test_what_was_sent_is_no_plan(self):
        with pytest.raises(InvalidInputError, match="a batch that was sent, not of a plan"):
            approval_body(batch([item(1)], plan_only=False))


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
