# ruff: noqa: T201
"""Leaks on purpose, one of a kind: what does not find these finds nothing."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_smartrecruiters.hooks.masking import mask_secret


def canary(name):
    """Return one of the values that get about here."""
    return json.loads(Path(os.environ["CANARY_VALUES"]).read_text())[f"planted_{name}"]


print(canary("parsing"))

with DAG(
    "planted",
    schedule="@once",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=True,
    default_args={"retries": 0, "owner": "canaries"},
    user_defined_macros={"canary": canary},
):

    @task
    def leak_log():
        print("The note is", canary("log"))

    @task
    def leak_encoded():
        for name, encode in (("base64", lambda text: base64.b64encode(text.encode()).decode()), ("url", quote)):
            secret = canary(name)
            # Airflow masks what it knows, as it is, and only so.
            mask_secret(secret)
            print("masked:", secret, "and encoded:", encode(secret))

    @task
    def leak_xcom():
        return {"response": {"tags": [canary("response")]}, "tags": [canary("xcom")]}

    @task(templates_dict={"note": "{{ canary('rendered') }}"})
    def leak_rendered(templates_dict=None):
        return len(templates_dict["note"])

    @task
    def leak_exception():
        raise ValueError(canary("exception"))

    @task
    def leak_file():
        Path(os.environ["AIRFLOW_HOME"], "forgotten.txt").write_text(canary("file"))

    for leak in (leak_log, leak_encoded, leak_xcom, leak_rendered, leak_exception, leak_file):
        leak()
