"""However a batch ends, it reports: counts in XCom, a complete results file, and no file that is empty or half."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
from airflow_provider_smartrecruiters.operators.bulk.signals import undisturbed
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.common.files import with_map_index
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAdOperator, UpdateJobAndJobAdOperator
from tests.operators.bulk.batches import StateStore, TaskInstance, applications, context, counts, reject, rows
from tests.use_cases.dag_runs import TASK_ID, new_dag, run

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


class Timeout(BaseException):
    """As Airflow's AirflowTaskTimeout."""


@pytest.fixture
def slow(emulator):
    emulator.configure(rate=0, concurrent=0, latency=0.15)
    return emulator


def once(happened, then):
    """Do something as soon as something has happened, on however busy a machine."""

    def wait():
        while not happened():
            time.sleep(0.01)
        then()

    threading.Thread(target=wait, daemon=True).start()


def alarm_once(happened):
    def ring(*_):
        raise Timeout

    signal.signal(signal.SIGALRM, ring)
    once(happened, lambda: os.kill(os.getpid(), signal.SIGALRM))


@pytest.fixture(autouse=True)
def no_alarm():
    yield
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def nothing_in_flight(smartrecruiters_emulator):
    """What a stopped batch has in flight still gets its response, and must not reach the next test's journal."""
    yield
    for thread in [thread for thread in threading.enumerate() if thread.name.startswith("bulk-")]:
        thread.join(120)
        assert not thread.is_alive()


def check_complete(emulator, ctx, path, items):
    """Check that the counts and the results file say of each item what became of it."""
    result, written = ctx["ti"].pushed["return_value"], rows(path)
    assert [row["number"] for row in written] == list(range(1, len(items) + 1))
    assert [row["target"] for row in written] == items
    assert counts(result, "total", "changed", "not_run") == (
        len(items),
        sum(row["changed"] is True for row in written),
        sum(row["error"] == "NotRun" for row in written),
    )
    assert result["results"] == str(path)
    for row, item in zip(written, items, strict=True):
        rejected = emulator.state.application(item["candidate_id"], item["job_id"]).status == "REJECTED"
        assert rejected is row["applied"] or row["may_have_been_applied"]
        # Whatever was not done can be retried from the file alone.
        assert row["applied"] or (row["retryable"] and row["item"] == item)


@pytest.mark.slow
def test_a_timeout(slow, tmp_path):
    items = applications(slow, 20)
    alarm_once(lambda: len(slow.journal.writes()) >= 5)
    with pytest.raises(Timeout):
        reject(items, max_threads=2, results_path=str(tmp_path / "r.jsonl")).execute(ctx := context())
    check_complete(slow, ctx, tmp_path / "r.jsonl", items)
    assert 0 < counts(ctx["ti"].pushed["return_value"], "changed")[0] < 20
    rest = RejectApplicationOperator.bulk(task_id="rest", retry_from=str(tmp_path / "r.jsonl")).execute(context())
    assert counts(rest, "failed", "not_run") == (0, 0)
    assert len(slow.journal.writes()) == 20


BOOKKEEPING = ("run.py", "report.py", "results.py", "signals.py", "progress.py")


