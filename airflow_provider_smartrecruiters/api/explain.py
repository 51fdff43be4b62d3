"""What an error says when it happened to a change: which record, which use case, and what to do there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.exceptions import PermissionDeniedError, SmartRecruitersError

_SCOPE_MISSING = "OAuthPermissionsException"
"""The API's name for a token that lacks a scope (https://developers.smartrecruiters.com/docs/access-scopes)."""


@contextmanager
def explained(change: Change, verb: str) -> Iterator[None]:
    """Tell an error of the block which use case and record it belongs to, and replace its hint by the use case's own.

    :param change: what was being done.
    :param verb: the word for it: "Could not ``verb`` the status of job 6f1c…".
    :raises SmartRecruitersError: what the block raised.
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
        # A token, or a list that a label is looked up in: its error brings its own hint.
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
    """Return the first segment of a path that may stand behind a verb: what a family of records shares."""
    return path.partition("/")[2].partition("/")[0]
