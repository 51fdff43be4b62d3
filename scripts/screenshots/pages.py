"""The pages around the runs: DAG list, connection form, Providers page, and a task with its links and its record."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from .tour import HEADER, PREFIX, TABLE

if TYPE_CHECKING:
    from .tour import Tour

PACKAGE = "airflow-provider-smartrecruiters"


def dag_list(tour: Tour) -> None:
    """Take a picture of the list of DAGs."""
    tour.browser.open(f"{tour.airflow.url}/dags")
    cards = "[data-testid=dag-card], [data-testid=card-list] > *, [data-testid=table-list] tbody tr"
    tour.browser.find(cards)
    tour.album.take("dag_list", "[data-testid=main-content]")


def providers(tour: Tour) -> None:
    """Take a picture of the Providers page, and follow this package's links there."""
    tour.browser.open(f"{tour.airflow.url}/providers")
    row = f"{TABLE} tr:has([aria-label='{PACKAGE}'])"
    tour.browser.find(row)
    tour.album.take("providers", f"{TABLE} thead, {row}")


def connection_form(tour: Tour) -> None:
    """Take a picture of the connection form with all its fields."""
    tour.browser.open(f"{tour.airflow.url}/connections")
    tour.browser.click("button[aria-label='Edit Connection']")
    tour.browser.click("[role=dialog] button", "Extra Fields")
    tour.album.take("connection_form", "[role=dialog]", margin=0)


def task(tour: Tour, dag_id: str) -> None:
    """Take pictures of the page of a task that has run, with its links, and of the record that they lead to."""
    run_id = tour.airflow.latest_run(dag_id)
    task_id = tour.airflow.tasks(dag_id, run_id)[0].task_id
    links = tour.airflow.extra_links(dag_id, run_id, task_id)
    tour.browser.open(f"{tour.airflow.url}/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}/details")
    tour.browser.find(f"{HEADER} ~ * table, table")
    missing = [] if links else ["The task offers no link to its record in SmartRecruiters."]
    tour.album.take("task_page", f"{HEADER}, table", [*missing, *_absent(tour, links)])
    if record := next(filter(None, links.values()), None):
        tour.browser.open(record)
        tour.album.take("record", "body")


def _absent(tour: Tour, links: dict[str, str | None]) -> list[str]:
    shown = tour.browser.run("return [...document.links].map(a => a.getAttribute('href'))")
    return [f'The page lacks the link "{name}".' for name, address in links.items() if address and address not in shown]


def all_pages(tour: Tour) -> None:
    """Take all of these pictures, once the examples have run."""
    dag_list(tour)
    providers(tour)
    connection_form(tour)
    task(tour, f"{PREFIX}update_candidate_job_status")
    tour.failed_task()
