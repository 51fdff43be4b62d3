"""
Reject the applications for a job after a person has seen the plan and approved it.

The first tasks list the applications in the given statuses and plan their rejection. Nothing is sent. With "Plan only"
off, the DAG then asks under "Required Actions", with the buttons "Reject the candidates" and "Keep the candidates", and
a table of the candidates. Without an answer within 24 hours, they are kept. Exactly that plan is carried out: an
application that has changed since is left alone and named, and a plan of more than 24 hours is refused.

Questions need Airflow 3.1 and the standard provider. On an older Airflow nobody is asked: trigger the DAG with
"Plan only" on, read the plan in the log, and trigger it again with "Plan only" off.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowSkipException, Param, task

from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.approvals import MOST_ITEMS, approval_body, escaped, items_to_send
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.forms import words

try:
    from airflow.providers.standard.operators.hitl import HITLBranchOperator
except ImportError:
    HITLBranchOperator = None

MAX_HOURS = 24
REJECT, KEEP = "Reject the candidates", "Keep the candidates"
BUTTONS = (
    f"**{REJECT}** rejects the applications; the candidates see it in the Candidate Portal at once. "
    f"**{KEEP}** sends nothing. Without an answer within {MAX_HOURS} hours, the candidates are kept."
)
_OPEN = ("LEAD", "NEW", "IN_REVIEW", "INTERVIEW", "OFFERED")


@task(task_display_name="List the applications", show_return_value_in_logs=False)
def list_applications(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
    """List the applications as batch items: one mapping of the operator's parameters each."""
    assert params is not None  # Airflow passes it
    job_id = id_pasted(params["job_id"], "job_id")
    query = {"jobId": job_id, "status": params["statuses"]}
    # The search also finds candidates by another application of theirs. The batch reads the right one and leaves it
    # alone if its status is another (only_if_status_in).
    found = SmartRecruitersHook().get_conn().pages("/candidates", params=query)
    return [{"candidate_id": candidate["id"], "job_id": job_id} for candidate in found]


# Airflow would log what it returns: the names, if "Show the names" is on.
@task(task_display_name="Write the question", show_return_value_in_logs=False)
def write_question(plan: dict[str, Any], params: dict[str, Any] | None = None) -> dict[str, str]:
    """Return what the person is asked."""
    assert params is not None  # Airflow passes it
    if params["plan_only"]:
        raise AirflowSkipException("Plan only is on. The plan is in the log of the task before. Nobody is asked.")
    rows = items_to_send(plan)
    if not rows:
        raise AirflowSkipException("Nothing would change, so nobody is asked.")
    hook = SmartRecruitersHook()
    client = hook.get_conn()
    job = client.request("GET", "/jobs/{id}", path_params={"id": rows[0]["target"]["job_id"]})
    names = {rows[0]["target"]["job_id"]: job["title"]}
    if params["show_names"]:
        for candidate_id in [row["target"]["candidate_id"] for row in rows[:MOST_ITEMS]]:
            person = client.request("GET", "/candidates/{id}", path_params={"id": candidate_id})
            names[candidate_id] = f"{person['firstName']} {person['lastName']}"
    body = [
        f"Reason: {escaped(params['reason'])}",
        approval_body(plan, addresses=hook.web_addresses, names=names),
        BUTTONS,
    ]
    applications = "1 application" if len(rows) == 1 else f"{len(rows)} applications"
    return {"subject": f"Reject {applications} for {job['title']}?", "body": "\n\n".join(body)}


@task(task_id="keep", task_display_name="Keep the candidates")
def keep_candidates() -> str:
    """Return what was done, for those who look at the run later."""
    return "The candidates were kept. Nothing was sent to SmartRecruiters."


with DAG(
    dag_id="smartrecruiters_approve_then_reject_many",
    dag_display_name="Reject applications for a job after approval",
    description="Plans the rejection of many applications, asks a person, and carries out exactly what was approved.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "job", "approval", "many records"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            type="string",
            minLength=1,
            examples=["afadcca8-a951-4f10-8c75-f70b5685053c"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job.",
        ),
        "statuses": Param(
            ["NEW"],
            type="array",
            items={"type": "string"},
            minItems=1,
            examples=list(_OPEN),
            values_display=words(_OPEN),
            title="Statuses",
            description="Only applications in one of these statuses.",
        ),
        "reason": Param(
            "Stronger candidate selected",
            type="string",
            minLength=1,
            title="Reason",
            description="Label of one of your company's rejection reasons.",
        ),
        "at_most": Param(
            25,
            type="integer",
            minimum=1,
            # The result of a plan holds 50 items. A plan of more needs a results file (results_path).
            maximum=50,
            title="Maximum",
            description="Largest number of applications, up to 50. With more, the run fails and rejects nobody.",
        ),
        "show_names": Param(
            False,
            type="boolean",
            title="Show the names",
            description="On: the question names the candidates, and Airflow stores the names for all who may see it. "
            "Off: it shows the ids.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, ask nobody, and send nothing. Off: "
            + ("ask, and reject after the approval." if HITLBranchOperator else "reject (this Airflow cannot ask)."),
        ),
    },
):
    plan = RejectApplicationOperator.bulk(
        task_id="plan",
        task_display_name="Plan the rejections",
        items=list_applications(),
        reason="{{ params.reason }}",
        only_if_status_in="{{ params.statuses }}",
        max_items="{{ params.at_most }}",
        plan_only=True,
    )
    question = write_question(plan.output)
    reject = RejectApplicationOperator.bulk(
        task_id="reject",
        task_display_name="Reject the applications",
        # The plan, with its reason. Only the guards are repeated, so that they hold when the rejections are sent, too.
        items=plan.output,
        only_if_status_in="{{ params.statuses }}",
        max_plan_hours=MAX_HOURS,
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
        question >> approve >> [reject, keep_candidates()]
