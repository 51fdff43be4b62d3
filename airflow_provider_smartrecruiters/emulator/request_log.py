"""One line for each request, for a person who watches the emulator's terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from airflow_provider_smartrecruiters.emulator.http.answer import NO_ANSWER
from airflow_provider_smartrecruiters.emulator.journal import RequestEntry

_DIM, _RED, _GREEN, _YELLOW = "2", "31", "32", "33"


def wants_colour(out: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether to write in colour: on a terminal, unless ``NO_COLOR`` is set (https://no-color.org).

    :param out: what is written to
    :param environment: environment variables; those of this process by default
    """
    variables = os.environ if environment is None else environment
    return out.isatty() and not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"


def line_of(entry: RequestEntry, *, colour: bool) -> str:
    """Return the line of a request: time, method, path, status, milliseconds, and the fault that hit it.

    The query stays out: people search for candidates by e-mail address.

    :param entry: the request
    :param colour: with the escape sequences of a terminal
    """

    def painted(text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if colour else text

    at = time.strftime("%H:%M:%S", time.localtime(entry.started_at))
    # A path is raw bytes of whoever sent it, and must not move the cursor of the terminal.
    path = entry.path if entry.path.isprintable() else ascii(entry.path)[1:-1]
    status = f"{entry.status}" if entry.status != NO_ANSWER else "---"
    took = f"{(entry.finished_at - entry.started_at) * 1000:.0f} ms"
    parts = [painted(at, _DIM), f"{entry.method:<6}", path, painted(status, _colour_of(entry)), painted(took, _DIM)]
    if entry.fault:
        parts.append(painted(f"fault: {entry.fault}", _RED))
    return " ".join(parts)


def write_line(entry: RequestEntry) -> None:
    """Write the line of a request to standard error, which leaves standard output to the connection."""
    # A reader that is gone must not make the request fail.
    with contextlib.suppress(OSError):
        sys.stderr.write(line_of(entry, colour=wants_colour(sys.stderr)) + "\n")
        sys.stderr.flush()


def _colour_of(entry: RequestEntry) -> str:
    if entry.status == NO_ANSWER or entry.status >= 500:
        return _RED
    return _YELLOW if entry.status >= 400 else _GREEN
