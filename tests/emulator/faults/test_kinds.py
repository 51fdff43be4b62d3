"""What every kind of fault declares holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.faults.kinds import Fault
from tests.emulator.conftest import Bench

# What makes a ready-made rule quick enough to be tried.
QUICK: dict[str, dict[str, Any]] = {
    "latency": {"latency": 0.05},
    "timeout_before": {"seconds": 0.1},
    "timeout_after": {"seconds": 0.1},
    "slow_trickle": {"interval": 0.001},
    "huge_body": {"size": 1000},
    "outage": {"seconds": 0.1},
    "refused_after_answer": {"seconds": 0.1},
}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS.values() if not fault.at_once], ids=lambda it: it.name)
def test_whether_it_is_applied_holds_for_an_answer_without_a_body(bench: Bench, fault: Fault) -> None:
    candidate_id = next(
        known for known in bench.emulator.state.candidate_ids if bench.emulator.state.candidate(known).tags
    )
    rule = Rule.ready(fault.name, "delete candidate tags", **QUICK.get(fault.name, {}))
    armed = bench.emulator.fail(rule)
    if rule.operation == "any read":
        bench.get()
        assert armed.fired == 1
        return
    bench.connection.exchange("DELETE", f"/candidates/{candidate_id}/tags", wait=1)
    assert armed.fired == 1
    assert (bench.entry.fault, bench.entry.applied) == (fault.name, fault.applied)
    assert (bench.emulator.state.candidate(candidate_id).tags == []) == fault.applied


def test_faults_are_described() -> None:
    assert len(FAULTS) >= 16
    assert all(fault.name == name for name, fault in FAULTS.items())
    assert len({fault.description for fault in FAULTS.values()}) == len(FAULTS)
