"""The emulator against the contract document: what it answers to requests that schemathesis makes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from schemathesis.core.failures import FailureGroup

from tests.properties import contract_trial
from tests.properties.records import Records

if TYPE_CHECKING:
    from schemathesis.schemas import APIOperation

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0),
    # Half of the requests break the document on purpose, and schemathesis judges the answers itself.
    pytest.mark.off_contract("request", "response"),
]

OPERATIONS = contract_trial.operations()
FEW = settings(max_examples=6, derandomize=True, database=None)


@pytest.fixture
def sender(smartrecruiters_emulator: SmartRecruitersEmulator) -> contract_trial.Requests:
    return contract_trial.Requests(smartrecruiters_emulator, Records(smartrecruiters_emulator))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_are_in_the_document(operation: APIOperation, sender: contract_trial.Requests) -> None:
    for mode in contract_trial.modes(operation):
        contract_trial.run(sender, operation, mode, FEW, raising=True)
    # A document that answers every request with a refusal would be kept by an emulator that does nothing.
    assert any(status < 300 for status in sender.findings.statuses)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 418},
        {"status": 400},
        {"fault": "wrong_content_type"},
        {"fault": "not_json"},
        {"fault": "rate_headers_missing"},
    ],
    ids=str,
)
def test_an_answer_beside_the_document_is_found(
    fault: dict[str, Any], sender: contract_trial.Requests, smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    """Broken on purpose, to see that the check sees it."""
    operation = next(found for found in OPERATIONS if found.label == "GET /candidates/{id}/tags")
    smartrecruiters_emulator.fail("get candidate tags", **fault)
    with pytest.raises(FailureGroup):
        contract_trial.run(sender, operation, contract_trial.MODES[0], FEW, raising=True)
    assert sender.findings.failures
