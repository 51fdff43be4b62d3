"""An Airflow of its own: scheduler, worker processes, logs on disk and a database, as somebody would run it."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
import urllib.request
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

from scripts.local_stack import ROOT, airflow, airflow_environment, free_port, prepare
from tests.security.canaries import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AIRFLOW_3 = find_spec("airflow.sdk") is not None
KINDS = {"xcom": "xcom", "rendered_task_instance_fields": "rendered", "log": "audit"}
"""Tables that have a name of their own among the kinds of places; the others are ``table``."""

_LOCAL_SETTINGS = """
import importlib, os, pkgutil, sys

if "scheduler" in sys.argv:
    # The processes of all tasks are forked from this one: a hundred of them need not import it once more.
    from airflow_provider_smartrecruiters import api

    for module in pkgutil.walk_packages(api.__path__, f"{api.__name__}."):
        importlib.import_module(module.name)
"""


class AirflowRunError(Exception):
    """Airflow did not do what it had to; the message has the ends of its logs."""


@dataclass(frozen=True)
class AirflowRun:
    """
    An Airflow with what it left behind.

    :param home: its AIRFLOW_HOME.
    :param output: folder with what its processes printed.
    :param port: of its API, on Airflow 3.
    """

    home: Path
    output: Path
    port: int

    @property
    def database(self) -> Path:
        """Its database."""
        return self.home / "airflow.db"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def wait_for(self, dag_ids: Iterable[str], seconds: float) -> None:
        """Return when one run of each DAG has ended, however it did; a task that Airflow itself failed is an error."""
        deadline = time.monotonic() + seconds
        wanted = set(dag_ids)
        while time.monotonic() < deadline:
            with suppress(sqlite3.OperationalError):
                ended = self.query("select dag_id from dag_run where state in ('success', 'failed')")
                if wanted <= {dag_id for (dag_id,) in ended}:
                    break
            time.sleep(0.5)
        else:
            states = self.query("select dag_id, task_id, state, count(*) from task_instance group by 1, 2, 3")
            raise AirflowRunError(f"not ended after {seconds:g} s: {states}\n{self.tails()}")
        started = "select dag_id, task_id from task_instance where state = 'failed' and start_date is null"
        if never := self.query(started):
            raise AirflowRunError(f"failed before they started: {never}\n{self.tails()}")

    def wait_for_api(self, seconds: float = 300.0) -> None:
        """Return when Airflow 3's API answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(OSError):
                self._get("/api/v2/version")
                return
            time.sleep(0.2)
        raise AirflowRunError(f"no API after {seconds:g} s\n{self.tails()}")

    def tails(self) -> str:
        """Return the ends of what the processes printed."""
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in self.output.iterdir())

    def states(self) -> dict[tuple[str, int], str]:
        """Return the state of every task instance of the DAG ``canaries`` by task and map index."""
        rows = self.query("select task_id, map_index, state from task_instance where dag_id = 'canaries'")
        return {(task, index): state for task, index, state in rows}

    def left_behind(self) -> Iterator[Text]:
        """Yield everything that Airflow left: files, what it printed, and every column of every row."""
        for path in sorted(self.home.rglob("*")):
            if path.is_file() and not path.name.startswith(self.database.name):
                where = path.relative_to(self.home)
                yield Text("log" if where.parts[0] == "logs" else "file", str(where), path.read_bytes())
        for path in sorted(self.output.iterdir()):
            yield Text("output", path.name, path.read_bytes())
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (table,) in tables:
                # Its rowid, which every row has, whatever its key is.
                for row in connection.execute(f'select rowid as "row id", * from "{table}"'):
                    yield from texts_of_row(table, dict(row))

    def database_bytes(self) -> Iterator[Text]:
        """Yield the database's files as they are: with them come deleted rows, and what a row's column hides."""
        for path in sorted(self.home.glob(f"{self.database.name}*")):
            yield Text("database file", path.name, path.read_bytes())

    def api(self) -> Iterator[Text]:
        """Yield what Airflow 3's API says about the task instances, rendered templates included."""
        token = self._get("/auth/token")["access_token"]
        for dag_id in ("canaries", "planted"):
            offset, total = 0, 1
            while offset < total:
                path = f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances?limit=100&offset={offset}"
                answer = self._get(path, token)
                total, offset = answer["total_entries"], offset + 100
                yield Text("api", f"{dag_id} {offset}", json.dumps(answer).encode())

    def _get(self, path: str, token: str = "") -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def texts_of_row(table: str, row: dict[str, Any]) -> Iterator[Text]:
    """
    Yield what a row of Airflow's database holds; the response that a task returned is the declared place.

    :param row: its columns; ``row id`` tells which row it is.
    """
    where = f"{table} {row.pop('row id')}"
    kind = KINDS.get(table, "table")
    if table == "xcom" and row["key"] == "return_value":
        value = row["value"]
        text = value.decode() if isinstance(value, bytes) else value
        try:
            result = json.loads(text)
            # Airflow 3 stores the JSON of a JSON text.
            result = json.loads(result) if isinstance(result, str) else result
        except (ValueError, TypeError):
            result = None
        if isinstance(result, dict) and "response" in result:
            yield Text(kind, f"{where} response", json.dumps(result.pop("response")).encode(), declared=True)
            row["value"] = json.dumps(result)
    for name, value in row.items():
        if isinstance(value, str | bytes):
            yield Text(kind, f"{where} {name}", value if isinstance(value, bytes) else value.encode())


