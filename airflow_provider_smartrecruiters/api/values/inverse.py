"""What takes a change back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_smartrecruiters.exceptions import InvalidInputError


@dataclass(frozen=True)
class Inverse:
    """How to bring one record back. The change that does it is :attr:`.Change.undone_by`.

    :param arguments: arguments of that change, without the ids.
    :param left: the states that the change to take back may have left, each in the form in which the inverse compares
        the record, or its fingerprint.
    """

    arguments: Mapping[str, Any] = field(repr=False)
    left: Sequence[Mapping[str, Any] | str] = field(repr=False)


def cannot_undo(why: str) -> InvalidInputError:
    """Return the error about a record that cannot be brought back.

    :param why: the end of a sentence that begins with "cannot be undone:".
    """
    return InvalidInputError(f"cannot be undone: {why}", fields=("results",))
