"""What became of a batch whose worker was killed: the judgement of `make kill-bulk`, which starts nothing itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

MOST_REPEATED = 8
"""As many requests as may be in flight at once, so as many as a killed process can leave in doubt."""

LOOK_UP = "look-up"
LONGEST_OUTLIVED = 10.0
"""Seconds in which a task has to find out that its watcher is gone, and end what is in flight."""


@dataclass(frozen=True)
class Kill:
    """
    One SIGKILL.

    :param kind: what was killed: `task`, the process that runs the operator; `worker`, that and the executor's process
        which watches over it; `watcher`, only the latter, so that the former is left behind; `end`, the task when it
        has returned its result.
    :param at: when, in seconds since the epoch.
    """

    kind: str
    at: float


@dataclass(frozen=True)
class Batch:
    """
    A batch that has ended, as the local SmartRecruiters and Airflow have it.

    :param records: its items, with `candidate_id` and `job_id`.
    :param readable: whether the API tells if an item was applied.
    :param kills: in the order of time.
    :param requests: all requests, as the emulator lists them.
    :param state: of the task in the end.
    :param tries: that the task had.
    :param result: what the task returned, None if nothing.
    :param rows: of the results file.
    :param outlived: for how many seconds task processes went on without their watcher.
    """

    records: list[dict[str, str]]
    readable: bool
    kills: list[Kill]
    requests: list[dict[str, Any]]
    state: str | None
    tries: int
    result: dict[str, Any] | None
    rows: list[dict[str, Any]]
    outlived: list[float]

    def done(self, kill: Kill) -> int:
        """Return how many items were applied before a kill."""
        return sum(entry["applied"] and entry["finished_at"] <= kill.at for entry in self.requests)

    def in_flight(self, kill: Kill) -> int:
        """Return how many requests were in flight at a kill."""
        return sum(entry["started_at"] <= kill.at < entry["finished_at"] for entry in self.requests)

    def repeated(self) -> list[Counter[str]]:
        """
        Return for each kill how many requests, by method, were seen again after it and before the next one.

        Without a kill a batch sends no request twice: one read and one write for each item, and what it looks up for
        all items at the start of a try, which is counted as `look-up`.
        """
        applications = {_path(record) for record in self.records}
        found: list[Counter[str]] = [Counter() for _ in self.kills]
        seen = set()
        for entry in sorted(self.requests, key=lambda entry: entry["started_at"]):
            request = (entry["method"], entry["path"], entry["query"])
            before = [number for number, kill in enumerate(self.kills) if kill.at < entry["started_at"]]
            if request in seen and before:
                of_item = bool(applications & {entry["path"], entry["path"].rpartition("/")[0]})
                found[before[-1]][entry["method"] if of_item else LOOK_UP] += 1
            # A refused one was not carried out; it is sent again with and without a kill.
            if entry["status"] != 429:
                seen.add(request)
        return found

    def applied(self) -> Counter[str]:
        """Return how often each item was applied, by the path of its application."""
        counts = Counter({_path(record): 0 for record in self.records})
        for entry in self.requests:
            application = entry["path"].rpartition("/")[0]
            if entry["applied"] and application in counts:
                counts[application] += 1
        return counts


def _path(record: dict[str, str]) -> str:
    return f"/candidates/{record['candidate_id']}/jobs/{record['job_id']}"


def mistakes(batch: Batch, kills: int) -> list[str]:
    """
    Return what is not as it has to be, in words.

    :param batch: what became of it.
    :param kills: how many there were to be at random moments.
    """
    items, applied = len(batch.records), batch.applied()
    found = []

    def expect(name: str, is_: Any, wanted: Any) -> None:
        if is_ != wanted:
            found.append(f"{name}: {is_}, not {wanted}")

    expect("kills", sum(kill.kind != "end" for kill in batch.kills), kills)
    expect("tries of the task", batch.tries, len(batch.kills) + 1)
    expect("state of the task", batch.state, "success")
    expect("items never applied", sum(not count for count in applied.values()), 0)
    if batch.readable:
        expect("items applied twice", sum(count > 1 for count in applied.values()), 0)
    expect("tasks that went on without their watcher", sum(one > LONGEST_OUTLIVED for one in batch.outlived), 0)
    for number, repeated in enumerate(batch.repeated(), 1):
        expect(f"look-ups repeated after kill {number}", max(1, repeated[LOOK_UP]), 1)
        if (again := repeated.total() - repeated[LOOK_UP]) > MOST_REPEATED:
            found.append(f"kill {number}: {again} requests repeated, more than {MOST_REPEATED}")
    numbers = [row["number"] for row in batch.rows]
    if numbers != list(range(1, items + 1)):
        found.append(
            f"results file: {len(numbers)} rows, {len(set(numbers))} different numbers, not all {items} in order"
        )
    expect("failed rows in the results file", sum(row["error"] is not None for row in batch.rows), 0)
    result = (batch.result or {}).get("counts", {})
    for name, wanted in (("total", items), ("failed", 0), ("not_run", 0), ("skipped", 0)):
        expect(f"{name} in XCom", result.get(name), wanted)
    for name, kind in (("changed", True), ("unchanged", False), ("unknown", None)):
        expect(f"{name} in XCom", result.get(name), sum(row["changed"] is kind for row in batch.rows))
    # What was applied and not written down when the process died is found as it was wanted later.
    unsaid = result.get("unchanged", items)
    if unsaid > MOST_REPEATED * len(batch.kills):
        found.append(f"{unsaid} items reported as unchanged, more than {MOST_REPEATED} for each kill")
    return found


def table(batch: Batch) -> list[str]:
    """
    Return the kills, one line each, and the sums.

    :param batch: what became of it.
    """
    repeated = batch.repeated()
    began = min((entry["started_at"] for entry in batch.requests), default=0.0)
    lines = [f"{'kill':>4}  {'second':>7}  {'killed':<8} {'items done':>10} {'in flight':>10}  repeated after it"]
    for number, (kill, again) in enumerate(zip(batch.kills, repeated, strict=True), 1):
        said = f"{again.total():3}" + "".join(f"  {method} {count}" for method, count in sorted(again.items()))
        where = f"{number:4}  {kill.at - began:7.2f}  {kill.kind:<8}"
        lines.append(f"{where} {batch.done(kill):10} {batch.in_flight(kill):10}  {said}")
    counts = Counter(batch.applied().values())
    statuses = Counter(entry["status"] for entry in batch.requests)
    methods = sum(repeated, Counter[str]())
    result = (batch.result or {}).get("counts", {})
    names = ("total", "changed", "unchanged", "unknown", "failed", "not_run", "applied", "resumed", "tried_again")
    return [
        *lines,
        f"requests: {len(batch.requests)}; repeated: {methods.total()} ({dict(methods)}), at most "
        f"{max((again.total() for again in repeated), default=0)} after one kill; answers: {dict(statuses)}",
        f"items by how often they were applied: {dict(sorted(counts.items()))}",
        f"task: {batch.state}, {batch.tries} tries; results file: {len(batch.rows)} rows",
        f"tasks whose watcher was killed went on for (seconds): {[round(seconds, 1) for seconds in batch.outlived]}",
        "XCom: " + ", ".join(f"{name} {result.get(name)}" for name in names),
    ]
