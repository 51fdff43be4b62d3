"""When the client retries a failed request, and after which delay.

This is the short budget (seconds) that bridges a transient error. Minutes and hours belong to Airflow's own
``retries``: a worker must not sleep through them. urllib3's ``Retry`` is not mounted on the adapter, because it would
retry without asking the rate limit and beyond the deadline.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz

from airflow_provider_smartrecruiters.exceptions import RateLimitedError, SmartRecruitersError, fitted

log = logging.getLogger(__name__)

LONGEST_RETRY_AFTER = 30 * 86_400.0
"""Most seconds of a ``Retry-After`` that are believed. Doubled or halved, nothing changes for a task with
``SmartRecruitersRetryPolicy``, which waits a day at most unless it is told otherwise."""

_this_thread = threading.local()


def retries_made() -> int:
    """Return the number of retries in this thread so far. The difference of two calls is the retries in between."""
    return getattr(_this_thread, "retries", 0)


@dataclass(frozen=True)
class RetryPolicy:
    """The retry budget of one call.

    :param budget: total seconds that a call may spend on waits and retries. Doubled, a worker may sleep two minutes in
        one call before Airflow's own ``retries`` take over.
    :param max_attempts: attempts per call. A 429 is bounded by the budget only. Doubled, a server that is
        down can cost a call 45 s of waiting instead of 3.5.
    :param first_wait: upper bound in seconds for the first wait; it doubles with each retry. Doubled, the three retries
        of a call wait up to 7 s instead of 3.5.
    :param longest_wait: upper bound in seconds for every wait, except one that the API asks for. Only 429s reach it;
        doubled, one wait can take half of the budget.
    :param stopped: once it is set, waits end and nothing is tried again; None if there is no reason to stop early.
    :param log_level: level at which each retry is logged. A batch, which counts them, uses DEBUG.
    :param on_retry: called before each retry; None for nothing.
    """

    budget: float = 60.0
    max_attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 15.0
    stopped: threading.Event | None = field(default=None, repr=False, compare=False)
    log_level: int = logging.INFO
    on_retry: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    def start(self) -> Attempts:
        """Start counting the attempts of one call."""
        return Attempts(self)


@dataclass
class Attempts:
    """The attempts of one call so far."""

    policy: RetryPolicy
    made: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def deadline(self) -> float:
        """Time of :func:`time.monotonic` at which the budget is used up."""
        return self.started + self.policy.budget

    def next_delay(self, error: SmartRecruitersError, *, paced: bool = False) -> float | None:
        """Return the seconds to wait before the next attempt; None to give up.

        Exponential backoff with full jitter
        (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): the wait is random between 0 and an
        upper bound that doubles, so that workers that failed together do not retry together.

        :param error: the error of the failed attempt.
        :param paced: whether the pacer already accounts for the error, so that the next turn is wait enough.
        """
        self.made += 1
        limited = isinstance(error, RateLimitedError)
        # A 429 does not count against max_attempts: the request was not applied, and waiting is all that it needs.
        if not error.retryable or (self.made >= self.policy.max_attempts and not limited) or self._stopped:
            return None
        # The exponent is bounded because the number of 429s is not: 2 ** 1024 does not fit into a float.
        cap = min(self.policy.longest_wait, self.policy.first_wait * 2 ** min(self.made - 1, 16))
        wait = random.uniform(0, cap)
        if paced:
            wait = 0.0
        elif error.retry_after is not None:
            # Never earlier than asked, but possibly later: the jitter also spreads workers that got the same value.
            wait = max(wait, error.retry_after)
        elif limited:
            # The limit is counted per second, so a retry within the same second would only meet another 429.
            wait += 1.0
        # Give up now rather than sleep until the deadline and give up then.
        if time.monotonic() + wait > self.deadline:
            return None
        _this_thread.retries = retries_made() + 1
        return wait

    def log_next(self, error: SmartRecruitersError, wait: float) -> None:
        """Log that there will be another attempt, and why, and count it.

        :param error: the error of the failed attempt.
        :param wait: seconds until then.
        """
        if self.policy.on_retry:
            self.policy.on_retry()
        # The error itself says what to do when there is no other attempt.
        limited = isinstance(error, RateLimitedError)
        why = "SmartRecruiters asks for fewer requests (429)." if limited else error.summary
        when = f"in {wait:.1f} s" if wait else "as soon as the rate limit allows"
        # No number of attempts after a 429: only the budget bounds them.
        attempts = "" if limited else f", {self.made + 1} of {self.policy.max_attempts}"
        log.log(self.policy.log_level, "%s", fitted(f"{why} Next attempt {when}{attempts}."))

    def sleep(self, seconds: float) -> bool:
        """Sleep before the next attempt, and return whether it may be made.

        :param seconds: as returned by :meth:`next_delay`.
        """
        if self.policy.stopped is None:
            time.sleep(seconds)
            return True
        return not self.policy.stopped.wait(seconds)

    @property
    def _stopped(self) -> bool:
        return self.policy.stopped is not None and self.policy.stopped.is_set()


def parse_http_date(text: str) -> float | None:
    """Return the moment of an HTTP date in seconds since 1970; None for any other text.

    :param text: value of a header.
    """
    try:
        return mktime_tz(parsed) if (parsed := parsedate_tz(text)) else None
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def parse_retry_after(text: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header (a number or an HTTP date); None without a valid one.

    The parser of urllib3 is not used: it cuts what it returns to six hours, and raises errors of other libraries for
    numbers and years that are too large.

    :param text: value of the header.
    :return: at most :data:`LONGEST_RETRY_AFTER`.
    """
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        # `float` reads any number of digits, those that are too many as infinity.
        return min(float(text), LONGEST_RETRY_AFTER)
    moment = parse_http_date(text)
    return None if moment is None else min(max(0.0, moment - time.time()), LONGEST_RETRY_AFTER)
