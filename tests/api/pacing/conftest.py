"""Clients with a pacer of their own; and where processes share a schedule: each kind of store for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.pacing.pacer import Pacer
from tests.api.pacing.calls import PATIENT
from tests.support.store_servers import postgres_server, redis_server


@pytest.fixture(scope="module")
def redis_location() -> Iterator[str]:
    """A Redis."""
    with redis_server() as location:
        yield location


@pytest.fixture(scope="module")
def postgres_location() -> Iterator[str]:
    """A PostgreSQL."""
    with postgres_server() as location:
        yield location


@pytest.fixture(params=["file", "redis", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where processes share their pace."""
    if request.param == "file":
        return str(tmp_path / "pace.db")
    return str(request.getfixturevalue(f"{request.param}_location"))


@pytest.fixture
def key() -> str:
    """A schedule of this test's own."""
    return uuid4().hex * 2


@pytest.fixture
def paced() -> Iterator[Callable[..., SmartRecruitersClient]]:
    """Make clients with a pacer of their own: ``paced(url, requests_per_second, max_concurrent)``."""
    made: list[SmartRecruitersClient] = []

    def make(url: str, *limits: Any, retry: RetryPolicy = PATIENT) -> SmartRecruitersClient:
        auth = ApiKeyAuth("key")
        made.append(SmartRecruitersClient(auth, base_url=url, pacer=Pacer(*limits), retry=retry, timeout=20))
        return made[-1]

    yield make
    for client in made:
        client.close()
