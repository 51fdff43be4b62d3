"""The items that an earlier batch left to retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.operators.bulk.sources.formats import number_of
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsRows, source_number
from airflow_provider_smartrecruiters.operators.common.files import refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_smartrecruiters.operators.bulk.sources.identity import Identity


RETRY_WHICH = ("transient", "failed")
"""Values of ``retry_which``: items that may succeed if they are sent again, or all that failed."""


class RetryItems:
    """The items of an earlier batch that failed, all or those with a transient error, and those that were not started.

    :param results: that batch's results file.
    :param given: the items of the first batch, for the parameters that results files omit.
    :param identity: what that batch must agree in.
    :param which: one of :data:`RETRY_WHICH`.
    """

    def __init__(self, results: ResultsRows, given: Iterable[Item] | None, identity: Identity, which: str) -> None:
        self._results = results
        self._given = given
        self._identity = identity
        self._permanent_too = which == "failed"

    def __iter__(self) -> Iterator[Item]:
        found = self._from_rows() if self._given is None else self._from_given(self._given)
        for index, (place, arguments, problem, row) in enumerate(found):
            yield Item(
                index,
                place,
                arguments if problem is None else None,
                problem,
                source_number=source_number(row),
                target=row["target"],
            )

    def _retryable(self) -> Iterator[dict[str, Any]]:
        empty = True
        for row in self._results:
            empty = False
            if conflict := self._identity.conflict(row):
                raise refused("retry_from", *conflict)
            if row["error"] and (row["retryable"] or self._permanent_too):
                yield row
        if empty:
            # Not "nothing to retry": this is also what is left of a batch that never wrote its results.
            raise refused(
                "retry_from",
                "names an empty results file",
                "Give the results file of a batch that had items. If the batch is still running, wait for its end.",
            )

    def _from_rows(self) -> Iterator[tuple[str, dict[str, Any], str | None, dict[str, Any]]]:
        for row in self._retryable():
            problem = None
            if row.get("withheld"):
                problem = (
                    f"cannot be retried from the results file alone, which never holds {', '.join(row['withheld'])}; "
                    "set items as well"
                )
            yield f"item {row['number']} of the results file", row.get("item") or {}, problem, row

    def _from_given(self, given: Iterable[Item]) -> Iterator[tuple[str, dict[str, Any], str | None, dict[str, Any]]]:
        # By the position in the first batch, so that the results of a retry can be retried with the same items.
        rows = {source_number(row): row for row in self._retryable()}
        for item in given:
            row = rows.pop(number_of(item.index), None)
            if row is not None:
                yield item.place, item.arguments or {}, item.problem, row
        for number, row in rows.items():
            problem = "is missing from items; these are not the items of that batch"
            yield f"item {number} of the results file", {}, problem, row
