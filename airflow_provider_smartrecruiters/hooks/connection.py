"""Read an Airflow connection. No other module does.

Errors name the field and never repeat its value: a value in the wrong field may be a secret.
"""

from __future__ import annotations

import json
import logging
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL
from airflow_provider_smartrecruiters.api.http.transport import is_loopback
from airflow_provider_smartrecruiters.api.values.addresses import default_app_url
from airflow_provider_smartrecruiters.connection_form import CONN_TYPE, EXTRA_FIELDS, ExtraField
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.providers.common.compat.sdk import Connection

log = logging.getLogger(__name__)

ENVIRONMENTS = {"production": PRODUCTION_URL, "sandbox": SANDBOX_URL}


def client_arguments(connection: Connection) -> dict[str, Any]:
    """Convert a connection to the arguments of ``SmartRecruitersClient.from_credentials``.

    Empty fields are left out, so that the client's defaults apply. Unknown extras are named in a warning and ignored.

    :param connection: an Airflow connection from the form, from JSON or from a URI.
    :return: keyword arguments for ``from_credentials``.
    :raises ConfigurationError: a field has an unusable value; the message names the field and what it must be.
    """
    name = connection.conn_id or "smartrecruiters"
    extras = _extras(name, connection)
    given = {field.name: _extra(name, field, extras.get(field.name)) for field in EXTRA_FIELDS}
    arguments = {key: value for key, value in given.items() if value is not None}
    arguments.pop("app_url", None)
    environment = arguments.pop("environment", "production")
    arguments["base_url"] = _host_url(name, connection) or ENVIRONMENTS[environment]
    login = connection.login or ""
    # A login selects OAuth instead of the API key. Blanks in the field must not do that.
    arguments["login"] = login if login.strip() else ""
    arguments["password"] = connection.password or ""
    return arguments


def web_application(connection: Connection, base_url: str) -> str | None:
    """Return the address of the web application that shows the records of a connection.

    :param connection: an Airflow connection.
    :param base_url: base URL of its API.
    :return: the extra ``app_url``, or the default for the API; ``None`` if it is not known. Without a trailing slash.
    :raises ConfigurationError: ``app_url`` is not a URL, or contains a credential.
    """
    name = connection.conn_id or "smartrecruiters"
    given = connection.extra_dejson.get("app_url")
    text = given.strip() if isinstance(given, str) else given
    if text is None or text == "":
        return default_app_url(base_url)
    if not isinstance(text, str) or not _is_plain_url(text):
        raise _unusable(name, "app_url", "a URL such as https://www.smartrecruiters.com, without a credential")
    return text.rstrip("/")


def _is_plain_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = text.isprintable() and " " not in text and "@" not in parts.netloc and not (parts.query or parts.fragment)
    return bool(plain and host and parts.scheme in ("http", "https"))


def store_address(name: str, given: str, get_connection: Callable[[str], Connection]) -> str:
    """Return the address of a rate limit store.

    :param name: id of the SmartRecruiters connection, for the error message.
    :param given: the extra ``rate_limit_store``: an address, an absolute path, or the id of an Airflow connection.
    :param get_connection: returns the connection with an id.
    :return: an absolute path, ``redis://…``, ``rediss://…`` or ``postgresql://…``.
    :raises ConfigurationError: there is no connection with this id, its type cannot be a store, or it lacks a path.
    """
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    if "/" in given or ":" in given:
        return given
    try:
        store = get_connection(given)
    except AirflowNotFoundException:
        kinds = "the id of an existing connection, an absolute path, or redis://… or postgresql://…"
        raise _unusable(name, "rate_limit_store", kinds) from None
    make = _STORES.get(store.conn_type or "")
    address = make(store) if make else None
    if not address:
        raise _unusable(
            name, "rate_limit_store", "the id of a Redis, Postgres or File (path) connection whose path names a file"
        )
    return address


def _redis_address(store: Connection) -> str:
    extras = store.extra_dejson
    scheme = "rediss" if str(extras.get("ssl", "")).lower() == "true" else "redis"
    return f"{scheme}://{_authority(store, 6379)}/{extras.get('db') or 0}"


