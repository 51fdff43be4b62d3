from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources import Item, source_of

MARIA, JONAS = {"candidate_id": "maria", "tags": ["a"]}, {"candidate_id": "jonas", "tags": []}


def items_of(value):
    return list(source_of("items", value))


def arguments_of(value):
    return [item.arguments for item in items_of(value)]


def problems_of(value):
    return [(item.place, item.problem) for item in items_of(value) if item.problem]


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(value):
    with pytest.raises(InvalidInputError, match="items") as caught:
        items_of(value)
    assert caught.value.fields == ("items",)
    assert caught.value.hint
    return str(caught.value)


class TestGivenItems:
    class Lazy(Sequence):
        """As the outputs of a mapped task come: each look at an element asks Airflow's database."""

        def __init__(self, values):
            self.values = values
            self.looks = 0

        def __len__(self):
            return len(self.values)

        def __getitem__(self, index):
            self.looks += 1
            return self.values[index]

    @pytest.mark.parametrize(
        "value",
        [
            [MARIA, JONAS],
            (MARIA, JONAS),
            [MappingProxyType(MARIA), JONAS],
            json.dumps([MARIA, JONAS]),
            f" {[MARIA, JONAS]}\n",
            f"{(MARIA, JONAS)}",
        ],
    )
    def test_a_list_or_its_text(self, value):
        source = source_of("items", value)
        assert source.location is None
        assert list(source) == [Item(0, "item 0", MARIA), Item(1, "item 1", JONAS)] == list(source)

    def test_no_items(self):
        assert items_of([]) == items_of("[]") == []

    def test_a_lazy_sequence_is_looked_at_once(self):
        lazy = self.Lazy([MARIA, JONAS])
        source = source_of("items", lazy)
        assert [item.arguments for item in source] == [item.arguments for item in source] == [MARIA, JONAS]
        assert lazy.looks <= len(lazy.values) + 1

    @pytest.mark.parametrize("value", [MARIA, MappingProxyType(MARIA), json.dumps(MARIA), f"\n{MARIA}"])
    def test_a_single_mapping_is_refused(self, value):
        assert "put it in a list" in refusal(value)

    @pytest.mark.parametrize("value", ["", " ", None, 5, True, b"[]", iter([MARIA]), "[{", "[1", "('a'"])
    def test_no_list(self, value):
        assert "a list of mappings" in refusal(value)

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ("maria", "is no mapping"),
            (["maria"], "is no mapping"),
            (None, "is no mapping"),
            ({1: "maria"}, "holds a name that is no text"),
            ({"job": {"x": [{1: "maria"}]}}, "holds a name that is no text"),
            ({"candidate_id": float("nan")}, "holds a number that JSON does not have (NaN or Infinity)"),
            ({"job": ({"x": -float("inf")},)}, "holds a number that JSON does not have (NaN or Infinity)"),
        ],
    )
    def test_what_is_no_item(self, value, problem):
        assert items_of([MARIA, value, JONAS]) == [
            Item(0, "item 0", MARIA),
            Item(1, "item 1", None, problem),
            Item(2, "item 2", JONAS),
        ]

    def test_a_list_that_holds_itself(self):
        endless = {"tags": []}
        endless["tags"].append(endless)
        assert problems_of([endless]) == [("item 0", "is nested more than 100 deep")]


