"""``PUT /candidates/{id}/jobs/{jobId}/status``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.exceptions import BadRequestError
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateJobStatusOperator
from tests.use_cases.applications import REFUSALS, ApplicationStatusTests, bad_request, coded, ids, step_omitted
from tests.use_cases.refusals import BadInput, Refusal, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords

STATUSES = ("LEAD", "NEW", "IN_REVIEW", "INTERVIEW", "OFFERED", "HIRED", "REJECTED", "WITHDRAWN", "TRANSFERRED")
FIELDS = {"status": "status", "subStatus": "sub_status", "startsOn": "starts_on", "reason": "reason_id"}
NO_STEP = {"sub_status": ""}


def step_of_another_process(state: KnownRecords) -> dict[str, Any]:
    job_id = state.applications("IN_REVIEW")[0].job_id
    with state.editing() as tenant:
        (other, *_) = [
            one for one in tenant.hiring_processes.values() if one.id != tenant.jobs[job_id].hiring_process_id
        ]
        other.sub_statuses = {**other.sub_statuses, "INTERVIEW": ["Coffee"]}
    return {"sub_status": "Coffee"}


class TestUpdateCandidateJobStatus(ApplicationStatusTests):
    operator = UpdateCandidateJobStatusOperator
    apply_looks_up = plan_looks_up = ("configuration.hiring-process.all",)
    looks_up: ClassVar = {"configuration.hiring-process.all": frozenset()}
    use_case = "put_update_candidates_job_status"
    refusals = (
        *REFUSALS,
        bad_request(
            "rejection without the reason that the company requires",
            {"status": "REJECTED", **NO_STEP},
            provoke=setting(require_rejection_reason=True),
        ),
        bad_request(
            "withdrawal without the reason that the company requires",
            {"status": "WITHDRAWN", **NO_STEP},
            provoke=setting(require_withdrawal_reason=True),
        ),
        coded(
            "REASON_NOT_FOUND",
            "unknown reason",
            ("/rejection-reasons", "/withdrawal-reasons"),
            {"status": "REJECTED", "reason_id": "unknown", **NO_STEP},
        ),
        # A reason for any other status is refused before it is sent.
        coded(
            "NO_REASON_SUPPORT_FOR_STATUS",
            "withdrawal with a reason in a company without reasons for it",
            ("Leave out reason_id", "status"),
            {"status": "WITHDRAWN", "reason_id": "unknown", **NO_STEP},
            provoke=setting(statuses_without_reasons=["WITHDRAWN"]),
        ),
        step_omitted("INTERVIEW", {}),
        Refusal(
            "step of another job's hiring process",
            400,
            BadRequestError,
            ("reason_id", "sub_status"),
            step_of_another_process,
        ),
    )
    bad_inputs = (
        BadInput("status of a job", {"status": "OFFER"}, ("status",), STATUSES),
        BadInput("unrendered status", {"status": "None"}, ("status",), ("template",)),
        BadInput("reason for an interview", {"reason_id": "x"}, ("reason_id",), ("REJECTED and WITHDRAWN",)),
        BadInput("an invalid date", {"starts_on": "soon"}, ("starts_on",), ("2026-01-31",)),
        BadInput("unrendered sub-status", {"sub_status": "None"}, ("sub_status",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        return self.to_interview(0)

    def other_arguments(self) -> dict[str, Any]:
        return self.to_interview(1)

    def to_interview(self, number: int) -> dict[str, Any]:
        application = self.state.applications("IN_REVIEW")[number]
        step = self.state.sub_statuses(application.job_id, "INTERVIEW")[0]
        return {**ids(application), "status": "INTERVIEW", "sub_status": step}

    def body(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {field: arguments[name] for field, name in FIELDS.items() if name in arguments}

    @pytest.mark.parametrize("status", STATUSES)
    def test_every_status_can_be_set(self, status: str) -> None:
        arguments = {**ids(self.state.an_application()), "status": status}
        assert self.run(**arguments)["changed"] is (status != "IN_REVIEW")
        assert self.application(arguments).status == status

    @pytest.mark.parametrize(
        "moment",
        [
            date(2027, 1, 4),
            datetime(2027, 1, 4, tzinfo=UTC),
            "2027-01-04",
            "2027-01-04T01:00:00+01:00",
            "2027-01-04T00:00:00.000Z",
        ],
        ids=str,
    )
    def test_starts_on_in_many_formats(self, moment: Any) -> None:
        arguments = {**ids(self.state.an_application("OFFERED")), "status": "HIRED", "starts_on": moment}
        self.run(**arguments)
        assert self.application(arguments).starts_on == "2027-01-04T00:00:00.000Z"
        assert self.run(**{**arguments, "starts_on": "2027-01-04"})["changed"] is False

    @pytest.mark.parametrize("status", ["REJECTED", "WITHDRAWN"])
    def test_a_reason_of_the_right_list(self, status: str) -> None:
        reasons = self.state.rejection_reasons if status == "REJECTED" else self.state.withdrawal_reasons
        arguments = {**ids(self.state.an_application()), "status": status, "reason_id": next(iter(reasons))}
        expected = self.expected(arguments)
        self.check_result(self.run(**arguments), arguments, expected)
        self.check_writes(arguments, expected)
        self.check_unchanged(self.run(**arguments), arguments, expected)

    def test_another_reason_for_the_same_status_is_a_difference(self) -> None:
        arguments = {**ids(self.state.an_application("REJECTED")), "status": "REJECTED"}
        before = self.application(arguments).reason_id
        other = next(reason for reason in self.state.rejection_reasons if reason != before)
        result = self.run(**arguments, reason_id=other)
        assert result["diff"] == [{"field": "reason", "before": before, "after": other}]

    def test_parameters_that_are_not_given_are_not_compared(self) -> None:
        arguments = {**ids(self.state.an_application("IN_REVIEW")), "status": "IN_REVIEW"}
        before = self.stored(arguments)
        assert before[1] is not None
        empty = dict.fromkeys(("sub_status", "starts_on", "reason_id"), "")
        assert self.run(**arguments, **empty)["changed"] is False
        assert self.stored(arguments) == before

    def test_the_candidates_other_applications_stay(self) -> None:
        two = next(
            candidate
            for candidate in map(self.state.candidate, self.state.candidate_ids)
            if len(candidate.application_ids) == 2
        )
        first, second = [one for one in self.state.applications() if one.candidate_id == two.id]
        before = self.stored(ids(second))
        self.run(**ids(first), status="TRANSFERRED")
        assert self.stored(ids(second)) == before

    def test_the_sub_status_stays_while_the_status_does(self) -> None:
        application = self.state.an_application("OFFERED")
        step = self.state.sub_statuses(application.job_id, "OFFERED")[0]
        self.run(**ids(application), status="OFFERED", sub_status=step)
        result = self.run(**ids(application), status="OFFERED", starts_on="2027-01-04")
        assert result["fields"] == ["startsOn"]
        assert self.application(ids(application)).sub_status == step

    def test_starts_on_is_kept_from_offered_to_hired(self) -> None:
        application = ids(self.state.an_application("OFFERED"))
        self.run(**application, status="OFFERED", starts_on="2027-01-04")
        assert self.run(**application, status="HIRED")["fields"] == ["status"]
        assert self.application(application).starts_on == "2027-01-04T00:00:00.000Z"

    def test_a_new_status_clears_the_reason_of_the_old_one(self) -> None:
        application = ids(self.state.an_application("REJECTED"))
        assert self.application(application).reason_id
        self.run(**application, status="IN_REVIEW")
        assert self.application(application).reason_id is None
        assert self.emulator.journal.writes()[-1].body == {"status": "IN_REVIEW"}

    def test_a_forced_write_of_the_same_status_loses_nothing(self) -> None:
        application = ids(self.state.an_application("REJECTED"))
        before = self.stored(application)
        assert self.run(**application, status="REJECTED", force=True)["applied"] is True
        assert self.stored(application) == before
