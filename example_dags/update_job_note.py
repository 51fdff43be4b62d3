"""Replace a job's note. A job has one note, and its previous text is lost."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_note",
    dag_display_name="Replace a job's note",
    description="Replaces the whole note of a job.",
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
        "content": Param(
            "Hiring manager back on Monday.",
            type="string",
            format="multiline",
            maxLength=20000,
            title="Note",
            description="The whole new note.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateJobNoteOperator(
    task_id="update_job_note",
    task_display_name="Replace the note",
    job_id="{{ params.job_id }}",
    content="{{ params.content }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
