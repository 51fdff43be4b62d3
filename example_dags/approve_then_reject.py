"""
Reject an application after a person has seen the plan and approved it.

The first task plans the rejection and sends nothing. The second task waits for an answer under "Required Actions"; on
Airflow 3.3 it occupies no worker while it waits. After "Approve", the third task rejects the application, provided
that it has not changed since the plan.

Approvals need Airflow 3.1 and the standard provider. On an older Airflow this file defines no DAG.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except ImportError:
    ApprovalOperator = None

if ApprovalOperator is not None:
    with DAG(
        dag_id="smartrecruiters_approve_then_reject",
        schedule=None,
        catchup=False,
        tags=["smartrecruiters"],
        doc_md=__doc__,
        params={
            "candidate_id": Param(
                "38cba48e-6f9e-4d46-9498-23c645e4849a",
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
                description="Id of the job that the candidate applied for.",
            ),
            "reason": Param(
                "Stronger candidate selected",
                type="string",
                minLength=1,
                title="Reason",
                description="Label of one of your company's rejection reasons.",
            ),
        },
        default_args={
            "candidate_id": "{{ params.candidate_id }}",
            "job_id": "{{ params.job_id }}",
            "reason": "{{ params.reason }}",
        },
    ):
        plan = RejectApplicationOperator(task_id="plan", plan_only=True)
        approve = ApprovalOperator(
            task_id="approve",
            subject="Reject this application?",
            body=(
                "Candidate `{{ params.candidate_id }}`, job `{{ params.job_id }}`, {{ params.reason }}.\n\n"
                "{% for change in ti.xcom_pull(task_ids='plan').diff %}"
                "- {{ change.field }}: {{ change.before or '(not set)' }} -> {{ change.after }}\n"
                "{% else %}The application is already rejected. Nothing would change.{% endfor %}\n"
                "**Approve** rejects the application. **Reject** leaves it as it is."
            ),
            response_timeout=timedelta(days=7),
        )
        reject = RejectApplicationOperator(
            task_id="reject",
            # The approval holds for the state in the plan. If the application has changed since, this task fails.
            expect="{{ ti.xcom_pull(task_ids='plan').fingerprint }}",
        )

        plan >> approve >> reject
