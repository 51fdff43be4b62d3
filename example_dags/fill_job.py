"""
Close a filled job: update its position, its status and its note, one after the other.

Each task sends only what differs. If one of them fails, clear it or trigger the DAG again: the tasks before it find
their records unchanged and send nothing.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.jobs import (
    UpdateJobNoteOperator,
    UpdateJobPositionOperator,
    UpdateJobStatusOperator,
)

with DAG(
    dag_id="smartrecruiters_fill_job",
    dag_display_name="Close a filled job",
    description="Updates the position, the status and the note of a job, one after the other.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "job"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["afadcca8-a951-4f10-8c75-f70b5685053c"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job.",
        ),
        "position_id": Param(
            type="string",
            minLength=1,
            examples=["86e4d625-0c9e-495b-8d35-da73fa6f574f"],
            title="Position",
            description="Id of the position in SmartRecruiters, not your company's own id.",
        ),
        "start_date": Param(
            "2027-02-01",
            type="string",
            format="date",
            title="Start date",
            description="First day of the new colleague.",
        ),
        "note": Param(
            "Filled. Welcome pack ordered.",
            type="string",
            format="multiline",
            maxLength=20000,
            title="Note",
            description="The whole new note of the job.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the tasks' logs what would change, and send nothing. Off: send the changes.",
        ),
    },
    default_args={"plan_only": "{{ params.plan_only }}", "job_id": "{{ params.job_id }}"},
):
    position = UpdateJobPositionOperator(
        task_id="update_job_position",
        task_display_name="Update the position",
        position_id="{{ params.position_id }}",
        target_start_date="{{ params.start_date }}",
    )
    status = UpdateJobStatusOperator(
        task_id="update_job_status", task_display_name="Set the job to Filled", status="FILLED"
    )
    note = UpdateJobNoteOperator(
        task_id="update_job_note", task_display_name="Replace the note", content="{{ params.note }}"
    )

    position >> status >> note
