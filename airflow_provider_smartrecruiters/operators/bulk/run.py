"""One run of a batch: check everything, go on where the last try was, carry out, report."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.bulk import Bulk, Outcome
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
"""Seconds to wait for answers that are under way when the task is told to end; Airflow kills it after five."""


class BulkRun:
    """Carries a batch out, once. The parameters are those of :class:`.BulkOperator`, rendered and read.

    :param hook: what the items are sent with.
    :param progress_store: Airflow's task state store; None where there is none.
    :param max_tries: the task's, see :class:`.BulkProgress`.
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
        # A plan sends nothing that could be sent twice.
        self._progress_store = None if options.plan_only else progress_store
        self._max_tries = max_tries
        self._bulk: Bulk | None = None
        self._stopped = False
        self.result: dict[str, Any] | None = None
        """What :meth:`carry_out` returns, also when it raises for what became of the items."""

    def stop(self) -> None:
        """Begin no further item."""
        self._stopped = True
        if self._bulk:
            self._bulk.stop()

    def carry_out(self) -> dict[str, Any]:
        """Carry the batch out; see :meth:`.BulkOperator.execute`."""
        with self._results:
            lookups = self._options.terms.lookups
            checked = self._items.check(lambda change: change.resolved(self._client, lookups), self._options)
            self._refuse_bad_items(checked)
            self._guard(checked.total)
            progress = BulkProgress(self._progress_store, self._batch(checked), self._max_tries)
            if result := progress.finished():
                log.info("An earlier try got everything done, and died when it was about to say so.")
                return result
            self._results.prepare()
            if checked.total:
                what = "Planning" if self._options.plan_only else "Sending"
                log.info("%s items, all of them good. %s begins.", f"{checked.total:,}", what)
            else:
                log.warning("There are no items: nothing was given, or nothing of the results is to be tried again.")
            report = BulkReport(checked.use_case, checked.total, plan_only=self._options.plan_only)
            reached = self._resume(report, progress, checked.total)
            if self._bulk is not None:
                self._carry_on(self._bulk, report, progress, reached)
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
                f"None of the {checked.total:,} items can be sent, all for one reason; nothing was. "
                f"{_sentence(checked.bad[0].why)}",
                hint="mend what the items share, or the place that they come from, then run the task again.",
                fields=("items", *checked.bad[0].fields),
            )
        for bad in checked.bad[:_LOGGED_BAD_ITEMS]:
            log.error("%s: %s", bad.place, bad.why)
        if len(checked.bad) > _LOGGED_BAD_ITEMS:
            log.error("and %s more.", f"{len(checked.bad) - _LOGGED_BAD_ITEMS:,}")
        named = " ".join(f"{bad.place}: {_sentence(bad.why)}" for bad in checked.bad[:_NAMED_IN_ERROR])
        more = len(checked.bad) - _NAMED_IN_ERROR
        raise InvalidInputError(
            f"{len(checked.bad):,} of {checked.total:,} items cannot be sent; nothing was. {named}"
            + (f" And {more:,} more, all of them in the task's log." if more > 0 else ""),
            hint="mend what is named, or leave these items out, then run the task again.",
            fields=("items", *dict.fromkeys(name for bad in checked.bad for name in bad.fields)),
        )

    def _guard(self, total: int) -> None:
        if self._max_items is not None and total > self._max_items:
            raise InvalidInputError(
                f"The batch has {total:,} items, more than the {self._max_items:,} that max_items allows; nothing was "
                "sent.",
                hint="look whether the items are the right ones; if they are, raise max_items.",
                fields=("max_items",),
            )
        if self._expected_count is not None and total != self._expected_count:
            raise InvalidInputError(
                f"The batch has {total:,} items, and expected_count says {self._expected_count:,}; nothing was sent.",
                hint="look at where the items come from: they are no longer those that were counted.",
                fields=("expected_count",),
            )

    def _resume(self, report: BulkReport, progress: BulkProgress, total: int) -> bytearray:
        """Take over what an earlier try got done, and set the rest up; return which items have an outcome."""
        earlier, begun = progress.load()
        done = {index: outcome for index, outcome in earlier.items() if not outcome.failed}
        reached = bytearray(total)
        if done:
            log.info("An earlier try got %s of %s items done; the others follow.", f"{len(done):,}", f"{total:,}")
            for opened in self._items.iter_items(where=done.__contains__):
                self._add(report, done[opened.index], opened, resumed=True)
                reached[opened.index] = True
        if len(done) < total:
            in_doubt = begun if not self._options.read_first else 0
            begin = None if self._options.read_first else progress.begin
            work = self._items.work(skip=done.__contains__, begun=in_doubt, begin=begin)
            self._bulk = Bulk(self._client, work, self._options)
            if self._stopped:
                self._bulk.stop()
        return reached

    def _carry_on(self, bulk: Bulk, report: BulkReport, progress: BulkProgress, reached: bytearray) -> None:
        def take(outcome: Outcome) -> None:
            progress.record(outcome)
            self._add(report, outcome, self._items.open.pop(outcome.index))
            reached[outcome.index] = True

        try:
            for outcome in bulk.outcomes():
                if outcome:
                    take(outcome)
                report.log_progress()
        except BaseException:
            # Also what ends a task from outside: a timeout, on 2.11 a signal.
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
            row |= self._items.reported(opened.arguments)
        self._results.add(row)

    def _finish(self, report: BulkReport, progress: BulkProgress) -> dict[str, Any]:
        unwritten: Exception | None = None
        location = None
        try:
            location = self._results.publish()
        except Exception as error:
            unwritten = error
        report.log_summary(location)
        self.result = report.as_dict(location)
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
                    "everything failed, for reasons that are not the items'"
                    if bulk and bulk.outage
                    else "one failed and on_item_error says so"
                    if self._options.stop_on_error and report.failed
                    else "the task was told to end"
                )
                what += f"; {report.not_run:,} were not begun, since {why}"
            else:
                what += f", more than fail_above={self._fail_above:g} allows"
            again = f" {report.retryable:,} may succeed when the task is run again" if report.retryable else ""
            if again and self.result and self.result["results"]:
                again += ", or are taken up by another one with retry_from"
            raise BulkFailedError(
                f"{what}. {report.done - missed:,} are done.",
                hint="the table in the task's log counts the reasons, and the lines above it name the items."
                + (f"{again}." if again else ""),
                retryable=report.retryable > 0,
            )
        if unwritten is not None:
            raise BulkFailedError(
                "All items are done, but what became of them could not be written to results_path "
                f"({type(unwritten).__name__}).",
                hint="see that the worker may write there, then run the task again: it sends nothing twice.",
                retryable=True,
            ) from unwritten


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}."
