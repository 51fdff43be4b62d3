"""How processes that know nothing of one another share a rate limit: slot reuse beside AIMD, in simulation.

    python benchmarks/share_simulation.py                   # 1, 2, 4 and 8 processes; or: make bench-share
    python benchmarks/share_simulation.py --doubled         # what each tuned constant is worth, doubled and halved
    python benchmarks/share_simulation.py --within 6        # the processes begin within six seconds

A discrete-event simulation in virtual time, so that minutes of traffic take a second. The processes run the provider's
own `SlidingWindow` and `Share` (airflow_provider_smartrecruiters/api/pacing/), without its threads and sockets. Each
has 250 requests to send, all of them on one credential, beginning within a tenth of a second. (One that joins others
which already use the whole limit is refused a few times, until it meets a slot that is just free.) The server counts a
sliding window of one second, allows 10 requests in it, answers after 50 ms and says in `X-RateLimit-Remaining` what is
free; it does not count what it refuses. Requests are a few milliseconds on their way, and the machine wakes a process
up late now and then.

Printed are, over all seeds, the share of the limit that is used from the first request to the last answer, and the
requests that are refused with 429, in per cent of all that were sent. AIMD is the comparison: each process adds to its
rate for every second without a refusal, and multiplies it at a refusal (Chiu and Jain 1989). Exit code 1 if slot reuse
uses less than 90 % of the limit on average, or is refused more than 2 %, with up to four processes.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
from statistics import mean
from typing import Any, Protocol

from airflow_provider_smartrecruiters.api.pacing import share
from airflow_provider_smartrecruiters.api.pacing.rate import Departure, SlidingWindow

LIMIT, SECOND, LATENCY = 10, 1.0, 0.05
SHARE, REFUSED = 0.90, 0.02


class Policy(Protocol):
    """What decides when a process sends; moments and seconds of the simulation."""

    def next_turn(self, came: float) -> float:
        """Return when the next request may leave."""

    def depart(self, turn: float, now: float) -> Departure:
        """Note that a request leaves."""

    def uncount(self, departure: Departure) -> None:
        """Note that the server did not count a request."""

    def refused(self, now: float) -> None:
        """Learn from a 429."""

    def answered(self, departure: Departure, remaining: int, now: float) -> bool:
        """Learn from an answer; return whether the next turn moved up."""


class Aimd:
    """Additive increase, multiplicative decrease of a rate, with evenly spaced requests.

    :param add: requests a second that a second without a refusal adds.
    :param multiply: the rate by this at a refusal.
    """

    def __init__(self, add: float, multiply: float) -> None:
        self._add, self._multiply = add, multiply
        self._rate, self._last, self._changed_at, self._cut_at = float(LIMIT), -1e9, 0.0, -1e9

    def next_turn(self, came: float) -> float:
        """Return when the next request may leave."""
        return max(came, self._last + 1 / self._rate)

    def depart(self, turn: float, now: float) -> Departure:
        """Note that a request leaves."""
        self._last = now
        return Departure(turn, now)

    def uncount(self, departure: Departure) -> None:
        """Nothing to note: there is no log."""

    def refused(self, now: float) -> None:
        """Cut the rate, once for all refusals of a round trip."""
        if now - self._cut_at > 2 * LATENCY:
            self._rate = max(0.2, self._rate * self._multiply)
            self._cut_at = now
        self._changed_at = now

    def answered(self, departure: Departure, remaining: int, now: float) -> bool:
        """Raise the rate by the time since the last answer."""
        self._rate = min(float(LIMIT), self._rate + self._add * (now - self._changed_at))
        self._changed_at = now
        return False


@dataclass
class Process:
    """A process that has requests to send."""

    policy: Policy
    backlog: int
    attempt: int = 0


class World:
    """A server, processes, and the events that are to come.

    :param policies: one for each process.
    :param requests: that each of them has to send.
    :param dice: chance.
    :param within: seconds in which all of them begin.
    """

    def __init__(self, policies: list[Policy], requests: int, dice: random.Random, within: float) -> None:
        self._dice = dice
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._counted: deque[float] = deque()
        self._processes = [Process(policy, requests) for policy in policies]
        self.now = 100.0
        self.sent = self.refused = self.done = 0
        self.began = self.now
        for process in self._processes:
            self._later(dice.uniform(0, within), partial(self._attempt, process))

    def run(self) -> None:
        """Let everything be sent and answered."""
        while self._events:
            self.now, _, event = heappop(self._events)
            event()

    def _later(self, seconds: float, event: Callable[[], None]) -> None:
        heappush(self._events, (self.now + seconds, next(self._order), event))

    def _way(self) -> float:
        """Return the seconds that a message takes."""
        return 0.001 + self._dice.expovariate(1000)

    def _awake(self) -> float:
        """Return the seconds by which the machine wakes a process up late."""
        return self._dice.expovariate(100) if self._dice.random() < 0.02 else self._dice.expovariate(5000)

    def _attempt(self, process: Process) -> None:
        """Send what may leave now, and come back when the next one may."""
        process.attempt += 1
        while process.backlog:
            # A thread has been waiting for its turn for as long as that counts.
            turn = process.policy.next_turn(self.now - 3 / LIMIT)
            if turn > self.now:
                self._later(turn - self.now + self._awake(), partial(self._wake, process, process.attempt))
                return
            process.backlog -= 1
            self.sent += 1
            departure = process.policy.depart(turn, self.now)
            self._later(self._way(), partial(self._arrive, process, departure))

    def _wake(self, process: Process, attempt: int) -> None:
        # Unless it was woken up earlier, and sleeps again.
        if attempt == process.attempt:
            self._attempt(process)

    def _free(self) -> int:
        while self._counted and self._counted[0] <= self.now - SECOND:
            self._counted.popleft()
        return LIMIT - len(self._counted)

    def _arrive(self, process: Process, departure: Departure) -> None:
        if self._free() > 0:
            self._counted.append(self.now)
            self._later(LATENCY, partial(self._answer, process, departure))
        else:
            self.refused += 1
            self._later(self._way(), partial(self._refusal, process, departure))

    def _answer(self, process: Process, departure: Departure) -> None:
        remaining = self._free()
        self._later(self._way(), partial(self._answered, process, departure, remaining))

    def _answered(self, process: Process, departure: Departure, remaining: int) -> None:
        self.done += 1
        if process.policy.answered(departure, remaining, self.now):
            self._attempt(process)

    def _refusal(self, process: Process, departure: Departure) -> None:
        process.backlog += 1
        process.policy.uncount(departure)
        process.policy.refused(self.now)
        self._attempt(process)


def simulate(
    policy: Callable[[], Policy], processes: int, requests: int, seeds: int, within: float = 0.1
) -> tuple[list[float], list[float]]:
    """Return the share of the limit that was used, and the share that was refused, for each seed."""
    used, refused = [], []
    for seed in range(seeds):
        # The policy's own dice, and the world's.
        random.seed(seed)
        world = World([policy() for _ in range(processes)], requests, random.Random(seed), within)
        world.run()
        ideal = (processes * requests - 1) / LIMIT + LATENCY
        used.append(ideal / (world.now - world.began))
        refused.append(world.refused / world.sent)
    return used, refused


def row(name: str, policy: Callable[[], Policy], options: Any) -> bool:
    """Print a line for a policy, and return whether it reaches the target with up to four processes."""
    good, cells = True, []
    for processes in options.processes:
        used, refused = simulate(policy, processes, options.requests, options.seeds, options.within)
        cells.append(f"{mean(used):6.1%} {min(used):6.1%} {mean(refused):6.2%} {max(refused):6.2%}")
        good &= processes > 4 or (mean(used) >= SHARE and mean(refused) <= REFUSED)
    print(f"{name:26} " + " | ".join(cells), flush=True)
    return good


def main() -> int:
    """Simulate, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8], help="how many (default: 1 2 4 8)")
    parser.add_argument("--requests", type=int, default=250, help="of each process (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each (default: %(default)s)")
    parser.add_argument(
        "--within", type=float, default=0.1, help="seconds in which all processes begin (default: %(default)s)"
    )
    parser.add_argument("--doubled", action="store_true", help="vary each constant of Share")
    options = parser.parse_args()
    print(
        f"{options.requests} requests a process, limit {LIMIT} a second, {options.seeds} seeds; used: mean and least,"
    )
    print("refused: mean and most")
    print(f"{'':26} " + " | ".join(f"{number} process{'es' * (number > 1):18}"[:27] for number in options.processes))
    good = row("slot reuse (Share)", lambda: SlidingWindow(LIMIT), options)
    if options.doubled:
        for name in ("LOOK", "LONGEST_LOOK", "ALONE", "GIVE_UP"):
            kept = getattr(share, name)
            for factor in (2, 0.5):
                setattr(share, name, kept * factor)
                row(f"  {name} x {factor}", lambda: SlidingWindow(LIMIT), options)
            setattr(share, name, kept)
    else:
        row("AIMD (+1/s, x 0.5)", lambda: Aimd(1.0, 0.5), options)
        row("AIMD (+0.2/s, x 0.8)", lambda: Aimd(0.2, 0.8), options)
    print(f"slot reuse, up to 4 processes, at least {SHARE:.0%} used and at most {REFUSED:.0%} refused: ", end="")
    print("ok" if good else "NOT MET")
    return not good


if __name__ == "__main__":
    sys.exit(main())
