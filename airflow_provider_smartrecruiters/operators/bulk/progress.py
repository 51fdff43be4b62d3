"""The progress of a batch, kept in Airflow's task state store (3.3 and later), where a retry of the task finds it.

Without a store, a retry starts over at the first item. It reads the finished items, finds them unchanged, and sends
nothing for them.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.converge.bulk import Outcome
from airflow_provider_smartrecruiters.operators.bulk.state_store import VALID_FOR, StateStore

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_KEY = "smartrecruiters_bulk"
_CHUNK = 50
"""Items per value, about 15 KB; Airflow advises at most 64 KB. Every outcome rewrites its chunk, so doubling this
doubles the bytes written per item."""
_AHEAD = 50
"""Items marked as started in advance, so that ``begin`` writes once in 50 items. Doubling it halves these writes, and
doubles the items that a retry has to read although they were never sent."""


class BulkProgress:
    """Reads and writes the progress of one task's batch.

    A header names the batch that the task works on, and how far it has started to send. Chunks hold the outcomes of 50
    items each, in a compact form, with the run that they belong to. None of it is free text.

    :param store: ``context["task_state_store"]``; None if Airflow has none.
    :param batch: digest of the items and the arguments. Progress of another batch is ignored.
    :param max_tries: ``max_tries`` of the task instance. A retry keeps it, clearing the task raises it.
    :raises EOFError, ConnectionError: from every method: the supervisor of the task is dead, so the task has to end.
    """

    def __init__(self, store: Any, batch: str, max_tries: int | None = None) -> None:
        self._store = StateStore(store, "may read finished items again")
        self._batch = batch
        self._max_tries = max_tries
        # Chunks are written one by one and outlive a run that was killed. A run of its own for each fresh start keeps
        # load() from mixing leftovers of an abandoned run into this one; a resumed run goes on under the old name.
        self._run = f"{batch}-{time.time_ns():x}"
        self._begun = 0
        self._last_chunk = -1
        self._chunks: dict[int, dict[int, list[Any]]] = {}
        self._header_lock = threading.Lock()

    def finished(self) -> dict[str, Any] | None:
        """Return the result of an earlier try that finished, but was killed before Airflow recorded its success."""
        if self._max_tries is None:
            return None
        result = self._earlier.get("result")
        return result if isinstance(result, dict) else None

    def load(self) -> tuple[dict[int, Outcome], int]:
        """Return the outcomes of an earlier try by index, and the number of items that it may have started to send."""
        header = self._earlier
        # A header with a result was written by finish(): that run is over, and nothing of it is left to resume.
        if not header or "result" in header:
            return {}, 0
        done: dict[int, Outcome] = {}
        newest = float(header.get("at", 0))
        chunks: dict[int, dict[int, list[Any]]] = {}
        for chunk in range(int(header.get("chunks", 0))):
            value = self._store.get(f"{_KEY}.{chunk}")
            # The header is written before the first row of a chunk, so after a kill in between the chunk is missing or
            # still that of an older run. Its items then count as not done, and are read again.
            if not isinstance(value, dict) or value.get("run") != header["run"]:
                continue
            newest = max(newest, float(value["at"]))
            chunks[chunk] = {int(row[0]): row for row in value["rows"]}
            done |= {index: Outcome.from_values(row) for index, row in chunks[chunk].items()}
        if time.time() - newest > VALID_FOR:
            log.info(
                "An earlier try finished %s items more than 24 hours ago. Starting over, since they may have changed.",
                len(done),
            )
            return {}, 0
        self._run, self._chunks, self._last_chunk = header["run"], chunks, int(header.get("chunks", 0)) - 1
        self._begun = int(header.get("begun", 0))
        return done, self._begun

    def begin(self, index: int) -> None:
        """Record that an item is about to be sent.

        :param index: position of the item.
        """
        # Written before the item is sent. Killed after this line, a retry reads an item that was never sent, which is
        # harmless. Written afterwards, a kill in between would leave a write that nobody knows of, and send it twice.
        if index >= self._begun:
            self._begun = index + _AHEAD
            self._put_header()

    def record(self, outcome: Outcome) -> None:
        """Record the outcome of an item."""
        if not self._store:
            return
        chunk = outcome.index // _CHUNK
        rows = self._chunks.setdefault(chunk, {})
        rows[outcome.index] = outcome.as_values()
        # Header first. load() only looks for the chunks that the header counts, so the other way round a kill between
        # the two writes would hide a chunk that is already stored.
        if chunk > self._last_chunk:
            self._last_chunk = chunk
            self._put_header()
        self._store.set(f"{_KEY}.{chunk}", {"run": self._run, "at": time.time(), "rows": list(rows.values())})

    def finish(self, result: Mapping[str, Any]) -> None:
        """Replace the progress with the result, which a retry of the task returns.

        :param result: return value of the task.
        """
        # Result first, then the chunks. A kill in between leaves chunks that no header refers to, which is harmless.
        # The other way round it would leave a batch that looks unfinished but has lost its outcomes.
        self._store.set(_KEY, {"batch": self._batch, "max_tries": self._max_tries, "result": result})
        for chunk in range(self._last_chunk + 1):
            self._store.delete(f"{_KEY}.{chunk}")

    @cached_property
    def _earlier(self) -> dict[str, Any]:
        """Header that an earlier try of this task wrote for the same batch; empty if there is none."""
        header = self._store.get(_KEY)
        # Only for a retry. Somebody who clears a task wants it to run again from the start, and that raises max_tries.
        same = isinstance(header, dict) and [header.get("batch"), header.get("max_tries")] == [
            self._batch,
            self._max_tries,
        ]
        return header if same else {}

    def _put_header(self) -> None:
        # Worker threads call begin(), the main thread calls record(), and both write the whole header. Without the lock
        # the slower of two writes could store an older `begun` or `chunks` over a newer one.
        with self._header_lock:
            self._store.set(
                _KEY,
                {
                    "batch": self._batch,
                    "max_tries": self._max_tries,
                    "run": self._run,
                    "at": time.time(),
                    "begun": self._begun,
                    "chunks": self._last_chunk + 1,
                },
            )
