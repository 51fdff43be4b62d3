"""The items of a batch: given as a list, as its text, or as the location of a file."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item, source_of
from tests.operators.bulk.sources.reading import JONAS, MARIA, arguments_of, items_of, problems_of, refusal


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
        assert list(source) == [Item(0, "item 1", MARIA), Item(1, "item 2", JONAS)] == list(source)

    def test_no_items(self):
        assert items_of([]) == items_of("[]") == []

    def test_a_lazy_sequence_is_looked_at_once(self):
        lazy = self.Lazy([MARIA, JONAS])
        source = source_of("items", lazy)
        assert [item.arguments for item in source] == [item.arguments for item in source] == [MARIA, JONAS]
        assert lazy.looks <= len(lazy.values) + 1

    @pytest.mark.parametrize("value", [MARIA, MappingProxyType(MARIA), json.dumps(MARIA), f"\n{MARIA}"])
    def test_a_single_mapping_is_refused(self, value):
        assert "Put it in a list" in refusal(value)

    @pytest.mark.parametrize("value", ["", " ", None, 5, True, b"[]", iter([MARIA]), "[{", "[1", "('a'"])
    def test_a_value_that_is_not_a_list(self, value):
        assert "a list of mappings" in refusal(value)

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ("maria", "is not a mapping"),
            (["maria"], "is not a mapping"),
            (None, "is not a mapping"),
            ({1: "maria"}, "holds a key that is not text"),
            ({"job": {"x": [{1: "maria"}]}}, "holds a key that is not text"),
            ({"candidate_id": float("nan")}, "holds NaN or Infinity, which JSON does not allow"),
            ({"job": ({"x": -float("inf")},)}, "holds NaN or Infinity, which JSON does not allow"),
        ],
    )
    def test_a_value_that_is_not_an_item(self, value, problem):
        assert items_of([MARIA, value, JONAS]) == [
            Item(0, "item 1", MARIA),
            Item(1, "item 2", None, problem),
            Item(2, "item 3", JONAS),
        ]

    @pytest.mark.parametrize(
        "value",
        [
            '[{"candidate_id": "secret", "candidate_id": "b"}]',
            "[{'candidate_id': 'secret', 'candidate_id': 'b'}]",
            "({'job': {'x': [{'a': 'secret', 'a': 'b'}]}},)",
        ],
    )
    def test_a_name_that_stands_twice_in_a_text(self, value):
        message = refusal(value)
        assert "holds a mapping with a duplicate key" in message
        assert "secret" not in message

    def test_a_list_that_holds_itself(self):
        endless = {"tags": []}
        endless["tags"].append(endless)
        assert problems_of([endless]) == [("item 1", "is nested more than 100 levels deep")]


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
        broken = "names a compressed file that is truncated, corrupt, or not compressed as its extension says"
        whole = compress(os.urandom(100_000).hex().encode())
        assert broken in refusal(file(f"half.jsonl.{ending}", whole[: len(whole) // 2]))
        assert broken in refusal(file(f"plain.jsonl.{ending}", self.LINES))
        spoilt = whole[:5000] + bytes(1000) + whole[6000:]
        assert broken in refusal(file(f"spoilt.jsonl.{ending}", spoilt))

    @pytest.mark.parametrize(
        "name", ["i", "i.txt", "i.xlsx", "i.gz", "i.zip", "i.jsonl.zip", "i.jsonl.gz.gz", ".jsonl", "None", "jsonl"]
    )
    def test_an_unknown_extension(self, file, name):
        message = refusal(file(name, self.LINES))
        assert ".jsonl, .ndjson, .json, .csv (optionally followed by .gz, .bz2 or .xz)" in message

    @pytest.mark.parametrize("content", ["", "\n\n  \n", "\ufeff"])
    def test_a_file_without_items(self, file, content):
        assert items_of(file("i.jsonl", content)) == items_of(file("i.json", content)) == []
        assert "whose header is missing." in refusal(file("i.csv", content))

    @pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "csv.gz"])
    def test_a_location_that_cannot_be_opened_is_not_repeated(self, tmp_path, ending):
        (tmp_path / f"maria_folder.{ending}").mkdir()
        circle = tmp_path / f"maria_circle.{ending}"
        circle.symlink_to(circle)
        for value, expected in (
            (tmp_path / f"maria.{ending}", "does not exist"),
            (tmp_path / f"maria_folder.{ending}", "a directory or a device"),
            (circle, "names a symbolic link that points back to itself"),
            (f"nosuchstorage://bucket/maria.{ending}", "is not a path or URI that this Airflow can read"),
        ):
            message = refusal(value)
            assert expected in message
            assert "maria" not in message

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
    def test_a_file_that_may_not_be_read(self, file):
        path = file("i.jsonl", self.LINES)
        path.chmod(0)
        assert "the worker may not read" in refusal(path)

    def test_a_file_is_opened_when_its_items_are_iterated(self, tmp_path):
        source = source_of("items", tmp_path / "later.jsonl")
        (tmp_path / "later.jsonl").write_text(self.LINES)
        assert len(list(source)) == 2

    def test_a_file_that_changes_between_two_readings_is_refused(self, file):
        path = file("i.jsonl", self.LINES)
        source = source_of("items", path)
        assert len(list(source)) == 2
        file("i.jsonl", self.LINES + self.LINES)
        with pytest.raises(InvalidInputError, match="items names a file that changed while the batch was running"):
            list(source)


class TestDigest:
    def test_it_depends_on_the_content_alone(self):
        one = Item(0, "item 1", {"a": "1", "b": [1, None]})
        assert len(one.digest()) == 16
        assert one.digest() == Item(7, "line 9", {"b": [1, None], "a": "1"}).digest()
        assert one.digest() != Item(0, "item 1", {"a": "1", "b": [None, 1]}).digest()
        assert one.digest() != Item(0, "item 1", {"a": 1, "b": [1, None]}).digest()

    def test_values_of_an_xcom(self):
        held = {
            "date": date(2026, 1, 2),
            "time": datetime(2026, 1, 2, tzinfo=UTC),
            "amount": Decimal("1.5"),
            "tags": ("a", "b"),
            "view": MappingProxyType({"a": {1, 2}}),
            "text": "\ud800 é",
        }
        assert Item(0, "item 1", held).digest() == Item(0, "item 1", dict(reversed(held.items()))).digest()
        assert Item(0, "item 1", held).digest() != Item(0, "item 1", held | {"date": date(2026, 1, 3)}).digest()

    def test_it_is_the_same_in_every_process(self):
        code = (
            "from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item\n"
            "print(Item(0, '', {'tags': set('abcdefgh'), 'x': {'y': frozenset({'k', 'l', 'm'})}}).digest().hex())\n"
        )
        message = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2", "3")
        }
        assert len(message) == 1
