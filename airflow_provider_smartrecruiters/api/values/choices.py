"""Arguments that take one of a few values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from airflow_provider_smartrecruiters.api.values.arguments import described, is_blank

COMMAND = "python -m airflow_provider_smartrecruiters"
"""The command line, in the form that works with every Airflow."""

MOST_LISTED = 10
"""Most labels in a hint. Doubled, a list fills the screen of a log."""


def one_of(choices: Iterable[str]) -> Any:
    """Return a pydantic validator for an enumerated value. Its error says what was given, and lists the choices.

    ``Literal`` would do the same, but with the message "Input should be …".

    :param choices: the allowed values.
    """
    return BeforeValidator(_OneOf(tuple(choices)))


def choice_or_none(choices: Iterable[str]) -> Any:
    """Return a pydantic validator like :func:`one_of`, for an optional value; blank text counts as not given.

    :param choices: the allowed values.
    """
    return BeforeValidator(_OneOf(tuple(choices), optional=True))


def not_one_of(value: Any, choices: Sequence[str]) -> str:
    """Return what is wrong with a value, to be read after its name: ``is 'Filed' (…); it must be one of NEW, FILLED``.

    :param value: the value.
    :param choices: the allowed values.
    """
    return f"{described(value, choices)}; it must be one of {', '.join(choices)}"


def listed(labels: Sequence[str], lookup: str) -> str:
    """Return labels for a hint, quoted: at most :data:`MOST_LISTED`, and how to see all of them.

    :param labels: the labels, in the order to show them.
    :param lookup: name of the list for the command line's ``lookup``.
    """
    # As JSON: labels have quotation marks and commas in them.
    shown = ", ".join(json.dumps(label, ensure_ascii=False) for label in labels[:MOST_LISTED])
    more = f" and {len(labels) - MOST_LISTED} more" if len(labels) > MOST_LISTED else ""
    return f"{shown or 'none'}{more}. All of them, with their ids: {COMMAND} lookup {lookup}."


@dataclass(frozen=True)
class _OneOf:
    choices: tuple[str, ...]
    optional: bool = False

    def __call__(self, value: Any) -> str | None:
        if self.optional and (value is None or is_blank(value)):
            return None
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(not_one_of(value, self.choices))
        return str(value)


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Return the allowed values of a change's argument; empty if it is not enumerated.

    :param field: the argument, from ``model_fields``.
    """
    checks = [getattr(one, "func", None) for one in field.metadata]
    return next((check.choices for check in checks if isinstance(check, _OneOf)), ())


def one_or_more(value: Any) -> Any:
    """Take a single text for a list of one, as a pydantic validator: people name one status most of the time."""
    return (value,) if isinstance(value, str) else value
