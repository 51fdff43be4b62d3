"""
Reject the applications to one job that nothing has happened to for a while.

The first task lists them with a plain request; the second rejects all of them in one task, at the pace that
SmartRecruiters allows. More applications than "At most" fail the run before anything is rejected, and so does one that
cannot be rejected at all; whoever was moved on in the meantime is left alone. The task's log has a table of what became
of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task, timezone

from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator


@task
def list_stale_applications(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
    """List the applications as arguments for the operator, one mapping each."""
    assert params is not None  # Airflow fills it in
    job_id, statuses = params["job_id"], params["statuses"]
    untouched_since = timezone.utcnow() - timedelta(days=params["days"])
    stale = []
    query = {"jobId": job_id, "status": statuses}
    for candidate in SmartRecruitersHook().get_conn().pages("/candidates", params=query):
        assignments = [candidate.get("primaryAssignment"), *candidate.get("secondaryAssignments", [])]
        # The search finds a candidate by any of the applications; only the one to this job is meant.
        waiting = any(a and a["job"]["id"] == job_id and a["status"] in statuses for a in assignments)
        if waiting and datetime.fromisoformat(candidate["updatedOn"]) < untouched_since:
            stale.append({"candidate_id": candidate["id"], "job_id": job_id})
    return stale


with DAG(
    dag_id="smartrecruiters_reject_stale_applications",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            "afadcca8-a951-4f10-8c75-f70b5685053c",
            type="string",
            minLength=1,
            title="Job",
            description="Id of the job.",
        ),
        "statuses": Param(
            ["NEW", "IN_REVIEW"],
            type="array",
            items={"type": "string"},
            examples=["LEAD", "NEW", "IN_REVIEW", "INTERVIEW", "OFFERED"],
            title="Statuses",
            description="Only applications in one of these.",
        ),
        "days": Param(
            30, type="integer", minimum=1, title="Days", description="Not touched for at least this many days."
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
            title="At most",
            description="Fail, and reject nobody, when more applications than this match.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="Show what would change in the task's log, and send nothing.",
        ),
    },
):
    RejectApplicationOperator.bulk(
        task_id="reject_applications",
        items=list_stale_applications(),
        reason="{{ params.reason }}",
        only_if_status_in="{{ params.statuses }}",
        max_items="{{ params.at_most }}",
        plan_only="{{ params.plan_only }}",
    )
