from __future__ import annotations

import errno
import gzip
import json
import os
import random
import stat
import subprocess
import sys
import tracemalloc
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile, ResultsRows


def row(number, **values):
    return {
        "number": number,
        "place": f"item {number}",
        "use_case": "reject_an_application",
        "connection": "0" * 16,
        "guards": {},
        "target": {"candidate_id": f"c-{number}", "job_id": "j"},
        "changed": True,
        "applied": True,
        "skipped": False,
        "error": None,
        "status": None,
        "code": None,
        "retryable": False,
        "may_have_been_applied": False,
        "attempts": 1,
        "ms": 105,
    } | values


def published(location, rows):
    with ResultsFile("results_path", location) as results:
        results.prepare()
        for one in rows:
            results.add(one)
        return results.publish()


def refusal(location):
    with (
        ResultsFile("results_path", location) as results,
        pytest.raises(InvalidInputError, match="The parameter results_path ") as caught,
    ):
        results.prepare()
    assert caught.value.fields == ("results_path",)
    assert caught.value.hint
    return str(caught.value)


@pytest.fixture
def bucket():
    """A storage that can be reached only as Airflow reaches it: with what was attached for its scheme."""
    from fsspec.implementations.memory import MemoryFileSystem

    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach

    class Bucket(MemoryFileSystem):
        store: ClassVar[dict] = {}
        pseudo_dirs: ClassVar[list] = [""]

    system = attach(protocol="gs", fs=Bucket()).fs
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


