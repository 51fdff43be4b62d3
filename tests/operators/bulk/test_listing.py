"""The log of a batch says who: each item with its number, its ids and what became of it, in lines that fit."""

from __future__ import annotations

import json
import logging
import re

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.listing import ListedItem, last_line, listing
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from tests.operators.bulk.batches import applications, context, is_rejected, reject, rows
from tests.support import catalogue

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

ENDS = ("Done: ", "Done, but not all: ", "Nothing to do: ", "Nothing was sent: ")


@pytest.fixture
def said(caplog):
    """Return the lines that a batch logged, and forget them."""
    caplog.set_level(logging.INFO, logger="airflow_provider_smartrecruiters")

    def lines():
        # What the hook logs of an error is not the batch's.
        messages = [record.getMessage() for record in caplog.records if ".operators.bulk." in record.name]
        found = [line for message in messages for line in message.splitlines()]
        caplog.clear()
        return found

    return lines


def items_in(lines):
    """Return what the log lists, by place: the item's lines as one."""
    text = "\n".join(lines).replace("\n      ", "  ")
    return {found[1]: found[2] for found in re.finditer(r"^  ((?:item|line) \d+) +(\S.*)$", text, flags=re.MULTILINE)}


def do_not_fit(lines):
    return [line for line in lines if len(line) > 100 and " " in line.strip()]


@pytest.mark.parametrize("kind", catalogue.cases(), ids=lambda kind: kind.use_case)
@pytest.mark.parametrize("plan_only", [True, False])
def test_every_use_case_says_who(emulator, tmp_path, said, kind, plan_only):
    case = catalogue.prepared(kind, emulator, tmp_path)
    items = [case.arguments(), case.other_arguments()]
    expected = case.expected(items[0])
    batch = case.operator.bulk(task_id="change", items=items, plan_only=plan_only)
    batch.execute(context())
    lines = said()
    listed = items_in(lines)
    assert list(listed) == ["item 1", "item 2"]
    title = next(line for line in lines if line.startswith("The items"))
    for item, line in zip(items, listed.values(), strict=True):
        assert all(str(item[name]) in title + line for name in kind.ids)
        done = {True: "would change", False: "changed"} if case.converges() else {True: "would be sent", False: "sent"}
        assert f"  {done[plan_only]}, " in line
    for field in (field for field in expected.diff[:1] if "before" in field):
        assert f"{field['field']}: " in listed["item 1"]
        assert str(field["after"]) in listed["item 1"]
    assert do_not_fit(lines) == []
    assert lines[-1].startswith("Nothing was sent: plan_only is on." if plan_only else "Done: 2 of 2 items ")
    assert not [text for text in expected.free_text if text in "\n".join(lines)]


@pytest.mark.parametrize("kind", [kind for kind in catalogue.cases() if kind.converges()], ids=lambda k: k.use_case)
def test_a_second_batch_ends_calmly(emulator, tmp_path, said, kind):
    case = catalogue.prepared(kind, emulator, tmp_path)
    batch = case.operator.bulk(task_id="change", items=[case.arguments(), case.other_arguments()])
    batch.execute(context())
    said()
    for plan_only in (True, False):
        batch.plan_only = plan_only
        batch.execute(context())
        lines = said()
        assert all(line.endswith("  unchanged") for line in items_in(lines).values())
        assert lines[-1] == "Nothing to do: everything is as requested."


def test_an_id_that_all_share_is_said_once(emulator, said):
    items = [{"job_id": "j", "candidate_id": f"nobody-{number}"} for number in range(3)]
    with pytest.raises(BulkFailedError):
        reject(items).execute(context())
    lines = said()
    assert "The items, all with job j:" in lines
    assert items_in(lines) == {
        f"item {number}": f"candidate nobody-{number - 1}  failed: NotFoundError 404" for number in (1, 2, 3)
    }


def test_one_item_keeps_its_ids(emulator, said):
    (item,) = applications(emulator, 1)
    reject([item]).execute(context())
    assert item["candidate_id"] in items_in(said())["item 1"]


def test_log_results_and_errors_count_alike(emulator, said, tmp_path):
    items = applications(emulator, 4)
    file = tmp_path / "items.csv"
    lines = [f"{item['candidate_id']},{item['job_id']}" for item in items]
    lines[2] = f"nobody,{items[2]['job_id']}"
    file.write_text("\n".join(["candidate_id,job_id", *lines[:2], "", *lines[2:]]))
    with pytest.raises(BulkFailedError):
        reject(str(file), results_path=str(tmp_path / "r.jsonl")).execute(context())
    log = said()
    places = [(row["number"], row["place"]) for row in rows(tmp_path / "r.jsonl")]
    assert places == [(1, "line 2"), (2, "line 3"), (3, "line 5"), (4, "line 6")]
    assert list(items_in(log)) == [place for _, place in places]
    assert "line 5: failed" in log
    file.write_text(f"candidate_id,job_id\n,\n,{items[0]['job_id']}\n{lines[1]}\n")
    with pytest.raises(InvalidInputError, match="line 3: ") as caught:
        reject(str(file)).execute(context())
    assert caught.value.fields


