"""The Airflow connection to an emulator, in the forms that Airflow reads. Standard library only."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

CONNECTION_TYPE = "smartrecruiters"


def connection(url: str, *, password: str, login: str | None = None) -> dict[str, Any]:
    """Return the connection as the keyword arguments of Airflow's ``Connection``.

    :param url: the emulator's address
    :param password: the API key, or the client secret when ``login`` is given
    :param login: the client id; None for API key authentication
    """
    # The emulator shows its records at the addresses of the web application.
    return {"conn_type": CONNECTION_TYPE, "host": url, "login": login, "password": password, "extra": {"app_url": url}}


def connection_json(url: str, *, password: str, login: str | None = None) -> str:
    """Return the connection as the JSON text that an ``AIRFLOW_CONN_…`` variable may hold."""
    parts = connection(url, password=password, login=login)
    return json.dumps({name: value for name, value in parts.items() if value})


def connection_uri(url: str, *, password: str, login: str | None = None) -> str:
    """Return the connection as the URI that an ``AIRFLOW_CONN_…`` variable may hold.

    Airflow moves the port of such a URI from ``host`` to ``port``.
    """
    address = urlsplit(url)
    credentials = f"{quote(login or '', safe='')}:{quote(password, safe='')}"
    return f"{CONNECTION_TYPE}://{address.scheme}://{credentials}@{address.netloc}"
