"""The items that take an earlier batch back: the inverse of each change that its results file says it made."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters import api
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.values.fingerprint import LeftStates, fingerprint_of
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, fitted
from airflow_provider_smartrecruiters.operators.bulk.listing import counted, ids_in_words
from airflow_provider_smartrecruiters.operators.bulk.sources.formats import number_of
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsRows, source_number
from airflow_provider_smartrecruiters.operators.common.files import refused
from airflow_provider_smartrecruiters.operators.common.task import unwrapped

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.values.inverse import Inverse
    from airflow_provider_smartrecruiters.operators.bulk.sources.given import ItemSource

log = logging.getLogger(__name__)

_LOGGED = 1000


def change_in(results: ResultsRows) -> type[Change]:
    """Return the use case of the batch whose results these are.

    :raises InvalidInputError: the file is empty, or its batch cannot be undone at all.
    """
    first = next(iter(results), None)
    if first is None:
        raise refused(
            "results",
            "names an empty results file",
            "Give the results file of a batch that had items. If the batch is still running, wait for its end.",
        )
    change = _changes().get(first["use_case"])
    if change is None:
        raise refused(
            "results",
            "names the results of an operator that is not in this package",
            "Undo what an operator of your own did with another one of your own.",
        )
    if change.undone_by is None:
        raise refused(
            "results",
            f"names the results of {change.__name__}Operator, which cannot be undone: {change.not_undone}",
            "Change the records back with the operator itself.",
        )
    return change


def operator_of(change_name: str) -> Any:
    """Return the operator of a change, a class.

    :param change_name: the change, relative to the package's ``api``: ``jobs.UpdateJobStatus``.
    """
    module, _, name = change_name.rpartition(".")
    return getattr(import_module(f"airflow_provider_smartrecruiters.operators.{module}"), f"{name}Operator")


class UndoItems:
    """The items that bring the records of a batch back. They can be iterated as often as needed.

    :param results: that batch's results file.
    :param change: its use case.
    :param given: its items, for the parameters that results files omit; None if they are not given.
    :param shared: its shared parameters, for the same.
    :param connection: digest of the connection that the batch must have been sent with.
    :param skip_irreversible: leave out items that cannot be brought back, instead of refusing all.
    """

    def __init__(
        self,
        results: ResultsRows,
        change: type[Change],
        *,
        given: ItemSource | None,
        shared: Mapping[str, Any],
        connection: str,
        skip_irreversible: bool,
    ) -> None:
        self._results = results
        self._change = change
        self._given = given
        self._shared = {name: unwrapped(value) for name, value in shared.items()}
        self._connection = connection
        self._skip_irreversible = skip_irreversible
        self._operator = _operator_that_makes(change)
        self._inverse = _load(change.undone_by or "")
        self._said = False

    @property
    def files(self) -> dict[str, str]:
        """The location of each file that the items are read from, by parameter name."""
        given = {"items": self._given.location} if self._given and self._given.location else {}
        return {"results": self._results.location, **given}

    def __iter__(self) -> Iterator[Item]:
        """Yield an item for each change that the batch made, with the states that it may have left.

        :raises InvalidInputError: the results are of a plan, of another connection, or of several batches.
        """
        index, left_out = 0, 0
        for row, arguments, missing in self._with_arguments():
            try:
                item = self._item(index, row, self._undo(row, arguments, missing))
            except InvalidInputError as error:
                if self._skip_irreversible:
                    left_out += 1
                    self._say_irreversible(left_out, row, error.summary)
                    continue
                item = Item(index, _place(row), None, error.summary, source_number(row), row["target"])
            index += 1
            yield item
        if left_out:
            self._say(f"Left out, because they cannot be undone: {counted(left_out)}.")
        # The items are read twice, once for the check.
        self._said = True

    def _item(self, index: int, row: Mapping[str, Any], inverse: Inverse) -> Item:
        change = self._inverse(**row["target"], **inverse.arguments)
        states = (
            state if isinstance(state, str) else fingerprint_of(change.use_case, change.target, state)
            for state in inverse.left
        )
        arguments = {**row["target"], **inverse.arguments, "expect": LeftStates(states)}
        return Item(index, _place(row), arguments, source_number=source_number(row), target=row["target"])

    def _undo(self, row: Mapping[str, Any], arguments: Mapping[str, Any] | None, missing: str) -> Inverse:
        if missing:
            raise InvalidInputError(missing)
        if not row.get("undo"):
            raise InvalidInputError("cannot be undone: its record was not read before the write")
        return self._change.inverse(row["undo"], None if arguments is None else self._done(row, arguments))

    def _done(self, row: Mapping[str, Any], arguments: Mapping[str, Any]) -> Change | None:
        given = row["target"] | self._shared | dict(arguments)
        given.pop("expect", None)
        if given.keys() <= row["target"].keys():
            return None
        parameters = self._operator.own_parameters()
        if unknown := [name for name in given if name not in parameters]:
            raise InvalidInputError(f"cannot be undone: the items hold {len(unknown)} keys that are no parameters")
        done: Change = self._operator.change_of(parameters | given)
        return done

    def _with_arguments(self) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None, str]]:
        """Yield each row to undo, the arguments that its item held, and why these are not known."""
        if not self._change.undo_needs_arguments:
            yield from ((row, None, "") for row in self._rows())
            return
        if self._given is None:
            yield from ((row, {}, "") for row in self._rows())
            return
        rows = {source_number(row): row for row in self._rows()}
        for item in self._given:
            row = rows.pop(number_of(item.index), None)
            if row is not None:
                yield row, item.arguments or {}, item.problem or ""
        for row in rows.values():
            yield row, {}, "is missing from items; these are not the items of that batch"

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of items that the batch has changed."""
        left: Counter[str] = Counter()
        for row in self._results:
            self._refuse_others(row)
            if row["error"]:
                left["doubt" if row.get("may_have_been_applied") else "failed"] += 1
                if row.get("may_have_been_applied"):
                    self._say(f"{_place(row)} ({ids_in_words(row['target'])}): failed, but may have been changed.")
            elif row.get("applied") and row.get("changed") is not False:
                yield row
            else:
                left["same"] += 1
        if left["doubt"]:
            self._say(f"Not undone, because nobody knows whether they were changed: {counted(left['doubt'])}.")
        if same := left["same"] + left["failed"]:
            self._say(f"Left alone, because the batch did not change them: {counted(same)}.", logging.INFO)

    def _refuse_others(self, row: Mapping[str, Any]) -> None:
        if "planned_at" in row:
            raise refused(
                "results",
                "names the results file of a plan, which changed nothing",
                "Give the results file of the batch that was sent.",
            )
        if row["use_case"] != self._change.use_case:
            raise refused("results", "names the results of several operators", "Give the results file of one batch.")
        if row["connection"] != self._connection:
            raise refused(
                "results",
                "names the results of a batch with another connection or credential",
                "Use the connection of that batch. If its credential was replaced, change the records back with the "
                "operator itself.",
            )

    def _say_irreversible(self, count: int, row: Mapping[str, Any], why: str) -> None:
        if count <= _LOGGED:
            self._say(f"{_place(row)} ({ids_in_words(row['target'])}): {why}.")

    def _say(self, text: str, level: int = logging.WARNING) -> None:
        if not self._said:
            log.log(level, "%s", fitted(text))


def _changes() -> dict[str, type[Change]]:
    public = (getattr(api, name) for name in api.__all__)
    changes = (kind for kind in public if isinstance(kind, type) and issubclass(kind, Change) and kind is not Change)
    return {change.use_case: change for change in changes}


def _load(change_name: str) -> type[Change]:
    module, _, name = change_name.rpartition(".")
    change: type[Change] = getattr(import_module(f"airflow_provider_smartrecruiters.api.{module}"), name)
    return change


def _operator_that_makes(change: type[Change]) -> Any:
    return operator_of(change.public_name())


def _place(row: Mapping[str, Any]) -> str:
    return f"item {row['number']} of the results file"
