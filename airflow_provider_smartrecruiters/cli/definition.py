"""The group ``airflow smartrecruiters``, which Airflow 3.2 and later read from the provider's metadata."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

from airflow_provider_smartrecruiters.cli.commands import COMMANDS, EXIT_CODES, Command, add_when_used


class _AllOf(Arg):
    """All arguments of a command, in the place where Airflow expects one."""

    def __init__(self, command: Command) -> None:
        super().__init__(flags=("arguments",))  # type: ignore[no-untyped-call]
        self._command = command

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        """Make the parser get the arguments when it is used."""
        add_when_used(self._command, parser)


def get_smartrecruiters_cli_commands() -> list[GroupCommand]:
    """Return the commands that this package adds to ``airflow``.

    :return: the group ``smartrecruiters``.
    """
    return [
        GroupCommand(
            name="smartrecruiters",
            help="Check a connection to SmartRecruiters, look up ids, and make single changes",
            epilog=EXIT_CODES,
            subcommands=[
                ActionCommand(
                    name=command.name, help=command.help, func=_exiting(command), args=[_AllOf(command)], epilog=None
                )
                for command in COMMANDS
            ],
        )
    ]


def _exiting(command: Command) -> Callable[[argparse.Namespace], None]:
    def run(options: argparse.Namespace) -> None:
        # Airflow does not look at what a command returns.
        sys.exit(command.run(options))

    return run
