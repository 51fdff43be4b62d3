"""
Reject the applications that still wait when a job is filled.

Airflow starts this DAG when SmartRecruiters sets a job to Filled: the asset has a watcher that polls the jobs. It
needs Airflow 3; on 2.11, trigger the DAG with a job. "Plan only" is on by default, also for the runs that a job starts:
change its default when the plans are what you want.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, Asset, Param, task

from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.search import SearchApplicationsOperator
from airflow_provider_smartrecruiters.triggers.events import JobStatusTrigger
from airflow_provider_smartrecruiters.triggers.runs import new_events

try:
    from airflow.sdk import AssetWatcher
except ImportError:
    job_filled = Asset("smartrecruiters_job_filled")
    schedule = None
else:
    watcher = AssetWatcher(name="smartrecruiters", trigger=JobStatusTrigger(statuses="FILLED"))
    job_filled = Asset("smartrecruiters_job_filled", watchers=[watcher])
    schedule = [job_filled]

WAITING = ["LEAD", "NEW", "IN_REVIEW"]


@task(task_display_name="List the filled jobs", inlets=[job_filled])
def list_filled_jobs(**context: Any) -> list[str]:
    """List the job of the form, or the jobs whose filling started this run and no earlier one."""
    given = context["params"]["job_id"]
    return [id_pasted(given, "job_id")] if given else [event["job_id"] for event in new_events(context, job_filled)]


with DAG(
    dag_id="smartrecruiters_clean_up_filled_job",
    dag_display_name="Clean up after a filled job",
    description="Rejects the applications that still wait when a job is filled.",
    schedule=schedule,
    catchup=False,
    tags=["smartrecruiters", "candidate", "job", "many records", "event"],
    doc_md=__doc__,
    params={
        "job_id": Param(
            None,
            type=["null", "string"],
            examples=["afadcca8-a951-4f10-8c75-f70b5685053c"],
            title="Job",
            description="Address of the job's page in SmartRecruiters, or the id of the job. Empty: the jobs that were "
            "filled.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
):
    waiting = SearchApplicationsOperator(
        task_id="find_applications",
        task_display_name="Find the waiting applications",
        # Without a job, such as in a run for a change that an earlier run was given, nothing is found.
        job_ids=list_filled_jobs(),
        statuses=WAITING,
    )
    RejectApplicationOperator.bulk(
        task_id="reject_applications",
        task_display_name="Reject the waiting applications",
        items=waiting.output,
        reason="Stronger candidate selected",
        # Somebody may have moved one since it was found.
        only_if_status_in=WAITING,
        max_items=200,
        plan_only="{{ params.plan_only }}",
    )
