"""The properties of a job that repeat another member of it.

SmartRecruiters answers the country and the department of a job a second time, among its properties. A PUT that sent
such a copy back would contradict itself as soon as the member changes. So copies are left out, and the member carries
the value. All other properties, brands among them, have no other place in the request and are sent back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_smartrecruiters.api.values.diff import flatten
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

_COUNTRY = "COUNTRY"
"""Id of the property that repeats the country, in every company. The ids of other properties are the company's own."""


def copies(job: Mapping[str, Any]) -> dict[str, str]:
    """Return the properties that only repeat a member.

    :param job: a job as the API answers it; ``{}`` if it was not read.
    :return: id of the property to the dotted name of the member: ``{"COUNTRY": "location.countryCode"}``.
    """
    department = _choice(job.get("department"))
    # By id and label of the value: an id alone may be the same by chance. Not by the label of the property, which a
    # company may write in its own language.
    repeated = [item for item in job.get("properties") or () if department and _choice(item.get("value")) == department]
    return {_COUNTRY: "location.countryCode"} | {item["id"]: "department.id" for item in repeated}


def without_copies(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job, as the API answers it, without the properties that only repeat a member."""
    if not job.get("properties"):
        return dict(job)
    left_out = copies(job)
    return {**job, "properties": [item for item in job["properties"] if item.get("id") not in left_out]}


def given_without_copies(given: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """Return given parts of a job without the properties that only repeat a member: a job that was read has them.

    :param given: the given parts, in the form of a request.
    :param job: the job as the API answered it; ``{}`` if it was not read.
    :raises InvalidInputError: such a property is given with another value than the member has.
    """
    if not given.get("properties"):
        return dict(given)
    repeated, wanted, there = copies(job), flatten(given), flatten(job)
    kept = []
    for index, item in enumerate(given["properties"]):
        if (member := repeated.get(item["id"])) is None:
            kept.append(item)
        elif not _is_one_of(item.get("value"), wanted.get(member), there.get(member)):
            raise InvalidInputError(
                f"job.properties[{index}] is SmartRecruiters' own copy of {member} and cannot be set on its own.",
                hint=f"Give job.{member} instead of the property.",
                fields=(f"job.properties[{index}]", f"job.{member}"),
            )
    return {**given, "properties": kept}


def _choice(value: Any) -> tuple[Any, Any] | None:
    """Return the id and label of a value from a list; None for any other value."""
    if not isinstance(value, Mapping) or not (value.get("id") and value.get("label")):
        return None
    return value["id"], value["label"]


def _is_one_of(value: Any, *members: Any) -> bool:
    # Codes of countries are the same in capitals.
    one = value.get("id") if isinstance(value, Mapping) else None
    return one is not None and str(one).casefold() in {str(member).casefold() for member in members}
