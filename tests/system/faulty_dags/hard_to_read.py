"""A DAG that `make shots` has to find fault with: a drop-down of codes, a hidden field, and a line that is cut off."""

from __future__ import annotations

import logging

from airflow.providers.common.compat.sdk import DAG, Param, task

LONG = "x" * 300


@task
def write() -> None:
    """Log a line that fits, and one that does not."""
    logging.getLogger(__name__).info("short")
    logging.getLogger(__name__).info(LONG)


with DAG(
    dag_id="smartrecruiters_hard_to_read",
    schedule=None,
    catchup=False,
    params={
        "status": Param("ON_HOLD", type="string", enum=["ON_HOLD", "FILLED"], title="Status"),
        "place": Param("here", type="string", enum=["here", "there"], values_display={"here": "Here"}, title="Place"),
        # Airflow 3.3 shows the first section alone, until somebody opens the others.
        "hidden": Param("", type=["null", "string"], title="Hidden", section="More"),
    },
):
    write()
