"""What happens in the cluster, a scene at a time; each returns a row of the table."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from scripts.celery_cluster.cluster import WORKERS
from scripts.celery_cluster.verdict import Row, count, rejected, share
from scripts.kill_bulk_verdict import Kill, mistakes, table
from scripts.local_stack import CONN_ID, StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scripts.celery_cluster.api import AirflowApi
    from scripts.celery_cluster.cluster import Cluster
    from scripts.kill_bulk_verdict import Batch

ALL_OPERATORS = "smartrecruiters_all_operators"
WITH_POSTGRES, ALONE = "smartrecruiters_with_postgres", "smartrecruiters_alone"
"""Connections whose rate limit is in PostgreSQL, and nowhere; that of :data:`CONN_ID` is in Redis."""
BATCHES, ITEMS = 4, 75
MANY = 200
PATIENCE = 900.0
"""Seconds until what has to happen must have happened."""


@dataclass
class Stage:
    """
    What the scenes share.

    :param cluster: a running one.
    :param airflow: its Airflow.
    :param records: applications that no scene has used yet.
    :param reason: id of a reason to reject them for.
    :param folder: for items and results.
    :param texts: what people wrote, which one scene has to send.
    """

    cluster: Cluster
    airflow: AirflowApi
    records: list[dict[str, str]]
    reason: str
    folder: Path
    texts: list[str]
    _before: dict[str, Any] = field(default_factory=dict)

    def take(self, number: int) -> list[dict[str, str]]:
        """Return some applications that no other scene gets."""
        taken, self.records = self.records[:number], self.records[number:]
        return taken

    def begin(self) -> None:
        """Forget what was requested so far."""
        self._before = self.cluster.emulator.told("stats")

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the scene began."""
        return [one for one in self.cluster.emulator.told("requests") if one["index"] >= self._before["requests"]]

    def count(self, what: str) -> int:
        """Return a count since the scene began, ``requests`` or ``writes``; the list of them costs the server time."""
        found: int = self.cluster.emulator.told("stats")[what] - self._before[what]
        return found


@dataclass
class BatchRun:
    """
    A run with one batch.

    :param stage: where it runs.
    :param run_id: of the run.
    :param records: its items.
    """

    stage: Stage
    run_id: str
    records: list[dict[str, str]]
    kills: list[Kill] = field(default_factory=list)

    @property
    def results(self) -> Path:
        """The results file."""
        return self.stage.folder / f"{self.run_id}.results.jsonl"

    def start(self, dag_id: str, conn_id: str) -> None:
        """Start it."""
        items = written(self.stage.folder / f"{self.run_id}.jsonl", self.records)
        conf = {"file": items, "results": str(self.results), "reason": self.stage.reason, "conn_id": conn_id}
        self.stage.airflow.trigger(dag_id, self.run_id, conf)

    def ended(self, requests: list[dict[str, Any]]) -> Batch:
        """Return what became of it."""
        sql = "select state, try_number from task_instance where run_id = %s"
        ((state, tries),) = self.stage.airflow.query(sql, self.run_id)
        returned = self.stage.airflow.returned(self.run_id)
        lines = self.results.read_text().splitlines() if self.results.exists() else []
        known = {"kills": self.kills, "state": state, "tries": tries, "result": returned[0] if returned else None}
        return rejected(self.records, requests, rows=[json.loads(line) for line in lines], **known)


