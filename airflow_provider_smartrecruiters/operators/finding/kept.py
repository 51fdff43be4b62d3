"""What a search has found so far and where it goes on, so that a retry of the task goes on there (Airflow 3.3)."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.operators.bulk.sources.formats import JsonLines
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile
from airflow_provider_smartrecruiters.operators.bulk.state_store import VALID_FOR, StateStore
from airflow_provider_smartrecruiters.operators.finding.parts import KEY, PartsInFiles, PartsInStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_smartrecruiters.operators.finding.parts import Home, Item

log = logging.getLogger(__name__)

MOST_IN_XCOM = 500
"""Most matches in an XCom: 54 KB, if ids have 36 characters."""
MOST_BYTES = 60_000
"""Most bytes of the matches in an XCom, as JSON. Ids have up to 256 characters."""


@dataclass
class Reached:
    """How far a search is.

    :param now: when it began, ISO 8601.
    :param after: where it goes on; None at the first page.
    :param pages: number of pages read.
    :param read: number of entries read.
    :param undecided: number of entries of which the API does not say whether they match.
    :param found: number of matches.
    :param finished: whether all pages are read.
    :param published: whether the results file is written.
    :param complete: false if ``max_results`` ended the search.
    """

    now: str
    after: Any = None
    pages: int = 0
    read: int = 0
    undecided: int = 0
    found: int = 0
    finished: bool = False
    published: bool = False
    complete: bool = True

    @classmethod
    def at_the_beginning(cls) -> Reached:
        """Return where a search begins: now, at the first page."""
        return cls(datetime.now(UTC).isoformat())


class Kept:
    """The matches of a search, each once: for XCom, for the results file, and for a retry of the task.

    :param store: ``context["task_state_store"]``; None if Airflow has none, and then a retry starts over.
    :param results: the results file; with no location, the matches go to XCom alone.
    :param search: digest of everything that decides what the search finds. Progress of another search is ignored.
    :param max_tries: ``max_tries`` of the task instance. A retry keeps it, clearing the task raises it.
    """

    def __init__(self, store: Any, results: ResultsFile, search: str, max_tries: int | None) -> None:
        self._store = StateStore(store, "may start over")
        self._results = results
        self._search = search
        self._max_tries = max_tries
        self._home: Home = PartsInFiles(results.location) if results.location else PartsInStore(self._store)
        self._begin()

    def _begin(self) -> None:
        self.reached = Reached.at_the_beginning()
        self._run = f"{self._search}-{time.time_ns():x}"
        self._seen: set[bytes] = set()
        self._part: list[Item] = []
        self._unwritten = False
        self._items: list[Item] | None = []
        self._bytes = 2

    @property
    def items(self) -> list[Item] | None:
        """The matches, if they fit into an XCom; else None."""
        return self._items

    def resume(self) -> bool:
        """Go on where an earlier try of this task was.

        :return: whether there was one.
        """
        header = self._store.get(KEY)
        if not isinstance(header, dict):
            return False
        same = [header.get("search"), header.get("max_tries")] == [self._search, self._max_tries]
        # Only for a retry. Somebody who clears a task wants it to search again, and that raises max_tries.
        if same and self._max_tries is not None and time.time() - float(header["at"]) < VALID_FOR:
            self._run, self.reached = header["run"], Reached(**header["reached"])
            if self._restore():
                return True
        self.start_over(parts=-(-int(header.get("reached", {}).get("found", 0)) // self._home.size))
        return False

    def start_over(self, *, parts: int | None = None) -> None:
        """Forget everything, and begin at the first page.

        :param parts: number of parts that may be there; by default those of this search.
        """
        self._delete_parts(self._parts if parts is None else parts)
        self._results.close()
        self._begin()

    def add(self, item: Item, *, restored: bool = False) -> None:
        """Add a match, unless it is there already.

        :param item: ids by argument name.
        :param restored: whether it comes from a part, which then has it.
        """
        key = hashlib.blake2b(json.dumps(list(item.values())).encode(), digest_size=16).digest()
        if key in self._seen:
            return
        self._seen.add(key)
        if self.reached.found and self.reached.found % self._home.size == 0:
            self._write_part()
            self._part = []
        self.reached.found += 1
        self._part.append(item)
        self._unwritten = not restored
        self._show(item)
        self._results.put(self.reached.found, item)

    def save(self) -> None:
        """Keep what is found and where the search goes on. A worker may be killed at any moment of it."""
        if not self._store:
            return
        self._write_part()
        # Last: it says how many matches count. Killed before it, what the part has beyond is cut off.
        self._store.set(
            KEY,
            {
                "search": self._search,
                "max_tries": self._max_tries,
                "run": self._run,
                "at": time.time(),
                "reached": asdict(self.reached),
            },
        )

    def publish(self) -> str | None:
        """Write the results file, unless an earlier try has, and return its location; None if there is none."""
        if self._results.location is None:
            return None
        if not self.reached.published:
            self._results.publish()
            self.reached.published = True
            # Before the parts are removed: a retry then takes the matches from the file.
            self.save()
            self._delete_parts(self._parts)
        return self._results.location

    def discard(self) -> None:
        """Leave nothing behind for a retry, since there will be none that could go on."""
        self._delete_parts(self._parts)
        self._store.delete(KEY)

    @property
    def _parts(self) -> int:
        return -(-self.reached.found // self._home.size)

    def _write_part(self) -> None:
        if self._store and self._unwritten:
            self._home.write(self._parts - 1, self._run, self._part)
        self._unwritten = False

    def _delete_parts(self, count: int) -> None:
        if self._store:
            for number in range(count):
                self._home.delete(number)

    def _show(self, item: Item) -> None:
        if self._items is None:
            return
        self._items.append(item)
        self._bytes += len(json.dumps(item)) + 2
        if len(self._items) > MOST_IN_XCOM or self._bytes > MOST_BYTES:
            self._items = None

    def _restore(self) -> bool:
        """Take the matches from the parts, or from the results file; return whether they are all there."""
        expected, reached = self.reached.found, self.reached
        reached.found = 0
        if reached.published and expected > MOST_IN_XCOM:
            reached.found, self._items = expected, None
            return True
        for item in self._published() if reached.published else self._from_parts(expected):
            self.add(item, restored=True)
        return reached.found == expected

    def _from_parts(self, count: int) -> Iterator[Item]:
        size = self._home.size
        for number in range(-(-count // size)):
            yield from self._home.read(number, self._run)[: min(size, count - number * size)]

    def _published(self) -> Iterator[Item]:
        from airflow_provider_smartrecruiters.exceptions import InvalidInputError

        try:
            for _, item, _ in JsonLines("results_path", str(self._results.location)):
                yield item
        except InvalidInputError:
            return


def digest_of(identity: Mapping[str, Any] | list[Any]) -> str:
    """Return a digest of what decides what a search finds, the same in every process."""
    from airflow_provider_smartrecruiters.operators.bulk.sources.given import canonical

    return hashlib.blake2b(canonical(identity), digest_size=16).hexdigest()
