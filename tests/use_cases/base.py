"""
The tests that every use case inherits.

A module declares its use case in a subclass of `UseCaseTests`, and adds tests only for what is special about it.
"""

from __future__ import annotations

import logging
import re
import traceback
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import (
    BulkFailedError,
    InvalidInputError,
    SmartRecruitersError,
    StalePlanError,
)
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator
from tests.support import catalogue
from tests.support.contract import Contract
from tests.use_cases import dag_runs
from tests.use_cases.refusals import TOKEN_OPERATION, BadInput, Refusal
from tests.use_cases.use_case import Expected, UseCase

if TYPE_CHECKING:
    from tests.support.contract_monitor import ContractMonitor

__all__ = ["Expected", "UseCaseTests"]


def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Capture what a task logs, and debug messages of this package."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="airflow_provider_smartrecruiters")


def view_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines in which a task shows its change."""
    records = [
        record for record in caplog.records if record.name == "airflow_provider_smartrecruiters.api.converge.view"
    ]
    return [line for record in records for line in record.getMessage().splitlines()]


@pytest.mark.smartrecruiters_emulator(rate=0)
class UseCaseTests(UseCase):
    """The tests that every use case inherits."""

    def test_success(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        result = self.run(**arguments)
        self.check_result(result, arguments, expected)
        self.check_writes(arguments, expected)
        assert self.operations() == [*self.reads, *self.apply_looks_up, self.operation, *self.reads_after]
        assert self.stored(arguments) == expected.stored
        assert (result["fingerprint"] is not None) is self.converges()

    def test_success_with_oauth(self) -> None:
        self.connect(oauth=True)
        arguments = self.arguments()
        expected = self.expected(arguments)
        self.check_result(self.run(**arguments), arguments, expected)
        self.check_writes(arguments, expected)
        assert [entry.credential for entry in self.emulator.journal] == ["oauth"]

    def test_a_second_run_sends_nothing(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        self.run(**arguments)
        asked_before = len(self.operations())
        result = self.run(**arguments)
        if self.converges():
            self.check_unchanged(result, arguments, expected)
            self.check_writes(arguments, expected)
            reads = self.reads if self.reads_unchanged is None else self.reads_unchanged
            assert self.operations()[asked_before:] == list(reads)
        else:
            # The API does not return what is written, so `changed` is unknown and every run writes.
            self.check_result(result, arguments, expected)
            self.check_writes(arguments, expected, times=2)
        assert self.stored(arguments) == expected.stored

    @pytest.mark.parametrize("switch", [True, "True", "yes"])
    def test_plan_only_sends_nothing(self, switch: bool | str) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        before = self.stored(arguments)
        plan = self.run(**arguments, plan_only=switch)
        details = self.details if self.details_planned is None else self.details_planned
        self.check_result(plan, arguments, expected, applied=False, response=None, details=details)
        assert self.operations() == [*self.reads, *self.plan_looks_up]
        assert self.emulator.journal == []
        assert self.stored(arguments) == before != expected.stored

    def test_in_bulk(self) -> None:
        items = [self.arguments(), self.other_arguments()]
        expected = self.expected(items[0])
        batch = self.operator.bulk(task_id="change", items=items, max_threads=1)
        counts = ("total", "changed", "unknown", "unchanged", "applied", "failed")

        def run(count: int, **differently: Any) -> None:
            wanted = dict.fromkeys(counts, 0) | {"total": count} | differently
            result = batch.execute({})
            assert result["use_case"] == self.use_case
            assert {name: result["counts"][name] for name in counts} == wanted

        batch.plan_only = True
        run(2, **{"changed" if self.converges() else "unknown": 2})
        assert self.emulator.journal == []
        batch.plan_only = False
        run(2, **{"changed" if self.converges() else "unknown": 2}, applied=2)
        assert self.stored(items[0]) == expected.stored
        assert {entry.path for entry in self.emulator.journal.writes()} == {self.path.format_map(one) for one in items}
        if self.converges():
            run(2, unchanged=2)
            assert len(self.emulator.journal) == 2

    def test_a_batch_is_undone_or_says_why_not(self) -> None:
        change = catalogue.operators()[self.operator]
        arguments = self.reversible_arguments()
        before, results = self.stored(arguments), str(self.folder / "results.jsonl")
        self.operator.bulk(task_id="change", items=[arguments], results_path=results).execute({})
        undo = UndoBulkOperator(task_id="undo", results=results, items=[arguments])
        if change.undone_by is None:
            with pytest.raises(InvalidInputError, match=re.escape(change.not_undone)):
                undo.execute({})
            return
        assert undo.execute({})["counts"]["changed"] == 1
        assert self.stored(arguments) == before
        assert undo.execute({})["counts"]["unchanged"] == 1
        self.operator(task_id="change", **arguments).execute({})
        with self.state.editing() as tenant:
            self.meddle(tenant, arguments)
        with pytest.raises(BulkFailedError, match="StalePlanError"):
            undo.execute({})

    def test_plan_only_wins_over_force(self) -> None:
        self.run(**self.arguments(), plan_only=True, force=True)
        assert self.emulator.journal == []

    def test_the_plan_of_an_unchanged_record(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        self.run(**arguments)
        plan = self.run(**arguments, plan_only=True)
        if self.converges():
            self.check_unchanged(plan, arguments, expected)
        else:
            self.check_result(plan, arguments, expected, applied=False, response=None)
        self.check_writes(arguments, expected)

    def test_force_writes_without_a_difference(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        self.run(**arguments)
        result = self.run(**arguments, force=True)
        if self.creates:
            # Another record is nothing that anybody means by it.
            self.check_unchanged(result, arguments, expected)
            self.check_writes(arguments, expected)
            return
        if self.converges():
            self.check_unchanged(result, arguments, expected, applied=True, response=result["response"])
        else:
            self.check_result(result, arguments, expected)
        self.check_writes(arguments, expected, times=2)
        assert self.stored(arguments) == expected.stored

    def test_read_first_false(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        if self.needs_read:
            with pytest.raises(InvalidInputError, match="read_first") as caught:
                self.run(**arguments, read_first=False)
            assert isinstance(caught.value, AirflowFailException)
            assert caught.value.fields == ("read_first",)
            assert self.operations() == []
            return
        result = self.run(**arguments, read_first=False, protect_hired=False)
        assert (result["changed"], result["applied"], result["fingerprint"]) == (None, True, None)
        assert result["details"] == self.details_unread
        assert not any(item.get("before") or item.get("before_length") for item in result["diff"])
        self.check_writes(arguments, expected)
        assert not set(self.reads) & set(self.operations()[: len(self.operations()) - len(self.reads_after)])
        assert self.stored(arguments) == expected.stored

    def test_a_plan_is_applied_if_the_record_has_not_changed(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        fingerprint = self.run(**arguments, plan_only=True)["fingerprint"]
        if not self.converges():
            assert fingerprint is None
            with pytest.raises(InvalidInputError, match="expect cannot be used"):
                self.run(**arguments, expect="0" * 64)
            assert self.operations() == [*self.reads, *self.reads]
            return
        result = self.run(**arguments, expect=fingerprint)
        self.check_result(result, arguments, expected, fingerprint=fingerprint)
        self.check_writes(arguments, expected)
        # A retry of the task finds the change in place and succeeds.
        self.check_unchanged(self.run(**arguments, expect=fingerprint), arguments, expected)

    def test_a_stale_plan_is_refused(self, error_messages: dict[str, list[str]]) -> None:
        if not self.converges():
            pytest.skip("a record that cannot be read has no plan to go stale")
        arguments = self.arguments()
        fingerprint = self.run(**arguments, plan_only=True)["fingerprint"]
        with self.state.editing() as tenant:
            self.meddle(tenant, arguments)
        meddled = self.stored(arguments)
        with pytest.raises(StalePlanError) as caught:
            self.run(**arguments, expect=fingerprint)
        self.keep_message(error_messages, "stale plan", caught.value)
        assert isinstance(caught.value, AirflowFailException)
        assert "Plan again" in caught.value.hint
        assert self.emulator.journal == []
        assert self.stored(arguments) == meddled

    def test_return_response_false(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        result = self.run(**arguments, return_response=False)
        self.check_result(result, arguments, expected, response=None)
        self.check_writes(arguments, expected)

    @pytest.mark.parametrize("template", ["{{ params.%s }}", "{{ params.%s | tojson }}"])
    @pytest.mark.parametrize("native", [False, True])
    def test_templates(self, template: str, native: bool) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        # `tojson` would put text in quotes, so it is only for values that are not text.
        texts = {
            name: ("{{ params.%s }}" if isinstance(value, str) else template) % name
            for name, value in arguments.items()
        }
        with dag_runs.new_dag(f"templates_{self.use_case}", render_template_as_native_obj=native):
            operator = self.operator(task_id="change", **texts, plan_only="{{ params.plan_only }}")
        operator.render_template_fields({"params": {**arguments, "plan_only": False}})
        self.check_result(operator.execute({}), arguments, expected)
        self.check_writes(arguments, expected)

    def test_the_log_shows_the_diff_and_no_free_text(self, caplog: pytest.LogCaptureFixture) -> None:
        log_everything(caplog)
        arguments = self.arguments()
        expected = self.expected(arguments)
        for plan_only in (True, False):
            caplog.clear()
            self.run(**arguments, plan_only=plan_only)
            lines = view_lines(caplog)
            assert [line.strip() for line in lines if line.strip() in expected.lines] == expected.lines
            assert not [text for text in expected.free_text if text in caplog.text]
            assert self.emulator.api_key not in caplog.text
            verb = "Creating" if catalogue.operators()[self.operator].creates else "Changing"
            assert lines[0].startswith("Plan for the " if plan_only else f"{verb} the ")
            assert all(arguments[name] in " ".join(lines) for name in self.ids)
            assert lines[-1].startswith("Nothing was sent: plan_only is on." if plan_only else "Done: ")
            assert [line for line in lines if len(line) > 100 and " " in line.strip()] == []
            page = next(iter(SmartRecruitersHook().web_addresses({n: arguments[n] for n in self.ids}).values()), None)
            assert [line for line in lines if "http" in line] == ([f"  {page}"] if page else [])

    def test_the_log_of_a_second_run_ends_calmly(self, caplog: pytest.LogCaptureFixture) -> None:
        arguments = self.arguments()
        self.run(**arguments)
        for plan_only in (True, False):
            log_everything(caplog)
            caplog.clear()
            self.run(**arguments, plan_only=plan_only)
            last = view_lines(caplog)[-1]
            if self.converges():
                assert last.startswith("Nothing to do: "), last
            else:
                ends = {
                    True: "Nothing was sent: plan_only is on.",
                    False: "Done: written. What it was before is not known.",
                }
                assert last == ends[plan_only]

    def test_refused(
        self,
        refusal: Refusal,
        contract_monitor: ContractMonitor,
        caplog: pytest.LogCaptureFixture,
        error_messages: dict[str, list[str]],
    ) -> None:
        log_everything(caplog)
        own = self.arguments()
        arguments = {**own, **refusal.arguments(self.state)}
        free_text = self.expected(own).free_text
        with contract_monitor.excuse(*refusal.off_contract):
            error = self.refused(refusal, arguments)
        message = str(error)
        self.keep_message(error_messages, refusal.name, error)
        assert isinstance(error, AirflowFailException)
        assert (error.status, error.code, error.use_case) == (refusal.status, refusal.code, self.use_case)
        assert not error.retryable
        assert not error.may_have_been_applied

        operation = refusal.operation or self.operation
        last = [request for request in self.emulator.requests if request.operation_id not in self.asks_after][-1]
        assert (last.operation_id, last.status) == (operation, refusal.status)
        if operation != TOKEN_OPERATION:
            documented = Contract.load().operations[operation]
            assert (error.method, error.path_template) == (documented.method, documented.path)
        assert self.emulator.journal.writes() == []

        assert message.startswith("Could not ")
        assert all(arguments[name] in message for name in self.ids)
        assert f"What to do: {error.hint}" in message
        self.check_logged(error, caplog)
        assert [word for word in refusal.says if word not in error.hint] == []
        said = message + caplog.text + "".join(traceback.format_exception(error))
        secrets = [self.emulator.api_key, self.emulator.client_secret, "DCRA1-mistyped", "mistyped-secret"]
        assert not [text for text in [*free_text, *secrets] if text in said]

    def check_logged(self, error: SmartRecruitersError, caplog: pytest.LogCaptureFixture) -> None:
        """Check that the log has the error once, in lines that a log viewer shows whole, from the cause to the code."""
        (record,) = [one for one in caplog.records if one.name == "airflow_provider_smartrecruiters.hooks.errors"]
        lines = record.getMessage().splitlines()
        assert record.levelname == "ERROR"
        assert [line for line in lines if len(line) > 100 and " " in line.strip()] == []
        text = " ".join(line.strip() for line in lines)
        assert text == str(error)
        parts = [error.summary, f"What to do: {error.hint}", "Connection: smartrecruiters_default.", "Error code: "]
        places = [text.index(part) for part in parts if part in text]
        assert places == sorted(places)
        assert len(places) == 3 + bool(error.code)

    def test_refused_before_sending(
        self, bad_input: BadInput, error_messages: dict[str, list[str]], caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(InvalidInputError) as caught:
            self.run(**{**self.arguments(), **bad_input.arguments})
        error = caught.value
        self.keep_message(error_messages, bad_input.name, error)
        assert isinstance(error, AirflowFailException)
        assert set(error.fields) == set(bad_input.fields)
        assert error.hint
        assert f"What to do: {error.hint}" in str(error)
        self.check_logged(error, caplog)
        if error.use_case:
            # What cannot be parsed at all makes no change, and so has no ids that are known to be valid.
            given = {**self.arguments(), **bad_input.arguments}
            valid = [given[name] for name in self.ids if name not in error.fields]
            assert [value for value in valid if value not in str(error)] == []
        assert [word for word in bad_input.says if word not in str(error)] == []
        assert self.operations() == []

    def test_every_documented_refusal_is_declared(self) -> None:
        documented = Contract.load().operations[self.operation].responses
        statuses = {int(status) for status in documented if status in {"400", "401", "403", "404", "409", "422"}}
        of_the_write = [refusal for refusal in self.all_refusals() if refusal.operation in (None, self.operation)]
        assert statuses <= {refusal.status for refusal in of_the_write}
        codes = {
            (int(status), code)
            for status, answer in documented.items()
            for key in ("x-codes", "x-inferred-codes")
            for code in answer.get(key, ())
        }
        assert codes <= {(refusal.status, refusal.code) for refusal in of_the_write}

    # In a real Airflow

    @pytest.mark.smoke
    @pytest.mark.airflow_run
    def test_two_real_runs(self, airflow_db: None, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        arguments = self.arguments()
        expected = self.expected(arguments)
        with dag_runs.new_dag(f"use_case_{self.use_case}", params=arguments) as dag:
            self.operator(task_id=dag_runs.TASK_ID, **{name: "{{ params." + name + " }}" for name in arguments})
        (first,) = dag_runs.run(dag)
        assert first.state == "success"
        self.check_result(first.result, arguments, expected)
        self.check_writes(arguments, expected)
        lines = [line.strip() for line in view_lines(caplog)]
        assert [line for line in lines if line in expected.lines] == expected.lines
        assert {name: first.rendered[name] for name in self.ids} == {name: arguments[name] for name in self.ids}
        kept = "".join(str(first.rendered[name]) for name in self.private)
        assert not [text for text in expected.free_text if text in kept]

        # With the other kind of credential, whose token has to be masked in whatever way this Airflow has.
        self.connect(oauth=True)
        (second,) = dag_runs.run(dag)
        assert second.state == "success"
        if self.converges():
            self.check_unchanged(second.result, arguments, expected)
        else:
            self.check_result(second.result, arguments, expected)
        self.check_writes(arguments, expected, times=1 if self.converges() else 2)
        assert self.stored(arguments) == expected.stored

    @pytest.mark.airflow_run
    def test_mapped_over_records(self, airflow_db: None) -> None:
        each = [self.arguments(), self.other_arguments()]
        expected = [self.expected(arguments) for arguments in each]
        with dag_runs.new_dag(f"use_case_{self.use_case}_mapped") as dag:
            self.operator.partial(task_id=dag_runs.TASK_ID).expand_kwargs(each)
        runs = dag_runs.run(dag)
        assert [run.state for run in runs] == ["success", "success"]
        for run, arguments, one in zip(runs, each, expected, strict=True):
            self.check_result(run.result, arguments, one, details=run.result["details"])
            assert self.stored(arguments) == one.stored
        written = [(entry.path, entry.status, entry.body) for entry in self.emulator.journal]
        wanted = [
            (self.path.format_map(arguments), self.status, one.body)
            for arguments, one in zip(each, expected, strict=True)
        ]
        # Airflow may run them in either order.
        assert sorted(written, key=lambda write: write[0]) == sorted(wanted, key=lambda write: write[0])

    @pytest.mark.airflow_run
    def test_a_permanent_error_does_not_burn_retries(self, airflow_db: None) -> None:
        arguments = {**self.arguments(), self.ids[0]: "unknown"}
        with pytest.raises(SmartRecruitersError):
            self.run(**arguments)
        asked = self.operations()
        with dag_runs.new_dag(f"use_case_{self.use_case}_fails") as dag:
            self.operator(task_id=dag_runs.TASK_ID, retries=3, retry_delay=timedelta(0), **arguments)
        (run,) = dag_runs.run(dag)
        assert (run.state, run.tries, run.result) == ("failed", 1, None)
        assert self.operations() == asked * 2
