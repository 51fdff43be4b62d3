"""What a script asks of the cluster's Airflow: its API to start runs, its database to see what became of them."""

from __future__ import annotations

import json
import time
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from scripts.celery_cluster.cluster import USER
from scripts.local_stack import StackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.celery_cluster.cluster import Cluster

ENDED = ("success", "failed")


class AirflowApi:
    """
    The Airflow of a cluster.

    :param cluster: a running one.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        login = {"username": USER, "password": cluster.password}
        self._token: str = self._call("POST", "/auth/token", login)["access_token"]

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> None:
        """Start a run."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)

    def pause(self, dag_id: str, *, paused: bool) -> None:
        """Pause a DAG, or let it run."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}?update_mask=is_paused", {"is_paused": paused})

    def wait_for_dags(self, *dag_ids: str) -> None:
        """
        Return when the DAG processor has read all these DAGs.

        :raises StackError: it cannot read a file.
        """

        def known() -> bool:
            if errors := self.query("select filename, stacktrace from import_error"):
                file, trace = errors[0]
                raise StackError(f"Airflow could not read {file}:\n{trace}")
            return len(self.query("select 1 from dag where dag_id = any(%s)", list(dag_ids))) == len(dag_ids)

        self.wait(known, "all DAGs", 300)

    def ended(self, *run_ids: str) -> bool:
        """Return whether all these runs have ended, however they did."""
        found = self.query("select state from dag_run where run_id = any(%s)", list(run_ids))
        return len(found) == len(run_ids) and all(state in ENDED for (state,) in found)

    def states(self, run_id: str) -> dict[str, int]:
        """Return how many tasks of a run are in each state."""
        return dict(self.query("select state, count(*) from task_instance where run_id = %s group by 1", run_id))

    def returned(self, run_id: str) -> list[Any]:
        """Return what the tasks of a run returned."""
        rows = self.query("select value from xcom where run_id = %s and key = 'return_value'", run_id)
        # Airflow stores the JSON of a JSON text.
        return [json.loads(value) if isinstance(value, str) else value for (value,) in rows]

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask Airflow's database."""
        with psycopg.connect(self._cluster.servers.database) as connection:
            return connection.execute(sql, values).fetchall()

    def wait(self, holds: Callable[[], bool], what: str, seconds: float, pause: float = 0.2) -> float:
        """
        Wait until something holds.

        :param what: it, in words for the error.
        :return: seconds since the epoch when it was seen to hold.
        :raises StackError: it does not hold after so many seconds, or a process of the cluster has ended.
        """
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            with suppress(OSError):
                if holds():
                    return time.time()
            if gone := self._cluster.ended():
                raise StackError(f"{gone} has ended by itself; see {self._cluster.log(gone)}")
            time.sleep(pause)
        states = self.query("select dag_id, run_id, state, count(*) from task_instance group by 1, 2, 3")
        raise StackError(f"Not after {seconds:g} s: {what}. States of tasks: {states}")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if path != "/auth/token":
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self._cluster.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
