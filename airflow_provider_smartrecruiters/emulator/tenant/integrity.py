"""Consistency of a tenant's records, checked because people write seed files by hand."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from itertools import chain

from airflow_provider_smartrecruiters.emulator.nearest import did_you_mean
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant


def check(tenant: Tenant) -> None:
    """Check that each record has the id that it is stored under, and that every reference leads to a record.

    :raises ValueError: lists every problem, one a line
    """
    problems = [*_keys(tenant), *_jobs(tenant), *_applications(tenant), *_interviews(tenant)]
    problems += [f"settings.{problem}" for problem in _settings(tenant, tenant.settings)]
    if problems:
        raise ValueError("\n  ".join(["the records are inconsistent:", *problems]))


def check_settings(tenant: Tenant, settings: Settings) -> None:
    """Check that the labels and ids in settings are those of a tenant.

    :param tenant: the records that the settings are about
    :param settings: the settings
    :raises ValueError: names every unknown one, and says what is known
    """
    if problems := [*_settings(tenant, settings)]:
        raise ValueError("; ".join(problems))


def _settings(tenant: Tenant, settings: Settings) -> Iterator[str]:
    steps = {step for process in tenant.hiring_processes.values() for step in chain(*process.sub_statuses.values())}
    properties = [known.label for known in tenant.job_properties.values()]
    values = {label for known in tenant.job_properties.values() for label in known.values.values()}
    brand = [settings.brand_property] if settings.brand_property is not None else []
    named: list[tuple[str, Iterable[str], Collection[str]]] = [
        ("required_sub_statuses", chain(*settings.required_sub_statuses.values()), steps),
        ("required_job_properties", settings.required_job_properties, properties),
        ("inactive_property_values", settings.inactive_property_values, values),
        ("brand_property", brand, properties),
        ("forbidden_employment_types", chain(*settings.forbidden_employment_types.values()), tenant.employment_types),
    ]
    for setting, given, known in named:
        for label in given:
            if label not in known:
                listed = ", ".join(sorted(known)) or "none"
                yield f"{setting} has the unknown {label!r}.{did_you_mean(label, known)} Known: {listed}"
    if settings.caller_id not in tenant.users:
        yield "caller_id is not the id of a user"


def _keys(tenant: Tenant) -> Iterator[str]:
    names = ("users", "candidates", "applications", "jobs", "interviews", "source_types", "hiring_processes")
    filed = {name: getattr(tenant, name) for name in (*names, "departments", "job_properties")}
    for job in tenant.jobs.values():
        filed[f"jobs.{job.id}.ads"] = job.ads
        filed[f"jobs.{job.id}.positions"] = job.positions
    for interview in tenant.interviews.values():
        filed[f"interviews.{interview.id}.timeslots"] = interview.timeslots
    for name, records in filed.items():
        for key, record in records.items():
            if key != record.id:
                yield f"{name}.{key} has the id {record.id}"


def _jobs(tenant: Tenant) -> Iterator[str]:
    choices: Mapping[str, Container[str]] = {
        "department_id": tenant.departments,
        **{f"{member}_id": labels for member, labels in tenant.job_choices().items()},
        "creator_id": tenant.users,
        "hiring_process_id": tenant.hiring_processes,
    }
    for job in tenant.jobs.values():
        defaults = sum(ad.default for ad in job.ads.values())
        if defaults != 1:
            yield f"jobs.{job.id} has {defaults} default ads instead of one"
        chosen = [(member, getattr(job, member), known) for member, known in choices.items()]
        chosen += [("properties", property_id, tenant.job_properties) for property_id in job.properties]
        for member, record_id, known in chosen:
            if record_id is not None and record_id not in known:
                yield f"jobs.{job.id}.{member} refers to {record_id}, which does not exist"


def _applications(tenant: Tenant) -> Iterator[str]:
    for candidate in tenant.candidates.values():
        for application_id in candidate.application_ids:
            application = tenant.applications.get(application_id)
            if application is None or application.candidate_id != candidate.id:
                yield f"candidates.{candidate.id} refers to the application {application_id} of another candidate"
    reasons = {"REJECTED": tenant.rejection_reasons, "WITHDRAWN": tenant.withdrawal_reasons}
    for application in tenant.applications.values():
        where = f"applications.{application.id}"
        candidate_of = tenant.candidates.get(application.candidate_id)
        if candidate_of is None or application.id not in candidate_of.application_ids:
            yield f"{where} is missing from its candidate"
        if application.job_id not in tenant.jobs:
            yield f"{where} refers to a job that does not exist"
        if application.reason_id is not None and application.reason_id not in reasons.get(application.status, ()):
            yield f"{where} has a reason that is unknown for its status"


def _interviews(tenant: Tenant) -> Iterator[str]:
    for interview in tenant.interviews.values():
        application = tenant.applications.get(interview.application_id)
        of_application = (interview.candidate_id, interview.job_id)
        if application is None or (application.candidate_id, application.job_id) != of_application:
            yield f"interviews.{interview.id} does not belong to its application"