class TestLocation:
    LINES = "".join(json.dumps(item) + "\n" for item in (MARIA, JONAS))

    @pytest.mark.parametrize("name", ["i.jsonl", "i.ndjson", "i.json", "I.JSONL", "a b#c?d.jsonl"])
    def test_a_path_a_path_object_and_text_with_white_space_around(self, file, name):
        path = file(name, self.LINES)
        for value in (path, str(path), f" {path}\n"):
            source = source_of("items", value)
            assert source.location == str(path)
            assert list(source) == [Item(0, "line 1", MARIA), Item(1, "line 2", JONAS)] == list(source)

    def test_a_uri(self, file):
        uri = f"file://{file('i.jsonl', self.LINES)}"
        assert source_of("items", uri).location == uri
        assert arguments_of(uri) == [MARIA, JONAS]

    def test_object_storage(self):
        from airflow.providers.common.compat.sdk import ObjectStoragePath
        from fsspec.implementations.memory import MemoryFileSystem

        try:
            from airflow.sdk.io import attach
        except ImportError:
            from airflow.io.store import attach

        attach(protocol="memory", fs=MemoryFileSystem())
        path = ObjectStoragePath("memory://bucket/item_sources/i.jsonl.gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(self.LINES.encode()))
        source = source_of("items", path)
        assert list(source) == list(source) == items_of(str(path))
        assert [item.arguments for item in source] == [MARIA, JONAS]
        assert "does not exist" in refusal("memory://bucket/item_sources/none.csv")

    @pytest.mark.parametrize(
        ("ending", "compress"),
        [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("GZ", gzip.compress)],
    )
    def test_a_compressed_file(self, file, ending, compress):
        assert arguments_of(file(f"i.jsonl.{ending}", compress(self.LINES.encode()))) == [MARIA, JONAS]
        assert arguments_of(file(f"i.csv.{ending}", compress(b"candidate_id\nmaria\n"))) == [{"candidate_id": "maria"}]
        array = compress(json.dumps([MARIA]).encode())
        assert arguments_of(file(f"i.json.{ending}", array)) == [MARIA]

    @pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress)])
    def test_a_compressed_file_that_is_broken(self, file, ending, compress):
        whole = compress(os.urandom(100_000).hex().encode())
        assert "broken off" in refusal(file(f"half.jsonl.{ending}", whole[: len(whole) // 2]))
        assert "not compressed" in refusal(file(f"plain.jsonl.{ending}", self.LINES))
        spoilt = whole[:5000] + bytes(1000) + whole[6000:]
        assert "broken off" in refusal(file(f"spoilt.jsonl.{ending}", spoilt))

    @pytest.mark.parametrize(
        "name", ["i", "i.txt", "i.xlsx", "i.gz", "i.zip", "i.jsonl.zip", "i.jsonl.gz.gz", ".jsonl", "None", "jsonl"]
    )
    def test_an_ending_that_says_nothing(self, file, name):
        told = refusal(file(name, self.LINES))
        assert ".jsonl, .ndjson, .json, .csv (.gz, .bz2, .xz may follow)" in told

    @pytest.mark.parametrize("content", ["", "\n\n  \n", "\ufeff"])
    def test_a_file_without_items(self, file, content):
        assert items_of(file("i.jsonl", content)) == items_of(file("i.json", content)) == []
        assert "whose header is not there" in refusal(file("i.csv", content))

    @pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "csv.gz"])
    def test_what_cannot_be_opened_is_told_by_the_parameters_name(self, tmp_path, ending):
        (tmp_path / f"maria_folder.{ending}").mkdir()
        circle = tmp_path / f"maria_circle.{ending}"
        circle.symlink_to(circle)
        for value, message in (
            (tmp_path / f"maria.{ending}", "does not exist"),
            (tmp_path / f"maria_folder.{ending}", "a directory or a device"),
            (circle, "leads back to itself"),
            (f"nosuchstorage://bucket/maria.{ending}", "no path or URI that this Airflow can read"),
        ):
            told = refusal(value)
            assert message in told
            assert "maria" not in told

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
    def test_a_file_that_may_not_be_read(self, file):
        path = file("i.jsonl", self.LINES)
        path.chmod(0)
        assert "the worker may not read" in refusal(path)

    def test_a_file_is_looked_at_when_its_items_are_wanted(self, tmp_path):
        source = source_of("items", tmp_path / "later.jsonl")
        (tmp_path / "later.jsonl").write_text(self.LINES)
        assert len(list(source)) == 2

    def test_a_file_that_changes_between_two_readings_is_refused(self, file):
        path = file("i.jsonl", self.LINES)
        source = source_of("items", path)
        assert len(list(source)) == 2
        file("i.jsonl", self.LINES + self.LINES)
        with pytest.raises(InvalidInputError, match="items names a file that has changed since the batch began"):
            list(source)


class TestJsonLines:
    def test_a_bad_line_ends_nothing_and_says_nothing_of_what_it_holds(self, file):
        path = file(
            "i.jsonl",
            b"\xef\xbb\xbf"
            + json.dumps(MARIA).encode()
            + b"\r\n\r\n"
            + b'{"candidate_id": "secret"\n'
            + b'"secret"\n'
            + b'[{"secret": 1}]\n'
            + b"  \t\n"
            + b'{"candidate_id": "secr\xe9t"}\n'
            + b'{"secret": "a", "secret": "b"}\n'
            + b'{"job": [{"secret": "a", "secret": "a"}]}\n'
            + b'{"secret": NaN}\n{"secret": [-Infinity]}\n{"secret": 1e999}\n'
            + b'{"secret": '
            + b"9" * 5000
            + b"}\n"
            + b'{"secret": '
            + b"[" * 101
            + b"]" * 101
            + b"}\n"
            + b"[" * 500_000
            + b"\n"
            + b'{"secret": "a"} {"secret": "b"}\n'
            + b'{"secret": "'
            + b"x" * 2**20
            + b'"}\n'
            + b"secret\x00\n"
            + json.dumps(JONAS).encode(),
        )
        found = items_of(path)
        assert [(item.place, item.problem or item.arguments) for item in found] == [
            ("line 1", MARIA),
            ("line 3", "is no JSON (column 26)"),
            ("line 4", "is no mapping"),
            ("line 5", "is no mapping"),
            ("line 7", "is not UTF-8"),
            ("line 8", "holds a name twice"),
            ("line 9", "holds a name twice"),
            ("line 10", "holds a number that JSON does not have (NaN or Infinity)"),
            ("line 11", "holds a number that JSON does not have (NaN or Infinity)"),
            ("line 12", "holds a number that JSON does not have (NaN or Infinity)"),
            ("line 13", "holds a number of too many digits"),
            ("line 14", "is nested more than 100 deep"),
            ("line 15", "is nested more than 100 deep"),
            ("line 16", "is no JSON (column 17)"),
            ("line 17", "has more than 1,048,576 bytes"),
            ("line 18", "is no JSON (column 1)"),
            ("line 19", JONAS),
        ]
        assert [item.index for item in found] == list(range(len(found)))
        assert "secr" not in str([item.problem for item in found])

    def test_the_longest_line(self, file):
        start, end = b'{"a": "', b'"}\n'
        longest = start + b"x" * (2**20 - len(start) - len(end)) + end
        too_long = start + b"x" * (2**20 - len(start) - len(end) + 1) + end
        assert problems_of(file("i.jsonl", longest + too_long + longest)) == [
            ("line 2", "has more than 1,048,576 bytes")
        ]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        items=st.lists(
            st.dictionaries(
                st.text(),
                st.recursive(
                    st.none()
                    | st.booleans()
                    | st.integers()
                    | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
                    max_leaves=8,
                ),
                max_size=5,
            ),
            max_size=8,
        ),
        ascii_only=st.booleans(),
        newline=st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"]),
        ending=st.sampled_from(["jsonl", "json", "ndjson.gz"]),
    )
    def test_what_was_written_is_read(self, tmp_path, items, ascii_only, newline, ending):
        text = newline.join(json.dumps(item, ensure_ascii=ascii_only) for item in items)
        data = text.encode("utf-8")
        path = tmp_path / f"i.{ending}"
        path.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
        assert arguments_of(path) == items

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.binary(max_size=300), ending=st.sampled_from(["jsonl", "json", "csv"]))
    def test_no_bytes_end_in_anything_but_a_problem(self, tmp_path, data, ending):
        path = tmp_path / f"i.{ending}"
        path.write_bytes(data)
        try:
            found = items_of(path)
        except InvalidInputError:
            return
        assert all((item.arguments is None) == (item.problem is not None) for item in found)


