"""
What every test shares: an Airflow of the suite's own.

Importing this module only sets the environment, since Airflow reads it at its first import. Tests of `api/`
and of the emulator never import Airflow and pay nothing for it; those that run a DAG ask for `airflow_db`.
"""

from __future__ import annotations

import atexit
import base64
import gc
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.support.contract_monitor import ContractMonitor

# Every exchange with the emulator is checked against the contract document, in every test.
pytest_plugins = ["tests.support.plugin"]

AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="airflow-provider-smartrecruiters-"))
(AIRFLOW_HOME / "dags").mkdir()
atexit.register(shutil.rmtree, AIRFLOW_HOME, ignore_errors=True)

# A developer's own connections and settings have no say in the suite.
for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "_AIRFLOW_"))]:
    del os.environ[name]
os.environ.update(
    {
        "AIRFLOW_HOME": str(AIRFLOW_HOME),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # An empty one: Airflow 3 loads and serializes all DAGs of the folder for each run of any DAG.
        "AIRFLOW__CORE__DAGS_FOLDER": str(AIRFLOW_HOME / "dags"),
        # One key for all processes of the suite: what one of them writes into the database, such as the trigger of an
        # example, another must be able to read.
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{AIRFLOW_HOME / 'airflow.db'}",
    }
)
if importlib.util.find_spec("airflow.sdk") is None:
    # Airflow 2 asks its executor in which mode a sensor may run, and the one of its unit test mode refuses SQLite.
    os.environ["AIRFLOW__CORE__EXECUTOR"] = "SequentialExecutor"


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's database, made once: for tests that run a DAG."""
    from airflow.utils import db

    db.initdb()


@pytest.fixture(scope="session")
def smartrecruiters_emulator_middleware(contract_monitor: ContractMonitor) -> Callable[[Any], Any]:
    """Check every exchange with the emulator against the contract document, in every test."""
    from tests.support.contract_middleware import ContractMiddleware

    return lambda app: ContractMiddleware(app, contract_monitor)


@pytest.fixture
def connected_emulator(
    smartrecruiters_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch
) -> SmartRecruitersEmulator:
    """The emulator, and the default connection that leads to it."""
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
    return smartrecruiters_emulator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch of ``make quick``."""
    parser.addoption(
        "--quick",
        action="store_true",
        help="leave out real Airflow runs, browsers, servers and what waits for minutes; try fewer generated inputs",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer generated inputs in a quick run, and never fail a slow machine for the time that one input takes."""
    quick = config.getoption("--quick")
    settings.register_profile("tests", deadline=None, **({"max_examples": 10} if quick else {}))
    settings.load_profile("tests")
    if quick:
        os.environ.setdefault("PROPERTY_EXAMPLES", "5")


def pytest_collection_finish() -> None:
    """Leave what is there by now, Airflow and all tests, out of every later garbage collection, and collect rarely."""
    gc.collect()
    gc.freeze()
    # A reset of the emulator makes some ten thousand objects, and each would be looked through several times.
    gc.set_threshold(100_000, 20, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what is quick first: a broken request shows in seconds, not after the browser's minutes.

    In parallel it is the other way round, file by file: the last minutes would else belong to one process alone.
    """
    slow = ("slow", "airflow_run", "browser")

    def waits(item: pytest.Item) -> int:
        return max((n for n, mark in enumerate(slow, 1) if item.get_closest_marker(mark)), default=0)

    if hasattr(config, "workerinput"):
        by_file: dict[Path, list[int]] = {}
        for item in items:
            by_file.setdefault(item.path, []).append(waits(item))
        # The one that waits the longest, and then how many do.
        longest = {path: (-max(waited), "system" not in path.parts, -sum(waited)) for path, waited in by_file.items()}
        items.sort(key=lambda item: longest[item.path])
    else:
        items.sort(key=waits)
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=[item for item in items if waits(item)])
        items[:] = [item for item in items if not waits(item)]
