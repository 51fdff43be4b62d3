"""Parsers for parameters that Airflow has rendered.

A template renders to text unless the DAG asks for native objects, so a list, a mapping or a switch may arrive as the
value itself or as text. A value that cannot be parsed is refused, never guessed: a ``plan_only`` that silently became
false would send writes. The error names the parameter, and repeats the value only where few are allowed: any other may
be about a person.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fractions import Fraction

    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

Reader = Callable[[str, Any], Any]
"""Parses a rendered parameter: takes its name (for the error) and its value."""

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})
_SIZE_LIMIT = 2**31
"""Exclusive upper bound in bytes. A read allocates the whole buffer before the first byte arrives."""
DUPLICATE_KEY_SAID = "holds a mapping with a duplicate key"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
ANY = "any"
"""Switches a guard off, in upper or lower case."""


def as_bool(name: str, value: Any) -> bool:
    """Parse a switch.

    :param name: the parameter's name, for the error.
    :param value: a bool, or one of ``true``, ``false``, ``yes``, ``no``, ``1``, ``0`` in any case.
    :return: the switch.
    :raises InvalidInputError: the value is anything else, including empty text and ``None``.
    """
    # With render_template_as_native_obj=True, Airflow turns the text "1" into a number.
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _refused(name, value, "true or false (or yes/no, 1/0)", choices=(*_TRUE, *_FALSE))


def as_size(name: str, value: Any) -> int:
    """Parse a number of bytes.

    :param name: the parameter's name, for the error.
    :param value: an int above 0 and below 2 GiB, or its digits as text.
    :return: the number.
    :raises InvalidInputError: the value is anything else.
    """
    size = _whole_number(value)
    if size is not None and 0 < size < _SIZE_LIMIT:
        return size
    raise _refused(name, value, "a whole number of bytes above 0 and below 2 GiB")


def as_guard(name: str, value: Any, read: Reader, *, given: bool = False) -> Any:
    """Parse a guard: a parameter that prevents writes, such as ``expect`` or ``max_items``.

    Other parameters may be blank. A blank guard is refused: a template that rendered nothing must not open it.

    :param name: the parameter's name, for the error.
    :param value: a value for ``read``; ``any`` in upper or lower case, or ``None``, for no guard.
    :param read: parses the value.
    :param given: whether the DAG gives the guard, so that ``None`` is what a template rendered.
    :return: the parsed value; ``None`` for no guard.
    :raises InvalidInputError: the value is blank, or ``read`` refuses it.
    """
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    if value is None and not given:
        return None
    if is_blank(value):
        raise InvalidInputError(
            f"The guard {name} is blank.",
            hint=f"Leave {name} out or write {ANY!r} if you want no guard. If a template sets it, fix the template.",
            fields=(name,),
        )
    if isinstance(value, str) and value.strip().lower() == ANY:
        return None
    return read(name, value)


def as_count(name: str, value: Any) -> int:
    """Parse a count.

    :param name: the parameter's name, for the error.
    :param value: an int of at least 0, or its digits as text.
    :return: the number.
    :raises InvalidInputError: the value is anything else.
    """
    return _at_least(0, name, value)


def as_positive(name: str, value: Any) -> int:
    """Parse a number of at least 1.

    :param name: the parameter's name, for the error.
    :param value: an int of at least 1, or its digits as text.
    :return: the number.
    :raises InvalidInputError: the value is anything else.
    """
    return _at_least(1, name, value)


def as_fraction(name: str, value: Any) -> Fraction:
    """Parse a fraction.

    :param name: the parameter's name, for the error.
    :param value: a number from 0 to 1, or its digits as text.
    :return: the fraction, exact: 0.29 of 100 items are 29, not 28.999999999999996.
    :raises InvalidInputError: the value is anything else.
    """
    # Imported here, as the errors are: it brings decimal along, which no DAG file needs.
    from fractions import Fraction

    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if 0 <= number <= 1:
        # The digits that the author wrote, not the binary number nearest to them.
        return Fraction(repr(number))
    raise _refused(name, value, "a fraction from 0 to 1 (0.05 is 5 %)")


def as_hours(name: str, value: Any) -> float:
    """Parse a number of hours.

    :param name: the parameter's name, for the error.
    :param value: a number above 0, or its digits as text.
    :return: the hours.
    :raises InvalidInputError: the value is anything else.
    """
    try:
        hours = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        hours = 0.0
    if 0 < hours < float("inf"):
        return hours
    raise _refused(name, value, "a number of hours above 0")


def as_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Parse one of several words.

    :param name: the parameter's name, for the error.
    :param value: one of ``choices``.
    :return: the word.
    :raises InvalidInputError: the value is anything else.
    """
    if isinstance(value, str) and value in choices:
        return value
    kind = " or ".join(choices) if len(choices) < 3 else f"one of {', '.join(choices)}"
    raise _refused(name, value, kind, choices=choices)


