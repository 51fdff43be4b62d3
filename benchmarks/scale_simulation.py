"""What one day of 100,000 items takes, for 20 tenants on 50 workers: the shared schedule, in simulation.

    python benchmarks/scale_simulation.py         # or: make bench-scale

A discrete-event simulation in virtual time. It needs no Airflow and no network, and prints the same each time. All
items wait at the start, as after a nightly export. A worker runs one bulk task at a time, in the order of the queue.
A task has up to eight threads; each reads an application, then writes it. What the tasks of a tenant share is what
they share in a store: one number, the moment from which the next turn is free
(airflow_provider_smartrecruiters/api/pacing/schedule.py). A task asks for one turn at a time. SmartRecruiters answers
after 0.2 s, give or take, so its limit of 8 requests at once is out of reach, and is left out.

Printed are, for each scenario: the requests; the hours until the last item is done, and how many times the floor that
is, which is the requests of the largest tenant at the full limit; the share of its limit that a tenant used while it
had tasks; and how evenly tasks of a tenant that ran side by side shared the turns of a minute, as Jain's index (1 is
even, 1/n is one that takes all; Jain, Chiu and Hawe 1984), on average and at worst.

Without a store the processes share the limit by the API's headers. The last lines simulate that with
benchmarks/share_simulation.py, and say what it costs to lose the store for ten minutes. Exit code 1 if a tenant with a
store and one limit uses less than 97 % of it, or its tasks share it less evenly than 0.99 on average.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from statistics import mean

from share_simulation import simulate

from airflow_provider_smartrecruiters.api.pacing import rate

LIMIT, THREADS, LATENCY, MINUTE = 10.0, 8, 0.2, 60.0
TURNS = LIMIT * rate._SHARE_OF_LIMIT
USED, EVEN = 0.97, 0.99
OUTAGE = 600.0


@dataclass(frozen=True)
class Scenario:
    """What happens on a day.

    :param name: for the table.
    :param items: of each tenant.
    :param per_task: items of one bulk task.
    :param reads: whether each item is read before its write.
    :param by_endpoint: whether each endpoint has a limit of its own.
    :param failing: share of the requests that fail with a transient error, and are repeated.
    :param mixed: whether the queue takes turns between the tenants, and is not sorted by tenant.
    """

    name: str
    items: tuple[int, ...]
    per_task: int = 1000
    reads: bool = True
    by_endpoint: bool = False
    failing: float = 0.0
    mixed: bool = True

    def tasks(self) -> list[tuple[int, int]]:
        """Return tenant and number of items of each task, in the order of the queue."""
        parts = [(tenant, part) for tenant, items in enumerate(self.items) for part in _parts(items, self.per_task)]
        if not self.mixed:
            return parts
        seen: Counter[int] = Counter()
        order = []
        for tenant, part in parts:
            order.append((seen[tenant], tenant, part))
            seen[tenant] += 1
        return [(tenant, part) for _, tenant, part in sorted(order)]


def _parts(items: int, size: int) -> Iterator[int]:
    while items > 0:
        yield min(items, size)
        items -= size


@dataclass
class Tenant:
    """A credential: its schedules, and what was sent with it.

    :param free_at: moment from which the next turn of a limit is free, by the limit.
    :param running: numbers of its tasks that run now.
    :param sent: its requests so far.
    :param busy: seconds in which it had tasks, up to the moment at which it had none last.
    :param since: moment since which it has tasks.
    :param minutes: requests of each task, by minute.
    """

    free_at: dict[str, float] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    sent: int = 0
    busy: float = 0.0
    since: float = 0.0
    minutes: dict[int, Counter[int]] = field(default_factory=dict)


@dataclass
class Task:
    """A bulk task that runs.

    :param left: items that no thread has taken.
    :param ready: what its threads wait to send, first come, first served.
    :param open: items that its threads have taken.
    :param waiting: whether one of its threads has a turn that is still to come.
    """

    number: int
    tenant: Tenant
    left: int
    ready: deque[str] = field(default_factory=deque)
    open: int = 0
    waiting: bool = False
    began: float = 0.0
    ended: float = 0.0


class World:
    """Workers, tenants, and the events that are to come.

    :param scenario: what happens.
    :param workers: tasks that run at once.
    :param seed: of chance.
    """

    def __init__(self, scenario: Scenario, workers: int, seed: int) -> None:
        self._scenario = scenario
        self._dice = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._queue = deque(scenario.tasks())
        self.tenants = [Tenant() for _ in scenario.items]
        self.tasks: list[Task] = []
        self.now = 0.0
        self.retries = 0
        for _ in range(workers):
            self._take()

    def run(self) -> None:
        """Let everything be done."""
        while self._events:
            self.now, _, event = heappop(self._events)
            event()

    def _at(self, moment: float, event: Callable[[], None]) -> None:
        heappush(self._events, (moment, next(self._order), event))

    def _take(self) -> None:
        """Let a worker take the next task of the queue."""
        if not self._queue:
            return
        tenant, items = self._queue.popleft()
        task = Task(len(self.tasks), self.tenants[tenant], items, began=self.now)
        self.tasks.append(task)
        if not task.tenant.running:
            task.tenant.since = self.now
        task.tenant.running.add(task.number)
        for _ in range(THREADS):
            self._next_item(task)
        self._ask(task)

    def _next_item(self, task: Task) -> None:
        if task.left:
            task.left -= 1
            task.open += 1
            task.ready.append("read" if self._scenario.reads else "write")

    def _ask(self, task: Task) -> None:
        """Take the next turn for the thread that waits the longest. The others wait behind it, within the process."""
        if task.waiting or not task.ready:
            return
        limit = task.ready[0] if self._scenario.by_endpoint else "all"
        turn = max(self.now, task.tenant.free_at.get(limit, 0.0))
        task.tenant.free_at[limit] = turn + 1 / TURNS
        task.waiting = True
        self._at(turn, partial(self._send, task))

    def _send(self, task: Task) -> None:
        task.waiting = False
        stage = task.ready.popleft()
        task.tenant.sent += 1
        task.tenant.minutes.setdefault(int(self.now / MINUTE), Counter())[task.number] += 1
        self._at(self.now + self._dice.uniform(0.5, 1.5) * LATENCY, partial(self._answer, task, stage))
        self._ask(task)

    def _answer(self, task: Task, stage: str) -> None:
        if self._dice.random() < self._scenario.failing:
            self.retries += 1
            self._at(self.now + self._dice.uniform(0, 0.5), partial(self._again, task, stage))
            return
        if stage == "read":
            task.ready.append("write")
        else:
            task.open -= 1
            self._next_item(task)
        if task.open:
            self._ask(task)
        else:
            self._end(task)

    def _again(self, task: Task, stage: str) -> None:
        task.ready.append(stage)
        self._ask(task)

    def _end(self, task: Task) -> None:
        task.ended = self.now
        tenant = task.tenant
        tenant.running.discard(task.number)
        if not tenant.running:
            tenant.busy += self.now - tenant.since
        self._take()


def evenness(world: World) -> list[float]:
    """Return Jain's index of each minute in which the same tasks of a tenant ran side by side from end to end."""
    found = []
    for tenant in world.tenants:
        for minute, sent in tenant.minutes.items():
            begin, end = minute * MINUTE, (minute + 1) * MINUTE
            whole = all(world.tasks[task].began <= begin and world.tasks[task].ended >= end for task in sent)
            if len(sent) > 1 and whole:
                found.append(sum(sent.values()) ** 2 / (len(sent) * sum(number**2 for number in sent.values())))
    return found


