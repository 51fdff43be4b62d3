"""The command line in this process, against the emulator over its socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.cli.commands import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator


@dataclass(frozen=True)
class Done:
    """
    What a command did.

    :param code: its exit code.
    :param out: what it wrote to standard output.
    :param err: what it wrote to standard error.
    """

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """What ``-o json`` printed."""
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


@pytest.fixture
def command(
    smartrecruiters_emulator: SmartRecruitersEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Done]:
    """Run a command over the connection ``smartrecruiters_default``, which leads to the emulator."""
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
    # The command sets it for its process, which is that of the other tests here.
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")

    # Airflow's own mode for tests announces itself when it is first imported.
    import_module("airflow_provider_smartrecruiters.hooks.smartrecruiters")

    def run(*arguments: str) -> Done:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Done(code, *capsys.readouterr())

    return run
