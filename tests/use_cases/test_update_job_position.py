"""``PUT /jobs/{jobId}/positions/{positionId}``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import NotFoundError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobPositionOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords
    from airflow_provider_smartrecruiters.emulator.tenant.state import Position, Tenant

NAME = "Wioletta Ćwiklińska-Nowakowska"
STARTS = "2027-03-01T00:00:00.000Z"


def external_id_for_an_id(state: KnownRecords) -> dict[str, Any]:
    known = state.a_position()
    return {"position_id": state.position(known.job_id, known.position_id).position_id}


class TestUpdateJobPosition(UseCaseTests):
    operator = UpdateJobPositionOperator
    use_case = "put_update_job_position"
    ids = ("job_id", "position_id")
    private = ("incumbent_name",)
    operation = "jobs.positions.update"
    path = "/jobs/{job_id}/positions/{position_id}"
    status = 201
    reads = ("jobs.positions.get",)
    reads_after = ("jobs.positions.get",)
    needs_read = True
    scope = "jobs_manage"
    read_scope = "jobs_read"
    refusals = (
        Refusal(
            "job that may be read only",
            403,
            PermissionDeniedError,
            ("administrator", "jobs_manage"),
            lambda state: asdict(state.read_only_position),
            code="PERMISSION_DENIED",
        ),
        Refusal(
            "company with an approval process",
            403,
            PermissionDeniedError,
            ("PATCH /jobs/{jobId}/headcount", "approval"),
            provoke=setting(approval_process=True),
            code="APPROVAL_PROCESS_ENABLED",
        ),
        Refusal(
            "job out of reach",
            403,
            PermissionDeniedError,
            ("administrator", "jobs_read"),
            lambda state: asdict(state.restricted_position),
            operation="jobs.positions.get",
        ),
        Refusal(
            "unknown job",
            404,
            NotFoundError,
            ("job_id", "position_id"),
            lambda _: {"job_id": "unknown"},
            operation="jobs.positions.get",
        ),
        Refusal(
            "external id instead of the position's id",
            404,
            NotFoundError,
            ("position_id", "external_position_id"),
            external_id_for_an_id,
            operation="jobs.positions.get",
        ),
    )
    bad_inputs = (
        BadInput(
            "nothing to change",
            {"type": None, "target_start_date": None, "incumbent_name": None},
            ("type", "position_open_date", "target_start_date", "external_position_id", "incumbent_name"),
            ("at least one",),
        ),
        BadInput("an unknown type", {"type": "new"}, ("type",), ("NEW", "REPLACEMENT")),
        BadInput("an invalid date", {"target_start_date": "soon"}, ("target_start_date",), ("2026-01-31",)),
        BadInput("unrendered name", {"incumbent_name": "None"}, ("incumbent_name",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        return {
            **asdict(self.state.a_position()),
            "type": "NEW",
            "target_start_date": "2027-03-01",
            "incumbent_name": NAME,
        }

    def other_arguments(self) -> dict[str, Any]:
        with self.state.editing() as tenant:
            job, position = next(
                (job, position)
                for job in tenant.jobs.values()
                for position in job.positions.values()
                if job.access == "full" and position.type == "REPLACEMENT" and job.id != self.arguments()["job_id"]
            )
        return {**self.arguments(), "job_id": job.id, "position_id": position.id}

    def position(self, arguments: dict[str, Any]) -> Position:
        return self.state.position(arguments["job_id"], arguments["position_id"])

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before = self.position(arguments)
        after = before.model_copy(update={"type": "NEW", "target_start_date": STARTS, "incumbent_name": NAME})
        assert before.incumbent_name is not None
        assert len(before.incumbent_name) < len(NAME)
        return Expected(
            body={
                "type": "NEW",
                "positionOpenDate": before.position_open_date,
                "targetStartDate": STARTS,
                "positionId": before.position_id,
                "incumbentName": NAME,
            },
            stored=after,
            diff=[
                {"field": "type", "before": "REPLACEMENT", "after": "NEW"},
                {"field": "targetStartDate", "before": before.target_start_date, "after": STARTS},
                {"field": "incumbentName", "before_length": len(before.incumbent_name), "after_length": len(NAME)},
            ],
            lines=[
                "type: REPLACEMENT -> NEW",
                f"targetStartDate: {before.target_start_date} -> {STARTS}",
                f"incumbentName: {len(before.incumbent_name)} characters -> {len(NAME)} characters",
            ],
            answer={"id": before.id, "positionId": before.position_id, "type": "NEW", "targetStartDate": STARTS},
            free_text=[before.incumbent_name, NAME],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.position(arguments)

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]].positions[arguments["position_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.jobs[arguments["job_id"]].positions[arguments["position_id"]].incumbent_name = "Somebody Else"

    @pytest.mark.parametrize(
        "moment",
        [
            date(2027, 3, 1),
            datetime(2027, 3, 1, tzinfo=UTC),
            datetime(2027, 3, 1),
            "2027-03-01",
            "2027-03-01T01:00:00+01:00",
            "2027-03-01T00:00:00Z",
        ],
        ids=str,
    )
    def test_one_date_in_many_formats(self, moment: Any) -> None:
        arguments = {**self.arguments(), "target_start_date": moment}
        self.run(**arguments)
        assert self.position(arguments).target_start_date == STARTS
        assert self.run(**{**arguments, "target_start_date": STARTS})["changed"] is False

    def test_external_position_id_is_not_the_id_of_the_record(self) -> None:
        ids = asdict(self.state.a_position())
        before = self.position(ids)
        self.run(**ids, external_position_id="POS-7")
        assert self.position(ids) == before.model_copy(update={"position_id": "POS-7"})

    def test_a_complete_position_can_be_written_without_a_read(self) -> None:
        arguments = {**self.arguments(), "position_open_date": "2027-01-01", "external_position_id": "POS-7"}
        result = self.run(**arguments, read_first=False)
        assert (result["changed"], result["applied"]) == (None, True)
        assert self.operations()[0] == self.operation
        assert self.position(arguments).position_id == "POS-7"

    def test_an_empty_form_field_keeps_the_value(self) -> None:
        arguments = self.arguments()
        before = self.position(arguments)
        empty = dict.fromkeys(("position_open_date", "target_start_date", "external_position_id", "incumbent_name"), "")
        self.run(**{**arguments, **empty})
        assert self.position(arguments) == before.model_copy(update={"type": "NEW"})
