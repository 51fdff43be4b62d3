"""The file formats of batch items: JSON Lines, a JSON array, and CSV, read as streams.

Each format yields, for every record, where it is, its value, and why it cannot be read. One bad record never ends the
reading: a batch reports all bad items at once.
"""

from __future__ import annotations

import csv
import json
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_smartrecruiters.api.values.arguments import MAX_DEPTH
from airflow_provider_smartrecruiters.operators.common.files import open_stream, refused

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Sequence

JSON_LINES = (".jsonl", ".ndjson")
COMPRESSIONS = (".gz", ".bz2", ".xz")

TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"
DUPLICATE_KEY = object()
"""Stands for a JSON object that has a key twice. Python's parser would silently keep the last of the two values."""

Record = tuple[str, Any, str | None]
"""Where the record is (``line 17``), its value, and why it cannot be read (None if it can)."""

_T = TypeVar("_T")
_MAX_LINE = 2**20
_MAX_ARRAY = 2**24
"""Bytes. A JSON array has to be parsed as a whole, and its items take about six times the memory of its text."""
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"
_SEP = re.compile(r"\ufeff?sep=([,;\t])\s*", re.IGNORECASE)
"""First line with which a CSV file tells Excel its delimiter."""
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
"""A cell that keeps Excel from reading digits as a number, and so from removing leading zeros."""
_GUARDS = ("expect",)
"""Columns whose blank cells are kept: a blank guard is refused, not ignored."""


def number_of(index: int) -> int:
    """Return the number of an item for people, from 1: in the log, in errors, in results rows and in a plan.

    :param index: position among all items, from 0.
    """
    return index + 1


def item_at(index: int) -> str:
    """Return the place of an item in words, where no line of a file is its place: ``item 3``.

    :param index: position among all items, from 0.
    """
    return f"item {number_of(index)}"


def extension_of(name: str, location: str, extensions: Iterable[str], compressions: Sequence[str]) -> str:
    """Return the extension of a file, without the one of its compression.

    :param name: the parameter's name, for the error.
    :param location: the file's path or URI.
    :param extensions: accepted extensions: ``.jsonl``.
    :param compressions: extensions that may follow: ``.gz``.
    :raises InvalidInputError: the file has another extension, or none.
    """
    stem, extension = os.path.splitext(location.lower())
    if extension in compressions:
        extension = os.path.splitext(stem)[1]
    if extension in extensions:
        return extension
    *others, last = compressions
    suffixes = f"{', '.join(others)} or {last}" if others else last
    raise refused(
        name,
        "has an unknown file extension",
        f"Use one of the extensions {', '.join(extensions)} (optionally followed by {suffixes}).",
    )


class JsonLines:
    """The records of a file with one JSON object per line.

    :param name: the parameter that names the file, for the errors.
    :param location: the file's path or URI.
    :param max_line: longest line to read, in bytes.
    """

    def __init__(self, name: str, location: str, *, max_line: int = _MAX_LINE) -> None:
        self._name = name
        self._location = location
        self._max_line = max_line
        self._version: Any = None

    def __iter__(self) -> Iterator[Record]:
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
            # A batch reads its file twice or more: to check all items, to send them, to report the rest. Items are
            # matched by position, so a file that changed in between would report one record under another's name.
            if self._version not in (None, version):
                raise refused(
                    self._name,
                    "names a file that changed while the batch was running",
                    "Rerun the task, and do not change the file while it runs.",
                )
            self._version = version
            if file.peek(2)[:2] in _UTF_16:
                raise refused(
                    self._name,
                    "names a file in UTF-16, which Excel calls Unicode Text",
                    'Save it as UTF-8. In Excel, choose "CSV UTF-8 (comma delimited)" in Save As.',
                )
            yield file


class JsonFile(JsonLines):
    """The records of a file with a JSON array, or with one JSON object per line."""

    def __iter__(self) -> Iterator[Record]:
        # Many tools save JSON Lines as .json. The first character tells the two apart, so that such a file is streamed
        # too and may be larger than an array.
        with self._open() as file:
            is_array = _first_character(file) == b"["
        if not is_array:
            yield from super().__iter__()
            return
        with self._open() as file:
            # One byte more than allowed is enough to know; the size of the file itself may be that of an archive.
            data = file.read(_MAX_ARRAY + 1)
        if len(data) > _MAX_ARRAY:
            raise refused(
                self._name,
                f"names a file with a JSON array of more than {_MAX_ARRAY // 2**20} MiB",
                "Use JSON Lines, which are read one at a time: jq -c '.[]' items.json > items.jsonl",
            )
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise refused(self._name, "names a file that is not UTF-8", "Save it as UTF-8.") from None
        values, problem = _from_json(text)
        # Free both copies before the items are yielded: the generator would hold them until the last one.
        del data, text
        if problem:
            raise refused(
                self._name,
                f"names a file that {problem}",
                "Fix the file, or use JSON Lines, where each bad line is reported.",
            )
        for index, value in enumerate(values):
            yield item_at(index), value, None


