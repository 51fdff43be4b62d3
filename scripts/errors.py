"""
Let the local SmartRecruiters refuse every use case in every documented way, and write docs/errors.md.

    python scripts/errors.py

The same as `tests/use_cases/test_error_page.py`, which fails when the page is not up to date.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Provoke all errors and write the page."""
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="airflow-errors-") as home:
        # The use cases are declared with the operators, and Airflow reads these at its first import.
        os.environ.update({"AIRFLOW_HOME": home, "AIRFLOW__CORE__UNIT_TEST_MODE": "True"})
        return _write(Path(home))


def _write(folder: Path) -> int:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
    from tests.use_cases import error_page

    logging.disable(logging.CRITICAL)
    with EmulatorServer() as server:
        found = error_page.provoke_all(SmartRecruitersEmulator(server), folder)
    error_page.PATH.write_text(error_page.render(found), encoding="utf-8")
    coded = {(one.operation, one.code) for one in found} & set(error_page.documented())
    print(f"{len(found)} errors provoked, {len(coded)} documented codes; written: {error_page.PATH.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
