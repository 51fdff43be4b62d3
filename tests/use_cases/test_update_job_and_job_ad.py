"""``PUT /jobs/{jobId}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.emulator.tenant.places import COUNTRIES
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableError,
)
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobAndJobAdOperator
from tests.use_cases import job_content
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, answered, named_as_missing, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords
    from airflow_provider_smartrecruiters.emulator.tenant.state import Job, Tenant

TITLE = "Lead engineer, Gdynia hub"
TEXT = "<p>Ten years with gearboxes. Żuraw licence.</p>"


def unknown(name: str) -> Refusal:
    """Return the refusal of an id that is not on the company's list."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).replace("eeo", "EEO")
    return Refusal(
        f"unknown {words}",
        400,
        BadRequestError,
        (f"Choose {name}", "list"),
        lambda _: {"job": {name: {"id": "unknown"}}},
        code=f"{words.upper().replace(' ', '_')}_NOT_FOUND",
    )


def property_refusal(
    code: str, name: str, says: str, label: str, value: dict[str, Any] | None, **settings: Any
) -> Refusal:
    """
    Return the refusal of the value of a job property.

    :param label: the property, as the seeded company calls it.
    :param value: its new value; None to remove it.
    """

    def arguments(state: KnownRecords) -> dict[str, Any]:
        with state.editing() as tenant:
            known = next(one for one in tenant.job_properties.values() if one.label == label)
        # The id of a value, where its label stands for it here.
        ids = {text: value_id for value_id, text in known.values.items()}
        given = None if value is None else {key: ids.get(one, one) for key, one in value.items()}
        return {"job": {"properties": [{"id": known.id, "value": given}]}}

    return Refusal(name, 400, BadRequestError, (says, "job.properties"), arguments, setting(**settings), code)


PROPERTY_REFUSALS = (
    property_refusal(
        "JOB_PROPERTY_REQUIRED",
        "required property removed",
        "required: true",
        "Cost centre",
        None,
        required_job_properties=["Cost centre"],
    ),
    property_refusal(
        "INVALID_JOB_PROPERTY_VALUE_ID",
        "unknown value of a required property",
        "value.id",
        "Shift",
        {"id": "unknown"},
        required_job_properties=["Shift"],
    ),
    property_refusal(
        "INVALID_JOB_PROPERTY_VALUE_TYPE", "text for a property with a list", "value.label", "Shift", {"label": "Day"}
    ),
    property_refusal(
        "VALUE_INACTIVE",
        "inactive value",
        "inactive",
        "Shift",
        {"id": "Night"},
        inactive_property_values=["Night"],
    ),
    property_refusal(
        "INVALID_TEXT_FORMAT",
        "text with characters that the API does not take",
        "special characters",
        "Cost centre",
        {"label": "CC \N{WARNING SIGN}"},
        invalid_characters="\N{WARNING SIGN}",
    ),
    property_refusal(
        "INVALID_BRAND_VALUE", "unknown brand", "brand", "Shift", {"id": "unknown"}, brand_property="Shift"
    ),
)


