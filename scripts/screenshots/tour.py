"""The way through Airflow: each form with its run and its logs, and the pages around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import checks
from .forms import Form
from .server import SETTLED

if TYPE_CHECKING:
    from local_stack import Emulator

    from .album import Album
    from .server import Airflow, Task

PREFIX = "smartrecruiters_"
HEADER = "[data-testid=header-card]"
LOG = "[data-testid=virtualized-list]"
LOG_WINDOW = "[data-testid=virtual-scroll-container]"
TABLE = "[data-testid=table-list]"
WAITING = "awaiting_input"
NO_SUCH_JOB = "00000000-0000-4000-8000-000000000000"

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
        run_id = self.form(name, dag_id, {"plan_only": False} | VALUES.get(name, {}))
        self._answer_until_done(name, dag_id, run_id)
        if self.airflow.state(dag_id, run_id) != "success":
            self.album.note(name, ["The run failed with what the form was filled in with."])
        self.logs(name, dag_id, run_id)

    def form(self, name: str, dag_id: str, values: dict[str, Any]) -> str:
        """Fill in a form and trigger it, and return the run's id."""
        form = Form(self.browser, self.airflow.url, dag_id)
        fields = self.airflow.fields(dag_id)
        form.open()
        problems = form.problems(fields)
        form.fill(fields, values)
        self.album.take(f"{name}-form", form.root, problems, margin=0)
        return form.submit()

    def _answer_until_done(self, name: str, dag_id: str, run_id: str) -> None:
        def news() -> str:
            if (state := self.airflow.state(dag_id, run_id)) in SETTLED:
                return state
            return next((t.task_id for t in self.airflow.tasks(dag_id, run_id) if t.state == WAITING), "")

        while (found := self.browser.until(news, f"the end of the run of {dag_id}")) not in SETTLED:
            self.approval(name, dag_id, run_id, found)

    def approval(self, name: str, dag_id: str, run_id: str, task_id: str) -> None:
        """Take a picture of what a task asks, and give the first answer that is not the one of its timeout."""
        asked = self.airflow.question(dag_id, run_id, task_id)
        answer = next(option for option in asked["options"] if option not in (asked["defaults"] or ()))
        self.browser.open(f"{self._task(dag_id, run_id, task_id)}/required_actions")
        button = f"[data-testid='hitl-option-{answer}']"
        self.browser.find(button)
        self.album.take(f"{name}-approval", f"{HEADER}, :has(> div > footer {button})")
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

    def failed_task(self) -> None:
        """Take a picture of the log of a task that fails, since there is no such job."""
        dag_id = f"{PREFIX}update_job_status"
        form = Form(self.browser, self.airflow.url, dag_id)
        form.open()
        form.fill(self.airflow.fields(dag_id), {"job_id": NO_SUCH_JOB})
        run_id = form.submit()
        self.browser.until(lambda: self.airflow.state(dag_id, run_id) in SETTLED, "the end of the failing run")
        self.logs("failed_task", dag_id, run_id)
