"""Whether turns may be taken from the store: one answer for all limits of a credential."""

from __future__ import annotations

import logging
import time
from collections import deque

log = logging.getLogger(__name__)

_RETRY_STORE_AFTER = 10.0
"""Seconds until a store that failed is asked again. Doubled, a store that is back is used later; halved, one that hangs
stops a process for half of its time, as each attempt may take five seconds."""
_DISTRUST = 5
"""Refused requests within ten seconds from which on a store counts as not shared by all. Doubled, a process collects
ten of them first; halved, a network that delays some requests is taken for another process."""
_DISTRUST_WITHIN = 10.0


class StoreTrust:
    """What this process knows of the store of a credential. A store is lost, and doubted, for all limits at once."""

    def __init__(self) -> None:
        self.lost_until = 0.0
        self._refused_at: deque[float] = deque(maxlen=_DISTRUST)
        self._distrusted = False

    @property
    def given(self) -> bool:
        """Whether turns come from the store now, as far as is known."""
        return not self.lost_until and not self._distrusted

    @property
    def worth_asking(self) -> bool:
        """Whether to ask the store for a turn: it works, or was not asked for a while."""
        return not self._distrusted and time.monotonic() >= self.lost_until

    def lost(self, error: Exception) -> None:
        """Note that the store did not answer."""
        if not self.lost_until:
            log.warning(
                "The rate limit store failed (%s). Until it is back, this process keeps a pace of its own and "
                "watches the rate limit headers for other processes.",
                error,
            )
        self.lost_until = time.monotonic() + _RETRY_STORE_AFTER

    def answered(self) -> None:
        """Note that the store gave a turn."""
        if self.lost_until:
            log.info("The rate limit store is back.")
            self.lost_until = 0.0

    def refused(self) -> None:
        """Note that the server refused a request that had a turn from the store."""
        self._refused_at.append(time.monotonic())
        if len(self._refused_at) == _DISTRUST and self._refused_at[-1] - self._refused_at[0] < _DISTRUST_WITHIN:
            self._distrusted = True
            log.warning(
                "SmartRecruiters refuses requests although the rate limit store has a turn for each of them: not all "
                "users of this credential share it. This process keeps a pace of its own from now on and watches the "
                "rate limit headers. What to do: Name one store in all connections with this credential, and Redis or "
                "PostgreSQL instead of a file if they run on more than one host."
            )
