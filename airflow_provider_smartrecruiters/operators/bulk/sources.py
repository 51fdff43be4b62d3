"""The items of a batch, wherever they come from: a list, its text, or a file that is read as a stream."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_smartrecruiters.api.fields import JSON_MAX_DEPTH
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.files import absolute, open_stream, refused
from airflow_provider_smartrecruiters.operators.params import as_list, is_literal

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator

JSON_LINES = (".jsonl", ".ndjson")
COMPRESSIONS = (".gz", ".bz2", ".xz")

_T = TypeVar("_T")
_MAX_LINE = 2**20
_MAX_ARRAY = 2**24
"""A JSON array has to be held as a whole, and its items take about six times the memory of its text."""
_TOO_DEEP = f"is nested more than {JSON_MAX_DEPTH} deep"
_TWICE = object()
"""Stands for a JSON object that has a name twice: which of the two was meant is anybody's guess."""
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch.

    :param index: place among all, from 0; what could not be read counts as well, a blank line does not.
    :param place: where a person finds it: ``item 3`` of a list (counted as ``index`` is), ``line 17`` of a file as an
        editor counts them, which is where the item begins.
    :param arguments: what it holds; None if it cannot be read.
    :param problem: why it cannot be read, after ``place``: ``is no JSON``. Nothing of what it holds.
    """

    index: int
    place: str
    arguments: dict[str, Any] | None
    problem: str | None = None

    def digest(self) -> bytes:
        """Return 16 bytes that stand for what the item holds, the same in every process."""
        return hashlib.blake2b(canonical(self.arguments), digest_size=16).digest()


def canonical(value: Any) -> bytes:
    """Return a value as JSON that is the same in every process; what JSON does not have becomes text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_jsonable).encode()


