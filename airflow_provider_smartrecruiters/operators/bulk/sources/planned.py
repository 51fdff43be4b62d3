"""The items of a batch that applies a plan: exactly what an earlier batch with ``plan_only`` would have sent."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.listing import counted
from airflow_provider_smartrecruiters.operators.bulk.sources.formats import number_of
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item, canonical, source_of
from airflow_provider_smartrecruiters.operators.bulk.sources.results import (
    ResultsRows,
    is_row,
    source_number,
    would_be_sent,
)
from airflow_provider_smartrecruiters.operators.common.files import refused
from airflow_provider_smartrecruiters.operators.common.params import as_mapping, is_blank

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.operators.bulk.sources.identity import Identity

log = logging.getLogger(__name__)

_PLAN_AGAIN = "Run the batch with plan_only again, check the new plan, and apply that one."


def digest_of(arguments: Mapping[str, Any]) -> str:
    """Return what stands for the arguments of a planned item in its results row, which holds no free text.

    :param arguments: every parameter of the item, shared ones and defaults included.
    """
    given = {name: value for name, value in arguments.items() if name != "expect"}
    return hashlib.blake2b(canonical(given), digest_size=16).hexdigest()


def plan_in(name: str, value: Any) -> PlanRows | None:
    """Return the plan that a parameter holds; None if it holds anything else, such as items.

    :param name: the parameter's name, for the errors.
    :param value: the result of a batch with ``plan_only`` (a mapping, or its text), the location of its results file,
        or a list of rows of that file.
    :raises InvalidInputError: the value is the result of a batch that was no plan, or its rows are not available.
    """
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        # Left to source_of(), which says what a single mapping is not.
        result = as_mapping(name, value)
        return _of_result(name, result) if result and {"plan_only", "counts", "results"} <= result.keys() else None
    if is_blank(value):
        return None
    source = source_of(name, value)
    first = next(iter(source), None)
    if first is None or first.arguments is None or not is_row(first.arguments):
        return None
    if source.location:
        return PlanRows(name, ResultsRows(name, source.location), location=source.location)
    return PlanRows(name, [item.arguments or {} for item in source])


def _of_result(name: str, result: Mapping[str, Any]) -> PlanRows:
    if not result["plan_only"]:
        raise sent_already(name)
    total, rows = result["counts"]["total"], result.get("rows") or ()
    made: dict[str, Any] = {"planned_at": result.get("planned_at"), "total": total}
    if location := result["results"]:
        return PlanRows(name, ResultsRows(name, location), location=location, **made)
    if len(rows) < total:
        raise refused(
            name,
            f"holds the result of a plan of {total:,} items, which repeats the first {len(rows):,} only",
            "Give the batch with plan_only a results_path, and run it again.",
        )
    return PlanRows(name, rows, **made)


class PlanRows:
    """The rows of a plan, in order. They can be iterated as often as needed.

    :param name: the parameter's name, for the errors.
    :param rows: the rows.
    :param location: the file's path or URI; None for rows that were given as such.
    :param planned_at: when the plan was made, as its result says; None if only the rows say so.
    :param total: number of rows, as its result says.
    """

    def __init__(
        self,
        name: str,
        rows: Iterable[dict[str, Any]],
        *,
        location: str | None = None,
        planned_at: str | None = None,
        total: int | None = None,
    ) -> None:
        self.name = name
        self.location = location
        self._rows = rows
        self._planned_at = planned_at
        self._total = total

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows.

        :raises InvalidInputError: a row is of a batch that was sent, or of another plan than the others.
        """
        planned_at, count = self._planned_at, 0
        for row in self._rows:
            if not is_row(row):
                raise refused(self.name, "holds an item that is not a row of a plan", _PLAN_AGAIN)
            if "planned_at" not in row:
                raise sent_already(self.name)
            planned_at = planned_at or row["planned_at"]
            if row["planned_at"] != planned_at:
                # The results file was replaced since: somebody has planned again under the same name.
                raise refused(self.name, "holds rows of another plan", _PLAN_AGAIN)
            count += 1
            yield row
        if self._total is not None and count != self._total:
            raise refused(self.name, f"holds {count:,} of the {self._total:,} rows of a plan", _PLAN_AGAIN)


