"""The progress of a batch when the worker or its supervisor dies."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.converge.bulk import Outcome
from airflow_provider_smartrecruiters.operators.bulk.progress import BulkProgress
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

ITEMS = 60


class StateStore:
    """Keeps JSON by key, as Airflow's does."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


class LostStore(StateStore):
    """The store of a task whose supervisor was killed.

    :param error: raised by the task's end of the socket: EOFError on a read, BrokenPipeError on a later write.
    :param after: writes until then.
    """

    def __init__(self, error: type[Exception], after: int) -> None:
        super().__init__()
        self._error, self._after = error, after

    def set(self, key: str, value: Any) -> None:
        self._after -= 1
        if self._after < 0:
            raise self._error("lost")
        super().set(key, value)


class SlowStore(StateStore):
    """Starts another thread while it stores the first value, and takes its time."""

    def __init__(self, meanwhile: threading.Thread) -> None:
        super().__init__()
        self._meanwhile: threading.Thread | None = meanwhile

    def set(self, key: str, value: Any) -> None:
        text = json.dumps(value)
        if meanwhile := self._meanwhile:
            self._meanwhile = None
            meanwhile.start()
            time.sleep(0.2)
        self.values[key] = text


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, latency=0.02)
@pytest.mark.parametrize("read_first", [True, False])
@pytest.mark.parametrize("error", [EOFError, BrokenPipeError])
def test_a_task_whose_supervisor_died_ends(smartrecruiters_emulator, monkeypatch, error, read_first):
    connection = {
        **smartrecruiters_emulator.connection,
        "extra": {"requests_per_second": 0, "max_concurrent": 0},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
    refs = smartrecruiters_emulator.state.applications("IN_REVIEW")[:ITEMS]
    items = [{"candidate_id": ref.candidate_id, "job_id": ref.job_id} for ref in refs]
    assert len(items) == ITEMS
    task = RejectApplicationOperator.bulk(task_id="reject", items=items, read_first=read_first)
    with pytest.raises(error):
        task.execute({"ti": None, "task_state_store": LostStore(error, after=10)})
    # A worker process would end here. In this one, requests in flight get time to arrive.
    time.sleep(0.5)
    assert 5 <= len(smartrecruiters_emulator.journal.writes()) <= 10 + 8


@pytest.mark.parametrize("begins_first", [True, False])
def test_begin_and_record_do_not_overwrite_each_other(begins_first):
    def begin() -> None:
        progress.begin(300)

    def record() -> None:
        progress.record(Outcome(260, changed=True, applied=True))

    first, second = (begin, record) if begins_first else (record, begin)
    meanwhile = threading.Thread(target=second)
    store = SlowStore(meanwhile)
    progress = BulkProgress(store, "batch")
    first()
    meanwhile.join()
    done, begun = BulkProgress(store, "batch").load()
    assert list(done) == [260]
    assert begun > 300
