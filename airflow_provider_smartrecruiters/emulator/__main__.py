"""``python -m airflow_provider_smartrecruiters.emulator``: run a local SmartRecruiters until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.connection import connection_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

EXTRA_MISSING = (
    "The emulator needs the extra 'emulator': pip install 'airflow-provider-smartrecruiters[emulator]' (missing: {})"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    defaults = Config()
    made = argparse.ArgumentParser(
        prog="python -m airflow_provider_smartrecruiters.emulator",
        description="A local SmartRecruiters for developing and testing DAGs.",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    made.add_argument("--port", type=_port, default=8787, help="0 picks a free one (default: %(default)s)")
    made.add_argument("--api-key", default=defaults.api_key, help="key to accept (default: %(default)s)")
    made.add_argument("--client-id", default=defaults.client_id, help="OAuth client (default: %(default)s)")
    made.add_argument("--client-secret", default=defaults.client_secret, help="its secret (default: %(default)s)")
    made.add_argument(
        "--token-lifetime", type=_seconds, default=defaults.token_lifetime, metavar="SECONDS",
        help="how long an access token is valid (default: %(default)g)",
    )  # fmt: skip
    made.add_argument(
        "--seed", type=Path, metavar="FILE",
        help="tenant to start with, JSON as GET /__emulator__/state writes it (default: a built-in one)",
    )  # fmt: skip
    made.add_argument(
        "--rate", type=_count, default=defaults.rate,
        help="requests a second and credential, 0 switches rate limits off (default: %(default)s)",
    )  # fmt: skip
    made.add_argument(
        "--concurrent", type=_count, default=defaults.concurrent,
        help="requests at once and credential, 0 switches concurrency limits off (default: %(default)s)",
    )  # fmt: skip
    made.add_argument(
        "--latency", type=_count, default=0, metavar="MS", help="milliseconds that every request takes longer"
    )
    made.add_argument("--require-rejection-reason", action="store_true", help="refuse a rejection that has no reason")
    return made


def _port(text: str) -> int:
    # Checked here, as the system takes a number that is too large modulo 65536.
    return int(_number(text, int, 0, 65535))


def _count(text: str) -> int:
    return int(_number(text, int, 0, sys.maxsize))


def _seconds(text: str) -> float:
    return _number(text, float, 0.001, float("inf"))


def _number(text: str, kind: type[int] | type[float], least: float, most: float) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        limits = f"from {least:g} to {most}" if most == 65535 else f"not less than {least:g}"
        raise argparse.ArgumentTypeError(f"must be a number {limits}, not {text}")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator.

    :param arguments: the command line without the program's name
    :return: the exit code: 0 after Ctrl-C or SIGTERM, 1 if it could not start
    """
    options = parser().parse_args(arguments)
    try:
        from airflow_provider_smartrecruiters.emulator import server
        from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
    except ModuleNotFoundError as missing:
        print(EXTRA_MISSING.format(missing.name), file=sys.stderr)
        return 1
    try:
        tenant = _read_seed(options.seed) if options.seed else seeded_tenant()
    except (OSError, ValueError) as problem:
        print(f"Cannot use the seed file {options.seed}: {problem}", file=sys.stderr)
        return 1
    if options.require_rejection_reason:
        tenant.settings.require_rejection_reason = True
    try:
        opened = server.listen(options.host, options.port)
    except OSError as problem:
        taken = problem.errno == errno.EADDRINUSE
        reason = "it is taken; choose another with --port, or 0 for a free one" if taken else str(problem)
        print(f"Cannot listen on {options.host} port {options.port}: {reason}", file=sys.stderr)
        return 1
    config = Config(
        api_key=options.api_key,
        client_id=options.client_id,
        client_secret=options.client_secret,
        token_lifetime=options.token_lifetime,
        rate=options.rate,
        concurrent=options.concurrent,
        latency=options.latency / 1000,
    )
    asyncio.run(_serve(config, tenant, opened))
    return 0


def _read_seed(path: Path) -> Tenant:
    from airflow_provider_smartrecruiters.emulator.tenant.integrity import check
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

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

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await running.serve(sockets=[opened])


if __name__ == "__main__":
    sys.exit(main())
