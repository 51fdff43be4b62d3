"""The fixture as others use it: in a pytest of their own, with nothing of this suite around it."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import airflow_provider_smartrecruiters.emulator as package

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.slow

GOOD = """
import pytest, requests

def put(emulator):
    job_id = emulator.state.job_ids[0]
    return requests.put(
        f"{emulator.url}/jobs/{job_id}/note", json={"content": "x"}, headers={"X-SmartToken": emulator.api_key}
    )

@pytest.mark.parametrize("time", range(2))
def test_each_test_begins_anew(smartrecruiters_emulator, time):
    assert smartrecruiters_emulator.journal == []
    assert smartrecruiters_emulator.config.rate == 10
    assert put(smartrecruiters_emulator).status_code == 200
    assert len(smartrecruiters_emulator.journal.writes()) == 1

@pytest.mark.smartrecruiters_emulator(rate=0)
def test_marker(smartrecruiters_emulator):
    assert {put(smartrecruiters_emulator).status_code for _ in range(20)} == {200}

@pytest.mark.smartrecruiters_emulator(speed=1)
def test_wrong_marker(smartrecruiters_emulator):
    pass
"""


def run(folder: Path, text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(text)
    options = ("-p", "no:cacheprovider", "-p", "no:warnings", "--strict-markers", *arguments)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_it.py"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_fixture_and_marker(tmp_path: Path) -> None:
    done = run(tmp_path, GOOD)
    assert "3 passed, 1 error" in done.stdout, done.stdout
    assert "unexpected keyword argument 'speed'" in done.stdout


def test_workers_do_not_meet(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    done = run(tmp_path, GOOD, "-n", "2")
    assert "3 passed, 1 error" in done.stdout, done.stdout


def test_without_the_extra(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')")
    text = "def test_other(): pass\n\ndef test_it(smartrecruiters_emulator): pass\n"
    done = run(tmp_path, text, PYTHONPATH=str(tmp_path))
    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "pip install 'airflow-provider-smartrecruiters[emulator]' (missing: uvicorn)" in done.stdout


def modules_after(*names: str) -> set[str]:
    """Return the modules that a new Python has after importing some."""
    code = f"import sys; import {', '.join(names)}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    loaded = modules_after("airflow_provider_smartrecruiters.emulator.pytest_plugin")
    assert not loaded & {"fastapi", "starlette", "uvicorn", "pydantic", "requests", "airflow"}


def test_the_emulator_is_independent() -> None:
    names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    assert len(names) > 20
    loaded = modules_after(*names)
    ours = "airflow_provider_smartrecruiters."
    assert not {name for name in loaded if name == "airflow" or name.startswith("airflow.")}
    assert {name.split(".")[1] for name in loaded if name.startswith(ours)} == {"emulator"}


def test_connections(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    url = smartrecruiters_emulator.url
    assert smartrecruiters_emulator.connection == {
        "conn_type": "smartrecruiters", "host": url, "login": None, "password": "emulator-api-key",
        "extra": {"app_url": url},
    }  # fmt: skip
    assert smartrecruiters_emulator.oauth_connection["login"] == smartrecruiters_emulator.client_id
    smartrecruiters_emulator.config.api_key = "k/:@"
    assert smartrecruiters_emulator.connection_uri == url.replace("http://", "smartrecruiters://http://:k%2F%3A%40@")