def row(scenario: Scenario, workers: int, seed: int) -> bool:
    """Simulate and print a scenario, and return whether it reaches the targets."""
    world = World(scenario, workers, seed)
    world.run()
    limits = 2 if scenario.by_endpoint else 1
    requests = [tenant.sent for tenant in world.tenants]
    floor = max(requests) / LIMIT / limits
    used = mean(tenant.sent / tenant.busy / LIMIT / limits for tenant in world.tenants)
    even = evenness(world)
    shared = f"{mean(even):.3f} {min(even):.3f}" if even else "    -     -"
    print(
        f"{scenario.name:42} {sum(requests):9,} {world.now / 3600:7.2f} {world.now / floor:7.2f} {used:8.1%}  "
        f"{shared}  {world.retries:7,}",
        flush=True,
    )
    return used >= USED and (not even or mean(even) >= EVEN)


def scenarios(items: int, tenants: int) -> list[Scenario]:
    """Return the scenarios for so many items and tenants."""
    alike = (items // tenants,) * tenants
    half = (items // 2, *(items // 2 // (tenants - 1),) * (tenants - 1))
    return [
        Scenario("one batch for each tenant", alike, per_task=items),
        Scenario("batches of 1,000, tenants mixed", alike),
        Scenario("batches of 1,000, tenant by tenant", alike, mixed=False),
        Scenario("batches of 1,000, 2 % transient errors", alike, failing=0.02),
        Scenario("batches of 1,000, writes only", alike, reads=False),
        Scenario("batches of 1,000, limits by endpoint", alike, by_endpoint=True),
        Scenario("batches of 1,000, one tenant with half", half),
    ]


def without_store(seeds: int) -> None:
    """Print what the same processes do without a store, or when they lose it."""
    print(f"\n{'without a store':28} {'used':>13} {'refused':>8} {f'losing it for {OUTAGE / 60:.0f} min costs':>30}")
    for processes in (1, 2, 3, 5):
        used, refused = simulate(lambda: rate.SlidingWindow(LIMIT), processes, 250, seeds)
        # Alone, a process is a little faster without: a schedule leaves room for the different ways to the server.
        lost = max(0.0, OUTAGE * (1 - mean(used) / rate._SHARE_OF_LIMIT))
        name = f"{processes} process{'es' * (processes > 1)} of a tenant"
        print(f"{name:28} {mean(used):13.1%} {mean(refused):8.2%} {lost:28.0f} s")


def main() -> int:
    """Simulate, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000, help="of a day (default: %(default)s)")
    parser.add_argument("--tenants", type=int, default=20, help="credentials (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=50, help="tasks that run at once (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of chance (default: %(default)s)")
    options = parser.parse_args()
    print(f"{options.items:,} items, {options.tenants} tenants, {options.workers} workers, {LIMIT:g} requests a second")
    print(f"{'':42} {'requests':>9} {'hours':>7} {'x floor':>7} {'used':>8}  evenness     retries")
    found = [row(one, options.workers, options.seed) for one in scenarios(options.items, options.tenants)]
    without_store(10)
    one_limit = zip(scenarios(options.items, options.tenants), found, strict=True)
    good = all(reached for scenario, reached in one_limit if not scenario.by_endpoint)
    said = "ok" if good else "NOT MET"
    print(f"one limit, with a store: at least {USED:.0%} used, and shared at least as evenly as {EVEN}: {said}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
