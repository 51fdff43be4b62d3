"""What became of a batch whose worker was killed: the judgement of `make kill-bulk`, which starts nothing itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_REPEATED = 8
"""As many requests as may be in flight at once, so as many items as a killed process can leave in doubt."""

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

    :param items: what stands for each item among the requests.
    :param readable: whether the API tells if an item was applied.
    :param reads_once: whether an item reads its record once only, and no other item does.
    :param kills: in the order of time.
    :param requests: all requests, as the emulator lists them, each with `item`.
    :param ended_wrong: the items that are not where they have to be in the end, by the emulator's records.
    :param writes_again: writes that the same batch sent when it was run once more; None if it was not.
    :param state: of the task in the end.
    :param tries: that the task had.
    :param result: what the task returned, None if nothing.
    :param rows: of the results file.
    :param outlived: for how many seconds task processes went on without their watcher.
    :param writes: how many writes apply an item.
    """

    items: list[str]
    readable: bool
    reads_once: bool
    kills: list[Kill]
    requests: list[dict[str, Any]]
    state: str | None
    tries: int
    result: dict[str, Any] | None
    rows: list[dict[str, Any]]
    outlived: list[float]
    ended_wrong: list[str]
    writes_again: int | None
    writes: int = 1

    def done(self, kill: Kill) -> int:
        """Return how many items were applied before a kill."""
        return sum(entry["applied"] and entry["finished_at"] <= kill.at for entry in self.requests) // self.writes

    def in_flight(self, kill: Kill) -> int:
        """Return how many requests were in flight at a kill."""
        return sum(entry["started_at"] <= kill.at < entry["finished_at"] for entry in self.requests)

    def repeated(self) -> list[Counter[str]]:
        """
        Return for each kill how many requests, by method, were seen again after it and before the next one.

        Without a kill a batch sends no request twice: one read and one write for each item, and what it looks up for
        all items at the start of a try, which is counted as `look-up`. Where items read more than once, or the same
        record, only writes count.
        """
        found: list[Counter[str]] = [Counter() for _ in self.kills]
        for number, entry in self._seen_again():
            found[number][entry["method"] if entry["item"] else LOOK_UP] += 1
        return found

    def repeated_items(self) -> list[int]:
        """Return for each kill how many items have requests among the repeated ones."""
        found: list[set[str]] = [set() for _ in self.kills]
        for number, entry in self._seen_again():
            if entry["item"]:
                found[number].add(entry["item"])
        return [len(items) for items in found]

    def _seen_again(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each request that was sent before, with the number of the kill that it came after."""
        seen = set()
        for entry in sorted(self.requests, key=lambda entry: entry["started_at"]):
            if entry["method"] == "GET" and not self.reads_once:
                continue
            request = (entry["method"], entry["path"], entry["query"], entry["item"])
            before = [number for number, kill in enumerate(self.kills) if kill.at < entry["started_at"]]
            if request in seen and before:
                yield before[-1], entry
            # A refused one was not carried out; it is sent again with and without a kill.
            if entry["status"] != 429:
                seen.add(request)

    def applied(self) -> Counter[str]:
        """Return how often each item was applied: once, if each of its writes was; one write more counts as twice."""
        applied = [entry for entry in self.requests if entry["applied"] and entry["item"]]
        sent = Counter(entry["item"] for entry in applied)
        different = Counter(item for item, *_ in {(entry["item"], entry["method"], entry["path"]) for entry in applied})
        counts = Counter(dict.fromkeys(self.items, 0))
        counts.update({item: sent[item] - self.writes + 1 for item in sent if different[item] >= self.writes})
        return counts


def mistakes(batch: Batch, kills: int) -> list[str]:
    """
    Return what is not as it has to be, in words.

    :param batch: what became of it.
    :param kills: how many there were to be at random moments.
    """
    items, applied = len(batch.items), batch.applied()
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
    expect("items that ended wrong", len(batch.ended_wrong), 0)
    expect("writes of the same batch, run again", batch.writes_again or 0, 0)
    expect("tasks that went on without their watcher", sum(one > LONGEST_OUTLIVED for one in batch.outlived), 0)
    for number, repeated in enumerate(batch.repeated(), 1):
        expect(f"look-ups repeated after kill {number}", max(1, repeated[LOOK_UP]), 1)
    for number, again in enumerate(batch.repeated_items(), 1):
        if again > MOST_REPEATED:
            found.append(f"kill {number}: requests of {again} items repeated, of more than {MOST_REPEATED}")
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
        f"requests: {len(batch.requests)}; repeated: {methods.total()} ({dict(methods)}), of at most "
        f"{max(batch.repeated_items(), default=0)} items after one kill; answers: {dict(statuses)}",
        f"items by how often they were applied: {dict(sorted(counts.items()))}",
        f"task: {batch.state}, {batch.tries} tries; results file: {len(batch.rows)} rows",
        f"tasks whose watcher was killed went on for (seconds): {[round(seconds, 1) for seconds in batch.outlived]}",
        f"items that ended wrong: {len(batch.ended_wrong)}; writes of the same batch, run again: "
        f"{'not run' if batch.writes_again is None else batch.writes_again}",
        "XCom: " + ", ".join(f"{name} {result.get(name)}" for name in names),
    ]


HEAD = "batch            items kills  once twice never wrong again  verdict"


def line(name: str, batch: Batch, found: list[str]) -> str:
    """
    Return the line of a batch in the table of all, below :data:`HEAD`.

    :param name: of the kind of batch.
    :param batch: what became of it.
    :param found: its mistakes.
    """
    applied = list(batch.applied().values())
    twice = sum(count > 1 for count in applied)
    again = "-" if batch.writes_again is None else batch.writes_again
    return (
        f"{name:<16} {len(applied):5} {len(batch.kills):5} {applied.count(1):5} {twice:5} {applied.count(0):5} "
        f"{len(batch.ended_wrong):5} {again:>5}  {'WRONG' if found else 'as it has to be'}"
    )
