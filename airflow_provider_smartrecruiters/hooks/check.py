"""The check behind the Test button of the connection form, in sentences for the person who fills it in.

The form knows no task and no record, and Airflow gives the connection a random id for the test. So the sentences name
neither; they say which environment was called, with which kind of credential, and what that may read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL, SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.http.transport import is_loopback
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    NotFoundError,
    PermissionDeniedError,
    SmartRecruitersError,
)

log = logging.getLogger(__name__)

BUDGET = 10.0
"""Seconds that the whole check may take. Doubled, it comes near the 30 s after which proxies give up on a page."""
NO_RETRIES = RetryPolicy(budget=BUDGET / 2, max_attempts=1)
EXCHANGE = BUDGET / 2
"""Seconds for one exchange: a token and a first read fit into the budget, even if both take their time."""

READS: dict[str, tuple[str, dict[str, int], str]] = {
    "jobs": ("/jobs", {"limit": 1}, "jobs_read"),
    "candidates": ("/candidates", {"limit": 1}, "candidates_read"),
    "users": ("/user-api/v201804/users", {"limit": 1}, "users_read"),
    "the company's configuration": ("/configuration/sources", {}, "configuration_read"),
}
"""What is read for the check: path, query, and the scope that an OAuth client needs."""

_WHERE = {PRODUCTION_URL: "SmartRecruiters (production)", SANDBOX_URL: "SmartRecruiters (sandbox)"}


def environment_of(base_url: str) -> str:
    """Return the environment at a base URL in words: production, sandbox, a local server or another host."""
    local = is_loopback(urlsplit(base_url).hostname or "")
    return _WHERE.get(base_url) or f"{base_url} ({'a local server, such as the emulator' if local else 'another host'})"


def credential_of(login: str | None) -> str:
    """Return the kind of credential that a connection holds, in words."""
    return "OAuth client" if (login or "").strip() else "API key"


def check(client: SmartRecruitersClient, credential: str, budget: float = BUDGET) -> tuple[bool, str]:
    """Read a record of each kind, within the budget.

    :param client: client of the connection, with :data:`NO_RETRIES` and a timeout of at most :data:`EXCHANGE`.
    :param credential: kind of credential in words.
    :param budget: seconds for all of it.
    :return: whether the credential is accepted, and sentences with neither a secret nor any part of a response.
    """
    where = environment_of(client.base_url)
    ended: list[tuple[bool, str]] = []
    until = time.monotonic() + budget

    def run() -> None:
        ended.append(_guarded(lambda: _read_all(client, where, credential, until), where))

    # In a thread of its own, since a look-up of the host's name or a full rate limit can take longer than any timeout.
    thread = threading.Thread(target=run, name="smartrecruiters-connection-check", daemon=True)
    thread.start()
    thread.join(budget)
    return ended[0] if ended else (False, _too_slow(where, budget))


def _guarded(act: Callable[[], tuple[bool, str]], where: str) -> tuple[bool, str]:
    try:
        return act()
    except Exception as error:
        log.debug("Testing the connection failed.", exc_info=True)
        return False, f"{where}: the test failed ({type(error).__name__}). Set the log level to DEBUG for details."


def _read_all(client: SmartRecruitersClient, where: str, credential: str, until: float) -> tuple[bool, str]:
    may: list[str] = []
    may_not: list[str] = []
    for name, (path, query, scope) in READS.items():
        if time.monotonic() > until:
            break
        try:
            answer = client.request("GET", path, params=query)
        except (PermissionDeniedError, NotFoundError) as error:
            if isinstance(error, NotFoundError) and not may:
                return False, _not_smartrecruiters(where)
            may_not.append(f"{name} ({scope})")
        except SmartRecruitersError as error:
            if may or may_not:
                break  # the credential is accepted; what a later read ran into says nothing about that
            return False, _failed(where, credential, error)
        else:
            if not isinstance(answer, dict) or "content" not in answer:
                return False, _not_smartrecruiters(where)
            may.append(name)
    return True, _accepted(where, credential, may, may_not)


def _accepted(where: str, credential: str, may: list[str], may_not: list[str]) -> str:
    said = f"{where} accepts the {credential}."
    if may:
        said += f" It may read {_listed(may)}."
    if may_not:
        needed = "scopes in brackets" if credential == "OAuth client" else "rights of its owner"
        said += f" It may not read {_listed(may_not)}: if your tasks do, check the {needed}."
    return said


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _failed(where: str, credential: str, error: SmartRecruitersError) -> str:
    if isinstance(error, AuthenticationError):
        fields = "client ID, the client secret and the scope" if credential == "OAuth client" else "API key"
        return f"{where} does not accept the {credential}. Check the {fields}, and that it is for this environment."
    if isinstance(error, ConnectionFailedError):
        return (
            f"{where} cannot be reached. Check the base URL, and whether Airflow can reach it (proxy, firewall, TLS)."
        )
    if isinstance(error, AnswerLostError | DeadlineExceededError):
        return _too_slow(where, BUDGET)
    if isinstance(error, ApiError) and error.status in (429, 500, 502, 503, 504):
        return f"{where} is busy or down ({error.status}). Try again in a few minutes."
    return _not_smartrecruiters(where)


def _too_slow(where: str, budget: float) -> str:
    return f"{where} did not answer within {budget:g} seconds. Check the base URL, and whether Airflow can reach it."


def _not_smartrecruiters(where: str) -> str:
    return f"{where} does not respond like SmartRecruiters. Check the base URL."


def unusable(error: ConfigurationError, conn_id: str) -> str:
    """Return what is wrong with a field, without the id of the connection: the Test button makes one up.

    :param error: raised while the connection was read.
    :param conn_id: id of the connection.
    """
    problem = error.summary.removeprefix(f"Connection {conn_id}: ")
    hint = "" if conn_id in error.hint else error.hint
    return f"The connection cannot be used: {problem} {hint}".rstrip()
