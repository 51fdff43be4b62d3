"""What an error says when it happened to a change: which record, which use case, and what to do there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.exceptions import (
    InvalidInputError,
    PermissionDeniedError,
    SmartRecruitersError,
)

if TYPE_CHECKING:
    from pydantic import ValidationError

    from airflow_provider_smartrecruiters.api.change import Change

_SCOPE_MISSING = "OAuthPermissionsException"
"""The API's name for a token that lacks a scope (https://developers.smartrecruiters.com/docs/access-scopes)."""

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no argument of it",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "has fewer than {min_length} characters",
}
"""What pydantic says about arguments, in words of this package."""


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


def invalid_arguments(cls: type[Change], error: ValidationError) -> InvalidInputError:
    """Return pydantic's error in words of this package, without a value."""
    problems: list[str] = []
    names: list[str] = []
    for item in error.errors(include_url=False, include_context=True, include_input=False):
        name = ".".join(str(part) for part in item["loc"])
        reason = item.get("ctx", {}).get("error")
        if isinstance(reason, InvalidInputError):
            names += reason.fields
            problems.append(reason.summary.rstrip("."))
            continue
        names.append(name)
        words = _WORDS.get(item["type"], "").format_map(item.get("ctx", {})) or _lower(item["msg"])
        words = str(reason) if isinstance(reason, ValueError) else words
        problems.append(f"{name} {words}")
    return InvalidInputError(
        f"{cls.__name__} cannot be used as given: {'; '.join(problems)}.",
        use_case=cls.use_case,
        hint="Correct it where the task gets it from (the DAG, or the trigger form), then run the task again.",
        fields=tuple(dict.fromkeys(names)),
    )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
