"""``.bulk()`` as a DAG author uses it: guards, reports, resuming, and what Airflow stores and shows."""

from __future__ import annotations

import inspect
import json
import logging
import re
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    BulkFailedError,
    InvalidInputError,
    NotFoundError,
)
from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateSourceOperator,
    UpdateCandidateTagsOperator,
)
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator, UpdateJobStatusOperator
from tests.operators.bulk.batches import (
    StateStore,
    TaskInstance,
    applications,
    context,
    counts,
    is_rejected,
    reject,
    rows,
)
from tests.use_cases.dag_runs import TASK_ID, new_dag, run

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def test_it_rejects_each_application_once(emulator, tmp_path):
    items = applications(emulator)
    label = next(iter(emulator.state.rejection_reasons.values()))
    task = reject(items, reason=label, results_path=str(tmp_path / "results.jsonl"))
    first = task.execute(context())
    assert first["use_case"] == "reject_an_application"
    assert counts(first, "total", "changed", "applied", "failed", "not_run") == (10, 10, 10, 0, 0)
    assert json.loads(json.dumps(first)) == first
    assert first["results"] == str(tmp_path / "results.jsonl")
    assert all(is_rejected(emulator, item) for item in items)
    written = rows(tmp_path / "results.jsonl")
    assert [(row["number"], row["place"], row["target"]) for row in written] == [
        (number, f"item {number}", item) for number, item in enumerate(items, 1)
    ]
    assert {(row["changed"], row["applied"], row["attempts"]) for row in written} == {(True, True, 1)}
    second = task.execute(context())
    assert counts(second, "changed", "unchanged", "applied") == (0, 10, 0)
    assert len(emulator.journal.writes()) == 10


def test_a_plan_of_the_whole_batch(emulator, tmp_path):
    items = [*applications(emulator, 5), {"candidate_id": "nobody", "job_id": "nothing"}]
    with pytest.raises(BulkFailedError, match="1 of 6 items failed"):
        reject(items, plan_only="True", force=True).execute({})
    results = tmp_path / "plan.jsonl"
    result = reject(items, plan_only="True", fail_above=0.2, results_path=str(results)).execute(context())
    # Each planned row has the fingerprint that applies exactly this plan.
    planned = [row for row in rows(results) if not row["error"]]
    assert {tuple(row["fields"]) for row in planned} == {("status",)}
    assert all(len(row["fingerprint"]) == 64 for row in planned)
    assert (result["plan_only"], *counts(result, "changed", "applied", "failed")) == (True, 5, 0, 1)
    assert emulator.journal == []


def test_an_items_own_value_takes_precedence_over_the_shared_one(emulator):
    reasons = list(emulator.state.rejection_reasons)
    items = applications(emulator, 3)
    items[1]["reason_id"] = reasons[1]
    reject(items, reason_id=reasons[0]).execute(context())
    sent = {entry.path: entry.body["reason"] for entry in emulator.journal.writes()}
    assert [reason for item in items for path, reason in sent.items() if item["candidate_id"] in path] == [
        reasons[0],
        reasons[1],
        reasons[0],
    ]


