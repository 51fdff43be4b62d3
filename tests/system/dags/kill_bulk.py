"""A batch that is killed again and again; what it does comes from the environment."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateSourceOperator,
)

OPERATORS = {"reject": RejectApplicationOperator, "source": UpdateCandidateSourceOperator}
GIVEN = json.loads(os.environ["KILL_BULK"])

with DAG("kill_bulk", schedule="@once", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=True):
    OPERATORS[GIVEN["operator"]].bulk(
        task_id="batch", retries=GIVEN["retries"], retry_delay=timedelta(seconds=1), **GIVEN["arguments"]
    )
