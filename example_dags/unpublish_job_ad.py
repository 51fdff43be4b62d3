"""
Take a job ad off the career sites.

Unpublishing the default ad unpublishes all other ads of the job as well.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.publishing import UnpublishJobAdOperator

dag = DAG(
    dag_id="smartrecruiters_unpublish_job_ad",
    dag_display_name="Unpublish a job ad",
    description="Takes a job ad off the career sites, and waits until it is gone.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "job"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["ec3ae7b0-75a2-4afa-90a5-8e93165f4b87"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job.",
        ),
        "job_ad_id": Param(
            type="string",
            minLength=1,
            examples=["53fc0b94-605a-4a28-b2b8-614978f09bc9"],
            title="Job ad",
            description="Id of the ad. The default ad takes all other ads of the job with it.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UnpublishJobAdOperator(
    task_id="unpublish_job_ad",
    task_display_name="Unpublish the ad",
    job_id="{{ params.job_id }}",
    job_ad_id="{{ params.job_ad_id }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
