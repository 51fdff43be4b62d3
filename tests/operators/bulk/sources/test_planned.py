"""A batch that applies a plan sends exactly what the plan said: its items, its arguments, to records as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateJobStatusOperator,
    UpdateCandidateTagsOperator,
)
from tests.operators.bulk.batches import applications, context, counts, is_rejected, reject, rows

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def items(emulator):
    """Three applications to reject, and one that is rejected already."""
    return [*applications(emulator, 3), *applications(emulator, 1, status="REJECTED")]


@pytest.fixture
def planned(items, tmp_path):
    """The results file of a plan, and its result."""
    path = str(tmp_path / "plan.jsonl")
    return path, reject(items, plan_only=True, results_path=path).execute(context())


def writes(emulator):
    return [request for request in emulator.requests if request.method != "GET"]


def forms_of(path, result):
    """Every form in which a plan can be given."""
    return {
        "results file": path,
        "result": result,
        "result as text": str(result),
        "result as JSON": json.dumps(result),
        "result without a file": {**result, "results": None},
        "rows": result["rows"],
    }


FORMS = list(forms_of("", {"results": None, "rows": []}))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("parameter", ["items", "plan"])
def test_a_plan_is_applied_in_every_form(emulator, items, planned, form, parameter):
    plan = forms_of(*planned)[form]
    result = RejectApplicationOperator.bulk(task_id="apply", **{parameter: plan}).execute(context())
    assert counts(result, "total", "applied", "failed") == (3, 3, 0)
    assert len(writes(emulator)) == 3
    assert all(is_rejected(emulator, item) for item in items)


def test_what_the_plan_left_alone_is_not_even_read(emulator, items, planned):
    before = len(emulator.requests)
    reject(planned[0]).execute(context())
    left = "/candidates/{candidate_id}/jobs/{job_id}".format_map(items[3])
    assert not [request for request in emulator.requests[before:] if request.path.startswith(left)]


def test_what_has_changed_since_the_plan_is_refused_and_named(emulator, items, planned, caplog):
    UpdateCandidateJobStatusOperator(task_id="other", status="INTERVIEW", **items[1]).execute(context())
    before = len(writes(emulator))
    with pytest.raises(BulkFailedError, match="1 of 3 items failed"):
        reject(planned[1]).execute(context())
    assert len(writes(emulator)) - before == 2
    assert not is_rejected(emulator, items[1])
    [said] = [record.getMessage() for record in caplog.records if "changed after it was planned" in record.getMessage()]
    assert said.startswith("item 2 of the plan")
    assert items[1]["candidate_id"] in said


def test_rows_of_a_plan_hold_before_and_after_of_enumerated_values(planned):
    row = planned[1]["rows"][0]
    assert {"field": "status", "before": "IN_REVIEW", "after": "REJECTED"} in row["diff"]
    assert rows(Path(planned[0]))[0] == row


def test_shared_arguments_are_those_of_the_plan(emulator, items, tmp_path):
    plan = UpdateCandidateJobStatusOperator.bulk(
        task_id="plan", items=items[:2], status="INTERVIEW", plan_only=True
    ).execute(context())
    with pytest.raises(InvalidInputError, match="planned with another status"):
        UpdateCandidateJobStatusOperator.bulk(task_id="apply", items=plan, status="HIRED").execute(context())
    with pytest.raises(InvalidInputError, match="other arguments than in the plan"):
        UpdateCandidateJobStatusOperator.bulk(task_id="apply", items=plan, sub_status="Phone").execute(context())
    assert not writes(emulator)
    UpdateCandidateJobStatusOperator.bulk(task_id="apply", items=plan).execute(context())
    statuses = {emulator.state.application(item["candidate_id"], item["job_id"]).status for item in items[:2]}
    assert statuses == {"INTERVIEW"}


class TestFreeText:
    @pytest.fixture
    def tagged(self, items):
        return [{"candidate_id": item["candidate_id"], "add": [f"Referral {n}"]} for n, item in enumerate(items[:2])]

    @pytest.fixture
    def plan(self, emulator, tagged):
        return UpdateCandidateTagsOperator.bulk(task_id="plan", items=tagged, plan_only=True).execute(context())

    def test_a_plan_holds_none_of_it(self, plan):
        assert "Referral" not in json.dumps(plan)

    def test_a_plan_alone_is_refused(self, emulator, plan):
        with pytest.raises(InvalidInputError, match="which never holds add; give the items of the plan in items, and"):
            UpdateCandidateTagsOperator.bulk(task_id="apply", items=plan).execute(context())
        assert not writes(emulator)

    def test_a_plan_with_its_items_is_applied(self, emulator, plan, tagged):
        result = UpdateCandidateTagsOperator.bulk(task_id="apply", items=tagged, plan=plan).execute(context())
        assert counts(result, "applied") == (2,)

    def test_other_items_than_those_of_the_plan_are_refused(self, emulator, plan, tagged):
        other = [tagged[0], {**tagged[1], "add": ["Somebody else's"]}]
        with pytest.raises(InvalidInputError, match="item 2: has other arguments than in the plan"):
            UpdateCandidateTagsOperator.bulk(task_id="apply", items=other, plan=plan).execute(context())
        with pytest.raises(InvalidInputError, match="is missing from items"):
            UpdateCandidateTagsOperator.bulk(task_id="apply", items=tagged[:1], plan=plan).execute(context())
        assert not writes(emulator)


class TestRefused:
    def test_results_of_a_batch_that_was_sent(self, emulator, items, tmp_path):
        path = str(tmp_path / "sent.jsonl")
        result = reject(items, results_path=path).execute(context())
        for plan in (path, result):
            with pytest.raises(InvalidInputError, match="a batch that was sent, not of a plan"):
                reject(plan).execute(context())

    def test_a_plan_that_is_too_old(self, emulator, planned):
        old = (datetime.now(UTC) - timedelta(hours=73)).isoformat()
        aged = [{**row, "planned_at": old} for row in planned[1]["rows"]]
        with pytest.raises(InvalidInputError, match="The plan is 73 hours old, more than max_plan_hours=72 allows"):
            reject(aged).execute(context())
        assert not writes(emulator)
        assert counts(reject(aged, max_plan_hours="any").execute(context()), "applied") == (3,)

    @pytest.mark.parametrize("blank", ["", "0", "-1", "soon", "nan", "inf"])
    def test_an_age_that_is_none(self, emulator, planned, blank):
        with pytest.raises(InvalidInputError, match="max_plan_hours"):
            reject(planned[1], max_plan_hours=blank).execute(context())

    def test_a_results_file_that_holds_another_plan_by_now(self, emulator, items, planned):
        path, result = planned
        reject(items[:2], plan_only=True, results_path=path).execute(context())
        with pytest.raises(InvalidInputError, match="holds rows of another plan"):
            reject(result).execute(context())

    def test_a_results_file_that_lost_rows(self, emulator, planned):
        path, result = planned
        Path(path).write_text("".join(Path(path).read_text().splitlines(keepends=True)[:2]))
        with pytest.raises(InvalidInputError, match="holds 2 of the 4 rows of a plan"):
            reject(result).execute(context())

    def test_other_guards(self, emulator, planned):
        with pytest.raises(InvalidInputError, match=r"other guards \(only_if_status_in\)"):
            reject(planned[1], only_if_status_in=["NEW"]).execute(context())

    def test_another_operator(self, emulator, planned):
        with pytest.raises(InvalidInputError, match="results of another operator"):
            UpdateCandidateJobStatusOperator.bulk(task_id="apply", items=planned[1], status="HIRED").execute(context())

    def test_a_plan_and_retry_from(self, emulator, planned):
        with pytest.raises(InvalidInputError, match="exclude each other"):
            reject(planned[1], retry_from=planned[0]).execute(context())

    def test_something_else_as_a_plan(self, emulator, items):
        with pytest.raises(InvalidInputError, match="The parameter plan holds no plan"):
            reject(items, plan=items).execute(context())

    def test_a_result_that_does_not_hold_all_rows(self, emulator, planned):
        short = {**planned[1], "results": None, "rows": planned[1]["rows"][:2]}
        with pytest.raises(InvalidInputError, match="a plan of 4 items, which repeats the first 2 only"):
            reject(short).execute(context())


def test_a_plan_without_changes_is_one_calm_line(emulator, items, caplog):
    caplog.set_level("INFO")
    plan = reject(items[3:], plan_only=True).execute(context())
    caplog.clear()
    result = reject(plan).execute(context())
    assert counts(result, "total") == (0,)
    assert "Nothing to do: the plan has nothing to send." in caplog.messages
