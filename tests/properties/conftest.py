"""A judge for the emulator, and what carries the inputs to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.properties import trial
from tests.properties.judge import Judge
from tests.properties.records import Records
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
    from tests.use_cases.use_case import UseCase


@pytest.fixture(scope="session")
def tried() -> settings:
    """How much is tried: the same inputs at every run, so that a failure is nobody's luck. More: scripts/fuzz.py."""
    return settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "60")), derandomize=True, database=None)


@pytest.fixture
def judge(smartrecruiters_emulator: SmartRecruitersEmulator) -> Judge:
    return Judge(smartrecruiters_emulator, Records(smartrecruiters_emulator))


@pytest.fixture
def client(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[SmartRecruitersClient]:
    with trial.connect(smartrecruiters_emulator) as made:
        yield made


@pytest.fixture
def hook(
    smartrecruiters_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmartRecruitersHook]:
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", trial.connection_json(smartrecruiters_emulator))
    made = SmartRecruitersHook()
    yield made
    made.get_conn().close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trial.write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture
def prepare(
    smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[type[UseCase]], UseCase]:
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
    return lambda kind: catalogue.prepared(kind, smartrecruiters_emulator, tmp_path)
