"""Whenever a worker dies, every match is there exactly once, and no page that was kept is read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile
from airflow_provider_smartrecruiters.operators.finding.kept import Kept
from airflow_provider_smartrecruiters.operators.finding.parts import PartsInFiles, PartsInStore
from tests.operators.bulk.batches import StateStore

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [[{"job_id": str(number)} for number in range(first, first + 5)] for first in range(0, 40, 4)]
"""Each page repeats the last match of the one before."""
EVERY = [{"job_id": str(number)} for number in range(41)]


def kept(store: Any, path: Path | None, max_tries: int = 1) -> Kept:
    return Kept(store, ResultsFile("results_path", None if path is None else str(path)), "search", max_tries)


def find(store: Any, path: Path | None, read: list[int] | None = None) -> Kept:
    """Search to the end, as a run does."""
    found = kept(store, path)
    found.resume()
    for number in range(found.reached.pages, len(PAGES)):
        if read is not None:
            read.append(number)
        for item in PAGES[number]:
            found.add(item)
        found.reached.pages += 1
        found.reached.finished = number == len(PAGES) - 1
        found.save()
    found.publish()
    return found


@pytest.mark.parametrize("to_file", [True, False])
def test_a_worker_that_dies_at_any_write_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to_file: bool
) -> None:
    # So that parts are full in the middle of a page, at its end, and at the end of all.
    monkeypatch.setattr(PartsInFiles if to_file else PartsInStore, "size", 7)
    for moment in range(40):
        path = tmp_path / f"{moment}.jsonl" if to_file else None
        store, read = StateStore(dies_after=moment), []
        try:
            find(store, path, read)
        except SystemExit:
            store.dies_after = None
            found = find(store, path, read)
            assert found.items == EVERY
            # Of what was read, at most the page that was not kept yet is read again.
            assert len(read) <= len(PAGES) + 1
        else:
            break
        assert path is None or [json.loads(line) for line in path.read_text().splitlines()] == EVERY
        assert list(tmp_path.glob("*.part*")) == []
    else:
        pytest.fail("the search never came to its end")


def test_a_retry_of_a_finished_search_reads_nothing_again(tmp_path: Path) -> None:
    for path in (tmp_path / "found.jsonl", None):
        store, read = StateStore(), []
        find(store, path)
        assert find(store, path, read).items == EVERY
        assert read == []


@pytest.mark.parametrize("spoil", ["remove", "other run", "cut"])
def test_parts_that_are_not_what_was_kept_make_a_retry_start_over(tmp_path: Path, spoil: str) -> None:
    path, store = tmp_path / "found.jsonl", StateStore()
    found = kept(store, path)
    for item in EVERY[:9]:
        found.add(item)
    found.reached.pages = 2
    found.save()
    (part,) = tmp_path.glob("*.part")
    content = part.read_text()
    if spoil == "remove":
        part.unlink()
    else:
        part.write_text(content.replace("search-", "x-") if spoil == "other run" else content[: len(content) // 2])
    again = kept(store, path)
    assert not again.resume()
    assert (again.reached.found, again.reached.pages, again.items) == (0, 0, [])


def test_a_task_that_was_cleared_searches_again(tmp_path: Path) -> None:
    path, store = tmp_path / "found.jsonl", StateStore()
    found = kept(store, path)
    found.add(EVERY[0])
    found.save()
    assert not kept(store, path, max_tries=2).resume()
    # What the abandoned run had is removed.
    assert list(tmp_path.glob("*.part")) == []


def test_long_ids_fill_an_xcom_before_500_matches() -> None:
    found = kept(None, None)
    for number in range(120):
        found.add({"candidate_id": f"{number:0256}", "job_id": "x" * 256})
    assert found.items is None
