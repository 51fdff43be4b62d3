"""A session of requests that talks to the emulator with the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator


class Api(requests.Session):
    """Sends to the emulator, paths instead of addresses."""

    def __init__(self, url: str, **headers: str) -> None:
        super().__init__()
        self.trust_env = False
        self.url = url
        self.headers.update(headers)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send a request; the path goes out as it is given."""
        return super().request(method, self.url + path, timeout=20, **options)


@pytest.fixture
def api(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[Api]:
    """Requests with the API key."""
    key = smartrecruiters_emulator.api_key
    with Api(smartrecruiters_emulator.url, **{"X-SmartToken": key}) as session:
        yield session