@pytest.mark.slow
def test_exactly_the_items_that_failed_are_reported_each_with_its_reason(emulator, impatient, tmp_path, caplog):
    """3 % unknown ids, 2 % forbidden, 1 % transient errors, in a batch of 100."""
    statuses = {"LEAD": 20, "NEW": 20, "IN_REVIEW": 20, "INTERVIEW": 20, "OFFERED": 15}
    items = [item for status, count in statuses.items() for item in applications(emulator, count, status)]
    bad = [{"candidate_id": f"no-such-candidate-{number}", "job_id": items[0]["job_id"]} for number in range(3)]
    read_only, restricted = emulator.state.read_only_application, emulator.state.restricted_application
    forbidden = [{"candidate_id": ref.candidate_id, "job_id": ref.job_id} for ref in (read_only, restricted)]
    items[10:10], items[40:40] = bad, forbidden
    passing = items[77]
    emulator.fail("any", status=503, path=passing["candidate_id"])
    assert len(items) == 100
    results = tmp_path / "results.jsonl"
    task = reject(items, results_path=str(results), retries=2)
    with pytest.raises(BulkFailedError, match="6 of 100 items failed") as caught:
        task.execute(ctx := context())
    assert not isinstance(caught.value, AirflowFailException)
    result = ctx["ti"].pushed["return_value"]
    wanted = [(item, "NotFoundError", 404, False) for item in bad]
    wanted += [
        (item, "PermissionDeniedError", status, False) for item, status in zip(forbidden, (403, 403), strict=True)
    ]
    wanted += [(passing, "ServerError", 503, True)]
    failures = [row for row in rows(results) if row["error"]]
    assert [(row["target"], row["error"], row["status"], row["retryable"]) for row in failures] == wanted
    assert result["failures"] == [{k: v for k, v in row.items() if k not in ("item",)} for row in failures]
    assert counts(result, "total", "changed", "failed", "retryable") == (100, 94, 6, 1)
    assert result["errors"] == {
        "NotFoundError 404": 3,
        "PermissionDeniedError 403 PERMISSION_DENIED": 1,
        "PermissionDeniedError 403": 1,
        "ServerError 503": 1,
    }
    named = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert all(any(item["candidate_id"] in line for line in named) for item, *_ in wanted)
    # The transient failure is retried from the results file alone.
    emulator.clear_faults()
    again = RejectApplicationOperator.bulk(task_id="again", retry_from=str(results)).execute(context())
    assert counts(again, "total", "changed", "failed") == (1, 1, 0)
    assert is_rejected(emulator, passing)


@pytest.mark.parametrize(
    ("guards", "field", "said"),
    [
        ({"max_items": 9}, "max_items", "more than 9 items, the number in max_items"),
        ({"max_items": "9"}, "max_items", "more than 9 items, the number in max_items"),
        ({"expected_count": 11}, "expected_count", "10 items, but expected_count is 11"),
    ],
)
def test_guards_on_the_number_of_items(emulator, guards, field, said):
    with pytest.raises(InvalidInputError, match=said) as caught:
        reject(applications(emulator), **guards).execute(context())
    assert isinstance(caught.value, AirflowFailException)
    assert caught.value.fields == (field,)
    assert emulator.requests == []


def test_the_default_limit_is_a_thousand_items(emulator):
    items = [{"candidate_id": str(number), "job_id": "1"} for number in range(1001)]
    with pytest.raises(InvalidInputError, match="more than 1,000 items, the number in max_items"):
        reject(items).execute(context())
    assert reject(items).max_items == 1000
    assert emulator.requests == []


def test_every_bad_item_is_named_before_anything_is_sent(emulator, caplog):
    items = applications(emulator)
    items[2] = {"candidate_id": "", "job_id": "1"}
    items[4] = {"job_id": "1"}
    items[6] = {**items[6], "Ada Lovelace": "x"}
    items[8] = dict(items[0])
    items[9] = "no mapping"
    with pytest.raises(InvalidInputError, match="5 of 10 items cannot be sent, so nothing was sent") as caught:
        reject(items).execute(context())
    assert isinstance(caught.value, AirflowFailException)
    assert emulator.requests == []
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    lines = [record.getMessage() for record in errors if record.name.endswith("bulk.refusals")]
    assert [int(re.match(r"item (\d+)", line)[1]) for line in lines] == [3, 5, 7, 9, 10]
    assert "empty" in lines[0]
    assert "candidate_id is missing" in lines[1]
    allowed = "candidate_id, job_id, reason_id, reason, sub_status, job_ref_number, expect"
    assert f"1 unknown key (allowed: {allowed})." in " ".join(lines[2].split())
    assert "Ada" not in str(caught.value) + "".join(lines)
    assert "targets the same record as item 1." in lines[3]


def test_a_parameter_of_the_batch_in_an_item_is_refused_with_its_place(emulator):
    own = RejectApplicationOperator.own_parameters()
    names = [name for name in BulkOperator.template_fields if name not in own]
    assert {"only_if_status_in", "protect_hired", "on_missing", "max_items", "plan_only"} <= set(names)
    item = applications(emulator, 1)[0]
    for name in names:
        with pytest.raises(InvalidInputError) as caught:
            reject([{**item, name: "x"}]).execute(context())
        assert f"{name} is a parameter of the batch, not of an item; give it to .bulk()" in str(caught.value)
        assert name in caught.value.fields
    assert emulator.requests == []


