"""What a DAG file pays for importing the operators, sensors and triggers, beyond what it pays for Airflow itself.

    python benchmarks/import_time.py [--repeats 5] [--limit-ms 10]

Each figure is the sum of what ``python -X importtime`` reports for the imports that come after the names that they
and the DAG file take from Airflow (``DAG`` and the base classes), in a fresh interpreter. The http and slack providers
are measured the same way where they are installed. All is compiled first, as installed packages are. Exits with 1 when
ours cost more than the limit at each repeat.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec

from airflow_provider_smartrecruiters.provider_info import get_provider_info

# Airflow's own part of any operator, sensor and trigger. airflow.sdk gives its names lazily, so they are taken and not
# just the package. The base class of triggers alone takes as long as everything of ours.
BASELINE = """
try:
    from airflow.sdk import DAG, BaseOperator, BaseOperatorLink, BaseSensorOperator
except ImportError:
    from airflow.models import DAG, BaseOperator
    from airflow.sensors.base import BaseSensorOperator
import airflow.triggers.base
"""
INFO = get_provider_info()
OURS = tuple(
    module
    for kind in ("operators", "sensors", "triggers")
    for entry in INFO[kind]
    for module in entry["python-modules"]
)
COMPARED = {
    "apache-airflow-providers-http": ("airflow.providers.http.operators.http",),
    "apache-airflow-providers-slack": ("airflow.providers.slack.operators.slack",),
}
_LINE = re.compile(r"import time:\s+\d+ \|\s+(?P<cumulative>\d+) \| (?P<indent> *)(?P<module>\S+)")
# Two modules of the standard library that nothing imports: their lines enclose those that count. Airflow 2.11 imports
# more on its way out.
_START, _END = "__hello__", "__phello__"


@dataclass(frozen=True)
class Cost:
    """Milliseconds of importing some modules, over several fresh interpreters."""

    name: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def measure(name: str, modules: tuple[str, ...], repeats: int) -> Cost:
    """Import ``modules`` on top of the baseline in ``repeats`` fresh interpreters.

    :raises RuntimeError: the modules cannot be imported.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # A shell may switch bytecode off, and then most of the time is that of the compiler.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": home,
        }
        _, *samples = (_once(modules, environment) for _ in range(repeats + 1))
    return Cost(name, tuple(samples))


def _once(modules: tuple[str, ...], environment: dict[str, str]) -> float:
    code = BASELINE + "\n".join(f"import {module}" for module in (_START, *modules, _END))
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-X", "importtime", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"import failed:\n{run.stderr[-2000:]}")
    lines = [match for line in run.stderr.splitlines() if (match := _LINE.match(line))]
    names = [match["module"] for match in lines]
    counted = lines[names.index(_START) + 1 : names.index(_END)]
    # A line without indentation holds the time of all that is indented above it.
    return sum(int(match["cumulative"]) for match in counted if not match["indent"]) / 1000


def main() -> int:
    """Print the table and say whether the operators keep to the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="fresh interpreters per row (default: 5)")
    parser.add_argument("--limit-ms", type=float, default=10.0, help="most that ours may cost (default: 10)")
    arguments = parser.parse_args()

    ours = measure("airflow-provider-smartrecruiters", OURS, arguments.repeats)
    costs, absent = [ours], []
    for name, modules in COMPARED.items():
        try:
            present = all(find_spec(module) for module in modules)
        except ModuleNotFoundError:
            present = False
        if present:
            costs.append(measure(name, modules, arguments.repeats))
        else:
            absent.append(name)

    print(f"{'import of all modules for DAG files':35} {'min ms':>8} {'median ms':>10} {'times ours':>11}")
    for cost in costs:
        ratio = cost.median / ours.median
        print(f"{cost.name:35} {min(cost.samples):8.1f} {cost.median:10.1f} {ratio:11.1f}")
    for name in absent:
        print(f"{name:35} not installed; to compare: pip install {name}")
    # The least of the samples: whatever else the machine does can only add to one.
    if min(ours.samples) > arguments.limit_ms:
        print(f"over the limit of {arguments.limit_ms:g} ms")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
