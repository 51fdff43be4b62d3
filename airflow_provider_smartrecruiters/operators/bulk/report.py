"""The report of a batch: a line every few seconds, its items and a table at the end, and a short result for XCom."""

from __future__ import annotations

import logging
import time
from collections import Counter
from textwrap import indent
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import fitted
from airflow_provider_smartrecruiters.operators.bulk.listing import (
    ListedItem,
    counted,
    differences_of,
    ids_in_words,
    last_line,
    listing,
    words_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_smartrecruiters.api.converge.bulk import Outcome

log = logging.getLogger(__name__)

FIRST_FAILURES = 20
"""Number of failures in the result for XCom. The results file has all of them."""

FIRST_ROWS = 50
"""Number of items in the log, and of rows of a plan in the result for XCom, about 25 KB. The results file has all."""

_EVERY = 5.0
_LOGGED_FAILURES = 1000
_MOST_CAUSES = 3
_MOST_NOTICES = 10

_NOTES = {"sent": " (previous state unknown)", "rewritten": " (force)"}
"""What the log adds to the words for an outcome."""


class BulkReport:
    """Counts the outcomes of a batch.

    :param use_case: id of the use case.
    :param operator: name of the operator, which a reader of the log knows.
    :param total: number of items.
    :param planned_at: moment of the plan, ISO 8601; None if the batch is no dry run.
    :param none: why there are no items, if there are none.
    """

    def __init__(
        self, use_case: str, total: int, *, operator: str, planned_at: str | None = None, none: str = ""
    ) -> None:
        self._use_case = use_case
        self._operator = operator
        self._total = total
        self._planned_at = planned_at
        self._plan_only = planned_at is not None
        self._none = none or "the batch has no items"
        self._words = words_for(self._plan_only)
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._failures: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []
        self._listed: dict[int, ListedItem] = {}
        self._shared_ids: dict[str, str] | None = None
        self._details: Counter[str] = Counter()
        self._skips: Counter[str] = Counter()
        self._notices: Counter[str] = Counter()
        self._named = 0
        self._retryable = 0
        self._resumed = 0
        self._applied = 0
        self._tried_again = 0
        self._started = self._logged_at = time.monotonic()

    @property
    def done(self) -> int:
        """Number of items with an outcome."""
        return self._counts.total()

    @property
    def failed(self) -> int:
        """Number of items that failed."""
        return self._counts["failed"]

    @property
    def not_run(self) -> int:
        """Number of items that were not started."""
        return self._counts["not_run"]

    @property
    def retryable(self) -> int:
        """Number of failed or not started items that may succeed on a rerun."""
        return self._retryable

    @property
    def common_ids(self) -> dict[str, str]:
        """Ids that all items so far share, even if there is only one."""
        return self._shared_ids or {}

    @property
    def causes(self) -> str:
        """What the items failed with, the most frequent first, as a sentence for an error; empty if none did."""
        if not self._errors:
            return ""
        said = ", ".join(f"{error} ({count:,})" for error, count in self._errors.most_common(_MOST_CAUSES))
        more = f" and {len(self._errors) - _MOST_CAUSES} more kinds" if len(self._errors) > _MOST_CAUSES else ""
        return f"Errors: {said}{more}. "

    @property
    def remainder(self) -> str:
        """What became of the items that neither failed nor were left out, as a sentence for an error."""
        if self._plan_only:
            return "Nothing was sent, because plan_only is on."
        succeeded = self.done - self.failed - self.not_run - self._counts["skipped"]
        skipped = f", {self._counts['skipped']:,} skipped" if self._counts["skipped"] else ""
        return f"{succeeded:,} succeeded{skipped}."

    def add(self, outcome: Outcome, row: dict[str, Any], *, place: str, resumed: bool = False) -> None:
        """Count an outcome, and log it if it is a failure.

        :param outcome: the outcome.
        :param row: the item's row of the results file.
        :param place: the item's position in words: ``item 3``, ``line 17``.
        :param resumed: whether an earlier try of the task finished it.
        """
        kind = _kind(outcome)
        self._counts[kind] += 1
        self._applied += outcome.applied
        self._resumed += resumed
        self._tried_again += outcome.attempts > 1
        self._add_details(outcome, row, place)
        self._shared_ids = _shared(self._shared_ids, row["target"])
        if row["number"] <= FIRST_ROWS:
            self._rows.append(row)
            self._listed[row["number"]] = self._as_listed(kind, outcome, row)
        if not outcome.failed:
            return
        self._retryable += outcome.retryable
        if kind == "not_run":
            return
        self._errors[_error(outcome)] += 1
        if len(self._failures) < FIRST_FAILURES:
            self._failures.append(row)
        if self._errors.total() <= _LOGGED_FAILURES:
            log.warning("%s: failed\n%s", place, indent(outcome.said or _error(outcome), "  "))
        elif self._errors.total() == _LOGGED_FAILURES + 1:
            log.warning("More than %s items failed. Further failures are counted, but not logged.", _LOGGED_FAILURES)

    def _as_listed(self, kind: str, outcome: Outcome, row: dict[str, Any]) -> ListedItem:
        why = {"failed": f": {_error(outcome)}", "skipped": f" ({outcome.details.get('guard')})"}
        said = self._words[kind] + why.get(kind, "")
        differences = differences_of(row) if kind in ("changed", "sent") else ()
        return ListedItem(row["place"], row["target"], said, differences)

    def _add_details(self, outcome: Outcome, row: dict[str, Any], place: str) -> None:
        self._details.update(_countable(outcome.details))
        if guard := outcome.details.get("guard"):
            self._skips[guard] += 1
        if notice := outcome.details.get("notice"):
            self._notices[notice] += 1
        # What a result of one record names as lists of fields (ignored, changed_concurrently, not_kept) wants a look at
        # the record, so the log says which one it is.
        named = "; ".join(
            f"{name}: {', '.join(map(str, value))}" for name, value in outcome.details.items() if _names(value)
        )
        if named and self._named < _LOGGED_FAILURES:
            self._named += 1
            log.warning("%s", fitted(f"{place} ({ids_in_words(row['target'])}): {named}"))

    def log_progress(self) -> None:
        """Log a progress line, at most every few seconds."""
        now = time.monotonic()
        if now - self._logged_at < _EVERY:
            return
        self._logged_at = now
        rate = (self.done - self._resumed) / (now - self._started)
        left = f"about {_duration((self._total - self.done) / rate)} left" if rate else "no item finished yet"
        sent = self._counts["changed"] + self._counts["sent"] + self._counts["rewritten"]
        left_alone = self._counts["unchanged"] + self._counts["skipped"]
        said = (
            f"{self.done:,} of {self._total:,} done ({100 * self.done / self._total:.0f} %): "
            f"{sent:,} {'would be sent' if self._plan_only else 'sent'}, {left_alone:,} unchanged or skipped, "
            f"{self.failed:,} failed. {rate:.1f} items a second, {left}."
        )
        log.info("%s", fitted(said))

    def log_summary(self, results: str | None) -> None:
        """Log the first items, a table of the outcomes, where all of them are, and a last line.

        :param results: location of the results file, or None.
        """
        if not self._total:
            log.info("Nothing to do: %s.", self._none)
            return
        listed = [self._listed[number] for number in sorted(self._listed)]
        if listed:
            # The ids of a single item belong to its line.
            lines = listing(listed, self.common_ids if self._total > 1 else {}, total=self._total, results=results)
            log.info("%s", "\n".join(lines))
        log.info("%s", self._table())
        for notice, count in self._notices.most_common(_MOST_NOTICES):
            log.info("%s", fitted(f"Of {counted(count)}: {notice}"))
        if self._resumed:
            log.info("An earlier try of this task finished %s of them.", f"{self._resumed:,}")
        if results:
            log.info("Results file: %s", results)
        log.info("%s", last_line(self._counts, plan_only=self._plan_only))

    def _table(self) -> str:
        lines: list[tuple[str, int]] = []
        for kind, words in self._words.items():
            if self._counts[kind]:
                lines.append((words + _NOTES.get(kind, ""), self._counts[kind]))
            if kind == "skipped":
                lines += [(f"    {name}", count) for name, count in self._skips.most_common()]
            if kind == "failed":
                lines += [(f"    {error}", count) for error, count in self._errors.most_common()]
        lines.append(("total", self._total))
        lines += [(f"with {name}", count) for name, count in self._details.most_common() if name != "notice"]
        width = max(len(words) for words, _ in lines)
        title = f"{self._operator}: {'plan' if self._plan_only else 'batch'} of {counted(self._total)}"
        spent = _duration(time.monotonic() - self._started)
        return "\n".join([f"{title}, in {spent}", *(f"  {words:<{width}}  {count:>9,}" for words, count in lines)])

    def as_dict(self, results: str | None) -> dict[str, Any]:
        """Return the result for XCom: counts, the first failures, and the location of the results file. JSON-ready.

        :param results: location of the results file, or None.
        """
        return {
            "use_case": self._use_case,
            "plan_only": self._plan_only,
            "counts": {
                "total": self._total,
                "changed": self._counts["changed"],
                "applied": self._applied,
                "unchanged": self._counts["unchanged"] + self._counts["rewritten"],
                "unknown": self._counts["sent"],
                "skipped": self._counts["skipped"],
                "failed": self._counts["failed"],
                "not_run": self._counts["not_run"],
                "retryable": self._retryable,
                "resumed": self._resumed,
                "tried_again": self._tried_again,
            },
            "skipped_by": dict(self._skips.most_common()),
            "detail_counts": dict(self._details.most_common()),
            "errors": dict(self._errors.most_common()),
            "failures": sorted(self._failures, key=lambda row: row["number"]),
            "results": results,
            "seconds": round(time.monotonic() - self._started, 1),
            **self._plan(),
        }

    def _plan(self) -> dict[str, Any]:
        if not self._plan_only:
            return {}
        return {"planned_at": self._planned_at, "rows": sorted(self._rows, key=lambda row: row["number"])}


NOT_RUN = "NotRun"
"""Value of ``error`` in the results row of an item that was not started."""

INTERRUPTED = "Interrupted"
"""Value of ``error`` in the results row of an item that was in flight when the task was stopped."""


def _shared(ids: dict[str, str] | None, target: Mapping[str, str]) -> dict[str, str]:
    return dict(target) if ids is None else {name: value for name, value in ids.items() if target.get(name) == value}


def _names(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value)


def _countable(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield the details that hold for an item, in the form in which a batch counts them."""
    for name, value in details.items():
        if isinstance(value, str) and value.isupper():
            yield f"{name} {value}"
        elif value is False and name == "verified":
            # The one detail that is only there when it is bad news.
            yield "not verified"
        elif value and name not in ("labels", "guard"):
            yield name


def _kind(outcome: Outcome) -> str:
    if outcome.error == NOT_RUN:
        return "not_run"
    if outcome.failed:
        return "failed"
    if outcome.skipped:
        return "skipped"
    if outcome.changed is None:
        return "sent"
    if outcome.changed:
        return "changed"
    return "rewritten" if outcome.applied else "unchanged"


def _error(outcome: Outcome) -> str:
    return " ".join(str(part) for part in (outcome.error, outcome.status, outcome.code) if part)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
