"""What ``PUT /jobs/{jobId}`` does to a job."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.http import schemas
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, refusal
from airflow_provider_smartrecruiters.emulator.tenant import audit, state, times
from airflow_provider_smartrecruiters.emulator.tenant.places import REGIONS


def replace(tenant: state.Tenant, job: state.Job, body: schemas.JobInput) -> None:
    """Replace everything that the body can hold; what is left out is removed.

    The title and the location of the default ad are its own and stay.

    :raises ApiError: 400, a department, industry, function, ... or language is unknown, or a job property is missing or
        has a wrong value; 403, the caller may not make templates; nothing has changed then
    """
    choices: dict[str, Container[str]] = {"department": tenant.departments, **tenant.job_choices()}
    chosen = {member: _known(records, getattr(body, member), member) for member, records in choices.items()}
    language = _language(tenant, body.job_ad)
    _check_rules(tenant, body)
    properties = _properties(tenant, body.properties)

    before, ad_before = audit.property_facts(job), audit.ad_facts(job.default_ad)
    for member, record_id in chosen.items():
        setattr(job, f"{member}_id", record_id)
    job.title = body.title
    job.ref_number = body.ref_number
    job.target_hiring_date = body.target_hiring_date
    job.location = location_from(body.location)
    job.template = body.template
    job.compensation = state.Compensation(**body.compensation.model_dump()) if body.compensation else None
    job.properties = properties
    ad = job.default_ad
    ad.content.language = language
    replace_sections(ad.content, body.job_ad.sections if body.job_ad else None)
    job.updated_on = job.last_activity_on = ad.updated_on = times.now()
    audit.note_properties(tenant, job, before)
    audit.note_ad(tenant, ad, ad_before)


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


def check_characters(tenant: state.Tenant, body: BaseModel) -> None:
    """Check that no text of a job ad has a character that the company's settings forbid.

    :raises ApiError: 400
    """
    if any(tenant.settings.has_invalid_characters(text) for text in _texts(body.model_dump())):
        raise bad_request("An attribute of the job ad contains invalid characters", "PROPERTY_INVALID")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _language(tenant: state.Tenant, ad: schemas.JobAdInput | None) -> str:
    if ad is None or ad.language is None:
        return tenant.settings.default_language
    if ad.language.code not in get_args(schemas.LanguageCode):
        raise bad_request("Job ad language not found", "JOB_AD_LANGUAGE_NOT_FOUND")
    return ad.language.code


def _check_rules(tenant: state.Tenant, body: schemas.JobInput) -> None:
    settings, kind = tenant.settings, body.type_of_employment
    forbidden = settings.forbidden_employment_types.get(body.location.country_code.lower(), ())
    if kind is not None and kind.id in forbidden:
        raise bad_request("Type of employment is not allowed in the country", "TYPE_OF_EMPLOYMENT_NOT_ALLOWED")
    if body.template and settings.templates_forbidden:
        raise refusal(403, "Not allowed to manage job templates", "JOB_TEMPLATES_MANAGEMENT_FORBIDDEN")


def _known(records: Container[str], given: schemas.Identifiable | None, member: str) -> str | None:
    if given is None:
        return None
    if given.id not in records:
        what = member.replace("_", " ").capitalize().replace("Eeo", "EEO")
        # For an unknown experience level, the document has the code on POST /jobs only.
        raise bad_request(f"{what} not found", f"{member.upper()}_NOT_FOUND")
    return given.id


def _properties(tenant: state.Tenant, given: Iterable[schemas.PropertyInput]) -> dict[str, state.PropertyValue]:
    """Return the values by property. Unknown properties are dropped, and so are unknown values of an optional one.

    :raises ApiError: 400, a required property is missing, or a value is not one that the property takes
    """
    values = {}
    for item in given:
        known = tenant.job_properties.get(item.id)
        value = None if known is None else _value(tenant, known, item.value)
        if value is not None:
            values[item.id] = value
    for known in tenant.job_properties.values():
        if known.label in tenant.settings.required_job_properties and known.id not in values:
            raise bad_request(f"Job property is required: {known.label}", "JOB_PROPERTY_REQUIRED")
    return values


def _value(
    tenant: state.Tenant, known: state.JobProperty, given: schemas.PropertyValueInput
) -> state.PropertyValue | None:
    fitting, other = (given.id, given.label) if known.values else (given.label, given.id)
    if fitting is None and other is not None:
        raise bad_request("Job property has a value of another type", "INVALID_JOB_PROPERTY_VALUE_TYPE")
    if not known.values:
        return _text(tenant, given.label)
    return _chosen(tenant, known, given.id) if given.id is not None else None


def _text(tenant: state.Tenant, label: str | None) -> state.PropertyValue:
    if tenant.settings.has_invalid_characters(label or ""):
        raise bad_request("Job property has an invalid text", "INVALID_TEXT_FORMAT")
    return state.PropertyValue(label=label)


def _chosen(tenant: state.Tenant, known: state.JobProperty, value_id: str) -> state.PropertyValue | None:
    settings = tenant.settings
    label = known.values.get(value_id)
    if label in settings.inactive_property_values:
        raise bad_request("Job property has an inactive value", "VALUE_INACTIVE")
    if label is not None:
        return state.PropertyValue(id=value_id, label=label)
    if known.label == settings.brand_property:
        raise bad_request("Brand is invalid", "INVALID_BRAND_VALUE")
    if known.label in settings.required_job_properties:
        raise bad_request("Job property has no such value", "INVALID_JOB_PROPERTY_VALUE_ID")
    return None
