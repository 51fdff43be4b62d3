"""The items of a batch: the given ones, those of a plan, or the ones that an earlier batch left to retry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item, source_of
from airflow_provider_smartrecruiters.operators.bulk.sources.planned import PlannedItems, plan_in
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsRows
from airflow_provider_smartrecruiters.operators.bulk.sources.retry_from import RETRY_WHICH, RetryItems
from airflow_provider_smartrecruiters.operators.bulk.sources.undone import UndoItems
from airflow_provider_smartrecruiters.operators.common.files import refused
from airflow_provider_smartrecruiters.operators.common.params import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_smartrecruiters.operators.bulk.sources.identity import Identity


@dataclass(frozen=True)
class ItemsFrom:
    """The parameters that say where the items of a batch come from, rendered; None for one that is not given.

    :param items: the parameter ``items``.
    :param retry_from: the parameter ``retry_from``.
    :param retry_which: the parameter ``retry_which``, one of :data:`RETRY_WHICH`.
    :param plan: the parameter ``plan``.
    :param undo: the items that take a batch back, instead of all others.
    :param max_plan_hours: hours after which a plan is too old to apply; None for no limit.
    """

    items: Any = None
    retry_from: Any = None
    retry_which: str = "transient"
    plan: Any = None
    max_plan_hours: float | None = None
    undo: UndoItems | None = None


def resolve_items(
    where: ItemsFrom, shared: Mapping[str, Any], identity: Identity
) -> tuple[Iterable[Item], dict[str, str]]:
    """Return the items of a batch, and the files that they are read from.

    :param where: the parameters that say where the items come from.
    :param shared: rendered parameters that all items share.
    :param identity: what the batch of the results file must agree in.
    :return: the items, which can be iterated any number of times; and the location of each file by parameter name.
    :raises InvalidInputError: none is given, two exclude each other, or one cannot be read.
    """
    if where.undo is not None:
        return where.undo, where.undo.files
    items, retry_from = where.items, where.retry_from
    if where.retry_which != RETRY_WHICH[0] and is_blank(retry_from):
        raise InvalidInputError(
            f"retry_which is {where.retry_which}, but there is no retry_from. Nothing was sent.",
            hint="Set retry_from to the results file of an earlier batch, or leave out retry_which.",
            fields=("retry_which", "retry_from"),
        )
    if planned := _planned(where, shared, identity):
        return planned
    given = None if is_blank(items) else source_of("items", items)
    files = {"items": given.location} if given and given.location else {}
    if not is_blank(retry_from):
        results = ResultsRows("retry_from", retry_from)
        return RetryItems(results, given, identity, where.retry_which), files | {"retry_from": results.location}
    if given is None:
        raise InvalidInputError(
            "The batch has neither items nor retry_from.",
            hint="Set items to a list of mappings or the location of a file, or retry_from to an earlier results file.",
            fields=("items", "retry_from"),
        )
    return given, files


def none_of(source: Iterable[Item]) -> str:
    """Return why a batch has no items, as far as it depends on where they come from; else empty."""
    if isinstance(source, PlannedItems):
        return "the plan has nothing to send"
    if isinstance(source, UndoItems):
        return "the batch changed nothing that can be undone"
    return "retry_from names no item that can be retried" if isinstance(source, RetryItems) else ""


def how_to_fix(source: Iterable[Item]) -> str:
    """Return what to do about items that cannot be sent."""
    if isinstance(source, UndoItems):
        return "Set skip_irreversible to undo the others. Change these records back by other means."
    return "Fix these items or remove them, then rerun the task."


def _planned(
    where: ItemsFrom, shared: Mapping[str, Any], identity: Identity
) -> tuple[Iterable[Item], dict[str, str]] | None:
    named = not is_blank(where.plan)
    rows = plan_in("plan", where.plan) if named else plan_in("items", where.items)
    if rows is None:
        if named:
            raise refused(
                "plan",
                "holds no plan",
                "Give the result or the results file of a batch with plan_only.",
            )
        return None
    if not is_blank(where.retry_from):
        raise InvalidInputError(
            f"The parameters {rows.name} (a plan) and retry_from exclude each other. Nothing was sent.",
            hint="Give the plan alone. To retry what failed when it was applied, give retry_from alone.",
            fields=(rows.name, "retry_from"),
        )
    given = source_of("items", where.items) if named and not is_blank(where.items) else None
    files = {rows.name: rows.location} if rows.location else {}
    if given and given.location:
        files["items"] = given.location
    return PlannedItems(rows, given, shared, identity, where.max_plan_hours), files
