"""How close several bulk tasks that share a credential come to the limit together.

    python benchmarks/four_processes.py     # four processes, 250 writes each, 50 ms; or: make bench-four
    python benchmarks/four_processes.py --store redis://localhost:6379/0 --store postgresql://user@localhost/db

Four processes run `RejectApplicationOperator.bulk(items=..., read_first=False)` at the same moment, on one credential,
against a local SmartRecruiters that allows 10 requests a second and 8 at once. First they share their pace through a
store (the connection's `rate_limit_store`), a file unless others are named. Then each knows nothing of the others but
what the headers of its own answers say. All writes together take (n - 1) / 10 seconds and the latency of the last one
at best; printed is that, divided by the time from the first beginning of `execute` to the last end. Writes
benchmarks/results/four_processes.png. Exit code 1 if

- with a store the share is below 97 % or any request was refused with 429,
- without one the share is below 90 % or more than 2 % of the writes were refused,
- any application was not rejected exactly once (by the server's journal).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bulk_tasks import LIMIT, Run, run_tasks
from plots import RESULTS, Arrivals, rate_plot


@dataclass(frozen=True)
class Target:
    """The target: the share of the ceiling to reach, and the share of the writes that may be refused."""

    share: float
    refused: float

    def met_by(self, run: Run) -> bool:
        """Say whether it was reached."""
        writes = sum(map(len, run.records))
        return run.share >= self.share and len(run.refused) <= self.refused * writes and not run.not_once


WITH_STORE, WITHOUT_STORE = Target(0.97, 0.0), Target(0.90, 0.02)


def main() -> int:
    """Measure, print, draw, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=4, help="how many (default: %(default)s)")
    parser.add_argument("--items", type=int, default=250, help="writes of each of them (default: %(default)s)")
    parser.add_argument("--latency", type=int, default=50, metavar="MS", help="of a request (default: %(default)s)")
    parser.add_argument(
        "--store",
        action="append",
        metavar="LOCATION",
        help="redis:// or postgresql://, once for each (default: a file)",
    )
    options = parser.parse_args()
    tasks = [options.items] * options.processes
    runs: dict[str, tuple[Run, Target]] = {}
    print(f"{options.processes} x {options.items:,} writes, {options.latency} ms each, limit {LIMIT} requests a second")
    with tempfile.TemporaryDirectory(prefix="four-processes-") as temporary:
        folder = Path(temporary)
        stores = {urlsplit(location).scheme: location for location in options.store or []}
        for name, store in (stores or {"file": str(folder / "pace")}).items():
            run = run_tasks(folder / name, tasks, options.latency, store)
            runs[f"shared store ({name})"] = run, WITH_STORE
            _print_run(f"shared store ({name})", run)
        run = run_tasks(folder / "none", tasks, options.latency)
        runs["no store"] = run, WITHOUT_STORE
        _print_run("no store", run)
    rate_plot(
        RESULTS / "four_processes.png",
        f"{options.processes} processes with one credential, {options.items:,} writes each, {options.latency} ms each",
        {
            f"{name}: {run.share:.1%} of the ceiling": Arrivals(
                {f"process {task + 1}": run.accepted(task) for task in range(len(tasks))},
                [request.at for request in run.refused],
            )
            for name, (run, _) in runs.items()
        },
        LIMIT,
    )
    for name, (run, target) in runs.items():
        print(
            f"{name}: {run.share:.2%} of the ceiling (at least {target.share:.0%}), {len(run.refused)} x 429 (at most "
            f"{target.refused:.0%} of the writes): {'ok' if target.met_by(run) else 'NOT MET'}"
        )
    return not all(target.met_by(run) for run, target in runs.values())


def _print_run(name: str, run: Run) -> None:
    print(f"\n{name:22} {'seconds':>8} {'a second':>9} {'429':>5}")
    for task, (began, ended) in enumerate(run.spans):
        refused = sum(request.task == task for request in run.refused)
        print(f"  process {task + 1:<12} {ended:8.2f} {len(run.records[task]) / (ended - began):9.2f} {refused:5}")
    print(
        f"  {'all':20} {run.seconds:8.2f} {sum(map(len, run.records)) / run.seconds:9.2f} {len(run.refused):5}"
        f"   {run.share:.2%} of the ceiling; most in one second {run.most_in_a_second}, at once {run.at_once}; "
        f"not done once: {run.not_once}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
