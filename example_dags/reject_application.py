"""
Reject a candidate's application for one job.

The candidate's applications for other jobs stay as they are.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

dag = DAG(
    dag_id="smartrecruiters_reject_application",
    dag_display_name="Reject an application",
    description="Rejects a candidate for one job. Applications for other jobs stay as they are.",
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
            examples=["38cba48e-6f9e-4d46-9498-23c645e4849a"],
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
        "reason": Param(
            "Stronger candidate selected",
            type=["null", "string"],
            title="Reason",
            description="Label of one of your company's rejection reasons, in upper or lower case.",
        ),
        "reason_id": Param(
            None,
            type=["null", "string"],
            title="Reason (id)",
            description="Id of the reason, instead of its label.",
        ),
        "sub_status": Param(
            None,
            type=["null", "string"],
            title="Sub-status",
            description="Only if your hiring process has sub-statuses for rejections.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

RejectApplicationOperator(
    task_id="reject_application",
    task_display_name="Reject the application",
    candidate_id="{{ params.candidate_id }}",
    job_id="{{ params.job_id }}",
    reason="{{ params.reason }}",
    reason_id="{{ params.reason_id }}",
    sub_status="{{ params.sub_status }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
