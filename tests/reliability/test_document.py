"""`docs/reliability.md` is of these faults and these use cases."""

from __future__ import annotations

import pytest

from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from tests.reliability import document
from tests.reliability.matrix import Matrix, Outcome, Verdict, cells, rows


def rendered(verdict: Verdict) -> str:
    outcomes = [Outcome(cell, verdict, "") for row in rows() for cell in cells(row)]
    return document.render(Matrix({outcome.cell: outcome for outcome in outcomes}))


def test_the_committed_page_is_up_to_date() -> None:
    """But for what became of each cell, which is the run's business: `make reliability` writes the page."""
    committed = document.PATH.read_text(encoding="utf-8")
    assert document.masked(committed) == document.masked(rendered(Verdict.ONCE)), "run: make reliability"


def test_the_committed_page_tells_of_nothing_bad() -> None:
    committed = document.PATH.read_text(encoding="utf-8")
    assert not [verdict for verdict in ("LOST", "DOUBLED", "FALSE", "WRONG") if verdict in committed]
    assert all(f"| `{fault}` |" in committed for fault in FAULTS)


@pytest.mark.parametrize("verdict", ["LOST", "DOUBLED", "FALSE", "WRONG"])
def test_a_bad_cell_is_not_masked(verdict: str) -> None:
    page = rendered(Verdict[verdict])
    assert document.masked(page) != document.masked(rendered(Verdict.ONCE))
