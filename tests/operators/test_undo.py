"""Undo brings every record of a batch back to the state before, and touches nothing else."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateJobStatusOperator,
    UpdateCandidateTagsOperator,
)
from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator
from tests.operators.bulk.batches import StateStore, applications, context, counts, is_rejected, reject, rows

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

TAGS = "/candidates/{candidate_id}/tags"


@pytest.fixture
def emulator(smartrecruiters_emulator, monkeypatch):
    connection = {**smartrecruiters_emulator.connection, "extra": {"requests_per_second": 0, "max_concurrent": 0}}
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
    return smartrecruiters_emulator


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "results.jsonl")


def undo(results: Any, **arguments: Any) -> dict[str, Any]:
    made = arguments.pop("context", None) or context()
    return UndoBulkOperator(task_id="undo", results=results, **arguments).execute(made)


def writes(emulator):
    return [request for request in emulator.requests if request.method != "GET"]


def application(emulator, item):
    found = emulator.state.application(item["candidate_id"], item["job_id"])
    return found.status, found.sub_status, found.starts_on, found.reason_id


def move(item, **status):
    UpdateCandidateJobStatusOperator(task_id="move", **item, **status).execute(context())


@pytest.fixture
def rejected(emulator, path):
    """Three applications that were rejected by a batch, one that was rejected before, and all as they were before."""
    items = [*applications(emulator, 3), *applications(emulator, 1, status="REJECTED")]
    before = [application(emulator, item) for item in items]
    result = reject(items, results_path=path).execute(context())
    assert counts(result, "changed", "unchanged") == (3, 1)
    return items, before, result


def test_a_batch_is_undone_once(emulator, path, rejected, caplog):
    caplog.set_level(logging.INFO)
    items, before, result = rejected
    planned = undo(path, plan_only=True)
    assert counts(planned, "total", "changed", "applied") == (3, 3, 0)
    assert [field["after"] for field in planned["rows"][0]["diff"] if field["field"] == "status"] == [before[0][0]]
    done = undo(result)
    assert counts(done, "total", "changed", "failed") == (3, 3, 0)
    assert done["detail_counts"] == {"notice": 3}
    assert "may have seen that" in caplog.text
    assert [application(emulator, item) for item in items] == before
    sent = len(writes(emulator))
    assert counts(undo(path), "total", "unchanged") == (3, 3)
    assert len(writes(emulator)) == sent


def test_a_record_that_changed_since_is_refused_and_named(emulator, path, rejected, caplog):
    items, before, _ = rejected
    move(items[1], status="OFFERED")
    with pytest.raises(BulkFailedError, match="1 of 3 items failed"):
        undo(path)
    assert [application(emulator, item)[0] for item in items[:3]] == [before[0][0], "OFFERED", before[2][0]]
    [said] = [text for text in caplog.messages if "changed after the batch that is undone" in text]
    assert said.startswith("item 2 of the results file")
    assert items[1]["candidate_id"] in said


def test_an_undo_has_the_guards_of_a_batch(emulator, path, rejected):
    items, _, _ = rejected
    for guards in ({"max_items": 2}, {"expected_count": 4}):
        with pytest.raises(InvalidInputError, match=next(iter(guards))):
            undo(path, **guards)
    move(items[0], status="HIRED")
    assert counts(undo(path, only_if_status_in=["REJECTED"]), "changed", "skipped") == (2, 1)
    assert application(emulator, items[0])[0] == "HIRED"


def test_who_was_hired_since_is_left_alone(emulator, path):
    items = applications(emulator, 1)
    hired = UpdateCandidateJobStatusOperator.bulk(task_id="hire", items=items, results_path=path, status="HIRED")
    assert counts(hired.execute(context()), "changed") == (1,)
    assert counts(undo(path), "changed", "skipped") == (0, 1)
    assert application(emulator, items[0])[0] == "HIRED"
    assert counts(undo(path, protect_hired=False), "changed") == (1,)
    assert application(emulator, items[0])[0] != "HIRED"


def test_an_undo_can_be_undone(emulator, path, rejected, tmp_path):
    items, _, _ = rejected
    second = str(tmp_path / "undone.jsonl")
    undo(path, results_path=second)
    assert counts(undo(second), "changed", "failed") == (3, 0)
    assert all(is_rejected(emulator, item) for item in items)


def test_an_undo_resumes_after_a_kill(emulator, path, rejected):
    items, before, _ = rejected
    store = StateStore(dies_after=2)
    with pytest.raises(SystemExit):
        undo(path, max_threads=1, context=context(store))
    store.dies_after = None
    done = undo(path, max_threads=1, context=context(store))
    assert counts(done, "total", "failed") == (3, 0)
    assert done["counts"]["resumed"] > 0
    assert [application(emulator, item) for item in items] == before


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"status": "REJECTED", "reason_id": "{0}"}, {"status": "REJECTED", "reason_id": "{1}"}),
        ({"status": "IN_REVIEW", "sub_status": "{step}"}, {"status": "REJECTED", "reason_id": "{0}"}),
        ({"status": "INTERVIEW"}, {"status": "INTERVIEW", "sub_status": "{later}"}),
        ({"status": "HIRED", "starts_on": "2027-02-01"}, {"status": "OFFERED", "starts_on": "2027-03-01"}),
        ({"status": "HIRED", "starts_on": "2027-02-01"}, {"status": "WITHDRAWN"}),
    ],
)
def test_status_sub_status_start_and_reason_come_back(emulator, path, first, then):
    [item] = applications(emulator, 1)
    step, later = (emulator.state.sub_statuses(item["job_id"], status)[0] for status in ("IN_REVIEW", "INTERVIEW"))

    def filled(arguments):
        known = emulator.state.rejection_reasons
        return {name: value.format(*known, step=step, later=later) for name, value in arguments.items()}

    move(item, **filled(first))
    before = application(emulator, item)
    options = {"items": [item], "results_path": path, "protect_hired": False}
    moved = UpdateCandidateJobStatusOperator.bulk(task_id="move", **options, **filled(then))
    assert counts(moved.execute(context()), "changed") == (1,)
    assert application(emulator, item) != before
    assert counts(undo(path), "changed") == (1,)
    assert application(emulator, item) == before


def candidates(emulator, *tags):
    """Return the ids of candidates who are given these tags."""
    with emulator.state.editing() as tenant:
        found = list(tenant.candidates.values())[: len(tags)]
        for candidate, own in zip(found, tags, strict=True):
            candidate.tags = list(own)
    return [candidate.id for candidate in found]


def tags_of(emulator, ids):
    return [sorted(emulator.state.candidate(one).tags) for one in ids]


def test_of_tags_exactly_what_the_batch_changed_comes_back(emulator, path):
    found = candidates(emulator, ["kept"], ["kept", "new"], ["gone", "kept"])
    before = tags_of(emulator, found)
    items = [{"candidate_id": one} for one in found]
    shared = {"add": ["new", "newer"], "remove": ["gone"]}
    UpdateCandidateTagsOperator.bulk(task_id="tag", items=items, results_path=path, **shared).execute(context())
    assert "newer" not in Path(path).read_text()
    sent = len(writes(emulator))
    with pytest.raises(InvalidInputError, match="results never hold tags"):
        undo(path)
    with pytest.raises(InvalidInputError, match="not those of that batch"):
        undo(path, shared={**shared, "add": ["other"]})
    assert len(writes(emulator)) == sent
    assert counts(undo(path, shared=shared), "changed", "failed") == (3, 0)
    assert tags_of(emulator, found) == before
    assert counts(undo(path, items=items, shared=shared), "unchanged") == (3,)


def test_what_cannot_be_undone_is_said_before_anything_is_sent(emulator, path, caplog):
    found = candidates(emulator, ["kept"], ["lost"])
    items = [{"candidate_id": one, "tags": ["kept", "new"]} for one in found]
    UpdateCandidateTagsOperator.bulk(task_id="tag", items=items, results_path=path).execute(context())
    sent = len(writes(emulator))
    with pytest.raises(InvalidInputError, match="item 2 of the results file: cannot be undone: the new set of tags"):
        undo(path, items=items)
    assert len(writes(emulator)) == sent
    assert counts(undo(path, items=items, skip_irreversible=True), "total", "changed") == (1, 1)
    assert "Left out, because they cannot be undone: 1 item." in caplog.text
    assert tags_of(emulator, found) == [["kept"], ["kept", "new"]]


def test_results_of_anything_else_are_refused(emulator, path, rejected, tmp_path, monkeypatch):
    items, sent = rejected[0], len(writes(emulator))
    plan = str(tmp_path / "plan.jsonl")
    UpdateCandidateJobStatusOperator.bulk(
        task_id="plan", items=items, status="OFFERED", plan_only=True, results_path=plan
    ).execute(context())
    mixed = tmp_path / "mixed.jsonl"
    other = {**rows(tmp_path / "plan.jsonl")[0], "number": 5}
    del other["planned_at"]
    mixed.write_text(Path(path).read_text() + json.dumps(other) + "\n")
    for results, why in [
        (plan, "of a plan, which changed nothing"),
        (str(mixed), "results of several operators"),
        ({"results": None}, "wrote no results file"),
    ]:
        with pytest.raises(InvalidInputError, match=why):
            undo(results)
    connection = json.loads(os.environ["AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({**connection, "password": "of another company"}))
    with pytest.raises(InvalidInputError, match="another connection or credential"):
        undo(path, smartrecruiters_conn_id="other")
    assert len(writes(emulator)) == sent


def test_what_was_sent_unread_is_not_undone(emulator, path):
    items = applications(emulator, 2)
    RejectApplicationOperator.bulk(task_id="r", items=items, read_first=False, results_path=path).execute(context())
    with pytest.raises(InvalidInputError, match="its record was not read before the write"):
        undo(path)
