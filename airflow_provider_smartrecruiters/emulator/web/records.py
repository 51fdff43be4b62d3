"""What each page shows: the members that a recruiter checks after a task has changed a record."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES, LANGUAGES
from airflow_provider_smartrecruiters.emulator.tenant.state import (
    Application,
    Candidate,
    Interview,
    Job,
    JobAd,
    Location,
    Tenant,
    User,
)
from airflow_provider_smartrecruiters.emulator.web.html import (
    NOTHING,
    Html,
    chips,
    escape,
    facts,
    link,
    moment,
    passage,
    section,
    table,
)

PATHS = {
    "candidate": "/app/people/candidates/{id}",
    "job": "/app/jobs/details/{id}",
    "interview": "/app/interviews/{id}",
    "user": "/app/users/{id}",
}
"""Paths of the pages, by record. Those of candidates and jobs are SmartRecruiters' own."""


def path_of(record: str, record_id: str) -> str:
    """Return the path of a record's page."""
    return PATHS[record].replace("{id}", quote(record_id, safe=""))


def person(who: Candidate | User) -> str:
    """Return the name of a candidate or a user."""
    return f"{who.first_name} {who.last_name}"


def candidate_link(tenant: Tenant, candidate_id: str) -> Html:
    """Return a link with the candidate's name."""
    return link(path_of("candidate", candidate_id), person(tenant.candidates[candidate_id]))


def job_link(tenant: Tenant, job_id: str) -> Html:
    """Return a link with the job's title."""
    return link(path_of("job", job_id), tenant.jobs[job_id].title)


def user_link(tenant: Tenant, user_id: str) -> Html:
    """Return a link with the user's name; the id alone for a user who is gone."""
    user = tenant.users.get(user_id)
    return link(path_of("user", user_id), person(user)) if user else escape(user_id)


def interview_link(interview: Interview) -> Html:
    """Return a link with the beginning of the interview."""
    starts = min((slot.starts_on for slot in interview.timeslots.values()), default=None)
    return link(path_of("interview", interview.id), moment(starts) or "not scheduled")


def status_of(application: Application) -> str:
    """Return status and sub-status in one text."""
    return " / ".join(filter(None, (application.status, application.sub_status)))


def posting_status(ad: JobAd) -> str:
    """Return whether a job ad shows outside, and what is on its way."""
    state = f"published ({ad.visibility.lower()})" if ad.published else "not published"
    if ad.pending:
        return f"{state}, {'publication' if ad.pending[-1].content else 'end of publication'} accepted"
    changed = ad.published and ad.published != ad.content
    return f"{state}, later changes not published" if changed else state


def candidate(tenant: Tenant, one: Candidate) -> tuple[str, list[Html]]:
    """Return title and parts of the page of a candidate."""
    applications = [tenant.applications[application_id] for application_id in one.application_ids]
    interviews = (interview for interview in tenant.interviews.values() if interview.candidate_id == one.id)
    return person(one), [
        facts(
            {
                "Tags": chips(one.tags),
                "E-mail": one.email,
                "Phone": one.phone,
                "Location": _place(one.city, one.country_code),
                "Current position": f"{one.job_title}, {one.employer}",
                "Updated": moment(one.updated_on),
                **_access(one.access),
            }
        ),
        *(_application(tenant, application) for application in applications),
        section(
            "Interviews",
            table(
                ("Starts", "Job", "Answer of the candidate"),
                ((interview_link(one), job_link(tenant, one.job_id), _answers(one)) for one in interviews),
            ),
        ),
    ]


def _application(tenant: Tenant, application: Application) -> Html:
    reasons = {**tenant.rejection_reasons, **tenant.withdrawal_reasons}
    title = f"Application: {tenant.jobs[application.job_id].title}"
    return section(
        title,
        facts(
            {
                "Status": chips([status_of(application)]),
                "Reason": reasons.get(application.reason_id or ""),
                "Starts on": moment(application.starts_on),
                "Source": _source(tenant, application),
                "Job": job_link(tenant, application.job_id),
                "History": _history(application.history),
                "Application id": application.id,
            }
        ),
    )


def _source(tenant: Tenant, application: Application) -> str:
    source, kind = tenant.source_of(application), tenant.source_types.get(application.source_type_id)
    label = source.label if source else application.source_id
    names = (kind.label if kind else application.source_type_id, application.source_sub_type_id, label)
    return " > ".join(filter(None, names))


def _history(changes: list[Any]) -> Html:
    entries = ((moment(one.changed_on), " / ".join(filter(None, (one.status, one.sub_status)))) for one in changes)
    return Html("<br>".join(f"{escape(when)}: {escape(status)}" for when, status in entries)) or NOTHING


