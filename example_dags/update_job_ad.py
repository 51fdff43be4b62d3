"""
Change parts of a job ad.

Empty fields keep their values. Applicants see the change of a published ad only after it is published again, which
"Publish again" does.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.publishing import PUBLISH
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAdOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_ad",
    dag_display_name="Change a job ad",
    description="Changes parts of one ad of a job, and keeps all others.",
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
            examples=["bbd61e63-5364-4a74-befe-8803da74fee0"],
            title="Job ad",
            description="Id of one of the job's ads.",
        ),
        "title": Param(
            "Platform Engineer (all genders)",
            type=["null", "string"],
            title="Title",
            description="The new title of the ad.",
        ),
        "language": Param(
            None,
            type=["null", "string"],
            title="Language",
            description="Code of the ad's language, for example en or pl.",
        ),
        "location": Param(
            None,
            type=["null", "object"],
            title="Location",
            description='Parts of the location to change, in the API\'s field names, such as {"city": "Berlin"}.',
        ),
        "job_ad": Param(
            {"jobDescription": {"title": "Job Description", "text": "<p>Written by Airflow.</p>"}},
            type=["null", "object"],
            title="Sections",
            description="Sections to change: companyDescription, jobDescription, qualifications, "
            "additionalInformation (each with title and text) and videos.",
        ),
        "publish": Param(
            "never",
            type="string",
            enum=[*PUBLISH],
            values_display=words(PUBLISH),
            title="Publish again",
            description="If the ad is published, publish it again, so that applicants see the change.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateJobAdOperator(
    task_id="update_job_ad",
    task_display_name="Change the job ad",
    job_id="{{ params.job_id }}",
    job_ad_id="{{ params.job_ad_id }}",
    title="{{ params.title }}",
    language="{{ params.language }}",
    location="{{ params.location | tojson if params.location else '' }}",
    job_ad="{{ params.job_ad | tojson if params.job_ad else '' }}",
    publish="{{ params.publish }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
