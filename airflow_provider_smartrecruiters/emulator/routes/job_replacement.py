"""What ``PUT /jobs/{jobId}`` does to a job."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import get_args

from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.http import schemas
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.tenant import state, times
from airflow_provider_smartrecruiters.emulator.tenant.places import REGIONS


def replace(tenant: state.Tenant, job: state.Job, body: schemas.JobInput) -> None:
    """Replace everything that the body can hold; what is left out is removed.

    The title and the location of the default ad are its own and stay.

    :raises ApiError: 400, a department, industry, function, ... or language is unknown; nothing has changed then
    """
    choices: dict[str, Container[str]] = {"department": tenant.departments, **tenant.job_choices()}
    chosen = {member: _known(records, getattr(body, member), member) for member, records in choices.items()}
    language = tenant.settings.default_language
    if body.job_ad is not None and body.job_ad.language is not None:
        language = body.job_ad.language.code
        if language not in get_args(schemas.LanguageCode):
            raise bad_request("Job ad language not found", "JOB_AD_LANGUAGE_NOT_FOUND")

    for member, record_id in chosen.items():
        setattr(job, f"{member}_id", record_id)
    job.title = body.title
    job.ref_number = body.ref_number
    job.target_hiring_date = body.target_hiring_date
    job.location = location_from(body.location)
    job.template = body.template
    job.compensation = state.Compensation(**body.compensation.model_dump()) if body.compensation else None
    job.properties = dict(_properties(tenant, body.properties))
    ad = job.default_ad
    ad.content.language = language
    replace_sections(ad.content, body.job_ad.sections if body.job_ad else None)
    job.updated_on = job.last_activity_on = ad.updated_on = times.now()


def location_from(given: schemas.LocationInput) -> state.Location:
    """Return the location that a body describes."""
    location = state.Location(**given.model_dump())
    if location.region == REGIONS.get((location.country_code, location.region_code or "")):
        # The name follows from the code.
        location.region = None
    return location


def replace_sections(content: state.AdContent, given: schemas.SectionsInput | None) -> None:
    """Replace the texts and videos of a job ad; those that are left out are removed."""
    content.sections = {
        to_camel(name): state.Section(**section.model_dump())
        for name, section in given or ()
        if isinstance(section, schemas.SectionInput)
    }
    content.videos = list(given.videos.urls) if given and given.videos else None


def _known(records: Container[str], given: schemas.Identifiable | None, member: str) -> str | None:
    if given is None:
        return None
    if given.id not in records:
        what = member.replace("_", " ").capitalize().replace("Eeo", "EEO")
        raise bad_request(f"{what} not found", f"{member.upper()}_NOT_FOUND")
    return given.id


def _properties(
    tenant: state.Tenant, given: Iterable[schemas.PropertyInput]
) -> Iterator[tuple[str, state.PropertyValue]]:
    for item in given:
        known = tenant.job_properties.get(item.id)
        if known is None:
            continue
        if not known.values:
            yield item.id, state.PropertyValue(label=item.value.label)
        elif item.value.id in known.values:
            yield item.id, state.PropertyValue(id=item.value.id, label=known.values[item.value.id])
