"""The way through Airflow: each form with its run and its logs, and the pages around them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import checks
from .forms import Form
from .server import SETTLED, WAITING

if TYPE_CHECKING:
    from local_stack import Emulator

    from .album import Album
    from .server import Airflow, Task

PREFIX = "smartrecruiters_"
HEADER = "[data-testid=header-card]"
LOG = "[data-testid=virtualized-list]"
LOG_WINDOW = "[data-testid=virtual-scroll-container]"
TABLE = "[data-testid=table-list]"

VALUES: dict[str, dict[str, Any]] = {
    # It repeats the examples of one operator, so its run shows their plans.
    "all_operators": {"plan_only": True},
}
"""What is filled in, by DAG and param, where it is not what the form begins with or suggests."""


class Tour:
    """
    The way through one Airflow.

    :param airflow: its API.
    :param stack: the local SmartRecruiters that its connection leads to.
    :param album: where the pictures go.
    """

    def __init__(self, airflow: Airflow, stack: Emulator, album: Album) -> None:
        self.airflow = airflow
        self.stack = stack
        self.album = album
        self.browser = album.browser

    def example(self, dag_id: str) -> None:
        """Fill in a DAG's form, trigger it, answer what it asks, and look at the logs of its tasks."""
        name = dag_id.removeprefix(PREFIX)
        self.stack.reset()
        run_id = self.trigger(dag_id, {"plan_only": False} | VALUES.get(name, {}), picture=f"{name}-form")
        if self.airflow.state(dag_id, run_id) != "success":
            self.album.note(name, ["The run failed with what the form was filled in with."])
        self.logs(name, dag_id, run_id)

    def trigger(self, dag_id: str, values: dict[str, Any], picture: str = "") -> str:
        """
        Fill in a form and trigger it, and return the run's id when it has ended.

        :param values: what is filled in, by param; the others keep what the form begins with or suggests.
        :param picture: its name; without one, the form is neither checked nor kept.
        """
        form = Form(self.browser, self.airflow.url, dag_id)
        fields = self.airflow.fields(dag_id)
        form.open()
        problems = form.problems(fields) if picture else []
        form.fill(fields, values)
        if picture:
            self.album.take(picture, form.root, problems, margin=0)
        run_id = form.submit()
        self._answer_until_done(dag_id, run_id)
        return run_id

    def _answer_until_done(self, dag_id: str, run_id: str) -> None:
        known: list[Task] = []
        while self.airflow.state(dag_id, run_id) not in SETTLED:
            # A long run has as much time as it needs, as long as something happens in it.
            look = partial(self._news, dag_id, run_id, known)
            known = self.browser.until(look, f"progress of the run of {dag_id}")
            for task in known:
                if task.state == WAITING:
                    self.approval(dag_id, run_id, task.task_id)

    def _news(self, dag_id: str, run_id: str, known: list[Task]) -> list[Task] | None:
        tasks = self.airflow.tasks(dag_id, run_id)
        return tasks if tasks != known or self.airflow.state(dag_id, run_id) in SETTLED else None

    def approval(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Take a picture of what a task asks, and give the first answer that is not the one of its timeout."""
        self.browser.until(lambda: self.airflow.asks(dag_id, run_id, task_id), f"the question of {task_id}")
        asked = self.airflow.question(dag_id, run_id, task_id)
        answer = next(option for option in asked["options"] if option not in (asked["defaults"] or ()))
        self.browser.open(f"{self._task(dag_id, run_id, task_id)}/required_actions")
        button = f"[data-testid='hitl-option-{answer}']"
        self.browser.find(button)
        self.album.take(f"{dag_id.removeprefix(PREFIX)}-approval", f"{HEADER}, :has(> div > footer {button})")
        self.browser.click(button)
        self.browser.until(lambda: self._state(dag_id, run_id, task_id) != WAITING, f"the end of {task_id}")

    def _state(self, dag_id: str, run_id: str, task_id: str) -> str:
        return next(t.state for t in self.airflow.tasks(dag_id, run_id) if t.task_id == task_id)

    def _task(self, dag_id: str, run_id: str, task_id: str) -> str:
        return f"{self.airflow.url}/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}"

    def logs(self, name: str, dag_id: str, run_id: str) -> None:
        """Check the logs of all tasks of a run, and take a picture of the last one's."""
        ran = [task for task in self.airflow.tasks(dag_id, run_id) if task.state in ("success", "failed")]
        for task in ran[:-1]:
            self.album.note(f"{name}-log", self._read(dag_id, run_id, task))
        if ran:
            self.album.take(f"{name}-log", f"{HEADER}, {LOG}", self._read(dag_id, run_id, ran[-1]))

    def _read(self, dag_id: str, run_id: str, task: Task) -> list[str]:
        self.browser.open(self._task(dag_id, run_id, task.task_id))
        self.browser.find(f"{LOG} [data-index]")
        self.browser.settle()
        return [f"{task.task_id}: {line}" for line in checks.lines(self.browser, self.browser.find(LOG_WINDOW))]
