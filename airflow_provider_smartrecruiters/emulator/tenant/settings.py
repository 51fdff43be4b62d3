"""The settings of the company: what it requires, forbids and limits."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airflow_provider_smartrecruiters.emulator.nearest import did_you_mean, near_choice

ApplicationStatus = Literal[
    "LEAD", "NEW", "IN_REVIEW", "INTERVIEW", "OFFERED", "HIRED", "REJECTED", "WITHDRAWN", "TRANSFERRED"
]


class Settings(BaseModel):
    """Settings of the company. The defaults require and forbid nothing; each field's description says what it does.

    The command line shows these descriptions.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True)

    require_rejection_reason: bool = Field(False, description="REJECTED without a reason is refused")
    require_withdrawal_reason: bool = Field(False, description="WITHDRAWN without a reason is refused")
    statuses_without_reasons: list[ApplicationStatus] = Field(
        [], description="statuses that take no reason, beside all but REJECTED and WITHDRAWN"
    )
    required_sub_statuses: dict[ApplicationStatus, list[str]] = Field(
        {}, description="by status of an application, the sub-statuses that it must have had before"
    )
    missing_is_denied: bool = Field(
        True,
        description="a job or candidate that does not exist is answered like one without access, where the official "
        "document has no 404; if false, with 404",
    )
    approval_process: bool = Field(
        False, description="positions cannot be created, changed or deleted; the headcount is changed by an approval"
    )
    approvals_cannot_start: bool = Field(False, description="a change of the headcount is refused")
    templates_forbidden: bool = Field(False, description="the caller may not turn a job into a template")
    required_job_properties: list[str] = Field([], description="labels of the job properties that a job must have")
    inactive_property_values: list[str] = Field(
        [], description="labels of the values of job properties that are inactive"
    )
    brand_property: str | None = Field(None, description="label of the job property that holds the brand")
    forbidden_employment_types: dict[str, list[str]] = Field(
        {}, description="by country code, the ids of types of employment that are not allowed there"
    )
    invalid_characters: str = Field(
        "",
        description="characters that the texts of jobs and job ads must not contain; which ones SmartRecruiters "
        "refuses is not documented",
    )
    ads_per_job: int = Field(100, description="job ads that a job can have")
    published_ad_limit: int | None = Field(None, description="job ads that can be published at once; null for no limit")
    tags_per_call: int = Field(100, description="tags that one request, and so a candidate, can hold")
    tag_length: int = Field(
        50, description="characters of the longest tag; another source than the official document says 150"
    )
    onboarding: bool = Field(False, description="the company uses the onboarding status of candidates")
    page_overlap: int = Field(
        0,
        ge=0,
        le=9,
        description="candidates that each page of their list repeats from the page before: no order is promised, and "
        "what changes during a search moves",
    )
    audit_delay: float = Field(
        0.0,
        ge=0,
        description="seconds from a change until the audit log has it; SmartRecruiters does not say how many it takes",
    )
    publish_delay: float = Field(0.1, description="seconds from an accepted publication until it shows outside")
    default_language: str = Field("en", description="language of a job ad that is sent without one")
    caller_id: str = Field(description="id of the user that the credentials belong to")
    source_links: Literal["values", "identifier", "none"] = Field(
        "values",
        description="what the link of an application to its source names: the ids of type and source (values), the "
        "source's identifier, or, as in older tenants, nothing, since there is none",
    )

    def has_invalid_characters(self, text: str) -> bool:
        """Return whether a text has one of ``invalid_characters``."""
        return not set(self.invalid_characters).isdisjoint(text)

    def changed(self, given: Mapping[str, Any]) -> Self:
        """Return the settings with some of them replaced.

        :param given: by name
        :raises ValueError: an unknown setting or an invalid value; names it, and says what is valid
        """
        for name in given:
            check_name(name, type(self).model_fields)
        try:
            return type(self).model_validate({**self.model_dump(), **given})
        except ValidationError as problem:
            raise ValueError("; ".join(_said(error) for error in problem.errors(include_url=False))) from None


def check_name(name: str, known: Mapping[str, Any]) -> None:
    """Check the name of a setting.

    :param known: the settings, by name
    :raises ValueError: it is unknown; names the nearest ones, and lists the known ones
    """
    if name not in known:
        raise ValueError(f"Unknown setting {name!r}.{did_you_mean(name, known)} Settings: {', '.join(sorted(known))}")


def value_of(name: str, text: str) -> Any:
    """Read the value of a setting from the command line: JSON, plain text, or a list with commas in between.

    :param name: of a field of :class:`Settings`
    :param text: ``150``, ``true``, ``none``, ``REJECTED,WITHDRAWN``, ``{"OFFERED": ["On-site"]}``
    :return: the value, which :meth:`Settings.changed` checks
    """
    kind = Settings.model_fields[name].annotation
    structured = get_origin(kind) in (list, dict)
    if structured and not text.lstrip().startswith(("[", "{")):
        return [part.strip() for part in text.split(",")] if get_origin(kind) is list else text
    # Pydantic reads numbers and switches from text. Of JSON, only what text cannot say is left.
    if structured or text == "null":
        with contextlib.suppress(ValueError):
            return json.loads(text)
        return text
    return text.strip('"') if kind in (str, str | None) or get_origin(kind) is Literal else text


def _said(error: Any) -> str:
    return f"{error['loc'][0]} cannot be {error['input']!r}: {error['msg']}.{near_choice(error)}"
