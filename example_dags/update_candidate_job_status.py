"""Move a candidate's application for one job to another status."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateJobStatusOperator
from airflow_provider_smartrecruiters.operators.forms import words

dag = DAG(
    dag_id="smartrecruiters_update_candidate_job_status",
    dag_display_name="Change the status of an application",
    description="Moves a candidate's application for one job to another status.",
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
        "status": Param(
            "INTERVIEW",
            type="string",
            enum=list(APPLICATION_STATUSES),
            values_display=words(APPLICATION_STATUSES),
            title="Status",
            description="The new status.",
        ),
        "sub_status": Param(
            None,
            type=["null", "string"],
            title="Sub-status",
            description="Name of a step of the job's hiring process within the status.",
        ),
        "starts_on": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Starts on",
            description="First working day. Only with the status Hired.",
        ),
        "reason_id": Param(
            None,
            type=["null", "string"],
            title="Reason (id)",
            description="Only with the status Rejected or Withdrawn: id of the rejection reason or withdrawal reason.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateCandidateJobStatusOperator(
    task_id="update_candidate_job_status",
    task_display_name="Change the status",
    candidate_id="{{ params.candidate_id }}",
    job_id="{{ params.job_id }}",
    status="{{ params.status }}",
    sub_status="{{ params.sub_status }}",
    starts_on="{{ params.starts_on }}",
    reason_id="{{ params.reason_id }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
