"""One bulk task beside one mapped task per record, and beside a plain loop with `requests`.

    python benchmarks/mapped_tasks.py                 # 1,000 records, ten minutes; or: make bench-mapped
    python benchmarks/mapped_tasks.py --read-first    # two requests a record instead of one

The same applications are rejected in three ways, one after the other, each in a fresh local SmartRecruiters of its own
with the API's limits (10 requests a second, 8 at once):

- `RejectApplicationOperator.bulk(items=..., read_first=False)`, one task;
- `RejectApplicationOperator.partial(read_first=False).expand_kwargs(...)`, as many tasks as there are records;
- a script of the kind that people write (plain_loop.py): a `requests.put` for each record; after a 429 it sleeps a
  second and tries again.

The first two run in a real Airflow: scheduler, DAG processor, API server and LocalExecutor on SQLite, with Airflow's
own default settings but for ports and folders (so 16 tasks of a DAG at once). What is timed is from the moment the list
of records is there, an XCom of a task before, to the end of the run. Starting Airflow is not in it, and for the script,
starting Python is not.

Without reading first, a record is one request, so that a batch can do ten a second, and mapped tasks as many as Airflow
starts. With it (the script then sends a `requests.get` as well), the API allows five records a second to anybody, and
the nearer to that Airflow comes, the nearer are mapped tasks to the batch: the target is not for that.

Prints seconds, requests refused with 429, and records that did not end as wanted or were written twice; writes
benchmarks/results/mapped_tasks.png. Exit code 1 if bulk is less than 1.7 times as fast as mapped tasks, or if it did
not write every record once. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from local_stack import Emulator, emulator  # noqa: E402
from plain_loop import loop  # noqa: E402
from plots import RESULTS, progress_plot  # noqa: E402
from tenant import write_tenant  # noqa: E402

from tests.security.airflow_run import airflow_run  # noqa: E402

TARGET = 1.7
BULK, MAPPED, SCRIPT = "one bulk task", "mapped tasks", "plain loop"

DAG_FILE = """
import json
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG, task

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

# Airflow's API server may still be starting.
@task(retries=10, retry_delay=timedelta(seconds=1))
def applications():
    return json.loads(Path({items!r}).read_text())

shared = {{"reason_id": {reason_id!r}, "read_first": {read_first!r}, "protect_hired": {read_first!r}}}

with DAG({dag_id!r}, schedule="@once", start_date=datetime(2026, 1, 1)):
    {reject}