def source_of(name: str, value: Any) -> ItemSource:
    """Return the items that a parameter holds.

    :param name: the parameter's name, for the errors.
    :param value: a list of mappings, the text of one (JSON, or Python as Jinja prints it), or the location of a file: a
        path or any URI (or ``ObjectStoragePath``) that Airflow can read, ending in ``.jsonl``, ``.ndjson``, ``.json``
        or ``.csv``, with ``.gz``, ``.bz2`` or ``.xz`` after it where it is compressed.
    :return: the items. A file is looked at when they are iterated, not before.
    :raises InvalidInputError: the value is none of these.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    if isinstance(value, str):
        value = value.strip()
    if isinstance(value, os.PathLike | ObjectStoragePath) or (
        isinstance(value, str) and value and not is_literal(value)
    ):
        location = absolute(name, value)
        ending = ending_of(name, location, _FILES, COMPRESSIONS)
        return _FILES[ending](name, location)
    if isinstance(value, Mapping) or (isinstance(value, str) and value.startswith("{")):
        raise refused(name, "holds a single mapping, not a list", "put it in a list: [{...}].")
    try:
        items = as_list(name, value)
    except InvalidInputError:
        items = None
    if items is None:
        raise refused(
            name,
            "must be a list of mappings, its text, or the location of a file",
            f"look {name} up under Rendered Template of the task and mend its value or template.",
        )
    return _GivenItems(items)


def ending_of(name: str, location: str, endings: Iterable[str], compressions: Sequence[str]) -> str:
    """Return what the name of a file says it holds.

    :param name: the parameter's name, for the error.
    :param location: the file's path or URI.
    :param endings: what is accepted, ``.jsonl``.
    :param compressions: what may follow, ``.gz``.
    :raises InvalidInputError: it ends otherwise.
    """
    stem, ending = os.path.splitext(location.lower())
    if ending in compressions:
        ending = os.path.splitext(stem)[1]
    if ending in endings:
        return ending
    *others, last = compressions
    raise refused(
        name,
        "names a file of a kind that cannot be told from its name",
        f"use a file that ends in {', '.join(endings)} ({', '.join([*others, last])} may follow).",
    )


class ItemSource(ABC):
    """The items of a batch. They can be gone through any number of times.

    :param location: the file's path or URI; None for items that were given as a list.
    """

    def __init__(self, location: str | None) -> None:
        self.location = location

    def __iter__(self) -> Iterator[Item]:
        """Yield the items in their order, those that cannot be read as well.

        :raises InvalidInputError: there is no such file, it cannot be read, or it is not the one any more that was read
            before.
        """
        for index, (place, value, problem) in enumerate(self._read()):
            problem = problem or _problem_of(value)
            yield Item(index, place, None if problem else dict(value), problem)

    @abstractmethod
    def _read(self) -> Iterator[tuple[str, Any, str | None]]:
        """Yield the place of each item, what is there, and why it cannot be read."""


class _GivenItems(ItemSource):
    def __init__(self, items: Sequence[Any]) -> None:
        super().__init__(None)
        self._items = items

    def _read(self) -> Iterator[tuple[str, Any, str | None]]:
        for index, value in enumerate(self._items):
            yield f"item {index}", value, None


class JsonLines(ItemSource):
    """A file with a JSON object in each line.

    :param name: the parameter that names it, for the errors.
    :param location: its path or URI.
    :param max_line: longest line to read, in bytes.
    """

    def __init__(self, name: str, location: str, *, max_line: int = _MAX_LINE) -> None:
        super().__init__(location)
        self._name = name
        self._location = location
        self._max_line = max_line
        self._version: Any = None

    def _read(self) -> Iterator[tuple[str, Any, str | None]]:
        with self._open() as file:
            lines = _Lines(file, self._max_line)
            for number, text, problem in _records(lines, lines):
                if problem:
                    yield f"line {number}", None, problem
                elif text and not text.isspace():
                    yield f"line {number}", *_from_json(text)

    @contextmanager
    def _open(self) -> Iterator[io.BufferedReader]:
        with open_stream(self._name, self._location) as (file, version):
            if self._version not in (None, version):
                raise refused(
                    self._name,
                    "names a file that has changed since the batch began",
                    "leave the file alone while the task runs, then run it again.",
                )
            self._version = version
            yield file


class _JsonFile(JsonLines):
    """A file with a JSON array, or with a JSON object in each line."""

    def _read(self) -> Iterator[tuple[str, Any, str | None]]:
        with self._open() as file:
            is_array = _first_character(file) == b"["
        if not is_array:
            yield from super()._read()
            return
        with self._open() as file:
            data = file.read(_MAX_ARRAY + 1)
        if len(data) > _MAX_ARRAY:
            raise refused(
                self._name,
                f"names a file with a JSON array of more than {_MAX_ARRAY // 2**20} MiB",
                "use JSON lines, which need not be held as a whole: jq -c '.[]' items.json > items.jsonl",
            )
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise refused(self._name, "names a file that is not UTF-8", "save it as UTF-8.") from None
        values, problem = _from_json(text)
        del data, text
        if problem:
            raise refused(
                self._name,
                f"names a file that {problem}",
                "mend it, or use JSON lines, where each bad line is named.",
            )
        for index, value in enumerate(values):
            yield f"item {index}", value, None


class _CsvFile(JsonLines):
    """A file with a header and rows. An empty cell is left out; cells are text."""

    def _read(self) -> Iterator[tuple[str, Any, str | None]]:
        with self._open() as file:
            lines = _Lines(file, self._max_line)
            header, delimiter = self._header(lines)
            for number, row, problem in _records(csv.reader(lines, delimiter=delimiter, strict=True), lines):
                cells = row or []
                given = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
                if not problem:
                    if not any(map(str.strip, cells)):
                        continue
                    if not all(map(_is_utf8, cells)):
                        problem = "is not UTF-8"
                    elif len(cells) != len(header):
                        problem = f"has {len(cells)} cells where the header has {len(header)}"
                yield f"line {number}", given, problem

    def _header(self, lines: _Lines) -> tuple[list[str], str]:
        written = ((text or "", problem) for _, text, problem in _records(lines, lines))
        line, problem = next((it for it in written if it[1] or it[0].strip()), ("", "is not there"))
        delimiter = max(_DELIMITERS, key=line.count)
        header: list[str] = []
        with suppress(csv.Error):
            header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
        if not problem:
            if not header:
                problem = "is no CSV, or goes over several lines"
            elif not _is_utf8(line):
                problem = "is not UTF-8"
            elif not all(header):
                problem = "has a column without a name"
            elif len(set(header)) < len(header):
                problem = "names a column twice"
        if problem:
            raise refused(
                self._name,
                f"names a CSV file whose header {problem}",
                "its first line must name each column once, after parameters of the operator.",
            )
        return header, delimiter


_FILES: dict[str, type[JsonLines]] = {
    **dict.fromkeys(JSON_LINES, JsonLines),
    ".json": _JsonFile,
    ".csv": _CsvFile,
}


class _BadRecordError(Exception):
    """A line that cannot be read; the next one can."""


class _Lines:
    """The lines of a file as text, one at a time. Bytes that are not UTF-8 become lone surrogates.

    :param file: what they are read from.
    :param limit: most bytes of a line, and of all lines of one record.
    """

    def __init__(self, file: io.BufferedReader, limit: int) -> None:
        self.number = 0
        self._file = file
        self._limit = limit
        self._left = limit

    def begin_record(self) -> int:
        """Return the number of the line that the next record begins with."""
        self._left = self._limit
        return self.number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._limit + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._left -= len(line)
        if self._left < 0:
            while line and not line.endswith(b"\n"):
                line = self._file.readline(self._limit)
            raise _BadRecordError(f"has more than {self._limit:,} bytes")
        if self.number == 1:
            line = line.removeprefix(_BOM)
        return line.decode(errors="surrogateescape")


def _records(records: Iterator[_T], lines: _Lines) -> Iterator[tuple[int, _T | None, str | None]]:
    """Yield the number of the line where each record begins, the record, and why it cannot be read."""
    while True:
        number = lines.begin_record()
        try:
            record = next(records)
        except StopIteration:
            return
        except _BadRecordError as error:
            yield number, None, str(error)
        except csv.Error:
            yield number, None, "is no CSV: a quotation mark is out of place, or a cell is too long"
        else:
            yield number, record, None


def _first_character(file: io.BufferedReader) -> bytes:
    while line := file.readline(2**16):
        if text := line.removeprefix(_BOM).strip():
            return text[:1]
    return b""


def _from_json(text: str) -> tuple[Any, str | None]:
    if not _is_utf8(text):
        return None, "is not UTF-8"
    text = text.rstrip()
    try:
        return json.loads(text, object_pairs_hook=_once), None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        return None, f"is no JSON ({line}column {error.colno})"
    except RecursionError:
        return None, _TOO_DEEP
    except ValueError:
        return None, "holds a number of too many digits"


def _once(pairs: list[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    return value if len(value) == len(pairs) else _TWICE


def _problem_of(value: Any) -> str | None:
    if value is not _TWICE and not isinstance(value, Mapping):
        return "is no mapping"
    level = [value]
    for _ in range(JSON_MAX_DEPTH):
        below: list[Any] = []
        for part in level:
            if isinstance(part, str | bytes):
                continue
            if part is _TWICE:
                return "holds a name twice"
            if isinstance(part, float) and not math.isfinite(part):
                return "holds a number that JSON does not have (NaN or Infinity)"
            if isinstance(part, Mapping):
                if not all(isinstance(key, str) for key in part):
                    return "holds a name that is no text"
                below.extend(part.values())
            elif isinstance(part, Sequence | Set):
                below.extend(part)
        if not below:
            return None
        level = below
    return _TOO_DEEP


def _is_utf8(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        # The order of a set differs from process to process.
        return sorted(value, key=str)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return list(value)
    return str(value)
