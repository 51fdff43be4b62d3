"""
Start Airflow's web interface with the example DAGs, a local SmartRecruiters, and the connection between them.

Everything is kept in .airflow/ui, so that runs and logs are there the next time; the local SmartRecruiters starts
from its seed each time. Ctrl-C ends all of it.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack import CONN_ID, ROOT, StackError, airflow, airflow_environment, emulator, free_port, shown, tail

if TYPE_CHECKING:
    from local_stack import Emulator

HOST = "127.0.0.1"
PATIENCE = 300.0
"""Seconds until Airflow has to be up; usually it takes 15, and 90 on a busy machine."""
REPORT = "/api/v2/monitor/health"


def end_as_by_ctrl_c() -> None:
    """Let `kill` end everything just as Ctrl-C does. Shells start background jobs with SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def check_port(port: int) -> None:
    """Raise :class:`StackError` when somebody listens on the port already."""
    with socket.socket() as probe:
        # Without it, the last session's closed connections would count as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StackError(
                f"Port {port} cannot be used ({error.strerror}). Pick another: make PORT={port + 1} ui"
            ) from None


def environment(home: Path, port: int) -> dict[str, str]:
    """
    Return the environment of the standalone Airflow.

    :param home: its AIRFLOW_HOME.
    :param port: port of its web interface.
    """
    return airflow_environment(home) | {
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # Two tasks at once are plenty for one person, and workers cost memory.
        "AIRFLOW__CORE__PARALLELISM": "4",
        # Another Airflow on this machine may have the usual ones.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }


def prepare(home: Path, stack: Emulator, env: dict[str, str], log: Path) -> None:
    """
    Make the database, and in it the connection.

    It is no AIRFLOW_CONN_ variable, as the list of connections in the web interface does not show those.
    """
    connections = home / "connections.json"
    connections.touch(mode=0o600)
    # Airflow's own form saves an empty port as 0, and its Test button refuses a connection that has none.
    connections.write_text(json.dumps({CONN_ID: stack.connection | {"port": 0}}))
    with log.open("ab") as out:
        for arguments in (["db", "migrate"], ["connections", "import", "--overwrite", str(connections)]):
            done = subprocess.run(["airflow", *arguments], env=env, stdout=out, stderr=out, check=False)
            if done.returncode:
                raise StackError(f"'airflow {' '.join(arguments)}' failed:\n{tail(log)}")
    connections.unlink()


def wait_until_healthy(process: subprocess.Popen[bytes], port: int, log: Path, report: str = REPORT) -> None:
    """
    Return when the web interface, the scheduler and the DAG processor are all up.

    :param report: path of the page where Airflow tells of its parts. On 2.11 the scheduler is also the DAG processor,
        which the report then leaves out.
    """
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if _healthy(f"http://{HOST}:{port}{report}"):
            return
        time.sleep(0.5)
    raise StackError(f"Airflow did not start. What it said is in {shown(log)}:\n{tail(log)}")


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False
    parts = ("metadatabase", "scheduler", "dag_processor") if url.endswith(REPORT) else ("metadatabase", "scheduler")
    return all(health[part]["status"] == "healthy" for part in parts)


def main() -> int:
    """Start everything and wait for Ctrl-C; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080, help="port of the web interface (default: %(default)s)")
    parser.add_argument(
        "--home", type=Path, default=ROOT / ".airflow" / "ui", help="AIRFLOW_HOME (default: .airflow/ui)"
    )
    options = parser.parse_args()

    home: Path = options.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "airflow.log"
    log.unlink(missing_ok=True)
    end_as_by_ctrl_c()
    try:
        check_port(options.port)
        with emulator(home / "emulator.log") as stack:
            print(f"A local SmartRecruiters listens at {stack.url}")
            print("Starting Airflow, which takes half a minute ...", flush=True)
            env = environment(home, options.port)
            prepare(home, stack, env, log)
            with airflow("standalone", env, log) as process:
                wait_until_healthy(process, options.port, log)
                print(f"\n  Airflow: http://{HOST}:{options.port}  (no login)")
                print(f"  What SmartRecruiters was told: {stack.url}/__emulator__/journal")
                print(f"  Logs: {shown(home)}\n\nCtrl-C ends it.", flush=True)
                process.wait()
                raise StackError(f"Airflow has ended by itself. What it said is in {shown(log)}:\n{tail(log)}")
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
