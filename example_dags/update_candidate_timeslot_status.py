"""
Set a candidate's answer to a timeslot of an interview.

The SmartRecruiters API knows only interviews that were created through it, not those created in the SmartRecruiters UI.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.api.interviews import ATTENDEE_STATUSES
from airflow_provider_smartrecruiters.operators.forms import words
from airflow_provider_smartrecruiters.operators.interviews import UpdateCandidateTimeslotStatusOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_timeslot_status",
    dag_display_name="Answer an interview timeslot",
    description="Sets a candidate's answer to one timeslot of an interview.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "interview"],
    doc_md=__doc__,
    params={
        "interview_id": Param(
            type="string",
            minLength=1,
            examples=["366bd0ba-4516-4318-8851-667d794c7f12"],
            title="Interview",
            description="Id of the interview.",
        ),
        "timeslot_id": Param(
            type="string",
            minLength=1,
            examples=["f6a319c3-d1bb-444d-93ae-66aaccfb03a7"],
            title="Timeslot",
            description="Id of one of the interview's timeslots.",
        ),
        "status": Param(
            "accepted",
            type="string",
            enum=list(ATTENDEE_STATUSES),
            values_display=words(ATTENDEE_STATUSES),
            title="Status",
            description="The candidate's answer.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateCandidateTimeslotStatusOperator(
    task_id="update_candidate_timeslot_status",
    task_display_name="Set the answer",
    interview_id="{{ params.interview_id }}",
    timeslot_id="{{ params.timeslot_id }}",
    status="{{ params.status }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
