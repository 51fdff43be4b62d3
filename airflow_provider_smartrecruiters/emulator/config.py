"""The settings of an emulator, declared once: the command line and the tests' ``configure`` follow from them.

Standard library only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from airflow_provider_smartrecruiters.emulator.nearest import did_you_mean

DEFAULT_CLIENT_ID = "emulator-client"
DEFAULT_CLIENT_SECRET = "emulator-secret"
PER_CREDENTIAL, PER_ENDPOINT = LIMITS = ("per-credential", "per-endpoint")

ALL_SCOPES = frozenset(
    {
        "audit_events_read", "candidates_manage", "candidates_read", "configuration_read", "interviews_read",
        "interviews_write", "job_applications_read", "jobs_manage", "jobs_publications_manage", "jobs_read",
        "user_me_read", "users_manage", "users_read",
    }
)  # fmt: skip


def extra_missing(what: str, missing: ModuleNotFoundError) -> str:
    """Return what to do about a module that the extra ``emulator`` installs."""
    install = "pip install 'airflow-provider-smartrecruiters[emulator]'"
    return f"{what} needs the extra 'emulator': {install} (missing: {missing.name})"


def number(text: str, kind: type[int] | type[float] = int, least: float = 0, most: float = sys.maxsize) -> float:
    """Read a number of the command line.

    :raises ArgumentTypeError: it is not a number, or out of range
    """
    try:
        found = kind(text)
    except ValueError:
        found = None
    if found is None or not least <= found <= most:
        limits = f"from {least:g} to {most}" if most == 65535 else f"not less than {least:g}"
        raise argparse.ArgumentTypeError(f"must be a number {limits}, not {text}")
    return found


_SECONDS = partial(number, kind=float, least=0.001, most=float("inf"))


def _milliseconds(text: str) -> float:
    return number(text) / 1000


def _option(default: Any, **argument: Any) -> Any:
    # A setting with a command-line option; `argument` holds the keyword arguments of argparse's add_argument.
    return field(default=default, metadata=argument)


@dataclass(slots=True)
class Config:
    """Settings of a running emulator; every one may be changed while it runs.

    :param api_key: the key that ``X-SmartToken`` must hold
    :param client_id: the OAuth client that may fetch tokens
    :param client_secret: its secret
    :param token_lifetime: seconds that a token is valid
    :param rate: requests a second for each credential; 0 switches every rate limit off
    :param limits: what ``rate`` is counted by: ``per-credential`` counts the requests of a credential together,
        ``per-endpoint`` counts them apart for each method and path template. Limits at once are per credential in both
    :param concurrent: requests at once for each credential; 0 switches every concurrency limit off
    :param latency: seconds that every API request takes before it is handled
    :param public_url: what links in answers begin with; empty for the address that a request came to
    :param deprecation: value of the header ``Deprecation`` of every answer, such as ``@1688169599``; empty for none
    :param sunset: value of the header ``Sunset`` of every answer, an HTTP date; empty for none
    :param client_scopes: scopes that the client may have; a token gets all of them unless it asks for fewer
    """

    api_key: str = _option("emulator-api-key", help="key to accept (default: %(default)s)")
    client_id: str = _option(DEFAULT_CLIENT_ID, help="OAuth client (default: %(default)s)")
    client_secret: str = _option(DEFAULT_CLIENT_SECRET, help="its secret (default: %(default)s)")
    token_lifetime: float = _option(
        3600.0, type=_SECONDS, metavar="SECONDS", help="how long an access token is valid (default: %(default)g)"
    )
    rate: int = _option(
        10, type=number, help="requests a second and credential, 0 switches rate limits off (default: %(default)s)"
    )
    limits: str = _option(
        PER_CREDENTIAL, choices=LIMITS, help="what requests a second are counted by (default: %(default)s)"
    )
    concurrent: int = _option(
        8, type=number, help="requests at once and credential, 0 switches concurrency limits off (default: %(default)s)"
    )
    latency: float = _option(0.0, type=_milliseconds, metavar="MS", help="milliseconds that every request takes longer")
    public_url: str = _option("", metavar="URL", help="what links in answers begin with (default: the address called)")
    deprecation: str = _option("", metavar="VALUE", help="send this Deprecation header, such as @1688169599")
    sunset: str = _option("", metavar="DATE", help="send this Sunset header, such as 'Wed, 30 Jun 2027 00:00:00 GMT'")
    client_scopes: frozenset[str] = ALL_SCOPES

    def change(self, given: Mapping[str, Any]) -> None:
        """Change some settings, all or none of them.

        :param given: by name of :data:`SETTINGS`, values as on the command line: ``{"latency": 50}``
        :raises ValueError: an invalid value; names the setting, and says what is valid
        """
        read = {name: _read_setting(name, value) for name, value in given.items()}
        for name, value in read.items():
            setattr(self, name, value)


def _read_setting(name: str, value: Any) -> Any:
    argument = SETTINGS[name].metadata
    try:
        read = argument.get("type", str)(str(value))
    except argparse.ArgumentTypeError as problem:
        raise ValueError(f"{name} {problem}") from None
    if read not in argument.get("choices", (read,)):
        near = did_you_mean(str(value), argument["choices"])
        raise ValueError(f"{name} must be one of {', '.join(argument['choices'])}, not {value!r}.{near}")
    return read


SETTINGS = {setting.name: setting for setting in fields(Config) if setting.metadata}
"""The settings that have an option, by name."""
