"""
Change some fields of a job and of its default ad, and keep all others.

SmartRecruiters replaces the whole job, so the operator reads it first and lays the changes over it. With "Replace" it
sends the mapping as it is, and SmartRecruiters removes every field that is left out.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.publishing import PUBLISH
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAndJobAdOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_and_job_ad",
    dag_display_name="Change a job and its default ad",
    description="Changes some fields of a job and of its default ad, and keeps all others.",
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
        "job": Param(
            {"targetHiringDate": "2027-03-01T00:00:00.000Z"},
            type="object",
            title="Changes",
            description="Fields to change, in the API's field names.",
        ),
        "replace": Param(
            False,
            type="boolean",
            title="Replace",
            description="On: these fields become the whole job; all others are removed. Off: keep all others.",
        ),
        "publish": Param(
            "never",
            type="string",
            enum=[*PUBLISH],
            values_display=words(PUBLISH),
            title="Publish again",
            description="If the default ad is published, publish it again, so that applicants see the change.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateJobAndJobAdOperator(
    task_id="update_job_and_job_ad",
    task_display_name="Change the job",
    job_id="{{ params.job_id }}",
    job="{{ params.job | tojson }}",
    replace="{{ params.replace }}",
    publish="{{ params.publish }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
