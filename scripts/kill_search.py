"""
Kill a search at random pages, let it go on, and see that every match is there exactly once.

    python scripts/kill_search.py                        # 20,000 candidates, 10 kills; or: make kill-search

A process of its own carries `SearchApplicationsOperator` out against the local SmartRecruiters, with a task state store
on disk. SIGKILL hits it at random pages, and another process goes on. Then a search without kills is measured: memory
over what the imports take, and the size of its XComs.

Exits with 1 when a match is missing or doubled, more than one page was read again for a kill, or a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from local_stack import CONN_ID, Emulator, emulator  # noqa: E402
from tenant import write_tenant  # noqa: E402

MOST_MEMORY = 60.0
"""MB that a search may take over its imports."""
MOST_XCOM = 64 * 1024
KEY = "smartrecruiters_search"
PATIENCE = 300.0


class DiskStore:
    """Stands in for Airflow's task state store across processes: a file for each key, replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def get(self, key: str) -> Any:
        """Return a value, or None."""
        with suppress(FileNotFoundError):
            return json.loads((self.folder / key).read_text())
        return None

    def set(self, key: str, value: Any) -> None:
        """Replace a value."""
        new = self.folder / f"{key}~"
        new.write_text(json.dumps(value))
        os.replace(new, self.folder / key)

    def delete(self, key: str) -> None:
        """Remove a value."""
        (self.folder / key).unlink(missing_ok=True)


class TaskInstance:
    """Stands in for Airflow's task instance: keeps what a task pushes."""

    max_tries, try_number, map_index = 99, 1, -1

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.pushed[key] = value


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    # Not ru_maxrss, which a process inherits from the one that started it: the larger of the two would be compared.
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def worker(folder: Path) -> None:
    """Search, and print what it took."""
    from airflow_provider_smartrecruiters.operators.search import SearchApplicationsOperator

    operator = SearchApplicationsOperator(
        task_id="search", statuses=["NEW"], results_path=str(folder / "found.jsonl"), smartrecruiters_conn_id=CONN_ID
    )
    operator.hook.get_conn()
    import airflow_provider_smartrecruiters.api.reads.search_applications
    import airflow_provider_smartrecruiters.operators.finding.run  # noqa: F401

    before, ti = peak(), TaskInstance()
    returned = operator.execute({"ti": ti, "task_state_store": DiskStore(folder / "store")})
    xcoms = {"return_value": returned, **ti.pushed}
    print(json.dumps({"memory": peak() - before, "xcom": len(json.dumps(xcoms)), "counts": ti.pushed["counts"]}))


def start(folder: Path, server: Emulator) -> subprocess.Popen[str]:
    """Start a process that searches."""
    environment = os.environ | {f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(connection(server))}
    command = [sys.executable, __file__, "--worker", str(folder)]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def connection(server: Emulator) -> dict[str, Any]:
    """Return the connection without the waits of a rate limit, which would only cost time."""
    return {**server.connection, "extra": {"requests_per_second": 0, "max_concurrent": 0}}


def kill_at(page: int, process: subprocess.Popen[str], store: DiskStore, chance: random.Random) -> int:
    """Kill a process at a random moment of the page, and return how many pages were kept then."""
    deadline = time.monotonic() + PATIENCE
    while (header := store.get(KEY)) is None or header["reached"]["pages"] < page:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the search ended, or stood still, before page {page}")
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.2))
    process.send_signal(signal.SIGKILL)
    process.wait()
    return int(store.get(KEY)["reached"]["pages"])


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a process printed at its end."""
    out, _ = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise SystemExit(f"the search failed with {process.returncode}")
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def pages_read(server: Emulator) -> int:
    """Return how many requests for pages the emulator got."""
    return sum(request["path"] == "/candidates" for request in server.told("requests"))


def main() -> int:
    """Search with and without kills, print the figures, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--candidates", type=int, default=20_000, help="how many (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default: %(default)s)")
    parser.add_argument("--worker", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.worker)
        return 0
    with tempfile.TemporaryDirectory(prefix="kill-search-") as temporary:
        return judged(options, Path(temporary))


def judged(options: argparse.Namespace, folder: Path) -> int:
    """Carry everything out, print the figures, and return the exit code."""
    chance, seed = random.Random(options.seed), folder / "seed.json"
    write_tenant(seed, options.candidates)
    expected = matches(json.loads(seed.read_text()))
    killed, calm = folder / "killed", folder / "calm"
    killed.mkdir()
    calm.mkdir()
    with emulator(folder / "emulator.log", "--seed", str(seed), "--rate", "0", "--concurrent", "0") as server:
        store = DiskStore(killed / "store")
        moments = sorted(chance.sample(range(1, options.candidates // 100 - 5), options.kills))
        kept = [kill_at(page, start(killed, server), store, chance) for page in moments]
        told = finished(start(killed, server))
        read = pages_read(server)
        measured = finished(start(calm, server))
        calm_pages = pages_read(server) - read
    wrong = []
    for name in ("killed", "calm"):
        found = [tuple(json.loads(line).values()) for line in (folder / name / "found.jsonl").read_text().splitlines()]
        missing, doubled = len(expected - set(found)), len(found) - len(set(found))
        too_many = len(set(found) - expected)
        faults = f"{missing} missing, {doubled} doubled, {too_many} wrong"
        print(f"{name}: {len(found):,} of {len(expected):,} matches, {faults}")
        wrong += [f"matches of {name}"] if missing or doubled or too_many else []
    left = [path.name for path in killed.iterdir() if path.name not in ("found.jsonl", "store")]
    again = read - calm_pages
    print(f"killed at the pages {kept}; {again} of {calm_pages} pages read again; left behind: {left or 'nothing'}")
    memory, xcom = max(told["memory"], measured["memory"]), max(told["xcom"], measured["xcom"])
    print(f"memory over the imports: {memory:.1f} MB (target {MOST_MEMORY:.0f})")
    print(f"all XComs: {xcom:,} bytes (target {MOST_XCOM:,})")
    wrong += ["pages read again"] if again > options.kills else []
    wrong += ["files left behind"] if left else []
    wrong += ["memory"] if memory > MOST_MEMORY else []
    wrong += ["XCom"] if xcom >= MOST_XCOM else []
    print(f"missed: {', '.join(wrong)}" if wrong else "as it has to be")
    return int(bool(wrong))


def matches(tenant: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the applications of a tenant that the search has to find."""
    seen = {key for key, candidate in tenant["candidates"].items() if candidate["access"] != "none"}
    new = [one for one in tenant["applications"].values() if one["status"] == "NEW" and one["candidate_id"] in seen]
    return {(one["candidate_id"], one["job_id"]) for one in new}


if __name__ == "__main__":
    sys.exit(main())
