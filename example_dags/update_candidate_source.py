"""
Set the source of a candidate's application for one job.

The current source is read from the application's link to it, so a second run sends nothing. If your company's
applications have no such link, every run writes, and "changed" in the result is null (unknown).
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateSourceOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_source",
    dag_display_name="Set the source of an application",
    description="Says where a candidate's application for one job came from.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate"],
    doc_md=__doc__,
    # An empty field of the form is None. Without this, it would render as the text "None", which the operators refuse.
    jinja_environment_kwargs={"finalize": lambda value: "" if value is None else value},
    params={
        "candidate_id": Param(
            type="string",
            minLength=1,
            examples=["286b50fe-3819-4b34-9d3e-88172f6b6f26"],
            title="Candidate",
            description="Address of the candidate's page in SmartRecruiters, or the id of the candidate.",
        ),
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["afadcca8-a951-4f10-8c75-f70b5685053c"],
            title="Job",
            description="Job that the candidate applied for: the address of its page in SmartRecruiters, or its id.",
        ),
        "source_type_id": Param(
            type="string",
            minLength=1,
            examples=["REFERRAL"],
            title="Source type",
            description="Id of the source type. The command airflow smartrecruiters lookup sources lists all.",
        ),
        "source_id": Param(
            type="string",
            minLength=1,
            examples=["11"],
            title="Source",
            description="Id of the source, one of that type.",
        ),
        "source_sub_type_id": Param(
            None,
            type=["null", "string"],
            title="Source subtype",
            description="Id of a subtype. Required if the source type has subtypes.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateCandidateSourceOperator(
    task_id="update_candidate_source",
    task_display_name="Set the source",
    candidate_id="{{ params.candidate_id }}",
    job_id="{{ params.job_id }}",
    source_type_id="{{ params.source_type_id }}",
    source_id="{{ params.source_id }}",
    source_sub_type_id="{{ params.source_sub_type_id }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
