"""Parts that several answers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.http.operation import Call
from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES, LANGUAGES, REGIONS
from airflow_provider_smartrecruiters.emulator.tenant.state import AdContent, Location, StatusChange


def shown(record: BaseModel, members: Iterable[str] = (), /, **more: Any) -> dict[str, Any]:
    """Return a record under the API's names, without what has no value: the API sends no nulls.

    :param members: what to show of the record; by default everything
    :param more: members that the record does not hold as they are shown
    """
    own = {to_camel(name): getattr(record, name) for name in members or type(record).model_fields}
    return {name: value for name, value in {**own, **more}.items() if value is not None}


def action(call: Call, path: str) -> dict[str, str]:
    """Return a link to a read."""
    return {"url": call.base_url + path, "method": "GET"}


def source_path(type_id: str, source_id: str) -> str:
    """Return the path of a source of a type."""
    return f"/configuration/sources/{quote(type_id, safe='')}/values/{quote(source_id, safe='')}"


def language(code: str) -> dict[str, str]:
    """Return a language with its names, as far as they are known."""
    label, native = LANGUAGES.get(code, (code, code))
    return {"code": code, "label": label, "labelNative": native}


def location(place: Location) -> dict[str, Any]:
    """Return the location of a job or job ad."""
    return shown(
        place,
        country=COUNTRIES.get(place.country_code),
        region=place.region or REGIONS.get((place.country_code, place.region_code or "")),
        manual=False,
    )


def listed(content: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list that is not paged."""
    return {"totalFound": len(content), "content": content}


def history(changes: Iterable[StatusChange]) -> dict[str, Any]:
    """Return the status changes of an application or a job, without the optional links to who made them."""
    return listed([shown(change) for change in changes])


def ad_content(content: AdContent) -> dict[str, Any]:
    """Return what a reader of a job ad sees."""
    place = location(content.location) if content.location else None
    return shown(content, ("title",), language=language(content.language), location=place, jobAd=sections(content))


def sections(content: AdContent) -> dict[str, Any]:
    """Return the texts and videos of a job ad."""
    texts = {name: shown(section) for name, section in content.sections.items()}
    return texts if content.videos is None else {**texts, "videos": {"urls": content.videos}}


def labelled(labels: Mapping[str, str], record_id: str | None) -> dict[str, str] | None:
    """Return a choice with its label; None if nothing is chosen."""
    return {"id": record_id, "label": labels[record_id]} if record_id is not None else None
