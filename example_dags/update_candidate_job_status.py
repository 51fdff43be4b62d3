"""Move a candidate to another step of the process of one job."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateJobStatusOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_job_status",
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
        "status": Param(
            "INTERVIEW",
            type="string",
            enum=list(APPLICATION_STATUSES),
            title="Status",
            description="The step to move to.",
        ),
        "sub_status": Param(
            None,
            type=["null", "string"],
            title="Sub-status",
            description="A sub-status of the job's hiring process.",
        ),
        "starts_on": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Starts on",
            description="First working day, with HIRED.",
        ),
        "reason_id": Param(
            None,
            type=["null", "string"],
            title="Reason",
            description="Id of a rejection reason with REJECTED, or of a withdrawal reason with WITHDRAWN.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="Show what would change in the task's log, and send nothing.",
        ),
    },
)

UpdateCandidateJobStatusOperator(
    task_id="update_candidate_job_status",
    candidate_id="{{ params.candidate_id }}",
    job_id="{{ params.job_id }}",
    status="{{ params.status }}",
    sub_status="{{ params.sub_status or '' }}",
    starts_on="{{ params.starts_on or '' }}",
    reason_id="{{ params.reason_id or '' }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
