"""The pages around the runs: DAG list, connection form, Providers page, and a task with its links and its record."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from local_stack import CONN_ID

from airflow_provider_smartrecruiters.connection_form import EXTRA_FIELDS

from . import checks
from .forms import ConnectionForm
from .tour import HEADER, PREFIX, TABLE

if TYPE_CHECKING:
    from collections.abc import Collection

    from .tour import Tour

NO_SUCH_JOB = "00000000-0000-4000-8000-000000000000"
PACKAGE = "airflow-provider-smartrecruiters"
SAMPLE = f"{PREFIX}update_candidate_job_status"
"""The example whose task is shown: it changes an application, so it has a candidate and a job to link to."""


_ENLARGE = """
const box = [arguments[0], ...arguments[0].querySelectorAll('*')].find((e) => getComputedStyle(e).resize !== 'none');
Object.assign(box.style, {width: '800px', height: '2000px', maxHeight: 'none', maxWidth: 'none'});
const ends = [...box.querySelectorAll('p, li, pre')].map((e) => e.getBoundingClientRect().bottom);
box.style.height = `${Math.max(...ends) - box.getBoundingClientRect().top + 24}px`;
"""


def dag_list(tour: Tour) -> None:
    """Take a picture of the list of DAGs, in its short form."""
    tour.browser.open(f"{tour.airflow.url}/dags")
    tour.browser.click("button[aria-label='Show table view']")
    tour.album.take("dag_list", TABLE)


def providers(tour: Tour) -> None:
    """Take a picture of the Providers page, and follow this package's links there."""
    tour.browser.open(f"{tour.airflow.url}/providers")
    row = f"{TABLE} tr:has([aria-label='{PACKAGE}'])"
    tour.browser.find(row)
    tour.album.take("providers", f"{TABLE} thead, {row}")


def connection_form(tour: Tour) -> None:
    """Take pictures of the form of a new connection: its standard fields, and those of SmartRecruiters."""
    form = ConnectionForm(tour.browser, tour.airflow.url)
    form.open()
    form.fill({"connection_id": CONN_ID})
    tour.album.take("connection_form", form.root, margin=0)
    form.open_extra_fields()
    missing = [f'The field "{field.label}" is missing.' for field in EXTRA_FIELDS if field.label not in form.text]
    tour.album.take("connection_form_extra", form.root, missing, margin=0)


def task_page(tour: Tour, dag_id: str = SAMPLE) -> None:
    """Take pictures of the page of a task that has run, with its links, and of the record that they lead to."""
    # Run anew, so that the record shows what the task has changed.
    tour.stack.reset()
    run_id = tour.trigger(dag_id, {"plan_only": False})
    task_id = tour.airflow.tasks(dag_id, run_id)[0].task_id
    links = tour.airflow.extra_links(dag_id, run_id, task_id)
    tour.browser.open(f"{tour.airflow.url}/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}/details")
    tour.browser.find("table")
    tour.browser.settle()
    missing = [] if links else ["The task offers no link to its record in SmartRecruiters."]
    broken = [sentence for address in links.values() if address and (sentence := checks.link(address))]
    shown = ", ".join(f"a[href='{address}']" for address in links.values() if address) or "table"
    tour.album.take("task_page", f"{HEADER}, {shown}", [*missing, *_absent(tour, links), *broken])
    if record := next(filter(None, links.values()), None):
        tour.browser.open(record)
        tour.album.take("record", "body")


def task_docs(tour: Tour, dag_id: str = SAMPLE) -> None:
    """Take a picture of the documentation that a task's page opens, if its operator has some."""
    (task_id,) = (task["task_id"] for task in tour.airflow.get(f"/dags/{dag_id}/tasks")["tasks"])
    if not tour.airflow.get(f"/dags/{dag_id}/tasks/{task_id}")["doc_md"]:
        tour.album.note("task_docs", [f"The operator of {task_id} has no documentation in Airflow."])
        return
    tour.browser.open(f"{tour.airflow.url}/dags/{dag_id}/tasks/{task_id}")
    tour.browser.click("button[aria-label='Documentation']")
    tour.browser.settle()
    # As by dragging its corner, until all of it can be seen.
    tour.browser.run(_ENLARGE, tour.browser.find("[role=dialog]"))
    tour.album.take("task_docs", "[role=dialog]", margin=0)


def _absent(tour: Tour, links: dict[str, str | None]) -> list[str]:
    shown = tour.browser.run("return [...document.links].map(a => a.getAttribute('href'))")
    return [f'The page lacks the link "{name}".' for name, address in links.items() if address and address not in shown]


def failed_task(tour: Tour) -> None:
    """Take a picture of the log of a task that fails, since there is no such job."""
    run_id = tour.trigger(f"{PREFIX}update_job_status", {"job_id": NO_SUCH_JOB})
    tour.logs("failed_task", f"{PREFIX}update_job_status", run_id)


PAGES = (dag_list, providers, connection_form, task_page, task_docs, failed_task)


def some(tour: Tour, only: Collection[str]) -> None:
    """Take the pictures of the pages with these names, or of all pages."""
    for take in PAGES:
        if not only or take.__name__ in only:
            with tour.album.attempt(take.__name__):
                take(tour)
