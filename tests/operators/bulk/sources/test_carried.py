"""What a run leaves is taken up by the next one, once, and not for ever."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateJobStatusOperator,
    UpdateCandidateTagsOperator,
)
from tests.operators.bulk.batches import StateStore, TaskInstance, applications, counts, is_rejected, reject, rows
from tests.use_cases.dag_runs import TASK_ID, new_dag
from tests.use_cases.dag_runs import run as run_dag

pytestmark = [pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0), pytest.mark.usefixtures("impatient")]

CARRIED = ("carried_in", "carried_over", "dropped")


@pytest.fixture
def left(tmp_path):
    return tmp_path / "left.jsonl"


def run(items, left, *, run_id="first", try_number=1, max_tries=0, store=None, **arguments) -> dict[str, Any]:
    """Run a batch of rejections, and return its result, whether or not it succeeds."""
    ti = TaskInstance(max_tries)
    ti.__dict__.update(run_id=run_id, try_number=try_number)
    context = {"ti": ti} if store is None else {"ti": ti, "task_state_store": store}
    try:
        return reject(items, carry_over=str(left), max_threads=1, **arguments).execute(context)
    except BulkFailedError:
        return ti.pushed["return_value"]


def fail(emulator, *items):
    """Make the writes of items fail with a transient error until the faults are cleared."""
    for item in items:
        emulator.fail("any write", status=503, path=item["candidate_id"])


def test_what_a_run_leaves_is_taken_up_by_the_next_one_once(emulator, left):
    first, second = applications(emulator, 5)[:3], applications(emulator, 5)[3:]
    fail(emulator, first[0], first[2])
    assert counts(run(first, left), "total", "failed", *CARRIED) == (3, 2, 0, 2, 0)
    assert [row["target"] for row in rows(left)] == [first[0], first[2]]
    emulator.clear_faults()
    fail(emulator, first[2])
    assert counts(run(second, left, run_id="second"), "total", "changed", *CARRIED) == (4, 3, 2, 1, 0)
    emulator.clear_faults()
    assert counts(run([], left, run_id="third"), "total", "changed", *CARRIED) == (1, 1, 1, 0, 0)
    assert rows(left) == []
    assert counts(run([], left, run_id="fourth"), "total", *CARRIED) == (0, 0, 0, 0)
    assert all(is_rejected(emulator, item) for item in first + second)


def test_an_item_of_the_new_run_wins(emulator, left):
    [item] = applications(emulator, 1)
    fail(emulator, item)
    run([item], left, reason="Stronger candidate selected")
    emulator.clear_faults()
    # Also if it names its job in another way.
    named = {"candidate_id": item["candidate_id"], "job_ref_number": emulator.state.job(item["job_id"]).ref_number}
    assert counts(run([named], left, run_id="second"), "total", "changed", *CARRIED) == (1, 1, 0, 0, 0)
    assert emulator.state.application(**item).reason_id is None


def test_a_carried_item_does_what_it_was_meant_to_do(emulator, left):
    [item] = applications(emulator, 1)
    fail(emulator, item)
    run([item], left, reason="Stronger candidate selected")
    emulator.clear_faults()
    run([], left, run_id="second")
    reasons = emulator.state.rejection_reasons
    assert reasons[emulator.state.application(**item).reason_id] == "Stronger candidate selected"


def test_guards_count_the_items_of_the_run_alone(emulator, left):
    items = applications(emulator, 4)
    fail(emulator, *items[:2])
    run(items[:2], left)
    emulator.clear_faults()
    assert counts(run(items[2:], left, run_id="second", max_items=2, expected_count=2), "changed") == (4,)
    with pytest.raises(InvalidInputError, match="expected_count"):
        run(items[2:], left, run_id="third", expected_count=1)


def test_what_is_too_old_is_dropped_and_named(emulator, left, caplog):
    items = applications(emulator, 2)
    fail(emulator, *items)
    run(items, left)
    emulator.clear_faults()
    old, new = rows(left)
    old["carried_since"] = (datetime.now(UTC) - timedelta(hours=73)).isoformat()
    left.write_text("".join(json.dumps(row) + "\n" for row in (old, new)))
    assert counts(run([], left, run_id="second"), "total", "changed", *CARRIED) == (1, 1, 1, 0, 1)
    [said] = [text for text in caplog.messages if text.startswith("Dropped candidate")]
    assert items[0]["candidate_id"] in said
    assert "item 1 of its run" in said
    assert not is_rejected(emulator, items[0])


def test_an_item_keeps_its_age_from_run_to_run(emulator, left):
    [item] = applications(emulator, 1)
    fail(emulator, item)
    run([item], left)
    since = rows(left)[0]["carried_since"]
    assert counts(run([], left, run_id="second"), *CARRIED) == (1, 1, 0)
    assert rows(left)[0]["carried_since"] == since


def test_a_retry_of_the_run_finds_the_same_batch(emulator, left):
    items, store = applications(emulator, 4), StateStore()
    fail(emulator, *items[:2])
    run(items[:2], left)
    emulator.clear_faults()
    fail(emulator, items[1], items[3])
    tried = {"run_id": "second", "max_tries": 1, "store": store}
    assert counts(run(items[2:], left, **tried), "total", "failed", *CARRIED) == (4, 2, 2, 2, 0)
    emulator.clear_faults()
    again = run(items[2:], left, try_number=2, **tried)
    assert counts(again, "total", "resumed", "changed", *CARRIED) == (4, 2, 4, 2, 0, 0)
    assert rows(left) == []


def test_what_a_failed_try_had_finished_is_not_taken_up_by_the_next_run(emulator, left):
    items = applications(emulator, 2)
    fail(emulator, *items)
    run(items, left)
    emulator.clear_faults()
    fail(emulator, items[1])
    assert counts(run([], left, run_id="second", max_tries=3), *CARRIED) == (2, 1, 0)
    assert len(rows(left)) == 2
    emulator.clear_faults()
    UpdateCandidateJobStatusOperator(task_id="reopen", status="IN_REVIEW", **items[0]).execute({})
    assert counts(run([], left, run_id="third"), "total", "changed") == (1, 1)
    assert not is_rejected(emulator, items[0])


def test_a_plan_shows_what_is_carried_and_leaves_the_file(emulator, left):
    items = applications(emulator, 1)
    fail(emulator, *items)
    run(items, left)
    emulator.clear_faults()
    before = left.read_bytes()
    assert counts(run([], left, run_id="second", plan_only=True), "total", "changed", "applied") == (1, 1, 0)
    assert left.read_bytes() == before


def test_items_that_were_not_started_are_carried_and_permanent_failures_are_not(emulator, left):
    items = applications(emulator, 3)
    items[0] = {**items[0], "job_id": "00000000-0000-4000-8000-000000000000"}
    result = run(items, left, on_item_error="stop")
    assert counts(result, "failed", "not_run", *CARRIED) == (1, 2, 0, 2, 0)
    assert [row["target"] for row in rows(left)] == items[1:]


def test_text_about_people_is_never_written(emulator, left):
    [candidate] = emulator.state.candidate_ids[:1]
    own = UpdateCandidateTagsOperator.bulk(
        task_id="tag", items=[{"candidate_id": candidate, "add": ["secret"]}], carry_over=str(left)
    )
    with pytest.raises(InvalidInputError, match="item 1: holds add, which no file may keep"):
        own.execute({})
    emulator.fail("any write", status=503)

    def shared(tag):
        ti = TaskInstance()
        batch = UpdateCandidateTagsOperator.bulk(
            task_id="tag", items=[{"candidate_id": candidate}], add=[tag], carry_over=str(left), fail_above=1
        )
        return batch.execute({"ti": ti})

    assert counts(shared("secret"), *CARRIED) == (0, 1, 0)
    assert "secret" not in left.read_text()
    emulator.clear_faults()
    batch = UpdateCandidateTagsOperator.bulk(task_id="tag", items=[], add=["other"], carry_over=str(left))
    assert counts(batch.execute({}), "total", *CARRIED) == (0, 0, 0, 1)


def test_a_file_of_anything_else_is_refused(emulator, left, tmp_path):
    items = applications(emulator, 1)
    other = tmp_path / "results.jsonl"
    reject(items, results_path=str(other)).execute({})
    with pytest.raises(InvalidInputError, match="names a file that no carry_over has written"):
        run(items, other)
    fail(emulator, *items)
    UpdateCandidateJobStatusOperator.bulk(
        task_id="reject", items=items, status="OFFERED", carry_over=str(left), fail_above=1
    ).execute({})
    with pytest.raises(InvalidInputError, match="of another operator"):
        run(items, left)
    elsewhere = RejectApplicationOperator.bulk(task_id="elsewhere", items=items, carry_over=str(left))
    with pytest.raises(InvalidInputError, match="the file of another task"):
        elsewhere.execute({})
    with pytest.raises(InvalidInputError, match="carry_over is for new items"):
        reject(None, retry_from=str(other), carry_over=str(left)).execute({})


def test_a_task_that_carries_over_never_runs_twice_at_once(left):
    made = reject([], carry_over=str(left))
    assert made.max_active_tis_per_dag == 1
    assert reject([]).max_active_tis_per_dag is None
    assert reject([], carry_over=str(left), max_active_tis_per_dag=2).max_active_tis_per_dag == 2


@pytest.mark.airflow_run
def test_two_real_runs(emulator, airflow_db, left, tmp_path):
    items, file = applications(emulator, 3), tmp_path / "items.json"
    with new_dag("carries_over") as dag:
        RejectApplicationOperator.bulk(task_id=TASK_ID, items=str(file), carry_over=str(left))
    fail(emulator, items[1])
    file.write_text(json.dumps(items))
    (found,) = run_dag(dag)
    assert (found.state, counts(found.result, *CARRIED)) == ("failed", (0, 1, 0))
    emulator.clear_faults()
    file.write_text("[]")
    (found,) = run_dag(dag)
    assert (found.state, counts(found.result, "changed", *CARRIED)) == ("success", (1, 1, 0, 0))
    assert rows(left) == []
