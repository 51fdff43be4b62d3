"""``plan`` and ``apply``: one change of one record, in the words of a task's log."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.converge import ON_MISSING
from airflow_provider_smartrecruiters.cli import output as out
from airflow_provider_smartrecruiters.cli.connect import add_conn_id, client_of
from airflow_provider_smartrecruiters.cli.use_cases import add_parameters, change_of, change_type, operators, summary
from airflow_provider_smartrecruiters.operators.common.guards import terms_of

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.api.values.result import ChangeResult
    from airflow_provider_smartrecruiters.cli.use_cases import Operator

WOULD_CHANGE = 3
"""Exit code of ``plan --detailed-exit-code`` for a record that differs, or may differ. Terraform's is 2, which is wrong
usage here."""

_OUTPUT = "print the result in this form; what a task would log goes to standard error (default: the log alone)"
_INTERRUPTED = "Interrupted. If the write was sent, it may have been applied. What to do: Plan the change again."
_FILES = "A value @FILE is read from the file, @- from standard input; @@ stands for a leading @."


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``plan``."""
    for one in _add_use_cases(parser):
        one.add_argument(
            "--detailed-exit-code",
            action="store_true",
            help=f"return {WOULD_CHANGE} if the record differs or may differ, 0 only if there is nothing to do",
        )


def add_apply_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``apply``."""
    for one in _add_use_cases(parser):
        one.add_argument("-y", "--yes", action="store_true", help="do not ask before the write")
        one.add_argument("--force", action="store_true", help="write even if nothing differs")
        one.add_argument("--expect", metavar="FINGERPRINT", help="fingerprint of a plan: refuse if the record changed")
        one.add_argument("--show-response", action="store_true", help="add the API's response to the result")


def run_plan(options: argparse.Namespace) -> int:
    """Show what a change would do. Sends only reads.

    :param options: of :func:`add_plan_arguments`.
    :return: 0; 3 with ``--detailed-exit-code`` if the record differs or may differ.
    """
    with out.errors_as_exit_codes(options.conn_id):
        result = _planned(client_of(options.conn_id), _change(options), options)
    _print(result, options)
    to_do = result.changed is not False and not result.skipped
    return WOULD_CHANGE if options.detailed_exit_code and to_do else out.DONE


def run_apply(options: argparse.Namespace) -> int:
    """Make a change, after a question on a terminal.

    :param options: of :func:`add_apply_arguments`.
    :return: 0; 1 if the answer was no; 2 if nobody can be asked.
    """
    with out.errors_as_exit_codes(options.conn_id, interrupted=_INTERRUPTED):
        change, client, expect = _change(options), client_of(options.conn_id), _expect(options)
        if not options.yes:
            if not sys.stdin.isatty():
                out.say("Nobody can be asked, because standard input is not a terminal. What to do: Give --yes.")
                return out.WRONG_USAGE
            planned = _planned(client, change, options)
            if not planned.skipped and (planned.changed is not False or options.force):
                if not _agreed():
                    out.say("Nothing was sent.")
                    return out.FAILED
                # Exactly what was shown: a record that changed during the question is refused.
                expect = expect or planned.fingerprint
        _print(_applied(client, change, options, expect), options)
    return out.DONE


def _add_use_cases(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    added = parser.add_subparsers(dest="use_case", metavar="USE_CASE", required=True)
    parsers = []
    for name, operator in operators().items():
        said = summary(operator)
        one = added.add_parser(name, help=said, description=said, epilog=_FILES)
        add_parameters(operator, one)
        add_conn_id(one)
        out.add_output(one, default=None, help=_OUTPUT)
        _add_guards(operator, one)
        one.add_argument("--no-read-first", dest="read_first", action="store_false", help="do not read the record")
        parsers.append(one)
    return parsers


def _add_guards(operator: Operator, parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("guards")
    group.add_argument(
        "--on-missing", choices=ON_MISSING, default=ON_MISSING[0],
        help="what to do if the record does not exist (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--fail-if-ignored", action="store_true", help="fail if SmartRecruiters accepts the write but drops a value"
    )
    parser.set_defaults(only_if_status_in=None, protect_hired=True)
    if not change_type(operator).of_application:
        return
    group.add_argument(
        "--only-if-status-in", nargs="+", metavar="STATUS", help="leave the application alone in any other status"
    )
    group.add_argument(
        "--no-protect-hired", dest="protect_hired", action="store_false",
        help="move an application even if it is HIRED",
    )  # fmt: skip


def _change(options: argparse.Namespace) -> Change:
    return change_of(operators()[options.use_case], options)


def _expect(options: argparse.Namespace) -> str | None:
    from airflow_provider_smartrecruiters.operators.common.params import as_fingerprint, as_guard

    expect: str | None = as_guard("expect", options.expect, as_fingerprint)
    return expect


def _planned(client: SmartRecruitersClient, change: Change, options: argparse.Namespace) -> ChangeResult:
    from airflow_provider_smartrecruiters.api.converge.apply import plan

    with out.log_lines(_log_to(options)):
        return plan(client, change, read_first=options.read_first, terms=terms_of(options))


def _applied(
    client: SmartRecruitersClient, change: Change, options: argparse.Namespace, expect: str | None
) -> ChangeResult:
    from airflow_provider_smartrecruiters.api.converge.apply import apply

    with out.log_lines(_log_to(options)):
        return apply(
            client,
            change,
            force=options.force,
            read_first=options.read_first,
            expect=expect,
            terms=terms_of(options),
        )


def _log_to(options: argparse.Namespace) -> Any:
    return sys.stderr if options.output else sys.stdout


def _agreed() -> bool:
    out.say("Apply this change? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _print(result: ChangeResult, options: argparse.Namespace) -> None:
    # Text about people is in the response alone, which is asked for apart.
    if not options.output:
        return
    record = result.as_dict()
    if not getattr(options, "show_response", False):
        del record["response"]
    if options.output in ("table", "plain"):
        target = ", ".join(f"{name} {value}" for name, value in result.target.items())
        record |= {"target": target, "diff": [item.line() for item in result.diffs]}
        record = {name: record[name] for name in ("use_case", "target", "changed", "applied", "diff")}
        record["changed"] = "not known" if result.changed is None else result.changed
    out.print_records([record], options.output)
