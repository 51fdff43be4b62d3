"""
Set the status of a job.

FILLED, CANCELLED and ON_HOLD do not unpublish the job. Unpublish its ads as well to take them off the career site.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_status",
    dag_display_name="Set the status of a job",
    description="Sets the status of a job. Does not unpublish its ads.",
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
        "status": Param(
            "ON_HOLD",
            type="string",
            enum=list(JOB_STATUSES),
            values_display=words(JOB_STATUSES),
            title="Status",
            description="The new status.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateJobStatusOperator(
    task_id="update_job_status",
    task_display_name="Set the status",
    job_id="{{ params.job_id }}",
    status="{{ params.status }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
