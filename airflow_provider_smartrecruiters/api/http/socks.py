"""Connections through a SOCKS proxy that the watchdog can shut down."""

from __future__ import annotations

from functools import cache

from airflow_provider_smartrecruiters.api.http.deadline import WatchedHTTPConnection, WatchedHTTPSConnection


@cache
def socks_pools() -> dict[str, type]:
    """Return the connection pools for a SOCKS proxy, by URL scheme.

    :raises ImportError: PySocks (``requests[socks]``) is not installed.
    """
    # Imported here, so that this module can be imported without PySocks.
    from urllib3.contrib.socks import (
        SOCKSConnection,
        SOCKSHTTPConnectionPool,
        SOCKSHTTPSConnection,
        SOCKSHTTPSConnectionPool,
    )

    class Connection(WatchedHTTPConnection, SOCKSConnection):
        pass

    class TLSConnection(WatchedHTTPSConnection, SOCKSHTTPSConnection):
        pass

    class Pool(SOCKSHTTPConnectionPool):
        ConnectionCls = Connection

    class TLSPool(SOCKSHTTPSConnectionPool):
        ConnectionCls = TLSConnection

    return {"http": Pool, "https": TLSPool}
