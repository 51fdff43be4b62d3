"""Every documented error code of a write is provoked, has a hint of its own, and stands in `docs/errors.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import catalogue
from tests.use_cases import error_page

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.support.contract_monitor import ContractMonitor


@pytest.fixture
def found(
    smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Path, contract_monitor: ContractMonitor
) -> list[error_page.Provoked]:
    """What the refusals of all use cases end in. Some violate the contract on purpose, as `test_refused` knows."""
    with contract_monitor.excuse("request", "response"):
        return error_page.provoke_all(smartrecruiters_emulator, tmp_path)


@pytest.mark.slow
def test_every_documented_code_is_provoked_and_has_a_hint_of_its_own(found: list[error_page.Provoked]) -> None:
    pairs = error_page.documented()
    assert {(one.operation, one.code) for one in found if (one.operation, one.code) in pairs} == set(pairs)
    hints = {change.endpoint: change.hints for change in catalogue.changes()}
    for one in found:
        if (one.operation, one.code) in pairs:
            own = hints[one.request][one.code]
            assert one.hint.startswith(own)


@pytest.mark.slow
def test_the_committed_page_is_up_to_date(found: list[error_page.Provoked]) -> None:
    assert error_page.PATH.read_text(encoding="utf-8") == error_page.render(found), "run: make errors"
