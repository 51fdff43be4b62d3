"""``PUT /candidates/{id}/jobs/{jobId}/source``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateSourceOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, setting, with_oauth

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords

FIELDS = {"sourceTypeId": "source_type_id", "sourceId": "source_id", "sourceSubTypeId": "source_sub_type_id"}


def out_of_reach(state: KnownRecords) -> dict[str, Any]:
    application = state.restricted_application
    return {"candidate_id": application.candidate_id, "job_id": application.job_id}


def read_only(state: KnownRecords) -> dict[str, Any]:
    application = state.read_only_application
    return {"candidate_id": application.candidate_id, "job_id": application.job_id}


def not_assigned(state: KnownRecords) -> dict[str, Any]:
    return {"job_id": state.job_without(state.applications()[0].candidate_id)}


def deleted_source(state: KnownRecords) -> dict[str, Any]:
    with state.editing() as tenant:
        return {"source_id": next(one.id for one in tenant.source_types["CAREER_SITE"].values if one.deleted)}


class TestUpdateCandidateSource(UseCaseTests):
    operator = UpdateCandidateSourceOperator
    use_case = "put_update_candidates_source"
    ids = ("candidate_id", "job_id")
    operation = "candidates.source.update"
    path = "/candidates/{candidate_id}/jobs/{job_id}/source"
    status = 204
    scope = "candidates_manage"
    known: ClassVar = {
        # Often the three that go together: few other combinations are written at all.
        "source_type_id": ("JOB_BOARD", "JOB_BOARD", "JOB_BOARD", "REFERRAL"),
        "source_sub_type_id": ("STANDARD", "STANDARD", "STANDARD", ""),
        "source_id": ("1", 1, "1", 1, "2"),
    }
    refusals = (
        Refusal(
            "unknown source type",
            400,
            BadRequestError,
            ("source_type_id", "source types"),
            lambda _: {"source_type_id": "NEWSPAPER"},
            code="INVALID_SOURCE_TYPE",
        ),
        Refusal(
            "subtype missing",
            400,
            BadRequestError,
            ("Give source_sub_type_id",),
            lambda state: {
                "source_type_id": state.a_source(with_subtype=True).source_type_id,
                "source_sub_type_id": "",
            },
            code="SUBTYPE_REQUIRED",
        ),
        Refusal(
            "unknown source",
            400,
            BadRequestError,
            ("source_id", "sourceIdentifier"),
            lambda _: {"source_id": "unknown"},
            code="INVALID_SOURCE",
        ),
        Refusal("deleted source", 400, BadRequestError, ("source_id",), deleted_source, code="INVALID_SOURCE"),
        # The API answers 401 where others answer 403.
        Refusal("candidate out of reach", 401, PermissionDeniedError, ("administrator", "credential"), out_of_reach),
        Refusal("candidate that may be read only", 401, PermissionDeniedError, ("administrator",), read_only),
        Refusal(
            "candidate out of reach, with a token",
            401,
            PermissionDeniedError,
            ("administrator", "candidates_manage"),
            out_of_reach,
            with_oauth,
        ),
        Refusal(
            "unknown candidate",
            401,
            PermissionDeniedError,
            ("candidate_id", "does not exist"),
            lambda _: {"candidate_id": "unknown"},
        ),
        Refusal(
            "unknown candidate, answered with 404",
            404,
            NotFoundError,
            ("candidate_id",),
            lambda _: {"candidate_id": "unknown"},
            setting(missing_is_denied=False),
        ),
        Refusal("candidate of another job", 404, NotFoundError, ("candidate_id", "job_id"), not_assigned),
    )
    bad_inputs = (
        BadInput("empty source type", {"source_type_id": ""}, ("source_type_id",), ("empty",)),
        BadInput("unrendered source", {"source_id": "None"}, ("source_id",), ("template",)),
        BadInput("unrendered subtype", {"source_sub_type_id": "None"}, ("source_sub_type_id",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        application = self.state.applications()[0]
        with self.state.editing() as tenant:
            # A known source, independent of the seed.
            stored = tenant.application(application.candidate_id, application.job_id)
            assert stored is not None
            stored.source_type_id, stored.source_id, stored.source_sub_type_id = "REFERRAL", "11", None
        source = self.state.a_source()
        return {
            "candidate_id": application.candidate_id,
            "job_id": application.job_id,
            "source_type_id": source.source_type_id,
            "source_id": source.source_id,
        }

    def other_arguments(self) -> dict[str, Any]:
        application, source = self.state.applications()[1], self.state.a_source(with_subtype=True)
        return {
            "candidate_id": application.candidate_id,
            "job_id": application.job_id,
            "source_type_id": source.source_type_id,
            "source_id": source.source_id,
            "source_sub_type_id": source.source_sub_type_id,
        }

    def expected(self, arguments: dict[str, Any]) -> Expected:
        body = {field: arguments[name] for field, name in FIELDS.items() if name in arguments}
        return Expected(
            body=body,
            stored=(body["sourceTypeId"], body["sourceId"], body.get("sourceSubTypeId")),
            diff=[{"field": field, "before": None, "after": value} for field, value in body.items()],
            lines=[f"{field}: (not read) -> {value}" for field, value in body.items()],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        application = self.state.application(arguments["candidate_id"], arguments["job_id"])
        return application.source_type_id, application.source_id, application.source_sub_type_id

    def test_a_source_with_a_subtype(self) -> None:
        arguments = self.other_arguments()
        expected = self.expected(arguments)
        assert len(expected.body) == 3
        self.check_result(self.run(**arguments), arguments, expected)
        self.check_writes(arguments, expected)
        assert self.stored(arguments) == expected.stored

    def test_an_empty_subtype_is_not_sent(self) -> None:
        arguments = self.arguments()
        self.run(**arguments, source_sub_type_id="")
        self.check_writes(arguments, self.expected(arguments))
