"""``POST /jobs/{jobId}/positions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.tenant.state import Position
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.positions import CreateJobPositionOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, named_as_missing, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

NAME = "Wioletta Ćwiklińska-Nowakowska"
OPENS, STARTS = "2027-01-01T00:00:00.000Z", "2027-04-01T00:00:00.000Z"


class TestCreateJobPosition(UseCaseTests):
    operator = CreateJobPositionOperator
    use_case = "post_create_job_position"
    ids = ("job_id", "external_position_id")
    private = ("incumbent_name",)
    method = "POST"
    operation = "jobs.positions.create"
    path = "/jobs/{job_id}/positions"
    status = 201
    reads = ("jobs.positions.all",)
    needs_read = True
    creates = True
    scope = "jobs_manage"
    read_scope = "jobs_read"
    missing = (403, "PERMISSION_DENIED")
    refusals = (
        Refusal(
            "company with an approval process",
            403,
            PermissionDeniedError,
            ("PATCH /jobs/{jobId}/headcount", "approval"),
            provoke=setting(approval_process=True),
            code="APPROVAL_PROCESS_ENABLED",
        ),
        Refusal(
            "job that may be read only",
            403,
            PermissionDeniedError,
            ("administrator", "jobs_manage"),
            lambda state: {"job_id": state.read_only_job_id},
            code="PERMISSION_DENIED",
        ),
        Refusal(
            "job out of reach",
            403,
            PermissionDeniedError,
            ("administrator", "jobs_read"),
            lambda state: {"job_id": state.restricted_job_id},
            operation="jobs.positions.all",
        ),
        Refusal(
            "unknown job",
            403,
            PermissionDeniedError,
            ("job_id", "reference number"),
            lambda _: {"job_id": "REF100W"},
            operation="jobs.positions.all",
        ),
        Refusal(
            "job that is not there, as other parts of the API answer",
            404,
            NotFoundError,
            ("job_id", "reference number"),
            provoke=named_as_missing,
        ),
    )
    bad_inputs = (
        BadInput("an unknown type", {"type": "new"}, ("type",), ("NEW", "REPLACEMENT")),
        BadInput("no open date", {"position_open_date": ""}, ("position_open_date",), ("empty",)),
        BadInput("an invalid date", {"target_start_date": "soon"}, ("target_start_date",), ("2026-01-31",)),
        BadInput("unrendered name", {"incumbent_name": "None"}, ("incumbent_name",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        return {
            "job_id": self.state.job_ids[0],
            "external_position_id": "POS-2027-001",
            "type": "REPLACEMENT",
            "position_open_date": "2027-01-01",
            "target_start_date": "2027-04-01",
            "incumbent_name": NAME,
        }

    def other_arguments(self) -> dict[str, Any]:
        return {**self.arguments(), "job_id": self.state.job_ids[1]}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        values = {
            "positionId": arguments["external_position_id"],
            "type": "REPLACEMENT",
            "positionOpenDate": OPENS,
            "targetStartDate": STARTS,
        }
        return Expected(
            body={**values, "incumbentName": NAME},
            stored=[(arguments["external_position_id"], "REPLACEMENT", OPENS, STARTS, NAME)],
            diff=[
                *({"field": name, "before": None, "after": value} for name, value in values.items()),
                {"field": "incumbentName", "before_length": None, "after_length": len(NAME)},
            ],
            lines=[
                *(f"{name}: (not set) -> {value}" for name, value in values.items()),
                f"incumbentName: (not set) -> {len(NAME)} characters",
            ],
            answer={**values, "incumbentName": NAME, "status": "OPEN"},
            free_text=[NAME],
        )

    def positions(self, arguments: dict[str, Any]) -> list[Position]:
        found = self.state.job(arguments["job_id"]).positions.values()
        return [one for one in found if one.position_id == arguments["external_position_id"]]

    def stored(self, arguments: dict[str, Any]) -> Any:
        return [
            (one.position_id, one.type, one.position_open_date, one.target_start_date, one.incumbent_name)
            for one in self.positions(arguments)
        ]

    def check_result(
        self, result: dict[str, Any], arguments: dict[str, Any], expected: Expected, **differently: Any
    ) -> None:
        there = self.positions(arguments)
        details = {"position_id": there[0].id} if there else {}
        super().check_result(result, arguments, expected, **{**differently, "details": details})

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        other = Position(
            id="somebody-else-s",
            position_id=arguments["external_position_id"],
            type="NEW",
            position_open_date=OPENS,
            target_start_date=STARTS,
        )
        tenant.jobs[arguments["job_id"]].positions[other.id] = other

    def place(self, tenant: Tenant, ids: dict[str, str]) -> None:
        """The job is there; the position is what is created."""

    @pytest.mark.parametrize("plan_only", [True, False])
    def test_a_position_of_that_id_with_other_content_is_refused(self, plan_only: bool) -> None:
        arguments = self.arguments()
        with self.state.editing() as tenant:
            self.meddle(tenant, arguments)
        with pytest.raises(InvalidInputError, match="differs in type, incumbent_name") as caught:
            self.run(**arguments, plan_only=plan_only)
        assert "UpdateJobPositionOperator with position_id somebody-else-s" in caught.value.hint
        assert self.emulator.journal == []

    def test_one_of_several_that_is_as_requested_settles_it(self) -> None:
        arguments = self.arguments()
        self.run(**arguments)
        with self.state.editing() as tenant:
            self.meddle(tenant, arguments)
        assert self.run(**arguments)["changed"] is False

    def test_a_lost_answer_creates_one_position_and_tells_its_id(self) -> None:
        arguments = self.arguments()
        self.emulator.fail_next(self.operation, "reset_after")
        result = self.run(**arguments)
        (there,) = self.positions(arguments)
        assert result["details"] == {"confirmed_by_read": True, "position_id": there.id}

    def test_a_request_that_was_lost_is_sent_again(self) -> None:
        self.emulator.fail_next(self.operation, "reset_before")
        assert self.run(**self.arguments())["applied"] is True
        assert len(self.positions(self.arguments())) == 1
