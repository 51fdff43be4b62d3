"""A PostgreSQL that the workers of a cluster share."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from airflow_provider_smartrecruiters.api.pacing import postgres_store
from airflow_provider_smartrecruiters.api.pacing.rate import StoreLostError
from airflow_provider_smartrecruiters.api.pacing.store import open_store
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.api.pacing.processes import OPEN, TAKE_TURNS, fill, shortest_gap, together
from tests.support.store_servers import postgres_server

pytestmark = pytest.mark.slow


def test_a_user_that_may_make_no_tables(postgres_location: str, key: str) -> None:
    with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'the-secret'")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    location = postgres_location.replace("tests@", "reader:the-secret@")
    with pytest.raises(ConfigurationError, match="GRANT CREATE ON SCHEMA") as caught:
        open_store(location).schedule(key)
    assert not caught.value.retryable
    # A table that somebody else made is no better, unless it may be used.
    open_store(postgres_location).schedule(key)
    with pytest.raises(ConfigurationError, match="use the same user on every worker"):
        open_store(location).schedule(key)
    with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
        connection.execute("GRANT SELECT, INSERT, UPDATE ON smartrecruiters_turns TO reader")
    assert open_store(location).schedule(key).reserve(10) < 1


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_settings_of_a_user_change_nothing(postgres_location: str, key: str, zone: str) -> None:
    user = f"user_{uuid4().hex[:8]}"
    with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN SUPERUSER")
        connection.execute(f"ALTER ROLE {user} SET timezone = '{zone}'")
        connection.execute(f"ALTER ROLE {user} SET default_transaction_isolation = 'serializable'")
    elsewhere = postgres_location.replace("tests@", f"{user}@")
    fill(postgres_location, key)
    arguments = [[place, key, 20, 0.1] for place in (postgres_location, elsewhere, elsewhere)]
    taken = [moment for one in together(TAKE_TURNS, arguments) for moment in one]
    assert shortest_gap(taken) > 5
    assert max(taken) - min(taken) == pytest.approx(590, abs=10)


def test_vacuum_is_not_waited_for(postgres_location: str, key: str) -> None:
    turns = open_store(postgres_location).schedule(key)
    with closing(psycopg.connect(postgres_location)) as vacuum:
        vacuum.execute("LOCK TABLE smartrecruiters_turns IN SHARE UPDATE EXCLUSIVE MODE")
        assert turns.reserve(100) < 1


@pytest.mark.parametrize(
    "lock",
    [
        "LOCK TABLE smartrecruiters_turns IN ACCESS EXCLUSIVE MODE",
        "UPDATE smartrecruiters_turns SET free_at = free_at",
    ],
)
def test_others_that_have_it_locked(postgres_location: str, key: str, lock: str) -> None:
    turns = open_store(postgres_location).schedule(key)
    turns.reserve(1000)
    with (
        closing(psycopg.connect(postgres_location)) as other,
        closing(psycopg.connect(postgres_location, autocommit=True)) as watcher,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute(lock)
        taken = pool.submit(turns.reserve, 1000)
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%' || %s || '%%'"
        while not watcher.execute(waiting, [key]).fetchone():
            time.sleep(0.01)
        time.sleep(0.3)
        released_at = time.monotonic()
        other.rollback()
        # The turn is one of after the wait: one of before would be over, and asked for again in vain.
        assert taken.result() + time.monotonic() > released_at


def test_a_server_that_stops_answering(postgres_location: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_store, "TIMEOUT", 0.3)
    turns = open_store(f"{postgres_location}?application_name=stopped").schedule(key)
    turns.reserve(10)
    with closing(psycopg.connect(postgres_location)) as connection:
        (pid,) = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'stopped'"
        ).fetchone() or (0,)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreLostError, match="TimeoutError"):
            turns.reserve(10)
        # By a new connection.
        assert turns.reserve(10) < 1
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_table_that_is_dropped_is_made_again(postgres_location: str, key: str) -> None:
    turns = open_store(postgres_location).schedule(key)
    with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
        connection.execute("DROP TABLE smartrecruiters_turns")
    first = turns.reserve(0.01)
    assert turns.reserve(0.01) - first == pytest.approx(100, abs=30)


def test_all_may_be_the_first(postgres_location: str, key: str) -> None:
    with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
        connection.execute("CREATE DATABASE fresh")
    location = f"{postgres_location.rpartition('/')[0]}/fresh"
    assert together(OPEN, [[location, key]] * 6) == [True] * 6


def test_nothing_is_left_open_in_between(postgres_location: str, key: str) -> None:
    location = f"{postgres_location}?application_name=idle"
    open_store(location).schedule(key).reserve(100)
    with closing(psycopg.connect(postgres_location)) as connection:
        (state,) = connection.execute("SELECT state FROM pg_stat_activity WHERE application_name = 'idle'")
    assert state == ("idle",)


def test_a_database_that_was_restarted_is_found_again(key: str) -> None:
    with postgres_server() as location:
        turns = open_store(location).schedule(key)
        turns.reserve(10)
        with closing(psycopg.connect(location, autocommit=True)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'airflow-provider-smartrecruiters'"
            )
        with pytest.raises(StoreLostError):
            turns.reserve(10)
        assert turns.reserve(10) < 1
