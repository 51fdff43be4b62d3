"""
Take pictures of what people see: every form of the example DAGs, its logs, and the pages around them.

Starts Airflow, a local SmartRecruiters and Chromium, fills in each form, triggers it and waits for the run. Exits with
1 when a page is not as it should be: a field is missing, a drop-down shows codes, a log line is cut off, a link is
broken, texts lie over each other, or Airflow shows an error. Run it with the Python of Airflow 3.3, or of 2.11 for its
forms.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import ui
from local_stack import (
    CONN_ID,
    EXAMPLE_DAGS,
    HOST,
    REPORT,
    ROOT,
    StackError,
    airflow,
    emulator,
    end_as_by_ctrl_c,
    free_port,
    prepare,
    shown,
    wait_until_healthy,
)
from screenshots import browser, old, pages
from screenshots.album import Album
from screenshots.server import Airflow
from screenshots.tour import PREFIX, Tour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_stack import Emulator

HOME = ROOT / ".airflow" / "shots"
IS_AIRFLOW_3 = importlib.util.find_spec("airflow.sdk") is not None


@contextmanager
def running(home: Path, dags: Path) -> Iterator[tuple[Airflow, Emulator]]:
    """
    Run an Airflow with a folder of DAGs, and the local SmartRecruiters that its connection leads to.

    :param home: an empty folder for AIRFLOW_HOME.
    :param dags: the folder of the DAGs.
    :raises StackError: a part of it did not start.
    """
    port, log = free_port(), home / "airflow.log"
    environment = ui.environment if IS_AIRFLOW_3 else old.environment
    report = REPORT if IS_AIRFLOW_3 else old.REPORT
    with emulator(home / "emulator.log") as stack:
        env = environment(home, port) | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
        prepare({CONN_ID: stack.connection}, env, log)
        with airflow("standalone", env, log) as process:
            wait_until_healthy(process, port, log, report)
            yield Airflow(f"http://{HOST}:{port}", "v2" if IS_AIRFLOW_3 else "v1", log), stack


def visit(server: Airflow, stack: Emulator, album: Album, dags: Path, only: list[str]) -> None:
    """
    Take the pictures.

    :param only: names of examples, and of pages in :mod:`screenshots.pages`; everything if it is empty.
    """
    if not IS_AIRFLOW_3:
        for name in only or (*old.FORMS, "connection_form"):
            with album.attempt(name):
                old.picture(album, server, name)
        return
    tour = Tour(server, stack, album)
    files = list(dags.glob("*.py"))
    # Each file defines one DAG.
    for dag_id in album.browser.until(lambda: found if len(found := server.dags()) == len(files) else None, "all DAGs"):
        name = dag_id.removeprefix(PREFIX)
        # An undo needs the results of another run, which no form can suggest.
        if name in only or not (only or name.startswith("undo_")):
            with album.attempt(name):
                tour.example(dag_id)
    if dags == EXAMPLE_DAGS:
        pages.some(tour, only)


def main() -> int:
    """Take the pictures; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "only", nargs="*", help="examples or pages, such as update_job_status or providers (default: everything)"
    )
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images", help="folder (default: docs/images)")
    parser.add_argument("--home", type=Path, default=HOME, help="new folder for AIRFLOW_HOME (default: .airflow/shots)")
    parser.add_argument("--dags", type=Path, default=EXAMPLE_DAGS, help="folder of the DAGs (default: example_dags)")
    options = parser.parse_args()

    home: Path = options.home.absolute()
    if options.home == HOME:
        shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    options.into.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    end_as_by_ctrl_c()
    try:
        with ExitStack() as cleanup:
            driver = browser.start(home / "chromium")
            cleanup.callback(driver.quit)
            album = Album(browser.Browser(driver), options.into)
            print(f"Starting Airflow {version('apache-airflow')}, which takes half a minute ...", flush=True)
            server, stack = cleanup.enter_context(running(home, options.dags.absolute()))
            visit(server, stack, album, options.dags, options.only)
    except (StackError, browser.NotSeenError) as error:
        print(f"\n{error}\n\nLogs: {shown(home)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.")
        return 1
    print(f"Pictures: {shown(options.into)}  Logs: {shown(home)}  ({time.monotonic() - started:.0f} s)")
    if album.findings:
        print("\nTo fix:\n" + "\n".join(f"  {finding}" for finding in album.findings), file=sys.stderr)
    return 1 if album.findings else 0


if __name__ == "__main__":
    sys.exit(main())
