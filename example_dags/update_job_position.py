"""Change one position (headcount) of a job. Empty fields keep their values."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.jobs import POSITION_TYPES
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobPositionOperator

dag = DAG(
    dag_id="smartrecruiters_update_job_position",
    dag_display_name="Change a position of a job",
    description="Changes one position (headcount) of a job. Empty fields keep their values.",
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
        "position_id": Param(
            type="string",
            minLength=1,
            examples=["86e4d625-0c9e-495b-8d35-da73fa6f574f"],
            title="Position",
            description="Id of the position in SmartRecruiters, not your company's own id.",
        ),
        "type": Param(
            "REPLACEMENT",
            type=["null", "string"],
            enum=[*POSITION_TYPES, None],
            values_display=words(POSITION_TYPES),
            title="Type",
            description="A new position, or a replacement for somebody who left.",
        ),
        "position_open_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Opens on",
            description="Date from which the position can be filled.",
        ),
        "target_start_date": Param(
            "2027-02-01",
            type=["null", "string"],
            format="date",
            title="Target start",
            description="Date on which the new colleague should start.",
        ),
        "external_position_id": Param(
            None,
            type=["null", "string"],
            title="External ID",
            description="Your company's own id of the position.",
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

UpdateJobPositionOperator(
    task_id="update_job_position",
    task_display_name="Change the position",
    job_id="{{ params.job_id }}",
    position_id="{{ params.position_id }}",
    type="{{ params.type }}",
    position_open_date="{{ params.position_open_date }}",
    target_start_date="{{ params.target_start_date }}",
    external_position_id="{{ params.external_position_id }}",
    incumbent_name="{{ params.incumbent_name }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
