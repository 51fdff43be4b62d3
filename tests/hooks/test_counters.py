"""Requests are counted in Airflow's own metrics: what a StatsD server receives."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing

import pytest

from airflow_provider_smartrecruiters.hooks.counters import counters_of
from scripts.local_stack import ROOT

RUN = """
import sys
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from tests.use_cases.dag_runs import new_dag, run

with new_dag("counters") as dag:
    UpdateJobStatusOperator(
        task_id="change", job_id=sys.argv[1], status=sys.argv[2], smartrecruiters_conn_id="acme.sandbox"
    )
(task,) = run(dag)
assert task.state == "success", task
"""


class StatsD:
    """A StatsD server: it keeps the metrics of this package that it receives."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._receive)

    def _receive(self) -> None:
        while data := self._socket.recv(65536):
            self.received += [line for line in data.decode().splitlines() if "smartrecruiters." in line]

    def __enter__(self) -> StatsD:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self._socket), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            # Empty, and behind all that was sent before.
            last.sendto(b"", ("127.0.0.1", self.port))
            self._thread.join()

    def counts(self) -> dict[str, int]:
        """Return the counters by name."""
        found: Counter[str] = Counter()
        for line in self.received:
            if counted := re.fullmatch(r"(.+):(\d+)\|c", line):
                found[counted[1].removeprefix("airflow.smartrecruiters.")] += int(counted[2])
        return dict(found)

    def timers(self) -> Counter[str]:
        """Return how often each time was received."""
        found = (re.fullmatch(r"(.+):[\d.e-]+\|ms", line) for line in self.received)
        return Counter(timed[1].removeprefix("airflow.smartrecruiters.") for timed in found if timed)


@pytest.mark.airflow_run
@pytest.mark.usefixtures("airflow_db")
def test_a_task_counts_its_requests_and_its_waits(smartrecruiters_emulator):
    emulator = smartrecruiters_emulator
    job = emulator.state.job_ids[0]
    status = "ON_HOLD" if emulator.state.job(job).status != "ON_HOLD" else "FILLED"
    emulator.fail_next("get job", status=429, retry_after=0)
    with StatsD() as server:
        environment = os.environ | {
            "AIRFLOW_CONN_ACME.SANDBOX": emulator.connection_json,
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_PORT": str(server.port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        }
        subprocess.run([sys.executable, "-c", RUN, job, status], check=True, env=environment, cwd=ROOT)
    conn = "conn_id=acme_sandbox"
    assert server.counts() == {
        f"requests,{conn},status=429,method=GET,path=/jobs/_": 1,
        f"requests,{conn},status=200,method=GET,path=/jobs/_": 1,
        f"requests,{conn},status=201,method=PUT,path=/jobs/_/status": 1,
        "requests.acme_sandbox": 3,
        f"reads,{conn}": 2,
        "reads.acme_sandbox": 2,
        f"writes,{conn}": 1,
        "writes.acme_sandbox": 1,
        f"rate_limited,{conn},method=GET,path=/jobs/_": 1,
        "rate_limited.acme_sandbox": 1,
        f"retries,{conn}": 1,
        "retries.acme_sandbox": 1,
    }
    assert server.timers() == {f"wait,{conn}": 3, "wait.acme_sandbox": 3}


def test_without_metrics_nothing_is_counted():
    assert counters_of("acme") is None


def test_metrics_that_cannot_be_set_up_cost_nothing_but_a_warning(monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "canary")
    assert counters_of("acme") is None
    assert "Requests are not counted in Airflow's metrics" in caplog.text
    assert "canary" not in caplog.text
