"""Every operator of the package, with whatever its parameters may hold after rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.properties import arguments, subjects, trial
from tests.support import catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis import settings

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
    from tests.properties.judge import Judge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0),
    # What is sent may be anything that a caller insists on; what is answered may not.
    pytest.mark.off_contract("request"),
]


@pytest.mark.parametrize(
    ("operator", "change"), catalogue.operators().items(), ids=[kind.__name__ for kind in catalogue.operators()]
)
def test_operator(
    operator: type[SmartRecruitersBaseOperator],
    change: type[Change],
    judge: Judge,
    hook: SmartRecruitersHook,
    files: Path,
    tried: settings,
) -> None:
    subject = subjects.operator_subject(operator, change, hook)
    trial.run(judge, subject, arguments.for_operator(operator, change, files), tried, raising=True)
    assert judge.tally.requests > tried.max_examples / 10
    assert judge.tally.writes > 0
