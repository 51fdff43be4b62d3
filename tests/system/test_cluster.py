"""`make test-cluster` fails on what it should not let pass, and compose.yaml has the parts of `make cluster`.

The cluster itself is tested by `make test-cluster`, after all other tests.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from scripts.celery_cluster import cluster, servers
from scripts.celery_cluster.verdict import Row, Target, count, rejected, share, table
from scripts.kill_bulk_verdict import Kill
from tests.support.catalogue import ROOT

RECORDS = [{"candidate_id": f"c{number}", "job_id": "j"} for number in range(5)]


def write(number: int, at: float, status: int = 200) -> dict[str, Any]:
    return {
        "method": "PUT",
        "path": f"/candidates/c{number}/jobs/j/status",
        "query": "",
        "status": status,
        "started_at": at,
        "finished_at": at + 0.05,
        "applied": status == 200,
    }


@pytest.mark.parametrize(("pause", "expected"), [(0.1, 1.0), (0.2, 0.53), (0.11, 0.92)])
def test_the_share_of_the_limit_is_of_the_time_that_it_takes_at_best(pause: float, expected: float) -> None:
    assert share([write(number, number * pause) for number in range(5)]) == pytest.approx(expected, abs=0.01)


def test_a_request_that_was_refused_costs_time_and_counts_for_nothing() -> None:
    requests = [write(number, number * 0.1) for number in range(5)]
    refused = write(0, -0.1, status=429)
    assert share([refused, *requests]) == pytest.approx(0.45 / 0.55)
    assert share([refused]) == 0


def test_what_is_lost_doubled_refused_or_repeated_is_counted() -> None:
    requests = [write(0, 0), write(1, 0.1), write(2, 0.2, status=429), write(1, 2.0), write(3, 2.1)]
    row = Row("killed")
    count(row, [rejected(RECORDS, requests, kills=[Kill("task", 1.0)])], requests)
    assert (row.lost, row.doubled, row.refused, row.repeated) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("row", "target", "missed"),
    [
        (Row("ok", share=0.97, refused=0, lost=0, doubled=0, repeated=8), Target(0.96), []),
        (Row("slow", share=0.95), Target(0.96), ["95.0% of the limit, less than 96%"]),
        (Row("refused", refused=1), Target(), ["1 requests refused with 429, more than 0"]),
        (Row("refused", refused=1), Target(refused=None), []),
        (Row("lost", lost=1), Target(), ["lost: 1"]),
        (Row("doubled", doubled=2), Target(), ["doubled: 2"]),
        (Row("repeated", repeated=9), Target(), ["9 requests repeated, more than 8"]),
    ],
)
def test_a_target_that_is_missed_is_named(row: Row, target: Target, missed: list[str]) -> None:
    assert target.missed(row) == missed


def test_the_table_has_a_column_for_each_figure() -> None:
    row = Row("killed", 3, share=0.971, refused=1, lost=2, doubled=3, repeated=4, retry=5.25, leaks=6)
    assert re.split(r"\s{2,}", table([row])[2]) == ["killed", "3", "97.1%", "1", "2", "3", "4", "5.2 s", "6"]


def test_a_program_that_is_missing_is_named_with_how_to_install_it() -> None:
    with pytest.raises(
        servers.ProgramMissingError, match=r"no-such-server is not installed.*apt-get install redis-server"
    ):
        servers.program("no-such-server")


def test_the_containers_are_the_parts_of_the_cluster() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    parts = {"redis", "postgres", "emulator", "init", "api-server", *cluster.SERVICES, *cluster.WORKERS}
    assert set(services) == parts
    pinned = re.search(r"^apache-airflow==(\S+)", (ROOT / "requirements/cluster.txt").read_text(), re.MULTILINE)
    assert pinned
    assert f"FROM apache/airflow:{pinned[1]}\n" in services["api-server"]["build"]["dockerfile_inline"]


def test_the_containers_are_set_up_as_the_cluster_is(tmp_path: Any) -> None:
    """No setting is set for Docker alone but what stands for the login; and nothing listens beyond this machine."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    addresses = cluster.Addresses("redis://127.0.0.1:1/0", "postgresql://tests@127.0.0.1:2/postgres")
    theirs = {name for name in services["worker-1"]["environment"] if name.startswith("AIRFLOW__")}
    unlike = theirs - set(cluster.environment(tmp_path, 1, addresses))
    assert unlike == {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"}
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
