"""The difference between the current and the requested state of a record, and how much of it may be shown.

Enumerated values, ids, dates and booleans appear with their values before and after. Everything else is text that
people wrote, often about people: it appears with its name and its length only. The rule is an allowlist, so a field
that nobody thought of is not shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from airflow_provider_smartrecruiters.exceptions import shortened


class _NoValue:
    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words


MISSING = _NoValue("(not set)")
"""Stands for a field that the record does not have."""
UNREAD = _NoValue("(not read)")
"""Stands for a value that was not read."""


@dataclass(frozen=True)
class FieldDiff:
    """A field that differs.

    :param name: the API's own name, dotted if nested: ``jobAd.sections.qualifications.text``.
    :param before: current value, or :data:`MISSING`.
    :param after: requested value, or :data:`MISSING`.
    :param shown: whether the values may appear in logs and results.
    """

    name: str
    before: Any
    after: Any
    shown: bool

    def __repr__(self) -> str:
        # A notebook, an assertion and a debugger print it.
        return f"FieldDiff({self.line()})"

    def line(self, labels: Mapping[str, str] | None = None) -> str:
        """Return the difference as one line for the log: ``status: SOURCING -> FILLED``.

        :param labels: what people call a value that is an id, by id.
        """
        if self.shown:
            return (
                f"{one_line(self.name)}: {_plain(self.before)} -> {_plain(self.after)}{label(labels or {}, self.after)}"
            )
        text = f"{one_line(self.name)}: {_size(self.before)} -> {_size(self.after)}"
        if isinstance(self.before, list) and isinstance(self.after, list):
            added = len([item for item in self.after if item not in self.before])
            removed = len([item for item in self.before if item not in self.after])
            return f"{text} ({added} added, {removed} removed)"
        return f"{text} (other text)" if _size(self.before) == _size(self.after) else text

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-serializable values.

        :return: ``{"field", "before", "after"}``, or ``{"field", "before_length", "after_length"}`` (characters of a
            text, items of a list) if the values may not be shown.
        """
        if self.shown:
            return {"field": self.name, "before": _json(self.before), "after": _json(self.after)}
        return {"field": self.name, "before_length": _length(self.before), "after_length": _length(self.after)}


def diff(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    shown: Iterable[str],
    *,
    whole: bool,
    removed: Collection[str] = (),
    never_removed: Collection[str] = (),
) -> list[FieldDiff]:
    """Return the fields in which two states differ, in the order of ``after``.

    :param before: current state. Nested mappings are compared member by member, lists as a whole.
    :param after: requested state.
    :param shown: names or patterns of names (``*.id``) whose values may be shown.
    :param whole: whether ``after`` replaces the record, so that fields it lacks count as removed; otherwise they are
        ignored.
    :param removed: fields that count as removed even if ``after`` does not replace the record.
    :param never_removed: fields that do not count as removed even if it does.
    """
    patterns = tuple(shown)
    old, new = flatten(before), flatten(after)
    gone = [name for name in old if name in removed or (whole and name not in never_removed)]
    names = list(new) + [name for name in gone if name not in new]
    return [
        FieldDiff(name, old.get(name, MISSING), new.get(name, MISSING), any(fnmatchcase(name, p) for p in patterns))
        for name in names
        if old.get(name, MISSING) != new.get(name, MISSING)
    ]


def unread(after: Mapping[str, Any], shown: Iterable[str]) -> list[FieldDiff]:
    """Return the fields of a write to a record that was not read, in the form of :func:`diff`."""
    return [replace(item, before=UNREAD) for item in diff({}, after, shown, whole=False)]


def flatten(state: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by their dotted names.

    None counts as missing, because the API returns it for members that are not set. A list whose items all have an
    ``id`` is keyed by id (``properties[60f1].value.id``); any other list is a leaf.
    """
    leaves: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, Mapping):
            leaves |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list) and _keyed_by_id(value):
            for item in value:
                rest = {key: member for key, member in item.items() if key != "id"}
                leaves |= flatten(rest, f"{prefix}{name}[{item['id']}].") or {f"{prefix}{name}[{item['id']}]": True}
        elif value is not None:
            leaves[f"{prefix}{name}"] = value
    return leaves


def label(labels: Mapping[str, str], value: Any) -> str:
    """Return what people call an id, in brackets, to be put after it; nothing if that is not known.

    :param labels: labels by id.
    """
    return f" ({one_line(labels[value])})" if isinstance(value, str) and value in labels else ""


def labelled(labels: Mapping[str, str], value: Any) -> Any:
    """Return what people call an id, in its place; any other value unchanged.

    :param labels: labels by id.
    """
    return labels.get(value, value) if isinstance(value, str) else value


def one_line(text: str) -> str:
    """Return a text for the log: unchanged if it is printable, otherwise with escapes, so that it stays on one line."""
    return text if text.isprintable() else repr(text)[1:-1]


_MOST_NAMES = 5
"""Most names of fields in a sentence. The result has them all."""


def names_in_words(names: Sequence[str]) -> str:
    """Return names of fields for a sentence: ``title, location.city and 3 more``.

    :param names: the names.
    """
    said = [shortened(one_line(name)) for name in names[:_MOST_NAMES]]
    more = len(names) - _MOST_NAMES
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _keyed_by_id(items: list[Any]) -> bool:
    ids = [item.get("id") for item in items if isinstance(item, Mapping)]
    # The API lists a property with several values once per value. Keyed by id, one value would hide the others.
    return bool(items) and len(ids) == len(items) == len({str(i) for i in ids}) and None not in ids


def _plain(value: Any) -> str:
    return one_line(value) if isinstance(value, str) and value else repr(value)


def _json(value: Any) -> Any:
    return None if isinstance(value, _NoValue) else value


def _length(value: Any) -> int | None:
    if value is None or isinstance(value, _NoValue):
        return None
    return len(value) if isinstance(value, str | list) else len(str(value))


def _size(value: Any) -> str:
    if value is None or isinstance(value, _NoValue):
        return repr(value or MISSING)
    count = _length(value)
    noun = "item" if isinstance(value, list) else "character"
    return f"{count} {noun}{'' if count == 1 else 's'}"