def test_an_unknown_reason_is_found_before_anything_is_sent(emulator):
    with pytest.raises(
        InvalidInputError,
        match=r"None of the 10 items can be sent, so nothing was sent\. All have the same problem: No",
    ) as caught:
        reject(applications(emulator), reason="No such reason").execute(context())
    assert "No rejection reason" in str(caught.value)
    assert emulator.journal == []


def test_only_if_status_in(emulator):
    items = applications(emulator, 4, "NEW") + applications(emulator, 3, "INTERVIEW")
    result = reject(items, only_if_status_in=["NEW"]).execute(context())
    assert counts(result, "changed", "skipped", "failed") == (4, 3, 0)
    # A rejected application is unchanged, whatever the guard says.
    again = reject(items, only_if_status_in="['NEW']").execute(context())
    assert counts(again, "unchanged", "skipped") == (4, 3)


@pytest.mark.parametrize("statuses", [["REJECT"], "NEW", [1]])
def test_only_if_status_in_is_a_list_of_statuses(emulator, statuses):
    with pytest.raises(InvalidInputError, match="only_if_status_in"):
        reject(applications(emulator), only_if_status_in=statuses).execute(context())
    assert emulator.requests == []


def test_only_if_status_in_is_for_applications(emulator):
    items = [{"job_id": job_id} for job_id in emulator.state.job_ids[:3]]
    task = UpdateJobStatusOperator.bulk(task_id="fill", items=items, status="FILLED", only_if_status_in=["NEW"])
    with pytest.raises(InvalidInputError, match="only_if_status_in is for applications"):
        task.execute(context())
    assert emulator.requests == []


@pytest.mark.parametrize(("fail_above", "fails"), [(0, True), (0.09, True), (0.1, False), ("0.5", False)])
def test_fail_above_decides(emulator, fail_above, fails):
    items = [*applications(emulator, 9), {"candidate_id": "nobody", "job_id": "nothing"}]
    task = reject(items, fail_above=fail_above)
    if not fails:
        assert task.execute(context())["counts"]["failed"] == 1
        return
    with pytest.raises(BulkFailedError) as caught:
        task.execute(context())
    # No failure is transient, so a retry of the task would be wasted.
    assert isinstance(caught.value, AirflowFailException)
    assert len(emulator.journal.writes()) == 9


def test_stop_at_the_first_error(emulator, tmp_path):
    items = applications(emulator, 20)
    items[1] = {"candidate_id": "nobody", "job_id": "nothing"}
    task = reject(items, on_item_error="stop", max_threads=1, fail_above=1, results_path=str(tmp_path / "r.jsonl"))
    with pytest.raises(BulkFailedError, match="18 were not started, because on_item_error is stop"):
        task.execute(context())
    assert len(emulator.journal.writes()) == 1
    assert [row["error"] for row in rows(tmp_path / "r.jsonl")] == [None, "NotFoundError"] + ["NotRun"] * 18
    again = RejectApplicationOperator.bulk(task_id="rest", retry_from=str(tmp_path / "r.jsonl")).execute(context())
    assert counts(again, "total", "changed") == (18, 18)


