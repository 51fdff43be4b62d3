"""``PUT …/interviews/{interviewId}/timeslots/{timeslotId}/candidateStatus``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import NotFoundError, PermissionDeniedError, UnprocessableError
from airflow_provider_smartrecruiters.operators.interviews import UpdateCandidateTimeslotStatusOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, answered

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

STATUSES = ("accepted", "declined", "pending", "tentative")


def timeslot_of_another_interview(state: KnownRecords) -> dict[str, Any]:
    return {
        "interview_id": state.a_timeslot("pending").interview_id,
        "timeslot_id": state.read_only_timeslot.timeslot_id,
    }


class TestUpdateCandidateTimeslotStatus(UseCaseTests):
    operator = UpdateCandidateTimeslotStatusOperator
    use_case = "put_update_candidate_status_in_interview_timeslot"
    ids = ("interview_id", "timeslot_id")
    operation = "statuses.timeslot.candidate.put"
    path = "/interviews-api/v201904/interviews/{interview_id}/timeslots/{timeslot_id}/candidateStatus"
    status = 204
    reads = ("timeslots.get",)
    missing = (404, "TIMESLOT_NOT_FOUND")
    scope = "interviews_write"
    read_scope = "interviews_read"
    refusals = (
        Refusal(
            "interview that may be read only",
            403,
            PermissionDeniedError,
            ("administrator", "interviews_write"),
            lambda state: {**asdict(state.read_only_timeslot), "status": "declined"},
        ),
        Refusal(
            "interview out of reach",
            403,
            PermissionDeniedError,
            ("administrator", "interviews_read"),
            lambda state: asdict(state.restricted_timeslot),
            operation="timeslots.get",
        ),
        Refusal(
            "unknown interview",
            404,
            NotFoundError,
            ("interview_id", "created in the SmartRecruiters UI"),
            lambda _: {"interview_id": "unknown"},
            code="INTERVIEW_NOT_FOUND",
            operation="timeslots.get",
        ),
        Refusal(
            "unknown interview, written without reading",
            404,
            NotFoundError,
            ("interview_id", "created in the SmartRecruiters UI"),
            lambda _: {"interview_id": "unknown", "read_first": False},
            code="INTERVIEW_NOT_FOUND",
        ),
        Refusal(
            "timeslot of another interview",
            404,
            NotFoundError,
            ("interview_id", "timeslot_id", "belongs to the interview"),
            timeslot_of_another_interview,
            code="TIMESLOT_NOT_FOUND",
            operation="timeslots.get",
        ),
        Refusal(
            "unknown timeslot, written without reading",
            404,
            NotFoundError,
            ("interview_id", "timeslot_id"),
            lambda _: {"timeslot_id": "unknown", "read_first": False},
            code="TIMESLOT_NOT_FOUND",
        ),
        Refusal(
            "status that the interview does not take now",
            422,
            UnprocessableError,
            ("cancelled", "in the past"),
            provoke=answered(422),
        ),
    )
    bad_inputs = (
        BadInput("status in upper case", {"status": "ACCEPTED"}, ("status",), STATUSES),
        BadInput("the text null, which reads return for no status", {"status": "null"}, ("status",), ("template",)),
        BadInput("empty status", {"status": ""}, ("status",), STATUSES),
    )

    def arguments(self) -> dict[str, Any]:
        return {**asdict(self.state.a_timeslot("pending")), "status": "accepted"}

    def other_arguments(self) -> dict[str, Any]:
        return {**asdict(self.state.a_timeslot("tentative")), "status": "declined"}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before, after = self.stored(arguments), arguments["status"]
        return Expected(
            body={"status": after},
            stored=after,
            diff=[{"field": "status", "before": before, "after": after}],
            lines=[f"status: {before} -> {after}"],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.state.timeslot(arguments["interview_id"], arguments["timeslot_id"]).candidate_status

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.interviews[arguments["interview_id"]].timeslots[arguments["timeslot_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.interviews[arguments["interview_id"]].timeslots[arguments["timeslot_id"]].candidate_status = "tentative"

    @pytest.mark.parametrize("status", STATUSES)
    def test_every_status_can_be_set(self, status: str) -> None:
        arguments = {**self.arguments(), "status": status}
        assert self.run(**arguments)["changed"] is (status != "pending")
        assert self.stored(arguments) == status

    def test_a_read_of_the_text_null_counts_as_no_status(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        arguments = {**asdict(self.state.a_timeslot("null")), "status": "pending"}
        assert self.run(**arguments)["diff"] == [{"field": "status", "before": None, "after": "pending"}]
        assert "status: (not set) -> pending" in caplog.text

    def test_the_other_timeslots_stay(self) -> None:
        arguments = self.arguments()
        with self.state.editing() as tenant:
            interview = next(one for one in tenant.interviews.values() if len(one.timeslots) == 3)
            for timeslot in interview.timeslots.values():
                timeslot.candidate_status = "pending"
        first, *others = interview.timeslots
        self.run(interview_id=interview.id, timeslot_id=first, status=arguments["status"])
        assert [self.state.timeslot(interview.id, other).candidate_status for other in others] == ["pending"] * 2
