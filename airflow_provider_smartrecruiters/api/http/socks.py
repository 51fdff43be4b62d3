"""Connections through a SOCKS proxy that the watchdog can shut down. Needs PySocks (``requests[socks]``)."""

from __future__ import annotations

from urllib3.contrib.socks import (
    SOCKSConnection,
    SOCKSHTTPConnectionPool,
    SOCKSHTTPSConnection,
    SOCKSHTTPSConnectionPool,
)

from airflow_provider_smartrecruiters.api.http.deadline import WatchedHTTPConnection, WatchedHTTPSConnection


class _Connection(WatchedHTTPConnection, SOCKSConnection):
    pass


class _TLSConnection(WatchedHTTPSConnection, SOCKSHTTPSConnection):
    pass


class _Pool(SOCKSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(SOCKSHTTPSConnectionPool):
    ConnectionCls = _TLSConnection


POOLS = {"http": _Pool, "https": _TLSPool}
