"""Clients without pacing and with short waits, for tests of the API layer. Nothing here needs Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

QUICK = RetryPolicy(budget=8.0, max_attempts=4, first_wait=0.01, longest_wait=0.05)


@pytest.fixture
def connect() -> Iterator[Callable[..., SmartRecruitersClient]]:
    """Make clients: ``connect(url, **options)``. Without pacing and with short waits, unless the options differ."""
    made: list[SmartRecruitersClient] = []

    def make(url: str, **options: Any) -> SmartRecruitersClient:
        defaults: dict[str, Any] = {
            "password": "the-api-key",
            "requests_per_second": 0,
            "max_concurrent": 0,
            "retry": QUICK,
            "timeout": 10.0,
        }
        made.append(SmartRecruitersClient.from_credentials(base_url=url, **(defaults | options)))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(
    smartrecruiters_emulator: SmartRecruitersEmulator, connect: Callable[..., SmartRecruitersClient]
) -> SmartRecruitersClient:
    """A client of the emulator."""
    return connect(smartrecruiters_emulator.url, password=smartrecruiters_emulator.api_key)
