"""Complete PUT bodies of a job and an ad, built from the emulator's records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.emulator.tenant.places import REGIONS

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import AdContent, Job, Location

TIMES = {"created_on", "updated_on", "last_activity_on"}


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def location(place: Location) -> dict[str, Any]:
    return without_none(
        {
            "countryCode": place.country_code,
            "regionCode": place.region_code,
            "region": place.region or REGIONS.get((place.country_code, place.region_code or "")),
            "city": place.city,
            "address": place.address,
            "postalCode": place.postal_code,
            "remote": place.remote,
            "latitude": place.latitude,
            "longitude": place.longitude,
        }
    )


def sections(content: AdContent) -> dict[str, Any]:
    texts: dict[str, Any] = {name: without_none(text.model_dump()) for name, text in content.sections.items()}
    return texts | ({"videos": {"urls": content.videos}} if content.videos is not None else {})


def ad(content: AdContent) -> dict[str, Any]:
    """Return the body of ``PUT /jobs/{jobId}/jobads/{jobAdId}`` that changes nothing."""
    return without_none(
        {
            "title": content.title,
            "language": {"code": content.language},
            "location": location(content.location) if content.location else None,
            "jobAd": sections(content),
        }
    )


def job(stored: Job) -> dict[str, Any]:
    """Return the body of ``PUT /jobs/{jobId}`` that changes nothing."""
    identified = {
        "department": stored.department_id,
        "industry": stored.industry_id,
        "function": stored.function_id,
        "typeOfEmployment": stored.type_of_employment_id,
        "experienceLevel": stored.experience_level_id,
        "eeoCategory": stored.eeo_category_id,
    }
    content = stored.default_ad.content
    return without_none(
        {
            "title": stored.title,
            "refNumber": stored.ref_number,
            "targetHiringDate": stored.target_hiring_date,
            **{name: {"id": one} for name, one in identified.items() if one is not None},
            "location": location(stored.location),
            "template": stored.template,
            "compensation": without_none(stored.compensation.model_dump()) if stored.compensation else None,
            "jobAd": {"language": {"code": content.language}, "sections": sections(content)},
            "properties": [
                {"id": one, "value": {"id": value.id} if value.id else {"label": value.label}}
                for one, value in stored.properties.items()
            ],
        }
    )


def free_text(content: AdContent) -> list[str]:
    """Return the texts of an ad."""
    return [text.text for text in content.sections.values() if text.text]
