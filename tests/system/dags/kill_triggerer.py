"""The DAG that `scripts/kill_triggerer.py` lets rejected applications start."""

from __future__ import annotations

import json
import os

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_smartrecruiters.triggers.events import ApplicationStatusTrigger
from airflow_provider_smartrecruiters.triggers.runs import new_events

rejected = Asset(
    "application_rejected",
    watchers=[
        AssetWatcher(
            name="smartrecruiters",
            trigger=ApplicationStatusTrigger(statuses="REJECTED", poke_interval=2, overlap=30),
        )
    ],
)

with DAG("kill_triggerer", schedule=[rejected], catchup=False):

    @task(inlets=[rejected], retries=2, retry_delay=1)
    def take(**context):
        """Write down which changes this run takes."""
        keys = [event["key"] for event in new_events(context, rejected)]
        with open(os.environ["KILL_TRIGGERER"], "a") as taken:
            taken.write(json.dumps({"run": context["run_id"], "keys": keys}) + "\n")

    take()
