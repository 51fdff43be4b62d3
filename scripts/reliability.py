"""
Let every fault meet every use case, and write what came of it to docs/reliability.md.

    python scripts/reliability.py

Then let tokens that live a second last eight threads for half a minute. The same as `tests/reliability`; exits with 1,
and leaves the page as it is, when a write was lost, doubled or falsely reported.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Run, print the figures, write the page; return 1 if anything is not as it should be."""
    parser = argparse.ArgumentParser(description="Let every fault meet every use case, and write docs/reliability.md.")
    parser.add_argument("--token-seconds", type=float, default=30, help="how long tokens of one second are used")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="airflow-reliability-") as home:
        # The use cases are declared with the operators, and Airflow reads these at its first import.
        os.environ.update({"AIRFLOW_HOME": home, "AIRFLOW__CORE__UNIT_TEST_MODE": "True"})
        return max(_matrix(), _tokens(options.token_seconds))


def _matrix() -> int:
    from tests.reliability import document
    from tests.reliability.matrix import Matrix, cells, rows

    # What each fault is warned of, a thousand times over.
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    matrix = Matrix()
    matrix.run(cell for row in rows() for cell in cells(row))
    print(f"{matrix.summary()} ({time.monotonic() - began:.0f} seconds)", flush=True)
    if bad := matrix.bad():
        print(*bad, sep="\n")
        return 1
    document.PATH.write_text(document.render(matrix), encoding="utf-8")
    print(f"written: {document.PATH.relative_to(ROOT)}", flush=True)
    return 0


def _tokens(seconds: float) -> int:
    from tests.reliability.token_run import PACES, run

    outcomes = [run(seconds, pace) for pace in PACES]
    print(*outcomes, sep="\n")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
