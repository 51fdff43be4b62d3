"""Parts that several answers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_smartrecruiters.emulator.http.operation import Call
from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES, LANGUAGES, REGIONS
from airflow_provider_smartrecruiters.emulator.tenant.state import AdContent, Location


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Drop members without a value: the API sends no nulls where none are documented."""
    return {name: value for name, value in fields.items() if value is not None}


def action(call: Call, path: str) -> dict[str, str]:
    """Return a link to a read."""
    return {"url": call.base_url + path, "method": "GET"}


def language(code: str) -> dict[str, str]:
    """Return a language with its names, as far as they are known."""
    label, native = LANGUAGES.get(code, (code, code))
    return {"code": code, "label": label, "labelNative": native}


def location(place: Location) -> dict[str, Any]:
    """Return the location of a job or job ad."""
    return without_none(
        {
            "country": COUNTRIES.get(place.country_code),
            "countryCode": place.country_code,
            "regionCode": place.region_code,
            "region": REGIONS.get((place.country_code, place.region_code or "")),
            "city": place.city,
            "address": place.address,
            "postalCode": place.postal_code,
            "longitude": place.longitude,
            "latitude": place.latitude,
            "manual": False,
            "remote": place.remote,
        }
    )


def listed(content: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list that is not paged."""
    return {"totalFound": len(content), "content": content}


def ad_content(content: AdContent) -> dict[str, Any]:
    """Return what a reader of a job ad sees."""
    return {
        "title": content.title,
        "language": language(content.language),
        "location": location(content.location) if content.location else None,
        "jobAd": sections(content),
    }


def sections(content: AdContent) -> dict[str, Any]:
    """Return the texts and videos of a job ad."""
    shown: dict[str, Any] = {
        name: without_none({"title": section.title, "text": section.text}) for name, section in content.sections.items()
    }
    if content.videos is not None:
        shown["videos"] = {"urls": content.videos}
    return shown


def labelled(labels: Mapping[str, str], record_id: str | None) -> dict[str, str] | None:
    """Return a choice with its label; None if nothing is chosen."""
    return {"id": record_id, "label": labels[record_id]} if record_id is not None else None
