"""The settings of the company: what it requires, forbids and limits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Settings of the company. The defaults require and forbid nothing.

    :param require_rejection_reason: REJECTED without a reason is refused
    :param require_withdrawal_reason: WITHDRAWN without a reason is refused
    :param statuses_without_reasons: statuses that take no reason, beside all but REJECTED and WITHDRAWN
    :param required_sub_statuses: by status of an application, the sub-statuses that it must have had before
    :param missing_is_denied: a job or candidate that is not there is answered like one without access, where the
        official document has no 404; if False, with 404
    :param approval_process: positions cannot be created, changed or deleted
    :param templates_forbidden: the caller may not turn a job into a template
    :param required_job_properties: labels of the job properties that a job must have
    :param inactive_property_values: labels of the values of job properties that are inactive
    :param brand_property: label of the job property that holds the brand
    :param forbidden_employment_types: by country code, the ids of types of employment that are not allowed there
    :param invalid_characters: characters that the texts of jobs and job ads must not contain; which ones
        SmartRecruiters refuses is not documented
    :param ads_per_job: job ads that a job can have
    :param published_ad_limit: job ads that can be published at once; None for no limit
    :param tags_per_call: tags that one request, and so a candidate, can hold
    :param tag_length: characters of the longest tag; another source than the official document says 150
    :param publish_delay: seconds from an accepted publication until it shows outside
    :param default_language: of a job ad that is sent without one
    :param caller_id: the user that the credentials belong to
    :param source_links: what the link of an application to its source names: the ids of type and source (``values``),
        the source's ``identifier``, or, as in older tenants, nothing, since there is ``none``
    """

    model_config = ConfigDict(extra="forbid")

    require_rejection_reason: bool = False
    require_withdrawal_reason: bool = False
    statuses_without_reasons: list[str] = []
    required_sub_statuses: dict[str, list[str]] = {}
    missing_is_denied: bool = True
    approval_process: bool = False
    templates_forbidden: bool = False
    required_job_properties: list[str] = []
    inactive_property_values: list[str] = []
    brand_property: str | None = None
    forbidden_employment_types: dict[str, list[str]] = {}
    invalid_characters: str = ""
    ads_per_job: int = 100
    published_ad_limit: int | None = None
    tags_per_call: int = 100
    tag_length: int = 50
    publish_delay: float = 0.1
    default_language: str = "en"
    caller_id: str
    source_links: Literal["values", "identifier", "none"] = "values"

    def has_invalid_characters(self, text: str) -> bool:
        """Return whether a text has one of ``invalid_characters``."""
        return not set(self.invalid_characters).isdisjoint(text)
