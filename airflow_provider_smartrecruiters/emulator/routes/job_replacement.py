"""What ``PUT /jobs/{jobId}`` does to a job."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import get_args

from airflow_provider_smartrecruiters.emulator.http.errors import bad_request
from airflow_provider_smartrecruiters.emulator.http.schemas import (
    Identifiable,
    JobInput,
    LanguageCode,
    LocationInput,
    PropertyInput,
    SectionsInput,
)
from airflow_provider_smartrecruiters.emulator.tenant import times
from airflow_provider_smartrecruiters.emulator.tenant.state import (
    AdContent,
    Compensation,
    Job,
    Location,
    PropertyValue,
    Section,
    Tenant,
)

SECTIONS = {
    "company_description": "companyDescription",
    "job_description": "jobDescription",
    "qualifications": "qualifications",
    "additional_information": "additionalInformation",
}


def replace(tenant: Tenant, job: Job, body: JobInput) -> None:
    """Replace everything that the body can hold; what is left out is removed.

    The title and the location of the default ad are its own and stay.

    :raises ApiError: 400, a department, industry, function, ... or language is unknown; nothing has changed then
    """
    department_id = _known(tenant.departments, body.department, "Department")
    industry_id = _known(tenant.industries, body.industry, "Industry")
    function_id = _known(tenant.functions, body.function, "Function")
    level_id = _known(tenant.experience_levels, body.experience_level, "Experience level")
    employment_id = _known(tenant.employment_types, body.type_of_employment, "Type of employment")
    eeo_id = _known(tenant.eeo_categories, body.eeo_category, "EEO category")
    language = tenant.settings.default_language
    if body.job_ad is not None and body.job_ad.language is not None:
        language = body.job_ad.language.code
        if language not in get_args(LanguageCode):
            raise bad_request("Job ad language not found", "JOB_AD_LANGUAGE_NOT_FOUND")
    assert industry_id is not None
    assert function_id is not None
    assert level_id is not None

    job.title = body.title
    job.ref_number = body.ref_number
    job.target_hiring_date = body.target_hiring_date
    job.department_id = department_id
    job.location = location_from(body.location)
    job.industry_id, job.function_id, job.experience_level_id = industry_id, function_id, level_id
    job.type_of_employment_id = employment_id
    job.eeo_category_id = eeo_id
    job.template = body.template
    job.compensation = Compensation(**body.compensation.model_dump()) if body.compensation else None
    job.properties = _properties(tenant, body.properties)
    ad = job.default_ad
    ad.content.language = language
    replace_sections(ad.content, body.job_ad.sections if body.job_ad else None)
    job.updated_on = job.last_activity_on = ad.updated_on = times.now()


def location_from(given: LocationInput) -> Location:
    """Return the location that a body describes."""
    return Location(**given.model_dump())


def replace_sections(content: AdContent, given: SectionsInput | None) -> None:
    """Replace the texts and videos of a job ad; those that are left out are removed."""
    content.sections = {}
    for name, shown in SECTIONS.items():
        section = getattr(given, name, None)
        if section is not None:
            content.sections[shown] = Section(title=section.title, text=section.text)
    videos = given.videos if given is not None else None
    content.videos = list(videos.urls) if videos is not None else None


def _known(known: Container[str], given: Identifiable | None, what: str) -> str | None:
    if given is None:
        return None
    if given.id not in known:
        raise bad_request(f"{what} not found", f"{what.upper().replace(' ', '_')}_NOT_FOUND")
    return given.id


def _properties(tenant: Tenant, given: Iterable[PropertyInput]) -> dict[str, PropertyValue]:
    kept: dict[str, PropertyValue] = {}
    for item in given:
        known = tenant.job_properties.get(item.id)
        if known is None:
            continue
        if not known.values:
            kept[item.id] = PropertyValue(label=item.value.label)
        elif item.value.id in known.values:
            kept[item.id] = PropertyValue(id=item.value.id, label=known.values[item.value.id])
    return kept
