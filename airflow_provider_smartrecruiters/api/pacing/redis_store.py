"""Schedules in Redis, for the workers of a cluster."""

from __future__ import annotations

import time
from typing import Any

from airflow_provider_smartrecruiters.api.pacing.schedule import (
    LATEST,
    TIMEOUT,
    Answer,
    Store,
    not_installed,
    unreachable,
    unreadable,
    unusable,
)
from airflow_provider_smartrecruiters.exceptions import ConfigurationError

# Redis runs a script as one atomic step. Lua's doubles hold microseconds since 1970 exactly, but are printed with 14
# digits, hence the format.
_ADVANCE = """
local interval, lead, far, latest, kept = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = tonumber(redis.call('GET', KEYS[1]) or 0)
local dropped = free > now + far
if not dropped and free > now + latest then
  return false
end
local turn = math.max(now + lead, dropped and 0 or free)
local kept_ms = math.ceil((turn - now) / 1000) + kept
redis.call('SET', KEYS[1], string.format('%.0f', turn + interval), 'PX', string.format('%.0f', kept_ms))
return {turn, now, dropped and 1 or 0}
"""
_KEPT = 600_000
"""Milliseconds after its last turn for which Redis keeps a schedule."""


class RedisStore(Store):
    """Schedules in Redis: one number for each, by the server's clock.

    :param url: ``redis://`` or ``rediss://``.
    :raises ConfigurationError: the library is missing, or the address is wrong.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise not_installed("redis") from None
        try:
            # The server closes idle connections, so a lost one is replaced once. A timeout is not tried again: a
            # request waits for this turn.
            self._client: Any = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            )
        except Exception as error:
            raise self.explained(error) from None
        self._script = self._client.register_script(_ADVANCE)

    def advance(self, key: str, *, interval: int, lead: int, far: int, latest: int = LATEST) -> Answer | None:
        sent = time.monotonic()
        found = self._script(keys=[f"smartrecruiters:turns:{key}"], args=[interval, lead, far, latest, _KEPT])
        if found is None:
            return None
        turn, now, dropped = found
        return Answer(turn, now, sent, time.monotonic(), bool(dropped))

    def close(self) -> None:
        # After a fork nothing has to be done: the client's pool knows its process.
        self._client.close()

    def explained(self, error: Exception) -> ConfigurationError:
        import redis

        kind = type(error).__name__
        if isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError):
            return unusable(f"Redis refuses the credential ({kind})", "Check user and password in the address.")
        if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
            return unreachable("Redis", kind)
        if isinstance(error, redis.RedisError):
            return unusable(
                f"Redis does not keep the schedule ({kind})",
                "Name a primary (Redis 5 or later), not a replica and not a node of a cluster. Its user needs "
                "~smartrecruiters:* +time +evalsha +script|load +get +set, and +select for a database other than 0.",
            )
        return unreadable(kind)
