"""The current source of an application: which ids its link names, and the subtype that the link leads to.

An application has the source's label only, and a link to the source. The link's path has the ids::

    "actions": {"sourceDetails": {"url": "https://api.smartrecruiters.com/configuration/sources/JOB_BOARD/values/41"}}

This form is not documented, so nothing depends on it: no link, or one of another form, means that the source is not
known. The ids have the names of the write's body, ``sourceTypeId``, ``sourceId`` and ``sourceSubTypeId``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.record import read_record
from airflow_provider_smartrecruiters.exceptions import (
    ApiError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
)

log = logging.getLogger(__name__)

_SOURCE = "/configuration/sources/{sourceType}/values/{sourceValueId}"
_FORM = re.compile(r"(?:.*/)?configuration/sources/([^/]+)/values/([^/]+)/?")


def linked_ids(application: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids that the link of an application to its source names.

    :param application: an application or an assignment, as the API returns it.
    :return: type and source, and the subtype if the link has it as a query parameter; empty if the source is not known.
    """
    link: Any = application
    for name in ("actions", "sourceDetails", "url"):
        link = link.get(name) if isinstance(link, Mapping) else None
    return _ids_of(link) if isinstance(link, str) else {}


def _ids_of(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
        # The host does not matter: the link is never requested as it is.
        if not (match := _FORM.fullmatch(parts.path)):
            return {}
        # Decoded after the split, so that an encoded slash stays a part of its id.
        type_id, source_id = (unquote(segment, errors="strict") for segment in match.groups())
        sub_types = parse_qs(parts.query, errors="strict").get("sourceSubType", ())
    except ValueError:
        return {}
    sub_type = {"sourceSubTypeId": sub_types[0]} if len(sub_types) == 1 else {}
    return {"sourceTypeId": type_id, "sourceId": source_id, **sub_type}


def linked_sub_type(client: SmartRecruitersClient, lookups: Lookups, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the subtype of a source, which the link leads to: ``GET /configuration/sources/{type}/values/{id}``.

    Sent to the client's own base URL, wherever the link points to: no other host gets the credential.

    :param client: client to send with.
    :param lookups: cache of look-ups for the whole batch.
    :param ids: type and source, as :func:`linked_ids` returns them.
    :return: ``{"sourceSubTypeId": …}``; empty if it cannot be found out, and then the log has the reason.
    :raises SmartRecruitersError: the request failed in a way that says nothing about the source, such as a timeout.
    """
    params = {"sourceType": ids["sourceTypeId"], "sourceValueId": ids["sourceId"]}
    found: dict[str, str] = lookups.get(f"{_SOURCE} {sorted(params.items())}", lambda: _followed(client, params))
    return found


def _followed(client: SmartRecruitersClient, params: Mapping[str, str]) -> dict[str, str]:
    try:
        sub_type = read_record(client, _SOURCE, params, has=("id",)).get("sourceSubType")
    except (BadRequestError, NotFoundError, PermissionDeniedError) as error:
        log.warning("Cannot compare the subtype of the source: %s", _why(error))
        return {}
    sub_type_id = sub_type.get("id") if isinstance(sub_type, Mapping) else None
    return {"sourceSubTypeId": sub_type_id} if isinstance(sub_type_id, str) else {}


def _why(error: ApiError) -> str:
    if isinstance(error, PermissionDeniedError):
        return (
            f"no access to the company's sources ({error.status}). What to do: Ask a SmartRecruiters administrator for "
            "access to the company's configuration (an OAuth client needs the scope configuration_read)."
        )
    several = error.code == "SUBTYPE_REQUIRED"
    return f"{'several sources have' if several else 'no source has'} the id of the current one ({error.status})."
