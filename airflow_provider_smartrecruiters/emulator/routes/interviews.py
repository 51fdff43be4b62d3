"""Interviews and their timeslots."""

from __future__ import annotations

from typing import Any

from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.queries import InterviewSearch
from airflow_provider_smartrecruiters.emulator.http.schemas import AttendeeStatus
from airflow_provider_smartrecruiters.emulator.routes import lookups
from airflow_provider_smartrecruiters.emulator.tenant.state import Interview, Timeslot

INTERVIEWS = "/interviews-api/v201904/interviews"
INTERVIEW = INTERVIEWS + "/{interviewId}"
TIMESLOT = INTERVIEW + "/timeslots/{timeslotId}"


operations = Operations()


@operations.get(INTERVIEWS, "interviews.getList", "interviews_read")
def list_interviews(call: Call) -> dict[str, Any]:
    """Return the interviews of an application that the caller may see."""
    application_id = InterviewSearch.read(call).application_id
    content = [
        _view(interview)
        for interview in call.tenant.interviews.values()
        if interview.application_id == application_id and interview.access != "none"
    ]
    return {"content": content}


@operations.get(INTERVIEW, "interviews.get", "interviews_read")
def get_interview(call: Call, interview_id: str) -> dict[str, Any]:
    """Return one interview."""
    return _view(lookups.interview(call.tenant, interview_id))


@operations.get(TIMESLOT, "timeslots.get", "interviews_read")
def get_timeslot(call: Call, interview_id: str, timeslot_id: str) -> dict[str, Any]:
    """Return one timeslot."""
    return _timeslot_view(
        lookups.found(lookups.interview(call.tenant, interview_id).timeslots, timeslot_id, "Timeslot")
    )


@operations.put(
    TIMESLOT + "/candidateStatus", "statuses.timeslot.candidate.put", "interviews_write", status=204, invalid=422
)
def update_candidate_status(call: Call, interview_id: str, timeslot_id: str) -> None:
    """Set the candidate's status for a timeslot."""
    body = AttendeeStatus.read(call)
    interview = lookups.interview(call.tenant, interview_id, write=True)
    lookups.found(interview.timeslots, timeslot_id, "Timeslot").candidate_status = body.status


def _view(interview: Interview) -> dict[str, Any]:
    statuses = {timeslot.candidate_status for timeslot in interview.timeslots.values()}
    return {
        "id": interview.id,
        "candidate": {
            "id": interview.candidate_id,
            "status": statuses.pop() if len(statuses) == 1 else "pending",
        },
        "jobId": interview.job_id,
        "location": interview.location,
        "organizerId": interview.organizer_id,
        "timezone": interview.timezone,
        "timeslots": [_timeslot_view(timeslot) for timeslot in interview.timeslots.values()],
        "createdOn": interview.created_on,
        "refUrl": f"https://scheduler.example.com/interviews/{interview.id}",
        "source": "API",
    }


def _timeslot_view(timeslot: Timeslot) -> dict[str, Any]:
    return {
        "id": timeslot.id,
        "interviewType": timeslot.interview_type,
        "title": timeslot.title,
        "place": timeslot.place,
        "startsOn": timeslot.starts_on,
        "endsOn": timeslot.ends_on,
        "interviewers": [{"id": user_id, "status": status} for user_id, status in timeslot.interviewers.items()],
        "candidateStatus": timeslot.candidate_status,
    }
