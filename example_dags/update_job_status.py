"""
Move a job to another status.

CANCELLED does not take the job's ads off the career site: unpublish them as well.
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
            description="Show what would change in the task's log, and send nothing.",
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
