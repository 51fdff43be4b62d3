"""``check``: what a connection leads to, and what it may read and write there. Changes nothing."""

from __future__ import annotations

import argparse
import contextlib
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_smartrecruiters.cli import output as out
from airflow_provider_smartrecruiters.cli.connect import add_conn_id, client_of
from airflow_provider_smartrecruiters.cli.use_cases import change_type, operators

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.cli.access import Answer

_WORDS = {True: "yes", False: "no", None: "not known"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check``."""
    parser.add_argument(
        "use_cases", nargs="*", type=_use_case, metavar="USE_CASE",
        help=f"only these (default: all): {', '.join(operators())}",
    )  # fmt: skip
    add_conn_id(parser)
    out.add_output(parser, default="table", help="output format (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Check a connection. Sends only reads.

    :param options: of :func:`add_arguments`.
    :return: 1 if one of the use cases may certainly not be read or written, otherwise 0.
    """
    from airflow_provider_smartrecruiters.cli.access import limits_seen

    with out.errors_as_exit_codes(options.conn_id), out.log_lines(sys.stderr):
        client = client_of(options.conn_id)
        with limits_seen(client) as limits:
            connection = {"connection": options.conn_id, **_connection(client)}
            rights = [_rights(client, name) for name in options.use_cases or operators()]
    connection |= {
        "requests_per_second": limits.get("x-ratelimit-limit"),
        "at_once": limits.get("x-ratelimit-concurrent-limit"),
    }
    if options.output in ("json", "yaml"):
        out.print_records([{**connection, "use_cases": rights}], options.output)
    else:
        for name, value in connection.items():
            out.say(f"{name.replace('_', ' ').capitalize()}: {out.cell(value) or 'not known'}", sys.stdout)
        out.say("", sys.stdout)
        out.print_records(rights, options.output)
    return out.FAILED if any("no" in (right["read"], right["write"]) for right in rights) else out.DONE


def _use_case(name: str) -> str:
    if name in operators():
        return name
    near = get_close_matches(name, operators(), n=1)
    asked = f" Did you mean {near[0]}?" if near else ""
    raise argparse.ArgumentTypeError(f"no use case is called {name!r}.{asked} Known: {', '.join(operators())}")


def _connection(client: SmartRecruitersClient) -> dict[str, Any]:
    from airflow_provider_smartrecruiters.cli.access import granted_scopes
    from airflow_provider_smartrecruiters.exceptions import PermissionDeniedError

    # A credential that may not read jobs is accepted, too; the table says what it may read.
    with contextlib.suppress(PermissionDeniedError):
        client.request("GET", "/jobs", params={"limit": 1})
    scopes = granted_scopes(client)
    return {
        "environment": _environment(client),
        "host": client.base_url,
        "credential": _credential(client),
        "scopes": sorted(scopes) if scopes is not None else None,
    }


def _environment(client: SmartRecruitersClient) -> str:
    from airflow_provider_smartrecruiters.api.http.transport import is_loopback
    from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
    from airflow_provider_smartrecruiters.hooks.connection import ENVIRONMENTS

    if known := next((name for name, url in ENVIRONMENTS.items() if url == client.base_url), None):
        return known
    if is_loopback(urlsplit(client.base_url).hostname or ""):
        try:
            if client.request("GET", "/__emulator__/health") == {"status": "ok"}:
                return "emulator"
        except SmartRecruitersError:
            pass
    return "other"


def _credential(client: SmartRecruitersClient) -> str:
    from airflow_provider_smartrecruiters.cli.access import is_oauth

    return "OAuth client" if is_oauth(client) else "API key"


def _rights(client: SmartRecruitersClient, name: str) -> dict[str, str]:
    from airflow_provider_smartrecruiters.cli.access import may_read, may_write

    change = change_type(operators()[name])
    read, write = may_read(client, change), may_write(client, change)
    return {"use_case": name, "read": _WORDS[read.may], "write": _WORDS[write.may], "because": _because(read, write)}


def _because(read: Answer, write: Answer) -> str:
    return f"read: {read.why}; write: {write.why}"
