"""The file formats of batch items, read through :func:`.source_of` as a batch reads them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.given import Item, source_of
from tests.operators.bulk.sources.reading import JONAS, MARIA, arguments_of, items_of, problems_of, refusal


def _is_plain_cell(text):
    """Return whether a cell is read as it is: not blank, and not of Excel's form for text."""
    return bool(text.strip()) and not (text.startswith('="') and text.endswith('"'))


class TestJsonLines:
    def test_a_bad_line_is_reported_without_its_content_and_the_next_is_read(self, file):
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
            ("line 3", "is not valid JSON (column 26)"),
            ("line 4", "is not a mapping"),
            ("line 5", "is not a mapping"),
            ("line 7", "is not UTF-8"),
            ("line 8", "holds a duplicate key"),
            ("line 9", "holds a duplicate key"),
            ("line 10", "holds NaN or Infinity, which JSON does not allow"),
            ("line 11", "holds NaN or Infinity, which JSON does not allow"),
            ("line 12", "holds NaN or Infinity, which JSON does not allow"),
            ("line 13", "holds a number with too many digits"),
            ("line 14", "is nested more than 100 levels deep"),
            ("line 15", "is nested more than 100 levels deep"),
            ("line 16", "is not valid JSON (column 17)"),
            ("line 17", "is longer than 1,048,576 bytes"),
            ("line 18", "is not valid JSON (column 1)"),
            ("line 19", JONAS),
        ]
        assert [item.index for item in found] == list(range(len(found)))
        assert "secr" not in str([item.problem for item in found])

    def test_the_longest_line(self, file):
        start, end = b'{"a": "', b'"}\n'
        longest = start + b"x" * (2**20 - len(start) - len(end)) + end
        too_long = start + b"x" * (2**20 - len(start) - len(end) + 1) + end
        assert problems_of(file("i.jsonl", longest + too_long + longest)) == [
            ("line 2", "is longer than 1,048,576 bytes")
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
    def test_any_bytes_are_read_or_reported(self, tmp_path, data, ending):
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
            Item(0, "item 1", MARIA),
            Item(1, "item 2", None, "is not a mapping"),
            Item(2, "item 3", JONAS),
        ]

    def test_a_bad_object_is_one_bad_item(self, file):
        assert problems_of(file("i.json", '[{"a": 1}, {"b": 1, "b": 2}, {"c": NaN}]')) == [
            ("item 2", "holds a duplicate key"),
            ("item 3", "holds NaN or Infinity, which JSON does not allow"),
        ]

    def test_a_broken_array_is_refused_as_a_whole(self, file):
        message = refusal(file("i.json", '[{"a": 1},\n {"secret": }]'))
        assert "names a file that is not valid JSON (line 2, column 13)" in message
        assert "secret" not in message
        assert "not UTF-8" in refusal(file("i.json", b'[{"a": "\xe9"}]'))
        assert "nested more than 100 levels deep" in refusal(file("i.json", "[" * 500_000))

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

    def test_a_bad_row_is_reported_without_its_content_and_the_next_is_read(self, file):
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
        quotes = "is not valid CSV: a quotation mark is misplaced, or a cell is too long"
        found = [(item.place, item.problem or item.arguments) for item in source_of("items", path)]
        assert found[:7] == [
            ("line 2", {"candidate_id": "maria", "reason": "a"}),
            ("line 3", "has 1 cell, but the header has 2"),
            ("line 4", "has 3 cells, but the header has 2"),
            ("line 5", "is not UTF-8"),
            ("line 6", quotes),
            ("line 7", quotes),
            ("line 8", quotes),
        ]
        assert found[7] == ("line 9", "is longer than 1,048,576 bytes")
        assert ("line 1110", {"candidate_id": "jonas", "reason": "z"}) in found
        assert found[-1] == ("line 1111", quotes)
        assert "secr" not in str([message for _, message in found if isinstance(message, str)])

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
    def test_utf_16_is_named(self, file, encoding, ending):
        bom = "" if encoding == "utf-16" else "\ufeff"
        message = refusal(file(f"i.{ending}", f"{bom}candidate_id\tjob_id\r\nsecret\tb\r\n".encode(encoding)))
        assert "in UTF-16, which Excel calls Unicode Text" in message
        assert "CSV UTF-8 (comma delimited)" in message

    @pytest.mark.parametrize(("first", "delimiter"), [("sep=;", ";"), ("\ufeffSEP=,", ","), ("sep=\t", "\t")])
    def test_a_line_that_tells_excel_the_delimiter(self, file, first, delimiter):
        text = "\r\n".join([first, delimiter.join(["candidate_id", "reason"]), delimiter.join(["maria", "a"])])
        assert items_of(file("i.csv", text)) == [Item(0, "line 3", {"candidate_id": "maria", "reason": "a"})]

    def test_a_delimiter_line_alone_has_no_header(self, file):
        assert "whose header is missing." in refusal(file("i.csv", "sep=;\r\n"))

    @pytest.mark.parametrize(
        "text", ["candidate_id,reason\rmaria,a\rjonas,b\r", "candidate_id\r" + "maria\r" * 300_000]
    )
    def test_line_ends_of_cr_alone_are_named(self, file, text):
        assert "lines end with CR only" in refusal(file("i.csv", text))

    def test_cells_that_excel_reads_as_text(self, file):
        rows = b'candidate_id;job_id;reason\r\n="00123";"=""0456""";=A1+"x"\r\n=""; ;="b"\r\n'
        assert arguments_of(file("i.csv", rows)) == [
            {"candidate_id": "00123", "job_id": "0456", "reason": '=A1+"x"'},
            {"reason": "b"},
        ]

    def test_a_blank_cell_is_not_given_unless_it_is_a_guard(self, file):
        assert arguments_of(file("i.csv", "job_id,content,expect\n1, ,\n2,x,any\n")) == [
            {"job_id": "1", "expect": ""},
            {"job_id": "2", "content": "x", "expect": "any"},
        ]

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("candidate_id,secret,candidate_id", "repeats a column"),
            ("candidate_id, candidate_id", "repeats a column"),
            ("candidate_id,,secret", "has a column without a name"),
            ("secret,", "has a column without a name"),
            (",,", "has a column without a name"),
            ('"candidate_id,secret', "is not valid CSV or spans several lines"),
            ('"secret\nsecret",b', "is not valid CSV or spans several lines"),
            (b"candidate_id,secr\xe9t", "is not UTF-8"),
            ("secret" * 200_000, "is longer than 1,048,576 bytes"),
        ],
    )
    def test_a_header_that_cannot_be_used(self, file, header, expected):
        newline = "\nmaria,b\n"
        message = refusal(file("i.csv", header + (newline.encode() if isinstance(header, bytes) else newline)))
        assert f"a CSV file whose header {expected}." in message
        assert "secr" not in message

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        # A cell that is blank counts as not given, a NUL is text like any other.
        rows=st.lists(st.tuples(*[st.text(min_size=1, max_size=20).filter(_is_plain_cell)] * 3), max_size=8),
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


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["jsonl", "json.gz", "csv"])
def test_a_big_file_takes_no_memory(tmp_path, ending):
    path = tmp_path / f"big.{ending}"
    with (gzip.open if ending.endswith("gz") else open)(path, "wt") as file:
        if ending == "csv":
            file.write("candidate_id,job_id,reason\n")
        for number in range(20_000):
            values = (f"candidate-{number}", f"job-{number}", "x" * 100)
            if ending == "csv":
                file.write(",".join(values) + "\n")
            else:
                file.write(json.dumps(dict(zip(("candidate_id", "job_id", "reason"), values, strict=True))) + "\n")
    source = source_of("items", path)
    next(iter(source))
    tracemalloc.start()
    try:
        assert sum(len(item.digest()) for item in source) == 320_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
