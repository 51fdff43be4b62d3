"""
Bring the positions of jobs in line with an export of the HR system.

The export is a CSV with one line per position, known by the HR system's own id. Positions that a job does not have yet
are created, the others are changed where they differ. A second run of the same export changes nothing. Positions that
are missing in the export stay as they are.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobPositionOperator
from airflow_provider_smartrecruiters.operators.positions import CreateJobPositionOperator


@task(task_display_name="Compare the export with SmartRecruiters", show_return_value_in_logs=False)
def compare(params: dict[str, Any] | None = None) -> dict[str, list[dict[str, str]]]:
    """Return the lines of the export as items: of positions to create, and of positions that exist."""
    assert params is not None  # Airflow passes it
    with Path(params["file"]).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    client = SmartRecruitersHook().get_conn()
    known = {}
    for job_id in {row["job_id"] for row in rows}:
        positions = client.request("GET", "/jobs/{jobId}/positions", path_params={"jobId": job_id})
        for position in positions["content"]:
            known[job_id, position.get("positionId")] = position["id"]
    create, update = [], []
    for row in rows:
        position_id = known.get((row["job_id"], row["external_position_id"]))
        if position_id:
            update.append(row | {"position_id": position_id})
        else:
            create.append(row)
    return {"create": create, "update": update}


with DAG(
    dag_id="smartrecruiters_sync_job_positions",
    dag_display_name="Sync positions from the HR system",
    description="Creates and changes positions of jobs as an export of the HR system says.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "job", "many records"],
    doc_md=__doc__,
    params={
        "file": Param(
            str(Path(__file__).parent / "assets" / "positions.csv"),
            type="string",
            minLength=1,
            title="File",
            description="CSV with the columns job_id, external_position_id, type, position_open_date and "
            "target_start_date.",
        ),
        "at_most": Param(
            100,
            type="integer",
            minimum=1,
            title="Maximum",
            description="Largest number of positions to create, and to change. With more, the run fails.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the tasks' logs what would change, and send nothing. Off: send the changes.",
        ),
    },
):
    items = compare()
    CreateJobPositionOperator.bulk(
        task_id="create_positions",
        task_display_name="Create the new positions",
        items=items["create"],
        max_items="{{ params.at_most }}",
        plan_only="{{ params.plan_only }}",
    )
    UpdateJobPositionOperator.bulk(
        task_id="update_positions",
        task_display_name="Change the others",
        items=items["update"],
        max_items="{{ params.at_most }}",
        plan_only="{{ params.plan_only }}",
    )
