"""Progress and results are used only by a batch that would do the same to the same records, and only while the files
stay as they were checked."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateJobStatusOperator,
    UpdateCandidateTagsOperator,
)
from tests.operators.bulk.batches import StateStore, TaskInstance, applications, context, counts, reject, rows

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def failed(emulator, impatient, tmp_path):
    """The results file of a batch of ten in which two items failed with a transient error, and all items."""
    items = applications(emulator)
    for index in (2, 5):
        emulator.fail("any write", status=503, path=items[index]["candidate_id"])
    results = str(tmp_path / "r.jsonl")
    with pytest.raises(BulkFailedError):
        reject(items, results_path=results).execute(context())
    emulator.clear_faults()
    return results, items


def retry(results, **arguments):
    return RejectApplicationOperator.bulk(task_id="again", retry_from=results, **arguments).execute(context())


def killed(task, store, max_tries=0, after=6):
    """Let the worker die after some writes to the store, as a try of a task with this max_tries."""
    store.dies_after = after
    with pytest.raises(SystemExit):
        task.execute({**context(store), "ti": TaskInstance(max_tries)})
    store.dies_after = None


def test_results_of_another_operator_are_refused(emulator, failed):
    before = len(emulator.requests)
    for operator, shared in (
        (UpdateCandidateJobStatusOperator, {"status": "HIRED"}),
        (UpdateCandidateTagsOperator, {}),
    ):
        with pytest.raises(InvalidInputError, match="retry_from names the results of another operator"):
            operator.bulk(task_id="again", retry_from=failed[0], **shared).execute(context())
    assert len(emulator.requests) == before


def test_results_over_another_connection_are_refused(emulator, failed, monkeypatch):
    before = len(emulator.requests)
    for changed in ({"host": emulator.url.replace("127.0.0.1", "localhost")}, {"password": "another-key"}):
        connection = json.loads(os.environ["AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT"]) | changed
        monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(connection))
        with pytest.raises(InvalidInputError, match="batch with another connection or credential"):
            retry(failed[0], smartrecruiters_conn_id="other")
    assert len(emulator.requests) == before


def test_the_credential_is_not_in_the_results(emulator, failed):
    with open(failed[0]) as file:
        assert emulator.api_key not in file.read()


@pytest.mark.parametrize(
    ("guards", "named"),
    [
        ({"only_if_status_in": ["NEW"]}, "only_if_status_in"),
        ({"force": True, "read_first": False}, "force, read_first"),
    ],
)
def test_results_under_other_guards_are_refused(emulator, failed, guards, named):
    before = len(emulator.requests)
    with pytest.raises(InvalidInputError, match=rf"batch with other guards \({named}\)"):
        retry(failed[0], **guards)
    assert len(emulator.requests) == before


def test_a_plan_of_a_retry_is_allowed_and_a_retry_of_a_plan_is_not(emulator, failed, impatient, tmp_path):
    assert counts(retry(failed[0], plan_only=True), "total", "changed", "applied") == (2, 2, 0)
    emulator.fail("any", status=503, path=failed[1][2]["candidate_id"])
    plan = str(tmp_path / "plan.jsonl")
    with pytest.raises(BulkFailedError, match="Nothing was sent, because plan_only is on"):
        reject(failed[1], plan_only=True, results_path=plan).execute(context())
    emulator.clear_faults()
    with pytest.raises(InvalidInputError, match=r"other guards \(plan_only\)"):
        retry(plan)
    assert counts(retry(plan, plan_only=True), "total") == (1,)


def test_results_with_another_shared_id_do_not_act_on_another_record(emulator, impatient, tmp_path):
    one = applications(emulator, 1)[0]
    other = emulator.state.job_ids[-1]
    emulator.fail("any write", status=503)
    results = str(tmp_path / "r.jsonl")
    items = [{"candidate_id": one["candidate_id"]}]
    with pytest.raises(BulkFailedError):
        reject(items, job_id=one["job_id"], results_path=results).execute(context())
    emulator.clear_faults()
    before = len(emulator.requests)
    for given in (None, items):
        with pytest.raises(InvalidInputError, match=r"another target than in the results file \(job_id\)"):
            retry(results, items=given, job_id=other)
    assert len(emulator.requests) == before
    assert counts(retry(results, job_id=one["job_id"]), "total", "changed") == (1, 1)


@pytest.mark.parametrize("with_items", [True, False])
def test_the_results_of_a_retry_can_be_retried(emulator, failed, tmp_path, with_items):
    results, items = failed
    given = {"items": items} if with_items else {}
    emulator.fail("any write", status=503, path=items[5]["candidate_id"])
    with pytest.raises(BulkFailedError, match="1 of 2 items failed"):
        retry(results, results_path=str(tmp_path / "second.jsonl"), **given)
    emulator.clear_faults()
    assert [row.get("source_number") for row in rows(tmp_path / "second.jsonl")] == [3, 6]
    third = retry(str(tmp_path / "second.jsonl"), results_path=str(tmp_path / "third.jsonl"), **given)
    assert counts(third, "total", "changed") == (1, 1)
    assert [(row["source_number"], row["target"]) for row in rows(tmp_path / "third.jsonl")] == [(6, items[5])]
    assert counts(retry(str(tmp_path / "third.jsonl"), **given), "total") == (0,)


def test_an_empty_results_file_is_no_batch_without_failures(emulator, file):
    for content in ("", "\n\n"):
        for given in (None, applications(emulator)):
            with pytest.raises(InvalidInputError, match="retry_from names an empty results file"):
                retry(str(file("r.jsonl", content)), items=given)
    assert emulator.requests == []


def test_progress_over_another_connection_is_ignored(emulator, monkeypatch):
    items, store = applications(emulator), StateStore()
    killed(reject(items, max_threads=1), store)
    # The person who fixes the connection between two tries may have found out that it is that of another company.
    connection = json.loads(os.environ["AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT"])
    connection["host"] = emulator.url.replace("127.0.0.1", "localhost")
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
    assert counts(reject(items).execute(context(store)), "resumed", "total") == (0, 10)


def test_progress_under_another_guard_is_ignored(emulator):
    items, store = applications(emulator), StateStore()
    killed(reject(items, max_threads=1, only_if_status_in=["NEW"]), store)
    result = reject(items, only_if_status_in=["IN_REVIEW"]).execute(context(store))
    assert counts(result, "resumed", "changed", "skipped") == (0, 10, 0)


def test_progress_under_the_same_guard_is_used(emulator):
    items, store = applications(emulator), StateStore()
    killed(reject(items, max_threads=1, only_if_status_in=["IN_REVIEW", "NEW"]), store)
    result = reject(items, only_if_status_in=["NEW", "IN_REVIEW"]).execute(context(store))
    assert counts(result, "resumed", "changed", "unchanged")[0] >= 4


def test_a_cleared_batch_begins_anew(emulator):
    items, store = applications(emulator), StateStore()
    killed(reject(items, max_threads=1), store, max_tries=2)
    # Clearing a task raises max_tries, a retry does not.
    cleared = reject(items).execute({**context(store), "ti": TaskInstance(5)})
    assert counts(cleared, "resumed", "total") == (0, 10)


def test_a_retried_batch_resumes(emulator):
    items, store = applications(emulator), StateStore()
    killed(reject(items, max_threads=1), store, max_tries=2)
    assert counts(reject(items).execute({**context(store), "ti": TaskInstance(2)}), "resumed")[0] >= 4


# What is read twice


def same_looks(path, content):
    """Replace a file by one with the same size and time of change, which object storage counts in whole seconds."""
    before = os.stat(path)
    assert before.st_size == len(content)
    with open(path, "w") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def after_the_check():
    """Do something when the log says that all items are checked, so before the first is sent."""
    log = logging.getLogger("airflow_provider_smartrecruiters.operators.bulk.run")
    handler, level = logging.Handler(), log.level

    def do(action):
        handler.emit = lambda record: action() if record.getMessage().startswith("Checked") else None
        log.addHandler(handler)
        log.setLevel(logging.INFO)

    yield do
    log.removeHandler(handler)
    log.setLevel(level)


@pytest.mark.parametrize("kind", ["items", "retry_from"])
def test_items_replaced_after_the_check_are_not_sent(emulator, failed, tmp_path, after_the_check, kind):
    others = applications(emulator, 20, "NEW")
    if kind == "items":
        path = tmp_path / "i.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in others[:10]))
        swap = [others[0], *others[11:]]
        task = reject(str(path), max_threads=1, results_path=str(tmp_path / "out.jsonl"))
        content = "".join(json.dumps(item) + "\n" for item in swap)
    else:
        path = tmp_path / "r.jsonl"
        content = path.read_text()
        task = RejectApplicationOperator.bulk(
            task_id="again", retry_from=str(path), max_threads=1, results_path=str(tmp_path / "out.jsonl")
        )
        written = [json.loads(line) for line in content.splitlines()]
        victim, old = others[0], written[5]["item"]
        content = content.replace(old["candidate_id"], victim["candidate_id"]).replace(old["job_id"], victim["job_id"])
    after_the_check(lambda: same_looks(path, content))
    with pytest.raises(InvalidInputError, match="items changed while the batch was running"):
        task.execute(ctx := context())
    untouched = others[11:] if kind == "items" else others[:1]
    for item in untouched:
        assert emulator.state.application(item["candidate_id"], item["job_id"]).status == "NEW"
    result = ctx["ti"].pushed["return_value"]
    assert counts(result, "total") == (len(rows(tmp_path / "out.jsonl")),)
    assert counts(result, "not_run")[0] >= 1


@pytest.mark.parametrize("kind", ["items", "retry_from"])
@pytest.mark.parametrize("other_name", ["{}", "file://{}", "link"])
def test_results_that_would_overwrite_their_source_are_refused(emulator, failed, tmp_path, kind, other_name):
    path = failed[0]
    if kind == "items":
        path = str(tmp_path / "i.jsonl")
        with open(path, "w") as file:
            file.writelines(json.dumps(item) + "\n" for item in failed[1])
    before = Path(path).read_text()
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    results = str(link) if other_name == "link" else other_name.format(path)
    requests = len(emulator.requests)
    with pytest.raises(InvalidInputError, match=f"results_path and {kind} name the same file") as caught:
        RejectApplicationOperator.bulk(task_id="again", **{kind: path}, results_path=results).execute(context())
    assert caught.value.fields == ("results_path", kind)
    assert Path(path).read_text() == before
    assert len(emulator.requests) == requests
