"""Every change of the package, with whatever may be given to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.properties import arguments, subjects, trial
from tests.support import catalogue

if TYPE_CHECKING:
    from hypothesis import settings

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from tests.properties.judge import Judge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0),
    # What is sent may be anything that a caller insists on; what is answered may not.
    pytest.mark.off_contract("request"),
]


@pytest.mark.parametrize("change", catalogue.changes(), ids=lambda change: change.__name__)
def test_change(change: type[Change], judge: Judge, client: SmartRecruitersClient, tried: settings) -> None:
    subject = subjects.change_subject(change, client)
    trial.run(judge, subject, arguments.for_change(change), tried, raising=True)
    # Inputs that all end before the first request would prove nothing about where requests go.
    assert judge.tally.requests > tried.max_examples / 10
    assert judge.tally.writes > 0
