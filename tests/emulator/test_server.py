"""The port that refuses connections, and a server that stops meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.app import Emulator
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.http.answer import Wire
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from tests.emulator.raw import Raw

if TYPE_CHECKING:
    from tests.emulator.conftest import Api
from tests.emulator.conftest import Bench, wait_for


@pytest.mark.slow
def test_connection_refused(bench: Bench) -> None:
    assert bench.get().status == 200
    with Raw(bench.emulator.url) as other:
        assert other.exchange("GET", "/__emulator__/health").status == 200
        started = time.monotonic()
        armed = bench.emulator.fail_next(fault="connection_refused", seconds=2.0)
        assert armed.fired == 1
        # Connections that were idle have ended; a client that looks finds out.
        bench.connection.leave()
        other.leave()
        assert bench.put().ended == "refused"
        assert not bench.changed
        assert bench.emulator.journal == []
        while bench.put().ended == "refused":
            time.sleep(0.02)
    assert time.monotonic() - started >= 2.0
    assert bench.changed


def test_idle_connections_end_when_the_port_closes(bench: Bench) -> None:
    assert bench.get().status == 200
    bench.emulator.fail_next(fault="connection_refused", seconds=2.0)
    assert bench.connection.exchange("GET", bench.path).ended in {"fin", "rst"}


def test_clearing_opens_the_port(bench: Bench) -> None:
    for clear in (bench.emulator.clear_faults, bench.emulator.reset):
        bench.emulator.fail_next(fault="connection_refused", seconds=30)
        assert bench.get().ended == "refused"
        clear()
        assert bench.get().status == 200
        bench.connection.leave()


@pytest.mark.slow
def test_refusing_twice_counts_from_the_second_time(bench: Bench) -> None:
    bench.emulator.fail_next(fault="connection_refused", seconds=0.2)
    bench.emulator.fail_next(fault="connection_refused", seconds=3.0)
    time.sleep(0.35)
    assert bench.get().ended == "refused"
    wait_for(lambda: bench.get().ended != "refused")
    assert bench.get().status == 200


@pytest.mark.slow
def test_refused_after_an_answer(bench: Bench) -> None:
    armed = bench.emulator.fail(Rule.ready("refused_after_answer", "put job note", seconds=2.0))
    seen = bench.get()
    assert (seen.status, seen.ended, seen.headers["connection"]) == (200, "fin", "close")
    assert bench.put().ended == "refused"
    assert armed.fired == 1
    wait_for(lambda: bench.put().ended != "refused")
    assert bench.put().status == 200


@pytest.mark.slow
def test_outage(bench: Bench) -> None:
    assert bench.hit("outage", seconds=2.0).ended == "rst"
    assert bench.put().ended == "refused"
    wait_for(lambda: bench.put().ended != "refused")
    assert bench.put().status == 200


@pytest.mark.slow
def test_the_port_closes_on_order_over_http(bench: Bench, api: Api) -> None:
    answer = api.post("/__emulator__/faults", json={"fault": "connection_refused", "seconds": 2.0})
    assert answer.status_code == 201
    assert bench.get().ended == "refused"
    wait_for(lambda: bench.get().ended != "refused")
    assert bench.get().status == 200
    assert api.get("/__emulator__/faults").json() == [
        {"fault": "connection_refused", "seconds": 2.0, "seen": 0, "fired": 1}
    ]


def test_a_server_stops_while_its_port_is_closed() -> None:
    with EmulatorServer() as server:
        server.emulator.faults.arm(Rule(fault="connection_refused", seconds=300))
        started = time.monotonic()
    assert time.monotonic() - started < 250
    with Raw(server.url) as connection:
        assert connection.exchange("GET", "/__emulator__/health").ended == "refused"


def test_faults_of_the_connection_need_the_emulators_own_server() -> None:
    emulator = Emulator(Config(), seeded_tenant())
    with pytest.raises(RuntimeError, match="needs the emulator's own server"):
        emulator.faults.arm(Rule(fault="connection_refused"))
    assert emulator.faults.rules() == []
    with pytest.raises(RuntimeError, match="needs the emulator's own server"):
        _ = Wire({"type": "http"}, None, None).transport  # type: ignore[arg-type]
