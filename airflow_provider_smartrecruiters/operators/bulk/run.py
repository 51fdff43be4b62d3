"""One run of a batch: check all items, resume an earlier try, send, and report."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.bulk import OUTAGE, Bulk, Outcome
from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.items import BulkItems, Checked, ItemOperator, OpenItem
from airflow_provider_smartrecruiters.operators.bulk.progress import BulkProgress
from airflow_provider_smartrecruiters.operators.bulk.report import NOT_RUN, BulkReport
from airflow_provider_smartrecruiters.operators.bulk.results import ResultsFile
from airflow_provider_smartrecruiters.operators.bulk.retry_from import resolve_items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.api.bulk import BulkOptions
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

log = logging.getLogger(__name__)

_NAMED_IN_ERROR = 5
_LOGGED_BAD_ITEMS = 1000
_GRACE = 3.0
"""Seconds to wait for requests in flight when the task is stopped. Airflow kills the process after 5; the rest of that
time is for writing the results file and XCom."""


class BulkRun:
    """Runs a batch once. Takes the parameters of :class:`.BulkOperator`, rendered and parsed.

    :param hook: hook of the connection that sends the requests.
    :param progress_store: Airflow's task state store; None if there is none.
    :param max_tries: ``max_tries`` of the task instance; see :class:`.BulkProgress`.
    """

    def __init__(
        self,
        hook: SmartRecruitersHook,
        *,
        item_operator: type[ItemOperator],
        items: Any,
        retry_from: Any,
        shared: Mapping[str, Any],
        max_items: int | None,
        expected_count: int | None,
        fail_above: float,
        results_path: Any,
        options: BulkOptions,
        progress_store: Any,
        max_tries: int | None,
    ) -> None:
        self._client = hook.get_conn()
        self._items = BulkItems(item_operator, resolve_items(items, retry_from), shared)
        self._max_items = max_items
        self._expected_count = expected_count
        self._fail_above = fail_above
        self._results = ResultsFile("results_path", results_path)
        self._options = options
        # A plan has nothing to resume: it sends nothing that could be sent twice.
        self._progress_store = None if options.plan_only else progress_store
        self._max_tries = max_tries
        self._bulk: Bulk | None = None
        self._stopped = False
        self.result: dict[str, Any] | None = None
        """Return value of :meth:`carry_out`. Also set when it raises because items failed."""

    def stop(self) -> None:
        """Start no further items. Safe to call from a signal handler, at any time."""
        # on_kill() can arrive before the batch exists. The flag makes _resume() stop a batch that it creates later.
        self._stopped = True
        if self._bulk:
            self._bulk.stop()

    def carry_out(self) -> dict[str, Any]:
        """Run the batch; see :meth:`.BulkOperator.execute`."""
        with self._results:
            lookups = self._options.terms.lookups
            checked = self._items.check(lambda change: change.resolved(self._client, lookups), self._options)
            self._refuse_bad_items(checked)
            self._guard(checked.total)
            # Everything above must come first: the digest that identifies the progress of an earlier try covers all
            # items and shared parameters, so it is only known once all of them have been read.
            progress = BulkProgress(self._progress_store, self._batch(checked), self._max_tries)
            if result := progress.finished():
                log.info("An earlier try finished this batch but was killed before reporting it. Returning its result.")
                return result
            # Before the first item is sent: a results file that cannot be written must not cost a batch its outcomes.
            self._results.prepare()
            if checked.total:
                next_step = "Planning" if self._options.plan_only else "Sending"
                log.info("Checked %s items, all valid. %s them now.", f"{checked.total:,}", next_step)
            else:
                log.warning("The batch is empty: items has no entries, or the results file has nothing to retry.")
            report = BulkReport(checked.use_case, checked.total, plan_only=self._options.plan_only)
            reached = self._resume(report, progress, checked.total)
            if self._bulk is not None:
                self._send(self._bulk, report, progress, reached)
            self._add_not_run(report, reached)
            return self._finish(report, progress)

    def _batch(self, checked: Checked) -> str:
        options = self._options
        return f"{checked.digest}-{options.force:d}{options.read_first:d}"

    def _refuse_bad_items(self, checked: Checked) -> None:
        if not checked.bad:
            return
        if len(checked.bad) == checked.total > 1 and len({bad.why for bad in checked.bad}) == 1:
            raise InvalidInputError(
                f"None of the {checked.total:,} items can be sent, so nothing was sent. All have the same problem: "
                f"{_sentence(checked.bad[0].why)}",
                hint="Fix the shared parameters or the source of the items, then rerun the task.",
                fields=("items", *checked.bad[0].fields),
            )
        for bad in checked.bad[:_LOGGED_BAD_ITEMS]:
            log.error("%s: %s", bad.place, bad.why)
        if len(checked.bad) > _LOGGED_BAD_ITEMS:
            log.error("%s more items cannot be sent.", f"{len(checked.bad) - _LOGGED_BAD_ITEMS:,}")
        named = " ".join(f"{bad.place}: {_sentence(bad.why)}" for bad in checked.bad[:_NAMED_IN_ERROR])
        more = len(checked.bad) - _NAMED_IN_ERROR
        raise InvalidInputError(
            f"{len(checked.bad):,} of {checked.total:,} items cannot be sent, so nothing was sent. {named}"
            + (f" The task's log names {more:,} more." if more > 0 else ""),
            hint="Fix these items or remove them, then rerun the task.",
            fields=("items", *dict.fromkeys(name for bad in checked.bad for name in bad.fields)),
        )

    def _guard(self, total: int) -> None:
        if self._max_items is not None and total > self._max_items:
            raise InvalidInputError(
                f"The batch has {total:,} items, more than the {self._max_items:,} that max_items allows. Nothing was "
                "sent.",
                hint="Check that these are the right items. If they are, raise max_items.",
                fields=("max_items",),
            )
        if self._expected_count is not None and total != self._expected_count:
            raise InvalidInputError(
                f"The batch has {total:,} items, but expected_count is {self._expected_count:,}. Nothing was sent.",
                hint="Check the source of the items: it no longer has the number of items that was expected.",
                fields=("expected_count",),
            )

    def _resume(self, report: BulkReport, progress: BulkProgress, total: int) -> bytearray:
        """Report what an earlier try finished, and prepare the rest. Return which items have an outcome."""
        earlier, begun = progress.load()
        # Failed items are tried again: the point of a retry is that some failures are transient.
        done = {index: outcome for index, outcome in earlier.items() if not outcome.failed}
        reached = bytearray(total)
        if done:
            log.info("An earlier try finished %s of %s items. Resuming with the rest.", f"{len(done):,}", f"{total:,}")
            for opened in self._items.iter_items(where=done.__contains__):
                self._add(report, done[opened.index], opened, resumed=True)
                reached[opened.index] = True
        if len(done) < total:
            # With read_first, a repeated item is read again anyway, so there is nothing to remember. Otherwise an item
            # before `begun` may have been sent by a process that was killed before it could record the outcome. That
            # item is read before it is sent again, although read_first is off.
            in_doubt = begun if not self._options.read_first else 0
            begin = None if self._options.read_first else progress.begin
            work = self._items.work(skip=done.__contains__, begun=in_doubt, begin=begin)
            self._bulk = Bulk(self._client, work, self._options)
            if self._stopped:
                self._bulk.stop()
        return reached

    def _send(self, bulk: Bulk, report: BulkReport, progress: BulkProgress, reached: bytearray) -> None:
        def take(outcome: Outcome) -> None:
            # Progress first: killed after this line, a retry knows that the item is done. The report dies with this
            # process anyway.
            progress.record(outcome)
            self._add(report, outcome, self._items.open.pop(outcome.index))
            reached[outcome.index] = True

        try:
            for outcome in bulk.outcomes():
                if outcome:
                    take(outcome)
                report.log_progress()
        except BaseException:
            # BaseException, since what ends a task from outside is not an Exception: execution_timeout, or a signal on
            # Airflow 2.11. Requests in flight may have reached the API, so wait a moment and record their outcomes.
            # Otherwise a retry has to read each of these records to find out.
            bulk.stop()
            for outcome in bulk.late_outcomes(_GRACE):
                take(outcome)
            log.warning("Stopped after %s of %s items.", f"{report.done:,}", f"{len(reached):,}")
            raise

    def _add_not_run(self, report: BulkReport, reached: bytearray) -> None:
        if all(reached):
            return
        for opened in self._items.iter_items(where=lambda index: not reached[index]):
            self._add(report, Outcome(opened.index, error=NOT_RUN, retryable=True, attempts=0), opened)

    def _add(self, report: BulkReport, outcome: Outcome, opened: OpenItem, *, resumed: bool = False) -> None:
        row = outcome.as_row(opened.target)
        report.add(outcome, dict(row), place=opened.place, resumed=resumed)
        if self._options.plan_only and not outcome.failed:
            row |= {"fields": list(outcome.fields), "fingerprint": outcome.fingerprint}
        if outcome.failed:
            row |= self._items.retry_fields(opened.arguments)
        self._results.add(row)

    def _finish(self, report: BulkReport, progress: BulkProgress) -> dict[str, Any]:
        # A results file that cannot be written must hide neither the summary nor the result for XCom, so its error is
        # kept, and raised only if there is nothing worse to report.
        unwritten: Exception | None = None
        location = None
        try:
            location = self._results.publish()
        except Exception as error:
            unwritten = error
        report.log_summary(location)
        self.result = report.as_dict(location)
        # Only a successful run keeps its result as progress. After a failure the outcomes stay, for a retry to resume.
        self._raise_for(report, unwritten)
        progress.finish(self.result)
        return self.result

    def _raise_for(self, report: BulkReport, unwritten: Exception | None) -> None:
        bulk = self._bulk
        if bulk and bulk.fatal:
            raise bulk.fatal
        missed = report.failed + report.not_run
        if report.not_run or missed > self._fail_above * report.done:
            what = f"{report.failed:,} of {report.done:,} items failed ({report.failed / report.done:.1%})"
            if report.not_run:
                why = (
                    f"{OUTAGE} items in a row failed with a transient error or 401"
                    if bulk and bulk.outage
                    else "on_item_error is stop"
                    if self._options.stop_on_error and report.failed
                    else "the task was stopped"
                )
                what += f"; {report.not_run:,} were not started, because {why}"
            else:
                what += f", more than fail_above={self._fail_above:g} allows"
            again = f" {report.retryable:,} may succeed if you rerun the task" if report.retryable else ""
            if again and self.result and self.result["results"]:
                again += ", or start another batch with retry_from"
            raise BulkFailedError(
                f"{what}. {report.done - missed:,} succeeded.",
                hint="Check the task's log: a table counts the errors, and the lines above it name the items."
                + (f"{again}." if again else ""),
                retryable=report.retryable > 0,
            )
        if unwritten is not None:
            raise BulkFailedError(
                f"All items are done, but the results file could not be written ({type(unwritten).__name__}).",
                hint="Make sure that the worker may write to results_path, then rerun the task to write it.",
                retryable=True,
            ) from unwritten


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}."
