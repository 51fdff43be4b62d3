"""When a failed request is sent again inside the client, and after how long.

This is the short budget (seconds) that bridges a hiccup. Minutes and hours belong to Airflow's own ``retries``:
a worker must not sleep through them. urllib3's ``Retry`` is not mounted on the adapter because it would send
below the pacing and past the deadline; its reading of ``Retry-After`` is used.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from airflow_provider_smartrecruiters.exceptions import RateLimitedError, SmartRecruitersError

_this_thread = threading.local()


def retries_made() -> int:
    """Return how many times anything was tried again in this thread so far; two of these tell what came between."""
    return getattr(_this_thread, "retries", 0)


@dataclass(frozen=True)
class RetryPolicy:
    """How patient one call is.

    :param budget: seconds that a call may spend on waiting and sending again, all in all.
    :param max_attempts: sends per call for everything but 429, which only the budget bounds.
    :param first_wait: seconds that the first wait lasts at most; each further one doubles it.
    :param longest_wait: seconds that no wait exceeds, but for one that the API asks for.
    """

    budget: float = 60.0
    max_attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 15.0

    def start(self) -> Attempts:
        """Begin to count the attempts of one call."""
        return Attempts(self)


@dataclass
class Attempts:
    """The attempts of one call so far."""

    policy: RetryPolicy
    made: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def deadline(self) -> float:
        """Moment of :func:`time.monotonic` at which the budget is used up."""
        return self.started + self.policy.budget

    def next_delay(self, error: SmartRecruitersError, *, paced: bool = False) -> float | None:
        """Return the seconds to wait before the same is tried again, or None to give up.

        :param paced: whether the pace took the error into account, so that waiting for the next turn is enough.

        Full jitter: anything between nothing and the doubled wait, so that many workers that failed together do
        not come back together.
        """
        self.made += 1
        limited = isinstance(error, RateLimitedError)
        if not error.retryable or (self.made >= self.policy.max_attempts and not limited):
            return None
        cap = min(self.policy.longest_wait, self.policy.first_wait * 2 ** min(self.made - 1, 16))
        wait = random.uniform(0, cap)
        if paced:
            wait = 0.0
        elif error.retry_after is not None:
            wait = max(wait, error.retry_after)
        elif limited:
            # The limit is counted per second, so less than one would only collide again.
            wait += 1.0
        if time.monotonic() + wait > self.deadline:
            return None
        _this_thread.retries = retries_made() + 1
        return wait


def parse_retry_after(text: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for (a number, or an HTTP date); None without one."""
    if not text:
        return None
    try:
        return Retry().parse_retry_after(text)
    except InvalidHeader:
        return None
