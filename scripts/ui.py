"""
Start Airflow's web interface with the example DAGs, a local SmartRecruiters, and the connection between them.

Everything is kept in .airflow/ui, so that runs and logs are there the next time; the local SmartRecruiters starts
from its seed each time. Ctrl-C ends all of it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local_stack import (
    CONN_ID,
    HOST,
    ROOT,
    StackError,
    airflow,
    airflow_environment,
    check_port,
    emulator,
    end_as_by_ctrl_c,
    free_port,
    prepare,
    shown,
    tail,
    wait_until_healthy,
)


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
        # Files that have not changed are not read again every half minute.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        # Another Airflow on this machine may have the usual ones.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }


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
        check_port(options.port, "ui")
        with emulator(home / "emulator.log") as stack:
            print(f"A local SmartRecruiters listens at {stack.url}")
            print("Starting Airflow, which takes half a minute ...", flush=True)
            env = environment(home, options.port)
            prepare({CONN_ID: stack.connection}, env, log)
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