def job(tenant: Tenant, one: Job) -> tuple[str, list[Html]]:
    """Return title and parts of the page of a job."""
    department = tenant.departments.get(one.department_id or "")
    labels = {
        name.replace("_", " ").capitalize().replace("Eeo", "EEO"): choices.get(getattr(one, f"{name}_id") or "")
        for name, choices in tenant.job_choices().items()
    }
    return one.title, [
        facts(
            {
                "Status": chips([one.status]),
                "Reference": one.ref_number,
                "Location": _location(one.location),
                "Department": department.label if department else None,
                "Target hiring date": moment(one.target_hiring_date),
                **labels,
                "Compensation": _compensation(one),
                **_properties(tenant, one),
                "Hiring team": Html(
                    "<br>".join(f"{user_link(tenant, user)} {escape(role)}" for user, role in one.hiring_team.items())
                ),
                "Updated": moment(one.updated_on),
                **_access(one.access),
            }
        ),
        section("Note", passage(one.note)),
        section("Positions", _positions(one)),
        *(_job_ad(ad) for ad in one.ads.values()),
        section("Candidates", _applicants(tenant, one)),
        section("History", _history(one.history)),
    ]


def _properties(tenant: Tenant, one: Job) -> dict[str, Any]:
    known = tenant.job_properties
    return {
        (known[name].label if name in known else name): value.label
        or (known[name].values.get(value.id or "") if name in known else value.id)
        for name, value in one.properties.items()
    }


def _compensation(one: Job) -> str | None:
    if (pay := one.compensation) is None:
        return None
    amount = " to ".join(f"{limit:,}" for limit in (pay.min, pay.max) if limit is not None)
    return " ".join(filter(None, (amount, pay.currency, pay.period)))


def _positions(one: Job) -> Html:
    return table(
        ("Position", "Type", "Opens", "Target start", "Incumbent", "Status", "Record id"),
        (
            (
                position.position_id,
                position.type,
                moment(position.position_open_date),
                moment(position.target_start_date),
                position.incumbent_name,
                position.status,
                position.id,
            )
            for position in one.positions.values()
        ),
    )


def _job_ad(ad: JobAd) -> Html:
    content = ad.content
    texts = (
        Html(f'<p class="part">{escape(text.title or name)}</p>{passage(text.text)}')
        for name, text in content.sections.items()
    )
    shown = facts(
        {
            "Posting status": chips([posting_status(ad)]),
            "Language": LANGUAGES.get(content.language, (content.language,))[0],
            "Location": _location(content.location) if content.location else None,
            "Updated": moment(ad.updated_on),
            "Job ad id": ad.id,
        }
    )
    return section(f"Job ad: {content.title}{' (default)' if ad.default else ''}", Html(shown + "".join(texts)))


def _applicants(tenant: Tenant, one: Job) -> Html:
    applications = [each for each in tenant.applications.values() if each.job_id == one.id]
    return table(
        ("Candidate", "Status", "Applied"),
        (
            (candidate_link(tenant, each.candidate_id), status_of(each), moment(each.created_on))
            for each in applications
        ),
    )


def interview(tenant: Tenant, one: Interview) -> tuple[str, list[Html]]:
    """Return title and parts of the page of an interview."""
    slots = (
        (
            slot.title,
            f"{moment(slot.starts_on)} to {slot.ends_on[11:16]}",
            slot.place,
            Html("<br>".join(f"{user_link(tenant, user)} {escape(said)}" for user, said in slot.interviewers.items())),
            chips([slot.candidate_status]),
            slot.id,
        )
        for slot in one.timeslots.values()
    )
    return f"Interview: {person(tenant.candidates[one.candidate_id])}", [
        facts(
            {
                "Candidate": candidate_link(tenant, one.candidate_id),
                "Job": job_link(tenant, one.job_id),
                "Organizer": user_link(tenant, one.organizer_id),
                "Location": one.location,
                "Time zone": one.timezone,
                **_access(one.access),
            }
        ),
        section(
            "Timeslots",
            table(("Title", "Time", "Place", "Interviewers", "Answer of the candidate", "Timeslot id"), slots),
        ),
    ]


def user(tenant: Tenant, one: User) -> tuple[str, list[Html]]:
    """Return title and parts of the page of a user."""
    avatar = f"{one.avatar_content_type}, {one.avatar_size:,} bytes" if one.avatar_size else None
    jobs = (each for each in tenant.jobs.values() if one.id in each.hiring_team)
    return person(one), [
        facts(
            {
                "Role": one.role,
                "Active": "yes" if one.active else "no",
                "E-mail": one.email,
                "Location": _place(one.city, one.country_code),
                "Avatar": avatar,
                "Avatar SHA-256": one.avatar_sha256,
                "Updated": moment(one.updated_on),
                **_access(one.access),
            }
        ),
        section(
            "Hiring teams",
            table(("Job", "Role"), ((job_link(tenant, each.id), each.hiring_team[one.id]) for each in jobs)),
        ),
    ]


def _answers(one: Interview) -> Html:
    return chips(slot.candidate_status for slot in one.timeslots.values())


def _location(place: Location) -> str:
    return _place(place.city, place.country_code) + (" (remote)" if place.remote else "")


def _place(city: str, country_code: str) -> str:
    return ", ".join(filter(None, (city, COUNTRIES.get(country_code, country_code))))


def _access(access: str) -> dict[str, Any]:
    """Return a line about what the API may do, where that is less than everything."""
    limits = {"read": "may read it, not change it", "none": "may neither read nor change it"}
    return {"API credential": limits[access]} if access in limits else {}
