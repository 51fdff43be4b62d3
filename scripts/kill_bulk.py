"""
Kill the worker of a batch at random moments, let Airflow retry, and see that nothing was lost or done twice.

    python scripts/kill_bulk.py                       # 500 items, 20 kills, four kinds of batch; or: make kill-bulk
    python scripts/kill_bulk.py --operator reject --seed 7

A real Airflow 3.3 (scheduler, LocalExecutor, API server) carries a `.bulk()` task out against the local
SmartRecruiters, which has the API's limits. Four batches, one after the other:

- `reject`: applications are rejected; each is read before it is written;
- `reject-unread`: the same with `read_first=False`: only what may have been in flight at a kill is read;
- `source`: the source of applications, which is read from the link of each;
- `source-unlinked`: the same in a tenant without these links: what was in flight cannot be read, and is written again.

At random moments SIGKILL hits the process that runs the task (`task`), now and then also the executor's process that
watches over it (`worker`), or only that one (`watcher`), which leaves the task's process behind. Airflow finds the last
two when heartbeats stay away. One more kill hits the task when it has returned its result, and Airflow does not
know yet that it succeeded (`end`).

Judged by the emulator's list of requests, the results file and XCom; exits with 1 when anything is not as it has to be.
Answers with 429 are printed and not judged: on a busy machine requests arrive unevenly.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from kill_bulk_verdict import LONGEST_OUTLIVED, Batch, Kill, mistakes, table  # noqa: E402
from local_stack import CONN_ID, Emulator, StackError, emulator  # noqa: E402
from tenant import write_tenant  # noqa: E402

from tests.security.airflow_run import AirflowRun, AirflowRunError, airflow_run  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

UNLINKED = "source-unlinked"
BATCHES = ("reject", "reject-unread", "source", UNLINKED)
DAG_FILE = ROOT / "tests" / "system" / "dags" / "kill_bulk.py"
DAG_ID = "kill_bulk"
TASK, WORKER, WATCHER, END = "task", "worker", "watcher", "end"
PATTERN = (TASK, WORKER, TASK, WATCHER, TASK, TASK, WORKER, TASK, TASK, TASK)
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "3",
    # By default five minutes pass before a worker without heartbeats is given up.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
}
EXECUTOR_TITLE = "airflow worker -- LocalExecutor"
RETURNED = "select value from xcom where task_id = 'batch' and key = 'return_value'"
LONGEST_START = 120.0
"""Seconds until a try of the task has to be there, or the batch has to get on."""


@dataclass(frozen=True)
class Moment:
    """
    When to kill, and what.

    :param kind: see :class:`Kill`.
    :param items: as soon as so many are applied.
    :param delay: seconds after that.
    :param late_delay: seconds after the try has begun, where so many had been applied before.
    """

    kind: str
    items: int
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

    :param server: what the task writes to.
    :param airflow: where it runs.
    :param items: how many the task has.
    """

    def __init__(self, server: Emulator, airflow: AirflowRun, items: int) -> None:
        self._server = server
        self._airflow = airflow
        self._items = items
        self._hit: list[psutil.Process] = []
        self.kills: list[Kill] = []
        self.outlived: list[float] = []
        """For how many seconds a task's process went on without its watcher."""

    def kill_at(self, moment: Moment) -> None:
        """Wait for a moment, and kill; sooner if the batch would end before that."""
        late = self._applied() >= moment.items
        self._wait(lambda: self._applied() >= moment.items, f"{moment.items} items applied")
        running = self._running()
        until = time.monotonic() + (moment.late_delay if late else moment.delay)
        while time.monotonic() < until and self._applied() < self._items - 2:
            time.sleep(0.02)
        self._hit_with(moment.kind, running)

    def kill_at_end(self, results: Path) -> None:
        """Kill the task when Airflow has its result, and not yet its success."""
        running = self._running()
        self._wait(results.exists, "results", pause=0.005)
        try:
            while not self._airflow.query(RETURNED):
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
        print(f"  kill {len(self.kills)}: {kind}, {self._applied()} items done", flush=True)
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
        return int(self._server.told("stats")["writes"])

    def _wait(self, ready: Callable[[], bool], what: str, pause: float = 0.05) -> None:
        deadline = time.monotonic() + LONGEST_START
        while not ready():
            if time.monotonic() > deadline or self.state() in ("success", "failed"):
                raise AirflowRunError(f"no {what}; the task is {self.state()}\n{self._airflow.tails()}")
            time.sleep(pause)

    def state(self) -> str | None:
        """Return the state of the task."""
        rows = self._airflow.query("select state from task_instance where task_id = 'batch'")
        return rows[0][0] if rows else None


