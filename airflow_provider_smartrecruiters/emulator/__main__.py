"""``python -m airflow_provider_smartrecruiters.emulator``: run a local SmartRecruiters until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

from pydantic import TypeAdapter, ValidationError

from airflow_provider_smartrecruiters.emulator.config import SETTINGS, Config, extra_missing, number
from airflow_provider_smartrecruiters.emulator.connection import connection_json
from airflow_provider_smartrecruiters.emulator.tenant.integrity import check
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m airflow_provider_smartrecruiters.emulator",
        description="A local SmartRecruiters for developing and testing DAGs.",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    # Checked here, since the system would take a number that is too large modulo 65536.
    port = partial(number, most=65535)
    made.add_argument("--port", type=port, default=8787, help="0 picks a free one (default: %(default)s)")
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
        help="what the company requires, forbids or limits, the value as JSON, for example approval_process=true; "
        "may be repeated (tenant/settings.py describes all)",
    )  # fmt: skip
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator.

    :param arguments: the command line without the program's name
    :return: the exit code: 0 after Ctrl-C or SIGTERM, 1 if it could not start
    """
    options = parser().parse_args(arguments)
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
    if options.require_rejection_reason:
        tenant.settings.require_rejection_reason = True
    for name, value in options.setting:
        setattr(tenant.settings, name, value)
    try:
        opened = server.listen(options.host, options.port)
    except OSError as problem:
        taken = problem.errno == errno.EADDRINUSE
        reason = "it is taken; choose another with --port, or 0 for a free one" if taken else str(problem)
        print(f"Cannot listen on {options.host} port {options.port}: {reason}", file=sys.stderr)
        return 1
    config = Config(**{name: getattr(options, name) for name in SETTINGS})
    asyncio.run(_serve(config, tenant, opened))
    return 0


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    field = Settings.model_fields.get(name)
    if field is None:
        raise argparse.ArgumentTypeError(f"no setting is called {name}; there are {', '.join(Settings.model_fields)}")
    kind: Any = field.annotation
    try:
        return name, TypeAdapter(kind).validate_json(value)
    except ValidationError as problem:
        raise argparse.ArgumentTypeError(f"{name} cannot be {value}: {problem.errors()[0]['msg']}") from None


def _read_seed(path: Path) -> Tenant:
    tenant = Tenant.model_validate_json(path.read_bytes())
    check(tenant)
    return tenant


async def _serve(config: Config, tenant: Tenant, opened: socket) -> None:
    from airflow_provider_smartrecruiters.emulator import server
    from airflow_provider_smartrecruiters.emulator.app import Emulator

    url = server.url_of(opened)

    def announce() -> None:
        text = connection_json(url, password=config.api_key)
        print(f"SmartRecruiters emulator: {url}  (Ctrl-C stops it)")
        print("export AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT='{}'".format(text.replace("'", "'\\''")), flush=True)

    running = server.make_server(Emulator(config, tenant), announce)

    def stop() -> None:
        running.should_exit = True

    for stopping in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(stopping, stop)
    await running.serve(sockets=[opened])


if __name__ == "__main__":
    sys.exit(main())
