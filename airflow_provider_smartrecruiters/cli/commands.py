"""The commands by name. Each has its arguments and its work in a module that is imported when the command is used.

Standard library only: from Airflow 3.2, every ``airflow`` command loads the list.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

PROGRAM = "python -m airflow_provider_smartrecruiters"
EXIT_CODES = "exit codes: 0 done, 1 failed or not allowed, 2 wrong usage"


@dataclass(frozen=True)
class Command:
    """A command.

    :param name: what the user types.
    :param help: what it does, in one line.
    :param module: module of this package with its two functions.
    :param functions: names of the function that adds its arguments to a parser, and of the one that runs it: that takes
        the parsed arguments and returns the exit code.
    """

    name: str
    help: str
    module: str
    functions: tuple[str, str] = ("add_arguments", "run")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to a parser."""
        self._function(0)(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Run the command, and return its exit code."""
        code: int = self._function(1)(options)
        return code

    def _function(self, which: int) -> Any:
        return getattr(import_module(f"airflow_provider_smartrecruiters.{self.module}"), self.functions[which])


COMMANDS = (
    Command(
        "apply", "Make one change: read the record, and write only what differs", "cli.change",
        ("add_apply_arguments", "run_apply"),
    ),
    Command("check", "Show what a connection leads to, and what it may read and write", "cli.check"),
    Command("emulator", "Run a local SmartRecruiters", "emulator.__main__"),
    Command("lookup", "List the ids and labels that DAGs need", "cli.lookup"),
    Command(
        "plan", "Show what one change would do (dry run)", "cli.change",
        ("add_plan_arguments", "run_plan"),
    ),
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: the command line without the program's name; that of the process by default.
    :return: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="SmartRecruiters from the command line.", epilog=EXIT_CODES
    )
    added = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for command in COMMANDS:
        add_when_used(command, added.add_parser(command.name, help=command.help, description=command.help))
    options = parser.parse_args(arguments)
    code: int = options.func(options)
    return code


def add_when_used(command: Command, parser: argparse.ArgumentParser) -> None:
    """Make a parser get the arguments of a command when it is used.

    Those of ``plan`` come from the operators. Loading them for every ``airflow`` command would slow it down by seconds.

    :param command: the command.
    :param parser: its parser, whose ``func`` becomes the function that runs it.
    """
    parse = parser.parse_known_args

    def parse_known_args(*args: Any, **kwargs: Any) -> Any:
        parser.parse_known_args = parse  # type: ignore[method-assign]
        command.add_arguments(parser)
        return parse(*args, **kwargs)

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign]
    parser.set_defaults(func=command.run)
