"""One exchange with the server: https only, nothing followed, everything read, every failure told apart by
whether the request can have arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import Timeout

from airflow_provider_smartrecruiters import __version__
from airflow_provider_smartrecruiters.api.http.deadline import POOLS, Deadline
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ConfigurationError,
    ConnectionFailedError,
)

DEFAULT_TIMEOUT = 128.0
"""Seconds that one exchange may take; the API's own advice is at least this much."""

_CONNECT_TIMEOUT = 30.0
_ANSWER_MAX_BYTES = 64 * 1024 * 1024
_CODINGS = ("gzip", "deflate")
"""Compressions that are asked for: one layer of these grows a thousandfold at most, other ones and several layers
without bound, and urllib3 before 2.6 unpacks all of a chunk at once.
"""
_READ_FIRST = "Run the task again: it reads the current state first."


class Session(requests.Session):
    """A :class:`requests.Session` that looks at the environment once for each server.

    What the environment says when the first request goes to a server (``HTTPS_PROXY``, ``NO_PROXY``,
    ``REQUESTS_CA_BUNDLE``) holds as long as the session; requests goes through all of it for every request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: dict[tuple[str, str], Mapping[str, Any]] = {}

    def environment(self, url: SplitResult) -> Mapping[str, Any]:
        """Return the proxies and the certificates for a server, as :meth:`HTTPAdapter.send` takes them."""
        server = (url.scheme, url.netloc)
        if server not in self._environment:
            settings: Any = self.merge_environment_settings(url.geturl(), {}, True, None, None)
            if url.scheme == "http":
                # It is for this machine alone; a proxy would get the credential readable.
                settings["proxies"] = {}
            self._environment[server] = settings
        return self._environment[server]


def exchange(
    session: Session,
    prepared: requests.PreparedRequest,
    timeout: float,
    on_sent: Callable[[], None] | None = None,
) -> tuple[requests.Response, bytes]:
    """Send a prepared request and read the whole answer, at most 64 MiB of it. Redirects are not followed, so
    that no credential goes where the connection does not name.

    :param timeout: seconds that the exchange may take, all in all: an answer that trickles in byte by byte, which
        no socket timeout ever notices, is cut off then.
    :param on_sent: called when all of the request is on its way; a new connection takes a while before it is.
    :raises ConnectionFailedError: nothing was sent.
    :raises AnswerLostError: sent, but no whole answer came.
    """
    url = urlsplit(prepared.url or "")
    host = url.hostname
    environment = session.environment(url)
    failure: ConnectionFailedError | AnswerLostError | None = None
    with Deadline(timeout, on_sent) as deadline:
        try:
            # Not Session.send: even told not to follow a redirect it reads where it leads, and dies of a bad address.
            adapter = session.get_adapter(prepared.url or "")
            response = adapter.send(prepared, timeout=(min(timeout, _CONNECT_TIMEOUT), timeout), **environment)
            if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity", *_CODINGS):
                response.close()
                raise AnswerLostError(
                    f"The answer of {host} is compressed in a way that was not asked for; it was not read.",
                    hint=_READ_FIRST,
                    retryable=False,
                )
            body = bytearray()
            for chunk in response.iter_content(64 * 1024):
                body += chunk
                if len(body) > _ANSWER_MAX_BYTES:
                    response.close()
                    raise AnswerLostError(
                        f"The answer of {host} is larger than {_ANSWER_MAX_BYTES // 1024**2} MiB; reading stopped.",
                        hint=_READ_FIRST,
                        retryable=False,
                    )
        except OSError as error:
            # RequestException is one; a bundle of certificates that is not there is one without being the other.
            if not deadline.sent:
                failure = _unsent(error, host)
            elif deadline.happened or isinstance(error, Timeout):
                failure = _too_slow(host, timeout)
            else:
                failure = _lost(error, host)
    if failure is not None:
        # Not raised in there: requests' own error names the whole URL, and would be this one's context.
        raise failure
    if deadline.happened:
        # A body without a length just ends where the connection was cut.
        raise _too_slow(host, timeout)
    return response, bytes(body)


class _Adapter(HTTPAdapter):
    """requests' adapter, with connections that can be cut off."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager


def _unsent(error: OSError, host: str | None) -> ConnectionFailedError:
    reason = type(_reason(error)).__name__
    if isinstance(error, RequestsConnectionError | Timeout):
        return ConnectionFailedError(
            f"No connection to {host} could be made ({reason}); nothing was sent.",
            hint="Check the host in the Airflow connection, and whether the worker may reach it (proxy, firewall, "
            "certificates).",
        )
    return ConnectionFailedError(
        f"The request to {host} could not be sent ({reason}).",
        hint="Check the host, and the worker's settings of proxies and certificates (HTTPS_PROXY, REQUESTS_CA_BUNDLE).",
        retryable=False,
    )


def _lost(error: OSError, host: str | None) -> AnswerLostError:
    reason = type(_reason(error)).__name__
    return AnswerLostError(f"The request was sent, but no whole answer of {host} came ({reason}).", hint=_READ_FIRST)


def _too_slow(host: str | None, timeout: float) -> AnswerLostError:
    return AnswerLostError(
        f"The request was sent, but no whole answer of {host} came within {timeout:g} seconds.", hint=_READ_FIRST
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


def new_session(user_agent: str | None) -> Session:
    """Return a session that keeps its connections, retries nothing on its own and verifies certificates."""
    session = Session()
    adapter = _Adapter(pool_connections=4, pool_maxsize=64, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = user_agent or f"airflow-provider-smartrecruiters/{__version__}"
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = ", ".join(_CODINGS)
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
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"The connection's {name} uses plain http, which would send the credential readable to anyone on the way.",
            hint="Write https://; plain http is accepted only for this machine itself (127.0.0.1, localhost).",
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether a host, a name or an address without a port, is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
