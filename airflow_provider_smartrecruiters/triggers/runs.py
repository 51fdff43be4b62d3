"""What a DAG that is scheduled by events does first: take each change once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow.providers.common.compat.sdk import Asset, Context

_CLOCKS = timedelta(days=1)
"""How far the clocks of Airflow and SmartRecruiters may differ. Doubled, a task reads two days of events."""


def new_events(context: Context, asset: Asset) -> list[dict[str, Any]]:
    """Return the changes that started this run, each change once.

    A watcher reports together what it found in a poll, and may report a change again if its triggerer was killed. A
    change is a repeat if an earlier event of the asset has it, so every attempt of the task finds the same. Needs
    Airflow 3.

    .. code-block:: python

        @task(inlets=[job_filled])
        def filled_jobs(**context) -> list[str]:
            return [event["job_id"] for event in new_events(context, job_filled)]

    :param context: Airflow's task context.
    :param asset: the asset with the watcher; also among the ``inlets`` of the task.
    :return: changes as :class:`.StatusEventTrigger` reports them, oldest first; empty if all are repeats.
    :raises InvalidInputError: the asset is not among the task's ``inlets``.
    """
    # Airflow 2.11 has no such events.
    triggering: Any = context.get("triggering_asset_events") or {}
    changes = [*_changes(triggering.get(asset, ()))]
    if not changes:
        return []
    oldest = min(change["changed_on"] for change, _ in changes)
    first: dict[str, datetime] = {}
    for change, reported in [*_changes(_stored(context, asset, oldest)), *changes]:
        first[change["key"]] = min(reported, first.get(change["key"], reported))
    new = {change["key"]: change for change, reported in changes if reported == first[change["key"]]}
    return sorted(new.values(), key=lambda change: str(change["changed_on"]))


def _changes(events: Iterable[Any]) -> Iterator[tuple[dict[str, Any], datetime]]:
    """Yield the changes of asset events, and when each was reported. Other events of the asset have none."""
    for event in events:
        payload = (event.extra or {}).get("payload")
        for change in payload.get("events", ()) if isinstance(payload, dict) else ():
            yield change, event.timestamp


def _stored(context: Context, asset: Asset, changed_on: str) -> Any:
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    try:
        events: Any = context["inlet_events"][asset]
    except KeyError:
        raise InvalidInputError(
            "The asset is not among the inlets of the task.",
            hint="Write inlets=[asset] for the task that calls new_events.",
            fields=("asset",),
        ) from None
    # A change is never reported before it happens. Airflow 3.0 cannot filter by time.
    after = datetime.fromisoformat(changed_on) - _CLOCKS
    return events.after(after.isoformat()) if hasattr(events, "after") else events
