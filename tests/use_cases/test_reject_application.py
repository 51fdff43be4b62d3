"""``PUT /candidates/{id}/jobs/{jobId}/status`` with ``REJECTED``."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from tests.use_cases.applications import REFUSALS, ApplicationStatusTests, bad_request, coded, ids, step_omitted
from tests.use_cases.refusals import BadInput, setting


class TestRejectApplication(ApplicationStatusTests):
    operator = RejectApplicationOperator
    use_case = "reject_an_application"
    # A reason that is given by its label is looked up.
    sends_also = ("configuration.reasons.rejection.all",)
    refusals = (
        *REFUSALS,
        bad_request(
            "without the reason that the company requires",
            {"reason_id": ""},
            provoke=setting(require_rejection_reason=True),
        ),
        coded("REASON_NOT_FOUND", "unknown reason", ("/rejection-reasons",), {"reason_id": "unknown"}),
        coded(
            "NO_REASON_SUPPORT_FOR_STATUS",
            "rejection with a reason in a company without reasons for it",
            ("Leave out reason_id",),
            {},
            provoke=setting(statuses_without_reasons=["REJECTED"]),
        ),
        step_omitted("REJECTED", {}),
        bad_request("sub-status of no hiring process", {"sub_status": "Coffee"}),
    )
    bad_inputs = (
        BadInput(
            "reason_id and reason",
            {"reason": "No show"},
            ("reason_id", "reason"),
            ("either reason_id or reason, not both",),
        ),
        BadInput("unrendered reason", {"reason_id": "", "reason": "None"}, ("reason",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        return self.rejection(0)

    def other_arguments(self) -> dict[str, Any]:
        return self.rejection(1)

    def rejection(self, number: int) -> dict[str, Any]:
        application = self.state.applications("INTERVIEW")[number]
        return {**ids(application), "reason_id": list(self.state.rejection_reasons)[number]}

    def body(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"status": "REJECTED", "reason": arguments["reason_id"]}

    @pytest.mark.parametrize("label", ["Salary expectations too high", "  salary EXPECTATIONS\ttoo high "])
    def test_a_reason_by_its_label(self, label: str) -> None:
        arguments = self.arguments()
        (reason_id,) = [one for one, text in self.state.rejection_reasons.items() if text.startswith("Salary")]
        expected = self.expected({**arguments, "reason_id": reason_id})
        by_label = {**ids(self.state.applications("INTERVIEW")[0]), "reason": label}
        labels = {reason_id: self.state.rejection_reasons[reason_id]}
        first, second = self.run(**by_label), self.run(**by_label)
        assert first["details"].pop("labels") == second["details"].pop("labels") == labels
        self.check_result(first, arguments, expected)
        self.check_writes(arguments, expected)
        assert self.emulator.requests[0].path == "/configuration/rejection-reasons"
        self.check_unchanged(second, arguments, expected)

    def test_an_unknown_label_suggests_the_closest(self, error_messages: dict[str, list[str]]) -> None:
        error = self.refused_label("salary expectation to high")
        self.keep_message(error_messages, "unknown label", error)
        assert '"Salary expectations too high"' in error.hint
        assert error.fields == ("reason",)

    def test_a_label_close_to_none_lists_the_existing_ones(self, error_messages: dict[str, list[str]]) -> None:
        error = self.refused_label("zzz")
        self.keep_message(error_messages, "label like none", error)
        assert '"No show"' in error.hint

    def test_an_ambiguous_label_lists_the_ids(self, error_messages: dict[str, list[str]]) -> None:
        error = self.refused_label("position filled")
        self.keep_message(error_messages, "label of two", error)
        two = [one for one, text in self.state.rejection_reasons.items() if text.casefold() == "position filled"]
        assert len(two) == 2
        assert all(one in str(error) for one in two)
        assert "reason_id" in error.hint

    def refused_label(self, label: str) -> InvalidInputError:
        with pytest.raises(InvalidInputError) as caught:
            self.run(**ids(self.state.an_application()), reason=label)
        assert len(self.operations()) == 1
        assert self.emulator.journal == []
        return caught.value

    def test_a_label_needs_the_scope_to_look_it_up(self, error_messages: dict[str, list[str]]) -> None:
        self.emulator.config.client_scopes -= {"configuration_read"}
        self.connect(oauth=True)
        with pytest.raises(PermissionDeniedError) as caught:
            self.run(**ids(self.state.an_application()), reason="No show")
        self.keep_message(error_messages, "label without the scope to look it up", caught.value)
        assert "Give reason_id" in caught.value.hint
        assert "configuration_read" in caught.value.hint
        assert self.emulator.journal == []

    def test_without_a_reason_where_none_is_required(self) -> None:
        arguments = ids(self.state.an_application("INTERVIEW"))
        assert self.run(**arguments, reason="", reason_id="")["fields"] == ["status"]
        assert self.emulator.journal[0].body == {"status": "REJECTED"}

    def test_a_sub_status_of_the_rejection(self) -> None:
        application = self.state.an_application("INTERVIEW")
        step = self.state.sub_statuses(application.job_id, "REJECTED")[0]
        self.run(**ids(application), sub_status=step)
        assert self.application(ids(application)).sub_status == step

    def test_the_candidates_other_applications_stay(self) -> None:
        two = next(
            candidate
            for candidate in map(self.state.candidate, self.state.candidate_ids)
            if len(candidate.application_ids) == 2
        )
        first, second = [one for one in self.state.applications() if one.candidate_id == two.id]
        before = self.stored(ids(second))
        self.run(**ids(first))
        assert self.application(ids(first)).status == "REJECTED"
        assert self.stored(ids(second)) == before
