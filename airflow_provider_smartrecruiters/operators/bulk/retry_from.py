"""The items of a batch: the given ones, or the ones that an earlier batch left to retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.results import read_results
from airflow_provider_smartrecruiters.operators.bulk.sources import Item, source_of
from airflow_provider_smartrecruiters.operators.params import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def resolve_items(items: Any, retry_from: Any) -> Iterable[Item]:
    """Return the items of a batch. They can be iterated any number of times.

    :param items: the parameter ``items``, rendered; None if it is not given.
    :param retry_from: the parameter ``retry_from``, rendered; None if it is not given.
    :raises InvalidInputError: neither is given, or one cannot be read.
    """
    given = None if is_blank(items) else source_of("items", items)
    if not is_blank(retry_from):
        return _RetryItems(retry_from, given)
    if given is None:
        raise InvalidInputError(
            "The batch has neither items nor retry_from.",
            hint="Set items to a list of mappings or the location of a file, or retry_from to an earlier results file.",
            fields=("items", "retry_from"),
        )
    return given


class _RetryItems:
    """The items of an earlier batch that failed with a transient error or were not started.

    :param location: location of that batch's results file.
    :param given: the items of that batch, for the parameters that its results file omits.
    """

    def __init__(self, location: Any, given: Iterable[Item] | None) -> None:
        self._location = location
        self._given = given

    def __iter__(self) -> Iterator[Item]:
        retryable = (row for row in read_results("retry_from", self._location) if row["error"] and row["retryable"])
        found = self._from_rows(retryable) if self._given is None else self._from_given(self._given, retryable)
        for index, (place, arguments, problem) in enumerate(found):
            yield Item(index, place, arguments if problem is None else None, problem)

    @staticmethod
    def _from_rows(retryable: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        for row in retryable:
            problem = None
            if row.get("withheld"):
                problem = (
                    f"cannot be retried from the results file alone, which never holds {', '.join(row['withheld'])}; "
                    "set items as well"
                )
            yield f"item {row['index']} of the results file", row.get("item") or {}, problem

    @staticmethod
    def _from_given(
        given: Iterable[Item], retryable: Iterable[dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        rows = {row["index"]: row for row in retryable}
        for item in given:
            row = rows.pop(item.index, None)
            if row is None:
                continue
            arguments = item.arguments or {}
            # Results and items are matched by index alone. If somebody has edited the file since, the ids of the record
            # disagree, and retrying would write to a record that never failed.
            moved = any(str(arguments.get(name, value)) != value for name, value in row["target"].items())
            problem = "has another target than in the results file; these are not the items of that batch"
            yield item.place, arguments, item.problem or (problem if moved else None)
        for index in rows:
            yield (
                f"item {index} of the results file",
                {},
                "is missing from items; these are not the items of that batch",
            )
