"""The one form in which what a record is and what it should be are compared.

Two values are the same when no reader of the record could tell them apart. Whatever is applied twice therefore sends
nothing the second time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any


def normal(value: Any) -> Any:
    """Return a value in normal form: text in Unicode's composed form (NFC), members that hold nothing left out.

    Nothing is None, an empty text, an empty list or an empty mapping: the API answers any of them for a member that is
    not set.

    :param value: JSON-ready.
    :return: a new value; the one given is not changed.
    """
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    if isinstance(value, Mapping):
        members = {name: normal(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if not is_empty(member)}
    return value


def is_empty(value: Any) -> bool:
    """Return whether a value in normal form holds nothing. Zero and false are something."""
    return value is None or (isinstance(value, str | list | dict) and not value)
