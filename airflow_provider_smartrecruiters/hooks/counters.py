"""Counters of requests in Airflow's own metrics (StatsD, Datadog, OpenTelemetry), by connection.

Every name comes twice, as those of Airflow's pools do: ``smartrecruiters.requests`` with tags, and
``smartrecruiters.requests.<conn_id>`` without, because plain StatsD knows no tags.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.request import Exchange

log = logging.getLogger(__name__)

_SWITCHES = ("statsd_on", "statsd_datadog_enabled", "otel_on")
_LONGEST_ID = 80
"""Characters of a connection id in a name, so that Airflow never refuses the name as too long (250 with its tags)."""


class Counters:
    """Counts the requests of a connection: an :class:`~airflow_provider_smartrecruiters.api.http.request.Observer`.

    :param conn_id: id of the connection.
    :param stats: Airflow's ``Stats``.
    """

    def __init__(self, conn_id: str, stats: Any) -> None:
        self._stats = stats
        # A dot would begin another level of the name, and Airflow refuses other characters.
        self._conn_id = re.sub(r"[^A-Za-z0-9_-]", "_", conn_id)[:_LONGEST_ID]

    def sent(self, exchange: Exchange) -> None:
        """Count a request: ``requests``, ``reads`` or ``writes``, ``rate_limited`` (429), and time ``wait``."""
        endpoint = {"method": exchange.method, "path": exchange.path}
        self._count("requests", status=str(exchange.status or "none"), **endpoint)
        self._count("reads" if exchange.read else "writes")
        if exchange.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._count("rate_limited", **endpoint)
        # Not a number: of a number, each version and backend has a unit of its own.
        waited = timedelta(seconds=exchange.waited)
        self._stats.timing("smartrecruiters.wait", waited, tags={"conn_id": self._conn_id})
        self._stats.timing(f"smartrecruiters.wait.{self._conn_id}", waited)

    def retried(self) -> None:
        """Count a retry."""
        self._count("retries")

    def _count(self, name: str, **tags: str) -> None:
        self._stats.incr(f"smartrecruiters.{name}", tags={"conn_id": self._conn_id, **tags})
        self._stats.incr(f"smartrecruiters.{name}.{self._conn_id}")


def counters_of(conn_id: str) -> Counters | None:
    """Return the counters of a connection; None if Airflow's metrics are off, or cannot be used.

    :param conn_id: id of the connection.
    """
    try:
        if any(conf.getboolean("metrics", switch, fallback=False) for switch in _SWITCHES):
            return Counters(conn_id, _stats())
    except Exception as error:
        log.warning("Requests are not counted in Airflow's metrics (%s).", type(error).__name__)
    return None


def _stats() -> Any:
    from airflow.providers.common.compat.sdk import Stats

    # Airflow 3.3 sets up its metrics in workers only. In the triggerer and on the command line, the module that tasks
    # use has nowhere to send to, and says nothing about it.
    module = sys.modules[Stats.incr.__module__]
    if getattr(module, "_factory", module) is None:
        from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

        Stats.initialize(factory=get_stats_factory(), export_legacy_names=False)
    return Stats
