"""
Kill the worker of a batch at random moments, let Airflow retry, and see that nothing was lost or done twice.

    python scripts/kill_bulk.py                       # 200 items, 20 kills, ten batches; or: make kill-bulk
    python scripts/kill_bulk.py --batch undo --seed 7

A real Airflow 3.3 (scheduler, LocalExecutor, API server) carries a `.bulk()` task out against the local
SmartRecruiters, which has the API's limits. The batches, one after the other:

- `reject`: applications are rejected; each is read before it is written;
- `reject-unread`: the same with `read_first=False`: only what may have been in flight at a kill is read;
- `source`: the source of applications, which is read from the link of each;
- `source-unlinked`: the same in a tenant without these links: what was in flight cannot be read, and is written again;
- `undo`: takes a batch of rejections back;
- `publish`, `unpublish`: job ads; SmartRecruiters accepts each request and carries it out a second later;
- `position`: new positions, ten of each job; a request that is repeated would create a second one;
- `headcount`: approvals of the headcount of jobs.

At random moments SIGKILL hits the process that runs the task (`task`), now and then also the executor's process that
watches over it (`worker`), or only that one (`watcher`), which leaves the task's process behind. Airflow finds the last
two when heartbeats stay away. One more kill hits the task when it has returned its result, and Airflow does not
know yet that it succeeded (`end`).

Judged by the emulator's list of requests and its records, the results file and XCom; then the batch is run once more,
and has to send no write. Exits with 1 when anything is not as it has to be. Answers with 429 are printed and not
judged: on a busy machine requests arrive unevenly.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from kill_bulk_batches import KINDS, root_of, with_items, write_records  # noqa: E402
from kill_bulk_killer import Killer, moments  # noqa: E402
from kill_bulk_verdict import HEAD, Batch, line, mistakes, table  # noqa: E402
from local_stack import CONN_ID, Emulator, StackError, emulator  # noqa: E402

from tests.security.airflow_run import AirflowRun, AirflowRunError, airflow_run  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

DAG_FILE = ROOT / "tests" / "system" / "dags" / "kill_bulk.py"
UNLIMITED = "smartrecruiters_unlimited"
"""The connection of batches that only prepare: they keep no limits."""
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "3",
    # By default five minutes pass before a worker without heartbeats is given up.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
}


@dataclass(frozen=True)
class Stage:
    """
    What all batches share.

    :param folder: for all that is left behind.
    :param records: the items of each batch, by :attr:`.Kind.items`.
    :param server: the local SmartRecruiters.
    :param airflow: where the batches run.
    :param options: of the command line.
    """

    folder: Path
    records: dict[str, list[dict[str, str]]]
    server: Emulator
    airflow: AirflowRun
    options: argparse.Namespace

    def begin(self, dag_id: str, operator: str, arguments: dict[str, Any], retries: int = 0) -> None:
        """Start the DAG of a batch."""
        given = {"dag_id": dag_id, "operator": operator, "retries": retries, "arguments": arguments}
        (self.folder / "dags" / f"{dag_id}.json").write_text(json.dumps(given))
        shutil.copy(DAG_FILE, self.folder / "dags" / f"{dag_id}.py")

    def wait_for(self, dag_id: str) -> None:
        """Return when the run of a DAG has ended."""
        self.airflow.wait_for([dag_id], 180 + self.options.items)


@contextmanager
def stage(folder: Path, options: argparse.Namespace) -> Iterator[Stage]:
    """Run a local SmartRecruiters and an Airflow."""
    (folder / "dags").mkdir(parents=True)
    records = write_records(folder / "tenant.json", options.items)
    flags = ["--seed", str(folder / "tenant.json"), "--latency", str(options.latency)]
    with emulator(folder / "emulator.log", *flags) as server:
        limits = {"requests_per_second": 0, "max_concurrent": 0}
        unlimited = server.connection | {"extra": server.connection["extra"] | limits}
        connections = {CONN_ID: server.connection, UNLIMITED: unlimited}
        environment = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}
        with airflow_run(
            folder, dags=folder / "dags", connections={}, audit="", environment=SETTINGS | environment
        ) as airflow:
            yield Stage(folder, records, server, airflow, options)


def carried_out(name: str, at: Stage) -> Batch:
    """Carry one batch out, with kills, and once more; return what became of it."""
    kind, items = KINDS[name], at.records[KINDS[name].items]
    chance = random.Random(f"{at.options.seed} {name}")
    at.server.reset()
    at.server.change(**kind.settings)
    arguments = arguments_of(name, at)
    before = len(at.server.told("requests"))
    writes = len(items) * kind.writes
    killer = Killer(at.server, at.airflow, name, writes)
    at.begin(name, kind.operator, arguments, retries=at.options.kills + 10)
    for moment in moments(at.options.kills, writes, chance):
        killer.kill_at(moment)
    killer.kill_at_end(Path(arguments["results_path"]))
    at.wait_for(name)
    requests = at.server.told("requests")[before:]
    with_items(kind, requests, at.server.told("journal"), [root_of(kind, item) for item in items])
    (at.folder / f"{name}.requests.json").write_text(json.dumps(requests))
    return batch_of(name, at, killer, requests, Path(arguments["results_path"]), writes_again(name, at, arguments))


def arguments_of(name: str, at: Stage) -> dict[str, Any]:
    """Return what the batch of a name is called with, after the batch that it takes back, if it does."""
    kind = KINDS[name]
    results = {"results_path": str(at.folder / f"{name}.results.jsonl"), "max_items": None}
    if kind.first:
        first = f"{name}_first"
        prepared = {**arguments_of(kind.first, at), "results_path": str(at.folder / f"{first}.results.jsonl")}
        unhindered(first, KINDS[kind.first].operator, prepared, at)
        return {"results": prepared["results_path"], **results}
    items = at.folder / f"{kind.items}.jsonl"
    items.write_text("".join(json.dumps(record) + "\n" for record in at.records[kind.items]))
    return {"items": str(items), **kind.shared(at.server.told("state")), **kind.arguments, **results}


def unhindered(dag_id: str, operator: str, arguments: dict[str, Any], at: Stage) -> None:
    """Carry a batch out without kills and limits."""
    at.server.change(rate=0, concurrent=0, latency=0)
    at.begin(dag_id, operator, {**arguments, "smartrecruiters_conn_id": UNLIMITED})
    at.wait_for(dag_id)
    at.server.change(rate=10, concurrent=8, latency=at.options.latency)


def writes_again(name: str, at: Stage, arguments: dict[str, Any]) -> int | None:
    """Carry the batch out once more; return how many writes it sent."""
    if at.options.once or not KINDS[name].again:
        return None
    before = at.server.told("stats")["writes"]
    results = {"results_path": str(at.folder / f"{name}_again.results.jsonl")}
    unhindered(f"{name}_again", KINDS[name].operator, arguments | results, at)
    return int(at.server.told("stats")["writes"] - before)


def batch_of(
    name: str, at: Stage, killer: Killer, requests: list[dict[str, Any]], results: Path, again: int | None
) -> Batch:
    """Return what became of a batch."""
    kind, items = KINDS[name], at.records[KINDS[name].items]
    ((tries,),) = at.airflow.query(f"select try_number from task_instance where dag_id = '{name}'")
    state = at.server.told("state")
    return Batch(
        items=[root_of(kind, item) for item in items],
        readable=kind.readable,
        reads_once=kind.reads_once,
        kills=killer.kills,
        requests=requests,
        state=killer.state(),
        tries=tries,
        result=_value(killer.returned()),
        rows=[json.loads(row) for row in results.read_text().splitlines()] if results.exists() else [],
        outlived=killer.outlived,
        ended_wrong=[root_of(kind, item) for item in items if not kind.ended(state, item)],
        writes_again=again,
        writes=kind.writes,
    )


def _value(stored: Any) -> Any:
    value = None if stored is None else json.loads(stored)
    # Airflow stores the JSON of a JSON text.
    return json.loads(value) if isinstance(value, str) else value


def all_carried_out(names: list[str], folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, Batch | None]]:
    """Carry batches out; yield each with what became of it, None if it did not end."""
    left = list(names)
    while left:
        # A batch that is stuck may disturb the next one: that gets an Airflow of its own.
        with stage(folder / f"from-{left[0]}", options) as at:
            ended = True
            while left and ended:
                name, began = left.pop(0), time.monotonic()
                print(f"\n{name}", flush=True)
                try:
                    batch = carried_out(name, at)
                except (AirflowRunError, StackError) as error:
                    print(f"WRONG: {error}", flush=True)
                    ended = False
                    yield name, None
                    continue
                print(*table(batch), f"{time.monotonic() - began:.0f} s", sep="\n", flush=True)
                yield name, batch


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--batch", choices=KINDS, action="append", help="which batch (default: all)")
    parser.add_argument("--items", type=int, default=200, help="how many records (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=20, help="how many at random moments (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default: %(default)s)")
    parser.add_argument(
        "--latency", type=int, default=300, metavar="MS", help="milliseconds of a request (default: %(default)s)"
    )
    parser.add_argument("--once", action="store_true", help="do not run each batch once more in the end")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="new folder for all that is left, logs included")
    return parser.parse_args()


def main() -> int:
    """Carry the batches out, print what became of each and a table of all, and return the exit code."""
    options = parsed()
    print(f"{options.items} items, {options.kills} kills, seed {options.seed}, {options.latency} ms a request")
    lines, wrong = [HEAD], False
    with tempfile.TemporaryDirectory(prefix="kill-bulk-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        for name, batch in all_carried_out(options.batch or list(KINDS), folder, options):
            found = mistakes(batch, options.kills) if batch else ["the batch did not end"]
            print(*(f"WRONG: {mistake}" for mistake in found) if found else ("as it has to be",), sep="\n", flush=True)
            lines.append(line(name, batch, found) if batch else f"{name:<16} did not end: WRONG")
            wrong |= bool(found)
    print("", *lines, sep="\n", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
