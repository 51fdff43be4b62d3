"""One exchange with the server: https only, no redirects, the whole response read, and failures distinguished by
whether the request can have reached the server.
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
from airflow_provider_smartrecruiters.api.http.socks import socks_pools
from airflow_provider_smartrecruiters.api.http.urllib3_logs import shorten_logs
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ConfigurationError,
    ConnectionFailedError,
    SmartRecruitersError,
)

DEFAULT_TIMEOUT = 128.0
"""Seconds that one exchange may take; the minimum that the API's documentation recommends. Doubled, a hung request
holds its concurrency slot for twice as long. Halved, slow but successful writes would be reported as lost."""

_CONNECT_TIMEOUT = 30.0
"""Seconds to establish a connection. A host that does not respond by then is down or behind a firewall; doubled, every
attempt against it takes half a minute longer."""
_ANSWER_MAX_BYTES = 64 * 1024 * 1024
"""Largest response after decompression. Doubled, eight concurrent responses could fill 1 GiB of a worker's memory."""
_CODINGS = ("gzip", "deflate")
"""Accepted content codings. One layer of these expands about a thousandfold at most; other codings and stacked layers
expand without bound (decompression bomb), and urllib3 before 2.6 decompresses a whole chunk at once.
"""
_AGAIN = "Run the task again in a few minutes."


class Session(requests.Session):
    """A :class:`requests.Session` that reads the environment once per server.

    The settings at the time of the first request to a server (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``)
    stay in effect for the life of the session. requests itself evaluates them again for every request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: dict[tuple[str, str], Mapping[str, Any]] = {}

    def environment(self, url: SplitResult) -> Mapping[str, Any]:
        """Return the proxies and certificates for a server, in the format of :meth:`HTTPAdapter.send`."""
        server = (url.scheme, url.netloc)
        if server not in self._environment:
            settings: Any = self.merge_environment_settings(url.geturl(), {}, True, None, None)
            if url.scheme == "http":
                # Plain http is for loopback only; a proxy would receive the credential in clear text.
                settings["proxies"] = {}
            self._environment[server] = settings
        return self._environment[server]


def exchange(
    session: Session,
    prepared: requests.PreparedRequest,
    timeout: float,
    on_sent: Callable[[], None] | None = None,
) -> tuple[requests.Response, bytes]:
    """Send a prepared request and read the whole response, at most 64 MiB.

    Redirects are not followed, so that the credential never goes to a host that the connection does not name.

    :param session: session to send with.
    :param prepared: the request.
    :param timeout: total seconds for the exchange. It also ends a response that trickles in byte by byte, which a
        socket timeout never does.
    :param on_sent: called when the whole request is sent, which takes longer on a new connection.
    :return: the response and its body.
    :raises ConnectionFailedError: nothing was sent.
    :raises AnswerLostError: the request was sent, but no complete response arrived.
    """
    url = urlsplit(prepared.url or "")
    host = url.hostname
    environment = session.environment(url)
    failure: ConnectionFailedError | AnswerLostError | None = None
    with Deadline(timeout, on_sent) as deadline:
        try:
            # The adapter, not Session.send: even with allow_redirects=False that parses the Location header, and raises
            # an error if it is not a valid URL.
            adapter = session.get_adapter(prepared.url or "")
            response = adapter.send(prepared, timeout=(min(timeout, _CONNECT_TIMEOUT), timeout), **environment)
            if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity", *_CODINGS):
                response.close()
                raise AnswerLostError(
                    f"The response from {host} uses a content encoding that is not supported; it was not read.",
                    hint=_AGAIN,
                    retryable=False,
                )
            # Chunk by chunk, so that a response that is too large is noticed before it fills the memory.
            body = bytearray()
            for chunk in response.iter_content(64 * 1024):
                body += chunk
                if len(body) > _ANSWER_MAX_BYTES:
                    response.close()
                    raise AnswerLostError(
                        f"The response from {host} is larger than {_ANSWER_MAX_BYTES // 1024**2} MiB; reading stopped.",
                        hint=_AGAIN,
                        retryable=False,
                    )
        except OSError as error:
            # OSError, not RequestException, which is a subclass: a missing CA bundle raises a plain OSError.
            # `deadline.sent` decides first: a failure before the connection accepted the request is safe to retry for a
            # write too, and one after it never is.
            if not deadline.sent:
                failure = _unsent(error, f"{host}:{url.port}" if url.port else host)
            elif deadline.happened or isinstance(error, Timeout):
                failure = _too_slow(host, timeout)
            else:
                failure = _lost(error, host)
        except SmartRecruitersError:
            raise
        except Exception as error:
            # No library between here and the socket promises to raise nothing else.
            if not deadline.sent:
                raise
            failure = _lost(error, host)
    if failure is not None:
        # Raised outside the except block: the error of requests, which names the whole URL, would become the context.
        raise failure
    if deadline.happened:
        # A body without Content-Length ends without an error when the watchdog shuts down the connection, and looks
        # complete.
        raise _too_slow(host, timeout)
    return response, bytes(body)


class _Adapter(HTTPAdapter):
    """The adapter of requests, with connections that the watchdog can shut down."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if not proxy.lower().startswith("socks"):
            manager = super().proxy_manager_for(proxy, **kwargs)
            manager.pool_classes_by_scheme = POOLS
            return manager
        try:
            pools = socks_pools()
        except ImportError:
            raise ConfigurationError(
                "The environment names a SOCKS proxy, which needs the library PySocks; nothing was sent.",
                hint="Install requests[socks] on every worker, or remove the proxy from HTTPS_PROXY and ALL_PROXY.",
            ) from None
        try:
            manager = super().proxy_manager_for(proxy, **kwargs)
        except ValueError:
            raise ConfigurationError(
                "The environment names a SOCKS proxy of an unknown version; nothing was sent.",
                hint="Begin HTTPS_PROXY or ALL_PROXY with socks5:// or socks5h://.",
            ) from None
        manager.pool_classes_by_scheme = pools
        return manager


