"""What one emulator is told when it starts. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_API_KEY = "emulator-api-key"
DEFAULT_CLIENT_ID = "emulator-client"
DEFAULT_CLIENT_SECRET = "emulator-secret"

ALL_SCOPES = frozenset(
    {
        "candidates_manage",
        "candidates_read",
        "configuration_read",
        "interviews_read",
        "interviews_write",
        "job_applications_read",
        "jobs_manage",
        "jobs_publications_manage",
        "jobs_read",
        "user_me_read",
        "users_manage",
        "users_read",
    }
)


@dataclass(slots=True)
class Config:
    """Settings of a running emulator; every one may be changed while it runs.

    :param api_key: the key that ``X-SmartToken`` must hold
    :param client_id: the OAuth client that may fetch tokens
    :param client_secret: its secret
    :param client_scopes: scopes that the client may have; a token gets all of them unless it asks for fewer
    :param token_lifetime: seconds that a token is valid
    :param rate: requests a second and credential; 0 switches every rate limit off
    :param concurrent: requests at once and credential; 0 switches every concurrency limit off
    :param latency: seconds that every API request takes before it is handled
    """

    api_key: str = DEFAULT_API_KEY
    client_id: str = DEFAULT_CLIENT_ID
    client_secret: str = DEFAULT_CLIENT_SECRET
    client_scopes: frozenset[str] = ALL_SCOPES
    token_lifetime: float = 3600.0
    rate: int = 10
    concurrent: int = 8
    latency: float = 0.0
