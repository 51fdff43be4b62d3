"""``PUT /jobs/{jobId}/jobads/{jobAdId}``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
)
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAdOperator
from tests.use_cases import job_content
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import AdContent, Tenant

TITLE = "Turbine technician, Gdynia"
TEXT = "<p>Five years on offshore towers. Żuraw licence.</p>"


class TestUpdateJobAd(UseCaseTests):
    operator = UpdateJobAdOperator
    use_case = "put_update_job_ad"
    ids = ("job_id", "job_ad_id")
    operation = "jobs.jobads.update"
    path = "/jobs/{job_id}/jobads/{job_ad_id}"
    status = 200
    reads = ("jobs.jobads.get",)
    reads_after = ("jobs.jobads.get",)
    needs_read = True
    sends_also = ("jobs.jobads.postings.all",)
    follows = ("jobs.jobads.postings.create",)
    scope = "jobs_manage"
    read_scope = "jobs_read"
    details: ClassVar = {"posting_status": "PUBLISHED", "needs_publishing": True}
    details_unchanged: ClassVar = {"posting_status": "PUBLISHED", "needs_publishing": False}
    refusals = (
        Refusal(
            "language that the API does not know",
            400,
            BadRequestError,
            ("language",),
            lambda _: {"language": "xx"},
            off_contract=("request",),
        ),
        Refusal(
            "characters that the API does not take",
            400,
            BadRequestError,
            ("special characters", "title"),
            lambda _: {"title": f"{TITLE} \N{WARNING SIGN}"},
            setting(invalid_characters="\N{WARNING SIGN}"),
            code="PROPERTY_INVALID",
        ),
        # The document has no other answer to a job without access.
        Refusal(
            "job that may be read only",
            404,
            NotFoundError,
            ("job_id", "administrator"),
            lambda state: asdict(state.read_only_job_ad),
        ),
        Refusal(
            "job out of reach",
            404,
            NotFoundError,
            ("job_id", "administrator"),
            lambda state: asdict(state.restricted_job_ad),
            operation="jobs.jobads.get",
        ),
        Refusal(
            "unknown job",
            404,
            NotFoundError,
            ("job_id", "job_ad_id"),
            lambda _: {"job_id": "unknown"},
            operation="jobs.jobads.get",
        ),
        Refusal(
            "ad of another job",
            404,
            NotFoundError,
            ("job_id", "job_ad_id"),
            lambda state: {"job_ad_id": state.a_job_ad(published=False).job_ad_id},
            operation="jobs.jobads.get",
        ),
    )
    bad_inputs = (
        BadInput("publishing always", {"publish": "always"}, ("publish",), ("never", "if_published")),
        BadInput(
            "nothing to change",
            {"title": None, "job_ad": None},
            ("title", "language", "location", "job_ad"),
            ("at least one",),
        ),
        BadInput("a text for a mapping", {"job_ad": "qualifications"}, ("job_ad",), ("a mapping",)),
        BadInput("an unknown section", {"job_ad": {"sections": {}}}, ("job_ad",), ("qualifications",)),
        BadInput(
            "a section that is too long",
            {"job_ad": {"videos": None, "jobDescription": {"text": "x" * 25_123}}},
            ("job_ad.jobDescription.text",),
            ("25,123", "24,999"),
        ),
        BadInput("a country in three letters", {"location": {"countryCode": "pol"}}, ("location.countryCode",)),
    )

    def arguments(self) -> dict[str, Any]:
        return {**asdict(self.state.a_job_ad()), "title": TITLE, "job_ad": {"qualifications": {"text": TEXT}}}

    def other_arguments(self) -> dict[str, Any]:
        other = self.state.a_job_ad(published=False, default=False)
        return {**asdict(other), "title": "Techniker (m/w/d)", "job_ad": {"jobDescription": {"text": "<p>Kurz.</p>"}}}

    def content(self, arguments: dict[str, Any]) -> AdContent:
        return self.state.job(arguments["job_id"]).ads[arguments["job_ad_id"]].content

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before, after = self.content(arguments), self.content(arguments)
        ((section, wanted),) = arguments["job_ad"].items()
        after.title, after.sections[section].text = arguments["title"], wanted["text"]
        old, new = before.sections[section].text or "", wanted["text"]
        lengths = {"title": (len(before.title), len(after.title)), f"jobAd.{section}.text": (len(old), len(new))}
        return Expected(
            body=job_content.ad(after),
            stored=after,
            diff=[{"field": name, "before_length": b, "after_length": a} for name, (b, a) in lengths.items()],
            lines=[f"{name}: {b} characters -> {a} characters" for name, (b, a) in lengths.items()],
            answer={"id": arguments["job_ad_id"], "title": after.title},
            free_text=[before.title, after.title, new, *job_content.free_text(before)],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.content(arguments)

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]].content.title = "Another title"

    def test_the_published_ad_stays_as_it_is_until_it_is_published_again(self) -> None:
        arguments = self.arguments()
        ids = arguments["job_id"], arguments["job_ad_id"]
        before = self.state.published(*ids)
        assert self.run(**arguments)["details"]["needs_publishing"] is True
        assert self.state.published(*ids) == before

    def test_an_ad_that_is_not_published_needs_no_publishing(self) -> None:
        details = self.run(**self.other_arguments())["details"]
        assert details == {"posting_status": "NOT_PUBLISHED", "needs_publishing": False}

    def test_language_and_location_in_part(self) -> None:
        arguments = asdict(self.state.a_job_ad())
        before = self.content(arguments)
        assert before.location is not None
        self.run(**arguments, language="pl", location='{"city": "Gdynia"}')
        after = self.content(arguments)
        # The coordinates belong to the old city and are dropped.
        moved = {"city": "Gdynia", "latitude": None, "longitude": None}
        location = before.location.model_copy(update=moved)
        assert after == before.model_copy(update={"language": "pl", "location": location})

    def test_none_removes_a_section(self) -> None:
        arguments = asdict(self.state.a_job_ad())
        before = self.content(arguments)
        result = self.run(**arguments, job_ad={"additionalInformation": None})
        assert result["fields"] == ["jobAd.additionalInformation.title", "jobAd.additionalInformation.text"]
        del before.sections["additionalInformation"]
        assert self.content(arguments) == before

    def test_an_incomplete_location_is_refused_by_its_missing_field(self) -> None:
        arguments = asdict(self.state.a_job_ad())
        with self.state.editing() as tenant:
            tenant.jobs[arguments["job_id"]].ads[arguments["job_ad_id"]].content.location = None
        with pytest.raises(InvalidInputError, match=r"location\.countryCode"):
            self.run(**arguments, location={"city": "Gdynia"})
        assert self.emulator.journal == []