def as_fingerprint(name: str, value: Any) -> str:
    """Parse the fingerprint of a plan.

    :param name: the parameter's name, for the error.
    :param value: the ``fingerprint`` of a plan's result.
    :return: the fingerprint.
    :raises InvalidInputError: the value is anything else.
    """
    if isinstance(value, str) and _FINGERPRINT.fullmatch(value):
        return value
    raise _refused(name, value, "the fingerprint of an earlier plan")


def as_list(name: str, value: Any) -> list[Any] | None:
    """Parse a list.

    :param name: the parameter's name, for the error.
    :param value: a list, tuple or set, text in list form (JSON, or Python as Jinja prints it), or ``None``. Blank text,
        such as an empty field of a trigger form, counts as not given.
    :return: the list; ``None`` if the parameter is not given.
    :raises InvalidInputError: the value is anything else. A single word does not count as a list of one.
    """
    value = _parsed(name, value, "a list", '["a", "b"]')
    if value is None:
        return None
    if isinstance(value, Set):
        # Two processes iterate over the same set of texts in different orders; sorted, both send the same body.
        return sorted(value, key=str)
    # Not just list and tuple: Airflow passes the outputs of a mapped task as a lazy sequence of its own.
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    raise _refused(name, value, "a list", '["a", "b"]')


def as_one_or_more(name: str, value: Any) -> Any:
    """Parse a list, or one text that counts as a list of one.

    :param name: the parameter's name, for the error.
    :param value: as for :func:`as_list`, or a plain text.
    :return: the list; ``None`` if the parameter is not given. Values that are no text are returned as they are.
    :raises InvalidInputError: the text looks like a list and is none.
    """
    # Not is_literal(): a template that was not rendered begins with a brace, and the check of the text itself names it.
    if isinstance(value, str) and value.strip() and not value.lstrip().startswith(("[", "(")):
        return [value.strip()]
    if isinstance(value, int | Mapping):
        return [value]
    return as_list(name, value)


def as_mapping(name: str, value: Any) -> dict[str, Any] | None:
    """Parse a mapping.

    :param name: the parameter's name, for the error.
    :param value: a mapping, text in mapping form (JSON, or Python as Jinja prints it), or ``None``. Blank text, such as
        an empty field of a trigger form, counts as not given.
    :return: the mapping; ``None`` if the parameter is not given.
    :raises InvalidInputError: the value is anything else.
    """
    value = _parsed(name, value, "a mapping", '{"title": "Engineer"}')
    if value is None:
        return None
    if isinstance(value, Mapping):
        return dict(value)
    raise _refused(name, value, "a mapping", '{"title": "Engineer"}')


def is_blank(value: Any) -> bool:
    """Return whether a parameter counts as not given: ``None`` or blank text, such as an empty form field."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_literal(text: str) -> bool:
    """Return whether text starts like a list or a mapping, and so is not the location of a file."""
    return text.lstrip().startswith(("[", "(", "{"))


def _at_least(least: int, name: str, value: Any) -> int:
    number = _whole_number(value)
    if number is not None and number >= least:
        return number
    raise _refused(name, value, f"a whole number of at least {least}")


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
    for parse in (_from_json, _from_python):
        try:
            parsed = parse(value.strip())
        except _DuplicateKeyError:
            # Both parsers would silently keep the last of the two values.
            raise _repeats_a_key(name) from None
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if parsed is not None:
            return parsed
        # A missing value renders to "None" or "null". Accepting these as "not given" would hide the broken template.
        break
    raise _refused(name, value, kind, example)


class _DuplicateKeyError(Exception):
    """A mapping in a text has a key twice."""


def _from_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _DuplicateKeyError
    return mapping


def _from_python(text: str) -> Any:
    tree = ast.parse(text, mode="eval")
    value = ast.literal_eval(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and len(ast.literal_eval(node)) < len(node.keys):
            raise _DuplicateKeyError
    return value


def _repeats_a_key(name: str) -> InvalidInputError:
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    return InvalidInputError(
        f"The parameter {name} {DUPLICATE_KEY_SAID}.",
        hint="Give each key once.",
        fields=(name,),
    )


def _refused(name: str, value: Any, kind: str, example: str = "", *, choices: Sequence[str] = ()) -> InvalidInputError:
    # Imported here to keep DAG parsing fast: every DAG file loads this module, and few ever see an error.
    from airflow_provider_smartrecruiters.api.values.arguments import described
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    as_text = f", or text such as {example}" if example else ""
    return InvalidInputError(
        f"The parameter {name} must be {kind}{as_text}. The rendered value {described(value, choices)}.",
        hint=f"Check {name} in the task's Rendered Template view, then fix the value or the template.",
        fields=(name,),
    )