class TestUpdateJobAndJobAd(UseCaseTests):
    operator = UpdateJobAndJobAdOperator
    use_case = "put_update_job_and_jobad"
    ids = ("job_id",)
    operation = "jobs.update"
    path = "/jobs/{job_id}"
    status = 200
    reads = ("jobs.get",)
    reads_after = ("jobs.get",)
    needs_read = True
    sends_also = ("jobs.jobads.all", "jobs.jobads.get", "jobs.jobads.postings.all")
    follows = ("jobs.jobads.postings.create",)
    # After a 400, which property is required?
    asks_after = (*UseCaseTests.asks_after, "configuration.job-properties.all")
    known: ClassVar = {
        "industry": ({"id": "renewables_environment"},),
        "function": ({"id": "engineering"},),
        "experienceLevel": ({"id": "associate"},),
        "department": ({"id": "18556"},),
        "typeOfEmployment": ({"id": "contract"},),
        "eeoCategory": ({"id": "1"},),
    }
    missing = (401, None)
    scope = "jobs_manage"
    read_scope = "jobs_read"
    refusals = (
        *map(unknown, ("department", "industry", "function", "typeOfEmployment", "experienceLevel", "eeoCategory")),
        Refusal(
            "unknown language",
            400,
            BadRequestError,
            ("language",),
            lambda _: {"job": {"jobAd": {"language": {"code": "xx"}}}},
            code="JOB_AD_LANGUAGE_NOT_FOUND",
            off_contract=("request",),
        ),
        *PROPERTY_REFUSALS,
        Refusal(
            "type of employment that the country does not allow",
            400,
            BadRequestError,
            ("typeOfEmployment", "location.countryCode"),
            lambda _: {"job": {"typeOfEmployment": {"id": "permanent"}}},
            setting(forbidden_employment_types={code: ["permanent"] for code in COUNTRIES}),
            code="TYPE_OF_EMPLOYMENT_NOT_ALLOWED",
        ),
        Refusal(
            "template by a role that may not manage templates",
            403,
            PermissionDeniedError,
            ("Leave out template", "administrator"),
            lambda _: {"job": {"template": True}},
            setting(templates_forbidden=True),
            code="JOB_TEMPLATES_MANAGEMENT_FORBIDDEN",
        ),
        Refusal(
            "job that may be read only",
            401,
            PermissionDeniedError,
            ("administrator", "jobs_manage"),
            lambda state: {"job_id": state.read_only_job_id},
        ),
        Refusal(
            "job out of reach",
            401,
            PermissionDeniedError,
            ("administrator", "jobs_read"),
            lambda state: {"job_id": state.restricted_job_id},
            operation="jobs.get",
        ),
        Refusal("unknown job, answered with 404", 404, NotFoundError, ("job_id",), provoke=named_as_missing),
        Refusal(
            "reference number instead of the id",
            401,
            PermissionDeniedError,
            ("job_id", "reference number", "does not exist"),
            lambda state: {"job_id": state.job(state.job_ids[0]).ref_number},
            operation="jobs.get",
        ),
        Refusal(
            "values that the API does not take",
            422,
            UnprocessableError,
            ("lists",),
            provoke=answered(422),
        ),
    )
    bad_inputs = (
        BadInput("publishing always", {"publish": "always"}, ("publish",), ("never", "if_published")),
        BadInput("nothing to change", {"job": {}}, ("job",), ("empty",)),
        BadInput("a text for a mapping", {"job": "title"}, ("job",), ("a mapping",)),
        BadInput("title that is too long", {"job": {"title": "x" * 257}}, ("job.title",), ("256",)),
        BadInput(
            "a section that is too long",
            {"job": {"jobAd": {"sections": {"qualifications": {"text": "x" * 25_000}}}}},
            ("job.jobAd.sections.qualifications.text",),
            ("25,000", "24,999"),
        ),
        BadInput("a long city", {"job": {"location": {"city": "x" * 129}}}, ("job.location.city",), ("128",)),
        BadInput("an industry without its id", {"job": {"industry": {"label": "Wind"}}}, ("job.industry.id",)),
        BadInput("an invalid date", {"job": {"targetHiringDate": "soon"}}, ("job.targetHiringDate",)),
        BadInput(
            "an incomplete replacement",
            {"replace": True},
            (
                "job.location.countryCode",
                "job.location.city",
                "job.industry.id",
                "job.function.id",
                "job.experienceLevel.id",
            ),
            ("SmartRecruiters requires",),
        ),
    )

    def arguments(self) -> dict[str, Any]:
        job = {
            "title": TITLE,
            "department": {"id": "18556"},
            "jobAd": {"sections": {"qualifications": {"text": TEXT}}},
        }
        return {"job_id": self.state.job_ids[0], "job": job}

    def other_arguments(self) -> dict[str, Any]:
        return {**self.arguments(), "job_id": self.state.job_ids[1]}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before, after = self.job(arguments), self.job(arguments)
        after.title, after.department_id = TITLE, "18556"
        old = after.default_ad.content.sections["qualifications"].text or ""
        after.default_ad.content.sections["qualifications"].text = TEXT
        return Expected(
            body=job_content.job(after),
            stored=self.comparable(after),
            diff=[
                {"field": "title", "before_length": len(before.title), "after_length": len(TITLE)},
                {"field": "department.id", "before": before.department_id, "after": "18556"},
                {
                    "field": "jobAd.sections.qualifications.text",
                    "before_length": len(old),
                    "after_length": len(TEXT),
                },
            ],
            lines=[
                f"title: {len(before.title)} characters -> {len(TITLE)} characters",
                f"department.id: {before.department_id} -> 18556",
                f"jobAd.sections.qualifications.text: {len(old)} characters -> {len(TEXT)} characters",
            ],
            answer={"id": after.id, "title": TITLE},
            free_text=[before.title, TITLE, TEXT, *job_content.free_text(before.default_ad.content)],
        )

    def job(self, arguments: dict[str, Any]) -> Job:
        return self.state.job(arguments["job_id"])

    def read(self, job_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = SmartRecruitersHook().request("GET", "/jobs/{jobId}", path_params={"jobId": job_id})
        return answer

    def comparable(self, job: Job) -> Any:
        ads = {ad.id: ad.model_dump(exclude=job_content.TIMES) for ad in job.ads.values()}
        return {**job.model_dump(exclude=job_content.TIMES), "ads": ads}

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.comparable(self.job(arguments))

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.jobs[arguments["job_id"]].title = "Another title"

    def test_the_longest_section(self) -> None:
        arguments = self.arguments()
        text = "ż" * 24_999
        self.run(**{**arguments, "job": {"jobAd": {"sections": {"qualifications": {"text": text}}}}})
        assert self.job(arguments).default_ad.content.sections["qualifications"].text == text

    def test_a_property_that_repeats_a_member_is_not_sent_back(self) -> None:
        arguments = self.arguments()
        before = self.job(arguments)
        answered = {item["id"]: item["label"] for item in self.read(before.id)["properties"]}
        assert {answered[one] for one in set(answered) - set(before.properties)} == {"Country", "Department"}
        result = self.run(**{**arguments, "job": {"department": {"id": "18556"}, "location": {"countryCode": "fr"}}})
        assert set(result["fields"]) >= {"department.id", "location.countryCode"}
        (write,) = self.emulator.journal
        assert {item["id"] for item in write.body["properties"]} == set(before.properties)
        after = self.job(arguments)
        assert (after.department_id, after.location.country_code) == ("18556", "fr")
        assert after.properties == before.properties

    def test_a_job_that_was_read_can_be_given_back(self) -> None:
        arguments = self.arguments()
        read = self.read(arguments["job_id"])
        assert self.run(job_id=arguments["job_id"], job=read)["changed"] is False
        changed = {**read, "department": {"id": "18556"}}
        assert self.run(job_id=arguments["job_id"], job=changed)["fields"] == ["department.id"]

    @pytest.mark.parametrize("value", [{"id": "fr"}, None])
    def test_a_property_that_repeats_a_member_cannot_be_set(self, value: Any) -> None:
        with pytest.raises(InvalidInputError, match=r"location\.countryCode"):
            self.run(job_id=self.state.job_ids[0], job={"properties": [{"id": "COUNTRY", "value": value}]})
        assert self.emulator.journal == []

    def test_a_region_code_outside_the_us_is_a_notice(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        result = self.run(job_id=self.state.job_ids[0], job={"location": {"countryCode": "de", "regionCode": "BE"}})
        assert "Give location.region" in result["details"]["notice"]
        assert "Give location.region" in " ".join(caplog.text.split())

    def test_none_removes_a_member(self) -> None:
        arguments = {**self.arguments(), "job": {"compensation": None, "refNumber": None}}
        before = self.stored(arguments)
        assert set(self.run(**arguments)["fields"]) == {
            "refNumber",
            "compensation.min",
            "compensation.max",
            "compensation.currency",
        }
        assert self.stored(arguments) == {**before, "compensation": None, "ref_number": None}

    def test_properties_are_changed_by_their_ids(self) -> None:
        arguments = self.arguments()
        before = self.job(arguments)
        (text, _), (choice, chosen) = before.properties.items()
        properties = [{"id": text, "value": {"label": "CC-7"}}]
        self.run(**{**arguments, "job": {"properties": properties}})
        after = self.job(arguments).properties
        assert after[text].label == "CC-7"
        assert after[choice] == chosen

    @pytest.mark.parametrize("readable", [True, False])
    def test_a_required_property_is_named(self, readable: bool) -> None:
        refusal = next(one for one in self.refusals if one.code == "JOB_PROPERTY_REQUIRED")
        arguments = refusal.arguments(self.state)
        if not readable:
            self.emulator.config.client_scopes -= {"configuration_read"}
        self.connect(oauth=True)
        error = self.refused(refusal, {**self.arguments(), **arguments})
        property_id = arguments["job"]["properties"][0]["id"]
        # By the API itself, and by id, as an argument needs it, if the list of properties can be read.
        assert "SmartRecruiters says: Job property is required: Cost centre." in str(error)
        assert (f'Required without a value: "Cost centre" (id {property_id}).' in str(error)) is readable
        assert error.code == refusal.code
        assert self.operations()[-1] == "configuration.job-properties.all"

    @pytest.mark.off_contract
    def test_ignored_properties_are_named(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        arguments = self.arguments()
        job = {"title": TITLE, "salaryBand": "B2", "properties": [{"id": "60f1", "value": {"label": "x"}}]}
        result = self.run(job_id=arguments["job_id"], job=job)
        ignored = result["details"].pop("ignored")
        assert set(ignored) == {"salaryBand", "properties[60f1].value.label"}
        assert result["details"] == {}
        assert f"SmartRecruiters did not keep {', '.join(ignored)}." in " ".join(caplog.text.split())
        assert self.job(arguments).title == TITLE

    @pytest.mark.parametrize("read_first", [True, False])
    def test_replace_removes_fields_that_are_left_out(self, read_first: bool) -> None:
        arguments = self.arguments()
        whole = job_content.job(self.job(arguments))
        kept = ("title", "location", "industry", "function", "experienceLevel")
        result = self.run(
            job_id=arguments["job_id"],
            job={name: whole[name] for name in kept},
            replace=True,
            read_first=read_first,
        )
        assert result["changed"] is (True if read_first else None)
        after = self.job(arguments)
        assert (after.department_id, after.compensation, after.properties) == (None, None, {})
        assert after.default_ad.content.sections == {}
        (write,) = self.emulator.journal
        assert set(write.body) == set(kept)

    def test_a_replacement_that_changes_nothing_sends_nothing(self) -> None:
        arguments = self.arguments()
        whole = job_content.job(self.job(arguments))
        assert self.run(job_id=arguments["job_id"], job=whole, replace="true")["changed"] is False
        assert self.emulator.journal == []

    def test_a_member_that_the_api_requires_cannot_be_removed(self) -> None:
        with pytest.raises(InvalidInputError, match=r"industry\.id"):
            self.run(job_id=self.state.job_ids[0], job={"industry": None})
        assert self.emulator.journal == []
