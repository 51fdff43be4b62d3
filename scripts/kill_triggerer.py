"""
Kill the triggerer ten times during 1,000 changes, and see that each change starts exactly one run.

    python scripts/kill_triggerer.py                       # about six minutes; or: make kill-triggerer
    python scripts/kill_triggerer.py --changes 100 --kills 2

A real Airflow 3.3 (scheduler, LocalExecutor, API server, triggerer) watches the applications of a local
SmartRecruiters. Applications are rejected all the time, also while no triggerer runs. At random moments SIGKILL hits
all processes of the triggerer, and another one is started.

Prints the changes, how many of them Airflow stored (one that was stored in the last second before a kill may be
reported again), the runs, and how many changes were taken by no run (lost) or by more than one (doubled). Exit code 1
if any was, or if one was reported that did not happen. The API's rate limit is off: this is about restarts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from local_stack import airflow  # noqa: E402
from tenant import write_tenant  # noqa: E402

from airflow_provider_smartrecruiters.emulator.config import Config  # noqa: E402
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator  # noqa: E402
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer  # noqa: E402
from airflow_provider_smartrecruiters.emulator.tenant import times  # noqa: E402
from airflow_provider_smartrecruiters.emulator.tenant.state import StatusChange, Tenant  # noqa: E402
from tests.security.airflow_run import AirflowRun, AirflowRunError, _environment, airflow_run  # noqa: E402

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

DAG_FILE = ROOT / "tests" / "system" / "dags" / "kill_triggerer.py"
STORED = "select extra from asset_event"
STORED_COUNT = "select count(*) from asset_event"
RUNS = "select state, count(*) from dag_run group by 1"
SETTINGS = {
    # Another triggerer takes over when this one has been silent for so long; by default half a minute.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__CORE__PARALLELISM": "2",
}
LONGEST_WAIT = 300.0
"""Seconds until what has to happen must have happened."""


class Changes(threading.Thread):
    """
    Rejects one application after the other.

    :param emulator: where.
    :param applications: ids of each.
    :param seconds: between two.
    """

    def __init__(self, emulator: SmartRecruitersEmulator, applications: list[dict[str, str]], seconds: float) -> None:
        super().__init__(daemon=True)
        self._emulator = emulator
        self._applications = applications
        self._seconds = seconds
        self._allowed = threading.Semaphore(0)
        self.keys: list[str] = []

    def go_on(self, changes: int) -> None:
        """Let some more happen."""
        self._allowed.release(changes)

    def run(self) -> None:
        """Reject them all."""
        for ids in self._applications:
            self._allowed.acquire()
            now = times.now()
            with self._emulator.state.editing() as tenant:
                application = tenant.application(ids["candidate_id"], ids["job_id"])
                application.status = "REJECTED"
                application.history.append(StatusChange(changed_on=now, status="REJECTED"))
                tenant.candidates[ids["candidate_id"]].updated_on = now
            self.keys.append(f"application_status/{ids['candidate_id']}/{ids['job_id']}/REJECTED/{now}")
            time.sleep(self._seconds)


def until(holds: Callable[[], bool], what: str, run: AirflowRun) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < ends:
        with suppress(Exception):
            if holds():
                return
        time.sleep(0.2)
    raise AirflowRunError(f"{what} after {LONGEST_WAIT:g} s\n{run.tails()[-6000:]}")


def count(run: AirflowRun) -> int:
    """Return how many events Airflow has stored."""
    return int(run.query(STORED_COUNT)[0][0])


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill all processes of a triggerer."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def watched(folder: Path, options: argparse.Namespace) -> tuple[list[str], list[str], dict[str, set[str]], int]:
    """Run it all; return the keys of the changes, those that were reported, the runs by key, and how many runs."""
    dags, taken = folder / "dags", folder / "taken.jsonl"
    dags.mkdir()
    taken.touch()
    chance = random.Random(options.seed)
    applications = write_tenant(folder / "tenant.json", options.changes)
    tenant = Tenant.model_validate_json((folder / "tenant.json").read_text())
    with EmulatorServer(Config(rate=0, concurrent=0), tenant) as server, ExitStack() as stack:
        emulator = SmartRecruitersEmulator(server)
        connection = {**emulator.connection, "extra": {"requests_per_second": 100, "max_concurrent": 0}}
        environment = SETTINGS | {
            "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT": json.dumps(connection),
            "KILL_TRIGGERER": str(taken),
            # Shared with the triggerers, which are started here.
            "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(32),
        }
        shutil.copy(DAG_FILE, dags)
        run = stack.enter_context(airflow_run(folder, dags=dags, connections={}, audit="", environment=environment))
        env = _environment(run, dags) | environment
        log = run.output / "triggerer"
        until(lambda: run.query("select count(*) from trigger")[0][0] == 1, "no watcher", run)
        triggerers = stack.enter_context(ExitStack())
        process = triggerers.enter_context(airflow("triggerer", env, log))
        until(lambda: any(request.path == "/candidates" for request in emulator.requests), "no poll", run)
        changes = Changes(emulator, applications, options.pause)
        changes.start()
        # Half of them while a triggerer runs, the other half while none does.
        part = options.changes // (2 * options.kills + 1)
        changes.go_on(part)
        for number in range(options.kills):
            before = count(run)
            until(lambda before=before: count(run) > before, "no event", run)  # type: ignore[misc]
            changes.go_on(part)
            time.sleep(chance.uniform(0, 8))
            kill(process)
            changes.go_on(part)
            print(f"kill {number + 1} at {len(changes.keys)} changes, {count(run)} events stored", flush=True)
            process = triggerers.enter_context(airflow("triggerer", env, log))
        changes.go_on(options.changes)
        changes.join()
        until(lambda: set(changes.keys) <= set(stored(run)), "not all changes have an event", run)
        # Repeats would come within an interval.
        time.sleep(5)
        until(lambda: not any(state in ("running", "queued") for state, _ in run.query(RUNS)), "runs go on", run)
        time.sleep(3)
        until(lambda: not any(state in ("running", "queued") for state, _ in run.query(RUNS)), "runs go on", run)
        return changes.keys, stored(run), taken_by(taken), sum(number for _, number in run.query(RUNS))


def stored(run: AirflowRun) -> list[str]:
    """Return the keys of the events that Airflow has stored."""
    return [change["key"] for (extra,) in run.query(STORED) for change in json.loads(extra)["payload"]["events"]]


def taken_by(taken: Path) -> dict[str, set[str]]:
    """Return the runs that took a change, by its key."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in taken.read_text().splitlines():
        entry: dict[str, Any] = json.loads(line)
        for key in entry["keys"]:
            found[key].add(entry["run"])
    return found


def main() -> int:
    """Run it, print what became of the changes, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--changes", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="how many (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two changes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="new folder for all that is left, logs included")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kill-triggerer-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        keys, reported, runs, started = watched(folder, options)
    repeated = sum(times - 1 for times in Counter(reported).values())
    lost = [key for key in keys if not runs.get(key)]
    doubled = [key for key in keys if len(runs.get(key, ())) > 1]
    strange = set(reported) - set(keys)
    print(f"{len(keys):,} changes, {options.kills} kills, {time.monotonic() - began:.0f} s")
    print(f"{len(reported):,} changes reported ({repeated} repeats), {started:,} runs")
    print(f"lost: {len(lost)}, doubled: {len(doubled)}, made up: {len(strange)}")
    return int(bool(lost or doubled or strange or len(set(keys)) != options.changes))


if __name__ == "__main__":
    sys.exit(main())
