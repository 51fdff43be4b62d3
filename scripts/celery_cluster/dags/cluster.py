"""The DAGs of `make test-cluster`, beside the examples. What a run works on is in its conf."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator, UpdateCandidateTagsOperator
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator
from airflow_provider_smartrecruiters.operators.search import SearchApplicationsOperator
from airflow_provider_smartrecruiters.sensors.statuses import ApplicationStatusSensor
from airflow_provider_smartrecruiters.triggers.events import ApplicationStatusTrigger
from airflow_provider_smartrecruiters.triggers.runs import new_events

DEFAULTS = {"retries": 3, "retry_delay": timedelta(seconds=1)}
CONN_ID = "{{ params.conn_id }}"

for name, read_first in (("cluster_batch", True), ("cluster_batch_unread", False)):
    with DAG(
        name, schedule=None, default_args=DEFAULTS, params=dict.fromkeys(("file", "results", "reason", "conn_id"))
    ):
        RejectApplicationOperator.bulk(
            task_id="batch",
            items="{{ params.file }}",
            results_path="{{ params.results }}",
            reason_id="{{ params.reason }}",
            read_first=read_first,
            smartrecruiters_conn_id=CONN_ID,
        )

with DAG("cluster_mapped", schedule=None, default_args=DEFAULTS, params=dict.fromkeys(("file", "reason", "conn_id"))):

    @task
    def read(params):
        """Return the records of a file."""
        return [json.loads(line) for line in Path(params["file"]).read_text().splitlines()]

    RejectApplicationOperator.partial(
        task_id="reject", reason_id="{{ params.reason }}", smartrecruiters_conn_id=CONN_ID
    ).expand_kwargs(read())

with DAG("cluster_sensor", schedule=None, params=dict.fromkeys(("candidate_id", "job_id"))):
    ApplicationStatusSensor(
        task_id="wait",
        candidate_id="{{ params.candidate_id }}",
        job_id="{{ params.job_id }}",
        statuses="REJECTED",
        poke_interval=2,
        deferrable=True,
    )

rejected = Asset(
    "cluster_rejected",
    watchers=[
        AssetWatcher(
            name="smartrecruiters",
            trigger=ApplicationStatusTrigger(statuses="REJECTED", poke_interval=2, overlap=30),
        )
    ],
)

with DAG("cluster_event", schedule=[rejected]):

    @task(inlets=[rejected])
    def take(**context):
        """Return which applications this run is about."""
        return [event["key"] for event in new_events(context, rejected)]

    take()


def canary(name):
    """Return a value that must not get about."""
    return json.loads(Path(os.environ["CLUSTER_CANARIES"]).read_text())[name]


with DAG(
    "cluster_canaries",
    schedule=None,
    params=dict.fromkeys(("candidate_id", "job_id", "results")),
    user_defined_macros={"canary": canary},
):
    for conn_id in ("smartrecruiters_default", "smartrecruiters_oauth"):
        for task_id, job_id in (("note", "{{ params.job_id }}"), ("refused", "no-such-job")):
            UpdateJobNoteOperator(
                task_id=f"{task_id}_{conn_id}",
                job_id=job_id,
                content="{{ canary('note') }}",
                smartrecruiters_conn_id=conn_id,
            )
    UpdateCandidateTagsOperator.bulk(
        task_id="tags",
        items=[{"candidate_id": "{{ params.candidate_id }}"}, {"candidate_id": "no-such-candidate"}],
        add="{{ [canary('tag')] | tojson }}",
        results_path="{{ params.results }}",
    )
    SearchApplicationsOperator(task_id="search", email_address="{{ canary('email') }}")

    @task
    def leak():
        """Leak on purpose: a search that does not find this finds nothing."""
        print("The note is", canary("planted"))
        return canary("planted")

    leak()
