"""Servers that count requests in all the ways that we can think of, in virtual time.

They stand for SmartRecruiters, of which only the headers are known: what it counts by, and how its window moves, is not
documented.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count, cycle

from airflow_provider_smartrecruiters.api.pacing.evidence import Evidence

LIMIT = 10


class Sliding:
    """Counts the last second."""

    def __init__(self, _: random.Random) -> None:
        self._log: deque[float] = deque()

    def used(self, now: float) -> float:
        while self._log and self._log[0] <= now - 1:
            self._log.popleft()
        return len(self._log)

    def count(self, now: float) -> None:
        self._log.append(now)


class Aligned:
    """Counts from the last full second of its own clock."""

    def __init__(self, dice: random.Random) -> None:
        self._phase = dice.random()
        self._second, self._used = -1, 0

    def used(self, now: float) -> float:
        if int(now + self._phase) != self._second:
            self._second, self._used = int(now + self._phase), 0
        return self._used

    def count(self, now: float) -> None:
        self.used(now)
        self._used += 1


class Started:
    """Counts for a second from the first request on, then starts anew with the next one."""

    def __init__(self, _: random.Random) -> None:
        self._began, self._used = -1.0, 0

    def used(self, now: float) -> float:
        return self._used if now < self._began + 1 else 0

    def count(self, now: float) -> None:
        if now >= self._began + 1:
            self._began, self._used = now, 0
        self._used += 1


class Bucket:
    """A token bucket, which refills all the time."""

    def __init__(self, _: random.Random) -> None:
        self._level, self._at = 0.0, 0.0

    def used(self, now: float) -> float:
        self._level, self._at = max(0.0, self._level - LIMIT * (now - self._at)), now
        return self._level

    def count(self, now: float) -> None:
        self._level = self.used(now) + 1


Counter = Sliding | Aligned | Started | Bucket
Window = Callable[[random.Random], Counter]
Load = Callable[[random.Random], Iterator[str]]
WINDOWS: tuple[Window, ...] = (Sliding, Aligned, Started, Bucket)
BY: dict[str, Callable[[str], str]] = {
    "credential": lambda endpoint: "",
    "endpoint": lambda endpoint: endpoint,
    "path": lambda endpoint: endpoint.partition(" ")[2],
    "method": lambda endpoint: endpoint.partition(" ")[0],
}


def read_then_write(dice: random.Random) -> Iterator[str]:
    """Each record is read, then written."""
    return cycle(["GET /a", "PUT /b"])


def pairs(dice: random.Random) -> Iterator[str]:
    """Two threads, each of which reads and then writes."""
    return cycle(["GET /a", "GET /a", "PUT /b", "PUT /b"])


def mostly_reads(dice: random.Random) -> Iterator[str]:
    """Few records differ."""
    return iter(lambda: "PUT /b" if dice.random() < 0.15 else "GET /a", "")


def same_path(dice: random.Random) -> Iterator[str]:
    """A note is read and written at one path."""
    return cycle(["GET /a", "PUT /a"])


def several(dice: random.Random) -> Iterator[str]:
    """All kinds of requests."""
    return iter(lambda: dice.choice(["GET /a", "PUT /a", "GET /b", "PUT /b"]), "")


def one(dice: random.Random) -> Iterator[str]:
    """Reads alone."""
    return cycle(["GET /a"])


LOADS: tuple[Load, ...] = (read_then_write, pairs, mostly_reads, same_path, several, one)


@dataclass(frozen=True)
class World:
    """A server, this process, and others.

    :param by: what is counted together, a key of ``BY``.
    :param window: how the count moves.
    :param load: which endpoints this process sends to.
    :param latency: seconds that the server takes.
    :param others: requests a second of other processes, on the same endpoints, in bursts.
    :param late_header: whether the header is written when the answer is ready, instead of when the request arrives.
    :param silent: endpoints whose answers have no headers.
    """

    by: str
    window: Window = Sliding
    load: Load = read_then_write
    latency: float = 0.05
    others: float = 0.0
    late_header: bool = True
    silent: Sequence[str] = ()


def proven_after(world: World, seed: int, requests: int) -> int | None:
    """Return after how many requests of this process it is proven that the server counts by endpoint, None for never.

    This process sends at the pace of one limit for all endpoints, up to eight at once.
    """
    dice = random.Random(seed)
    evidence, order, events = Evidence(), count(), list[tuple[float, int, Callable[[float], None]]]()
    counters = defaultdict[str, Counter](lambda: world.window(dice))
    in_flight, answered = 0, 0
    proven: list[int] = []

    def later(at: float, event: Callable[[float], None]) -> None:
        heappush(events, (at, next(order), event))

    def arrive(endpoint: str, now: float) -> bool:
        counter = counters[BY[world.by](endpoint)]
        if counter.used(now) > LIMIT - 1:
            return False
        counter.count(now)
        return True

    def send(endpoints: Iterator[str], left: int, now: float) -> None:
        nonlocal in_flight
        if in_flight >= 8:
            later(now + 0.01, lambda at: send(endpoints, left, at))
            return
        in_flight += 1
        endpoint = next(endpoints)
        sent = evidence.sent(endpoint, now)
        sent.left = now
        way = 0.001 + dice.expovariate(500)

        def handle(at: float) -> None:
            if not arrive(endpoint, at):
                evidence.refused(sent)
                later(at + way, lambda _: done())
            elif world.late_header:
                later(at + latency, lambda end: answer(end, end))
            else:
                header = used(at)
                later(at + latency, lambda end: answer(end, end, header))

        def used(at: float) -> int:
            return LIMIT - int(LIMIT - counters[BY[world.by](endpoint)].used(at))

        def answer(at: float, _: float, header: int | None = None) -> None:
            shown = None if endpoint in world.silent else used(at) if header is None else header
            later(at + way, lambda back: learn(shown, back))

        def learn(shown: int | None, at: float) -> None:
            nonlocal answered
            answered += 1
            if evidence.answered(sent, shown, at):
                proven.append(answered)
            done()

        def done() -> None:
            nonlocal in_flight
            in_flight -= 1

        latency = world.latency * dice.uniform(0.5, 2)
        later(now + way, handle)
        if left > 1:
            # One that the machine held up is caught up with.
            gap = 0.1 + (dice.expovariate(20) if dice.random() < 0.05 else dice.uniform(-0.003, 0.003))
            later(now + gap, lambda at: send(endpoints, left - 1, at))

    def send_others(endpoints: Iterator[str], now: float) -> None:
        for _ in range(dice.randint(1, 4)):
            arrive(next(endpoints), now)
        # Now and then they pause, so that what they sent leaves the second while this process goes on.
        pause = dice.uniform(0.5, 2) if dice.random() < 0.1 else 0.0
        later(now + pause + dice.expovariate(world.others / 2.5), lambda at: send_others(endpoints, at))

    began = 100 + dice.random()
    later(began, lambda at: send(world.load(dice), requests, at))
    if world.others:
        later(began - dice.uniform(-1, 2), lambda at: send_others(world.load(dice), at))
    while events and not proven and events[0][0] < began + requests:
        at, _, event = heappop(events)
        event(at)
    return proven[0] if proven else None
