"""What the tests of whole batches share: a task instance, a store of progress, and batches of rejections."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator


class TaskInstance:
    """Stands in for Airflow's task instance where no DAG runs: keeps what a task pushes."""

    def __init__(self, max_tries: int = 0) -> None:
        self.max_tries = max_tries
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = json.loads(json.dumps(value))


class StateStore:
    """Keeps JSON by key, as the task state store of Airflow 3.3 does across the tries of a task.

    :param dies_after: writes after which the worker dies.
    """

    def __init__(self, dies_after: int | None = None) -> None:
        self.values: dict[str, str] = {}
        self.dies_after = dies_after

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any) -> None:
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise SystemExit("killed")
        self.values[key] = json.dumps(value)
        assert len(self.values[key]) < 64 * 1024

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def context(store: StateStore | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"ti": TaskInstance()}
    return made if store is None else {**made, "task_state_store": store}


def applications(emulator, count=10, status="IN_REVIEW"):
    refs = emulator.state.applications(status)[:count]
    assert len(refs) == count
    return [{"candidate_id": ref.candidate_id, "job_id": ref.job_id} for ref in refs]


def reject(items, **arguments):
    return RejectApplicationOperator.bulk(task_id="reject", items=items, **arguments)


def counts(result, *names):
    return tuple(result["counts"][name] for name in names)


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def is_rejected(emulator, item):
    return emulator.state.application(item["candidate_id"], item["job_id"]).status == "REJECTED"
