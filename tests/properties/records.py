"""Records under whatever ids a test makes up, so that a strange id comes as far as a plain one."""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.emulator.tenant.state import Compensation, JobApproval
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.use_cases.use_case import UseCase

_IDS = {"candidate_id", "job_id", "job_ad_id", "position_id", "interview_id", "timeslot_id", "user_id"}
"""Ids of the records that are copied here; a use case about another kind says in its declaration how to copy one."""


class Records:
    """
    Copies of one record of each kind, put into the emulator for the time of one input and taken out after it.

    So every input finds the same company, and none has to wait for the whole of it to be built anew.
    """

    def __init__(self, emulator: SmartRecruitersEmulator) -> None:
        self._state = emulator.state
        application = self._state.an_application()
        job_ad, timeslot = self._state.a_job_ad(), self._state.a_timeslot()
        approval = JobApproval(id="an-approval", salary_range=Compensation(min=1, max=2, currency="USD"))
        self.job_ad_id = job_ad.job_ad_id
        """Id of the default ad of the job, unless an argument names it."""
        with self._state.editing() as tenant:
            # A position comes from wherever there is one: the job that is copied may have none.
            position = next(p for job in tenant.jobs.values() for p in job.positions.values() if p.incumbent_name)
            self._approval = pickle.dumps(approval)
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
            before = {name: dict(records) for name, records in tenant if isinstance(records, dict)}
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
                job.approval = pickle.loads(self._approval)
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
            for case in catalogue.cases():
                if not _IDS.issuperset(case.ids) and ids.keys() >= set(case.ids):
                    _place(case, tenant, ids)
        try:
            yield
        finally:
            with self._state.editing() as tenant:
                for name, records in before.items():
                    setattr(tenant, name, records)


def _place(kind: type[UseCase], tenant: Tenant, ids: dict[str, str]) -> None:
    try:
        kind().place(tenant, ids)
    except NotImplementedError:
        file = kind.__module__.replace(".", "/") + ".py"
        raise catalogue.MissingPartError(
            f"{file}: Add place(tenant, ids), which puts a copy of the record under other ids ({', '.join(kind.ids)})"
        ) from None


def _text(value: Any) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError):
        return "no text"
