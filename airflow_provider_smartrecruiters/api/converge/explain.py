"""Add to an error what it happened to: the record, the use case, and the hint that fits."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_smartrecruiters.api.http.request import writes_sent
from airflow_provider_smartrecruiters.api.http.responses import leave_in_doubt, say_that_it_reads_first
from airflow_provider_smartrecruiters.api.http.verdict import is_unsettled
from airflow_provider_smartrecruiters.api.record import AboutRecord
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    ConflictError,
    PermissionDeniedError,
    SmartRecruitersError,
    UnexpectedResponseError,
)

_SCOPE_MISSING = "OAuthPermissionsException"
"""The API's name for a token that lacks a scope (https://developers.smartrecruiters.com/docs/access-scopes)."""

_DENIED = "PERMISSION_DENIED"
"""The API's code for a credential without the right, whatever it lacks."""


@dataclass
class NextRun:
    """What another run of the task does before it writes.

    :param finds_out: whether it reads the record, and the record tells what became of the write.
    """

    finds_out: bool


@contextmanager
def explained(change: AboutRecord, verb: str, *, read_first: bool = True) -> Iterator[NextRun]:
    """Add the use case and the record to an error raised in the block, and replace its hint with that of the use case.

    Whatever fails after a write says that the change may have been applied, also errors of Python such as the KeyError
    of an odd response.

    :param change: the change that the block applies or plans, or the wait that it looks for.
    :param verb: verb for the message: "Could not ``verb`` the status of job 6f1c…".
    :param read_first: whether another run of the task reads the record first, if the API offers a way to read it.
    :return: what an error says about another run; the block corrects it by what it has read.
    :raises SmartRecruitersError: the error raised in the block.
    """
    sent_before, next_run = writes_sent(), NextRun(finds_out=change.readable and read_first)
    try:
        yield next_run
    except SmartRecruitersError as error:
        _explain(error, change, verb, next_run, written=writes_sent() > sent_before)
        raise
    except Exception as error:
        if writes_sent() == sent_before:
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        odd = UnexpectedResponseError(
            "The write was sent, but its response cannot be understood "
            f"({type(error).__name__} in {where.name}, {Path(where.filename).name}:{where.lineno}).",
            retryable=True,
        )
        _explain(odd, change, verb, next_run, written=True)
        # Not chained: the error of Python may have text of the record in it.
        raise odd from None


def _explain(error: SmartRecruitersError, change: AboutRecord, verb: str, next_run: NextRun, *, written: bool) -> None:
    error.target = error.target or change.known
    if written and not error.may_have_been_applied:
        leave_in_doubt(error, *change.method_and_path())
    if isinstance(error, ConflictError) and not change.readable:
        # Nothing is read, so there is nothing to build the write from.
        error.retryable = False
    if error.may_have_been_applied and next_run.finds_out:
        say_that_it_reads_first(error)
    if not error.use_case:
        error.use_case = change.use_case
        error.summary = f"Could not {verb} the {change.label}: {error.summary}"
        error.args = (error.summary,)
        _replace_hint(error, change)


def _replace_hint(error: SmartRecruitersError, change: AboutRecord) -> None:
    if not is_about(error, change):
        # The error is about a token, or about the list that a label is looked up in, and already has a fitting hint.
        return
    if isinstance(error, UnexpectedResponseError | AuthenticationError) or is_unsettled(error):
        # What the use case knows about a status is about the record, and about SmartRecruiters' own responses.
        return
    needed = _needed_scopes(change)
    if error.code == _SCOPE_MISSING:
        error.hint = f"Ask a SmartRecruiters administrator to give the OAuth client {needed}."
        return
    for key in (error.code, error.status):
        if key is not None and key in change.hints:
            error.hint = change.hints[key]
            break
    # A code such as APPROVAL_PROCESS_ENABLED says what is in the way, and that is no scope.
    if isinstance(error, PermissionDeniedError) and (error.code == _DENIED or error.code not in change.hints):
        error.hint += f" An OAuth client also needs {needed}."


def _needed_scopes(change: AboutRecord) -> str:
    scopes = [scope for scope in (change.scope, change.read_scope) if scope]
    needed = f"the scope{'s' if len(scopes) > 1 else ''} {' and '.join(scopes)}"
    # Pages of SmartRecruiters disagree: whoever has the one and gets a 403 needs to hear of the other.
    other = [f"{there} instead of {here}" for here, there in change.scopes_elsewhere.items() if there not in scopes]
    return f"{needed} (another page of SmartRecruiters says {' and '.join(other)})" if other else needed


def is_about(error: SmartRecruitersError, change: AboutRecord) -> bool:
    """Return whether an error is about the record, not about a token or a list that something is looked up in.

    :param error: the error.
    :param change: the change or the wait.
    """
    lists = {name.path for name in change.names.values()}
    return error.path_template not in lists and _family(error.path_template or change.endpoint) == _family(
        change.endpoint
    )


def _family(path: str) -> str:
    """Return the first segment of a path, with or without an HTTP method in front: the family of the record."""
    return path.partition("/")[2].partition("/")[0]
