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
    from airflow_provider_smartrecruiters.emulator.tenant.state import SourceLinks, Tenant

READ, FOLLOWED = "candidates.getApplication", "configuration.source.values.single"
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
    reads = (READ,)
    missing = (401, None)
    scope = "candidates_manage"
    read_scope = "candidates_read"
    links: ClassVar[SourceLinks] = "values"
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
            ("source_type_id", "source_sub_type_id", "lookup sources"),
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
        Refusal("candidate that may be read only", 401, PermissionDeniedError, ("administrator",), read_only),
        Refusal(
            "candidate that may be read only, with a token",
            401,
            PermissionDeniedError,
            ("administrator", "candidates_manage"),
            read_only,
            with_oauth,
        ),
        Refusal(
            "candidate out of reach",
            403,
            PermissionDeniedError,
            ("administrator", "candidates_read"),
            out_of_reach,
            operation=READ,
        ),
        Refusal(
            "unknown candidate",
            404,
            NotFoundError,
            ("candidate_id",),
            lambda _: {"candidate_id": "unknown"},
            operation=READ,
        ),
        Refusal(
            "candidate of another job",
            404,
            NotFoundError,
            ("candidate_id", "job_id"),
            not_assigned,
            operation=READ,
        ),
        Refusal(
            "candidate of another job, written without reading",
            404,
            NotFoundError,
            ("candidate_id", "job_id"),
            lambda state: {**not_assigned(state), "read_first": False},
        ),
        Refusal(
            "unknown candidate, written without reading",
            401,
            PermissionDeniedError,
            ("candidate_id", "does not exist"),
            lambda _: {"candidate_id": "unknown", "read_first": False},
        ),
        Refusal(
            "unknown candidate, answered with 404",
            404,
            NotFoundError,
            ("candidate_id",),
            lambda _: {"candidate_id": "unknown", "read_first": False},
            setting(missing_is_denied=False),
        ),
    )
    bad_inputs = (
        BadInput("empty source type", {"source_type_id": ""}, ("source_type_id",), ("empty",)),
        BadInput("unrendered source", {"source_id": "None"}, ("source_id",), ("template",)),
        BadInput("unrendered subtype", {"source_sub_type_id": "None"}, ("source_sub_type_id",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        application = self.state.applications()[0]
        with self.state.editing() as tenant:
            tenant.settings.source_links = self.links
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
        # The subtype takes another request, which is not sent where the type differs.
        before = dict(zip(FIELDS, (*self.stored(arguments)[:2], None), strict=True)) if self.told else {}
        diff = [
            {"field": field, "before": before.get(field), "after": value}
            for field, value in body.items()
            if before.get(field) != value
        ]
        return Expected(
            body=body,
            stored=(body["sourceTypeId"], body["sourceId"], body.get("sourceSubTypeId")),
            diff=diff,
            lines=[f"{item['field']}: {item['before'] or '(not read)'} -> {item['after']}" for item in diff],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        application = self.state.application(arguments["candidate_id"], arguments["job_id"])
        return application.source_type_id, application.source_id, application.source_sub_type_id

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.candidates[arguments["candidate_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        application = tenant.application(arguments["candidate_id"], arguments["job_id"])
        assert application is not None
        application.source_type_id, application.source_id, application.source_sub_type_id = "REFERRAL", "12", None

    def test_a_source_with_a_subtype(self) -> None:
        self.arguments()
        arguments = self.other_arguments()
        expected = self.expected(arguments)
        assert len(expected.body) == 3
        unread = {} if self.told else {"details": {"unread": list(expected.body)}}
        self.check_result(self.run(**arguments), arguments, expected, **unread)
        self.check_writes(arguments, expected)
        assert self.stored(arguments) == expected.stored
        result = self.run(**arguments)
        if self.told:
            # The application's link names type and source; the subtype is where the link leads to.
            self.check_unchanged(result, arguments, expected)
            self.check_writes(arguments, expected)
            assert self.operations()[-2:] == [READ, FOLLOWED]

    def test_an_empty_subtype_is_not_sent(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        self.run(**arguments, source_sub_type_id="")
        self.check_writes(arguments, expected)


class TestUpdateCandidateSourceWithoutALink(TestUpdateCandidateSource):
    """Older tenants."""

    told = False
    links = "none"
    details: ClassVar = {"unread": ["sourceTypeId", "sourceId"]}


class TestUpdateCandidateSourceWithALinkOfAnotherForm(TestUpdateCandidateSourceWithoutALink):
    """The form of the link is not documented, and may change."""

    links = "identifier"
