"""Five hundred deferred sensors in one triggerer, with one credential.

    python benchmarks/deferred_sensors.py                                # about four minutes; or: make bench-sensors
    python benchmarks/deferred_sensors.py --sensors 50 --interval 10

A real Airflow triggerer waits for 500 applications of a local SmartRecruiters with the API's limits (10 requests a
second, 8 at once). The tasks are put into Airflow's database as deferred, which is how a worker leaves them, so that no
scheduler and no worker are needed. When the triggerer has looked at every application, they get the awaited status one
by one, at random moments within two poll intervals. A wait has ended when Airflow takes its task out of "deferred".

Prints how long each wait went on after its status was there, in poll intervals; requests that were refused with 429;
and Airflow's warnings that the triggerer's event loop was blocked. Exit code 1 if a wait took longer than two
intervals, or if there was a 429 or a warning. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from local_stack import airflow_environment  # noqa: E402
from tenant import write_tenant  # noqa: E402

from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator  # noqa: E402
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer  # noqa: E402
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant  # noqa: E402
from tests.use_cases.dag_runs import serialize  # noqa: E402

MOST_INTERVALS = 2.0
BLOCKED = "async thread was blocked"
DAG_ID = "many_waits"
DAG_FILE = f"""
import json
from datetime import datetime

from airflow.sdk import DAG

from airflow_provider_smartrecruiters.sensors.statuses import ApplicationStatusSensor

with DAG({DAG_ID!r}, schedule=None, start_date=datetime(2026, 1, 1)) as dag:
    for number, ids in enumerate(json.loads(open({{ids!r}}).read())):
        ApplicationStatusSensor(
            task_id=f"wait_{{{{number}}}}", statuses="INTERVIEW", deferrable=True, poke_interval={{interval!r}}, **ids
        )
"""


def defer_all(dag_file: str) -> None:
    """
    Put a run of the DAG into Airflow's database, with each task deferred as its sensor defers itself.

    Runs in a process of its own, whose environment says which database that is.
    """
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.trigger import Trigger
    from airflow.sdk.exceptions import TaskDeferred
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    bag = DagBag(dag_file)
    assert not bag.import_errors, bag.import_errors
    serialize(bag.dags[DAG_ID])
    now = datetime.now(UTC)
    with create_session() as session:
        stored = SerializedDagModel.get_dag(DAG_ID, session=session)
        assert stored is not None
        run = stored.create_dagrun(
            run_id="all",
            run_after=now,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.CLI,
            state=DagRunState.RUNNING,
            session=session,
        )
        for instance in run.get_task_instances(session=session):
            sensor = bag.dags[DAG_ID].task_dict[instance.task_id]
            try:
                # Without the first look of the worker, which takes a request each.
                sensor._defer(86_400)
            except TaskDeferred as deferred:
                trigger = Trigger(*deferred.trigger.serialize())
                session.add(trigger)
                session.flush()
                instance.trigger_id, instance.trigger_timeout = trigger.id, now + timedelta(days=1)
                instance.next_method, instance.next_kwargs = deferred.method_name, deferred.kwargs
                instance.state = TaskInstanceState.DEFERRED


def measure(home: Path, sensors: int, interval: float) -> int:
    """Run the benchmark; return the exit code."""
    ids = write_tenant(home / "seed.json", sensors)
    (home / "ids.json").write_text(json.dumps(ids))
    dag_file = home / "dags" / f"{DAG_ID}.py"
    dag_file.parent.mkdir()
    dag_file.write_text(DAG_FILE.format(ids=str(home / "ids.json"), interval=interval))
    tenant = Tenant.model_validate_json((home / "seed.json").read_text())
    with EmulatorServer(tenant=tenant) as server:
        emulator = SmartRecruitersEmulator(server)
        environment = airflow_environment(home) | {
            "AIRFLOW__CORE__DAGS_FOLDER": str(dag_file.parent),
            "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT": emulator.connection_json,
        }
        subprocess.run(["airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
        subprocess.run([sys.executable, __file__, "--defer", str(dag_file)], env=environment, check=True)
        log = home / "triggerer.log"
        command = ["airflow", "triggerer", "--capacity", str(2 * sensors)]
        with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as triggerer:
            try:
                longest = waited(emulator, home / "airflow.db", ids, interval)
            finally:
                triggerer.terminate()
                triggerer.wait(60)
        refused = emulator.stats["rate_limited"]
        blocked = [line for line in log.read_text(errors="replace").splitlines() if BLOCKED in line]
    print(
        f"requests {emulator.stats['requests']:,}, refused with 429: {refused}, "
        f"warnings of a blocked loop: {len(blocked)}",
        *blocked,
        sep="\n",
    )
    return 0 if longest <= MOST_INTERVALS and not refused and not blocked else 1


def waited(
    emulator: SmartRecruitersEmulator, database: Path, ids: Sequence[Mapping[str, str]], interval: float
) -> float:
    """Give each application its status, and return how long the longest wait went on after that, in intervals."""
    print(f"Waiting until the triggerer has looked at all {len(ids):,} applications ...", flush=True)
    until(lambda: len({request.path for request in emulator.requests}) >= len(ids), 10 * interval + 120)
    moments = random.Random(1)
    due = sorted((moments.uniform(0, 2 * interval), f"wait_{number}", one) for number, one in enumerate(ids))
    started, changed, ended = time.monotonic(), {}, {}
    print(f"Moving them within {2 * interval:g} seconds ...", flush=True)
    deadline = started + 8 * interval + 120
    while len(ended) < len(ids) and time.monotonic() < deadline:
        while due and due[0][0] <= time.monotonic() - started:
            _, task_id, one = due.pop(0)
            with emulator.state.editing() as tenant:
                tenant.application(one["candidate_id"], one["job_id"]).status = "INTERVIEW"
            changed[task_id] = time.monotonic()
        left = deferred(database)
        ended |= {task_id: time.monotonic() for task_id in changed if task_id not in left and task_id not in ended}
        time.sleep(0.2)
    took = sorted((ended.get(task_id, float("inf")) - moment) / interval for task_id, moment in changed.items())
    print(f"sensors {len(ids):,}, interval {interval:g} s; from the status to the end of the wait, in intervals:")
    print(f"median {statistics.median(took):.2f}, 99 % {took[int(len(took) * 0.99)]:.2f}, longest {took[-1]:.2f}")
    return took[-1]


def deferred(database: Path) -> set[str]:
    """Return the ids of the tasks that still wait."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return {row[0] for row in connection.execute("select task_id from task_instance where state = 'deferred'")}


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError("The triggerer did not look at every application. See its log.")
        time.sleep(0.5)


def main() -> int:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensors", type=int, default=500, help="how many (default: 500)")
    parser.add_argument("--interval", type=float, default=60, help="poke_interval in seconds (default: 60)")
    parser.add_argument("--defer", metavar="DAG_FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.defer:
        defer_all(options.defer)
        return 0
    with tempfile.TemporaryDirectory(prefix="deferred-sensors-") as home:
        return measure(Path(home), options.sensors, options.interval)


if __name__ == "__main__":
    sys.exit(main())
