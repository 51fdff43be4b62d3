"""Records under whatever ids a test makes up, so that a strange id comes as far as a plain one."""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

_TABLES = ("candidates", "applications", "jobs", "interviews", "users")


class Records:
    """
    Copies of one record of each kind, put into the emulator for the time of one input and taken out after it.

    So every input finds the same company, and none has to wait for the whole of it to be built anew.
    """

    def __init__(self, emulator: SmartRecruitersEmulator) -> None:
        self._state = emulator.state
        application = self._state.an_application()
        job_ad, timeslot = self._state.a_job_ad(), self._state.a_timeslot()
        with self._state.editing() as tenant:
            # A position comes from wherever there is one: the job that is copied may have none.
            position = next(p for job in tenant.jobs.values() for p in job.positions.values() if p.incumbent_name)
            self._pristine = pickle.dumps(
                (
                    tenant.candidates[application.candidate_id],
                    tenant.applications[application.application_id],
                    tenant.jobs[job_ad.job_id],
                    position,
                    tenant.interviews[timeslot.interview_id],
                    next(user for user in tenant.users.values() if user.access == "full"),
                )
            )

    @contextmanager
    def under(self, arguments: Mapping[str, Any]) -> Iterator[None]:
        """
        Let the records that arguments name be there.

        :param arguments: the ids among them, by the names that all changes share; others are passed over.
        """
        ids = {name: _text(value) for name, value in arguments.items() if name.endswith("_id")}
        with self._state.editing() as tenant:
            before = {name: dict(getattr(tenant, name)) for name in _TABLES}
            candidate, application, job, position, interview, user = pickle.loads(self._pristine)
            if "candidate_id" in ids:
                candidate.id = application.candidate_id = ids["candidate_id"]
                candidate.application_ids = [application.id]
                application.job_id = ids.get("job_id", application.job_id)
                tenant.candidates[candidate.id] = candidate
                tenant.applications[application.id] = application
            if "job_id" in ids:
                job.id = ids["job_id"]
                ad = job.default_ad
                ad.id = ids.get("job_ad_id", ad.id)
                position.id = ids.get("position_id", position.id)
                job.ads, job.positions = {ad.id: ad}, {position.id: position}
                tenant.jobs[job.id] = job
            if "interview_id" in ids:
                timeslot = next(iter(interview.timeslots.values()))
                interview.id, timeslot.id = ids["interview_id"], ids.get("timeslot_id", timeslot.id)
                interview.timeslots = {timeslot.id: timeslot}
                tenant.interviews[interview.id] = interview
            if "user_id" in ids:
                user.id = ids["user_id"]
                tenant.users[user.id] = user
        try:
            yield
        finally:
            with self._state.editing() as tenant:
                for name, records in before.items():
                    setattr(tenant, name, records)


def _text(value: Any) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError):
        return "no text"
