"""A batch that is killed again and again; what it does is in the JSON file beside this one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_smartrecruiters.operators import candidates, jobs, positions, publishing
from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator

GIVEN = json.loads(Path(__file__).with_suffix(".json").read_text())

with DAG(GIVEN["dag_id"], schedule="@once", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=True):
    modules = (candidates, jobs, positions, publishing)
    named = {name: kind for module in modules for name, kind in vars(module).items() if name.endswith("Operator")}
    batch = UndoBulkOperator if GIVEN["operator"] == "UndoBulkOperator" else named[GIVEN["operator"]].bulk
    batch(task_id="batch", retries=GIVEN["retries"], retry_delay=timedelta(seconds=1), **GIVEN["arguments"])
