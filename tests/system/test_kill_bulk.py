"""A batch survives the death of its worker in a real Airflow; and the proof of it fails on what it should not let pass.

The whole proof, 200 items and 20 kills of each kind of batch, is `make kill-bulk`.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ITEMS, KILLS = 60, 4


@pytest.mark.airflow_run
@pytest.mark.timeout(600)
def test_a_killed_batch_is_gone_on_with(tmp_path: Path) -> None:
    if importlib.util.find_spec("airflow.sdk") is None:
        pytest.skip("Airflow keeps the state of a task from 3.3 on")
    command = [sys.executable, str(ROOT / "scripts" / "kill_bulk.py"), "--batch", "position", "--once"]
    command += ["--items", str(ITEMS), "--kills", str(KILLS), "--keep", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    # A position that is created twice is the worst that can happen.
    assert f"items by how often they were applied: {{1: {ITEMS}}}" in done.stdout
    assert "items that ended wrong: 0; " in done.stdout
    for kind in ("task", "worker", "watcher", "end"):
        assert f": {kind}, " in done.stdout


@pytest.fixture
def verdict(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The judgement of the proof, as a module."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import kill_bulk_verdict as module

    yield module
    sys.modules.pop("kill_bulk_verdict", None)


ITEM = "/candidates/c{}/jobs/j"


def request(number: int, at: float, method: str, *, applied: bool = True, status: int = 200) -> dict[str, Any]:
    item = ITEM.format(number)
    return {
        "item": item,
        "method": method,
        "path": item + ("/status" if method == "PUT" else ""),
        "query": "",
        "status": status,
        "started_at": at,
        "finished_at": at + 0.05,
        "applied": applied and method == "PUT",
    }


@pytest.fixture
def good(verdict: Any) -> Any:
    """Ten items, one a second; the worker is killed when the write of the sixth is under way."""
    requests = []
    for number in range(10):
        at = number + (0.0 if number < 6 else 5.0)
        requests += [request(number, at, "GET"), request(number, at + 0.5, "PUT")]
    requests.append(request(5, 10.0, "GET"))
    rows = [{"number": number, "changed": number != 5, "error": None} for number in range(1, 11)]
    result = {"total": 10, "changed": 9, "unchanged": 1, "unknown": 0, "failed": 0, "not_run": 0, "skipped": 0}
    return verdict.Batch(
        items=[ITEM.format(number) for number in range(10)],
        readable=True,
        reads_once=True,
        kills=[verdict.Kill("task", 5.51)],
        requests=requests,
        state="success",
        tries=2,
        result={"counts": result},
        rows=rows,
        outlived=[],
        ended_wrong=[],
        writes_again=0,
    )


def test_a_good_batch(verdict: Any, good: Any) -> None:
    assert verdict.mistakes(good, kills=1) == []
    head, kill, sums, *_ = verdict.table(good)
    assert head.split()[:2] == ["kill", "second"]
    assert kill.split() == ["1", "5.51", "task", "5", "1", "1", "GET", "1"]
    assert sums.startswith("requests: 21; repeated: 1 ({'GET': 1}), of at most 1 items after one kill")


def test_a_write_that_cannot_be_read_may_be_repeated(verdict: Any, good: Any) -> None:
    twice = replace(good, requests=[*good.requests, request(5, 10.2, "PUT")])
    assert verdict.mistakes(twice, kills=1) == ["items applied twice: 1, not 0"]
    assert verdict.mistakes(replace(twice, readable=False), kills=1) == []


def test_an_item_of_two_writes_is_applied_when_both_are(verdict: Any, good: Any) -> None:
    second = [{**one, "path": f"{one['path']}/then"} for one in good.requests if one["method"] == "PUT"]
    both = replace(good, requests=[*good.requests, *second], writes=2)
    assert verdict.mistakes(both, kills=1) == []
    half = replace(both, requests=both.requests[:-1])
    assert verdict.mistakes(half, kills=1) == ["items never applied: 1, not 0"]
    assert verdict.mistakes(replace(half, requests=[*half.requests, request(9, 15, "PUT")]), kills=1) == [
        "items never applied: 1, not 0"
    ]
    assert verdict.mistakes(replace(both, requests=[*both.requests, second[-1]]), kills=1) == [
        "items applied twice: 1, not 0"
    ]


def test_what_was_refused_is_not_repeated(verdict: Any, good: Any) -> None:
    again = [request(8, 13.51 + 0.01 * number, "PUT", applied=False, status=429) for number in range(9)]
    requests = [one for one in good.requests if one["path"] != "/candidates/c8/jobs/j/status"]
    refused = replace(good, requests=[*requests, *again, request(8, 14.0, "PUT")])
    assert verdict.mistakes(refused, kills=1) == []
    assert refused.repeated() == [{"GET": 1}]


def test_reads_of_what_several_items_share_are_not_repeated(verdict: Any, good: Any) -> None:
    again = [request(number, 10.3, "GET") for number in range(9)]
    shared = replace(good, requests=[*good.requests, *again], reads_once=False)
    assert verdict.mistakes(shared, kills=1) == []
    assert shared.repeated() == [{}]


def test_a_line_of_the_table_of_all(verdict: Any, good: Any) -> None:
    line = verdict.line("undo", good, [])
    assert line.split() == ["undo", "10", "1", "10", "0", "0", "0", "0", "as", "it", "has", "to", "be"]
    assert verdict.line("undo", good, ["lost"]).endswith("WRONG")


def broken(name: str, good: Any) -> Any:
    """Return a batch with one thing wrong."""
    result = good.result
    if name == "lost":
        return replace(good, requests=[one for one in good.requests if one["path"] != "/candidates/c7/jobs/j/status"])
    if name == "refused":
        requests = [one | {"applied": False} if "c7" in one["path"] else one for one in good.requests]
        return replace(good, requests=requests)
    if name == "repeated":
        again = [request(number, 10.3, "GET") for number in range(9)]
        return replace(good, requests=[*good.requests, *again])
    if name == "looked up":
        at = [1.0, 9.0, 9.1]
        other = {"path": "/configuration/applications/rejection-reasons", "item": None}
        again = [request(0, one, "GET") | other for one in at]
        return replace(good, requests=[*good.requests, *again])
    if name == "failed":
        return replace(good, state="failed")
    if name == "other death":
        return replace(good, tries=3)
    if name == "no kill":
        return replace(good, kills=[], tries=1)
    if name == "no result":
        return replace(good, result=None)
    if name == "row lost":
        return replace(good, rows=good.rows[:-1])
    if name == "row twice":
        return replace(good, rows=[*good.rows, good.rows[0]])
    if name == "row failed":
        return replace(good, rows=[*good.rows[:-1], good.rows[-1] | {"error": "NotFoundError"}])
    if name == "counts":
        return replace(good, result={"counts": result["counts"] | {"changed": 10}})
    if name == "ended wrong":
        return replace(good, ended_wrong=[ITEM.format(3)])
    if name == "written again":
        return replace(good, writes_again=2)
    assert name == "left behind"
    return replace(good, outlived=[60.0])


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("lost", "items never applied: 1, not 0"),
        ("refused", "items never applied: 1, not 0"),
        ("repeated", "kill 1: requests of 9 items repeated, of more than 8"),
        ("looked up", "look-ups repeated after kill 1: 2, not 1"),
        ("failed", "state of the task: failed, not success"),
        ("other death", "tries of the task: 3, not 2"),
        ("no kill", "kills: 0, not 1"),
        ("no result", "total in XCom: None, not 10"),
        ("row lost", "results file: 9 rows, 9 different numbers, not all 10 in order"),
        ("row twice", "results file: 11 rows, 10 different numbers, not all 10 in order"),
        ("row failed", "failed rows in the results file: 1, not 0"),
        ("counts", "changed in XCom: 10, not 9"),
        ("ended wrong", "items that ended wrong: 1, not 0"),
        ("written again", "writes of the same batch, run again: 2, not 0"),
        ("left behind", "tasks that went on without their watcher: 1, not 0"),
    ],
)
def test_what_counts_as_a_mistake(verdict: Any, good: Any, name: str, mistake: str) -> None:
    assert mistake in verdict.mistakes(broken(name, good), kills=1)