class TestWriting:
    @pytest.mark.parametrize("name", ["r.jsonl", "r.ndjson", "new/folders/r.jsonl"])
    def test_lines_of_json_in_order(self, tmp_path, name):
        rows = [row(1), row(2, error="NotFoundError", status=404, item={"candidate_id": "é"}), row(3)]
        for location in (tmp_path / name, str(tmp_path / name), f" {tmp_path / name}\n"):
            assert published(location, rows) == str(tmp_path / name)
            assert [json.loads(line) for line in (tmp_path / name).read_text().splitlines()] == rows
            assert [path.name for path in (tmp_path / name).parent.iterdir()] == [Path(name).name]

    def test_rows_in_any_order(self, tmp_path):
        rows = [row(index + 1) for index in range(1000)]
        mixed = random.Random(4).sample(rows, len(rows))
        assert list(ResultsRows("retry_from", published(tmp_path / "r.jsonl", mixed))) == rows

    def test_missing_rows_and_repeated_rows(self, tmp_path):
        location = published(tmp_path / "r.jsonl", [row(5, ms=1), row(3), row(5, ms=2)])
        assert list(ResultsRows("retry_from", location)) == [row(3), row(5, ms=2)]

    def test_compressed(self, tmp_path):
        location = published(tmp_path / "r.jsonl.gz", [row(1), row(2)])
        assert gzip.decompress(Path(location).read_bytes()).count(b"\n") == 2
        assert list(ResultsRows("retry_from", location)) == [row(1), row(2)]

    @pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
    def test_no_rows(self, tmp_path, name):
        assert list(ResultsRows("retry_from", published(tmp_path / name, []))) == []

    @pytest.mark.parametrize("location", [None, "", " \n"])
    def test_no_location(self, location):
        assert published(location, [row(1)]) is None

    def test_a_uri(self, tmp_path):
        uri = f"file://{tmp_path}/new/r.jsonl"
        assert published(uri, [row(1)]) == uri
        assert list(ResultsRows("retry_from", uri)) == [row(1)]

    def test_a_relative_path_is_below_the_working_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert published("r.jsonl", [row(1)]) == str(tmp_path / "r.jsonl")
        assert list(ResultsRows("retry_from", "r.jsonl")) == [row(1)]

    def test_a_link_stays_a_link(self, tmp_path):
        (tmp_path / "old.jsonl").write_text("old")
        (tmp_path / "r.jsonl").symlink_to(tmp_path / "old.jsonl")
        published(tmp_path / "r.jsonl", [row(1)])
        assert (tmp_path / "r.jsonl").is_symlink()
        assert list(ResultsRows("retry_from", tmp_path / "old.jsonl")) == [row(1)]

    @pytest.mark.parametrize("name", ["r.jsonl", "r.ndjson.gz"])
    def test_object_storage(self, bucket, name):
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        uri = f"gs://bucket/results/{name}"
        with ResultsFile("results_path", uri) as results:
            results.prepare()
            assert bucket.find("/bucket") == []
            results.add(row(2))
            results.add(row(1))
            assert results.publish() == uri
        assert list(ResultsRows("retry_from", uri)) == [row(1), row(2)]
        published(ObjectStoragePath(uri), [row(1)])
        assert list(ResultsRows("retry_from", ObjectStoragePath(uri))) == [row(1)]

    @pytest.mark.parametrize("scheme", ["", "gs://bucket"])
    def test_earlier_results_stay_until_there_are_new_ones(self, bucket, tmp_path, scheme):
        location = f"{scheme}{tmp_path}/r.jsonl"
        published(location, [row(1), row(2)])
        with ResultsFile("results_path", location) as results:
            results.prepare()
            results.add(row(1, ms=1))
            assert list(ResultsRows("retry_from", location)) == [row(1), row(2)]
            results.publish()
        assert list(ResultsRows("retry_from", location)) == [row(1, ms=1)]

    def test_values_that_json_does_not_have_become_text(self, tmp_path):
        location = published(tmp_path / "r.jsonl", [row(1, item={"starts_on": date(2026, 1, 2), "x": "\ud800"})])
        assert next(iter(ResultsRows("retry_from", location)))["item"] == {"starts_on": "2026-01-02", "x": "\ud800"}

    def test_the_longest_item_can_be_read_back(self, tmp_path):
        long = row(1, item={"reason_id": "é" * (2**20 // 2 - 100)})
        assert list(ResultsRows("retry_from", published(tmp_path / "r.jsonl", [long]))) == [long]

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        items=st.lists(
            st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=3), max_size=6
        ),
        order=st.randoms(use_true_random=False),
        ending=st.sampled_from(["jsonl", "ndjson.gz"]),
    )
    def test_what_was_written_is_read(self, tmp_path, items, order, ending):
        rows = [row(index + 1, item=item) for index, item in enumerate(items)]
        mixed = order.sample(rows, len(rows))
        assert list(ResultsRows("retry_from", published(tmp_path / f"r.{ending}", mixed))) == rows


class TestPreparing:
    def test_a_local_file_does_not_exist_before_it_is_complete(self, tmp_path):
        with ResultsFile("results_path", tmp_path / "new" / "r.jsonl") as results:
            results.prepare()
            results.add(row(1))
            assert list((tmp_path / "new").iterdir()) == []

    @pytest.mark.parametrize("name", ["r", "r.json", "r.csv", "r.jsonl.bz2", "None", "r.jsonl.gz.gz"])
    def test_an_unknown_extension(self, tmp_path, name):
        message = refusal(f"{tmp_path}/{name}")
        assert ".jsonl, .ndjson (optionally followed by .gz)" in message

    def test_what_cannot_be_written(self, tmp_path):
        (tmp_path / "maria.jsonl").mkdir()
        (tmp_path / "maria").write_text("")
        os.mkfifo(tmp_path / "maria_pipe.jsonl")
        for location, expected in (
            (tmp_path / "maria.jsonl", "a directory or a device"),
            (tmp_path / "maria_pipe.jsonl", "a directory or a device"),
            (tmp_path / "maria" / "r.jsonl", "does not exist or cannot be created"),
            (tmp_path / "maria" / "below" / "r.jsonl", "does not exist or cannot be created"),
            ("nosuchstorage://maria/r.jsonl", "is not a path or URI that this Airflow can read"),
            (5, "does not name a file"),
        ):
            message = refusal(location)
            assert expected in message
            assert "maria" not in message

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written_to(self, tmp_path):
        tmp_path.chmod(0o500)
        assert "in a place where the worker may not write" in refusal(tmp_path / "r.jsonl")

    @pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a file system where nothing can be made")
    def test_a_file_system_that_takes_no_files(self):
        assert "Nothing was sent" in refusal("/proc/r.jsonl")

    def test_object_storage_that_cannot_be_written(self, bucket):
        bucket.pipe_file("/bucket/file", b"")
        assert "does not exist or cannot be created" in refusal("gs://bucket/file/r.jsonl")
        bucket.makedirs("/bucket/folder.jsonl")
        assert "a directory or a device" in refusal("gs://bucket/folder.jsonl")

    def test_a_transient_error_is_left_for_airflow_to_retry(self, bucket, monkeypatch):
        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(bucket, "pipe_file", full)
        with (
            ResultsFile("results_path", "gs://bucket/r.jsonl") as results,
            pytest.raises(OSError, match="No space"),
        ):
            results.prepare()


class TestPublishing:
    def test_it_can_be_tried_again(self, tmp_path):
        folder = tmp_path / "results"
        with ResultsFile("results_path", folder / "r.jsonl") as results:
            results.prepare()
            results.add(row(2))
            folder.rmdir()
            with pytest.raises(FileNotFoundError):
                results.publish()
            results.add(row(1))
            folder.mkdir()
            results.publish()
            results.add(row(3))
            results.publish()
        assert list(ResultsRows("retry_from", folder / "r.jsonl")) == [row(1), row(2), row(3)]

    @pytest.mark.slow
    @pytest.mark.parametrize("limit", [1000, 20_000])
    def test_a_disk_that_is_full_leaves_what_was_there(self, tmp_path, limit):
        """A real limit of the system, in a process of its own, as it counts for whatever that writes."""
        location = published(tmp_path / "r.jsonl", [row(1)])
        code = (
            "import resource, signal, sys\n"
            "from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile\n"
            "with ResultsFile('results_path', sys.argv[1]) as results:\n"
            "    results.prepare()\n"
            "    for index in range(1000):\n"
            "        results.add({'number': index + 1, 'target': {'job_id': 'x' * 500}})\n"
            "    results._spool.flush()\n"
            "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
            "    try:\n"
            "        results.publish()\n"
            "    except OSError as error:\n"
            "        print(error.strerror)\n"
        )
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, location, str(limit)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "File too large" in run.stdout
        assert list(ResultsRows("retry_from", location)) == [row(1)]
        assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]

    def test_a_failed_upload_keeps_the_earlier_results(self, bucket, monkeypatch):
        published("gs://bucket/r.jsonl", [row(1)])
        with ResultsFile("results_path", "gs://bucket/r.jsonl") as results:
            results.add(row(1, ms=1))
            monkeypatch.setattr(bucket, "put_file", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                results.publish()
            assert list(ResultsRows("retry_from", "gs://bucket/r.jsonl")) == [row(1)]
            monkeypatch.undo()
            results.publish()
        assert list(ResultsRows("retry_from", "gs://bucket/r.jsonl")) == [row(1, ms=1)]

    def test_the_spool_is_private_and_leaves_nothing_behind(self, tmp_path, monkeypatch):
        spools = tmp_path / "spools"
        spools.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(spools))
        with ResultsFile("results_path", tmp_path / "r.jsonl") as results:
            results.add(row(1))
            status = os.fstat(results._spool.fileno())
            assert stat.S_IMODE(status.st_mode) == 0o600
            assert status.st_nlink == 0
            assert list(spools.iterdir()) == []
        assert not (tmp_path / "r.jsonl").exists()


