"""
Request the approval of a job's headcount.

For companies with an approval process for positions. SmartRecruiters accepts the request, and people approve it there.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.positions import UpdateJobHeadcountOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_headcount",
    dag_display_name="Request a headcount",
    description="Requests the approval of a job's headcount, with a salary range.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "job"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["39e2e9e3-018c-4dde-9b54-8a0cb015cf1e"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job.",
        ),
        "salary_min": Param(
            50_000,
            type="number",
            minimum=0,
            title="Salary from",
            description="Lower end of the salary range.",
        ),
        "salary_max": Param(
            60_000,
            type="number",
            minimum=0,
            title="Salary to",
            description="Upper end of the salary range.",
        ),
        "currency": Param(
            "EUR",
            type="string",
            minLength=3,
            maxLength=3,
            title="Currency",
            description="Code of the currency.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateJobHeadcountOperator(
    task_id="update_job_headcount",
    task_display_name="Request the headcount",
    job_id="{{ params.job_id }}",
    salary_min="{{ params.salary_min }}",
    salary_max="{{ params.salary_max }}",
    currency="{{ params.currency }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
