"""The line for each request: what it says, in colour on a terminal only, and when there is none."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_smartrecruiters.emulator.journal import RequestEntry
from airflow_provider_smartrecruiters.emulator.request_log import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "airflow_provider_smartrecruiters.emulator", "--port", "0"]
KEY = {"X-SmartToken": "emulator-api-key"}


@contextmanager
def requests_on_a_terminal(*arguments: str, **environment: str) -> Iterator[list[str]]:
    """Run the command with its standard error on a terminal, send a few requests, and collect what it wrote there."""
    controller, terminal = pty.openpty()
    lines: list[str] = []
    variables = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        env={**variables, "TERM": "xterm", **environment},
    )
    os.close(terminal)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        url = found[0]
        requests.get(f"{url}/jobs?q=Grace%20Hopper", headers=KEY, timeout=30)
        requests.get(f"{url}/users/nobody", headers=KEY, timeout=30)
        requests.post(f"{url}/__emulator__/faults", json={"fault": "unavailable"}, timeout=30)
        requests.get(f"{url}/candidates", headers=KEY, timeout=30)
        process.terminate()
        process.communicate(timeout=60)
        lines += _read_all(controller).splitlines()
        yield lines
    finally:
        process.kill()
        process.wait()
        os.close(controller)


def _read_all(controller: int) -> str:
    read = b""
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:
            # So ends a terminal on Linux whose other side is closed.
            return read.decode()
        if not piece:
            return read.decode()
        read += piece


def test_a_line_for_each_request_in_colour() -> None:
    with requests_on_a_terminal() as lines:
        read, missing, failed = lines
    assert re.fullmatch(
        r"\x1b\[2m\d\d:\d\d:\d\d\x1b\[0m GET    /jobs \x1b\[32m200\x1b\[0m \x1b\[2m\d+ ms\x1b\[0m", read
    )
    assert "\x1b[33m404\x1b[0m" in missing
    assert "\x1b[31m503\x1b[0m" in failed
    assert failed.endswith("\x1b[31mfault: unavailable\x1b[0m")


def test_no_colour() -> None:
    with requests_on_a_terminal(NO_COLOR="1") as lines:
        assert len(lines) == 3
        assert "\x1b" not in "".join(lines)
        assert re.fullmatch(r"\d\d:\d\d:\d\d GET    /candidates 503 \d+ ms fault: unavailable", lines[2])


def test_quiet() -> None:
    with requests_on_a_terminal("--quiet") as lines:
        assert lines == []


def test_a_path_that_would_move_the_cursor_and_a_request_without_answer() -> None:
    entry = RequestEntry(
        index=0, method="GET", path="/jobs/\x1b[2J", query="q=Grace", operation_id=None, status=0, applied=False,
        fault="reset_before", started_at=0.0, finished_at=0.25,
    )  # fmt: skip
    line = line_of(entry, colour=False)
    assert line.endswith(r"GET    /jobs/\x1b[2J --- 250 ms fault: reset_before")
    assert "Grace" not in line