class TestReading:
    @pytest.mark.parametrize(
        "line",
        [
            "secret",
            '["secret"]',
            "{}",
            '{"candidate_id": "secret"}',
            json.dumps(row("1")),
            json.dumps(row(True)),
            json.dumps(row(0)),
            json.dumps(row(2, target="secret")),
            json.dumps(row(2, target={"candidate_id": None})),
            json.dumps(row(2, error=5)),
            json.dumps(row(2, retryable="no")),
            json.dumps(row(2, item="secret")),
            json.dumps(row(2, withheld="tags")),
            json.dumps({name: value for name, value in row(2).items() if name != "error"}),
            json.dumps({name: value for name, value in row(2).items() if name != "retryable"}),
            json.dumps({name: value for name, value in row(2).items() if name != "guards"}),
            json.dumps(row(2, source_number=0)),
        ],
    )
    def test_a_line_that_is_not_a_row_is_named(self, tmp_path, line):
        path = tmp_path / "r.jsonl"
        path.write_text(f"{json.dumps(row(1))}\n\n{line}\n")
        rows = iter(ResultsRows("retry_from", path))
        assert next(rows) == row(1)
        with pytest.raises(
            InvalidInputError, match="retry_from names a file whose line 3 is not a row of a results file"
        ) as caught:
            next(rows)
        assert caught.value.fields == ("retry_from",)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("location", "message"),
        [
            ("{}/none.jsonl", "does not exist"),
            ("{}/none.csv", ".jsonl, .ndjson (optionally followed by .gz)"),
            ("{}", "has an unknown file extension"),
            ("", "does not name a file"),
            (None, "does not name a file"),
        ],
    )
    def test_a_location_that_is_not_a_results_file(self, tmp_path, location, message):
        with pytest.raises(InvalidInputError, match="retry_from") as caught:
            list(ResultsRows("retry_from", location.format(tmp_path) if location else location))
        assert message in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_many_rows_take_no_memory(tmp_path, ending):
    published(tmp_path / f"warm.{ending}", [row(1)])
    tracemalloc.start()
    try:
        with ResultsFile("results_path", tmp_path / f"r.{ending}") as results:
            results.prepare()
            # The worst order: nothing can leave before the last row is there.
            for index in reversed(range(20_000)):
                results.add(row(index + 1))
            location = results.publish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
    assert sum(1 for _ in ResultsRows("retry_from", location)) == 20_000
