"""What a credential may do, as far as reads and the scopes of its token tell. Never sends a write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import requests

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.auth import ClientCredentialsAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.values.fields import placeholders
from airflow_provider_smartrecruiters.exceptions import ApiError, NotFoundError, PermissionDeniedError

_TRIED = 10
"""Records that are looked into for one that has, for example, a position. Doubled, a check of a company without
positions sends ten requests more; halved, it answers "not known" more often."""


_ROLE = "an API key may do what its system role may"


@dataclass(frozen=True)
class Answer:
    """An answer with its reason.

    :param may: whether it is allowed; None if that is not known.
    :param why: the reason, in a few words without an id.
    """

    may: bool | None
    why: str


def granted_scopes(client: SmartRecruitersClient) -> frozenset[str] | None:
    """Return the scopes of the OAuth token that the client has fetched; None if they are not known.

    :param client: client that has sent a request.
    """
    return client._auth.scopes


def is_oauth(client: SmartRecruitersClient) -> bool:
    """Return whether the client's credential is an OAuth client; otherwise it is an API key."""
    return isinstance(client._auth, ClientCredentialsAuth)


@contextmanager
def limits_seen(client: SmartRecruitersClient) -> Iterator[dict[str, int]]:
    """Collect the limits that the responses in the block name. Some endpoints have lower ones of their own, so the
    highest counts.

    :param client: client that sends in the block.
    :return: limit by header, in lower case: ``x-ratelimit-limit`` (requests a second) and
        ``x-ratelimit-concurrent-limit`` (requests at once).
    """
    seen: dict[str, int] = {}

    def exchange(*arguments: Any) -> tuple[requests.Response, bytes]:
        response, body = type(client)._exchange(client, *arguments)
        for name in ("x-ratelimit-limit", "x-ratelimit-concurrent-limit"):
            if (said := response.headers.get(name, "")).isdecimal():
                seen[name] = max(int(said), seen.get(name, 0))
        return response, body

    # The client passes on bodies alone. An attribute of this one client hides the method of its class for a while.
    vars(client)["_exchange"] = exchange
    try:
        yield seen
    finally:
        del vars(client)["_exchange"]


def may_read(client: SmartRecruitersClient, change: type[Change]) -> Answer:
    """Return whether the record of a use case may be read: read the first one that is found.

    :param client: client to send with.
    :param change: the use case.
    :raises SmartRecruitersError: the network or the credential failed, not the right to read.
    """
    path = change.record
    if path is None:
        return Answer(None, "the API has no read")
    try:
        found = next(_samples(client, path, {}), None)
        if found is None:
            return Answer(None, "no record to try")
        client.request("GET", path, path_params=found)
    except PermissionDeniedError:
        needs = f"needs scope {change.read_scope}" if is_oauth(client) else _ROLE
        return Answer(False, f"denied; {needs}")
    except NotFoundError as error:
        # Its code says that the record above has none of these. Without one, it may be about that record.
        return Answer(True, "tried; there is none") if error.code else Answer(None, f"answered {error.status}")
    except ApiError as error:
        if error.retryable or error.status in (None, 401):
            raise
        return Answer(None, f"answered {error.status}")
    return Answer(True, "tried")


def may_write(client: SmartRecruitersClient, change: type[Change]) -> Answer:
    """Return whether the write of a use case may be sent, as far as the token's scopes tell. Sends nothing.

    :param client: client that has sent a request.
    :param change: the use case.
    """
    scopes = granted_scopes(client)
    if scopes is None:
        return Answer(None, f"never tried; {f'needs scope {change.scope}' if is_oauth(client) else _ROLE}")
    if change.scope in scopes or change.scopes_elsewhere.get(change.scope) in scopes:
        return Answer(True, f"has scope {change.scope}")
    return Answer(False, f"token lacks scope {change.scope}")


def _samples(client: SmartRecruitersClient, path: str, known: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield ids for the placeholders of a record's path, of records that exist."""
    missing = [name for name in placeholders(path) if name not in known]
    if not missing:
        yield dict(known)
        return
    above = path.partition(f"/{{{missing[0]}}}")[0]
    for record_id in islice(_ids(client, above, known), _TRIED):
        yield from _samples(client, path, {**known, missing[0]: record_id})


def _ids(client: SmartRecruitersClient, path: str, known: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids of a list; for those that the API does not list, the ids that another record has."""
    if path == "/candidates/{id}/jobs":
        candidate = client.request("GET", "/candidates/{id}", path_params=known)
        assigned = [candidate.get("primaryAssignment"), *(candidate.get("secondaryAssignments") or [])]
        yield from (one["job"]["id"] for one in assigned if one and one.get("job"))
    elif path.endswith("/interviews"):
        for found in islice(_samples(client, "/candidates/{id}/jobs/{jobId}", {}), _TRIED):
            application = client.request("GET", "/candidates/{id}/jobs/{jobId}", path_params=found)
            query = {"applicationId": application.get("applicationId"), "limit": None}
            yield from (interview["id"] for interview in client.pages(path, params=query))
    elif path.endswith("/timeslots"):
        interview = client.request("GET", path.removesuffix("/timeslots"), path_params=known)
        yield from (slot["id"] for slot in interview.get("timeslots") or [])
    else:
        paged = {"limit": _TRIED} if not known else {"limit": None}
        yield from (record["id"] for record in client.pages(path, path_params=known, params=paged))
