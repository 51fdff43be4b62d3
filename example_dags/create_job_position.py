"""
Add a position (headcount) to a job.

A position with the same external ID is not created again.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.positions import POSITION_TYPES
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.positions import CreateJobPositionOperator

dag = DAG(
    dag_id="smartrecruiters_create_job_position",
    dag_display_name="Add a position to a job",
    description="Adds a position (headcount) to a job, once for each external ID.",
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
        "external_position_id": Param(
            type="string",
            minLength=1,
            examples=["POS-2027-001"],
            title="External ID",
            description="Your company's own id of the position.",
        ),
        "type": Param(
            "NEW",
            type="string",
            enum=list(POSITION_TYPES),
            values_display=words(POSITION_TYPES),
            title="Type",
            description="A new position, or a replacement for somebody who left.",
        ),
        "position_open_date": Param(
            "2027-01-01",
            type="string",
            format="date",
            title="Opens on",
            description="Date from which the position can be filled.",
        ),
        "target_start_date": Param(
            "2027-04-01",
            type="string",
            format="date",
            title="Target start",
            description="Date on which the new colleague should start.",
        ),
        "incumbent_name": Param(
            None,
            type=["null", "string"],
            title="Incumbent",
            description="Name of the person who holds or held the position.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

CreateJobPositionOperator(
    task_id="create_job_position",
    task_display_name="Add the position",
    job_id="{{ params.job_id }}",
    external_position_id="{{ params.external_position_id }}",
    type="{{ params.type }}",
    position_open_date="{{ params.position_open_date }}",
    target_start_date="{{ params.target_start_date }}",
    incumbent_name="{{ params.incumbent_name }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
