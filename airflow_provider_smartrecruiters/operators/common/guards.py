"""The parameters that keep a record from being written: the same for a task with one record, a batch, and the command
line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_choice, as_guard, as_list

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_smartrecruiters.api.converge.guards import Terms

GUARDS = ("only_if_status_in", "protect_hired", "on_missing", "fail_if_ignored")
"""Names of the parameters."""


def terms_of(task: Any, given: Collection[str] = ()) -> Terms:
    """Parse the guards of a task.

    :param task: has the rendered parameters of :data:`GUARDS` as attributes.
    :param given: names of the parameters that the DAG gives, so that ``None`` is what a template rendered.
    :return: the guards.
    :raises InvalidInputError: a guard is blank, or is no such value. ``any`` switches the first two off.
    """
    from airflow_provider_smartrecruiters.api.converge import ON_MISSING
    from airflow_provider_smartrecruiters.api.converge.guards import Terms

    statuses = "only_if_status_in"
    return Terms(
        only_if_status_in=as_guard(statuses, task.only_if_status_in, as_list, given=statuses in given),
        protect_hired=bool(as_guard("protect_hired", task.protect_hired, as_bool, given=True)),
        on_missing=as_choice("on_missing", task.on_missing, ON_MISSING),
        fail_if_ignored=as_bool("fail_if_ignored", task.fail_if_ignored),
    )
