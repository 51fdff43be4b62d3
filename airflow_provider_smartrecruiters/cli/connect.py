"""The client of a connection, for a process that is no task."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient

DEFAULT_CONN_ID = "smartrecruiters_default"


def add_conn_id(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``--conn-id`` to a parser."""
    parser.add_argument(
        "--conn-id", default=DEFAULT_CONN_ID, help="id of the Airflow connection (default: %(default)s)"
    )


def client_of(conn_id: str) -> SmartRecruitersClient:
    """Return the client of an Airflow connection: from a secrets backend, the environment or the metadata database.

    :param conn_id: id of the connection.
    :raises ConfigurationError: the connection does not exist or cannot be looked up, or has an unusable value.
    """
    # Without it, the Task SDK expects a supervisor that looks connections up, and finds none in the database. Airflow's
    # own `airflow connections test` does the same.
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    # Airflow 2.11 logs the look-up to standard output, and other versions log while they are imported. A result in JSON
    # has to stand alone there.
    with contextlib.redirect_stdout(sys.stderr):
        return _looked_up(conn_id)


def _looked_up(conn_id: str) -> SmartRecruitersClient:
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

    try:
        return SmartRecruitersHook(smartrecruiters_conn_id=conn_id).get_conn()
    except SmartRecruitersError:
        raise
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"The connection {conn_id} does not exist.",
            hint=f"Run `airflow connections list`, or give another one with --conn-id. The variable "
            f"AIRFLOW_CONN_{conn_id.upper()} can hold a connection as well.",
        ) from None
    except Exception as error:
        # Not chained: an error of a database or a secrets backend may have the address with its password in it.
        raise ConfigurationError(
            f"Airflow could not look up the connection {conn_id} ({type(error).__name__}).",
            hint="Check that `airflow connections list` works here.",
        ) from None
