"""How close one bulk task comes to the limit of the API.

    python benchmarks/ceiling.py            # 1,000 writes at 50 and at 800 ms; or: make bench-ceiling

`RejectApplicationOperator.bulk(items=..., read_first=False)` runs in a process of its own against a local
SmartRecruiters that allows 10 requests a second and 8 at once, as the API does. A batch of n takes (n - 1) / 10 seconds
and the latency of the last request at best; printed is that, divided by the time from the beginning of `execute` to its
end. Beside it, a plain loop with `requests` (plain_loop.py) writes fewer records, as it would take long for all of
them; what is compared is the time per record. Writes benchmarks/results/ceiling.png.

Then the same with records that are read first, against a server that counts by credential, by endpoint, and that
changes from one to the other when half of the records are written. Nothing is set: the task finds out.

Exit code 1 if the share is below 98 %, if limits by endpoint make less than 1.9 times as many records a second, if any
request was refused with 429 (but for those that leave within a turn of the first one after a change to one limit), or
if any application was not rejected exactly once (by the server's journal).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bulk_tasks import LIMIT, Run, run_tasks
from plain_loop import run_loop
from plots import RESULTS, Arrivals, rate_plot

TARGET = 0.98
GAIN = 1.9
CREDENTIAL, ENDPOINT = "per-credential", "per-endpoint"
COUNTS = [(CREDENTIAL, None), (ENDPOINT, None), (CREDENTIAL, ENDPOINT), (ENDPOINT, CREDENTIAL)]
"""What the server counts by, and then."""


def main() -> int:
    """Measure, print, draw, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1000, help="how many writes (default: %(default)s)")
    parser.add_argument(
        "--latency",
        type=int,
        nargs="+",
        default=[50, 800],
        metavar="MS",
        help="milliseconds a request (default: 50 800)",
    )
    parser.add_argument(
        "--loop-items", type=int, default=100, help="how many writes of the plain loop (default: %(default)s)"
    )
    parser.add_argument(
        "--read-first-items", type=int, default=500, help="how many records that are read first (default: %(default)s)"
    )
    options = parser.parse_args()
    runs: dict[int, Run] = {}
    print(f"{options.items:,} writes by one task, limit {LIMIT} requests a second")
    print(
        f"{'latency':>9} {'seconds':>8} {'at best':>8} {'share':>8} {'a second':>9} {'429':>5} "
        f"{'most in 1 s':>12} {'most at once':>13} {'not done once':>14}"
    )
    with tempfile.TemporaryDirectory(prefix="ceiling-") as folder:
        for latency in options.latency:
            run = runs[latency] = run_tasks(Path(folder) / str(latency), [options.items], latency)
            print(
                f"{latency:6} ms {run.seconds:8.2f} {run.ideal:8.2f} {run.share:8.2%} "
                f"{_arrivals_a_second(run):9.2f} {len(run.refused):5} {run.most_in_a_second:12} {run.at_once:13} "
                f"{run.not_once:14}",
                flush=True,
            )
        print(f"\nbeside a plain loop of {options.loop_items:,} writes, for each record")
        print(f"{'latency':>9} {'bulk, ms':>9} {'loop, ms':>9} {'loop / bulk':>12} {'429':>5} {'not done once':>14}")
        for latency, run in runs.items():
            loop = run_loop(Path(folder) / f"loop-{latency}", options.loop_items, latency)
            bulk = run.seconds / options.items
            print(
                f"{latency:6} ms {1000 * bulk:9.1f} {1000 * loop.per_item:9.1f} {loop.per_item / bulk:12.2f} "
                f"{loop.refused:5} {loop.not_once:14}",
                flush=True,
            )
        gain, as_wanted = _read_first(Path(folder), options.read_first_items, options.latency[0])
    rate_plot(
        RESULTS / "ceiling.png",
        f"{options.items:,} writes by one task",
        {
            f"{latency} ms a request: {run.share:.1%} of the ceiling": Arrivals(
                {"let in": run.accepted(0)}, [request.at for request in run.refused]
            )
            for latency, run in runs.items()
        },
        LIMIT,
    )
    worst = min(run.share for run in runs.values())
    good = worst >= TARGET and not any(run.refused or run.not_once for run in runs.values())
    print(f"share of the ceiling: {worst:.2%} (at least {TARGET:.0%}, no 429): {'ok' if good else 'NOT MET'}")
    better = gain >= GAIN and as_wanted
    print(f"gain by limits by endpoint: {gain:.2f} (at least {GAIN}, no 429): {'ok' if better else 'NOT MET'}")
    return not (good and better)


def _read_first(folder: Path, items: int, latency: int) -> tuple[float, bool]:
    """Measure and print what it brings to find out that the server counts by endpoint.

    :return: how many times as many records a second, and whether nothing was refused or not done once.
    """
    print(f"\n{items:,} records that are read first, {latency} ms a request")
    print(
        f"{'the server counts':>34} {'seconds':>8} {'a second':>9} {'429':>5} {'429 again':>10} {'not done once':>14}"
    )
    rates, good = {}, True
    for limits, then in COUNTS:
        name = f"{limits}, then {then}" if then else limits
        run = run_tasks(folder / name.replace(" ", "-"), [items], latency, read_first=True, limits=limits, then=then)
        rates[limits, then] = items / run.seconds
        again = sum(at > run.refusals[0] + 1 / LIMIT for at in run.refusals)
        good = good and not (again or run.not_once or (run.refusals and then != CREDENTIAL))
        print(
            f"{name:>34} {run.seconds:8.2f} {rates[limits, then]:9.2f} {len(run.refusals):5} {again:10} "
            f"{run.not_once:14}",
            flush=True,
        )
    return rates[ENDPOINT, None] / rates[CREDENTIAL, None], good


def _arrivals_a_second(run: Run) -> float:
    """Return how many requests came at the server in a second, on average, refused ones among them."""
    arrivals = [request.at for request in run.requests]
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


if __name__ == "__main__":
    sys.exit(main())
