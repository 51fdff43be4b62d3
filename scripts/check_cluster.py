"""
Test the package in a real cluster: Airflow with CeleryExecutor, two workers, Redis and PostgreSQL.

    python -m scripts.check_cluster                          # up to 20 minutes on two processors; or: make test-cluster
    python -m scripts.check_cluster --only kill-worker       # one scene (may be repeated)

- `examples`: all operators, twice; the second run changes nothing.
- `batches-redis`, `batches-postgres`, `batches-alone`: four batches of 75 on two workers with one credential, whose
  limit they share in Redis, in PostgreSQL, or by the API's headers alone.
- `kill-task`, `kill-worker`: a batch of 200 whose task, or whose worker with all its processes, is killed.
- `mapped`: 200 mapped tasks beside a batch.
- `sensor`, `event`: a deferred sensor; changes that schedule a DAG.
- `canaries`: what people wrote, and both kinds of credentials. In the end, and for whatever was played, all logs, all
  tables and Redis are searched for the values that must not get about. A leak on purpose has to be found.

Prints a table. Exit code 1 if anything was lost, doubled or leaked, a kill made more than 8 requests come again, or,
with a store, less than 96 % of the limit was used or a request refused with 429. These two need an idle machine, and
are changed by --share and --refused. For mapped tasks, 2 % of the requests may be refused; without a store 8 %, since
batches begin one after the other, and each that finds the limit used up is refused until it meets a free slot.
Airflow notices a dead worker after 30 seconds here, by default after 300.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.tenant import write_tenant
from scripts.celery_cluster import leaks
from scripts.celery_cluster.api import AirflowApi
from scripts.celery_cluster.cluster import POSTGRES_CONN_ID, Cluster, cluster
from scripts.celery_cluster.scenes import ALL_OPERATORS, ALONE, SCENES, WITH_POSTGRES, Stage, played
from scripts.celery_cluster.verdict import Row, Target, table
from scripts.local_stack import EXAMPLE_DAGS, ROOT, StackError, end_as_by_ctrl_c, free_port
from tests.security.canaries import Canary, person, search, secret

if TYPE_CHECKING:
    from collections.abc import Iterator

DAGS = ROOT / "scripts" / "celery_cluster" / "dags"
APPLICATIONS = 2000
LATENCY = 50
"""Milliseconds that each request takes."""
MOST_REFUSED, MOST_REFUSED_ALONE = 2, 8
"""Percent of the requests that may be refused where something has to be. Alone: the most in 100 simulations of four
batches of 75 that begin within a few seconds (benchmarks/share_simulation.py --within 3 --requests 75 --seeds 100); the
mean is 2.4."""
CLIENT_ID = "cluster-client"
PLAYED = (ALL_OPERATORS, *(f"cluster_{name}" for name in ("batch", "batch_unread", "mapped", "sensor", "canaries")))
"""DAGs that the scenes trigger."""
SETTINGS = {
    # Examples with a watcher would send requests of their own, and so would an event's outside its scene.
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    # Two tasks for each of the two workers: four batches take both.
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
}


def targets(options: argparse.Namespace) -> dict[str, Target]:
    """Return what the scenes have to reach; those that are not named: no loss, and no refused request."""
    with_store = Target(options.share, options.refused)
    stores = dict.fromkeys(("batches-redis", "batches-postgres"), with_store)
    # Alone, processes find each other by what is refused. 200 tasks keep the machine busy, and some are late.
    alone, mapped = (
        max(options.refused, percent * requests // 100)
        for percent, requests in ((MOST_REFUSED_ALONE, 300), (MOST_REFUSED, 800))
    )
    others = {"batches-alone": Target(min(options.share, 0.9), alone), "mapped": Target(refused=mapped)}
    return dict.fromkeys(SCENES, Target(refused=options.refused)) | stores | others


def canaries() -> dict[str, Canary]:
    """Return the values that must not get about, by name, and one that is leaked on purpose."""
    template = '{} said "it\'s <b>naïve</b>" & left'
    found = [person("note", template), person("tag"), person("email", "{}@example.com"), person("last_name")]
    found += [person("planted"), secret("client_secret", "{}")]
    return {canary.name: canary for canary in found}


def tenant(path: Path, known: dict[str, Canary]) -> tuple[list[dict[str, str]], str]:
    """Write the tenant of the local SmartRecruiters; return its new applications, and a reason to reject them for."""
    records = write_tenant(path, APPLICATIONS)
    made = json.loads(path.read_text())
    for candidate in made["candidates"].values():
        candidate["last_name"] = known["last_name"].value
    made["candidates"][records[-1]["candidate_id"]]["email"] = known["email"].value
    path.write_text(json.dumps(made))
    return records, next(iter(made["rejection_reasons"]))


def connections(known: dict[str, Canary], default: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the connections of the scenes: other stores, and another kind of credential."""
    extra = {name: value for name, value in default["extra"].items() if name != "rate_limit_store"}
    return {
        WITH_POSTGRES: default | {"extra": extra | {"rate_limit_store": POSTGRES_CONN_ID}},
        ALONE: default | {"extra": extra},
        "smartrecruiters_oauth": default | {"login": CLIENT_ID, "password": known["client_secret"].value},
    }


