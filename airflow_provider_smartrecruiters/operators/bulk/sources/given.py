"""The items of a batch, from a list, its text, or a file in one of the formats of :mod:`.formats`."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.values.arguments import MAX_DEPTH
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.formats import (
    COMPRESSIONS,
    DUPLICATE_KEY,
    JSON_LINES,
    TOO_DEEP,
    CsvFile,
    JsonFile,
    JsonLines,
    Record,
    extension_of,
    item_at,
)
from airflow_provider_smartrecruiters.operators.common.files import absolute, refused
from airflow_provider_smartrecruiters.operators.common.params import DUPLICATE_KEY_SAID, as_list, is_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS: dict[str, type[JsonLines]] = {
    **dict.fromkeys(JSON_LINES, JsonLines),
    ".json": JsonFile,
    ".csv": CsvFile,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch.

    :param index: position among all items, from 0. Items that cannot be read count, blank lines do not.
    :param place: position in words: ``item 3`` of a list, counted from 1, or ``line 17`` of a file, as
        an editor counts lines. An item of several lines is at its first one.
    :param arguments: content of the item; None if it cannot be read.
    :param problem: why it cannot be read, to follow ``place``: ``is not valid JSON``. Never any of its content.
    :param source_number: number among the items of the first batch, for an item of its results; None for others.
    :param target: ids of the record that the item must be about, for an item of a results file; None for others.
    :param planned: digest of the arguments that were planned, for an item of a plan; None for others.
    """

    index: int
    place: str
    arguments: dict[str, Any] | None
    problem: str | None = None
    source_number: int | None = None
    target: dict[str, str] | None = None
    planned: str | None = None

    def digest(self) -> bytes:
        """Return a 16-byte digest of the item's content, the same in every process."""
        return hashlib.blake2b(canonical(self.arguments), digest_size=16).digest()


def canonical(value: Any) -> bytes:
    """Return a value as JSON that is the same in every process. Values that JSON does not have become text."""
    # A retry runs in a new process and resumes only if the digests agree, so nothing here may depend on the order of a
    # set or of keys, which differs from one process to the next.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_jsonable).encode()


def source_of(name: str, value: Any) -> ItemSource:
    """Return the items that a parameter holds.

    :param name: the parameter's name, for the errors.
    :param value: a list of mappings, text in list form (JSON, or Python as Jinja prints it), or the location of a file:
        a path or any URI (or ``ObjectStoragePath``) that Airflow can read, ending in ``.jsonl``, ``.ndjson``, ``.json``
        or ``.csv``, followed by ``.gz``, ``.bz2`` or ``.xz`` if it is compressed.
    :return: the items. A file is opened when the items are iterated, not before.
    :raises InvalidInputError: the value is none of these.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    if isinstance(value, str):
        value = value.strip()
    if isinstance(value, os.PathLike | ObjectStoragePath) or (
        isinstance(value, str) and value and not is_literal(value)
    ):
        location = absolute(name, value)
        file_format = _FORMATS[extension_of(name, location, _FORMATS, COMPRESSIONS)]
        return ItemSource(file_format(name, location), location)
    # Not left to as_list(), whose error would not say that only the brackets are missing. This is what a template gives
    # that renders one record where a list of them is due.
    if isinstance(value, Mapping) or (isinstance(value, str) and value.startswith("{")):
        raise refused(name, "holds a single mapping, not a list", "Put it in a list: [{...}].")
    try:
        items = as_list(name, value)
    except InvalidInputError as error:
        if DUPLICATE_KEY_SAID in error.summary:
            raise
        items = None
    if items is None:
        raise refused(
            name,
            "must be a list of mappings, text in list form, or the location of a file",
            # Not the Rendered Template view: it does not show the items, which may be about people.
            f"Check what {name} gets: the value in the DAG, or the result of the task before.",
        )
    return ItemSource(_ListItems(items))


class ItemSource:
    """The items of a batch. It can be iterated any number of times.

    :param records: where the items come from; iterable any number of times as well.
    :param location: the file's path or URI; None for items that were given as a list.
    """

    def __init__(self, records: Iterable[Record], location: str | None = None) -> None:
        self._records = records
        self.location = location

    def __iter__(self) -> Iterator[Item]:
        """Yield the items in order, including the ones that cannot be read.

        :raises InvalidInputError: the file does not exist, cannot be read, or has changed since it was last iterated.
        """
        # An item that cannot be read keeps its index. Otherwise a fixed file would give every later item another
        # number than the results of the run before it.
        for index, (place, value, problem) in enumerate(self._records):
            problem = problem or _problem_of(value)
            yield Item(index, place, None if problem else dict(value), problem)


class _ListItems:
    """Records of a list that was given as such.

    :param items: the list.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Record]:
        for index, value in enumerate(self._items):
            yield item_at(index), value, None


def _problem_of(value: Any) -> str | None:
    if value is not DUPLICATE_KEY and not isinstance(value, Mapping):
        return "is not a mapping"
    # Level by level instead of recursively: a list that holds itself ends at the depth limit, not in a RecursionError.
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for part in level:
            if isinstance(part, str | bytes):
                continue
            if part is DUPLICATE_KEY:
                return "holds a duplicate key"
            if isinstance(part, float) and not math.isfinite(part):
                return "holds NaN or Infinity, which JSON does not allow"
            if isinstance(part, Mapping):
                if not all(isinstance(key, str) for key in part):
                    return "holds a key that is not text"
                below.extend(part.values())
            elif isinstance(part, Sequence | Set):
                below.extend(part)
        if not below:
            return None
        level = below
    return TOO_DEEP


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        # String hashing is seeded per process, and with it the order of a set.
        return sorted(value, key=str)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return list(value)
    return str(value)
