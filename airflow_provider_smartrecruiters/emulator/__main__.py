"""``python -m airflow_provider_smartrecruiters.emulator``: run a local SmartRecruiters until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from socket import socket
from textwrap import wrap
from typing import Any

from airflow_provider_smartrecruiters.emulator.config import SETTINGS, Config, extra_missing, number
from airflow_provider_smartrecruiters.emulator.connection import connection_json
from airflow_provider_smartrecruiters.emulator.request_log import write_line
from airflow_provider_smartrecruiters.emulator.tenant.integrity import check, check_settings
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings, check_name, value_of
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m airflow_provider_smartrecruiters.emulator",
        description="A local SmartRecruiters for developing and testing DAGs.",
    )
    add_arguments(made)
    return made


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Add the emulator's arguments to a parser.

    :param made: the parser
    """
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    # Checked here, since the system would take a number that is too large modulo 65536.
    port = partial(number, most=65535)
    made.add_argument("--port", type=port, default=8787, help="0 picks a free one (default: %(default)s)")
    made.add_argument("--quiet", action="store_true", help="do not print a line for each request")
    made.add_argument(
        "--seed", type=Path, metavar="FILE",
        help="tenant to start with, JSON as GET /__emulator__/state writes it (default: a built-in one)",
    )  # fmt: skip
    for setting in SETTINGS.values():
        option = "--" + setting.name.replace("_", "-")
        made.add_argument(option, dest=setting.name, default=setting.default, **setting.metadata)
    made.add_argument("--require-rejection-reason", action="store_true", help="refuse a rejection that has no reason")
    made.add_argument(
        "--setting", action="append", default=[], type=_setting, metavar="NAME=VALUE",
        help="what the company requires, forbids or limits, for example approval_process=true; may be repeated. "
        "All settings are listed below",
    )  # fmt: skip
    made.formatter_class, made.epilog = argparse.RawDescriptionHelpFormatter, _settings_help()


def _settings_help() -> str:
    lines = ["settings of the company (--setting NAME=VALUE):"]
    for name, setting in Settings.model_fields.items():
        default = "" if setting.is_required() else f" (default: {json.dumps(setting.default)})"
        lines += [
            "",
            f"  {name}",
            *wrap(f"{setting.description}{default}", 100, initial_indent=" " * 6, subsequent_indent=" " * 6),
        ]
    lines += ["", "Lists are written with commas (REJECTED,WITHDRAWN) or as JSON, mappings as JSON."]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator.

    :param arguments: the command line without the program's name
    :return: the exit code, as for :func:`run`
    """
    return run(parser().parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Run the emulator.

    :param options: the arguments of :func:`add_arguments`
    :return: the exit code: 0 after Ctrl-C or SIGTERM, 1 if it could not start, 2 for a setting that cannot be used
    """
    try:
        from airflow_provider_smartrecruiters.emulator import server
    except ModuleNotFoundError as missing:
        print(extra_missing("The emulator", missing), file=sys.stderr)
        return 1
    try:
        tenant = _read_seed(options.seed) if options.seed else seeded_tenant()
    except (OSError, ValueError) as problem:
        print(f"Cannot use the seed file {options.seed}: {problem}", file=sys.stderr)
        return 1
    try:
        tenant.settings = tenant.settings.changed(
            ({"require_rejection_reason": True} if options.require_rejection_reason else {}) | dict(options.setting)
        )
        check_settings(tenant, tenant.settings)
    except ValueError as problem:
        print(f"--setting: {problem}", file=sys.stderr)
        return 2
    try:
        opened = server.listen(options.host, options.port)
    except OSError as problem:
        taken = problem.errno == errno.EADDRINUSE
        reason = "it is taken; choose another with --port, or 0 for a free one" if taken else str(problem)
        print(f"Cannot listen on {options.host} port {options.port}: {reason}", file=sys.stderr)
        return 1
    config = Config(**{name: getattr(options, name) for name in SETTINGS})
    asyncio.run(_serve(config, tenant, opened, quiet=options.quiet))
    return 0


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        check_name(name, Settings.model_fields)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return name, value_of(name, value)


def _read_seed(path: Path) -> Tenant:
    tenant = Tenant.model_validate_json(path.read_bytes())
    check(tenant)
    return tenant


async def _serve(config: Config, tenant: Tenant, opened: socket, *, quiet: bool) -> None:
    from airflow_provider_smartrecruiters.emulator import server
    from airflow_provider_smartrecruiters.emulator.app import Emulator

    url = server.url_of(opened)

    def announce() -> None:
        text = connection_json(url, password=config.api_key)
        print(f"SmartRecruiters emulator: {url}  (Ctrl-C stops it)")
        print("export AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT='{}'".format(text.replace("'", "'\\''")), flush=True)

    emulator = Emulator(config, tenant)
    emulator.journal.on_request = None if quiet else write_line
    running = server.make_server(emulator, announce)

    def stop() -> None:
        running.should_exit = True

    for stopping in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(stopping, stop)
    await running.serve(sockets=[opened])


if __name__ == "__main__":
    sys.exit(main())
