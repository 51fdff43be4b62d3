"""Airflow 2.11 with the example DAGs: its forms look different, and are still in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_stack import airflow_environment
from ui import HOST

from airflow_provider_smartrecruiters.connection_form import CONN_TYPE, EXTRA_FIELDS, STANDARD_FIELDS

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


def picture(album: Album, airflow: Airflow, name: str) -> None:
    """Take the picture of the form of a new connection, or of that of an example."""
    if name == "connection_form":
        connection_form(album, airflow)
    else:
        form(album, airflow, name)


def connection_form(album: Album, airflow: Airflow) -> None:
    """Take a picture of the form of a new connection, which must not have a second place for the extra fields."""
    album.browser.open(f"{airflow.url}/connection/add")
    album.browser.find("#model_form")
    album.browser.run("$('#conn_type').val(arguments[0]).trigger('change')", CONN_TYPE)
    labels = [field.label for field in (*EXTRA_FIELDS, *STANDARD_FIELDS) if field.label]
    album.browser.until(lambda: labels[0] in album.browser.find("#model_form").text, "the fields of a connection")
    shown = album.browser.find("#model_form").text
    missing = [f'The field "{label}" is missing.' for label in labels if label not in shown]
    twice = ["The box for all extra fields as JSON is shown."] if album.browser.all("#extra") else []
    album.take("connection_form-2.11", "#model_form", [*missing, *twice])


def form(album: Album, airflow: Airflow, name: str) -> None:
    """Take a picture of one form."""
    album.browser.until(lambda: f"{PREFIX}{name}" in airflow.dags(), f"the DAG {name}")
    page = OldForm(album.browser, airflow.url, f"{PREFIX}{name}")
    page.open()
    album.take(f"{name}-form-2.11", page.root, page.problems(airflow.fields(page.dag_id)))