class PlannedItems:
    """The items that a plan would send. They can be iterated as often as needed.

    :param rows: the rows of the plan.
    :param given: the items of the plan, for the parameters that results files omit.
    :param shared: the rendered parameters that all items of this batch share.
    :param identity: what the plan must agree in.
    :param max_hours: hours after which a plan is too old to apply; None for no limit.
    """

    def __init__(
        self,
        rows: PlanRows,
        given: Iterable[Item] | None,
        shared: Mapping[str, Any],
        identity: Identity,
        max_hours: float | None,
    ) -> None:
        self._rows = rows
        self._given = given
        self._shared = shared
        self._identity = identity
        self._max_hours = max_hours
        self._started = datetime.now(UTC)
        self._said = False

    def __iter__(self) -> Iterator[Item]:
        """Yield the items that the plan would send, each with the fingerprint of the state that was planned.

        :raises InvalidInputError: the plan is of another batch, or too old.
        """
        found = self._from_rows() if self._given is None else self._from_given(self._given)
        for index, (place, arguments, problem, row) in enumerate(found):
            # Without a fingerprint, the plan has said that the state is not known, and so is any change since.
            expect = {"expect": row["fingerprint"]} if row.get("fingerprint") else {}
            yield Item(
                index,
                place,
                arguments | expect if problem is None else None,
                problem,
                source_number=source_number(row),
                target=row["target"],
                planned=row.get("planned"),
            )

    def _to_send(self) -> Iterator[dict[str, Any]]:
        left: Counter[str] = Counter()
        for row in self._rows:
            if conflict := self._identity.conflict_with_plan(row):
                raise refused(self._rows.name, *conflict)
            self._refuse_old(row["planned_at"])
            if row["error"]:
                left["failed"] += 1
            elif would_be_sent(row):
                yield row
            else:
                left["unchanged or skipped"] += 1
        self._say_what_is_left_out(left)

    def _refuse_old(self, planned_at: str) -> None:
        if self._max_hours is None:
            return
        hours = (self._started - datetime.fromisoformat(planned_at)).total_seconds() / 3600
        if hours > self._max_hours:
            raise InvalidInputError(
                f"The plan is {hours:,.0f} hours old, more than max_plan_hours={self._max_hours:g} allows. "
                "Nothing was sent.",
                hint=_PLAN_AGAIN,
                fields=("max_plan_hours",),
            )

    def _say_what_is_left_out(self, left: Counter[str]) -> None:
        # The items are read twice, once for the check.
        if self._said:
            return
        self._said = True
        if left["failed"]:
            log.warning("Left out, because the plan has no outcome for them: %s.", counted(left["failed"]))
        if left["unchanged or skipped"]:
            log.info("Left out, because the plan left them as they are: %s.", counted(left["unchanged or skipped"]))

    def _from_rows(self) -> Iterator[tuple[str, dict[str, Any], str | None, dict[str, Any]]]:
        for row in self._to_send():
            arguments = row.get("item") or {}
            yield f"item {row['number']} of the plan", arguments, self._problem_of(row, arguments), row

    def _problem_of(self, row: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
        if lacking := [name for name in row.get("withheld", ()) if name not in self._shared]:
            return (
                f"cannot be applied from the plan alone, which never holds {', '.join(lacking)}; "
                "give the items of the plan in items, and the plan in plan"
            )
        shared = {name: value for name, value in self._shared.items() if name in arguments}
        if differ := [name for name, value in shared.items() if canonical(value) != canonical(arguments[name])]:
            return f"was planned with another {' and '.join(differ)}; leave it out here, or plan again"
        return None

    def _from_given(self, given: Iterable[Item]) -> Iterator[tuple[str, dict[str, Any], str | None, dict[str, Any]]]:
        rows = {source_number(row): row for row in self._to_send()}
        for item in given:
            row = rows.pop(number_of(item.index), None)
            if row is not None:
                yield item.place, item.arguments or {}, item.problem, row
        for row in rows.values():
            yield f"item {row['number']} of the plan", {}, "is missing from items; these are not the items planned", row


def sent_already(name: str) -> InvalidInputError:
    """Return the error about results that are not of a plan, as the value of the parameter ``name``."""
    return refused(
        name,
        "holds the results of a batch that was sent, not of a plan",
        "Give the result or the results file of a batch with plan_only. To retry what failed, use retry_from.",
    )
