"""Airflow's API: what it declares about DAGs, and what became of their runs. For Airflow 3, and for 2.11."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .browser import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

WAITING = "awaiting_input"
SETTLED = {"success", "failed", "skipped", "upstream_failed", "removed"}


@dataclass(frozen=True)
class Field:
    """
    A field that a DAG declares for its trigger form.

    :param name: the param's name.
    :param title: its label.
    :param schema: its JSON schema.
    :param value: the value that the form begins with.
    """

    name: str
    title: str
    schema: dict[str, Any]
    value: Any

    def words(self, value: Any) -> str:
        """Return the text that a drop-down has for a value."""
        words: dict[str, str] = self.schema.get("values_display") or {}
        return words.get(str(value), str(value))

    @property
    def suggested(self) -> Any:
        """The value that the form begins with, or else its first example."""
        examples = self.schema.get("examples") if self.schema.get("type") != "array" else None
        return examples[0] if self.value is None and examples else self.value


@dataclass(frozen=True)
class Task:
    """
    A task of a run.

    :param task_id: its id.
    :param state: its state, in Airflow's word.
    :param operator: the name of its class.
    :param ended: when it ended; empty before that.
    """

    task_id: str
    state: str
    operator: str
    ended: str


@dataclass(frozen=True)
class Airflow:
    """
    The API of a running Airflow.

    :param url: the address of its web interface.
    :param version: of its API: ``v2`` on Airflow 3, ``v1`` on 2.11.
    :param log: the file with what its scheduler says.
    """

    url: str
    version: str
    log: Path

    def get(self, path: str) -> Any:
        """Return what a path answers."""
        with urllib.request.urlopen(f"{self.url}/api/{self.version}{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def dags(self) -> list[str]:
        """Return the ids of all DAGs, sorted."""
        return sorted(dag["dag_id"] for dag in self.get("/dags?limit=100")["dags"])

    def fields(self, dag_id: str) -> list[Field]:
        """Return what a DAG declares for its trigger form, in its order."""
        params = self.get(f"/dags/{dag_id}/details")["params"]
        return [
            Field(name, param["schema"].get("title", name), param["schema"], param.get("value"))
            for name, param in params.items()
        ]

    def state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run."""
        state: str = self.get(f"/dags/{dag_id}/dagRuns/{quote(run_id)}")["state"]
        return state

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """Return the tasks of a run, in the order in which they ended; those that have not come last."""
        found = self.get(f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances")["task_instances"]
        tasks = [Task(t["task_id"], t["state"] or "", t["operator"] or "", t["end_date"] or "") for t in found]
        return sorted(tasks, key=lambda task: (not task.ended, task.ended))

    def asks(self, dag_id: str, run_id: str, task_id: str) -> bool:
        """
        Tell whether a task waits for a person, and may be answered.

        Airflow 3.3 fails a task that is answered before the scheduler has noticed that its process has ended: it takes
        the end for that of the process that goes on with the answer. No person is that fast; a script on a busy machine
        is.
        """
        state = next((task.state for task in self.tasks(dag_id, run_id) if task.task_id == task_id), "")
        noticed = f"TaskInstance Finished: dag_id={dag_id}, task_id={task_id}, run_id={run_id},"
        return state == WAITING and noticed in self.log.read_text(encoding="utf-8", errors="replace")

    def question(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return what a task that waits for a person asks: ``options`` and ``defaults``, among others."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/-1/hitlDetails"
        asked: dict[str, Any] = self.get(path)
        return asked

    def extra_links(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str | None]:
        """Return the links that the operator of a task offers, by their names."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/links"
        found: dict[str, str | None] = self.get(path)["extra_links"]
        return found
