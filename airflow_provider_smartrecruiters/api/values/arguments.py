"""The gate that every leaf of every argument passes, where a change is made.

Arguments come out of templates, trigger forms, XComs and CSV files, so a value that nobody gave arrives as the text
``None``, as ``nan``, or as the template itself. Sent on, it would overwrite what people wrote. The gate looks at list
members and members of mappings too, and names each by its path: ``job.location.city``, ``tags[1]``.

A blank text means "not given": it is left out, also inside a mapping, and so never removes anything. Removing is said
with None.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

MAX_DEPTH = 100
"""Most levels of mappings and lists in an argument; a job has seven. How deep Python itself can go depends on its
version and on the caller."""

_LEFT_BY_A_TEMPLATE = frozenset({"None", "null", "undefined", "Undefined", "nan", "NaN", "NaT", "<NA>"})
"""What Jinja, JSON, JavaScript and pandas write for a value that is missing. Exact spellings: ``none`` and ``Null`` are
words and names."""
_UNRENDERED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MISSING_TYPES = frozenset({"NAType", "NaTType", "Undefined"})
"""Names of the types of ``pandas.NA``, ``pandas.NaT`` and Jinja's undefined values. By name, so that neither library is
imported."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_LAYOUT = "\t\n\r"
ALIKE = 0.75
"""Likeness from which on a text is taken for one of the allowed values, and quoted: "Filed" and "In review" are FILLED
and IN_REVIEW, and no name of a person is either."""
_SHORT = 32
"""Most characters of a quoted value; the longest code has 19."""
_CODE = re.compile(rf"[A-Z][A-Z0-9_]{{0,{_SHORT - 1}}}")


@dataclass
class Admitted:
    """What the gate let through.

    :param values: the arguments without blank ones and without those that have a problem.
    :param problems: path to what is wrong there; nothing of the value.
    """

    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def refused(self, name: str) -> bool:
        """Whether something in this argument has a problem."""
        return any(re.match(rf"{re.escape(name)}(?:[.\[]|$)", path) for path in self.problems)


def admit(arguments: Mapping[str, Any], *, optional: Collection[str]) -> Admitted:
    """Pass arguments through the gate.

    :param arguments: the arguments of a change by name.
    :param optional: names of those that may be left out. A blank one of these is; a required one is passed on, for its
        own check to refuse.
    """
    admitted = Admitted()
    for name, value in arguments.items():
        if is_blank(value) and name in optional:
            continue
        passed = _pass(name, value, admitted.problems, depth=0)
        if not admitted.refused(name):
            admitted.values[name] = passed
    return admitted


def is_blank(value: Any) -> bool:
    """Return whether a value is a text of nothing but white space, such as an empty form field."""
    return isinstance(value, str) and not value.strip()


def described(value: Any, choices: Sequence[str] = ()) -> str:
    """Return what a refused value is, to be read after its name: ``is empty``, ``is 'Filed' (did you mean FILLED?)``.

    A value is quoted only where few are allowed, and only if it is much like one of them or has the form of a code.
    Any other text may have been meant for another argument, and be about a person.

    :param value: the value.
    :param choices: the allowed values, if they are few.
    """
    if value is None:
        return "is missing (None)"
    if not isinstance(value, str):
        return f"is {_kind_of(value)}"
    if is_blank(value):
        return "is empty (white space only)" if value else "is empty"
    if choices and (close := _closest(value, choices)):
        return f"is {value!r} (did you mean {close}?)"
    if choices and _CODE.fullmatch(value):
        return f"is {value!r}"
    return f"is a text of {len(value):,} character{'s' if len(value) > 1 else ''}"


def _kind_of(value: Any) -> str:
    kinds = {bool: "a boolean", int | float: "a number", Mapping: "a mapping", Sequence | Set: "a list"}
    return next((words for kind, words in kinds.items() if isinstance(value, kind)), f"of type {type(value).__name__}")


def _closest(text: str, choices: Sequence[str]) -> str | None:
    if len(text) > _SHORT:
        return None
    folded = {_folded(choice): choice for choice in choices}
    close = get_close_matches(_folded(text), folded, n=1, cutoff=ALIKE)
    return folded[close[0]] if close else None


def _folded(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def problem_of(value: Any) -> str | None:
    """Return what is wrong with a leaf, to be read after its name: ``is the text 'None': …``; None if nothing is."""
    if isinstance(value, str):
        return _problem_of_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number (NaN or infinity)"
    if any(kind.__name__ in _MISSING_TYPES for kind in type(value).__mro__):
        return f"is a missing value ({type(value).__name__}); leave it out, or give None"
    return None


def _problem_of_text(text: str) -> str | None:
    if text.strip() in _LEFT_BY_A_TEMPLATE:
        return f"is the text {text.strip()!r} (a template or a file rendered a missing value)"
    if _UNRENDERED.search(text):
        return "contains a template that was not rendered ({{ … }} or {% … %})"
    if _LONE_SURROGATE.search(text):
        return "contains half a character (a lone surrogate), as text does that was cut in the middle of an emoji"
    # Cc alone: format characters (Cf) hold emoji together and turn the direction of text.
    if any(unicodedata.category(character) == "Cc" and character not in _LAYOUT for character in text):
        return "contains a control character"
    return None


def _pass(path: str, value: Any, problems: dict[str, str], depth: int) -> Any:
    if depth > MAX_DEPTH:
        # Under the argument alone: the whole path would have a hundred parts.
        problems[re.split(r"[.\[]", path, maxsplit=1)[0]] = f"is nested more than {MAX_DEPTH} levels deep"
        return None
    if isinstance(value, Mapping):
        return {
            name: _pass(f"{path}.{_shown(name)}", member, problems, depth + 1)
            for name, member in value.items()
            if not is_blank(member)
        }
    if isinstance(value, Sequence | Set) and not isinstance(value, str | bytes | bytearray):
        return [_pass_member(f"{path}[{index}]", member, problems, depth) for index, member in enumerate(value)]
    if problem := problem_of(value):
        problems[path] = problem
    return value


def _shown(name: Any) -> str:
    # What does not look like the name of a member may be a value in the wrong place; it is not repeated.
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "?"


def _pass_member(path: str, member: Any, problems: dict[str, str], depth: int) -> Any:
    # Leaving it out would make the list a shorter one that nobody asked for.
    if is_blank(member):
        problems[path] = "is blank; leave it out"
        return None
    return _pass(path, member, problems, depth + 1)
