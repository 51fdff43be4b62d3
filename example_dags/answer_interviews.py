"""
Set the candidates' answers to interview timeslots from a calendar export.

The file is CSV or JSON Lines, with one line per timeslot: its columns are the operator's parameters. Every line is
checked before the first one is sent. A timeslot that already has the answer is left alone, so the same export can be
sent every hour. The SmartRecruiters API knows only interviews that were created through it.
"""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.interviews import UpdateCandidateTimeslotStatusOperator

with DAG(
    dag_id="smartrecruiters_answer_interviews",
    dag_display_name="Answer interviews from a calendar export",
    description="Sets candidates' answers to many interview timeslots from a CSV or JSON Lines file.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "interview", "many records"],
    doc_md=__doc__,
    params={
        "file": Param(
            str(Path(__file__).parent / "assets" / "interview_answers.csv"),
            type="string",
            minLength=1,
            title="File",
            description="CSV with the columns interview_id, timeslot_id and status, or JSON lines.",
        ),
        "at_most": Param(
            100,
            type="integer",
            minimum=1,
            title="Maximum",
            description="Largest number of lines. With more, the run fails and sends nothing.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
):
    UpdateCandidateTimeslotStatusOperator.bulk(
        task_id="answer_interviews",
        task_display_name="Set the answers",
        items="{{ params.file }}",
        max_items="{{ params.at_most }}",
        plan_only="{{ params.plan_only }}",
    )
