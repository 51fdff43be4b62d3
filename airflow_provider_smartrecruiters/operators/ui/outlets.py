"""What the asset events of a task say: the change, in ids, codes and counts.

Airflow keeps the ``extra`` of an event in its database, shows it to everybody who may see the asset, and hands it to
the tasks that the event starts. So free text is left out, and of the diff only values from the API's own lists remain.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_smartrecruiters.api.change import Change

log = logging.getLogger(__name__)


def describe_outlets(task: BaseOperator, context: Context, extra: Callable[[], Mapping[str, Any]]) -> None:
    """Put what a task did into the events of its outlets. Airflow emits them if the task succeeds.

    What the DAG's author put there stays, unless it has the same key. A task without outlets does nothing.

    :param task: the task, with ``outlets``: assets, references to assets, or aliases.
    :param context: Airflow's task context.
    :param extra: returns the members to add, JSON-serializable.
    """
    events = context.get("outlet_events")
    if not task.outlets or events is None:
        return
    members = extra()
    for outlet in task.outlets:
        try:
            events[outlet].extra.update(members)
        except Exception as error:
            # The record is changed by now. Its task must not fail for the sake of a description.
            log.warning("The event of an outlet says nothing about the change (%s).", type(error).__name__)


def event_of_change(change: type[Change], result: Mapping[str, Any], *, plan_only: bool) -> dict[str, Any]:
    """Return what an event says about one change.

    :param change: class of the change, which declares the enumerated fields.
    :param result: what the operator returns.
    :param plan_only: whether nothing was to be sent.
    :return: ``use_case``, ``plan_only``, ``target`` (ids), ``changed``, ``applied``, ``fields`` (names of the fields
        that differ) and ``diff`` (``field``, ``before``, ``after`` of the enumerated ones).
    """
    return {
        "use_case": result["use_case"],
        "plan_only": plan_only,
        **{name: result[name] for name in ("target", "changed", "applied", "fields")},
        "diff": [one for one in result["diff"] if one["field"] in change.enumerated],
    }


def event_of_batch(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says about a batch.

    :param result: what the task returns.
    :return: ``use_case``, ``plan_only``, ``counts`` and ``results`` (location of the results file, or None).
    """
    return {name: result[name] for name in ("use_case", "plan_only", "counts", "results")}
