"""What a command prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, SmartRecruitersError

DONE, FAILED, WRONG_USAGE = 0, 1, 2
OUTPUTS = ("table", "json", "yaml", "plain")

_PACKAGE = "airflow_provider_smartrecruiters"


def add_output(parser: argparse.ArgumentParser, *, default: str | None, help: str) -> None:
    """Add the argument ``--output`` to a parser, as Airflow's commands have it."""
    parser.add_argument(
        "-o", "--output", choices=OUTPUTS, metavar=f"({', '.join(OUTPUTS)})", default=default, help=help
    )


def print_records(records: Sequence[Mapping[str, Any]], output: str) -> None:
    """Print records to standard output.

    :param records: JSON-ready mappings, all with the same keys.
    :param output: one of :data:`OUTPUTS`. JSON and YAML keep the types of the values; the others are for people.
    """
    from airflow.cli.simple_table import AirflowConsole
    from rich.markup import escape

    console, rows = AirflowConsole(), [dict(record) for record in records]
    if output == "json":
        console.print_as_json(rows)  # type: ignore[arg-type] # declared for one mapping, and passed on to json.dumps
    elif output == "yaml":
        console.print_as_yaml(rows)  # type: ignore[arg-type]
    else:
        # A label such as "[Sales]" would be read as markup, and vanish.
        shown = escape if output == "table" else str
        console.print_as([{name: shown(cell(value)) for name, value in row.items()} for row in rows], output=output)


def say(text: str, out: TextIO | None = None) -> None:
    """Print a line for the person at the terminal.

    :param text: the line.
    :param out: standard error by default.
    """
    print(text, file=out or sys.stderr, flush=True)


@contextmanager
def log_lines(out: TextIO) -> Iterator[None]:
    """Print what this package logs, in the words of a task's log, without times and levels.

    :param out: where to print it.
    """
    log, handler = logging.getLogger(_PACKAGE), logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(message)s"))
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    # Airflow's own handlers would print each line once more.
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


@contextmanager
def errors_as_exit_codes(conn_id: str, *, interrupted: str = "Interrupted.") -> Iterator[None]:
    """Print an error of this package without a traceback, and end the command with its exit code.

    :param conn_id: id of the connection, for the message.
    :param interrupted: what to say after Ctrl-C.
    :raises SystemExit: with the code; 130 after Ctrl-C.
    """
    try:
        yield
    except SmartRecruitersError as error:
        from airflow_provider_smartrecruiters.api.values.fields import FIX_ARGUMENTS

        error.connection = error.connection or conn_id
        error.hint = error.hint.replace(FIX_ARGUMENTS, "Fix the options, then run the command again.")
        say(error.report())
        # From None: the underlying error may hold what was sent.
        raise SystemExit(WRONG_USAGE if isinstance(error, InvalidInputError) else FAILED) from None
    except KeyboardInterrupt:
        say(interrupted)
        raise SystemExit(130) from None


def cell(value: Any) -> str:
    """Return a value in the words of a table: ``yes`` and ``no``, a list with commas, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    return str(value)
