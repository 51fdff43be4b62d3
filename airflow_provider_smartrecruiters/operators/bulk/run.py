"""One run of a batch: check all items, resume an earlier try, send, and report."""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.converge.bulk import LONG_WAITS, OUTAGE, Bulk, Outcome
from airflow_provider_smartrecruiters.api.names import Finder
from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError, SmartRecruitersError
from airflow_provider_smartrecruiters.operators.bulk.items import BulkItems, Checked, ItemOperator, OpenItem
from airflow_provider_smartrecruiters.operators.bulk.listing import counted
from airflow_provider_smartrecruiters.operators.bulk.progress import BulkProgress
from airflow_provider_smartrecruiters.operators.bulk.refusals import refuse_bad_items
from airflow_provider_smartrecruiters.operators.bulk.report import INTERRUPTED, NOT_RUN, BulkReport
from airflow_provider_smartrecruiters.operators.bulk.signals import undisturbed
from airflow_provider_smartrecruiters.operators.bulk.sources.carried import carried
from airflow_provider_smartrecruiters.operators.bulk.sources.formats import item_at, number_of
from airflow_provider_smartrecruiters.operators.bulk.sources.given import canonical
from airflow_provider_smartrecruiters.operators.bulk.sources.identity import Identity
from airflow_provider_smartrecruiters.operators.bulk.sources.resolve import (
    ItemsFrom,
    how_to_fix,
    none_of,
    resolve_items,
)
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile
from airflow_provider_smartrecruiters.operators.common.files import same_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from fractions import Fraction

    from airflow_provider_smartrecruiters.api.converge.bulk import BulkOptions
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
    from airflow_provider_smartrecruiters.operators.bulk.sources.carried import CarryOver

log = logging.getLogger(__name__)

_GRACE = 3.0
"""Seconds to wait for requests in flight when the task is stopped. Airflow kills the process after 5; the rest of that
time is for writing the results file and XCom."""