class TestJsonArray:
    def test_its_items(self, file):
        text = "\ufeff\n  " + json.dumps([MARIA, "maria", JONAS], indent=2)
        assert items_of(file("i.json", text)) == [
            Item(0, "item 0", MARIA),
            Item(1, "item 1", None, "is no mapping"),
            Item(2, "item 2", JONAS),
        ]

    def test_a_bad_object_is_an_item_of_its_own(self, file):
        assert problems_of(file("i.json", '[{"a": 1}, {"b": 1, "b": 2}, {"c": NaN}]')) == [
            ("item 1", "holds a name twice"),
            ("item 2", "holds a number that JSON does not have (NaN or Infinity)"),
        ]

    def test_what_is_no_json_is_refused_as_a_whole(self, file):
        told = refusal(file("i.json", '[{"a": 1},\n {"secret": }]'))
        assert "names a file that is no JSON (line 2, column 13)" in told
        assert "secret" not in told
        assert "not UTF-8" in refusal(file("i.json", b'[{"a": "\xe9"}]'))
        assert "nested more than 100 deep" in refusal(file("i.json", "[" * 500_000))

    def test_one_over_the_size_is_refused(self, file):
        item = b'{"a": "' + b"x" * 1000 + b'"}'
        whole = b"[" + b",".join([item] * (2**24 // (len(item) + 1))) + b"]"
        assert len(items_of(file("i.json", whole + b" " * (2**24 - len(whole))))) == whole.count(b"a")
        assert "more than 16 MiB" in refusal(file("i.json", whole + b" " * (2**24 - len(whole) + 1)))


class TestCsv:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    @pytest.mark.parametrize("start", ["", "\ufeff", "\r\n \n"])
    def test_rows(self, file, delimiter, newline, start):
        rows = [
            ["candidate_id", " tags ", "reason"],
            ["maria", '["a", "b; c\td"]', "first\nsecond"],
            ["", "", ""],
            [],
            ["jonas", "", '  say "no"'],
        ]
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(rows)
        assert items_of(file("i.csv", start + text.getvalue())) == [
            Item(
                0,
                f"line {start.count(chr(10)) + 2}",
                {"candidate_id": "maria", "tags": '["a", "b; c\td"]', "reason": "first\nsecond"},
            ),
            # The reason of the row above goes over two lines.
            Item(1, f"line {start.count(chr(10)) + 6}", {"candidate_id": "jonas", "reason": '  say "no"'}),
        ]

    def test_a_single_column(self, file):
        assert arguments_of(file("i.csv", 'candidate_id\nmaria\n"jonas, the second"')) == [
            {"candidate_id": "maria"},
            {"candidate_id": "jonas, the second"},
        ]

    def test_a_header_alone(self, file):
        assert items_of(file("i.csv", "candidate_id,tags\n")) == []

    def test_a_bad_row_ends_nothing_and_says_nothing_of_what_it_holds(self, file):
        path = file(
            "i.csv",
            b"candidate_id,reason\n"
            b"maria,a\n"
            b"secret\n"
            b"secret,b,c\n"
            b"secr\xe9t,b\n"
            b'"secret"x,b\n'
            b"secret\rx,b\n"
            b"secret," + b"x" * 131_073 + b"\n"
            b'secret,"' + (b"x" * 1000 + b'","\n') * 1100 + b'"\n'
            b"jonas,z\n"
            b'secret,"never closed\njonas,y\n',
        )
        quotes = "is no CSV: a quotation mark is out of place, or a cell is too long"
        found = [(item.place, item.problem or item.arguments) for item in source_of("items", path)]
        assert found[:7] == [
            ("line 2", {"candidate_id": "maria", "reason": "a"}),
            ("line 3", "has 1 cells where the header has 2"),
            ("line 4", "has 3 cells where the header has 2"),
            ("line 5", "is not UTF-8"),
            ("line 6", quotes),
            ("line 7", quotes),
            ("line 8", quotes),
        ]
        assert found[7] == ("line 9", "has more than 1,048,576 bytes")
        assert ("line 1110", {"candidate_id": "jonas", "reason": "z"}) in found
        assert found[-1] == ("line 1111", quotes)
        assert "secr" not in str([told for _, told in found if isinstance(told, str)])

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("candidate_id,secret,candidate_id", "names a column twice"),
            ("candidate_id, candidate_id", "names a column twice"),
            ("candidate_id,,secret", "has a column without a name"),
            ("secret,", "has a column without a name"),
            (",,", "has a column without a name"),
            ('"candidate_id,secret', "is no CSV, or goes over several lines"),
            ('"secret\nsecret",b', "is no CSV, or goes over several lines"),
            (b"candidate_id,secr\xe9t", "is not UTF-8"),
            (b"\xff\xfec\0a\0n\0", "is not UTF-8"),
            ("secret" * 200_000, "has more than 1,048,576 bytes"),
        ],
    )
    def test_a_header_that_cannot_be_used(self, file, header, message):
        newline = "\nmaria,b\n"
        told = refusal(file("i.csv", header + (newline.encode() if isinstance(header, bytes) else newline)))
        assert f"a CSV file whose header {message}." in told
        assert "secr" not in told

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        # A cell that is blank counts as not given, a NUL is text like any other.
        rows=st.lists(st.tuples(*[st.text(min_size=1, max_size=20).filter(str.strip)] * 3), max_size=8),
        delimiter=st.sampled_from(",;\t"),
        # With "\n" alone the writer leaves a "\r" unquoted, which is then part of the line's end.
        style=st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\n")]),
    )
    def test_what_was_written_is_read(self, tmp_path, rows, delimiter, style):
        path = tmp_path / "i.csv"
        header = ["candidate_id", "job_id", "reason"]
        quoting, newline = style
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows([header, *rows])
        assert arguments_of(path) == [dict(zip(header, row, strict=True)) for row in rows]


