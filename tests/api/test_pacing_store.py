"""Sharing the pace between processes: each backend for real, from several processes at once."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis

from airflow_provider_smartrecruiters.api import pacing_backends, pacing_store
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pace import Pace, StoreLostError
from airflow_provider_smartrecruiters.api.pacing_backends import FileStore, PostgresStore, RedisStore
from airflow_provider_smartrecruiters.api.pacing_store import PaceStore, open_store
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.support.store_servers import postgres_server, redis_server

PROCESSES = 3

TAKE_TURNS = """
import json, sys, time
from airflow_provider_smartrecruiters.api.pacing_store import open_store
location, key, turns, per_second = json.loads(sys.argv[1])
schedule = open_store(location).turns(key)
print("ready", flush=True)
sys.stdin.readline()
taken = []
for _ in range(turns):
    taken.append(schedule.reserve(per_second) + time.time())
print(json.dumps(taken))
"""

SEND = """
import json, sys
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
url, key, location, jobs = json.loads(sys.argv[1])
# Half of the limit together, so that a busy machine squeezes none too many into a second; more than all of it if apart.
client = SmartRecruitersClient.from_credentials(
    password=key, base_url=url, rate_limit_store=location, requests_per_second=5
)
print("ready", flush=True)
sys.stdin.readline()
for job in jobs:
    client.request("GET", "/jobs/{jobId}", path_params={"jobId": job})
print(json.dumps(True))
"""

FORK = """
import json, os, sys, threading, time
from airflow_provider_smartrecruiters.api.pacing_store import open_store
location, key = json.loads(sys.argv[1])
schedule = open_store(location).turns(key)

def take(turns):
    return [schedule.reserve(1) + time.time() for _ in range(turns)]

print("ready", flush=True)
sys.stdin.readline()
# A thread is at it at the moment of the fork, so that locks are held and answers are under way.
of_parent = []
thread = threading.Thread(target=lambda: of_parent.extend(take(200)))
thread.start()
time.sleep(0.02)
reads, writes = os.pipe()
if os.fork() == 0:
    with os.fdopen(writes, "w") as back:
        json.dump(take(200), back)
    os._exit(0)
os.close(writes)
with os.fdopen(reads) as back:
    of_child = json.load(back)
thread.join()
print(json.dumps([of_parent, of_child]))
"""

HOLD = """
import json, sys, time
from airflow_provider_smartrecruiters.api.pacing_store import open_store
location, key = json.loads(sys.argv[1])
schedule = open_store(location).turns(key)
with schedule._store.alone(schedule._bucket):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def redis_location() -> Iterator[str]:
    """A Redis."""
    with redis_server() as location:
        yield location


@pytest.fixture(scope="module")
def postgres_location() -> Iterator[str]:
    """A PostgreSQL."""
    with postgres_server() as location:
        yield location


