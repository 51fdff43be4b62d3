"""What kills the task of a batch: at which moments, and which of its processes."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import psutil
from kill_bulk_verdict import LONGEST_OUTLIVED, Kill

from tests.security.airflow_run import AirflowRun, AirflowRunError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_stack import Emulator

TASK, WORKER, WATCHER, END = "task", "worker", "watcher", "end"
PATTERN = (TASK, WORKER, TASK, WATCHER, TASK, TASK, WORKER, TASK, TASK, TASK)
EXECUTOR_TITLE = "airflow worker -- LocalExecutor"
LONGEST_START = 120.0
"""Seconds until a try of the task has to be there, or the batch has to get on."""


@dataclass(frozen=True)
class Moment:
    """
    When to kill, and what.

    :param kind: see :class:`Kill`.
    :param writes: as soon as so many are applied.
    :param delay: seconds after that.
    :param late_delay: seconds after the try has begun, where so many had been applied before.
    """

    kind: str
    writes: int
    delay: float
    late_delay: float


@dataclass(frozen=True)
class Try:
    """
    The processes of one try of the task.

    :param watcher: the executor's process, which started the other and speaks with Airflow for it.
    :param task: the one that runs the operator.
    """

    watcher: psutil.Process
    task: psutil.Process


class Killer:
    """
    Kills a task that runs in an Airflow which this process has started.

    :param server: what the task writes to; what was written before does not count.
    :param airflow: where it runs.
    :param dag_id: of its DAG.
    :param writes: how many the task sends.
    """

    def __init__(self, server: Emulator, airflow: AirflowRun, dag_id: str, writes: int) -> None:
        self._server = server
        self._airflow = airflow
        self._dag_id = dag_id
        self._all = writes
        self._applied_before = self._writes()
        self._hit: list[psutil.Process] = []
        self.kills: list[Kill] = []
        self.outlived: list[float] = []
        """For how many seconds a task's process went on without its watcher."""

    def kill_at(self, moment: Moment) -> None:
        """Wait for a moment, and kill; sooner if the batch would end before that."""
        late = self._applied() >= moment.writes
        self._wait(lambda: self._applied() >= moment.writes, f"{moment.writes} writes applied")
        running = self._running()
        until = time.monotonic() + (moment.late_delay if late else moment.delay)
        while time.monotonic() < until and self._applied() < self._all - 2:
            time.sleep(0.02)
        self._hit_with(moment.kind, running)

    def kill_at_end(self, results: Path) -> None:
        """Kill the task when Airflow has its result, and not yet its success."""
        running = self._running()
        self._wait(results.exists, "results", pause=0.005)
        deadline = time.monotonic() + LONGEST_START
        try:
            while self.returned() is None:
                if time.monotonic() > deadline:
                    raise AirflowRunError(f"no result; the task is {self.state()}\n{self._airflow.tails()}")
                # In short steps, so that it is held before it passes on what comes next.
                running.watcher.resume()
                time.sleep(0.005)
                running.watcher.suspend()
            self._hit_with(END, running)
        finally:
            running.watcher.resume()
        time.sleep(1)
        if self.state() == "success":
            self.kills.pop()
            print("  the task ended before that", flush=True)

    def _hit_with(self, kind: str, running: Try) -> None:
        at = time.time()
        # The watcher first: it must not report what happens to the task.
        if kind in (WORKER, WATCHER):
            running.watcher.kill()
        if kind != WATCHER:
            running.task.kill()
        self._hit.append(running.task)
        self.kills.append(Kill(kind, at))
        print(f"  kill {len(self.kills)}: {kind}, {self._applied()} writes done", flush=True)
        if kind == WATCHER:
            self._outlive(running.task, at)

    def _outlive(self, task: psutil.Process, since: float) -> None:
        with suppress(psutil.NoSuchProcess):
            while task.status() != psutil.STATUS_ZOMBIE:
                if time.time() - since > 2 * LONGEST_OUTLIVED:
                    task.kill()
                time.sleep(0.05)
        self.outlived.append(time.time() - since)

    def _running(self) -> Try:
        found: list[Try] = []

        def look() -> bool:
            found.clear()
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if process in self._hit:
                        continue
                    watcher = process.parent()
                    if watcher and " ".join(watcher.cmdline()).startswith(EXECUTOR_TITLE):
                        found.append(Try(watcher, process))
            # One that dies before it has told Airflow that it runs is queued for ten minutes: another matter.
            return bool(found) and self.state() == "running"

        self._wait(look, "a try of the task", pause=0.1)
        return found[0]

    def _applied(self) -> int:
        return self._writes() - self._applied_before

    def _writes(self) -> int:
        return int(self._server.told("stats")["writes"])

    def _wait(self, ready: Callable[[], bool], what: str, pause: float = 0.05) -> None:
        deadline = time.monotonic() + LONGEST_START
        while not ready():
            if time.monotonic() > deadline or self.state() in ("success", "failed"):
                raise AirflowRunError(f"no {what}; the task is {self.state()}\n{self._airflow.tails()}")
            time.sleep(pause)

    def state(self) -> str | None:
        """Return the state of the task."""
        rows = self._airflow.query(f"select state from task_instance where dag_id = '{self._dag_id}'")
        return rows[0][0] if rows else None

    def returned(self) -> Any:
        """Return the XCom with the task's result as the database has it; None if there is none."""
        where = f"dag_id = '{self._dag_id}' and key = 'return_value'"
        rows = self._airflow.query(f"select value from xcom where {where}")
        return rows[0][0] if rows else None


def moments(kills: int, writes: int, chance: random.Random) -> list[Moment]:
    """Return when to kill."""
    kinds = list(islice(cycle(PATTERN), kills))
    chance.shuffle(kinds)
    at = sorted(chance.randrange(writes - 5) for _ in range(kills))
    return [
        Moment(kind, count, chance.uniform(0, 0.3), chance.uniform(0, 6)) for kind, count in zip(kinds, at, strict=True)
    ]
