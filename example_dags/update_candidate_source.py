"""
Record where a candidate's application to one job came from.

SmartRecruiters does not give the ids back, so each run writes, and its result says "changed: null".
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateSourceOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_source",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
    params={
        "candidate_id": Param(
            "286b50fe-3819-4b34-9d3e-88172f6b6f26",
            type="string",
            minLength=1,
            title="Candidate",
            description="Id of the candidate.",
        ),
        "job_id": Param(
            "afadcca8-a951-4f10-8c75-f70b5685053c",
            type="string",
            minLength=1,
            title="Job",
            description="Id of the job that the candidate applied to.",
        ),
        "source_type_id": Param(
            "REFERRAL",
            type="string",
            minLength=1,
            title="Source type",
            description="Id of a source type, as GET /configuration/sources lists them.",
        ),
        "source_id": Param(
            "11",
            type="string",
            minLength=1,
            title="Source",
            description="Id of a value of that source type.",
        ),
        "source_sub_type_id": Param(
            None,
            type=["null", "string"],
            title="Source subtype",
            description="Needed by the source types that have subtypes.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="Show what would change in the task's log, and send nothing.",
        ),
    },
)

UpdateCandidateSourceOperator(
    task_id="update_candidate_source",
    candidate_id="{{ params.candidate_id }}",
    job_id="{{ params.job_id }}",
    source_type_id="{{ params.source_type_id }}",
    source_id="{{ params.source_id }}",
    source_sub_type_id="{{ params.source_sub_type_id or '' }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