def interrupt_at(line):
    """Raise a timeout at the n-th line of the bookkeeping, as a signal that comes just then does; return the count."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if os.path.basename(frame.f_code.co_filename) not in BOOKKEEPING:
            return None
        if event == "line":
            seen += 1
            if seen == line:
                signal.raise_signal(signal.SIGALRM)
        return trace

    sys.settrace(trace)
    return lambda: seen


@pytest.mark.slow
def test_a_timeout_on_any_line_leaves_counts_that_agree_with_the_rows(emulator, tmp_path):
    def ring(*_):
        raise Timeout

    signal.signal(signal.SIGALRM, ring)
    items, path = applications(emulator, 4), tmp_path / "r.jsonl"
    line, ended_by_it = 1, 0
    while True:
        path.unlink(missing_ok=True)
        batch, ctx = reject(items, plan_only=True, max_threads=1, results_path=str(path)), context()
        seen = interrupt_at(line)
        try:
            batch.execute(ctx)
            ended = False
        except Timeout:
            ended = True
        finally:
            sys.settrace(None)
        if seen() < line:
            break
        # Before the first item and while the file is written there may be none.
        if path.exists() and (pushed := ctx["ti"].pushed.get("return_value")) and pushed["results"]:
            written = rows(path)
            assert [row["number"] for row in written] == list(range(1, len(items) + 1)), line
            assert counts(pushed, "total", "changed", "failed", "not_run") == (
                len(items),
                sum(row["changed"] is True for row in written),
                sum(row["error"] not in (None, "NotRun") for row in written),
                sum(row["error"] == "NotRun" for row in written),
            ), line
            ended_by_it += ended
        line += 7
    assert ended_by_it > 5


def test_a_timeout_on_any_line_around_the_bookkeeping_loses_no_later_kill_signal():
    def ring(*_):
        raise Timeout

    killed = []
    before = signal.signal(signal.SIGTERM, lambda *_: killed.append(True))
    signal.signal(signal.SIGALRM, ring)
    try:
        line = 1
        while True:
            seen = interrupt_at(line)
            try:
                with undisturbed():
                    pass
            except Timeout:
                pass
            finally:
                sys.settrace(None)
            if seen() < line:
                break
            signal.raise_signal(signal.SIGTERM)
            assert len(killed) == line
            line += 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert line > 10


@pytest.mark.airflow_run
def test_an_execution_timeout_in_a_real_run(slow, airflow_db, tmp_path):
    items = applications(slow, 20)
    with new_dag("timeout") as dag:
        RejectApplicationOperator.bulk(
            task_id=TASK_ID,
            items=items,
            max_threads=1,
            results_path=str(tmp_path / "r.jsonl"),
            execution_timeout=timedelta(seconds=2),
        )
    try:
        found = run(dag)
    except BaseException as error:
        # dag.test() of Airflow 2.11 lets the timeout through, and then there is no run to ask for the XCom.
        if type(error).__name__ != "AirflowTaskTimeout":
            raise
        found = []
    written = rows(tmp_path / "r.jsonl")
    assert len(written) == 20
    assert 0 < sum(row["applied"] for row in written) < 20
    for one in found:
        assert one.state == "failed"
        assert counts(one.result, "total", "changed") == (20, sum(row["applied"] for row in written))


@pytest.mark.slow
def test_a_timeout_with_a_request_that_is_never_answered(emulator, tmp_path):
    items = applications(emulator, 6)
    never_answered = emulator.fail("any write", "timeout_before", path=items[3]["candidate_id"], seconds=15)
    alarm_once(lambda: never_answered.fired)
    with pytest.raises(Timeout):
        reject(items, max_threads=1, results_path=str(tmp_path / "r.jsonl")).execute(ctx := context())
    check_complete(emulator, ctx, tmp_path / "r.jsonl", items)
    errors = [row["error"] for row in rows(tmp_path / "r.jsonl")]
    assert errors == [None, None, None, "Interrupted", "NotRun", "NotRun"]
    assert rows(tmp_path / "r.jsonl")[3]["may_have_been_applied"] is True


@pytest.mark.slow
def test_a_kill_signal_as_airflow_3_handles_it(emulator, tmp_path):
    """on_kill() runs in the signal handler, raises nothing, and the process has five seconds left."""
    items = applications(emulator, 6)
    never_answered = emulator.fail("any write", "timeout_before", path=items[3]["candidate_id"], seconds=15)
    task = reject(items, max_threads=1, results_path=str(tmp_path / "r.jsonl"))
    once(lambda: never_answered.fired, task.on_kill)
    started = time.monotonic()
    with pytest.raises(BulkFailedError, match="2 were not started, because the task was stopped"):
        task.execute(ctx := context())
    assert time.monotonic() - started < 128
    check_complete(emulator, ctx, tmp_path / "r.jsonl", items)
    assert [row["error"] for row in rows(tmp_path / "r.jsonl")][3:] == ["Interrupted", "NotRun", "NotRun"]


def test_a_supervisor_that_died(emulator, tmp_path):
    class Lost(StateStore):
        def set(self, key: str, value: Any) -> None:
            if len(self.values) == 2:
                raise BrokenPipeError
            super().set(key, value)

    items = applications(emulator)
    with pytest.raises(BrokenPipeError):
        reject(items, max_threads=1, results_path=str(tmp_path / "r.jsonl")).execute(ctx := context(Lost()))
    check_complete(emulator, ctx, tmp_path / "r.jsonl", items)


def test_an_empty_batch_is_one_calm_line(emulator, caplog):
    caplog.set_level(logging.INFO, logger="airflow_provider_smartrecruiters")
    result = reject([]).execute(context())
    assert (result["use_case"], counts(result, "total")) == ("reject_an_application", (0,))
    said = [r for r in caplog.records if r.name.startswith("airflow_provider_smartrecruiters.operators")]
    assert [(r.levelname, r.getMessage()) for r in said] == [("INFO", "Nothing to do: the batch has no items.")]


def test_a_retry_of_a_batch_without_failures_says_so(emulator, tmp_path, caplog):
    results = str(tmp_path / "r.jsonl")
    reject(applications(emulator), results_path=results).execute(context())
    caplog.set_level(logging.INFO, logger="airflow_provider_smartrecruiters")
    reject(None, retry_from=results).execute(context())
    assert "Nothing to do: retry_from names no item that can be retried." in caplog.messages


def test_succeeded_does_not_count_skipped_items(emulator):
    items = applications(emulator, 4, "NEW") + applications(emulator, 3, "INTERVIEW")
    items += [{"candidate_id": "nobody", "job_id": "nothing"}]
    with pytest.raises(BulkFailedError, match=r"4 succeeded, 3 skipped\."):
        reject(items, only_if_status_in=["NEW"]).execute(context())
    with pytest.raises(BulkFailedError, match=r"allows\. Errors: .*\. Nothing was sent, because plan_only is on\."):
        reject(items, plan_only=True).execute(context())


# The same facts


def test_an_item_has_the_facts_of_a_single_record(emulator, tmp_path):
    job_id = emulator.state.job_ids[0]
    arguments = {"job_id": job_id, "job": {"title": "Engineer", "refNumber": "R-1"}}
    single = UpdateJobAndJobAdOperator(task_id="one", **arguments, plan_only=True).execute({})
    results = tmp_path / "r.jsonl"
    task = UpdateJobAndJobAdOperator.bulk(task_id="many", items=[arguments], results_path=str(results), plan_only=True)
    result = task.execute(context())
    (row,) = rows(results)
    shared = ("use_case", "target", "changed", "applied", "fields", "diff", "details", "fingerprint")
    assert {name: row[name] for name in shared} == {name: single[name] for name in shared}
    assert counts(result, "changed") == (1,)
    assert not {"changed", "applied", "skipped", "failed"} & result.keys()


@pytest.mark.off_contract
def test_what_the_api_ignored_is_in_row_report_and_log(emulator, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="airflow_provider_smartrecruiters")
    job = {"refNumber": "R-1", "salaryBand": "x"}
    items = [{"job_id": job_id, "job": job} for job_id in emulator.state.job_ids[:2]]
    results = tmp_path / "r.jsonl"
    task = UpdateJobAndJobAdOperator.bulk(task_id="many", items=items, results_path=str(results))
    result = task.execute(context())
    assert ["salaryBand" in row["details"]["ignored"] for row in rows(results)] == [True, True]
    assert result["detail_counts"]["ignored"] == 2
    assert f"item 1 (job {items[0]['job_id']}): ignored: salaryBand" in caplog.text
    assert "with ignored" in caplog.text


@pytest.mark.off_contract
def test_a_resumed_item_keeps_its_facts(emulator, tmp_path):
    items = [{"job_id": job_id, "job": {"salaryBand": "x"}} for job_id in emulator.state.job_ids[:4]]
    store, results = StateStore(dies_after=4), tmp_path / "r.jsonl"
    task = UpdateJobAndJobAdOperator.bulk(task_id="many", items=items, results_path=str(results), max_threads=1)
    with pytest.raises(SystemExit):
        task.execute(context(store))
    store.dies_after = None
    result = task.execute(context(store))
    assert counts(result, "resumed")[0] >= 1
    for row in rows(results):
        assert "salaryBand" in row["details"]["ignored"]
        assert "salaryBand" in row["fields"]
        assert "salaryBand" in [field["field"] for field in row["diff"]]
        assert len(row["fingerprint"]) == 64


def test_an_ad_that_needs_publishing_is_counted(emulator, tmp_path):
    ads = [(job_id, ad_id) for job_id, ad_id in ads_of(emulator)][:3]
    items = [{"job_id": job_id, "job_ad_id": ad_id, "title": "Another title"} for job_id, ad_id in ads]
    results = tmp_path / "r.jsonl"
    result = UpdateJobAdOperator.bulk(task_id="many", items=items, results_path=str(results)).execute(context())
    flags = [row["details"]["needs_publishing"] for row in rows(results)]
    assert result["detail_counts"].get("needs_publishing", 0) == sum(flags)


def ads_of(emulator):
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

    hook = SmartRecruitersHook()
    for job_id in emulator.state.job_ids:
        answer = hook.request("GET", "/jobs/{jobId}/jobads", path_params={"jobId": job_id})
        for ad in answer["content"] if isinstance(answer, dict) else answer:
            yield job_id, ad["id"]


# Mapped


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/a/r.jsonl", "/a/r.3.jsonl"),
        ("s3://c@b/x.y/r.ndjson.gz", "s3://c@b/x.y/r.3.ndjson.gz"),
        (" R.JSONL\n", "R.3.JSONL"),
        ("/a/no_extension", "/a/no_extension"),
    ],
)
def test_where_the_map_index_goes(location, expected):
    assert with_map_index(location, 3) == expected


@pytest.mark.airflow_run
def test_each_instance_of_a_mapped_batch_has_its_own_results(emulator, airflow_db, tmp_path):
    items = [[item] for item in applications(emulator, 2)]
    with new_dag("mapped_results") as dag:
        BulkOperator.partial(
            task_id=TASK_ID,
            item_operator=RejectApplicationOperator,
            shared={},
            results_path=f"{tmp_path}/{{{{ run_id }}}}.jsonl",
        ).expand(items=items)
    found = run(dag)
    assert [one.state for one in found] == ["success", "success"]
    written = sorted(path.name.rsplit(".", 2)[1] for path in tmp_path.iterdir())
    assert written == ["0", "1"]
    assert [rows_of[0]["target"] for rows_of in (rows_at(one.result["results"]) for one in found)] == [
        batch[0] for batch in items
    ]


def rows_at(location):
    with open(location) as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("map_index", [-1, None, 2])
def test_a_template_with_the_map_index_is_left_alone(emulator, tmp_path, map_index):
    ti = TaskInstance()
    ti.map_index = map_index
    task = reject(applications(emulator, 1), results_path="{{ ti.map_index }}")
    task.results_path = str(tmp_path / "r.jsonl")
    assert task.execute({"ti": ti})["results"] == str(tmp_path / "r.jsonl")


# The spool


@pytest.mark.slow
def test_a_worker_without_a_place_for_temporary_files(emulator, tmp_path):
    """In a process of its own, since Python looks for the place once. Airflow 3.0 needs one to be imported at all."""
    code = (
        "import sys, tempfile\n"
        "from airflow.providers.common.compat.sdk import ObjectStoragePath\n"
        "tempfile.tempdir = None\n"
        "tempfile._candidate_tempdir_list = lambda: [sys.argv[1] + '/missing']\n"
        "from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile\n"
        "for location in sys.argv[2:]:\n"
        "    with ResultsFile('results_path', location) as results:\n"
        "        try:\n"
        "            results.prepare()\n"
        "            results.add({'number': 1})\n"
        "            print(results.publish())\n"
        "        except Exception as error:\n"
        "            print(type(error).__name__, error)\n"
    )
    local = str(tmp_path / "new" / "r.jsonl")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path), local, "memory://b/r.jsonl"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TMPDIR": ""},
    )
    first, second = done.stdout.strip().splitlines()[-2:]
    assert first == local
    assert second.startswith("InvalidInputError The worker has no place for temporary files")
    assert "Mount a writable folder at /tmp" in second


def test_the_spool_is_opened_before_anything_is_sent(emulator, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(InvalidInputError, match="no place for temporary files"):
        reject(applications(emulator), results_path="memory://b/r.jsonl").execute(context())
    assert emulator.journal == []


def test_the_wait_that_ended_a_batch_reaches_airflow(emulator, tmp_path):
    emulator.fail("any", status=429, retry_after=3600)
    with pytest.raises(BulkFailedError, match="asked 3 items in a row to wait, up to 3,") as caught:
        reject(applications(emulator), max_threads=1, results_path=str(tmp_path / "r.jsonl")).execute(ctx := context())
    assert caught.value.retryable
    assert caught.value.retry_after == pytest.approx(3600, abs=5)
    assert counts(ctx["ti"].pushed["return_value"], "failed", "not_run") == (3, 7)