def _unsent(error: OSError, host: str | None) -> ConnectionFailedError:
    reason = type(_reason(error)).__name__
    if isinstance(error, RequestsConnectionError | Timeout):
        return ConnectionFailedError(
            f"Could not connect to {host}; nothing was sent ({reason}).",
            hint="Check the host in the Airflow connection, and whether the worker can reach it (proxy, firewall, "
            "certificates).",
        )
    return ConnectionFailedError(
        f"Could not send the request to {host} ({reason}).",
        hint="Check the host, and the worker's proxy and certificate settings (HTTPS_PROXY, REQUESTS_CA_BUNDLE).",
        retryable=False,
    )


def _lost(error: Exception, host: str | None) -> AnswerLostError:
    reason = type(_reason(error)).__name__
    return AnswerLostError(
        f"The request was sent, but no complete response from {host} arrived ({reason}).", hint=_AGAIN
    )


def _too_slow(host: str | None, timeout: float) -> AnswerLostError:
    return AnswerLostError(
        f"The request was sent, but no complete response from {host} arrived within {timeout:g} seconds.",
        hint=_AGAIN,
    )


def _reason(error: BaseException) -> BaseException:
    """Return the innermost cause. requests and urllib3 wrap it once or twice."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            return error
        error = inner


def new_session(user_agent: str | None) -> Session:
    """Return a session that pools connections, verifies certificates, and retries nothing on its own."""
    shorten_logs()
    session = Session()
    # max_retries=0: a retry below the rate limit would exceed it, and could repeat a write that was applied.
    adapter = _Adapter(pool_connections=4, pool_maxsize=64, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = user_agent or f"airflow-provider-smartrecruiters/{__version__}"
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = ", ".join(_CODINGS)
    return session


def checked_url(url: str, name: str) -> str:
    """Return ``url`` without a trailing slash.

    :param url: URL from a field of the connection.
    :param name: name of that field, for the error message.
    :raises ConfigurationError: it is not an https URL; plain http is accepted for loopback only.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise ConfigurationError(
            f"The connection's {name} is not a URL.",
            hint="Enter a URL such as https://api.smartrecruiters.com, or leave the field empty for the default.",
        )
    if parts.username or parts.password:
        raise ConfigurationError(
            f"The connection's {name} contains a credential.",
            hint="Put the API key, or the client id and secret, into the login and password fields.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"The connection's {name} uses plain http, which would send the credential in clear text.",
            hint="Use https://. Plain http is accepted for loopback only (127.0.0.1, localhost).",
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether a host (a name or an IP address, without a port) is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