def written(path: Path, records: list[dict[str, str]]) -> str:
    """Write records to a file, and return its path."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def examples(stage: Stage) -> Row:
    """All operators, twice: the second run writes only what cannot be read."""
    row = Row("all operators, twice")
    for number in (1, 2):
        before, run_id = len(stage.cluster.emulator.journal()), f"examples_{number}"
        stage.airflow.trigger(ALL_OPERATORS, run_id, {"plan_only": False})
        stage.airflow.wait(lambda run_id=run_id: stage.airflow.ended(run_id), f"the end of {run_id}", PATIENCE)  # type: ignore[misc]
        results = stage.airflow.returned(run_id)
        states, writes = stage.airflow.states(run_id), stage.cluster.emulator.journal()[before:]
        row.wrong += [f"run {number}: tasks are {states}"] if set(states) != {"success"} else []
        row.wrong += [f"run {number}: {entry['path']}: {entry['status']}" for entry in writes if not entry["applied"]]
        changed, unreadable = ([one["changed"] for one in results].count(value) for value in (True, None))
        expected = (len(results) - unreadable, len(results)) if number == 1 else (0, unreadable)
        if (changed, len(writes)) != expected:
            row.wrong.append(f"run {number}: (changed, writes) is {(changed, len(writes))}, not {expected}")
    row.refused = sum(entry["status"] == 429 for entry in stage.requests())
    return row


def batches(name: str, conn_id: str) -> Callable[[Stage], Row]:
    """Return the scene of four batches on two workers with one credential."""

    def scene(stage: Stage) -> Row:
        row = Row(f"four batches, {name}")
        runs = [BatchRun(stage, f"{name}_{number}", stage.take(ITEMS)) for number in range(1, BATCHES + 1)]
        for run in runs:
            run.start("cluster_batch_unread", conn_id)
        stage.airflow.wait(lambda: stage.airflow.ended(*(run.run_id for run in runs)), f"the end of {name}", PATIENCE)
        requests = stage.requests()
        ended = [run.ended(requests) for run in runs]
        count(row, ended, requests)
        row.share = share(requests)
        row.wrong += [
            f"{run.run_id}: {one}" for run, batch in zip(runs, ended, strict=True) for one in mistakes(batch, 0)
        ]
        if len(used := workers_of(stage, "cluster_batch_unread", f"{name}%")) < len(WORKERS):
            row.wrong.append(f"all batches ran on {used}")
        return row

    return scene


def workers_of(stage: Stage, dag_id: str, run_ids: str) -> list[str]:
    """Return the workers that the tasks of some runs were given to."""
    sql = "select external_executor_id from task_instance where dag_id = %s and run_id like %s"
    ids = [str(executor_id) for (executor_id,) in stage.airflow.query(sql, dag_id, run_ids)]
    logs = {name: stage.cluster.log(name).read_text(errors="replace") for name in WORKERS}
    return [name for name, log in logs.items() if any(executor_id in log for executor_id in ids)]


def kill_task(stage: Stage) -> Row:
    """A batch whose task is killed: the worker's process that watches over it tells Airflow."""
    return _killed(stage, "task", lambda _, task: task.kill())


def kill_worker(stage: Stage) -> Row:
    """A batch whose worker is killed with all its processes: when heartbeats stay away, the other takes over."""
    row = _killed(stage, "worker", lambda worker, _: stage.cluster.kill_worker(worker))
    (gone,) = set(WORKERS) - set(stage.cluster.processes)
    stage.cluster.log(gone).rename(stage.cluster.log(f"{gone}-killed"))
    stage.cluster.start_worker(gone)
    stage.cluster.wait_for_worker(gone)
    return row


def _killed(stage: Stage, name: str, kill: Callable[[str, psutil.Process], None]) -> Row:
    row = Row(f"batch, {name} killed")
    run = BatchRun(stage, f"kill_{name}", stage.take(MANY))
    run.start("cluster_batch", CONN_ID)
    stage.airflow.wait(
        lambda: stage.count("writes") > MANY // 3 or stage.airflow.ended(run.run_id), "a third", PATIENCE
    )
    ((worker, task),) = running_tasks(stage.cluster)
    at = time.time()
    kill(worker, task)
    run.kills.append(Kill(name, at))
    stage.airflow.wait(lambda: stage.airflow.ended(run.run_id), f"the end of the batch after its {name}", PATIENCE)
    requests = stage.requests()
    batch = run.ended(requests)
    print(*table(batch), sep="\n", flush=True)
    count(row, [batch], requests)
    row.retry = min((one["started_at"] for one in requests if one["started_at"] > at), default=at) - at
    row.wrong += mistakes(batch, 1)
    return row


def running_tasks(cluster: Cluster) -> Iterator[tuple[str, psutil.Process]]:
    """Yield the processes that run tasks, each with the name of its worker."""
    for name in WORKERS:
        # A worker has children that take tasks, and each of those starts a process for the task.
        for child in psutil.Process(cluster.processes[name].pid).children():
            for task in child.children():
                yield name, task


def mapped(stage: Stage) -> Row:
    """200 mapped tasks beside one batch: as many processes as there are slots, and all share the limit."""
    row = Row("200 mapped tasks and a batch")
    batch = BatchRun(stage, "beside", stage.take(MANY))
    single = BatchRun(stage, "mapped", stage.take(MANY))
    items = written(stage.folder / "mapped.jsonl", single.records)
    batch.start("cluster_batch", CONN_ID)
    stage.airflow.trigger("cluster_mapped", "mapped", {"file": items, "reason": stage.reason, "conn_id": CONN_ID})
    stage.airflow.wait(lambda: stage.airflow.ended("beside", "mapped"), "the end of 200 mapped tasks", 2 * PATIENCE)
    requests = stage.requests()
    ended = batch.ended(requests)
    count(row, [ended, rejected(single.records, requests)], requests)
    row.wrong += mistakes(ended, 0)
    if (states := stage.airflow.states("mapped")) != {"success": MANY + 1}:
        row.wrong.append(f"mapped tasks: {states}")
    return row