@contextmanager
def airflow_run(
    folder: Path,
    *,
    dags: Path,
    connections: dict[str, dict[str, Any]],
    audit: str,
    environment: dict[str, str],
    triggerer: bool = False,
) -> Iterator[AirflowRun]:
    """
    Run an Airflow on the DAGs in a folder: each that has the schedule ``@once`` begins by itself.

    :param folder: new folder, for AIRFLOW_HOME and what the processes print.
    :param dags: the DAGs folder, not below AIRFLOW_HOME: what authors write there is theirs.
    :param connections: in Airflow's JSON form, by id, for its database.
    :param audit: text that is put into a row of the audit log.
    :param environment: variables on top of Airflow's own.
    :param triggerer: whether it has one.
    """
    run = AirflowRun(folder / "home", folder / "output", free_port())
    run.home.mkdir()
    run.output.mkdir()
    (run.home / "config").mkdir()
    (run.home / "config" / "airflow_local_settings.py").write_text(_LOCAL_SETTINGS)
    env = _environment(run, dags) | environment
    prepare(connections, env, run.output / "database")
    with closing(sqlite3.connect(run.database)) as database, database:
        database.execute("insert into log (dttm, event, extra) values (current_timestamp, 'planted', ?)", [audit])
    with ExitStack() as processes:
        if AIRFLOW_3:
            # First, and up before any task: one that does not reach it within seconds has failed.
            processes.enter_context(airflow("api-server", env, run.output / "api-server"))
            run.wait_for_api()
            processes.enter_context(airflow("dag-processor", env, run.output / "dag-processor"))
        if triggerer:
            processes.enter_context(airflow("triggerer", env, run.output / "triggerer"))
        processes.enter_context(airflow("scheduler", env, run.output / "scheduler"))
        yield run


def _environment(run: AirflowRun, dags: Path) -> dict[str, str]:
    settings = {
        "CORE__DAGS_FOLDER": str(dags),
        # Shared by the processes; each would make up its own at first.
        "CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(32),
        "API__SECRET_KEY": secrets.token_urlsafe(32),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "8",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{run.port}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(run.port),
        "API__BASE_URL": f"http://127.0.0.1:{run.port}",
        "API__WORKERS": "1",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "SCHEDULER__MAX_TIS_PER_QUERY": "32",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "SCHEDULER__CATCHUP_BY_DEFAULT": "True",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    }
    return airflow_environment(run.home) | {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Airflow 2.11 refuses several workers on SQLite, as they may find it locked; its own tests allow it so.
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }
