"""Which items a batch is about: those that were given, or those that an earlier batch left undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.results import read_results
from airflow_provider_smartrecruiters.operators.bulk.sources import Item, source_of
from airflow_provider_smartrecruiters.operators.params import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def resolve_items(items: Any, retry_from: Any) -> Iterable[Item]:
    """Return the items of a batch; they can be gone through any number of times.

    :param items: the parameter ``items``, rendered; None if it is not given.
    :param retry_from: the parameter ``retry_from``, rendered; None if it is not given.
    :raises InvalidInputError: neither is given, or one cannot be read.
    """
    given = None if is_blank(items) else source_of("items", items)
    if not is_blank(retry_from):
        return _LeftUndone(retry_from, given)
    if given is None:
        raise InvalidInputError(
            "A batch needs items, or retry_from; neither is given.",
            hint="give items a list of mappings or the location of a file, or retry_from the results of another batch.",
            fields=("items", "retry_from"),
        )
    return given


class _LeftUndone:
    """The items of an earlier batch that failed for a passing reason or were never begun.

    :param location: where that batch's results are.
    :param given: its items, for what the results leave out.
    """

    def __init__(self, location: Any, given: Iterable[Item] | None) -> None:
        self._location = location
        self._given = given

    def __iter__(self) -> Iterator[Item]:
        undone = (row for row in read_results("retry_from", self._location) if row["error"] and row["retryable"])
        found = self._from_rows(undone) if self._given is None else self._from_given(self._given, undone)
        for index, (place, arguments, problem) in enumerate(found):
            yield Item(index, place, arguments if problem is None else None, problem)

    @staticmethod
    def _from_rows(undone: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        for row in undone:
            problem = None
            if row.get("withheld"):
                problem = (
                    f"cannot be run again from its results, which never hold {', '.join(row['withheld'])}; "
                    "give items as well"
                )
            yield f"item {row['index']} of the results", row.get("item") or {}, problem

    @staticmethod
    def _from_given(
        given: Iterable[Item], undone: Iterable[dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        rows = {row["index"]: row for row in undone}
        for item in given:
            row = rows.pop(item.index, None)
            if row is None:
                continue
            arguments = item.arguments or {}
            moved = any(str(arguments.get(name, value)) != value for name, value in row["target"].items())
            problem = "is for another record than the results say; these are not the items of that batch"
            yield item.place, arguments, item.problem or (problem if moved else None)
        for index in rows:
            yield f"item {index} of the results", {}, "is not among the items; these are not the items of that batch"