"""
REJECT = {
    BULK: 'RejectApplicationOperator.bulk(task_id="reject", items=applications(), max_items=None, **shared)',
    MAPPED: 'RejectApplicationOperator.partial(task_id="reject", **shared).expand_kwargs(applications())',
}


@dataclass(frozen=True)
class Batch:
    """
    What is to be done, the same in each way.

    :param records: the ids of the applications.
    :param items: a file with them, JSON.
    :param reason_id: why they are rejected.
    :param read_first: whether each is read before it is written.
    """

    records: list[dict[str, str]]
    items: Path
    reason_id: str
    read_first: bool


@dataclass(frozen=True)
class Outcome:
    """
    What one way of doing it came to.

    :param seconds: from its start to its end.
    :param refused: answers with 429.
    :param missed: records that did not end as wanted.
    :param doubled: records that were written more than once.
    :param done_at: when each record was done, in seconds since the start.
    """

    seconds: float
    refused: int
    missed: int
    doubled: int
    done_at: list[float]


def in_airflow(folder: Path, way: str, server: Emulator, batch: Batch) -> tuple[float, float]:
    """Let Airflow carry the batch out; return when it began and ended, in seconds since the epoch."""
    dag_id = way.replace(" ", "_")
    folder = folder / dag_id
    dags = folder / "dags"
    dags.mkdir(parents=True)
    (dags / "reject.py").write_text(
        DAG_FILE.format(
            items=str(batch.items),
            reason_id=batch.reason_id,
            read_first=batch.read_first,
            dag_id=dag_id,
            reject=REJECT[way],
        )
    )
    environment = {
        "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT": json.dumps(server.connection),
        "AIRFLOW__CORE__MAX_MAP_LENGTH": str(max(1024, len(batch.records))),
        # What Airflow has by itself, and the run of the tests has not.
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
        "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "16",
    }
    with airflow_run(folder, dags=dags, connections=[], audit="", environment=environment) as airflow:
        airflow.wait_for([dag_id], 120 + 2 * len(batch.records))
        began, listed = airflow.query("select end_date, state from task_instance where task_id = 'applications'")[0]
        if listed != "success":
            raise SystemExit(f"{way}: the list of records never came.\n{airflow.tails()}")
        ((ended,),) = airflow.query("select end_date from dag_run")
        states = airflow.query("select state, count(*) from task_instance where task_id = 'reject' group by 1")
        print(f"  {way}: task instances {dict(states)}", flush=True)
    return _epoch(began), _epoch(ended)


def outcome(server: Emulator, began: float, ended: float, records: list[dict[str, str]]) -> Outcome:
    """Ask the server what became of the records."""
    paths = {f"/candidates/{one['candidate_id']}/jobs/{one['job_id']}/status" for one in records}
    applied = [entry for entry in server.journal() if entry["applied"] and entry["path"] in paths]
    writes = Counter(entry["path"] for entry in applied)
    return Outcome(
        seconds=ended - began,
        refused=server.told("stats")["rate_limited"],
        missed=len(paths) - len(writes),
        doubled=sum(count > 1 for count in writes.values()),
        done_at=sorted(entry["at"] - began for entry in applied),
    )


def _epoch(text: str) -> float:
    # The database has UTC, without saying so.
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def main() -> int:
    """Run all three, print and draw what came of them, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1000, help="how many records (default: %(default)s)")
    parser.add_argument(
        "--latency",
        type=int,
        default=200,
        metavar="MS",
        help="milliseconds that each request takes (default: %(default)s)",
    )
    parser.add_argument("--read-first", action="store_true", help="read each record before it is written")
    options = parser.parse_args()
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="mapped-tasks-") as temporary:
        folder = Path(temporary)
        seed, items = folder / "tenant.json", folder / "items.json"
        records = write_tenant(seed, options.items)
        items.write_text(json.dumps(records))
        reason_id = next(iter(json.loads(seed.read_text())["rejection_reasons"]))
        batch = Batch(records, items, reason_id, options.read_first)
        title = f"Rejecting {options.items:,} applications, {options.latency} ms a request"
        title += ", each read first" if options.read_first else ""
        print(title, flush=True)
        for way in (BULK, MAPPED, SCRIPT):
            log = folder / f"{way}.log"
            with emulator(log, "--seed", str(seed), "--latency", str(options.latency)) as server:
                if way == SCRIPT:
                    began, ended, failure = loop(server, reason_id, items, read_first=batch.read_first)
                    print(f"  {way}: ended early\n{failure}" if failure else "", end="", flush=True)
                else:
                    began, ended = in_airflow(folder, way, server, batch)
                outcomes[way] = outcome(server, began, ended, records)
            print(f"  {way}: {outcomes[way].seconds:.1f} s", flush=True)
    return tell(outcomes, title, target=0.0 if options.read_first else TARGET)


def tell(outcomes: dict[str, Outcome], title: str, target: float) -> int:
    """Print and draw what came of it; return the exit code."""
    bulk = outcomes[BULK]
    print(f"\n{'':14} {'seconds':>8} {'x bulk':>7} {'429':>6} {'not done':>9} {'written twice':>14}")
    for way, came in outcomes.items():
        ratio = came.seconds / bulk.seconds
        print(f"{way:14} {came.seconds:8.1f} {ratio:7.2f} {came.refused:6} {came.missed:9} {came.doubled:14}")
    progress_plot(
        RESULTS / "mapped_tasks.png",
        f"{title}; the API allows 10 requests a second",
        {f"{way}, {came.seconds:.0f} s, {came.refused} x 429": came.done_at for way, came in outcomes.items()},
    )
    ratio = outcomes[MAPPED].seconds / bulk.seconds
    good = ratio >= target and not (bulk.missed or bulk.doubled)
    print(f"mapped tasks / bulk: {ratio:.2f} (at least {target}): {'ok' if good else 'NOT MET'}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
