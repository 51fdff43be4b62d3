"""
Publish a job ad on the career sites.

An ad that is published, and was not edited since, is left alone. Publishing takes SmartRecruiters seconds to minutes;
the task waits for it.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.publishing import VISIBILITIES
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.publishing import PublishJobAdOperator

dag = DAG(
    dag_id="smartrecruiters_publish_job_ad",
    dag_display_name="Publish a job ad",
    description="Publishes a job ad on the career sites, and waits until it shows.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "job"],
    doc_md=__doc__,
    # An empty field of the form is None. Without this, it would render as the text "None", which the operators refuse.
    jinja_environment_kwargs={"finalize": lambda value: "" if value is None else value},
    params={
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["afadcca8-a951-4f10-8c75-f70b5685053c"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job.",
        ),
        "job_ad_id": Param(
            type="string",
            minLength=1,
            examples=["ddf068b0-e1cf-4efc-8730-a757c691dd1f"],
            title="Job ad",
            description="Id of the ad. The default ad of the job comes first.",
        ),
        "visibility": Param(
            "PUBLIC",
            type=["null", "string"],
            enum=[*VISIBILITIES, None],
            values_display=words(VISIBILITIES),
            title="Visibility",
            description="Public, or for employees only. Empty: as before, or public.",
        ),
        "aggregators": Param(
            False,
            type="boolean",
            title="Job aggregators",
            description="On: a public ad goes to free job aggregators as well. Off: it shows on career sites only.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

PublishJobAdOperator(
    task_id="publish_job_ad",
    task_display_name="Publish the ad",
    job_id="{{ params.job_id }}",
    job_ad_id="{{ params.job_ad_id }}",
    visibility="{{ params.visibility }}",
    aggregators="{{ params.aggregators }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
