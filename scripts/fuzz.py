"""
Try the package with many inputs that nobody should send, and the emulator with many requests; count what went wrong.

    python scripts/fuzz.py --examples 10000

The inputs and the checks are those of `tests/properties`; here there are more of them, and others at every run. A test
makes an input that fails as small as can be; this only counts and shows it. Exits with 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis import settings

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

ROOT = Path(__file__).parent.parent
SHOWN = 20


def main() -> int:
    """Run both, print the counts, and return the exit code."""
    parser = argparse.ArgumentParser(description="Try the package with inputs that nobody should send.")
    parser.add_argument("--examples", type=int, default=10_000, help="inputs, over all changes and operators")
    parser.add_argument("--requests", type=int, default=2_000, help="requests of schemathesis, over all operations")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="to see the same inputs again")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="airflow-fuzz-") as home:
        # Outside of test mode Airflow warns of every task that runs without a scheduler.
        os.environ.update({"AIRFLOW_HOME": home, "AIRFLOW__CORE__UNIT_TEST_MODE": "True"})
        directory = Path(home) / "files"
        directory.mkdir()
        from airflow_provider_smartrecruiters.emulator.config import Config
        from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
        from airflow_provider_smartrecruiters.emulator.server import EmulatorServer

        with EmulatorServer(Config(rate=0, concurrent=0)) as server:
            emulator = SmartRecruitersEmulator(server)
            wrong = _inputs(emulator, options.examples, options.seed, directory)
            wrong += _contract(emulator, options.requests, options.seed)
    return 1 if wrong else 0


def _inputs(emulator: SmartRecruitersEmulator, examples: int, seed: int, directory: Path) -> int:
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
    from tests.properties import arguments, subjects, trial
    from tests.properties.judge import Judge
    from tests.properties.records import Records
    from tests.support import catalogue

    # The judge reads these lines; nobody else could.
    logging.getLogger("airflow_provider_smartrecruiters").propagate = False
    os.environ["AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT"] = trial.connection_json(emulator)
    files = trial.write_files(directory)
    judge = Judge(emulator, Records(emulator))
    tally = judge.tally
    with trial.connect(emulator) as client:
        hook = SmartRecruitersHook()
        todo = [
            (subjects.change_subject(change, client), arguments.for_change(change)) for change in catalogue.changes()
        ]
        todo += [
            (subjects.operator_subject(operator, change, hook), arguments.for_operator(operator, change, files))
            for operator, change in catalogue.operators().items()
        ]
        tried = _settings(examples, len(todo))
        for subject, inputs in todo:
            began = time.monotonic()
            trial.run(judge, subject, inputs, tried, raising=False, seed=seed)
            took = time.monotonic() - began
            print(f"{subject.name:42}{tally.inputs[subject.name]:9,}{took:7.1f} s", flush=True)
    print(f"\nseed {seed}")
    for problem, times in Counter(tally.problems).most_common(SHOWN):
        print(f"{times} x {problem.kind}: {problem.subject}: {problem.what}\n{problem.example}\n")
    _print_table(
        {
            "inputs generated": tally.inputs.total(),
            **{f"  ended in {name}": count for name, count in tally.outcomes.most_common()},
            "requests sent": tally.requests,
            "writes applied": tally.writes,
            "requests outside their endpoint": tally.count("outside"),
            "unhandled exceptions": tally.count("unhandled"),
            "server errors of the emulator": tally.count("server"),
            "texts in errors": tally.count("leak"),
            "errors that do not name an argument": tally.count("fields"),
            "messages of several lines": tally.count("log"),
            "results that are not what was done": tally.count("result"),
        }
    )
    return len(tally.problems)


def _contract(emulator: SmartRecruitersEmulator, requests: int, seed: int) -> int:
    from tests.properties import contract_trial
    from tests.properties.records import Records

    # It tells of every multipart body that is broken, as half of them are.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    kinds = [(operation, mode) for operation in contract_trial.operations() for mode in contract_trial.modes(operation)]
    tried = _settings(requests, len(kinds))
    sender = contract_trial.Requests(emulator, Records(emulator))
    for operation, mode in kinds:
        contract_trial.run(sender, operation, mode, tried, raising=False, seed=seed)
    findings = sender.findings
    print()
    for failure, times in findings.failures.most_common(SHOWN):
        print(f"{times} x {failure}")
    _print_table(
        {
            "operations of the contract document": len({operation.label for operation, _ in kinds}),
            "requests by schemathesis": findings.requests,
            **{f"  answered with {status}": count for status, count in sorted(findings.statuses.items())},
            "answers outside the contract document": findings.failures.total(),
            "server errors": sum(count for status, count in findings.statuses.items() if status >= 500),
        }
    )
    return findings.failures.total()


def _settings(examples: int, parts: int) -> settings:
    from hypothesis import Phase, settings

    return settings(max_examples=-(-examples // parts), database=None, phases=[Phase.generate])


def _print_table(rows: dict[str, int]) -> None:
    print("\n".join(f"{name:42}{count:9,}" for name, count in rows.items()))


if __name__ == "__main__":
    sys.exit(main())