@pytest.mark.slow
def test_the_first_fifty_are_listed_and_the_rest_is_found(emulator, said, tmp_path):
    items = [{"job_id": f"no-such-job-{number}", "status": "FILLED"} for number in range(1, 121)]
    for results, where in (
        (None, "  70 items more. Set results_path to get a file with all of them."),
        (str(tmp_path / "r.jsonl"), "  70 items more. The results file has all of them."),
    ):
        UpdateJobStatusOperator.bulk(task_id="x", items=items, results_path=results, fail_above=1).execute(context())
        lines = said()
        assert list(items_in(lines)) == [f"item {number}" for number in range(1, 51)]
        assert where in lines
        assert (f"Results file: {results}" in lines) is (results is not None)
        assert lines[-1] == "Done, but not all: 0 of 120 items changed, 120 failed."


def test_a_plan_that_is_applied_names_its_items(emulator, said):
    items = [*applications(emulator, 1, "REJECTED"), *applications(emulator, 2)]
    plan = reject(items, plan_only=True).execute(context())
    planned = said()
    assert planned[-1] == "Nothing was sent: plan_only is on. 2 of 3 items would change, 1 unchanged."
    reject(plan).execute(context())
    lines = said()
    assert "The items of the plan:" in lines
    assert {place: line.replace("changed", "would change") for place, line in items_in(lines).items()} == {
        place: line for place, line in items_in(planned).items() if "would change" in line
    }
    assert lines[-1] == "Done: 2 of 2 items changed."


def test_a_pasted_address_is_the_id_in_log_and_results(emulator, said, tmp_path):
    (item,) = applications(emulator, 1)
    address = f"https://www.smartrecruiters.com/app/jobs/details/{item['job_id']}"
    results = tmp_path / "r.jsonl"
    reject([{**item, "job_id": address}], results_path=str(results)).execute(context())
    assert f"job {item['job_id']}" in items_in(said())["item 1"]
    assert rows(results)[0]["target"] == item
    assert is_rejected(emulator, item)


def test_an_empty_batch_is_one_calm_line(emulator, said):
    reject([]).execute(context())
    assert said() == ["Nothing to do: the batch has no items."]


def test_a_batch_that_fails_lists_its_items_too(emulator, said):
    items = [*applications(emulator, 2), {"candidate_id": "nobody", "job_id": "nothing"}]
    with pytest.raises(BulkFailedError):
        reject(items, on_item_error="stop", max_threads=1).execute(context())
    lines = said()
    assert len(items_in(lines)) == 3
    assert do_not_fit(lines) == []
    assert lines[-1] == "Done, but not all: 2 of 3 items changed, 1 failed."


@pytest.mark.parametrize("plan_only", [True, False])
@pytest.mark.parametrize("kind", ["changed", "sent", "rewritten", "unchanged", "skipped", "failed", "not_run"])
def test_every_ending_is_one_of_three(kind, plan_only):
    for counts in ({kind: 1}, {kind: 12_000, "unchanged": 1}, {kind: 1, "skipped": 1, "changed": 1}):
        line = last_line(counts, plan_only=plan_only)
        assert line.startswith(ENDS)
        assert do_not_fit(line.splitlines()) == []


def test_a_line_has_as_many_fields_as_fit():
    fields = [f"field{number}: before -> after" for number in range(12)]
    many = ListedItem("item 1", {"job_id": "j"}, "changed", fields)
    long = ListedItem("item 2", {"job_id": "k"}, "changed", [f"{'x' * 80}: before -> {'y' * 80}"])
    _, first, *rest = listing([many, long], {}, total=2, results=None)
    assert first == "  item 1  job j  changed, field0: before -> after, field1: before -> after, field2 and 9 more"
    assert rest == ["  item 2  job k", f"      changed, {'x' * 61}..."]


def test_free_text_is_named_and_not_shown(emulator, said):
    case = next(kind for kind in catalogue.cases() if kind.use_case == "put_update_job_note")
    job_id = emulator.state.job_ids[0]
    case.operator.bulk(task_id="x", items=[{"job_id": job_id}], content="Ada\nLovelace").execute(context())
    lines = said()
    assert items_in(lines) == {"item 1": f"job {job_id}  changed, content (not shown)"}
    assert "Ada" not in json.dumps(lines)


def test_fields_whose_values_do_not_fit_are_named(emulator, said):
    label = next(iter(emulator.state.rejection_reasons.values()))
    RejectApplicationOperator.bulk(task_id="x", items=applications(emulator, 1), reason=label).execute(context())
    assert items_in(said())["item 1"].endswith("  changed, status: IN_REVIEW -> REJECTED, reason")
