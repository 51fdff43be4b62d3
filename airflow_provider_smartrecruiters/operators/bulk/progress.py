"""How far a batch is, kept where a retry of the task finds it: in Airflow's task state store (3.3 and later).

Where there is none, a retry begins at the first item; those that are done already differ in nothing then.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.bulk import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_KEY = "smartrecruiters_bulk"
_CHUNK = 250
"""Items per value: some 20 KB at the worst, where Airflow advises at most 64."""
_AHEAD = 50
_VALID_FOR = 24 * 3600.0
"""Seconds after which progress is too old to rely on: the records may have been changed since."""


class BulkProgress:
    """Reads and writes the progress of one task's batch.

    A value holds the outcomes of 250 items, each as short as can be, and the batch that they belong to. Another value
    says which batch the task is at, and how far it has begun to send. Nothing of it is free text.

    :param store: ``context["task_state_store"]``; None where Airflow has none.
    :param batch: stands for the items and the arguments: progress of other ones is not gone on with.
    :param max_tries: the task's; it stays the same for a retry, and grows when somebody clears the task.
    :raises EOFError, ConnectionError: from every method: the process that watches over the task died, so the task has
        to end.
    """

    def __init__(self, store: Any, batch: str, max_tries: int | None = None) -> None:
        self._store = store
        self._batch = batch
        self._max_tries = max_tries
        self._run = f"{batch}-{time.time_ns():x}"
        self._begun = 0
        self._last_chunk = -1
        self._chunks: dict[int, dict[int, list[Any]]] = {}
        self._complained = False
        self._header_lock = threading.Lock()

    def finished(self) -> dict[str, Any] | None:
        """Return the result of an earlier try that was killed when all was done, but before Airflow knew."""
        if self._max_tries is None or self._earlier.get("max_tries") != self._max_tries:
            return None
        result = self._earlier.get("result")
        return result if isinstance(result, dict) else None

    def load(self) -> tuple[dict[int, Outcome], int]:
        """Return what an earlier try of this task got done, by index, and how many items it may have begun to send."""
        header = self._earlier
        if not header or "result" in header:
            return {}, 0
        done: dict[int, Outcome] = {}
        newest = float(header.get("at", 0))
        chunks: dict[int, dict[int, list[Any]]] = {}
        for chunk in range(int(header.get("chunks", 0))):
            value = self._get(f"{_KEY}.{chunk}")
            if not isinstance(value, dict) or value.get("run") != header["run"]:
                continue
            newest = max(newest, float(value["at"]))
            chunks[chunk] = {int(row[0]): row for row in value["rows"]}
            done |= {index: Outcome.from_values(row) for index, row in chunks[chunk].items()}
        if time.time() - newest > _VALID_FOR:
            log.info("An earlier try got %s items done, too long ago to rely on; all are looked at again.", len(done))
            return {}, 0
        self._run, self._chunks, self._last_chunk = header["run"], chunks, int(header.get("chunks", 0)) - 1
        self._begun = int(header.get("begun", 0))
        return done, self._begun

    def begin(self, index: int) -> None:
        """Note that an item is about to be sent. Written well ahead, so that it seldom costs a call.

        :param index: place of the item.
        """
        if index >= self._begun:
            self._begun = index + _AHEAD
            self._put_header()

    def record(self, outcome: Outcome) -> None:
        """Write down what became of an item."""
        if self._store is None:
            return
        chunk = outcome.index // _CHUNK
        rows = self._chunks.setdefault(chunk, {})
        rows[outcome.index] = outcome.as_values()
        if chunk > self._last_chunk:
            self._last_chunk = chunk
            self._put_header()
        self._put(f"{_KEY}.{chunk}", {"run": self._run, "at": time.time(), "rows": list(rows.values())})

    def finish(self, result: Mapping[str, Any]) -> None:
        """Keep the result alone: a retry of the task returns it, a task that is cleared and run again starts anew.

        :param result: what the task returns.
        """
        self._put(_KEY, {"batch": self._batch, "max_tries": self._max_tries, "result": result})
        for chunk in range(self._last_chunk + 1):
            self._call("delete", f"{_KEY}.{chunk}")

    @cached_property
    def _earlier(self) -> dict[str, Any]:
        """What an earlier try of this task said of the same batch; empty if there was none."""
        header = self._get(_KEY)
        return header if isinstance(header, dict) and header.get("batch") == self._batch else {}

    def _put_header(self) -> None:
        # The threads of the batch tell what they begin, the task's own what is done: neither may take the other's back.
        with self._header_lock:
            self._put(
                _KEY,
                {
                    "batch": self._batch,
                    "run": self._run,
                    "at": time.time(),
                    "begun": self._begun,
                    "chunks": self._last_chunk + 1,
                },
            )

    def _get(self, key: str) -> Any:
        return self._call("get", key)

    def _put(self, key: str, value: Mapping[str, Any]) -> None:
        self._call("set", key, value)

    def _call(self, verb: str, *arguments: Any) -> Any:
        if self._store is None:
            return None
        try:
            return getattr(self._store, verb)(*arguments)
        except (EOFError, ConnectionError):
            # Airflow's process that watches over this one is gone. Nobody takes the result any more, and a retry may
            # send the same items soon.
            raise
        except Exception as error:
            # The records matter more than the notes about them: without these a retry reads more than it had to.
            if not self._complained:
                self._complained = True
                log.warning(
                    "Airflow's task state store failed (%s); a retry of this task may look at items again.",
                    type(error).__name__,
                )
            return None