def test_an_unknown_credential_ends_the_batch_at_once(emulator, monkeypatch, tmp_path):
    connection = {**emulator.connection, "password": "wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
    with pytest.raises(AuthenticationError) as caught:
        reject(applications(emulator), max_threads=1, results_path=str(tmp_path / "r.jsonl")).execute(context())
    assert isinstance(caught.value, AirflowFailException)
    # The item's read, and the one request that settles what its 401 means.
    assert [request.operation_id for request in emulator.requests][1:] == ["jobs.all"]
    assert {row["error"] for row in rows(tmp_path / "r.jsonl")} == {"NotRun"}


def test_an_empty_batch_is_a_success(emulator):
    result = reject([]).execute(context())
    assert (result["counts"]["total"], result["counts"]["failed"], result["results"]) == (0, 0, None)
    assert emulator.requests == []


def test_no_items_at_all_is_an_error(emulator):
    with pytest.raises(InvalidInputError, match="has neither items nor retry_from"):
        RejectApplicationOperator.bulk(task_id="reject").execute(context())


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_items_from_a_file(emulator, tmp_path, ending):
    items = applications(emulator, 6)
    file = tmp_path / f"items.{ending}"
    if ending == "csv":
        file.write_text("candidate_id;job_id\n" + "".join(f"{i['candidate_id']};{i['job_id']}\n" for i in items))
    else:
        file.write_text("".join(json.dumps(item) + "\n" for item in items))
    assert reject(str(file)).execute(context())["counts"]["changed"] == 6


def test_bad_lines_are_named_by_their_numbers(emulator, tmp_path):
    items = applications(emulator, 3)
    file = tmp_path / "items.jsonl"
    file.write_text(json.dumps(items[0]) + "\n\n{Ada\n" + json.dumps(items[1]) + "\n")
    with pytest.raises(
        InvalidInputError, match=r"1 of 3 items of \S+ cannot be sent, so nothing was sent\. line 3"
    ) as caught:
        reject(str(file)).execute(context())
    assert "Ada" not in str(caught.value)
    assert emulator.requests == []


def test_results_that_cannot_be_written_are_found_before_anything_is_sent(emulator, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((InvalidInputError, OSError)):
        reject(applications(emulator), results_path=str(tmp_path / "file" / "results.jsonl")).execute(context())
    assert emulator.journal == []


# Resume


@pytest.mark.slow
@pytest.mark.parametrize("writes", [0, 1, 2, 5, 9])
def test_a_retry_resumes_where_the_killed_worker_stopped(emulator, writes, tmp_path):
    items = applications(emulator)
    # One thread: one item is in flight when the worker dies.
    task = reject(items, max_threads=1, results_path=str(tmp_path / "r.jsonl"))
    store = StateStore(dies_after=writes)
    with pytest.raises(SystemExit):
        task.execute(context(store))
    store.dies_after = None
    before = len(emulator.requests)
    result = task.execute(context(store))
    assert counts(result, "total", "failed") == (10, 0)
    assert sum(counts(result, "changed", "unchanged")) == 10
    assert result["counts"]["resumed"] >= writes - 1
    assert len(emulator.journal.writes()) == 10
    assert all(is_rejected(emulator, item) for item in items)
    reads_again = len(emulator.requests) - before
    assert reads_again <= 2 * (10 - result["counts"]["resumed"])
    assert [row["number"] for row in rows(tmp_path / "r.jsonl")] == list(range(1, 11))
    # Only the result is left in the store, no progress of items.
    assert [json.loads(value)["result"] for value in store.values.values()] == [result]


def test_a_worker_killed_when_all_was_done_sends_nothing_again(emulator, tmp_path):
    items = applications(emulator)
    store, results = StateStore(), tmp_path / "r.jsonl"

    def run_it(max_tries):
        # read_first is off, so a second run would send everything again.
        task = reject(items, read_first=False, results_path=str(results))
        return task.execute({**context(store), "ti": TaskInstance(max_tries)})

    first = run_it(max_tries=3)
    written = results.read_text()
    requests = len(emulator.requests)
    assert run_it(max_tries=3) == first
    assert (len(emulator.requests), results.read_text()) == (requests, written)
    # Clearing the task raises max_tries and starts a new run of all items.
    assert run_it(max_tries=5)["counts"]["applied"] == len(items)
    assert len(emulator.journal.writes()) == 2 * len(items)


def test_a_retry_reads_before_it_repeats_a_write_that_was_not_read_first(emulator):
    items = applications(emulator)
    task = reject(items, max_threads=2, read_first=False)
    store = StateStore(dies_after=4)
    with pytest.raises(SystemExit):
        task.execute(context(store))
    store.dies_after = None
    task.execute(context(store))
    assert len(emulator.journal.writes()) == 10


def test_progress_of_other_items_is_ignored(emulator):
    store = StateStore(dies_after=6)
    with pytest.raises(SystemExit):
        reject(applications(emulator), max_threads=1).execute(context(store))
    store.dies_after = None
    result = reject(applications(emulator, 10, "NEW"), max_threads=1).execute(context(store))
    assert counts(result, "changed", "resumed") == (10, 0)


def test_a_retry_repeats_failed_items_and_no_others(emulator, impatient):
    items = applications(emulator)
    emulator.fail("any", status=503, path=items[4]["candidate_id"])
    task, store = reject(items), StateStore()
    with pytest.raises(BulkFailedError) as caught:
        task.execute(context(store))
    assert not isinstance(caught.value, AirflowFailException)
    emulator.clear_faults()
    before = len(emulator.requests)
    result = task.execute(context(store))
    assert counts(result, "resumed", "changed", "failed") == (9, 10, 0)
    assert len(emulator.requests) - before == 2


def test_a_store_that_fails_costs_no_item(emulator, caplog):
    class Broken(StateStore):
        def set(self, key: str, value: Any) -> None:
            raise RuntimeError("no database")

    assert reject(applications(emulator)).execute(context(Broken()))["counts"]["changed"] == 10
    assert sum("task state store failed" in record.getMessage() for record in caplog.records) == 1


# What Airflow sees


def test_the_log_has_the_table_and_no_diffs_of_items(emulator, caplog):
    caplog.set_level(logging.INFO)
    reject(applications(emulator)).execute(context())
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert re.search(
        r"RejectApplicationOperator: batch of 10 items, in (less than 1|\d+) s\n +changed +10\n +total +10", text
    )
    assert "fields differ" not in text


def test_tags_appear_nowhere(emulator, caplog, tmp_path):
    caplog.set_level(logging.DEBUG, logger="airflow_provider_smartrecruiters")
    items = [{"candidate_id": "nobody", "add": ["Canary Featherstone"]}]
    task = UpdateCandidateTagsOperator.bulk(task_id="tag", items=items, results_path=str(tmp_path / "r.jsonl"))
    with pytest.raises(BulkFailedError) as caught:
        task.execute(ctx := context())
    (row,) = rows(tmp_path / "r.jsonl")
    assert row["withheld"] == ["add"]
    everything = caplog.text + str(caught.value) + json.dumps(ctx["ti"].pushed) + json.dumps(row)
    assert "Canary" not in everything


def test_results_without_the_tags_need_the_items_as_well(emulator, impatient, tmp_path):
    candidates = emulator.state.candidate_ids[:3]
    items = [{"candidate_id": candidate, "add": ["vip"]} for candidate in candidates]
    emulator.fail("any", status=503, path=candidates[1])
    results = str(tmp_path / "r.jsonl")
    with pytest.raises(BulkFailedError):
        UpdateCandidateTagsOperator.bulk(task_id="tag", items=items, results_path=results).execute(context())
    emulator.clear_faults()
    with pytest.raises(InvalidInputError, match="never holds add; set items as well"):
        UpdateCandidateTagsOperator.bulk(task_id="tag", retry_from=results).execute(context())
    again = UpdateCandidateTagsOperator.bulk(task_id="tag", items=items, retry_from=results).execute(context())
    assert counts(again, "total", "changed") == (1, 1)
    with pytest.raises(InvalidInputError, match="not the items of that batch"):
        UpdateCandidateTagsOperator.bulk(task_id="tag", items=items[::-1][1:], retry_from=results).execute(context())


@pytest.mark.parametrize("links", ["values", "none"])
def test_a_write_of_what_the_record_does_not_tell_is_counted_as_unknown(emulator, links):
    source = emulator.state.a_source()
    with emulator.state.editing() as tenant:
        tenant.settings.source_links = links
    task = UpdateCandidateSourceOperator.bulk(
        task_id="source",
        items=applications(emulator, 4),
        source_type_id=source.source_type_id,
        source_id=source.source_id,
    )
    result = task.execute(context())
    known = links == "values"
    assert counts(result, "unknown", "applied", "changed") == ((0, 4, 4) if known else (4, 4, 0))
    assert result["detail_counts"] == ({} if known else {"unread": 4})
    again = task.execute(context())
    assert counts(again, "unknown", "applied", "unchanged") == ((0, 0, 4) if known else (4, 4, 0))


def test_expect_is_given_in_each_item(emulator):
    job_id = emulator.state.job_ids[0]
    plan = UpdateJobNoteOperator(task_id="plan", job_id=job_id, content="x", plan_only=True).execute({})
    with pytest.raises(TypeError, match=r"does not take `expect`\. Give it in each item instead"):
        UpdateJobNoteOperator.bulk(task_id="note", items=[], expect=plan["fingerprint"])
    items = [{"job_id": job_id, "expect": "0" * 64}]
    with pytest.raises(BulkFailedError):
        UpdateJobNoteOperator.bulk(task_id="note", items=items, content="x").execute(context())
    items = [{"job_id": job_id, "expect": plan["fingerprint"]}]
    result = UpdateJobNoteOperator.bulk(task_id="note", items=items, content="x").execute(context())
    assert counts(result, "changed") == (1,)


def test_pool_slots_follow_the_threads():
    assert reject([]).pool_slots == 1
    assert reject([], pool="smartrecruiters").pool_slots == 8
    assert reject([], pool="smartrecruiters", max_threads=3).pool_slots == 3
    assert reject([], pool="smartrecruiters", pool_slots=2).pool_slots == 2
    with new_dag("pooled", default_args={"pool": "smartrecruiters"}):
        assert reject([]).pool_slots == 8
    with new_dag("slots", default_args={"pool": "smartrecruiters", "pool_slots": 4}):
        assert reject([]).pool_slots == 4


@pytest.mark.parametrize("threads", [0, -1])
def test_max_threads_below_one_is_refused_at_parse_time(threads):
    with pytest.raises(ValueError, match="max_threads"):
        reject([], max_threads=threads)


def test_a_misspelled_argument_is_refused_at_parse_time():
    with pytest.raises(Exception, match="reasn"):
        reject([], reasn="x")


def test_default_args_reach_the_shared_arguments():
    with new_dag("defaults", default_args={"reason": "{{ params.reason }}", "smartrecruiters_conn_id": "other"}):
        task = reject([])
    assert task.shared == {"reason": "{{ params.reason }}"}
    assert task.smartrecruiters_conn_id == "other"
    assert task.operator_name == "RejectApplicationOperator.bulk"


def test_the_docstring_names_every_parameter():
    doc = inspect.getdoc(BulkOperator)
    names = [name for name in inspect.signature(BulkOperator.__init__).parameters if name != "self"]
    assert re.findall(r"^:param (\w+): \S", doc, flags=re.MULTILINE) == names
    assert set(BulkOperator.template_fields) == set(names) - {"item_operator", "kwargs"}


@pytest.mark.airflow_run
def test_a_real_run_with_an_xcom(emulator, airflow_db, tmp_path):
    from airflow.providers.common.compat.sdk import task

    items = [{"job_id": job_id} for job_id in emulator.state.job_ids[:5]]
    results = str(tmp_path / "{{ run_id }}.jsonl")
    with new_dag("bulk_notes", params={"note": "Canary Featherstone"}) as dag:

        @task
        def jobs():
            return items

        UpdateJobNoteOperator.bulk(
            task_id=TASK_ID, items=jobs(), content="{{ params.note }}", expected_count=5, results_path=results
        )
    (found,) = [found for found in run(dag) if "shared" in found.rendered]
    assert found.state == "success"
    assert counts(found.result, "changed", "total") == (5, 5)
    (file,) = tmp_path.glob("*.jsonl")
    assert len(rows(file)) == 5
    assert "Canary" not in json.dumps(found.rendered)
    assert "(5 items)" in json.dumps(found.rendered)
    assert {entry.body["content"] for entry in emulator.journal.writes()} == {"Canary Featherstone"}


@pytest.mark.airflow_run
def test_a_real_run_that_fails_pushes_its_result(emulator, airflow_db):
    items = [{"job_id": job_id} for job_id in [*emulator.state.job_ids[:3], "no-such-job"]]
    with new_dag("bulk_fails") as dag:
        UpdateJobNoteOperator.bulk(task_id=TASK_ID, items=items, content="x", retries=3)
    (found,) = run(dag)
    assert (found.state, found.tries) == ("failed", 1)
    assert counts(found.result, "changed", "failed") == (3, 1)


def test_a_failed_batch_is_not_a_missing_record():
    assert not issubclass(BulkFailedError, NotFoundError)
