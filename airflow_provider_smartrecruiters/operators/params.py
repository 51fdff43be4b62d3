"""Read parameters after Airflow has rendered them.

A template always renders to text (unless the DAG asks for native objects), so a list, a mapping or a switch may come as
the value itself or as its text. What cannot be read is refused by its parameter's name, never guessed: a
``plan_only`` that silently became false would send. The value is not repeated, as it may be about a person.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

Reader = Callable[[str, Any], Any]
"""Reads a rendered parameter: its name, for the error, and its value."""

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})
_SIZE_LIMIT = 2**31
"""So much is set aside before the first byte is read."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def as_bool(name: str, value: Any) -> bool:
    """Return the switch that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: a bool, or one of ``true``, ``false``, ``yes``, ``no``, ``1``, ``0`` in any case.
    :return: the switch.
    :raises InvalidInputError: the value is anything else, an empty text and ``None`` included.
    """
    # A DAG with render_template_as_native_obj=True turns the text "1" into the number.
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _refused(name, "true or false (also yes/no, 1/0)")


def as_size(name: str, value: Any) -> int:
    """Return the number of bytes that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: an int above 0 and below 2 GiB, or its digits as text.
    :return: the number.
    :raises InvalidInputError: the value is anything else.
    """
    size = _whole_number(value)
    if size is not None and 0 < size < _SIZE_LIMIT:
        return size
    raise _refused(name, "a whole number of bytes above 0 and below 2 GiB")


def as_count(name: str, value: Any) -> int | None:
    """Return the number of things that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: an int of at least 0, its digits as text, or ``None``. A blank text counts as not given.
    :return: the number; ``None`` where the parameter is not given.
    :raises InvalidInputError: the value is anything else.
    """
    if is_blank(value):
        return None
    count = _whole_number(value)
    if count is not None and count >= 0:
        return count
    raise _refused(name, "a whole number of at least 0")


def as_share(name: str, value: Any) -> float:
    """Return the share of a whole that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: a number from 0 to 1, or its text.
    :return: the share.
    :raises InvalidInputError: the value is anything else.
    """
    try:
        share = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        share = -1.0
    if 0 <= share <= 1:
        return share
    raise _refused(name, "a share from 0 to 1 (0.05 is 5 %)")


def as_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return the word that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: one of ``choices``.
    :return: the word.
    :raises InvalidInputError: the value is anything else.
    """
    if isinstance(value, str) and value in choices:
        return value
    raise _refused(name, " or ".join(choices))


def as_fingerprint(name: str, value: Any) -> str | None:
    """Return the fingerprint of a plan that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: the ``fingerprint`` of a plan's result, or ``None``.
    :return: the fingerprint; ``None`` where the parameter is not given.
    :raises InvalidInputError: the value is anything else. A blank text too: a template that rendered nothing must not
        turn "only if nothing moved" into "in any case".
    """
    if value is None:
        return None
    if isinstance(value, str) and _FINGERPRINT.fullmatch(value):
        return value
    raise _refused(name, "the fingerprint that a plan returned")


def as_list(name: str, value: Any) -> list[Any] | None:
    """Return the list that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: a list, tuple or set, the text of one (JSON, or Python as Jinja prints it), or ``None``. A blank
        text, such as a trigger form's empty box, counts as not given.
    :return: the list; ``None`` where the parameter is not given.
    :raises InvalidInputError: the value is anything else. A single word is not taken for a list of one.
    """
    value = _parsed(name, value, "a list", '["a", "b"]')
    if value is None:
        return None
    if isinstance(value, Set):
        # Sorted, so that two runs send the same.
        return sorted(value, key=str)
    # Sequence: the outputs of a mapped task come as a lazy one of Airflow's.
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    raise _refused(name, "a list", '["a", "b"]')


def as_mapping(name: str, value: Any) -> dict[str, Any] | None:
    """Return the mapping that a parameter holds.

    :param name: the parameter's name, for the error.
    :param value: a mapping, the text of one (JSON, or Python as Jinja prints it), or ``None``. A blank text, such as a
        trigger form's empty box, counts as not given.
    :return: the mapping; ``None`` where the parameter is not given.
    :raises InvalidInputError: the value is anything else.
    """
    value = _parsed(name, value, "a mapping", '{"title": "Engineer"}')
    if value is None:
        return None
    if isinstance(value, Mapping):
        return dict(value)
    raise _refused(name, "a mapping", '{"title": "Engineer"}')


def is_blank(value: Any) -> bool:
    """Return whether a parameter is not given: ``None``, or a blank text such as a trigger form's empty box."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_literal(text: str) -> bool:
    """Return whether a text is meant as that of a list or a mapping, and not as the location of a file."""
    return text.lstrip().startswith(("[", "(", "{"))


def _whole_number(value: Any) -> int | None:
    try:
        return int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        return None


def _parsed(name: str, value: Any, kind: str, example: str) -> Any:
    if is_blank(value):
        return None
    if not isinstance(value, str):
        return value
    for parse in (json.loads, ast.literal_eval):
        try:
            parsed = parse(value.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if parsed is not None:
            return parsed
        # "None" and "null" are what a missing value renders to; taking them for "not given" would hide that.
        break
    raise _refused(name, kind, example)


def _refused(name: str, kind: str, example: str = "") -> InvalidInputError:
    # Imported here: every DAG file that has an operator loads this module, and few ever see an error.
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    written = f", or text that reads as one, such as {example}" if example else ""
    return InvalidInputError(
        f"The parameter {name} must be {kind}{written}; what it holds after rendering is something else.",
        hint=f"look {name} up under Rendered Template of the task and mend its value or template.",
        fields=(name,),
    )