def moments(kills: int, items: int, chance: random.Random) -> list[Moment]:
    """Return when to kill."""
    kinds = list(islice(cycle(PATTERN), kills))
    chance.shuffle(kinds)
    at = sorted(chance.randrange(items - 5) for _ in range(kills))
    return [
        Moment(kind, count, chance.uniform(0, 0.3), chance.uniform(0, 6)) for kind, count in zip(kinds, at, strict=True)
    ]


def wait_for_api(airflow: AirflowRun) -> None:
    """Return when Airflow's API answers: a task that begins before fails, and that would be a try too many."""
    deadline = time.monotonic() + LONGEST_START
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{airflow.port}/api/v2/version", timeout=5):
            return
        time.sleep(0.2)
    raise AirflowRunError(f"Airflow's API did not start\n{airflow.tails()}")


def arguments(name: str, tenant: dict[str, Any], items: Path, results: Path) -> dict[str, Any]:
    """Return what the batch of a name is called with."""
    common = {"items": str(items), "results_path": str(results), "max_items": None}
    if name.startswith("source"):
        source_type = next(one for one in tenant["source_types"].values() if one["values"] and not one["subtypes"])
        return {**common, "source_type_id": source_type["id"], "source_id": source_type["values"][0]["id"]}
    reason = next(iter(tenant["rejection_reasons"].values()))
    return {**common, "reason": reason, "read_first": name != "reject-unread"}


def carried_out(name: str, folder: Path, options: argparse.Namespace) -> Batch:
    """Carry one batch out, with kills; return what became of it."""
    dags = folder / "dags"
    dags.mkdir(parents=True)
    chance = random.Random(f"{options.seed} {name}")
    records = write_tenant(folder / "tenant.json", options.items)
    tenant = json.loads((folder / "tenant.json").read_text())
    items, results = folder / "items.jsonl", folder / "results.jsonl"
    items.write_text("".join(json.dumps(record) + "\n" for record in records))
    flags = ["--seed", str(folder / "tenant.json"), "--latency", str(options.latency)]
    if name == UNLINKED:
        flags += ["--source-links", "none"]
    with emulator(folder / "emulator.log", *flags) as server:
        given = {
            "operator": name.partition("-")[0],
            "retries": options.kills + 10,
            "arguments": arguments(name, tenant, items, results),
        }
        environment = SETTINGS | {
            f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(server.connection),
            "KILL_BULK": json.dumps(given),
        }
        with airflow_run(folder, dags=dags, connections=[], audit="", environment=environment) as airflow:
            wait_for_api(airflow)
            shutil.copy(DAG_FILE, dags)
            killer = Killer(server, airflow, options.items)
            for moment in moments(options.kills, options.items, chance):
                killer.kill_at(moment)
            killer.kill_at_end(results)
            airflow.wait_for([DAG_ID], 120 + options.items)
            return batch_of(name, records, killer, server, airflow, results)


def batch_of(
    name: str, records: list[dict[str, str]], killer: Killer, server: Emulator, airflow: AirflowRun, results: Path
) -> Batch:
    """Return what became of a batch."""
    requests = server.told("requests")
    (results.parent / "requests.json").write_text(json.dumps(requests))
    ((state, tries),) = airflow.query("select state, try_number from task_instance where task_id = 'batch'")
    returned = airflow.query(RETURNED)
    return Batch(
        records=records,
        readable=name != UNLINKED,
        kills=killer.kills,
        requests=requests,
        state=state,
        tries=tries,
        result=_value(returned[0][0]) if returned else None,
        rows=[json.loads(line) for line in results.read_text().splitlines()] if results.exists() else [],
        outlived=killer.outlived,
    )


def _value(stored: Any) -> Any:
    value = json.loads(stored)
    # Airflow stores the JSON of a JSON text.
    return json.loads(value) if isinstance(value, str) else value


def main() -> int:
    """Carry the batches out, print what became of each, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--operator", choices=BATCHES, action="append", help="which batch (default: all)")
    parser.add_argument("--items", type=int, default=500, help="how many records (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=20, help="how many at random moments (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default: %(default)s)")
    parser.add_argument(
        "--latency", type=int, default=50, metavar="MS", help="milliseconds of a request (default: %(default)s)"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="new folder for all that is left, logs included")
    options = parser.parse_args()
    print(f"{options.items} items, {options.kills} kills, seed {options.seed}, {options.latency} ms a request")
    wrong = False
    with tempfile.TemporaryDirectory(prefix="kill-bulk-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        for name in options.operator or BATCHES:
            began = time.monotonic()
            print(f"\n{name}", flush=True)
            try:
                batch = carried_out(name, folder / name, options)
            except (AirflowRunError, StackError) as error:
                print(f"WRONG: {error}", flush=True)
                wrong = True
                continue
            found = mistakes(batch, options.kills)
            print(*table(batch), f"{time.monotonic() - began:.0f} s", sep="\n")
            print(*(f"WRONG: {mistake}" for mistake in found) if found else ("as it has to be",), sep="\n", flush=True)
            wrong |= bool(found)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
