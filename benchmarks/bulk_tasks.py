"""Bulk tasks, each in a process of its own, against a local SmartRecruiters; and what the server saw of them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))

from local_stack import Emulator, airflow_environment, emulator  # noqa: E402
from tenant import write_tenant  # noqa: E402

LIMIT = 10
"""Requests that the API allows in a second."""

TASK = """
import json, sys, time
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

arguments = json.loads(sys.stdin.readline())
task = RejectApplicationOperator.bulk(task_id="reject", max_items=None, **arguments)
print("ready", flush=True)
sys.stdin.readline()
began = time.time()
result = task.execute({})
print(json.dumps({"began": began, "ended": time.time(), "failed": result["counts"]["failed"]}), flush=True)
"""


@dataclass(frozen=True)
class Request:
    """
    A write, as the server saw it.

    :param at: when it came, in seconds since the first task began.
    :param task: number of the task that sent it, from 0.
    :param record: path of the record.
    """

    at: float
    task: int
    record: str
    refused: bool
    applied: bool


@dataclass(frozen=True)
class Run:
    """
    What some tasks that ran at the same time came to.

    :param latency: seconds that each request took at the server.
    :param spans: of each task, when its ``execute`` began and ended, in seconds since the first one's beginning.
    :param requests: in the order in which they came.
    :param records: of each task, the paths of its records.
    :param at_once: the most requests that the server had in flight at once.
    :param refusals: when requests of any kind, reads as well, came that were refused with 429, in seconds likewise.
    """

    latency: float
    spans: list[tuple[float, float]]
    requests: list[Request]
    records: list[set[str]]
    at_once: int
    refusals: list[float]

    @property
    def seconds(self) -> float:
        """From the beginning of the first task to the end of the last."""
        return max(ended for _, ended in self.spans)

    @property
    def ideal(self) -> float:
        """Seconds that it takes at the limit: the last request leaves after all others, and is answered."""
        return (sum(map(len, self.records)) - 1) / LIMIT + self.latency

    @property
    def share(self) -> float:
        """Share of the ceiling that was reached, beginning and end of the tasks included."""
        return self.ideal / self.seconds

    @property
    def refused(self) -> list[Request]:
        """Those that the server refused with 429."""
        return [request for request in self.requests if request.refused]

    @property
    def most_in_a_second(self) -> int:
        """The most requests that the server let in within any second."""
        arrivals = [request.at for request in self.requests if not request.refused]
        most = first = 0
        for last, at in enumerate(arrivals):
            while arrivals[first] <= at - 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most

    @property
    def not_once(self) -> int:
        """How many records were not written exactly once."""
        writes = Counter(request.record for request in self.requests if request.applied)
        return sum(writes[record] != 1 for records in self.records for record in records)

    def accepted(self, task: int) -> list[float]:
        """Return when the requests of a task came that were let in."""
        return [request.at for request in self.requests if request.task == task and not request.refused]


def run_tasks(
    folder: Path,
    tasks: list[int],
    latency: int,
    store: str | None = None,
    *,
    read_first: bool = False,
    limits: str = "per-credential",
    then: str | None = None,
) -> Run:
    """
    Let bulk tasks reject applications, all of them with one credential, beginning at the same moment.

    :param folder: an empty one, for what is needed meanwhile.
    :param tasks: how many applications each of them rejects.
    :param latency: milliseconds that each request takes at the server.
    :param store: the connection's ``rate_limit_store``.
    :param read_first: whether each record is read before it is written: two requests for each.
    :param limits: what the server counts requests by.
    :param then: what it counts by once half of the records are written; None if that does not change.
    :raises RuntimeError: a task failed; the message has the end of its log.
    """
    folder.mkdir(parents=True)
    seed = folder / "tenant.json"
    records = write_tenant(seed, sum(tasks))
    reason_id = next(iter(json.loads(seed.read_text())["rejection_reasons"]))
    parts = [records[sum(tasks[:number]) : sum(tasks[: number + 1])] for number in range(len(tasks))]
    options = ("--seed", str(seed), "--latency", str(latency), "--limits", limits)
    with emulator(folder / "emulator.log", *options) as server:
        extra = {"rate_limit_store": store} if store else {}
        environment = airflow_environment(folder) | {
            "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT": json.dumps(server.connection | {"extra": extra})
        }
        # The guard would read each status.
        shared = {"reason_id": reason_id, "read_first": read_first, "protect_hired": read_first}
        with _changing(server, then, sum(tasks) // 2):
            reports = _together(folder, [{"items": part, **shared} for part in parts], environment)
        journal = server.journal()
        refusals = [one["started_at"] for one in server.told("requests") if one["status"] == 429]
        at_once = server.told("stats")["peak_in_flight"]
    began = min(report["began"] for report in reports)
    paths = [[f"/candidates/{one['candidate_id']}/jobs/{one['job_id']}/status" for one in part] for part in parts]
    task_of = {path: number for number, part in enumerate(paths) for path in part}
    return Run(
        latency=latency / 1000,
        spans=[(report["began"] - began, report["ended"] - began) for report in reports],
        requests=[
            Request(one["at"] - began, task_of[one["path"]], one["path"], one["status"] == 429, one["applied"])
            for one in sorted(journal, key=lambda one: one["at"])
        ],
        records=[set(part) for part in paths],
        at_once=at_once,
        refusals=sorted(at - began for at in refusals),
    )


@contextmanager
def _changing(server: Emulator, then: str | None, after: int) -> Iterator[None]:
    """Change what the server counts by after so many writes."""
    ended = threading.Event()

    def change() -> None:
        while not ended.wait(0.1):
            if server.told("stats")["writes"] >= after:
                server.change(limits=then)
                return

    changing = threading.Thread(target=change)
    if then:
        changing.start()
    try:
        yield
    finally:
        ended.set()
        if then:
            changing.join()


def _together(folder: Path, tasks: list[dict[str, Any]], environment: dict[str, str]) -> list[dict[str, Any]]:
    processes = []
    for number, arguments in enumerate(tasks):
        log = folder / f"task-{number + 1}.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", TASK],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
        processes.append((process, log))
        _tell(process, json.dumps(arguments))
    for process, log in processes:
        _read_until(process, log, "ready")
    for process, _ in processes:
        _tell(process, "go")
    return [json.loads(_read_until(process, log, "{")) for process, log in processes]


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _read_until(process: subprocess.Popen[str], log: Path, begins: str) -> str:
    """Return the first line that begins so; Airflow may log to the same stream."""
    assert process.stdout
    said = []
    for line in process.stdout:
        if line.startswith(begins):
            return line
        said.append(line)
    raise RuntimeError("A task failed:\n" + "".join(said[-30:]) + log.read_text()[-3000:])
