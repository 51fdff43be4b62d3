"""The seeded tenant: the same at every start, and of realistic size.

40 jobs with ads, notes and positions, 320 candidates with about 420 applications, interviews, 130 users. Access to the
last two candidates, jobs, interviews and users is limited: the caller can read but not change one of each (``access``
is ``read``), and cannot see the other (``none``).
"""

from __future__ import annotations

import itertools
import pickle
import random
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from airflow_provider_smartrecruiters.emulator.tenant import seed_words as words
from airflow_provider_smartrecruiters.emulator.tenant import state
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings
from airflow_provider_smartrecruiters.emulator.tenant.times import render

USERS, JOBS, CANDIDATES = 130, 40, 320
START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def seeded_tenant() -> state.Tenant:
    """Return a new tenant; two of them are equal."""
    made: state.Tenant = pickle.loads(_pickled())
    return made


@cache
def _pickled() -> bytes:
    # Unpickling takes a fifth of the time, and many a test starts an emulator of its own.
    return pickle.dumps(_Seed().tenant(), protocol=pickle.HIGHEST_PROTOCOL)


class _Seed:
    def __init__(self) -> None:
        self.random = random.Random(20260601)

    def tenant(self) -> state.Tenant:
        self.hiring_processes = self.by_id(
            state.HiringProcess(id=self.hex_id(), name=name, sub_statuses=sub_statuses)
            for name, sub_statuses in words.SUB_STATUSES.items()
        )
        self.rejection_reasons = {self.uuid(): label for label in words.REJECTION_REASONS}
        self.withdrawal_reasons = {self.uuid(): label for label in words.WITHDRAWAL_REASONS}
        self.source_types = self.by_id(self.make_source_types())
        self.job_properties = self.make_properties()
        self.users = self.limited(self.make_user(number) for number in range(USERS))
        self.user_ids = list(self.users)[:-2]
        self.jobs = self.limited(self.make_job(number) for number in range(JOBS))
        self.applications: dict[str, state.Application] = {}
        self.candidates = self.limited(self.make_candidate(number) for number in range(CANDIDATES))
        self.interviews = self.limited(self.make_interviews())
        self.settings = Settings(caller_id=self.user_ids[0])
        self.departments = {
            key: state.Department(id=key, label=label, description=description)
            for key, (label, description) in words.DEPARTMENTS.items()
        }
        # What was made here has the tenant's own name for it; the other lists of choices are words as they stand.
        # The audit log begins empty.
        names = state.Tenant.model_fields.keys() - {"audit"}
        made = {name: getattr(self, name, None) or getattr(words, name.upper()) for name in names}
        return state.Tenant(**made)

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def hex_id(self) -> str:
        return f"{self.random.getrandbits(96):024x}"

    def day(self, first: int, last: int) -> datetime:
        return START + timedelta(minutes=self.random.randint(first * 1440, last * 1440))

    @staticmethod
    def by_id(records: Any) -> dict[str, Any]:
        return {record.id: record for record in records}

    def limited(self, records: Any) -> dict[str, Any]:
        *_, read_only, hidden = filed = self.by_id(records)
        filed[read_only].access = "read"
        filed[hidden].access = "none"
        return filed

    def make_source_types(self) -> list[state.SourceType]:
        numbers = itertools.count(1)

        def source(label: str, subtype: str | None, *, deleted: bool = False) -> state.SourceValue:
            return state.SourceValue(
                id=str(next(numbers)), identifier=self.uuid(), label=label, subtype_id=subtype, deleted=deleted
            )

        made = []
        for type_id, label, subtypes, labels in words.SOURCE_TYPES:
            first, *others = subtypes or (None,)
            values = [source(value, first) for value in labels]
            values += [source(f"{value} ({subtype.lower()})", subtype) for subtype in others for value in labels]
            values.append(source("Closed", first, deleted=True))
            made.append(state.SourceType(id=type_id, label=label, subtypes=list(subtypes), values=values))
        return made

    def make_properties(self) -> dict[str, state.JobProperty]:
        shifts = {self.hex_id(): label for label in ("Day", "Night", "Rotating")}
        cost_centre = state.JobProperty(id=self.hex_id(), label="Cost centre")
        return self.by_id([cost_centre, state.JobProperty(id=self.hex_id(), label="Shift", values=shifts)])

    def make_user(self, number: int) -> state.User:
        city = self.random.choice(words.CITIES)
        return state.User(
            id=self.hex_id(),
            email=f"user{number:03}@northwind.example",
            **self.name(number),
            role="ADMINISTRATOR" if number == 0 else "STANDARD",
            active=number % 20 != 19,
            updated_on=render(self.day(-300, 0)),
            city=city["city"],
            country_code=city["country_code"],
            external_data=f"E-{1000 + number}",
        )

    def name(self, number: int) -> dict[str, str]:
        firsts, lasts = words.FIRST_NAMES, words.LAST_NAMES
        last = (number * 7 + number // len(firsts)) % len(lasts)
        return {"first_name": firsts[number % len(firsts)], "last_name": lasts[last]}

    def make_job(self, number: int) -> state.Job:
        title, function = words.JOB_TITLES[number % len(words.JOB_TITLES)]
        created = START - timedelta(days=120 - number * 2, minutes=number * 7)
        city = words.CITIES[number % len(words.CITIES)]
        location = state.Location(**city, address=f"Main Street {number + 1}", remote=number % 4 == 0)
        status = words.JOB_STATUSES[number % len(words.JOB_STATUSES)]
        open_and_published = status in {"SOURCING", "INTERVIEW", "OFFER"}
        creator = self.user_ids[number % 10]
        ads = [self.make_ad(title, location, created, creator, published=open_and_published, default=True)]
        if number % 3 == 0:
            ads.append(self.make_ad(title, location, created, creator, published=False, default=False))
        text, choice = self.job_properties.values()
        cost_centre = f"CC-{4000 + number}"
        shift_id = self.random.choice(list(choice.values))
        updated = render(created + timedelta(days=3))
        return state.Job(
            id=self.uuid(),
            title=title,
            ref_number=f"REF{number + 100}W",
            created_on=render(created),
            updated_on=updated,
            last_activity_on=updated,
            department_id=list(words.DEPARTMENTS)[number % len(words.DEPARTMENTS)],
            location=location,
            status=status,
            target_hiring_date=render(START.replace(hour=0) + timedelta(days=90 + number)),
            industry_id=list(words.INDUSTRIES)[number % len(words.INDUSTRIES)],
            function_id=function,
            type_of_employment_id="permanent" if number % 5 else "contract",
            experience_level_id=list(words.EXPERIENCE_LEVELS)[1 + number % 4],
            eeo_category_id=str(1 + number % 3) if location.country_code == "us" else None,
            creator_id=creator,
            compensation=state.Compensation(min=40000 + number * 500, max=60000 + number * 500, currency="EUR"),
            properties={
                text.id: state.PropertyValue(label=cost_centre),
                choice.id: state.PropertyValue(id=shift_id, label=choice.values[shift_id]),
            },
            hiring_process_id=list(self.hiring_processes)[number % len(self.hiring_processes)],
            hiring_team={self.user_ids[number % 10]: "RECRUITER", self.user_ids[10 + number]: "HIRING_MANAGER"},
            note=""
            if number % 4 == 3
            else f"Opening agreed with the site in {location.city}. Budget code {cost_centre}.",
            history=[
                state.StatusChange(changed_on=render(created), status="CREATED"),
                *([state.StatusChange(changed_on=updated, status=status)] if status != "CREATED" else []),
            ],
            ads=self.by_id(ads),
            positions=self.by_id(self.make_position(created, index, number) for index in range(1 + number % 3)),
            approval_process=number == 37,
        )

    def make_ad(
        self, title: str, location: state.Location, created: datetime, creator: str, *, published: bool, default: bool
    ) -> state.JobAd:
        language = "en" if default else "de"
        texts = {
            "companyDescription": ("Company Description", "<p>Northwind builds wind turbines in five countries.</p>"),
            "jobDescription": ("Job Description", f"<p>As {title} you keep the fleet turning.</p>"),
            "qualifications": ("Qualifications", "<ul><li>Three years of practice</li><li>English</li></ul>"),
            "additionalInformation": ("Additional Information", "<p>Hybrid work, 30 days of leave.</p>"),
        }
        content = state.AdContent(
            title=title if default else f"{title} (m/w/d)",
            language=language,
            location=location.model_copy(),
            sections={name: state.Section(title=heading, text=text) for name, (heading, text) in texts.items()},
            videos=["https://videos.example.com/northwind"] if default else None,
        )
        saved = render(created + timedelta(days=1))
        career_page = state.Publication(source_name="Career Page", type="CAREER_PAGE", published_on=saved)
        return state.JobAd(
            id=self.uuid(),
            content=content,
            published=content.model_copy(deep=True) if published else None,
            default=default,
            created_on=render(created),
            updated_on=saved,
            creator_id=creator,
            publications=[career_page] if published else [],
        )

    def make_position(self, created: datetime, index: int, number: int) -> state.Position:
        replacement = index % 2 == 1
        opened = created.replace(hour=0, minute=0)
        return state.Position(
            id=self.uuid(),
            position_id=f"POS-2026-{number:03}-{index + 1}",
            incumbent_name=" ".join(self.name(number + index).values()) if replacement else None,
            type="REPLACEMENT" if replacement else "NEW",
            position_open_date=render(opened),
            target_start_date=render(opened + timedelta(days=180)),
        )

    def make_candidate(self, number: int) -> state.Candidate:
        city = self.random.choice(words.CITIES)
        created = self.day(-100, -10)
        candidate = state.Candidate(
            id=self.uuid(),
            **self.name(number),
            email=f"candidate{number:03}@example.com",
            phone=f"+48 600 000 {number:03}",
            internal=number % 25 == 0,
            **{member: city[member] for member in ("country_code", "city", "latitude", "longitude")},
            created_on=render(created),
            updated_on=render(created + timedelta(days=8)),
            tags=self.random.sample(words.TAGS, number % 4),
            average_rating=float(self.random.randint(1, 5)) if number % 3 == 0 else None,
            consent=("ACQUIRED", "PENDING", "REQUIRED")[number % 3],
            employer=self.random.choice(words.EMPLOYERS),
            job_title=self.random.choice(words.JOB_TITLES)[0],
            school=self.random.choice(words.SCHOOLS),
        )
        # Jobs with limited access get no applications, so that each denial has only one cause.
        open_jobs = [job for job in self.jobs.values() if job.access == "full"]
        for job in self.random.sample(open_jobs, 2 if number % 3 == 0 else 1):
            application = self.make_application(candidate.id, job, created)
            self.applications[application.id] = application
            candidate.application_ids.append(application.id)
        return candidate

    def make_application(self, candidate_id: str, job: state.Job, created: datetime) -> state.Application:
        status = self.random.choices(list(words.STATUSES), [weight for weight, _ in words.STATUSES.values()])[0]
        process = self.hiring_processes[job.hiring_process_id]
        history = []
        for step, passed in enumerate(words.STATUSES[status][1]):
            sub_statuses = process.sub_statuses.get(passed)
            sub_status = self.random.choice(sub_statuses) if sub_statuses else None
            changed_on = render(created + timedelta(days=step * 2))
            history.append(state.StatusChange(changed_on=changed_on, status=passed, sub_status=sub_status))
        reasons = {"REJECTED": self.rejection_reasons, "WITHDRAWN": self.withdrawal_reasons}.get(status)
        source_type = self.random.choice(list(self.source_types.values()))
        source = self.random.choice([value for value in source_type.values if not value.deleted])
        return state.Application(
            id=self.uuid(),
            candidate_id=candidate_id,
            job_id=job.id,
            created_on=render(created),
            status=status,
            sub_status=history[-1].sub_status,
            starts_on=render(START.replace(hour=0) + timedelta(days=60)) if status == "HIRED" else None,
            reason_id=self.random.choice(list(reasons)) if reasons else None,
            source_type_id=source_type.id,
            source_sub_type_id=source.subtype_id,
            source_id=source.id,
            history=history,
        )

    def make_interviews(self) -> list[state.Interview]:
        seen = [one for one in self.applications.values() if one.status in {"INTERVIEW", "OFFERED", "HIRED"}]
        seen = [one for one in seen if self.candidates[one.candidate_id].access == "full"]
        return [self.make_interview(number, application) for number, application in enumerate(seen)]

    def make_interview(self, number: int, application: state.Application) -> state.Interview:
        starts = START + timedelta(days=10 + number % 40)
        timeslots = []
        for index in range(1 + number % 3):
            begin = starts + timedelta(hours=index)
            interviewers = self.random.sample(self.user_ids[:40], 2)
            timeslots.append(
                state.Timeslot(
                    id=self.uuid(),
                    interview_type="Technical" if index else "Introduction",
                    title="Technical screen" if index else "Getting to know each other",
                    place=f"Room {index + 1}",
                    starts_on=render(begin),
                    ends_on=render(begin + timedelta(minutes=45)),
                    interviewers=dict(zip(interviewers, ("accepted", "pending"), strict=True)),
                    candidate_status=("pending", "accepted", "null", "tentative")[(number + index) % 4],
                )
            )
        return state.Interview(
            id=self.uuid(),
            application_id=application.id,
            candidate_id=application.candidate_id,
            job_id=application.job_id,
            location=f"https://meet.example.com/{number}",
            organizer_id=self.user_ids[number % 10],
            timezone="Europe/Warsaw",
            timeslots=self.by_id(timeslots),
            created_on=render(starts - timedelta(days=8)),
        )
