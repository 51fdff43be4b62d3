"""
Set the status of a job.

FILLED, CANCELLED and ON_HOLD do not unpublish the job. Unpublish its ads as well to take them off the career site.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_status",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            "afadcca8-a951-4f10-8c75-f70b5685053c",
            type="string",
            minLength=1,
            title="Job",
            description="Id of the job.",
        ),
        "status": Param(
            "ON_HOLD", type="string", enum=list(JOB_STATUSES), title="Status", description="The new status."
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
    job_id="{{ params.job_id }}",
    status="{{ params.status }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
