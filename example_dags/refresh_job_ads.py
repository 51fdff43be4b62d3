"""
Change a section of all published ads of a job, and publish them again.

The first task finds the published ads of the job; drafts are left alone. The second task sets the section and publishes
the ads again, so that applicants see it. A second run changes nothing.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAdOperator
from airflow_provider_smartrecruiters.operators.search import SearchJobAdsOperator

with DAG(
    dag_id="smartrecruiters_refresh_job_ads",
    dag_display_name="Refresh the published ads of a job",
    description="Changes a section of all published ads of a job, and publishes them again.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "job", "many records"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["afadcca8-a951-4f10-8c75-f70b5685053c"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job.",
        ),
        "text": Param(
            "<p>Hybrid work, 30 days of leave, and a week of learning every year.</p>",
            type="string",
            format="multiline",
            minLength=1,
            title="Additional information",
            description="The new text of this section, as HTML.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the tasks' logs what would change, and send nothing. Off: send the changes.",
        ),
    },
):
    published = SearchJobAdsOperator(
        task_id="find_published_ads",
        task_display_name="Find the published ads",
        job_ids="{{ params.job_id }}",
        posting_status="PUBLISHED",
    )
    UpdateJobAdOperator.bulk(
        task_id="change_ads",
        task_display_name="Change the section, and publish the ads again",
        items=published.output,
        job_ad={"additionalInformation": {"text": "{{ params.text }}"}},
        publish="if_published",
        plan_only="{{ params.plan_only }}",
    )
