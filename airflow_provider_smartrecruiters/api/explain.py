"""Add to an error what it happened to: the record, the use case, and the hint that fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.exceptions import PermissionDeniedError, SmartRecruitersError

_SCOPE_MISSING = "OAuthPermissionsException"
"""The API's name for a token that lacks a scope (https://developers.smartrecruiters.com/docs/access-scopes)."""


@contextmanager
def explained(change: Change, verb: str) -> Iterator[None]:
    """Add the use case and the record to an error raised in the block, and replace its hint with that of the use case.

    :param change: the change that the block applies or plans.
    :param verb: verb for the message: "Could not ``verb`` the status of job 6f1c…".
    :raises SmartRecruitersError: the error raised in the block.
    """
    try:
        yield
    except SmartRecruitersError as error:
        if not error.use_case:
            error.use_case = change.use_case
            error.summary = f"Could not {verb} the {change.label}: {error.summary}"
            error.args = (error.summary,)
            _replace_hint(error, change)
        raise


def _replace_hint(error: SmartRecruitersError, change: Change) -> None:
    if _family(error.path_template or change.endpoint) != _family(change.endpoint):
        # The error is about a token, or about the list that a label is looked up in, and already has a fitting hint.
        return
    scopes = [scope for scope in (change.scope, change.read_scope) if scope]
    needed = f"the scope{'s' if len(scopes) > 1 else ''} {' and '.join(scopes)}"
    if error.code == _SCOPE_MISSING:
        error.hint = f"Ask a SmartRecruiters administrator to give the OAuth client {needed}."
        return
    for key in (error.code, error.status):
        if key is not None and key in change.hints:
            error.hint = change.hints[key]
            break
    if isinstance(error, PermissionDeniedError):
        error.hint += f" An OAuth client also needs {needed}."


def _family(path: str) -> str:
    """Return the first segment of a path, with or without an HTTP method in front: the family of the record."""
    return path.partition("/")[2].partition("/")[0]
