"""One exchange with the server: https only, nothing followed, everything read, every failure told apart by
whether the request can have arrived.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, ContentDecodingError, RequestException, Timeout
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError, SSLError

from airflow_provider_smartrecruiters import __version__
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ConfigurationError,
    ConnectionFailedError,
    SmartRecruitersError,
)

DEFAULT_TIMEOUT = 128.0
"""Seconds without a byte from the server; the API's own advice is at least this much."""

_CONNECT_TIMEOUT = 30.0
_ANSWER_MAX_BYTES = 64 * 1024 * 1024
_NEVER_SENT = (NewConnectionError, NameResolutionError, ProxyError, SSLError)


def exchange(
    session: requests.Session, prepared: requests.PreparedRequest, timeout: float
) -> tuple[requests.Response, bytes]:
    """Send a prepared request and read the whole answer, at most 64 MiB of it. Redirects are not followed, so
    that no credential goes where the connection does not name.

    :raises ConnectionFailedError: nothing was sent.
    :raises AnswerLostError: sent, but no whole answer came.
    """
    settings = session.merge_environment_settings(prepared.url, {}, True, None, None)
    host = urlsplit(prepared.url or "").hostname
    try:
        response = session.send(
            prepared, timeout=(min(timeout, _CONNECT_TIMEOUT), timeout), allow_redirects=False, **settings
        )
        body = bytearray()
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > _ANSWER_MAX_BYTES:
                response.close()
                raise AnswerLostError(
                    f"The answer of {host} is larger than {_ANSWER_MAX_BYTES // 1024**2} MiB; reading stopped.",
                    retryable=False,
                )
        return response, bytes(body)
    except RequestException as error:
        raise _lost(error, host, timeout) from None


def _lost(error: RequestException, host: str | None, timeout: float) -> SmartRecruitersError:
    reason = _reason(error)
    if isinstance(error, ConnectTimeout) or (
        isinstance(error, RequestsConnectionError) and isinstance(reason, _NEVER_SENT)
    ):
        return ConnectionFailedError(
            f"No connection to {host} could be made ({type(reason).__name__}); nothing was sent.",
            hint="Check the host in the Airflow connection, and whether the worker may reach it (proxy, firewall, "
            "certificates).",
        )
    if isinstance(error, RequestsConnectionError | Timeout | ChunkedEncodingError | ContentDecodingError):
        waited = f" within {timeout:g} seconds" if isinstance(error, Timeout) else ""
        return AnswerLostError(
            f"The request was sent, but no whole answer of {host} came{waited} ({type(reason).__name__}).",
            hint="Run the task again: it reads the current state first.",
        )
    return ConnectionFailedError(
        f"The request to {host} could not be sent ({type(error).__name__}).",
        hint="Check the host and the proxy settings.",
        retryable=False,
    )


def _reason(error: BaseException) -> BaseException:
    """Return the innermost cause that urllib3 names; requests wraps it once or twice."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            return error
        error = inner


def new_session(user_agent: str | None) -> requests.Session:
    """Return a session that keeps its connections, retries nothing on its own and verifies certificates."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=64, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = user_agent or f"airflow-provider-smartrecruiters/{__version__}"
    session.headers["Accept"] = "application/json"
    return session


def checked_url(url: str, name: str) -> str:
    """Return ``url`` without a trailing slash.

    :param name: the connection's field that it comes from, for the error.
    :raises ConfigurationError: when it is no https address; plain http is accepted for loopback only.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise ConfigurationError(
            f"The connection's {name} is not a web address.",
            hint="It looks like https://api.smartrecruiters.com; leave it empty for SmartRecruiters' own.",
        )
    if parts.username or parts.password:
        raise ConfigurationError(
            f"The connection's {name} holds a credential.",
            hint="Put the API key, or the client id and secret, into the login and password fields.",
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            f"The connection's {name} uses plain http, which would send the credential readable to anyone on the way.",
            hint="Write https://; plain http is accepted only for this machine itself (127.0.0.1, localhost).",
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
