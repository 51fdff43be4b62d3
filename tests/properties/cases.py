"""What the tests that go through all use cases share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.api.change import Change
    from tests.use_cases.use_case import UseCase

each_case = pytest.mark.parametrize("kind", catalogue.cases(), ids=lambda kind: kind.use_case)
each_readable = pytest.mark.parametrize(
    "kind", [kind for kind in catalogue.cases() if kind.reads], ids=lambda kind: kind.use_case
)


def connect(url: str, login: str = "", password: str = "key") -> SmartRecruitersClient:
    return SmartRecruitersClient.from_credentials(
        base_url=url,
        login=login,
        password=password,
        requests_per_second=0,
        max_concurrent=0,
        retry=RetryPolicy(budget=8.0, max_attempts=4, first_wait=0.01, longest_wait=0.05),
    )


def change_of(case: UseCase, arguments: Mapping[str, Any]) -> Change:
    return case.operator(task_id="rules", **arguments).change()
