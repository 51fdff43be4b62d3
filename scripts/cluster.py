"""
Run Airflow as a cluster on this machine: CeleryExecutor with two workers, Redis and PostgreSQL.

API server, scheduler, DAG processor, triggerer and both workers are processes of their own, with the example DAGs, a
local SmartRecruiters, and the connection between them, whose rate limit the workers share in Redis. All of it listens
on loopback only. It begins anew each time; logs stay in .airflow/cluster until then. Ctrl-C ends all of it.

    python -m scripts.cluster          # or: make cluster
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from scripts.celery_cluster.cluster import USER, WORKERS, cluster
from scripts.local_stack import ROOT, StackError, check_port, end_as_by_ctrl_c, free_port, new_home, shown, tail

HOME = ROOT / ".airflow" / "cluster"


def main() -> int:
    """Run the cluster until Ctrl-C or SIGTERM; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, help="port of the web interface (default: a free one)")
    parser.add_argument(
        "--home", type=Path, default=HOME, help="new folder for AIRFLOW_HOME (default: .airflow/cluster)"
    )
    options = parser.parse_args()
    home = new_home(parser, options.home, HOME)
    began = time.monotonic()
    end_as_by_ctrl_c()
    try:
        if options.port:
            check_port(options.port, "cluster")
        print("Starting Redis, PostgreSQL and Airflow, which takes a minute ...", flush=True)
        with cluster(home, options.port or free_port()) as running:
            print(f"\n  Airflow: {running.url}  (login {USER}, password {running.password})")
            print(f"  Local SmartRecruiters: {running.emulator.url}/__emulator__/journal  (what was changed)")
            print(
                f"  Redis, PostgreSQL: ports {' and '.join(_ports(running.servers))}, two workers: {', '.join(WORKERS)}"
            )
            print(f"  Logs: {shown(home)}  ({time.monotonic() - began:.0f} s)\n\nCtrl-C ends it.", flush=True)
            while not (gone := running.ended()):
                time.sleep(1)
            raise StackError(
                f"{gone} has ended by itself. It said in {shown(running.log(gone))}:\n{tail(running.log(gone))}"
            )
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.")
        return 0


def _ports(servers: object) -> list[str]:
    return [address.rpartition(":")[2].partition("/")[0] for address in vars(servers).values()]


if __name__ == "__main__":
    sys.exit(main())
