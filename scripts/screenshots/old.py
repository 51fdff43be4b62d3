"""Airflow 2.11 with the example DAGs: its forms look different, and are still in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_stack import airflow_environment
from ui import HOST

from .forms import OldForm
from .tour import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from .album import Album
    from .server import Airflow

FORMS = ("update_job_position", "reject_stale_applications")
"""The examples whose forms have every kind of field."""

REPORT = "/health"


def environment(home: Path, port: int) -> dict[str, str]:
    """
    Return the environment of a standalone Airflow 2.11 that everybody may use without a login.

    :param home: its AIRFLOW_HOME.
    :param port: port of its web interface.
    """
    (home / "webserver_config.py").write_text('AUTH_ROLE_PUBLIC = "Admin"\nWTF_CSRF_ENABLED = True\n')
    return airflow_environment(home) | {
        "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": HOST,
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(port),
        "AIRFLOW__WEBSERVER__WORKERS": "2",
        "AIRFLOW__WEBSERVER__WARN_DEPLOYMENT_EXPOSURE": "False",
        "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    }


def form(album: Album, airflow: Airflow, name: str) -> None:
    """Take a picture of one form."""
    album.browser.until(lambda: f"{PREFIX}{name}" in airflow.dags(), f"the DAG {name}")
    page = OldForm(album.browser, airflow.url, f"{PREFIX}{name}")
    page.open()
    album.take(f"{name}-form-2.11", page.root, page.problems(airflow.fields(page.dag_id)))
