"""Read an Airflow connection: the only place that does.

What cannot be used is refused by the field's name and never repeated, since what stands in a wrong field may be a
secret.
"""

from __future__ import annotations

import json
import logging
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL
from airflow_provider_smartrecruiters.api.http.transport import is_loopback
from airflow_provider_smartrecruiters.connection_form import CONN_TYPE, EXTRA_FIELDS, ExtraField
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

log = logging.getLogger(__name__)

ENVIRONMENTS = {"production": PRODUCTION_URL, "sandbox": SANDBOX_URL}


def client_arguments(connection: Connection) -> dict[str, Any]:
    """Turn a connection into the arguments of ``SmartRecruitersClient.from_credentials``.

    Fields that are empty are left out, so that the client's own defaults hold. Extras that are none of the form's are
    named in a warning and otherwise ignored.

    :param connection: an Airflow connection, however it was written: form, JSON or URI.
    :return: keyword arguments for ``from_credentials``.
    :raises ConfigurationError: a field cannot be used; the message says which one, and what it must be.
    """
    name = connection.conn_id or "smartrecruiters"
    extras = _extras(name, connection)
    given = {field.name: _extra(name, field, extras.get(field.name)) for field in EXTRA_FIELDS}
    arguments = {key: value for key, value in given.items() if value is not None}
    environment = arguments.pop("environment", "production")
    arguments["base_url"] = _host_url(name, connection) or ENVIRONMENTS[environment]
    login = connection.login or ""
    # A login decides the kind of credential, so one that only looks filled in must not.
    arguments["login"] = login if login.strip() else ""
    arguments["password"] = connection.password or ""
    return arguments


def store_passwords(location: str | None) -> set[str]:
    """Return the passwords in the address of a rate limit store, for masking: as written there, and as meant."""
    try:
        address = urlsplit(location or "")
        written = {address.password or "", *re.findall(r"(?:^|&)(?:ssl)?password=([^&]*)", address.query)}
    except ValueError:
        return set()
    return {text for password in written for text in (password, unquote(password)) if text}


def _extras(name: str, connection: Connection) -> dict[str, Any]:
    # Not `extra_dejson` alone: it takes extras that it cannot read for none at all, and so "sandbox" for production.
    try:
        extras = json.loads(connection.extra) if connection.extra else {}
    except ValueError:
        extras = None
    if not isinstance(extras, dict):
        raise _unusable(name, "the extras", "a JSON object")
    known = [field.name for field in EXTRA_FIELDS]
    for key in extras:
        # Airflow 2.11's Test button sends each of the form's fields a second time under such a name.
        if key in known or key.startswith(f"extra__{CONN_TYPE}__"):
            continue
        close = get_close_matches(key, known, n=1)
        log.warning(
            "Connection %s: the extra %r is unknown and ignored%s.",
            name,
            key,
            f"; was {close[0]!r} meant?" if close else "",
        )
    # Airflow masks what it hands out this way, where the key looks secret.
    return connection.extra_dejson


def _extra(name: str, field: ExtraField, value: Any) -> Any:
    """Return the extra's value as the client takes it; ``None`` where it is not given."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    if field.kind == "string":
        if not isinstance(value, str):
            raise _unusable(name, field.name, "text")
        if field.choices and value not in field.choices:
            raise _unusable(name, field.name, " or ".join(field.choices))
        return value
    kind = "a whole number" if field.kind == "integer" else "a number"
    must_be = kind if field.minimum is None else f"{kind} of at least {field.minimum:g}"
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    # Neither "nan" nor "inf", which float() reads, makes sense for any of them.
    if number is None or number - number != 0 or (field.minimum is not None and number < field.minimum):
        raise _unusable(name, field.name, must_be)
    if field.kind == "integer":
        if not number.is_integer():
            raise _unusable(name, field.name, must_be)
        return int(number)
    return number


def _host_url(name: str, connection: Connection) -> str | None:
    """Return the base URL that host, schema and port make; ``None`` where there is no host."""
    host = (connection.host or "").strip().rstrip("/")
    schema = (connection.schema or "").strip().lower()
    port = connection.port
    if not host:
        if schema or port:
            log.warning("Connection %s: schema and port are ignored, as there is no host.", name)
        return None
    if schema not in ("", "http", "https"):
        raise _unusable(name, "schema", "http, https or empty")
    scheme, separator, rest = host.partition("://")
    if not separator:
        rest = host
        # Plain http never leaves the machine here, and what listens on it seldom speaks anything else.
        scheme = schema or ("http" if _leads_to_loopback(host) else "https")
    elif schema and schema != scheme.lower():
        raise _unusable(name, "schema", "empty, or the same as in the host")
    try:
        in_host = urlsplit(f"{scheme}://{rest}").port
    except ValueError:
        raise _unusable(name, "host", "an address such as https://api.smartrecruiters.com") from None
    if port and in_host not in (None, port):
        raise _unusable(name, "port", "empty, or the same as in the host")
    if port and in_host is None:
        authority, slash, path = rest.partition("/")
        rest = f"{authority}:{port}{slash}{path}"
    return f"{scheme}://{rest}"


def _leads_to_loopback(host: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _unusable(name: str, field: str, must_be: str) -> ConfigurationError:
    return ConfigurationError(
        f"Connection {name}: {field} must be {must_be}.",
        hint=f"edit the connection under Admin > Connections, or wherever {name} is kept.",
    )
