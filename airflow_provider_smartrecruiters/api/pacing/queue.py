"""Who waits longest is next: a semaphore that is first come, first served.

The locks of Python wake up any of the threads that wait. Under load, one of them may then wait until its deadline while
younger ones pass.
"""

from __future__ import annotations

import itertools
import threading
import time
from bisect import insort

_numbers = itertools.count()


class FairSemaphore:
    """A semaphore that lets in by age.

    :param size: how many may be in at once.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._in = 0
        # Sorted, the oldest first. The number tells apart what came at the same moment.
        self._waiting: list[tuple[float, int]] = []
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        """Whether there is no room."""
        return self._in >= self.size()

    def size(self) -> int:
        """Return how many may be in at once now."""
        return self._size

    def acquire(self, deadline: float, since: float | None = None) -> bool:
        """Wait for room; return whether there is.

        :param deadline: moment of :func:`time.monotonic` until which to wait.
        :param since: moment at which the caller began; the earliest is next. A request that is sent again is older than
            those that came meanwhile, and so goes before them. Now by default.
        """
        ticket = (time.monotonic() if since is None else since, next(_numbers))
        with self._changed:
            insort(self._waiting, ticket)
            try:
                if not self._changed.wait_for(
                    lambda: self._waiting[0] == ticket and self._in < self.size(), max(0.0, deadline - time.monotonic())
                ):
                    return False
                self._in += 1
                return True
            finally:
                self._waiting.remove(ticket)
                # All of them: only one of those that wait is next, and nobody knows which thread that is.
                self._changed.notify_all()

    def release(self) -> None:
        """Let the next one in."""
        with self._changed:
            self._in -= 1
            self._changed.notify_all()
