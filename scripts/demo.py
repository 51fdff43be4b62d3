"""
Run all operators against a local SmartRecruiters, twice, and tell what each run changed.

The second run has to change nothing. Exits with 1 when any row of the table is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_stack import CONN_ID, EXAMPLE_DAGS, ROOT, StackError, airflow_environment, emulator, new_home, shown, tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local_stack import Emulator

DEFAULT_HOME = ROOT / ".airflow" / "demo"
DAG_FILE = EXAMPLE_DAGS / "all_operators.py"
DAG_ID = "smartrecruiters_all_operators"
NOT_COMPARED = "cannot be compared"


@dataclass(frozen=True)
class Expected:
    """
    What one use case has to do.

    :param use_case: its id, which is what the operator's result calls it.
    :param path: where it is written, with placeholders for the ids.
    :param can_tell: whether the API offers a way to read the current state. Where it does not, every run writes.
    """

    use_case: str
    path: str
    can_tell: bool = True

    def writes(self, entry: dict[str, Any], ids: Iterable[str] | None = None) -> bool:
        """Tell whether an entry of the journal is a write of this use case: on these ids, or on any."""
        known = iter(map(re.escape, ids or ()))
        pattern = re.sub(r"\{\w+\}", lambda _: "[^/]+" if ids is None else next(known), self.path)
        return re.fullmatch(pattern, entry["path"]) is not None


def expected_of(dag: Any) -> tuple[Expected, ...]:
    """Return what each task of a DAG has to do, as the change of its operator declares it."""
    found = []
    for operator in {type(task) for task in dag.tasks}:
        module = import_module(operator.__module__.replace(".operators.", ".api."))
        change = getattr(module, operator.__name__.removesuffix("Operator"))
        path = change.method_and_path()[1]
        found.append(Expected(change.use_case, path, can_tell=change.record is not None))
    return tuple(sorted(found, key=lambda expected: expected.use_case))


@dataclass(frozen=True)
class Run:
    """
    One run of the DAG.

    :param results: what each operator returned, by use case.
    :param writes: the journal's entries of this run.
    """

    results: dict[str, dict[str, Any]]
    writes: list[dict[str, Any]]

    def writes_of(self, expected: Expected) -> list[dict[str, Any]]:
        """Return the writes of one use case: on the records that its result names."""
        if expected.use_case not in self.results:
            return []
        ids = self.results[expected.use_case]["target"].values()
        return [entry for entry in self.writes if expected.writes(entry, ids)]

    def told(self, expected: Expected) -> str:
        """Return in words what changed."""
        result = self.results.get(expected.use_case)
        if result is None:
            return "FAILED"
        if result["changed"] is None:
            return NOT_COMPARED
        return ", ".join(result["fields"]) if result["changed"] else "nothing"


def mistakes(expected: Expected, first: Run, second: Run) -> list[str]:
    """Return what is not as it should be with one use case, over both runs."""
    wanted = [(first, "run 1", True, 1), (second, "run 2", False, 0)]
    if not expected.can_tell:
        wanted = [(run, name, None, 1) for run, name, _, _ in wanted]
    found = []
    for run, name, changed, writes in wanted:
        result = run.results.get(expected.use_case)
        if result is None:
            found.append(f"{name}: failed, or never began")
            continue
        if result["changed"] is not changed:
            found.append(f"{name}: changed is {result['changed']}, not {changed}")
        if changed and not result["fields"]:
            found.append(f"{name}: names no field that changed")
        if len(entries := run.writes_of(expected)) != writes:
            found.append(f"{name}: {len(entries)} writes, not {writes}")
        found.extend(f"{name}: answered {entry['status']}" for entry in entries if not entry["applied"])
    return found


def strays(all_expected: tuple[Expected, ...], run: Run) -> list[str]:
    """Return the writes that belong to no use case; whose a failed one's would have been is not known."""
    known = [entry for expected in all_expected for entry in run.writes_of(expected)]
    failed = [expected for expected in all_expected if expected.use_case not in run.results]
    return [
        f"{entry['method']} {entry['path']}"
        for entry in run.writes
        if entry not in known and not any(expected.writes(entry) for expected in failed)
    ]


def load_dag(log: Path) -> Any:
    """
    Return the DAG.

    :param log: the file that the output goes to.
    :raises StackError: it cannot be loaded.
    """
    with output_to(log):
        try:
            from airflow.dag_processing.dagbag import DagBag
        except ImportError:  # before 3.2
            from airflow.models import DagBag

        bag = DagBag(DAG_FILE)
    if bag.import_errors:
        raise StackError(f"{shown(DAG_FILE)} cannot be loaded:\n{next(iter(bag.import_errors.values()))}")
    return bag.dags[DAG_ID]


def run_dag(dag: Any, stack: Emulator, log: Path) -> Run:
    """
    Run the DAG once in this process's Airflow.

    :param stack: the local SmartRecruiters.
    :param log: the file that the output goes to.
    """
    before = len(stack.journal())
    with output_to(log):
        dag_run = dag.test(run_conf={"plan_only": False})
        returned = [task.xcom_pull(task_ids=task.task_id) for task in dag_run.get_task_instances()]
    results = {result["use_case"]: result for result in returned if isinstance(result, dict)}
    return Run(results, stack.journal()[before:])


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Send whatever this process prints to a file: Airflow's logs would drown the table."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, copy in enumerate(kept, 1):
            os.dup2(copy, descriptor)
            os.close(copy)


