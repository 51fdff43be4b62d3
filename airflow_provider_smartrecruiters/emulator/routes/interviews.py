"""Interviews and their timeslots."""

from __future__ import annotations

from typing import Any

from airflow_provider_smartrecruiters.emulator.http import queries, schemas
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.tenant.state import Interview, Timeslot

INTERVIEWS = "/interviews-api/v201904/interviews"
INTERVIEW = INTERVIEWS + "/{interviewId}"
TIMESLOT = INTERVIEW + "/timeslots/{timeslotId}"
CANDIDATE_STATUS = TIMESLOT + "/candidateStatus"

operations = Operations()


@operations.get(INTERVIEWS, "interviews.getList", "interviews_read")
def list_interviews(call: Call) -> dict[str, Any]:
    """Return the interviews of an application that the caller may see."""
    application_id = queries.InterviewSearch.read(call).application_id
    interviews = lookups.visible(call.tenant.interviews)
    return {"content": [_view(interview) for interview in interviews if interview.application_id == application_id]}


@operations.get(INTERVIEW, "interviews.get", "interviews_read")
def get_interview(call: Call, interview_id: str) -> dict[str, Any]:
    """Return one interview."""
    return _view(lookups.interview(call.tenant, interview_id))


@operations.get(TIMESLOT, "timeslots.get", "interviews_read")
def get_timeslot(call: Call, interview_id: str, timeslot_id: str) -> dict[str, Any]:
    """Return one timeslot."""
    return _timeslot_view(lookups.timeslot(call.tenant, interview_id, timeslot_id))


@operations.put(CANDIDATE_STATUS, "statuses.timeslot.candidate.put", "interviews_write", status=204, invalid=422)
def update_candidate_status(call: Call, interview_id: str, timeslot_id: str) -> None:
    """Set the candidate's status for a timeslot."""
    body = schemas.AttendeeStatus.read(call)
    lookups.timeslot(call.tenant, interview_id, timeslot_id, write=True).candidate_status = body.status


def _view(interview: Interview) -> dict[str, Any]:
    statuses = {timeslot.candidate_status for timeslot in interview.timeslots.values()}
    status = statuses.pop() if len(statuses) == 1 else "pending"
    return views.shown(
        interview,
        ("id", "job_id", "location", "organizer_id", "timezone", "created_on"),
        candidate={"id": interview.candidate_id, "status": status},
        timeslots=[_timeslot_view(timeslot) for timeslot in interview.timeslots.values()],
        refUrl=f"https://scheduler.example.com/interviews/{interview.id}",
        source="API",
    )


def _timeslot_view(timeslot: Timeslot) -> dict[str, Any]:
    interviewers = [{"id": user_id, "status": status} for user_id, status in timeslot.interviewers.items()]
    return views.shown(timeslot, interviewers=interviewers)