class BulkRun:
    """Runs a batch once. Takes the parameters of :class:`.BulkOperator`, rendered and parsed.

    :param hook: hook of the connection that sends the requests.
    :param progress_store: Airflow's task state store; None if there is none.
    :param carry: what to carry over to the next run; None if nothing is.
    :param max_tries: ``max_tries`` of the task instance; see :class:`.BulkProgress`.
    :param batch_parameters: names of the parameters that only the batch has; see :class:`.BulkItems`.
    """

    def __init__(
        self,
        hook: SmartRecruitersHook,
        *,
        item_operator: type[ItemOperator],
        items: ItemsFrom,
        shared: Mapping[str, Any],
        max_items: int | None,
        min_items: int | None,
        expected_count: int | None,
        fail_above: Fraction,
        results_path: Any,
        options: BulkOptions,
        progress_store: Any,
        max_tries: int | None,
        carry: CarryOver | None = None,
        batch_parameters: Collection[str] = (),
    ) -> None:
        self._client = hook.get_conn()
        self._operator = item_operator.__name__
        self._identity = Identity.of(item_operator, hook, options)
        source, files = resolve_items(items, shared, self._identity)
        known: dict[str, Any] = {"item_operator": item_operator, "shared": shared, "identity": self._identity}
        self._source, self._files, self._carried = carried(source, files, carry, **known)
        self._last_try = carry is None or carry.last_try
        self._items = BulkItems(item_operator, self._source, shared, batch_parameters)
        self._max_items = max_items
        self._min_items = min_items
        self._expected_count = expected_count
        self._fail_above = fail_above
        self._results = ResultsFile("results_path", results_path)
        self._options = options
        # A plan has nothing to resume: it sends nothing that could be sent twice.
        self._progress_store = None if options.plan_only else progress_store
        self._max_tries = max_tries
        # Tells the rows of this plan from those of another one, and how old they are.
        self._planned_at = datetime.now(UTC).isoformat() if options.plan_only else None
        self._bulk: Bulk | None = None
        self._report: BulkReport | None = None
        self._stopped_at: float | None = None
        self.result: dict[str, Any] | None = None
        """Return value of :meth:`carry_out`. Also set when it raises after it began to send."""

    @property
    def shared_ids(self) -> dict[str, str]:
        """Ids that all items share, once :meth:`carry_out` has begun to send; of a batch of one item, its ids."""
        return self._report.common_ids if self._report else {}

    def stop(self) -> None:
        """Start no further items. Safe to call from a signal handler, at any time."""
        # on_kill() can arrive before the batch exists. The time makes _resume() stop a batch that it creates later.
        self._stopped_at = time.monotonic()
        if self._bulk:
            self._bulk.stop()

    def carry_out(self) -> dict[str, Any]:
        """Run the batch; see :meth:`.BulkOperator.execute`."""
        with self._results:
            self._refuse_overwriting()
            finder = Finder(self._client, self._options.terms.lookups)
            checked = self._items.check(finder, self._options, self._refuse_too_many)
            refuse_bad_items(checked, of_file=self._of_file(), hint=how_to_fix(self._source))
            self._refuse_too_few(self._guarded(checked.total))
            # Everything above must come first: the digest that identifies the progress of an earlier try covers all
            # items and shared parameters, so it is only known once all of them have been read.
            progress = BulkProgress(self._progress_store, self._batch(checked), self._max_tries)
            if result := progress.finished():
                log.info("An earlier try finished this batch but was killed before reporting it. Returning its result.")
                return result
            # Before the first item is sent: a results file that cannot be written must not cost a batch its outcomes.
            self._results.prepare()
            if self._carried and not self._options.plan_only:
                self._carried.prepare()
            if checked.total:
                next_step = "Planning" if self._options.plan_only else "Sending"
                log.info("Checked %s: complete, and no record twice. %s now.", counted(checked.total), next_step)
            self._report = report = BulkReport(
                self._identity.use_case,
                checked.total,
                operator=self._operator,
                planned_at=self._planned_at,
                none=none_of(self._source),
            )
            reached = bytearray(checked.total)
            try:
                self._resume(report, progress, reached)
                if self._bulk is not None:
                    self._send(self._bulk, report, progress, reached)
                self._add_not_run(report, reached)
            except BaseException:
                self._wind_up(report, reached)
                raise
            return self._finish(report, progress)

    def _batch(self, checked: Checked) -> str:
        return hashlib.blake2b(canonical([self._identity.as_row(), checked.digest]), digest_size=16).hexdigest()

    def _refuse_overwriting(self) -> None:
        results = self._results.location
        for name, location in self._files.items():
            if results and same_file(results, location):
                raise InvalidInputError(
                    f"The parameters results_path and {name} name the same file. Nothing was sent.",
                    hint="Give results_path another name: the batch would overwrite what it reads.",
                    fields=("results_path", name),
                )

    def _of_file(self) -> str:
        return f" of {self._files['items']}" if "items" in self._files else ""

    def _guarded(self, count: int) -> int:
        # The guards are about where the items come from. What was carried over has passed them before.
        return min(count, self._carried.given_count) if self._carried else count

    def _refuse_too_many(self, count: int) -> None:
        count = self._guarded(count)
        # Called for each item that is read, so that a file of millions is not read to its end first.
        for name, limit in (("max_items", self._max_items), ("expected_count", self._expected_count)):
            if limit is not None and count > limit:
                raise InvalidInputError(
                    f"The batch has more than {limit:,} items, the number in {name}. Nothing was sent.",
                    hint=f"Check that these are the right items. If they are, raise {name}.",
                    fields=(name,),
                )

    def _refuse_too_few(self, total: int) -> None:
        if self._expected_count is not None and total != self._expected_count:
            raise InvalidInputError(
                f"The batch has {total:,} items, but expected_count is {self._expected_count:,}. Nothing was sent.",
                hint="Check the source of the items: it no longer has the number of items that was expected.",
                fields=("expected_count",),
            )
        if self._min_items is not None and total < self._min_items:
            raise InvalidInputError(
                f"The batch has {counted(total)}, but min_items is {self._min_items:,}. Nothing was sent.",
                hint="Check the source of the items: it has fewer items than it should. If they are right, lower "
                "min_items.",
                fields=("min_items",),
            )

    def _resume(self, report: BulkReport, progress: BulkProgress, reached: bytearray) -> None:
        """Report what an earlier try finished, mark it as reached, and prepare the rest."""
        earlier, begun = progress.load()
        # Failed items are tried again: the point of a retry is that some failures are transient.
        done = {index: outcome for index, outcome in earlier.items() if not outcome.failed}
        total = len(reached)
        if done:
            log.info("An earlier try finished %s of %s items. Resuming with the rest.", f"{len(done):,}", f"{total:,}")
            for opened in self._items.iter_items(where=done.__contains__):
                self._add(report, reached, done[opened.index], opened, resumed=True)
        if len(done) < total:
            # With read_first, a repeated item is read again anyway, so there is nothing to remember. Otherwise an item
            # before `begun` may have been sent by a process that was killed before it could record the outcome. That
            # item is read before it is sent again, although read_first is off.
            in_doubt = begun if not self._options.read_first else 0
            begin = None if self._options.read_first else progress.begin
            work = self._items.work(skip=done.__contains__, begun=in_doubt, begin=begin)
            self._bulk = Bulk(self._client, work, self._options)
            if self._stopped_at is not None:
                self._bulk.stop()

    def _send(self, bulk: Bulk, report: BulkReport, progress: BulkProgress, reached: bytearray) -> None:
        def take(outcome: Outcome) -> None:
            # Progress first: killed after this line, a retry knows that the item is done. If it cannot be recorded, the
            # outcome is still reported.
            try:
                progress.record(outcome)
            finally:
                self._add(report, reached, outcome, self._items.open[outcome.index])

        try:
            for outcome in bulk.outcomes():
                if outcome:
                    take(outcome)
                report.log_progress()
                if self._stopped_at is not None and time.monotonic() - self._stopped_at > _GRACE:
                    # on_kill() of Airflow 3 raises nothing: the process is simply killed when its time is up.
                    self._add_interrupted(report, reached)
                    return
        except BaseException:
            # BaseException, since what ends a task from outside is not an Exception: execution_timeout, or a signal on
            # Airflow 2.11. Requests in flight may have reached the API, so wait a moment and record their outcomes.
            # Otherwise a retry has to read each of these records to find out.
            bulk.stop()
            for outcome in bulk.late_outcomes(_GRACE):
                with suppress(Exception):
                    take(outcome)
            log.warning("Stopped after %s of %s items.", f"{report.done:,}", f"{len(reached):,}")
            raise

    def _wind_up(self, report: BulkReport, reached: bytearray) -> None:
        """Report a batch that ends with an error: every item gets a row, and Airflow the counts."""
        try:
            self._add_interrupted(report, reached)
            try:
                self._add_not_run(report, reached)
            except Exception:
                # The items can no longer be read, for example because their file changed. Rows without the item keep
                # the file complete: results that lack the items left to retry would pass for a finished batch.
                for index in (index for index, done in enumerate(reached) if not done):
                    item = OpenItem(index, item_at(index), {}, {})
                    self._add(report, reached, _not_run(index), item, unreadable=True)
            location = self._results.publish()
            report.log_summary(location)
            self.result = self._as_dict(report, location)
        except Exception as error:
            # Whatever fails here must not hide the error that ended the batch.
            log.warning("The batch ended early and its results could not be written (%s).", type(error).__name__)
            self.result = self._as_dict(report, None)
        self._carry_over(last=self._last_try)

    def _add_interrupted(self, report: BulkReport, reached: bytearray) -> None:
        if self._bulk is None or self._bulk.fatal:
            return
        sent = not self._options.plan_only
        for opened in list(self._items.open.values()):
            outcome = Outcome(opened.index, error=INTERRUPTED, retryable=True, may_have_been_applied=sent)
            self._add(report, reached, outcome, opened)

    def _add_not_run(self, report: BulkReport, reached: bytearray) -> None:
        if all(reached):
            return
        for opened in self._items.iter_items(where=lambda index: not reached[index]):
            self._add(report, reached, _not_run(opened.index), opened)

    def _add(
        self,
        report: BulkReport,
        reached: bytearray,
        outcome: Outcome,
        opened: OpenItem,
        *,
        resumed: bool = False,
        unreadable: bool = False,
    ) -> None:
        row = outcome.as_row(number_of(opened.index), opened.place, opened.target) | self._identity.as_row()
        if opened.source_number is not None:
            row["source_number"] = opened.source_number
        if self._planned_at:
            row["planned_at"] = self._planned_at
            if not (outcome.failed or outcome.skipped or outcome.changed is False):
                row |= self._items.plan_fields(opened.arguments)
        written = dict(row)
        if unreadable:
            written["withheld"] = ["items"]
        elif outcome.failed:
            written |= self._items.retry_fields(opened.arguments)
            if self._carried and outcome.retryable:
                self._carried.keep(opened.index, row, self._items.carry_fields(opened.arguments))
        # All or nothing: stopped between two of these, an item would be counted twice, or have no row.
        with undisturbed():
            self._results.add(written)
            report.add(outcome, row, place=opened.place, resumed=resumed)
            reached[opened.index] = True
            # Last: what fails above leaves an item in doubt, not one that was never started.
            self._items.open.pop(opened.index, None)

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
        self.result = self._as_dict(report, location)
        # Only a successful run keeps its result as progress. After a failure the outcomes stay, for a retry to resume.
        try:
            self._raise_for(report, unwritten)
        except SmartRecruitersError as error:
            self._carry_over(last=self._last_try or not error.retryable)
            raise
        self._raise_for_file("carry_over", self._carry_over(last=True))
        progress.finish(self.result)
        return self.result

    def _as_dict(self, report: BulkReport, location: str | None) -> dict[str, Any]:
        result = report.as_dict(location)
        return result if self._carried is None else {**result, "counts": result["counts"] | self._carried.counts}

    def _carry_over(self, *, last: bool) -> Exception | None:
        """Write what is left for the next run, and return the error of the storage, if any."""
        try:
            if self._carried and not self._options.plan_only:
                self._carried.write(last=last)
        except Exception as error:
            log.warning("The file of carry_over could not be written (%s).", type(error).__name__)
            return error
        return None

    def _raise_for(self, report: BulkReport, unwritten: Exception | None) -> None:
        bulk = self._bulk
        if bulk and bulk.fatal:
            raise bulk.fatal
        missed = report.failed + report.not_run
        if report.not_run or missed > self._fail_above * report.done:
            what = f"{report.failed:,} of {report.done:,} items failed ({report.failed / report.done:.1%})"
            if report.not_run:
                what += f"; {report.not_run:,} were not started, because {self._why_ended(report)}"
            else:
                what += f", more than fail_above={float(self._fail_above):g} allows"
            again = f" {report.retryable:,} may succeed if you rerun the task" if report.retryable else ""
            if again and self.result and self.result["results"]:
                again += ", or start another batch with retry_from"
            raise BulkFailedError(
                f"{what}. {report.causes}{report.remainder}",
                hint="Fix the failed items (the task's log names each with its error), then run the task again. "
                "Finished items are not sent again." + (f"{again}." if again else ""),
                retryable=report.retryable > 0,
                retry_after=bulk.retry_after if bulk else None,
            )
        self._raise_for_file("results_path", unwritten)

    def _raise_for_file(self, name: str, unwritten: Exception | None) -> None:
        if unwritten is not None:
            raise BulkFailedError(
                f"All items are done, but the file of {name} could not be written ({type(unwritten).__name__}).",
                hint=f"Make sure that the worker may write to {name}, then rerun the task to write it.",
                retryable=True,
            ) from unwritten

    def _why_ended(self, report: BulkReport) -> str:
        bulk = self._bulk
        if bulk and bulk.throttled:
            return (
                f"SmartRecruiters asked {LONG_WAITS} items in a row to wait, up to {bulk.retry_after or 0:,.0f} seconds"
            )
        if bulk and bulk.outage:
            return f"{OUTAGE} items in a row failed with a transient error"
        if self._options.stop_on_error and report.failed:
            return "on_item_error is stop"
        return "the task was stopped"


def _not_run(index: int) -> Outcome:
    return Outcome(index, error=NOT_RUN, retryable=True, attempts=0)