def played_in(folder: Path, names: list[str]) -> Iterator[tuple[str, Row]]:
    """
    Yield the rows of some scenes, and then that of the search.

    :param folder: an empty folder.
    :param names: of the scenes.
    :raises StackError: the cluster did not start.
    """
    known = canaries()
    records, reason = tenant(folder / "tenant.json", known)
    home, work, dags = (folder / name for name in ("home", "work", "dags"))
    for path in (home, work, dags):
        path.mkdir()
    for file in (*EXAMPLE_DAGS.glob("*.py"), *DAGS.glob("*.py")):
        (dags / file.name).symlink_to(file)
    (dags / "assets").symlink_to(EXAMPLE_DAGS / "assets")
    (folder / "canaries.json").write_text(json.dumps({name: canary.value for name, canary in known.items()}))
    settings = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "CLUSTER_CANARIES": str(folder / "canaries.json"), **SETTINGS}
    client = ("--client-id", CLIENT_ID, "--client-secret", known["client_secret"].value)
    options = ("--seed", str(folder / "tenant.json"), "--latency", str(LATENCY), *client)
    more = partial(connections, known)
    with cluster(home, free_port(), options=options, settings=settings, more=more) as running:
        with leaks.listening(running.servers.redis, work / leaks.COMMANDS):
            airflow = AirflowApi(running)
            airflow.wait_for_dags(*PLAYED)
            for dag_id in PLAYED:
                airflow.pause(dag_id, paused=False)
            stage = Stage(running, airflow, records, reason, work, [known[name].value for name in ("note", "tag")])
            for name in names:
                yield name, played(stage, name)
            running.stop()
            leaks.plant(running.servers.redis, known["planted"].value)
        yield "search", searched(running, work, known, {"log", "xcom"} if "canaries" in names else set())


def searched(running: Cluster, work: Path, known: dict[str, Canary], kinds: set[str]) -> Row:
    """
    Search all that was left behind.

    :param kinds: of places where a task has leaked on purpose, beside Redis.
    """
    began, planted = time.monotonic(), known["planted"]
    places = (leaks.in_files(running.home), leaks.in_files(work))
    texts = [*(text for place in places for text in place), *leaks.in_postgres(running.servers)]
    texts += leaks.in_redis(running.servers.redis)
    secrets = {"api_key": running.emulator.api_key, "stores' password": running.servers.password}
    wanted = [*known.values(), *(Canary(name, value, secret=True) for name, value in secrets.items())]
    found = [one for one in search(texts, wanted) if not (one.declared and not one.canary.secret)]
    leaked = [str(one) for one in found if one.canary is not planted]
    row = Row(f"search of {len(texts):,} texts", leaks=len(leaked), wrong=leaked)
    missing = (kinds | {"redis", "redis commands"}) - {one.kind for one in found if one.canary is planted}
    row.wrong += [f"a leak on purpose was not found in {kind}" for kind in sorted(missing)]
    row.seconds = time.monotonic() - began
    return row


def main() -> int:
    """Play the scenes, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SCENES, action="append", help="which scene (default: all)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="new folder for all that is left, logs included")
    parser.add_argument("--share", type=float, default=0.96, help="of the limit to reach with a store (default: 0.96)")
    parser.add_argument(
        "--refused", type=int, default=0, metavar="N", help="most requests refused with 429 (default: 0)"
    )
    options = parser.parse_args()
    end_as_by_ctrl_c()
    began, rows, wrong, wanted = time.monotonic(), [], [], targets(options)
    with tempfile.TemporaryDirectory(prefix="cluster-") as temporary:
        folder = options.keep.absolute() if options.keep else Path(temporary)
        folder.mkdir(exist_ok=True)
        try:
            print("Starting the cluster ...", flush=True)
            for name, row in played_in(folder, options.only or list(SCENES)):
                found = row.wrong + wanted.get(name, Target()).missed(row)
                print(f"{row.scene}: {row.seconds:.0f} s", *(f"  WRONG: {one}" for one in found), sep="\n", flush=True)
                rows.append(row)
                wrong += found
        except StackError as error:
            wrong.append(str(error))
            print(f"\n{error}", file=sys.stderr)
        except KeyboardInterrupt:
            wrong.append("ended by a signal")
    print("", *table(rows), f"\n{time.monotonic() - began:.0f} s", sep="\n")
    print(f"not as it has to be: {len(wrong)}" if wrong else "as it has to be")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