@pytest.fixture(params=["file", "redis", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where processes share their pace."""
    if request.param == "file":
        return str(tmp_path / "pace.db")
    return str(request.getfixturevalue(f"{request.param}_location"))


@pytest.fixture
def key() -> str:
    """A schedule of this test's own."""
    return uuid4().hex * 2


def started(script: str, arguments: Any) -> subprocess.Popen[str]:
    """Run a script in a process of its own until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def together(script: str, arguments: list[Any]) -> list[Any]:
    """Run a script in as many processes as there are arguments, all at the same moment."""
    running = [started(script, one) for one in arguments]
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in running]


def shortest_gap(moments: list[float]) -> float:
    return min(after - before for before, after in pairwise(sorted(moments)))


def test_no_turn_is_given_twice_and_none_is_lost(location: str, key: str) -> None:
    # Nobody waits for the turns that are a second apart, so that all are at it all the time.
    taken = [moment for one in together(TAKE_TURNS, [[location, key, 40, 1]] * PROCESSES) for moment in one]
    assert len(taken) == 40 * PROCESSES
    # Two that have one turn are no more than the clock's reading apart.
    assert shortest_gap(taken) > 0.5
    assert max(taken) - min(taken) == pytest.approx(40 * PROCESSES - 1, abs=1)


def test_several_processes_stay_under_the_limit(
    location: str, smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    jobs = smartrecruiters_emulator.state.job_ids[:10]
    arguments = [smartrecruiters_emulator.url, smartrecruiters_emulator.api_key, location, jobs]
    assert together(SEND, [arguments] * PROCESSES) == [True] * PROCESSES
    stats = smartrecruiters_emulator.stats
    assert stats["statuses"] == {"200": 10 * PROCESSES}
    assert stats["rate_limited"] == 0


def test_a_child_process_shares_what_its_parent_opened(location: str, key: str) -> None:
    ((of_parent, of_child),) = together(FORK, [[location, key]])
    assert len(of_parent) == len(of_child) == 200
    assert shortest_gap(of_parent + of_child) > 0.5


def test_one_that_dies_stops_nobody(location: str, key: str) -> None:
    holder = started(HOLD, [location, key])
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    turns = open_store(location).turns(key)
    started_at = time.monotonic()
    assert [turns.reserve(100) < 1 for _ in range(3)] == [True] * 3
    assert time.monotonic() - started_at < 3


def test_threads_of_a_process_get_turns_of_their_own(location: str, key: str) -> None:
    turns = open_store(location).turns(key)
    taken: list[float] = []

    def take() -> None:
        taken.extend(turns.reserve(1) + time.monotonic() for _ in range(5))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 20
    assert shortest_gap(taken) > 0.5


def test_limits_of_other_names_and_rates(location: str, key: str) -> None:
    store = open_store(location)
    common, narrow = store.turns(key), store.turns(uuid4().hex * 2)
    assert common.reserve(2) < 1
    # Another limit has a schedule of its own.
    assert narrow.reserve(2) < 1
    assert narrow.reserve(2) == pytest.approx(0.5, abs=0.2)
    # Another rate of the same limit has the same one: a turn is as far from the next as one of the two wants it.
    assert common.reserve(0.5) < 2.1
    assert common.reserve(2) > 2


def test_a_store_is_opened_once(location: str, key: str) -> None:
    assert open_store(location) is open_store(location)
    assert open_store(location).turns(key) is open_store(location).turns(key)


def test_a_turn_that_was_over_when_it_came_is_not_used(key: str, redis_location: str) -> None:
    class FarAway(RedisStore):
        def now(self) -> int:
            time.sleep(0.1)
            now = super().now()
            time.sleep(0.1)
            return now

    far_away = FarAway(redis_location)
    taken = [far_away.turns(key).reserve(50) + time.monotonic() for _ in range(2)]
    # What is handed out is ahead, so that requests leave as far apart as their turns are.
    near = open_store(redis_location).turns(key)
    taken += [near.reserve(50) + time.monotonic() for _ in range(2)]
    assert shortest_gap(taken) > 0.01


def test_a_clock_that_answered_late_is_read_again(redis_location: str, key: str) -> None:
    class Disturbed(RedisStore):
        readings = 0

        def now(self) -> int:
            self.readings += 1
            now = super().now()
            if self.readings % 2 == 0:
                # The machine was busy with something else before it came to the answer.
                time.sleep(0.2)
            return now

    store = Disturbed(redis_location)
    for _ in range(4):
        now, at = store.read_clock()
        assert time.time() - now / 1000 == pytest.approx(time.monotonic() - at, abs=0.05)
    assert store.readings > 4


def test_a_store_that_was_slow_once_makes_nobody_slow_for_good(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "pace.db"))
    turns = store.turns(key)
    at_once = store.now

    def slowly() -> int:
        time.sleep(0.4)
        now = at_once()
        time.sleep(0.4)
        return now

    monkeypatch.setattr(store, "now", slowly)
    time.sleep(turns.reserve(10))
    monkeypatch.setattr(store, "now", at_once)
    time.sleep(turns.reserve(10))
    started_at = time.monotonic()
    for _ in range(5):
        time.sleep(turns.reserve(10))
    assert time.monotonic() - started_at < 1.5


@pytest.fixture(params=["file", "postgres"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that keeps a row for each turn."""
    return str(tmp_path / "pace.db" if request.param == "file" else request.getfixturevalue("postgres_location"))


def test_a_short_task_clears_away_what_is_over(rows: str, key: str) -> None:
    # None takes as many turns as it takes to clear up in between.
    for _ in range(3):
        turns = in_old_times(rows).turns(key)
        for _ in range(5):
            turns.reserve(1000)
        turns.close()
    turns = in_old_times(rows).turns(key)
    assert turns._bucket
    assert turns._bucket.count() == 0


def test_a_long_task_clears_up_in_between(rows: str, key: str) -> None:
    turns = in_old_times(rows).turns(key)
    for _ in range(2 * pacing_store._CLEAR_EVERY + 10):
        turns.reserve(1000)
    assert turns._bucket
    assert turns._bucket.count() < 30


def in_old_times(rows: str) -> PaceStore:
    return PostgresStoreOfOldTimes(rows) if "://" in rows else FileStoreOfOldTimes(rows)


class FileStoreOfOldTimes(FileStore):
    """A file whose turns are over: the clock goes a minute at each reading."""

    at = 1_000_000

    def __init__(self, location: str) -> None:
        super().__init__(Path(location))

    def now(self) -> int:
        type(self).at += 2 * pacing_store.KEPT
        return self.at


class PostgresStoreOfOldTimes(PostgresStore):
    """As above."""

    at = 1_000_000

    def now(self) -> int:
        super().now()
        type(self).at += 2 * pacing_store.KEPT
        return self.at


def test_a_clock_that_was_set_back_stops_nobody(
    location: str, key: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(location)
    turns = store.turns(key)
    turns.reserve(10)
    before = store.now
    monkeypatch.setattr(store, "now", lambda: before() - 3_600_000)
    assert turns.reserve(10) < 1
    assert turns.reserve(10) < 1
    assert caplog.text.count("clock was set back") == 1


class TestFile:
    def test_nobody_else_may_write_it(self, tmp_path: Path, key: str) -> None:
        open_store(f"file://{tmp_path}/pace.db").turns(key)
        for name in os.listdir(tmp_path):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name

    def test_all_spellings_of_its_place(self, tmp_path: Path, key: str) -> None:
        for location in (f"{tmp_path}/pace 1.db", f"file://{tmp_path}/pace%201.db", f"sqlite://{tmp_path}/pace%201.db"):
            open_store(location).turns(key).reserve(100)
        assert {name.removesuffix("-wal").removesuffix("-shm") for name in os.listdir(tmp_path)} == {
            "pace 1.db",
            "pace 1.db.lock",
        }

    def test_one_that_holds_something_else_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("Something else, and long enough not to be taken for an empty file." * 99)
        with pytest.raises(ConfigurationError, match="none that the pace could be kept in") as caught:
            SmartRecruitersClient.from_credentials(password="key", rate_limit_store=str(tmp_path / "notes.txt"))
        assert not caught.value.retryable
        assert (tmp_path / "notes.txt").read_text().startswith("Something else")

    @pytest.mark.skipif(os.getuid() == 0, reason="root may write everything")
    def test_one_that_may_not_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "pace.db").touch(0o400)
        with pytest.raises(ConfigurationError, match=r"cannot be written \(PermissionError\)"):
            open_store(str(tmp_path / "pace.db")).turns("key")

    def test_another_limit_takes_no_lock_from_the_first(self, tmp_path: Path, key: str) -> None:
        store = open_store(str(tmp_path / "pace.db"))
        turns = store.turns(key)
        turns.reserve(1)
        store.turns(uuid4().hex * 2)
        # The last one to close the file clears up behind itself; this process still has it open.
        together(TAKE_TURNS, [[str(tmp_path / "pace.db"), key, 1, 1]])
        assert (tmp_path / "pace.db-wal").exists()
        assert turns.reserve(1) > 1

    def test_a_process_that_hangs_with_it(self, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pacing_backends, "TIMEOUT", 0.3)
        location = str(tmp_path / "pace.db")
        turns = open_store(location).turns(key)
        turns.reserve(10)
        holder = started(HOLD, [location, key])
        try:
            with pytest.raises(StoreLostError, match="Timeout"):
                turns.reserve(10)
            with pytest.raises(ConfigurationError, match="another process holds the file's lock") as caught:
                open_store(location).turns("another")
            assert caught.value.retryable
        finally:
            holder.kill()
            holder.wait()
        assert turns.reserve(10) < 1

    def test_one_that_was_removed_meanwhile(self, tmp_path: Path, key: str) -> None:
        location = str(tmp_path / "pace.db")
        turns = open_store(location).turns(key)
        turns.reserve(1)
        for name in os.listdir(tmp_path):
            (tmp_path / name).unlink()
        # Who comes now makes a new file; whoever had the old one open must not go on with that.
        ((first,),) = together(TAKE_TURNS, [[location, key, 1, 1]])
        with pytest.raises(StoreLostError):
            turns.reserve(1)
        assert turns.reserve(1) + time.time() - first > 0.9


class TestPostgres:
    def test_a_user_that_may_make_no_tables(self, postgres_location: str, key: str) -> None:
        with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
            connection.execute("CREATE ROLE reader LOGIN PASSWORD 'the-secret'")
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        location = postgres_location.replace("tests@", "reader:the-secret@")
        with pytest.raises(ConfigurationError, match="GRANT CREATE ON SCHEMA") as caught:
            open_store(location).turns(key)
        assert not caught.value.retryable
        # A table that somebody else made is no better.
        open_store(postgres_location).turns(key)
        with pytest.raises(ConfigurationError, match="use the same user on every worker"):
            open_store(location).turns(key)

    @pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
    def test_settings_of_a_user_change_nothing(self, postgres_location: str, key: str, zone: str) -> None:
        user = f"user_{uuid4().hex[:8]}"
        with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
            connection.execute(f"CREATE ROLE {user} LOGIN SUPERUSER")
            connection.execute(f"ALTER ROLE {user} SET timezone = '{zone}'")
            connection.execute(f"ALTER ROLE {user} SET default_transaction_isolation = 'serializable'")
        elsewhere = postgres_location.replace("tests@", f"{user}@")
        arguments = [[place, key, 20, 1] for place in (postgres_location, elsewhere, elsewhere)]
        taken = [moment for one in together(TAKE_TURNS, arguments) for moment in one]
        assert shortest_gap(taken) > 0.5
        assert max(taken) - min(taken) == pytest.approx(59, abs=1)

    def test_others_that_have_the_table_locked(self, postgres_location: str, key: str) -> None:
        turns = open_store(postgres_location).turns(key)
        turns.reserve(100)
        with closing(psycopg.connect(postgres_location)) as vacuum:
            vacuum.execute(f"LOCK TABLE ratelimit___turns_{key[:32]} IN SHARE UPDATE EXCLUSIVE MODE")
            threading.Timer(0.5, vacuum.rollback).start()
            started_at = time.monotonic()
            assert turns.reserve(100) < 0.1
        assert 0.4 < time.monotonic() - started_at < 2

    def test_nothing_is_left_open_in_between(self, postgres_location: str, key: str) -> None:
        location = f"{postgres_location}?application_name=idle"
        open_store(location).turns(key).reserve(100)
        with closing(psycopg.connect(postgres_location)) as connection:
            (state,) = connection.execute("SELECT state FROM pg_stat_activity WHERE application_name = 'idle'")
        assert state == ("idle",)


class TestRedis:
    def test_a_user_with_no_more_rights_than_it_takes(self, redis_location: str, key: str) -> None:
        client = redis.Redis.from_url(redis_location)
        rights = ["~smartrecruiters:*", "+time", "+evalsha", "+script|load", "+hmget", "+hset", "+pexpire", "+del"]
        client.execute_command("ACL", "SETUSER", "few", "on", ">secret", *rights)
        client.execute_command("ACL", "SETUSER", "fewer", "on", ">secret", *rights, "-time")
        assert open_store(redis_location.replace("//", "//few:secret@")).turns(key).reserve(10) < 1
        with pytest.raises(ConfigurationError) as caught:
            open_store(redis_location.replace("//", "//fewer:secret@")).turns(key)
        assert " ".join(rights) in caught.value.hint

    def test_a_wrong_password(self) -> None:
        with redis_server(None, "--requirepass", "the-right-one") as location:
            for wrong in (location, location.replace("//", "//:the-secret@")):
                with pytest.raises(ConfigurationError, match="refuses the credential") as caught:
                    open_store(wrong).turns("key")
                assert "the-secret" not in str(caught.value)
            assert open_store(location.replace("//", "//:the-right-one@")).turns("key").reserve(10) < 1

    def test_a_replica(self, redis_location: str) -> None:
        with redis_server(None, "--replicaof", "127.0.0.1", redis_location.rsplit(":", 1)[1].split("/")[0]) as replica:
            client = redis.Redis.from_url(replica)
            until = time.monotonic() + 20
            while client.info("replication")["master_link_status"] != "up" and time.monotonic() < until:
                time.sleep(0.1)
            with pytest.raises(ConfigurationError, match="neither a replica") as caught:
                open_store(replica).turns("key")
            assert not caught.value.retryable

    def test_what_it_holds_is_forgotten(self, redis_location: str, key: str) -> None:
        open_store(redis_location).turns(key).reserve(10)
        client = redis.Redis.from_url(redis_location)
        assert 0 < client.pttl(f"smartrecruiters:turns:{key}") <= pacing_backends._FORGOTTEN

    def test_one_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pacing_backends, "TIMEOUT", 0.3)
        with redis_server() as location:
            turns = open_store(location).turns("key")
            turns.reserve(10)
            pid = redis.Redis.from_url(location).info("server")["process_id"]
            os.kill(pid, signal.SIGSTOP)
            try:
                started_at = time.monotonic()
                with pytest.raises(StoreLostError, match="TimeoutError"):
                    turns.reserve(10)
                assert time.monotonic() - started_at < 3
            finally:
                os.kill(pid, signal.SIGCONT)
            assert turns.reserve(10) < 1


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("pace.db", "neither an absolute path nor"),
        ("~/pace.db", "neither an absolute path nor"),
        ("memcached://host", "neither an absolute path nor"),
        ("file://host/pace.db", "neither an absolute path nor"),
        ("file:pace.db", "neither an absolute path nor"),
        ("http://[", "its address cannot be read"),
        ("/no/such/folder/pace.db", "cannot be written"),
        ("/", "cannot be written"),
        ("/tmp", "cannot be written"),
        ("redis://:the-secret@127.0.0.1:1/0", "Redis cannot be reached"),
        ("redis://:the-secret@127.0.0.1:port/0", "its address cannot be read"),
        ("postgresql://u:the-secret@127.0.0.1:1/x", "PostgreSQL cannot be reached"),
        ("postgresql://u:the-secret%@127.0.0.1:1/x", "its address cannot be read"),
        ("postgresql://u:p@127.0.0.1:1/x?the-secret=1", "its address cannot be read"),
    ],
)
def test_a_store_that_cannot_be_used(location: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ConfigurationError, match=said) as caught:
        SmartRecruitersClient.from_credentials(password="key", rate_limit_store=location)
    assert "rate_limit_store" in str(caught.value)
    assert caught.value.hint
    assert "the-secret" not in str(caught.value) + caplog.text
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    # A server may be back when Airflow tries the task again; nothing else mends itself.
    assert caught.value.retryable == ("cannot be reached" in said)