class TestDigest:
    def test_it_stands_for_what_the_item_holds(self):
        one = Item(0, "item 0", {"a": "1", "b": [1, None]})
        assert len(one.digest()) == 16
        assert one.digest() == Item(7, "line 9", {"b": [1, None], "a": "1"}).digest()
        assert one.digest() != Item(0, "item 0", {"a": "1", "b": [None, 1]}).digest()
        assert one.digest() != Item(0, "item 0", {"a": 1, "b": [1, None]}).digest()

    def test_what_an_xcom_may_hold(self):
        held = {
            "date": date(2026, 1, 2),
            "time": datetime(2026, 1, 2, tzinfo=UTC),
            "amount": Decimal("1.5"),
            "tags": ("a", "b"),
            "view": MappingProxyType({"a": {1, 2}}),
            "text": "\ud800 é",
        }
        assert Item(0, "item 0", held).digest() == Item(0, "item 0", dict(reversed(held.items()))).digest()
        assert Item(0, "item 0", held).digest() != Item(0, "item 0", held | {"date": date(2026, 1, 3)}).digest()

    def test_it_is_the_same_in_every_process(self):
        code = (
            "from airflow_provider_smartrecruiters.operators.bulk.sources import Item\n"
            "print(Item(0, '', {'tags': set('abcdefgh'), 'x': {'y': frozenset({'k', 'l', 'm'})}}).digest().hex())\n"
        )
        told = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2", "3")
        }
        assert len(told) == 1


@pytest.mark.parametrize("ending", ["jsonl", "json.gz", "csv"])
def test_a_big_file_takes_no_memory(tmp_path, ending):
    path = tmp_path / f"big.{ending}"
    with (gzip.open if ending.endswith("gz") else open)(path, "wt") as file:
        if ending == "csv":
            file.write("candidate_id,job_id,reason\n")
        for number in range(100_000):
            values = (f"candidate-{number}", f"job-{number}", "x" * 100)
            if ending == "csv":
                file.write(",".join(values) + "\n")
            else:
                file.write(json.dumps(dict(zip(("candidate_id", "job_id", "reason"), values, strict=True))) + "\n")
    source = source_of("items", path)
    next(iter(source))
    tracemalloc.start()
    try:
        assert sum(len(item.digest()) for item in source) == 1_600_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
