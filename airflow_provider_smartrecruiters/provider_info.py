"""The provider metadata that Airflow reads about this package.

Airflow calls this during ``import airflow``, in every process, so only the standard library may be imported here.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_smartrecruiters import __version__
from airflow_provider_smartrecruiters.connection_form import (
    CONN_TYPE,
    HOOK_NAME,
    conn_fields,
    ui_field_behaviour,
)

_INTEGRATION = "SmartRecruiters"


def get_provider_info() -> dict[str, Any]:
    """Return the provider metadata. The entry point ``apache_airflow_provider`` names this function.

    :return: metadata that validates against Airflow's ``provider_info.schema.json``.
    """
    return {
        # The canonical name, with hyphens. With underscores, `import airflow` itself fails.
        "package-name": "airflow-provider-smartrecruiters",
        "name": "SmartRecruiters",
        # The Providers page shows it as text and links an address with whatever follows it, so the link comes last.
        "description": (
            "Change candidates, applications, jobs, job ads, interviews and users in SmartRecruiters. Every operator "
            "reads first and writes only what differs. `SmartRecruiters <https://www.smartrecruiters.com/>`__\n"
        ),
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://developers.smartrecruiters.com/docs",
                "tags": ["service"],
            }
        ],
        "operators": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "airflow_provider_smartrecruiters.operators.candidates",
                    "airflow_provider_smartrecruiters.operators.interviews",
                    "airflow_provider_smartrecruiters.operators.jobs",
                    "airflow_provider_smartrecruiters.operators.positions",
                    "airflow_provider_smartrecruiters.operators.publishing",
                    "airflow_provider_smartrecruiters.operators.search",
                    "airflow_provider_smartrecruiters.operators.undo",
                    "airflow_provider_smartrecruiters.operators.users",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": ["airflow_provider_smartrecruiters.sensors.statuses"],
            }
        ],
        "triggers": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "airflow_provider_smartrecruiters.triggers.events",
                    "airflow_provider_smartrecruiters.triggers.status",
                ],
            }
        ],
        "hooks": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": ["airflow_provider_smartrecruiters.hooks.smartrecruiters"],
            }
        ],
        "extra-links": [
            f"airflow_provider_smartrecruiters.operators.ui.links.{record}Link"
            for record in ("Candidate", "Job", "Interview", "User")
        ],
        # Commands of `airflow`, from Airflow 3.2. Older ones ignore the key.
        "cli": ["airflow_provider_smartrecruiters.cli.definition.get_smartrecruiters_cli_commands"],
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": "airflow_provider_smartrecruiters.hooks.smartrecruiters.SmartRecruitersHook",
                "hook-name": HOOK_NAME,
                "conn-fields": conn_fields(),
                "ui-field-behaviour": ui_field_behaviour(),
            }
        ],
    }
