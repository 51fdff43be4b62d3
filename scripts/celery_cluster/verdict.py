"""What became of a scene in the cluster, and whether it is as it has to be: starts nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.kill_bulk_verdict import LOOK_UP, MOST_REPEATED, Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIMIT = 10.0
"""Requests that the local SmartRecruiters allows in a second."""
REFUSED = 429
COLUMNS = ("scene", "seconds", "limit used", "429", "lost", "doubled", "repeated", "retry after", "leaks")


@dataclass
class Row:
    """
    What became of a scene; None where it does not apply.

    :param scene: its name.
    :param seconds: that it took.
    :param share: of the rate limit that was used, from the first request to the last response.
    :param refused: requests that were refused with 429.
    :param lost: records that were never written.
    :param doubled: records that were written more than once.
    :param repeated: requests that were sent again after a kill.
    :param retry: seconds from the kill to the first request of the retry.
    :param leaks: canaries that were found where they must not be.
    :param wrong: what is not as it has to be, in words.
    """

    scene: str
    seconds: float = 0.0
    share: float | None = None
    refused: int | None = None
    lost: int | None = None
    doubled: int | None = None
    repeated: int | None = None
    retry: float | None = None
    leaks: int | None = None
    wrong: list[str] = field(default_factory=list)

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.scene,
            f"{self.seconds:.0f}",
            "" if self.share is None else f"{self.share:.1%}",
            *("" if count is None else str(count) for count in (self.refused, self.lost, self.doubled, self.repeated)),
            "" if self.retry is None else f"{self.retry:.1f} s",
            "" if self.leaks is None else str(self.leaks),
        )


@dataclass(frozen=True)
class Target:
    """
    What a scene has to reach. Nothing may be lost, doubled or leaked in any.

    :param share: the least share of the limit.
    :param refused: the most requests that may be refused with 429; None for any number.
    """

    share: float = 0.0
    refused: int | None = 0

    def missed(self, row: Row) -> list[str]:
        """Return what a row misses, in words."""
        found = [f"{name}: {count}" for name in ("lost", "doubled") if (count := getattr(row, name))]
        if row.share is not None and row.share < self.share:
            found.append(f"{row.share:.1%} of the limit, less than {self.share:.0%}")
        if self.refused is not None and (row.refused or 0) > self.refused:
            found.append(f"{row.refused} requests refused with 429, more than {self.refused}")
        if (row.repeated or 0) > MOST_REPEATED:
            found.append(f"{row.repeated} requests repeated, more than {MOST_REPEATED}")
        return found


def share(requests: Iterable[dict[str, Any]]) -> float:
    """
    Return the share of the limit that requests have used, from the first one to the last response.

    At the limit, the last request leaves after all others, and is then answered. Those that were refused count for
    nothing but the time that they took.
    """
    taken = sorted(requests, key=lambda entry: entry["started_at"])
    accepted = [entry for entry in taken if entry["status"] != REFUSED]
    if not accepted:
        return 0.0
    last = max(accepted, key=lambda entry: entry["finished_at"])
    ideal = (len(accepted) - 1) / LIMIT + last["finished_at"] - last["started_at"]
    return ideal / (last["finished_at"] - taken[0]["started_at"])


def rejected(records: Sequence[dict[str, str]], requests: Iterable[dict[str, Any]], **known: Any) -> Batch:
    """
    Return a batch that rejects applications.

    :param records: ids of each.
    :param requests: all requests, as the emulator lists them, those of others included.
    :param known: what is known of its task: ``kills``, ``state``, ``tries``, ``result``, ``rows``.
    """
    items = [f"/candidates/{record['candidate_id']}/jobs/{record['job_id']}" for record in records]
    own = set(items)

    def item(path: str) -> str | None:
        return next((one for one in (path, path.rpartition("/")[0]) if one in own), None)

    unknown: dict[str, Any] = {"kills": [], "state": None, "tries": 1, "result": None, "rows": []}
    known = unknown | {"outlived": [], "ended_wrong": [], "writes_again": None} | known
    marked = [entry | {"item": item(entry["path"])} for entry in requests]
    return Batch(items=items, readable=True, reads_once=True, requests=marked, **known)


def count(row: Row, batches: Sequence[Batch], requests: Iterable[dict[str, Any]]) -> None:
    """Note in a row what became of the records of some batches."""
    applied = [number for batch in batches for number in batch.applied().values()]
    row.lost, row.doubled = applied.count(0), sum(number > 1 for number in applied)
    row.refused = sum(entry["status"] == REFUSED for entry in requests)
    if any(batch.kills for batch in batches):
        row.repeated = sum(again.total() - again[LOOK_UP] for batch in batches for again in batch.repeated())


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table, and what is not as it has to be."""
    cells = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
        for line in cells
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