def sensor(stage: Stage) -> Row:
    """A sensor waits in the triggerer, without a worker's slot."""
    row = Row("deferred sensor")
    (ids,) = stage.take(1)
    stage.airflow.trigger("cluster_sensor", "sensor", ids)
    stage.airflow.wait(lambda: stage.airflow.states("sensor") == {"deferred": 1}, "a deferred sensor", PATIENCE)
    stage.airflow.wait(lambda: not list(running_tasks(stage.cluster)), "that no worker has a task", PATIENCE)
    stage.begin()
    stage.airflow.wait(lambda: stage.count("requests") > 1, "two looks of the triggerer", PATIENCE)
    _reject(stage, [ids])
    stage.airflow.wait(lambda: stage.airflow.ended("sensor"), "the end of the sensor", PATIENCE)
    if (states := stage.airflow.states("sensor")) != {"success": 1}:
        row.wrong.append(f"sensor: {states}")
    return row


def event(stage: Stage) -> Row:
    """Changes in SmartRecruiters start runs, each exactly one."""
    row = Row("event schedules a DAG")
    records = stage.take(5)
    stage.airflow.pause("cluster_event", paused=False)
    stage.airflow.wait(lambda: any(one["path"] == "/candidates" for one in stage.requests()), "a poll", PATIENCE)
    _reject(stage, records)
    stage.airflow.wait(lambda: len(set(_taken(stage))) == len(records), "a run for each change", PATIENCE)
    # A second report of a change would come within some polls.
    stage.begin()
    stage.airflow.wait(lambda: stage.count("requests") > 3, "further polls", PATIENCE)
    keys = _taken(stage)
    stage.airflow.pause("cluster_event", paused=True)
    wanted = {f"{record['candidate_id']}/{record['job_id']}" for record in records}
    row.lost = sum(not any(one in key for key in keys) for one in wanted)
    row.doubled = len(keys) - len(set(keys))
    return row


def _taken(stage: Stage) -> list[str]:
    rows = stage.airflow.query("select distinct run_id from dag_run where dag_id = 'cluster_event'")
    return [key for (run_id,) in rows for keys in stage.airflow.returned(run_id) for key in keys]


def _reject(stage: Stage, records: list[dict[str, str]]) -> None:
    """Reject applications, as a recruiter does."""
    for record in records:
        path = f"/candidates/{record['candidate_id']}/jobs/{record['job_id']}/status"
        stage.cluster.emulator.send("PUT", path, {"status": "REJECTED", "reasonId": stage.reason})


def canaries(stage: Stage) -> Row:
    """What people wrote passes through tasks, with both kinds of credentials; the search comes at the end."""
    row = Row("canaries")
    # The last one's candidate has the address that is searched for.
    ids = stage.records.pop() | {"results": str(stage.folder / "canaries.jsonl")}
    stage.airflow.trigger("cluster_canaries", "canaries", ids)
    stage.airflow.wait(lambda: stage.airflow.ended("canaries"), "the end of the canaries", PATIENCE)
    if (states := stage.airflow.states("canaries")) != {"success": 4, "failed": 3}:
        row.wrong.append(f"tasks of canaries: {states}")
    sent = json.dumps([entry["body"] for entry in stage.cluster.emulator.journal()])
    # What was not sent could not leak.
    row.wrong += [
        f"text {number} was not sent" for number, text in enumerate(stage.texts) if json.dumps(text)[1:-1] not in sent
    ]
    return row


SCENES: dict[str, Callable[[Stage], Row]] = {
    "examples": examples,
    "batches-redis": batches("redis", CONN_ID),
    "batches-postgres": batches("postgres", WITH_POSTGRES),
    "batches-alone": batches("alone", ALONE),
    "kill-task": kill_task,
    "kill-worker": kill_worker,
    "mapped": mapped,
    "sensor": sensor,
    "event": event,
    "canaries": canaries,
}


def played(stage: Stage, name: str) -> Row:
    """Play a scene; one that does not come to its end has a row as well."""
    began = time.monotonic()
    stage.begin()
    try:
        row = SCENES[name](stage)
    except (StackError, psutil.Error, ValueError) as error:
        row = Row(name, wrong=[f"{type(error).__name__}: {error}"])
    row.seconds = time.monotonic() - began
    return row
