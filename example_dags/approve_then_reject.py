"""
Reject an application after a person has seen the plan and approved it.

The first task plans the rejection and sends nothing. With "Plan only" off, the DAG then asks under "Required Actions",
with the buttons "Reject the candidate" and "Keep the candidate". Without an answer within 24 hours, the candidate is
kept. The rejection is sent only if the application has not changed since the plan, and the plan is at most 24 hours
old.

Questions need Airflow 3.1 and the standard provider. On an older Airflow nobody is asked: trigger the DAG with
"Plan only" on, read the plan in the log, and trigger it again with "Plan only" off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowSkipException, Param, task

from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.approvals import approval_body, approved_fingerprint, escaped
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

try:
    from airflow.providers.standard.operators.hitl import HITLBranchOperator
except ImportError:
    HITLBranchOperator = None

MAX_HOURS = 24
REJECT, KEEP = "Reject the candidate", "Keep the candidate"
BUTTONS = (
    f"**{REJECT}** rejects the application; the candidate sees it in the Candidate Portal at once. "
    f"**{KEEP}** sends nothing. Without an answer within {MAX_HOURS} hours, the candidate is kept."
)


# Airflow would log what it returns: the name, if "Show the name" is on.
@task(task_display_name="Write the question", show_return_value_in_logs=False)
def write_question(plan: dict[str, Any], params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the person is asked, and what the approval holds for."""
    assert params is not None  # Airflow passes it
    if params["plan_only"]:
        raise AirflowSkipException("Plan only is on. The plan is in the log of the first task. Nobody is asked.")
    if plan["changed"] is False:
        raise AirflowSkipException("The application is rejected already. Nothing would change, so nobody is asked.")
    if plan["skipped"]:
        raise AirflowSkipException(f"Nothing would be sent, because {plan['skipped']}. Nobody is asked.")
    # Taken before the requests, so that the age is never understated by them.
    planned_at = datetime.now(UTC).isoformat()
    hook, ids = SmartRecruitersHook(), plan["target"]
    job = hook.get_conn().request("GET", "/jobs/{id}", path_params={"id": ids["job_id"]})
    names = {ids["job_id"]: job["title"]}
    if params["show_name"]:
        person = hook.get_conn().request("GET", "/candidates/{id}", path_params={"id": ids["candidate_id"]})
        names[ids["candidate_id"]] = f"{person['firstName']} {person['lastName']}"
    body = [
        f"Reason: {escaped(params['reason'])}",
        approval_body(plan, addresses=hook.web_addresses, names=names),
        BUTTONS,
    ]
    return {
        "subject": f"Reject this application for {job['title']}?",
        "body": "\n\n".join(body),
        "fingerprint": plan["fingerprint"],
        "planned_at": planned_at,
    }


@task(task_id="keep", task_display_name="Keep the candidate")
def keep_candidate() -> str:
    """Return what was done, for those who look at the run later."""
    return "The candidate was kept. Nothing was sent to SmartRecruiters."


with DAG(
    dag_id="smartrecruiters_approve_then_reject",
    dag_display_name="Reject an application after approval",
    description="Plans a rejection, asks a person, and rejects only what was approved.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "approval"],
    doc_md=__doc__,
    # A late approval is refused where the change is sent, so that clearing the task does not avoid the check.
    user_defined_macros={"approved_fingerprint": approved_fingerprint},
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
            type="string",
            minLength=1,
            title="Reason",
            description="Label of one of your company's rejection reasons.",
        ),
        "show_name": Param(
            False,
            type="boolean",
            title="Show the name",
            description="On: the question names the candidate, and Airflow stores the name for all who may see it. "
            "Off: it shows the id.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, ask nobody, and send nothing. Off: "
            + ("ask, and reject after the approval." if HITLBranchOperator else "reject (this Airflow cannot ask)."),
        ),
    },
    default_args={
        "candidate_id": "{{ params.candidate_id }}",
        "job_id": "{{ params.job_id }}",
        "reason": "{{ params.reason }}",
    },
):
    plan = RejectApplicationOperator(task_id="plan", task_display_name="Plan the rejection", plan_only=True)
    question = write_question(plan.output)
    reject = RejectApplicationOperator(
        task_id="reject",
        task_display_name="Reject the application",
        # The approval holds for the state in the plan. If the application has changed since, this task fails.
        expect="{% set asked = ti.xcom_pull(task_ids='write_question') %}"
        f"{{{{ approved_fingerprint(asked.fingerprint, asked.planned_at, {MAX_HOURS}) }}}}",
    )
    if HITLBranchOperator is None:
        question >> reject
    else:
        approve = HITLBranchOperator(
            task_id="approve",
            task_display_name="Ask whether to reject",
            subject="{{ ti.xcom_pull(task_ids='write_question').subject }}",
            body="{{ ti.xcom_pull(task_ids='write_question').body }}",
            options=[REJECT, KEEP],
            options_mapping={REJECT: "reject", KEEP: "keep"},
            defaults=[KEEP],
            response_timeout=timedelta(hours=MAX_HOURS),
        )
        question >> approve >> [reject, keep_candidate()]
