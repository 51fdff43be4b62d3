"""
All eleven operators, on the records of one company.

A second run changes nothing: each operator reads first and sends only what differs. The source of an application and
the avatar of a user are the exceptions. SmartRecruiters does not return them, so they are written again. `make demo`
runs this DAG twice and shows the difference.
"""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateJobStatusOperator,
    UpdateCandidateSourceOperator,
    UpdateCandidateTagsOperator,
)
from airflow_provider_smartrecruiters.operators.interviews import UpdateCandidateTimeslotStatusOperator
from airflow_provider_smartrecruiters.operators.jobs import (
    UpdateJobAdOperator,
    UpdateJobAndJobAdOperator,
    UpdateJobNoteOperator,
    UpdateJobPositionOperator,
    UpdateJobStatusOperator,
)
from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator

JOB = "afadcca8-a951-4f10-8c75-f70b5685053c"
CANDIDATE = "286b50fe-3819-4b34-9d3e-88172f6b6f26"
OTHER_CANDIDATE = "38cba48e-6f9e-4d46-9498-23c645e4849a"

with DAG(
    dag_id="smartrecruiters_all_eleven",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
    params={
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the tasks' logs what would change, and send nothing. Off: send the changes.",
        ),
    },
    default_args={"plan_only": "{{ params.plan_only }}"},
):
    UpdateCandidateTimeslotStatusOperator(
        task_id="update_candidate_timeslot_status",
        interview_id="366bd0ba-4516-4318-8851-667d794c7f12",
        timeslot_id="f6a319c3-d1bb-444d-93ae-66aaccfb03a7",
        status="accepted",
    )
    UpdateCandidateTagsOperator(
        task_id="update_candidate_tags", candidate_id=CANDIDATE, add=["airflow"], remove=["senior"]
    )
    UpdateCandidateJobStatusOperator(
        task_id="update_candidate_job_status", candidate_id=CANDIDATE, job_id=JOB, status="INTERVIEW"
    )
    UpdateCandidateSourceOperator(
        task_id="update_candidate_source",
        candidate_id=CANDIDATE,
        job_id=JOB,
        source_type_id="REFERRAL",
        source_id="11",
    )
    RejectApplicationOperator(
        task_id="reject_application", candidate_id=OTHER_CANDIDATE, job_id=JOB, reason="Stronger candidate selected"
    )
    job = UpdateJobAndJobAdOperator(
        task_id="update_job_and_job_ad", job_id=JOB, job={"targetHiringDate": "2027-03-01T00:00:00.000Z"}
    )
    job_ad = UpdateJobAdOperator(
        task_id="update_job_ad",
        job_id=JOB,
        job_ad_id="bbd61e63-5364-4a74-befe-8803da74fee0",
        job_ad={"qualifications": {"text": "<p>Curiosity, and five years of practice.</p>"}},
    )
    UpdateJobNoteOperator(task_id="update_job_note", job_id=JOB, content="Hiring manager back on Monday.")
    UpdateJobPositionOperator(
        task_id="update_job_position",
        job_id=JOB,
        position_id="86e4d625-0c9e-495b-8d35-da73fa6f574f",
        target_start_date="2027-02-01",
    )
    UpdateJobStatusOperator(task_id="update_job_status", job_id=JOB, status="INTERVIEW")
    UpdateUserAvatarOperator(
        task_id="update_user_avatar",
        user_id="d9ba9b901007583af8fe0659",
        avatar_path=str(Path(__file__).parent / "assets" / "avatar.png"),
    )

    # Both write the default ad of the job. In parallel, one would read before the other writes, and undo its change.
    job >> job_ad
