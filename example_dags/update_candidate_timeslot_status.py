"""
Answer for a candidate whether an interview's timeslot suits.

The SmartRecruiters API knows only the interviews that were made through the API, not those made on its pages.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.interviews import ATTENDEE_STATUSES
from airflow_provider_smartrecruiters.operators.interviews import UpdateCandidateTimeslotStatusOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_timeslot_status",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
    params={
        "interview_id": Param(
            "366bd0ba-4516-4318-8851-667d794c7f12",
            type="string",
            minLength=1,
            title="Interview",
            description="Id of the interview.",
        ),
        "timeslot_id": Param(
            "f6a319c3-d1bb-444d-93ae-66aaccfb03a7",
            type="string",
            minLength=1,
            title="Timeslot",
            description="Id of one of the interview's timeslots.",
        ),
        "status": Param(
            "accepted",
            type="string",
            enum=list(ATTENDEE_STATUSES),
            title="Status",
            description="What the candidate answered.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="Show what would change in the task's log, and send nothing.",
        ),
    },
)

UpdateCandidateTimeslotStatusOperator(
    task_id="update_candidate_timeslot_status",
    interview_id="{{ params.interview_id }}",
    timeslot_id="{{ params.timeslot_id }}",
    status="{{ params.status }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