@pytest.mark.parametrize(
    ("library", "location", "extra"),
    [("redis", "redis://127.0.0.1:1/9", "redis"), ("psycopg", "postgresql://127.0.0.1:1/y", "postgres")],
)
def test_a_library_that_is_missing_is_named(
    library: str, location: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match=rf"airflow-provider-smartrecruiters\[{extra}\]"):
        open_store(location)


def test_a_client_without_a_store_loads_none_of_it() -> None:
    script = (
        "import sys\n"
        "from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient\n"
        "SmartRecruitersClient.from_credentials(password='key')\n"
        "print([name for name in ('pyrate_limiter', 'filelock', 'sqlite3', 'redis', 'psycopg') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_store_that_goes_away_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with redis_server() as location:
        port = int(location.rsplit(":", 1)[1].split("/")[0])
        pace = Pace(50, open_store(location).turns("lost"))
        assert pace.wait(time.monotonic() + 5)
    assert pace.wait(time.monotonic() + 20)
    assert pace.wait(time.monotonic() + 20)
    assert sum("rate limit store failed" in record.getMessage() for record in caplog.records) == 1
    with redis_server(port):
        # As if the pause before it is asked again were over.
        pace._store_lost_until = time.monotonic() - 1
        assert pace.wait(time.monotonic() + 20)
    assert "store is back" in caplog.text


def test_a_database_that_was_restarted_is_found_again(key: str) -> None:
    with postgres_server() as location:
        turns = open_store(location).turns(key)
        turns.reserve(10)
        with closing(psycopg.connect(location, autocommit=True)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'airflow-provider-smartrecruiters'"
            )
        with pytest.raises(StoreLostError):
            turns.reserve(10)
        assert turns.reserve(10) < 1


def test_what_a_store_raises_is_not_repeated(
    tmp_path: Path, key: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: PaceStore = open_store(str(tmp_path / "pace.db"))
    turns = store.turns(key)

    def broken() -> int:
        raise RuntimeError("the-secret")

    monkeypatch.setattr(store, "now", broken)
    with pytest.raises(StoreLostError, match=r"^RuntimeError$"):
        turns.reserve(10)
    assert "the-secret" not in caplog.text