class CsvFile(JsonLines):
    """The records of a CSV file: a header and rows of text. Blank cells are omitted, but for those of guards.

    Of Excel's own ways, a first line ``sep=;`` and cells like ``="00123"`` are understood.
    """

    def __iter__(self) -> Iterator[Record]:
        with self._open() as file:
            start = file.peek(_MAX_LINE)
            if b"\r" in start and b"\n" not in start:
                raise refused(
                    self._name,
                    "names a CSV file whose lines end with CR only, as old Macintosh programs wrote them",
                    'Save it with another program. In Excel, choose "CSV UTF-8 (comma delimited)" in Save As.',
                )
            lines = _Lines(file, self._max_line)
            header, delimiter = self._header(lines)
            for number, row, problem in _records(csv.reader(lines, delimiter=delimiter, strict=True), lines):
                cells = row or []
                cells = [_EXCEL_TEXT.sub(r"\1", cell) if _EXCEL_TEXT.fullmatch(cell) else cell for cell in cells]
                given = {
                    name: cell for name, cell in zip(header, cells, strict=False) if cell.strip() or name in _GUARDS
                }
                if not problem:
                    if not any(map(str.strip, cells)):
                        continue
                    if not all(map(is_utf8, cells)):
                        problem = "is not UTF-8"
                    elif len(cells) != len(header):
                        cell_count = f"{len(cells)} cell{'s' if len(cells) > 1 else ''}"
                        problem = f"has {cell_count}, but the header has {len(header)}"
                yield f"line {number}", given, problem

    def _header(self, lines: _Lines) -> tuple[list[str], str]:
        written = ((text or "", problem) for _, text, problem in _records(lines, lines))
        line, problem = next((it for it in written if it[1] or it[0].strip()), ("", "is missing"))
        if sep := _SEP.fullmatch(line):
            line, problem = next((it for it in written if it[1] or it[0].strip()), ("", "is missing"))
        # The header decides the delimiter: parameter names hold none of the three, cells of the rows may.
        delimiter = sep[1] if sep else max(_DELIMITERS, key=line.count)
        header: list[str] = []
        with suppress(csv.Error):
            header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
        if not problem:
            if not header:
                problem = "is not valid CSV or spans several lines"
            elif not is_utf8(line):
                problem = "is not UTF-8"
            elif not all(header):
                problem = "has a column without a name"
            elif len(set(header)) < len(header):
                problem = "repeats a column"
        if problem:
            raise refused(
                self._name,
                f"names a CSV file whose header {problem}",
                "Name each column once in the first line, after parameters of the operator.",
            )
        return header, delimiter


class _BadRecordError(Exception):
    """A record that cannot be read, although the next one can."""


class _Lines:
    """The lines of a file as text, one at a time.

    Bytes that are not UTF-8 become lone surrogates, so that a bad line is found by :func:`is_utf8` and reported,
    instead of ending the iteration with a decoding error.

    :param file: the file to read from.
    :param limit: most bytes of a line, and of all lines of one record.
    """

    def __init__(self, file: io.BufferedReader, limit: int) -> None:
        self.number = 0
        self._file = file
        self._limit = limit
        self._left = limit

    def begin_record(self) -> int:
        """Reset the byte limit, and return the number of the line that the next record begins with."""
        self._left = self._limit
        return self.number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._limit + 1)
        if not line:
            raise StopIteration
        self.number += 1
        # The limit counts per record, not per line: a quotation mark that is never closed makes the CSV reader collect
        # the rest of the file as one cell, however short the lines are.
        self._left -= len(line)
        if self._left < 0:
            # Skip the rest of the line in pieces. Without this, its tail would be read as the next record.
            while line and not line.endswith(b"\n"):
                line = self._file.readline(self._limit)
            raise _BadRecordError(f"is longer than {self._limit:,} bytes")
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
            yield number, None, "is not valid CSV: a quotation mark is misplaced, or a cell is too long"
        else:
            yield number, record, None


def _first_character(file: io.BufferedReader) -> bytes:
    # Bounded, since the first line of a minified array is the whole file.
    while line := file.readline(2**16):
        if text := line.removeprefix(_BOM).strip():
            return text[:1]
    return b""


def _from_json(text: str) -> tuple[Any, str | None]:
    if not is_utf8(text):
        return None, "is not UTF-8"
    text = text.rstrip()
    try:
        return json.loads(text, object_pairs_hook=_unique_keys), None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        return None, f"is not valid JSON ({line}column {error.colno})"
    except RecursionError:
        return None, TOO_DEEP
    except ValueError:
        # Python refuses to parse integers of more than 4,300 digits, since that takes quadratic time.
        return None, "holds a number with too many digits"


def _unique_keys(pairs: list[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    return value if len(value) == len(pairs) else DUPLICATE_KEY


def is_utf8(text: str) -> bool:
    """Return whether text can be encoded, so whether it holds no lone surrogate."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
