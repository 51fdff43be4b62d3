"""Run the DAG of a test in a real Airflow, in the way that each version needs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG

TASK_ID = "change"


@dataclass(frozen=True)
class TaskRun:
    """
    A task instance after its run.

    :param state: Airflow's state.
    :param tries: number of tries.
    :param result: its return value, as a later task would pull it.
    :param rendered: its rendered templates, as Airflow stores and shows them.
    """

    state: str
    tries: int
    result: Any
    rendered: dict[str, Any]


def new_dag(dag_id: str, **kwargs: Any) -> DAG:
    """Return a DAG without a schedule, for use in a ``with`` block."""
    from airflow.providers.common.compat.sdk import DAG

    return DAG(dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **kwargs)


def run(dag: DAG) -> list[TaskRun]:
    """Run a DAG and return its task instances in the order of their map indexes."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields

    serialize(dag)
    dag_run = dag.test()
    instances = sorted(dag_run.get_task_instances(), key=lambda instance: instance.map_index)
    return [
        TaskRun(
            state=str(instance.state),
            tries=instance.try_number,
            result=instance.xcom_pull(task_ids=TASK_ID, map_indexes=instance.map_index),
            rendered=RenderedTaskInstanceFields.get_templated_fields(instance) or {},
        )
        for instance in instances
    ]


def serialize(dag: DAG) -> None:
    """Put a DAG that is in no file of the DAGs folder into Airflow's database."""
    # From 3.1 on, Airflow only runs DAGs that are in its database, and a test's DAG is in no file of the DAGs folder.
    try:
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db  # 3.2 and later
    except ImportError:
        try:
            from airflow.models.dagbag import DagBag, sync_bag_to_db  # 3.1
        except ImportError:
            return
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
