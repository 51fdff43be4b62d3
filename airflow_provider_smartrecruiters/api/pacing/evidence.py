"""Find out from the answers whether the server counts requests by credential or by endpoint.

An answer's ``X-RateLimit-Remaining`` says how many requests its counter holds. Requests of this process that were
answered before, and left less than a second ago, are in the counter of a credential for certain. An answer that shows
fewer than these proves that its counter leaves some of them out: those of other endpoints.

What could look the same has to be told apart from that. So one answer proves nothing, and a row of them counts only if
this process's own requests to the endpoint explain each of them exactly:

- *Threads.* Requests that are in flight may be counted or not. Each count is a range, from what is certain to what is
  possible, over the whole time in which the server may have written the header.
- *Another process* only makes ``Remaining`` smaller. More than this process can have sent there ends the row. With one
  limit for the credential, the requests to all other endpoints show just like that.
- *A window that starts anew*, at the full second or by refilling a bucket, also shows fewer. But then the endpoint's
  own requests are missing, too. That ends the row, and what was sent before is forgotten.
- *Reads alone, or writes alone,* look the same by either count, and a missing header says nothing. Neither is evidence.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import inf

NEEDED = 3
"""Answers of each of two endpoints that prove it. Doubled, a batch that reads and writes finds out after 16 instead of
10 requests; at 2, a window that starts anew is taken for two counters now and then."""
_EARLIER = 2
"""Earlier requests to the endpoint that its counter must hold. Doubled, only endpoints with four requests a second find
out; at 1, a token bucket is taken for two counters twice as often."""
_SECOND = 1.0
_WAY = 0.1
"""Seconds after which a request that was sent is counted, as the server decides whether to refuse it before it does
anything else. Doubled, nothing is found out if answers take 0.3 s; halved, a slow way makes single answers useless."""
_SLACK = 0.03
"""Seconds by which a request may leave the server's second earlier or later. Doubled or halved, nothing changes as long
as the network varies by less."""
_KEPT = 10.0
"""Seconds after which a request is forgotten. Doubled, one that was never answered makes counts uncertain for longer;
halved, an answer that takes more than five seconds is not looked at."""


@dataclass(eq=False, slots=True)
class Sent:
    """A request, as far as it is known when the server counted it.

    :param endpoint: method and path template.
    :param began: moment before which it was not counted.
    :param left: moment at which all of it was sent.
    :param answered: moment at which the answer came.
    :param counted: whether its answer came from the counter.
    """

    endpoint: str
    began: float
    left: float = inf
    answered: float = inf
    counted: bool = False

    @property
    def came(self) -> float:
        """Moment at which it was counted at the latest."""
        return min(self.answered, self.left + _WAY)

    def certainly(self, now: float) -> bool:
        """Return whether it was in its counter at a moment."""
        return self.counted and self.came <= now < self.began + _SECOND - _SLACK

    def possibly(self, now: float) -> bool:
        """Return whether it may have been in its counter at a moment."""
        return self.began <= now <= self.came + _SECOND + _SLACK


class Evidence:
    """The requests of the last second, and what their answers prove. Without a clock and without a lock of its own."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque()
        self._row: Counter[str] = Counter()

    def sent(self, endpoint: str, now: float) -> Sent:
        """Note that a request is about to be sent.

        :param endpoint: method and path template.
        :param now: in seconds, as all moments here of any one clock.
        """
        while self._sent and self._sent[0].began < now - _KEPT:
            self._sent.popleft()
        self._sent.append(Sent(endpoint, now))
        return self._sent[-1]

    def refused(self, sent: Sent) -> None:
        """Note that the server did not count a request."""
        if sent in self._sent:
            self._sent.remove(sent)

    def answered(self, sent: Sent, used: float | None, now: float) -> bool:
        """Learn from an answer.

        :param sent: the request.
        :param used: how many requests its counter holds; None if the headers do not say.
        :param now: in seconds.
        :return: whether it is proven that the server counts by endpoint.
        """
        sent.answered, sent.counted = now, used is not None
        if used is None or sent not in self._sent:
            return False
        least, most = self._least(sent, sent.endpoint), self._most(sent)
        if used > most:
            self._row.clear()
        elif used < least:
            self._row.clear()
            self._forget_before(sent.endpoint, int(used))
        # Earlier requests must show, as they would not in a bucket that refills as fast as this process sends. And the
        # ranges of the two counts must not overlap: `used` is in the one of the endpoint.
        elif least >= _EARLIER and most < self._least(sent):
            self._row[sent.endpoint] += 1
        return sum(count >= NEEDED for count in self._row.values()) > 1

    def _least(self, answered: Sent, endpoint: str | None = None) -> int:
        """Return how many requests the counter held at least when the answer was written.

        :param endpoint: the only one that it counts; None if it counts all.
        """
        within = [one for one in self._sent if endpoint in (None, one.endpoint)]
        # The number falls only where one is out of its second.
        ends = (one.began + _SECOND - _SLACK for one in within)
        return min(sum(one.certainly(at) for one in within) for at in _moments(answered, ends))

    def _most(self, answered: Sent) -> int:
        """Return how many requests the counter held at most, if it counts one endpoint and no other process sends."""
        within = [one for one in self._sent if one.endpoint == answered.endpoint]
        return max(sum(one.possibly(at) for one in within) for at in _moments(answered, (one.began for one in within)))

    def _forget_before(self, endpoint: str, used: int) -> None:
        """Keep what was sent since the window started anew: as many requests to the endpoint as it counted."""
        latest = (one.began for one in reversed(self._sent) if one.endpoint == endpoint)
        since = next(islice(latest, max(0, used - 1), None), inf)
        self._sent = deque(one for one in self._sent if one.began >= since)


def _moments(answered: Sent, changes: Iterable[float]) -> Iterator[float]:
    """Return when the header may have been written: at first, and whenever something changed after that."""
    yield answered.began
    yield from (at for at in changes if answered.began < at <= answered.answered)
