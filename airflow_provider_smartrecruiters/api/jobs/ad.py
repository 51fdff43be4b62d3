"""The change to one of a job's ads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs.job import JOB_AD, JobChange, incomplete
from airflow_provider_smartrecruiters.api.publishing import Publishing
from airflow_provider_smartrecruiters.api.records.job_content import (
    SECTIONS,
    SHOWN,
    LocationFields,
    SectionsFields,
    compared_job_ad,
    job_ad_input,
    merge,
    missing,
    region_notice,
)
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import not_one_of
from airflow_provider_smartrecruiters.api.values.diff import FieldDiff
from airflow_provider_smartrecruiters.api.values.fields import OptionalText, RecordId, check_json
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError


class UpdateJobAd(Publishing, JobChange):
    """Change a job ad. Only the given parts change; the rest of the ad is kept.

    Sends ``PUT /jobs/{jobId}/jobads/{jobAdId}``. API reference: https://developers.smartrecruiters.com/reference
    (operation ``jobs.jobads.update``).

    Career sites, widgets and aggregators show the change only after the ad is published again: with ``publish``, or
    with :class:`.PublishJobAd`.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job_ad_id: id of one of the job's ads.
    :param title: title of the ad.
    :param language: language code of the ad, ``en``.
    :param location: any of ``{"countryCode", "city", "region", "regionCode", "address", "postalCode", "remote",
        "latitude", "longitude"}``; ``regionCode`` is for the US. None as a value removes the member.
    :param job_ad: sections to change: ``{"jobDescription": {"title", "text"}, …}``. The sections are
        ``companyDescription``, ``jobDescription``, ``qualifications``, ``additionalInformation`` and ``videos``
        (``{"urls": […]}``). A text has at most 24,999 characters. None as a value removes the section.
    :param publish: ``never``, or ``if_published`` to publish the ad again if it is published and its latest edit does
        not show, whoever made it: ``POST /jobs/{jobId}/jobads/{jobAdId}/postings``. An ad that is not published stays
        so.
    :param aggregators: whether an ad that is published again goes to free job aggregators as well.
    :param wait_for_completion: wait until SmartRecruiters has published the ad again.
    :param wait_timeout: seconds to wait, 10 to 86,400.
    """

    use_case: ClassVar[str] = "put_update_job_ad"
    endpoint: ClassVar[str] = f"PUT {JOB_AD}"
    record: ClassVar[str | None] = JOB_AD
    subject: ClassVar[str] = "ad {job_ad_id} of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id", "job_ad_id")
    shown: ClassVar[tuple[str, ...]] = (*SHOWN, "latestEdit")
    enumerated: ClassVar[tuple[str, ...]] = ("latestEdit",)
    whole: ClassVar[bool] = True
    never_removed: ClassVar[tuple[str, ...]] = ("language.code",)
    not_undone: ClassVar[str] = "results never hold text that people wrote, and so not the earlier ad"
    hints: ClassVar[Hints] = hints.JOB_AD

    job_ad_id: RecordId
    title: OptionalText = None
    language: OptionalText = None
    location: LocationFields | None = None
    job_ad: SectionsFields | None = None

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.given:
            names = ("title", "language", "location", "job_ad")
            raise InvalidInputError(f"at least one of {', '.join(names)} is required", fields=names)
        for name in self.job_ad.given() if self.job_ad else ():
            if name not in SECTIONS:
                raise InvalidInputError(
                    f"job_ad has an unknown section: its name {not_one_of(name, SECTIONS)}", fields=("job_ad",)
                )
        check_json(self.given, "job_ad")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The parts of the ad to change, by the API's names."""
        given: dict[str, Any] = {}
        if self.title is not None:
            given["title"] = self.title
        if self.language is not None:
            given["language"] = {"code": self.language}
        if self.location and self.location.given():
            given["location"] = self.location.given()
        if self.job_ad and self.job_ad.given():
            given["jobAd"] = self.job_ad.given()
        return given

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the write replaces the ad, so the rest of it must be sent back."""
        return "the rest of the ad must be read, or the write would remove it"

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if a ``regionCode`` outside the US is given."""
        if notice := region_notice(self.location, state.get("location")):
            yield notice

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the ad that a PUT accepts."""
        return job_ad_input(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole ad with the arguments merged into it.

        :raises InvalidInputError: the given location lacks the country or the city.
        """
        body = merge(job_ad_input(state), self.given)
        if "location" in body and (absent := missing(body, ("location.countryCode", "location.city"))):
            if self.location:
                raise incomplete(absent)
            # An incomplete location, which the API returns but does not accept; `details` names what is not kept.
            del body["location"]
        return body

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return an ad in normal form. An incomplete location cannot be written, so it is not a difference."""
        compared = compared_job_ad(content)
        if missing(compared, ("location.countryCode", "location.city")) and not self.location:
            compared.pop("location", None)
        return compared

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return the posting status, and whether the ad must be published again for the change to become visible."""
        posting = state.get("postingStatus")
        details = {"posting_status": posting, "needs_publishing": bool(diffs) and posting == "PUBLISHED"}
        location = job_ad_input(state).get("location") or {}
        if location and diffs and not self.location and missing(location, ("countryCode", "city")):
            details["not_kept"] = [f"location.{name}" for name in location]
        return details

    def followed_by(self, client: SmartRecruitersClient, *, writes: bool) -> Change | None:
        """Return the publication of the ad, if :attr:`publish` asks for it."""
        return self.published_again(self.job_ad_id, edited=writes) if self.publishes else None

    def remarks(self, details: Mapping[str, Any]) -> Iterator[str]:
        """Yield what has to be done until applicants see the change, and what a write cannot keep."""
        if details.get("needs_publishing") and not self.publishes:
            yield (
                "The ad is published. Publish it again, so that the career sites show the change: set publish to "
                "if_published, or use PublishJobAdOperator."
            )
        if self.publishes and details.get("posting_status") not in (None, "PUBLISHED"):
            yield "The ad is not published, so applicants do not see the change. PublishJobAdOperator publishes it."
        if lost := details.get("not_kept"):
            yield f"Not kept, because the API does not accept an incomplete location: {', '.join(lost)}."