def print_table(all_expected: tuple[Expected, ...], first: Run, second: Run) -> list[str]:
    """Print the table, and return what is wrong with it."""
    header = ("use case", "run 1 changed", "writes", "run 2 changed", "writes", "")
    rows = []
    wrong = [
        f"{name}: a write of no use case: {stray}"
        for name, run in (("run 1", first), ("run 2", second))
        for stray in strays(all_expected, run)
    ]
    for expected in all_expected:
        found = mistakes(expected, first, second)
        wrong.extend(f"{expected.use_case}: {mistake}" for mistake in found)
        cells = [expected.use_case]
        for run in (first, second):
            cells += [run.told(expected), str(len(run.writes_of(expected)))]
        rows.append((*cells, "WRONG" if found else "ok"))
    total = ("", "", str(len(first.writes)), "", str(len(second.writes)), "")
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    for row in (header, rule, *rows, rule, total):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return wrong


def print_why(all_expected: tuple[Expected, ...]) -> None:
    """Print why some rows of the table are written by each run."""
    written = [expected.use_case for expected in all_expected if not expected.can_tell]
    if written:
        print(
            f"\n{NOT_COMPARED}: SmartRecruiters offers no way to read what {' and '.join(written)} writes, so\n"
            "nobody knows whether it differs. Each run writes it again, with the same value."
        )


def sample(log: Path, title: str = "Changing the application") -> str:
    """Return what the log of one task says of its change."""
    plain = re.sub(r"\x1b\[\d*m", "", log.read_text())
    # Of each line, what is left without the logger's name that structlog puts after it (Airflow 3.1 and later). On 2.11
    # the name stands before it.
    name = r" +\[airflow_provider_smartrecruiters[\w.]+\]( \w+=\S+)*$"
    lines = [re.sub(name, "", line) for line in plain.splitlines()]
    start = next((number for number, line in enumerate(lines) if title in line), len(lines))
    end = next((number for number, line in enumerate(lines[start:], start) if "Done: " in line), start)
    # Before a record stand its time and its level.
    said = [line[line.find(begin) :] if (begin := _begins(line, title)) else line for line in lines[start : end + 1]]
    return "\n".join(f"  {line}" for line in said)


def _begins(line: str, title: str) -> str | None:
    return next((begin for begin in (title, "Done: ") if begin in line), None)


def errors(log: Path) -> list[str]:
    """Return the errors in a log, each one once."""
    return list(dict.fromkeys(re.findall(r"^[\w.]*(?:Error|Exception)\b.*", log.read_text(), re.MULTILINE)))


def main() -> int:
    """Run the demo; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--home", type=Path, default=DEFAULT_HOME, help="new folder for AIRFLOW_HOME (default: .airflow/demo)"
    )
    parser.add_argument("--seed", help="begin with the tenant in this file instead of the emulator's own")
    options = parser.parse_args()

    home = new_home(parser, options.home, DEFAULT_HOME)
    log = home / "airflow.log"
    started = time.monotonic()
    try:
        seed = ["--seed", options.seed] if options.seed else []
        with emulator(home / "emulator.log", *seed) as stack:
            print(f"A local SmartRecruiters listens at {stack.url}")
            os.environ.clear()
            os.environ.update(airflow_environment(home))
            os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"] = json.dumps(stack.connection)
            print("Preparing Airflow's database ...", flush=True)
            with output_to(log):
                from airflow import __version__
                from airflow.utils import db

                db.initdb()
                # On Airflow 2 and 3.0 that leaves Alembic's settings for logs behind, which silence the tasks.
                logging.getLogger().setLevel(logging.INFO)
            print(f"Airflow {__version__} runs {shown(DAG_FILE)}, twice ...", flush=True)
            # Loaded again: on Airflow 2.11 a DAG object keeps what its last run left in it.
            dag = load_dag(log)
            first, second = run_dag(dag, stack, log), run_dag(load_dag(log), stack, log)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Exception as error:
        print(
            f"\nThe demo broke: {type(error).__name__}: {error}\nThe end of {shown(log)}:\n{tail(log)}", file=sys.stderr
        )
        return 1

    print()
    all_expected = expected_of(dag)
    wrong = print_table(all_expected, first, second)
    print_why(all_expected)
    print(f"\nWhat a task's log says, here of the rejection in run 1:\n\n{sample(log)}\n")
    print(f"All of the tasks' logs: {shown(log)}  ({time.monotonic() - started:.0f} s)")
    if wrong:
        print("\nNot as it should be:\n" + "\n".join(f"  {line}" for line in wrong), file=sys.stderr)
        if said := errors(log):
            print("\nWhat the failed tasks said:\n" + "\n".join(f"  {line}" for line in said), file=sys.stderr)
        return 1
    again = [expected.use_case for expected in all_expected if second.writes_of(expected)]
    wrote = f"only {' and '.join(again)}" if again else "nothing"
    print(f"The second run changed nothing, and wrote {wrote}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
