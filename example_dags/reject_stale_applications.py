"""
Reject the applications for one job that have been idle for a while.

The first task finds them. The second task rejects all of them within SmartRecruiters' rate limit. If there are more
than "Maximum", or if one of them is invalid, the run fails before anything is rejected. Applications whose status has
changed in the meantime are skipped. The task's log ends with a table of the outcomes.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.search import SearchApplicationsOperator

_OPEN = ("LEAD", "NEW", "IN_REVIEW", "INTERVIEW", "OFFERED")

with DAG(
    dag_id="smartrecruiters_reject_stale_applications",
    dag_display_name="Reject idle applications",
    description="Rejects the applications for one job that nobody has touched for a while.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "job", "many records"],
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
            ["NEW", "IN_REVIEW"],
            type="array",
            items={"type": "string"},
            examples=list(_OPEN),
            values_display=words(_OPEN),
            title="Statuses",
            description="Only applications in one of these statuses.",
        ),
        "days": Param(
            30,
            type="integer",
            minimum=1,
            title="Days",
            description="Only candidates that were last updated this many days ago or earlier.",
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
            title="Maximum",
            description="Largest number of applications. With more, the run fails and rejects nobody.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
):
    found = SearchApplicationsOperator(
        task_id="find_idle_applications",
        task_display_name="Find the idle applications",
        job_ids="{{ params.job_id }}",
        statuses="{{ params.statuses }}",
        not_updated_for_days="{{ params.days }}",
    )
    RejectApplicationOperator.bulk(
        task_id="reject_applications",
        task_display_name="Reject the idle applications",
        items=found.output,
        reason="{{ params.reason }}",
        only_if_status_in="{{ params.statuses }}",
        max_items="{{ params.at_most }}",
        plan_only="{{ params.plan_only }}",
    )