def _postgres_address(store: Connection) -> str:
    # What libpq knows. Other extras belong to Airflow's own hook.
    options = {key: value for key, value in store.extra_dejson.items() if key.startswith("ssl")}
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{_authority(store, 5432)}/{quote(store.schema or '', safe='')}{query}"


def _file_address(store: Connection) -> str | None:
    path = store.extra_dejson.get("path")
    return path if isinstance(path, str) and path.startswith("/") and not path.endswith("/") else None


def _authority(store: Connection, port: int) -> str:
    credential = f"{quote(store.login or '', safe='')}:{quote(store.password, safe='')}@" if store.password else ""
    return f"{credential}{store.host or 'localhost'}:{store.port or port}"


_STORES: dict[str, Callable[[Connection], str | None]] = {
    "redis": _redis_address,
    "postgres": _postgres_address,
    "fs": _file_address,
}


def store_passwords(location: str | None) -> set[str]:
    """Return the passwords in the URL of a rate limit store, for masking: both percent-encoded and decoded."""
    try:
        address = urlsplit(location or "")
        written = {address.password or "", *re.findall(r"(?:^|&)(?:ssl)?password=([^&]*)", address.query)}
    except ValueError:
        return set()
    return {text for password in written for text in (password, unquote(password)) if text}


def _extras(name: str, connection: Connection) -> dict[str, Any]:
    # Not `extra_dejson` alone: it returns {} for extras that are not valid JSON, so a connection to the sandbox would
    # silently use production.
    try:
        extras = json.loads(connection.extra) if connection.extra else {}
    except ValueError:
        extras = None
    if not isinstance(extras, dict):
        raise _unusable(name, "the extra field", "a JSON object")
    for problem in _unknown(extras):
        log.warning("Connection %s: %s", name, problem)
    # Reading through `extra_dejson` makes Airflow mask the values of keys that look secret.
    return connection.extra_dejson


def unknown_extras(connection: Connection) -> list[str]:
    """Return a sentence for each extra that no field has, with the nearest name that one has.

    :param connection: an Airflow connection whose extras are valid JSON.
    """
    return _unknown(connection.extra_dejson)


def _unknown(extras: Mapping[str, Any]) -> list[str]:
    known = [field.name for field in EXTRA_FIELDS]
    # The Test button of Airflow 2.11 sends each form field twice, the second time with this prefix.
    unknown = [key for key in extras if key not in known and not key.startswith(f"extra__{CONN_TYPE}__")]
    return [f"unknown extra {key!r} is ignored.{_nearest(key, known)}" for key in unknown]


def _nearest(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _extra(name: str, field: ExtraField, value: Any) -> Any:
    """Return the value of an extra in the type that the client expects; ``None`` if it is not given."""
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
    # float() also reads "nan" and "inf"; `number - number` is 0 for neither.
    if number is None or number - number != 0 or (field.minimum is not None and number < field.minimum):
        raise _unusable(name, field.name, must_be)
    if field.kind == "integer":
        if not number.is_integer():
            raise _unusable(name, field.name, must_be)
        return int(number)
    return number


def _host_url(name: str, connection: Connection) -> str | None:
    """Return the base URL built from host, schema and port; ``None`` if there is no host."""
    host = (connection.host or "").strip().rstrip("/")
    schema = (connection.schema or "").strip().lower()
    port = connection.port
    if not host:
        if schema or port:
            log.warning("Connection %s: schema and port are ignored, because the host is empty.", name)
        return None
    if schema not in ("", "http", "https"):
        raise _unusable(name, "schema", "http, https or empty")
    scheme, separator, rest = host.partition("://")
    if not separator:
        rest = host
        # Plain http is safe on loopback, and local servers (the emulator) rarely use TLS.
        scheme = schema or ("http" if _leads_to_loopback(host) else "https")
    elif schema and schema != scheme.lower():
        raise _unusable(name, "schema", "empty or the same as in the host")
    try:
        in_host = urlsplit(f"{scheme}://{rest}").port
    except ValueError:
        raise _unusable(name, "host", "a URL such as https://api.smartrecruiters.com") from None
    if port and in_host not in (None, port):
        raise _unusable(name, "port", "empty or the same as in the host")
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
        hint=f"Edit the connection {name} under Admin > Connections, or in the secrets backend that holds it.",
    )
