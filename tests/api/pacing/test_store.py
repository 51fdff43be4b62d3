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
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis

from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pacing import file_store, postgres_store, redis_store
from airflow_provider_smartrecruiters.api.pacing.rate import Pace, StoreLostError
from airflow_provider_smartrecruiters.api.pacing.store import open_store
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.support.store_servers import postgres_server, redis_server, slow_link

PROCESSES = 3

TAKE_TURNS = """
import json, sys, time
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key, turns, per_second = json.loads(sys.argv[1])
schedule = open_store(location).schedule(key)
print("ready", flush=True)
sys.stdin.readline()
taken = []
for _ in range(turns):
    taken.append(schedule.reserve(per_second) + time.time())
print(json.dumps(taken))
"""

SEND = """
import json, sys
from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient
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
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key = json.loads(sys.argv[1])
schedule = open_store(location).schedule(key)

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

LOOP = """
import json, sys
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key = json.loads(sys.argv[1])
schedule = open_store(location).schedule(key)
print("ready", flush=True)
while True:
    schedule.reserve(1_000_000)
"""

OPEN = """
import json, sys
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(open_store(location).schedule(key).reserve(1) < 100))
"""

HOLD_FILE = """
import fcntl, json, sys, time
file = open(json.loads(sys.argv[1]), "r+b")
fcntl.flock(file, fcntl.LOCK_EX)
print("ready", flush=True)
time.sleep(600)
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


def test_a_process_that_is_killed_stops_nobody(location: str, key: str) -> None:
    for after in (0.0, 0.003, 0.01, 0.02):
        # It does nothing but take turns, so that it is killed in the middle of one.
        process = started(LOOP, [location, key])
        time.sleep(after)
        process.kill()
        process.communicate()
    turns = open_store(location).schedule(key)
    # Not lost, which is what a lock that nobody releases leads to, and not in a far future.
    assert [turns.reserve(100) < 1 for _ in range(3)] == [True] * 3


def test_threads_of_a_process_get_turns_of_their_own(location: str, key: str) -> None:
    turns = open_store(location).schedule(key)
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
    common, narrow = store.schedule(key), store.schedule(uuid4().hex * 2)
    assert common.reserve(0.1) < 1
    # Another limit has a schedule of its own.
    assert narrow.reserve(0.1) < 1
    assert narrow.reserve(0.1) == pytest.approx(10, abs=3)
    # Another rate of the same limit has the same one: each turn is followed by the interval of the one who took it.
    assert common.reserve(0.01) == pytest.approx(10, abs=3)
    assert common.reserve(0.1) == pytest.approx(110, abs=3)


def test_a_store_is_opened_once(location: str, key: str) -> None:
    assert open_store(location) is open_store(location)
    assert open_store(location).schedule(key) is open_store(location).schedule(key)


@pytest.mark.parametrize("server", ["redis", "postgres"])
def test_a_turn_that_is_over_when_it_arrives_is_not_used(server: str, key: str, request: pytest.FixtureRequest) -> None:
    location = request.getfixturevalue(f"{server}_location")
    with slow_link(location) as link:
        far = open_store(link.location).schedule(key)
        link.delay = 0.2
        taken = [far.reserve(2.5) + time.monotonic() for _ in range(2)]
        # What is handed out is ahead, so that requests leave as far apart as their turns are.
        near = open_store(location).schedule(key)
        taken += [near.reserve(2.5) + time.monotonic() for _ in range(2)]
    # A turn that is used when it arrives is used 0.2 seconds late.
    assert shortest_gap(taken) > 0.3


@pytest.mark.parametrize("server", ["redis", "postgres"])
def test_one_slow_answer_makes_no_process_slow_for_good(server: str, key: str, request: pytest.FixtureRequest) -> None:
    with slow_link(request.getfixturevalue(f"{server}_location")) as link:
        turns = open_store(link.location).schedule(key)

        def gap() -> float:
            before = time.monotonic()
            time.sleep(turns.reserve(10))
            return time.monotonic() - before

        gap()
        link.delay = 0.4
        assert gap() > 0.8
        link.delay = 0.0
        # A process that went on asking as far ahead as after the slow answer would get every turn 0.6 seconds late.
        assert min(gap() for _ in range(6)) < 0.4


def size_of(location: str, key: str) -> int:
    """Return the bytes, or the rows, that a schedule takes."""
    if location.startswith("redis"):
        return int(redis.Redis.from_url(location).memory_usage(f"smartrecruiters:turns:{key}"))
    if location.startswith("postgres"):
        with closing(psycopg.connect(location)) as connection:
            found = connection.execute("SELECT count(*) FROM smartrecruiters_turns WHERE key = %s", [key]).fetchone()
        assert found
        return int(found[0])
    return Path(location).stat().st_size


def test_turns_leave_nothing_behind(location: str, key: str) -> None:
    turns = open_store(location).schedule(key)
    turns.reserve(1000)
    before = size_of(location, key)
    for _ in range(200):
        turns.reserve(1000)
    assert size_of(location, key) == before > 0


def test_a_long_queue_is_no_clock_that_was_set_back(location: str, key: str, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(location)
    turns = store.schedule(key)
    store.advance(key, interval=600_000_000, lead=0, far=10**12)
    # Nor is it for a process that only looks whether the store works.
    assert subprocess.run(
        [sys.executable, "-c", OPEN, json.dumps([location, key])], input="go", capture_output=True, text=True
    ).stdout.endswith("false\n")
    assert turns.reserve(1) > 500
    assert not caplog.text


def test_a_clock_that_was_set_back_stops_nobody(location: str, key: str, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(location)
    turns = store.schedule(key)
    # A clock that is set back by an hour leaves a schedule that is an hour ahead of it.
    store.advance(key, interval=3_600_000_000, lead=0, far=10**12)
    assert turns.reserve(10) < 1
    assert turns.reserve(10) < 1
    assert caplog.text.count("clock was set back") == 1


class TestFile:
    def test_nobody_else_may_write_it(self, tmp_path: Path, key: str) -> None:
        open_store(f"file://{tmp_path}/pace.db").schedule(key)
        for name in os.listdir(tmp_path):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name

    def test_all_spellings_of_its_place(self, tmp_path: Path, key: str) -> None:
        for location in (f"{tmp_path}/pace 1.db", f"file://{tmp_path}/pace%201.db", f"sqlite://{tmp_path}/pace%201.db"):
            open_store(location).schedule(key).reserve(100)
        assert os.listdir(tmp_path) == ["pace 1.db"]

    def test_one_that_holds_something_else_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("Something else, and long enough not to be taken for an empty file." * 99)
        with pytest.raises(ConfigurationError, match="the file holds something else") as caught:
            SmartRecruitersClient.from_credentials(password="key", rate_limit_store=str(tmp_path / "notes.txt"))
        assert not caught.value.retryable
        assert (tmp_path / "notes.txt").read_text().startswith("Something else")

    @pytest.mark.skipif(os.getuid() == 0, reason="root may write everything")
    def test_one_that_may_not_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "pace.db").touch(0o400)
        with pytest.raises(ConfigurationError, match=r"cannot be written \(PermissionError\)"):
            open_store(str(tmp_path / "pace.db")).schedule("key")

    def test_schedules_keep_apart_in_one_file(self, tmp_path: Path) -> None:
        location, keys = str(tmp_path / "pace.db"), [uuid4().hex * 2 for _ in range(20)]
        for number, key in enumerate(keys):
            open_store(location).advance(key, interval=1_000_000 * (100 + 10 * number), lead=0, far=10**12)
        for number, key in enumerate(keys):
            ((taken,),) = together(TAKE_TURNS, [[location, key, 1, 1]]) if number % 10 == 0 else ((None,),)
            ahead = open_store(location).schedule(key).reserve(1)
            assert ahead == pytest.approx(100 + 10 * number + (taken is not None), abs=8)

    def test_a_record_that_was_cut_short_is_written_anew(self, tmp_path: Path, key: str) -> None:
        location = tmp_path / "pace.db"
        open_store(str(location)).schedule("another").reserve(1)
        whole = location.stat().st_size
        with location.open("ab") as file:
            file.write(b"cut short")
        turns = open_store(str(location)).schedule(key)
        assert turns.reserve(0.1) < 1
        assert turns.reserve(0.1) == pytest.approx(10, abs=3)
        assert location.stat().st_size == whole + 24

    def test_a_system_without_flock(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "fcntl", None)
        with pytest.raises(ConfigurationError, match="cannot lock files") as caught:
            open_store(str(tmp_path / "pace.db"))
        assert "Redis" in caught.value.hint
        assert not caught.value.retryable

    def test_a_process_that_hangs_with_it(self, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(file_store, "TIMEOUT", 0.3)
        location = str(tmp_path / "pace.db")
        turns = open_store(location).schedule(key)
        turns.reserve(10)
        holder = started(HOLD_FILE, location)
        try:
            holder.send_signal(signal.SIGSTOP)
            with pytest.raises(StoreLostError, match="Timeout"):
                turns.reserve(10)
            with pytest.raises(ConfigurationError, match="another process holds the file's lock") as caught:
                open_store(location).schedule("another")
            assert caught.value.retryable
        finally:
            holder.kill()
            holder.communicate()
        assert turns.reserve(10) < 1

    def test_one_that_is_removed_meanwhile(self, tmp_path: Path, key: str) -> None:
        location = tmp_path / "pace.db"
        turns = open_store(str(location)).schedule(key)
        turns.reserve(0.01)
        location.unlink()
        # Both use the new file; nobody goes on with the one that is gone.
        ((first,),) = together(TAKE_TURNS, [[str(location), key, 1, 0.1]])
        assert turns.reserve(0.1) + time.time() - first == pytest.approx(10, abs=3)

    def test_one_that_is_removed_while_its_lock_is_waited_for(self, tmp_path: Path, key: str) -> None:
        location = tmp_path / "pace.db"
        turns = open_store(str(location)).schedule(key)
        turns.reserve(0.01)
        holder = started(HOLD_FILE, str(location))
        with ThreadPoolExecutor(1) as pool:
            taken = pool.submit(turns.reserve, 0.1)
            # Until the thread has the old file open.
            while len([link for link in Path("/proc/self/fd").iterdir() if is_link_to(link, location)]) < 1:
                time.sleep(0.001)
            location.unlink()
            holder.kill()
            holder.communicate()
            assert taken.result() < 1
        assert turns.reserve(0.1) == pytest.approx(10, abs=3)

    def test_its_folder_is_gone(self, tmp_path: Path, key: str) -> None:
        location = tmp_path / "folder" / "pace.db"
        location.parent.mkdir()
        turns = open_store(str(location)).schedule(key)
        location.unlink()
        location.parent.rmdir()
        with pytest.raises(StoreLostError, match="FileNotFoundError"):
            turns.reserve(10)


def is_link_to(link: Path, target: Path) -> bool:
    try:
        return link.samefile(target)
    except OSError:
        return False


class TestPostgres:
    def test_a_user_that_may_make_no_tables(self, postgres_location: str, key: str) -> None:
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

    def test_vacuum_is_not_waited_for(self, postgres_location: str, key: str) -> None:
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
    def test_others_that_have_it_locked(self, postgres_location: str, key: str, lock: str) -> None:
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

    def test_a_server_that_stops_answering(
        self, postgres_location: str, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
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

    def test_a_table_that_is_dropped_is_made_again(self, postgres_location: str, key: str) -> None:
        turns = open_store(postgres_location).schedule(key)
        with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
            connection.execute("DROP TABLE smartrecruiters_turns")
        assert turns.reserve(0.1) < 1
        assert turns.reserve(0.1) == pytest.approx(10, abs=3)

    def test_all_may_be_the_first(self, postgres_location: str, key: str) -> None:
        with closing(psycopg.connect(postgres_location, autocommit=True)) as connection:
            connection.execute("CREATE DATABASE fresh")
        location = f"{postgres_location.rpartition('/')[0]}/fresh"
        assert together(OPEN, [[location, key]] * 6) == [True] * 6

    def test_nothing_is_left_open_in_between(self, postgres_location: str, key: str) -> None:
        location = f"{postgres_location}?application_name=idle"
        open_store(location).schedule(key).reserve(100)
        with closing(psycopg.connect(postgres_location)) as connection:
            (state,) = connection.execute("SELECT state FROM pg_stat_activity WHERE application_name = 'idle'")
        assert state == ("idle",)


class TestRedis:
    def test_a_user_with_no_more_rights_than_it_takes(self, redis_location: str, key: str) -> None:
        client = redis.Redis.from_url(redis_location)
        rights = ["~smartrecruiters:*", "+time", "+evalsha", "+script|load", "+get", "+set"]
        client.execute_command("ACL", "SETUSER", "few", "on", ">secret", *rights)
        client.execute_command("ACL", "SETUSER", "elsewhere", "on", ">secret", *rights, "+select")
        few, elsewhere = (redis_location.replace("//", f"//{user}:secret@") for user in ("few", "elsewhere"))
        assert open_store(few).schedule(key).reserve(10) < 1
        assert open_store(elsewhere.removesuffix("/0") + "/1").schedule(key).reserve(10) < 1
        # Each of them is needed, and the error names them all.
        for right in rights[1:]:
            fewer = f"without_{right[1:4]}"
            client.execute_command("ACL", "SETUSER", fewer, "on", ">secret", *rights, right.replace("+", "-"))
            client.script_flush()
            with pytest.raises(ConfigurationError) as caught:
                open_store(redis_location.replace("//", f"//{fewer}:secret@")).schedule(key)
            assert " ".join(rights) in caught.value.hint
            assert "+select" in caught.value.hint

    def test_a_wrong_password(self) -> None:
        with redis_server(None, "--requirepass", "the-right-one") as location:
            for wrong in (location, location.replace("//", "//:the-secret@")):
                with pytest.raises(ConfigurationError, match="refuses the credential") as caught:
                    open_store(wrong).schedule("key")
                assert "the-secret" not in str(caught.value)
            assert open_store(location.replace("//", "//:the-right-one@")).schedule("key").reserve(10) < 1

    def test_a_replica(self, redis_location: str) -> None:
        with redis_server(None, "--replicaof", "127.0.0.1", redis_location.rsplit(":", 1)[1].split("/")[0]) as replica:
            client = redis.Redis.from_url(replica)
            until = time.monotonic() + 20
            while client.info("replication")["master_link_status"] != "up" and time.monotonic() < until:
                time.sleep(0.1)
            with pytest.raises(ConfigurationError, match="ReadOnlyError") as caught:
                open_store(replica).schedule("key")
            assert not caught.value.retryable

    def test_what_it_holds_is_forgotten(self, redis_location: str, key: str) -> None:
        open_store(redis_location).schedule(key).reserve(10)
        client = redis.Redis.from_url(redis_location)
        assert 0 < client.pttl(f"smartrecruiters:turns:{key}") <= redis_store._KEPT

    def test_one_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis_store, "TIMEOUT", 0.3)
        with redis_server() as location:
            turns = open_store(location).schedule("key")
            turns.reserve(10)
            pid = redis.Redis.from_url(location).info("server")["process_id"]
            os.kill(pid, signal.SIGSTOP)
            try:
                with pytest.raises(StoreLostError, match="TimeoutError"):
                    turns.reserve(10)
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
    # A server may be back when Airflow retries the task; nothing else changes by itself.
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


@pytest.mark.parametrize(
    ("store", "loaded"), [(None, []), ("pace.db", ["airflow_provider_smartrecruiters.api.pacing.store"])]
)
def test_a_client_loads_no_more_than_its_store_needs(store: str | None, loaded: list[str], tmp_path: Path) -> None:
    location = store and str(tmp_path / store)
    script = (
        "import sys\n"
        "from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient\n"
        f"SmartRecruitersClient.from_credentials(password='key', rate_limit_store={location!r})\n"
        "names = ('airflow_provider_smartrecruiters.api.pacing.store', 'sqlite3', 'redis', 'psycopg')\n"
        "print([name for name in names if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{loaded}\n"


def test_a_store_that_goes_away_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with redis_server() as location:
        port = int(location.rsplit(":", 1)[1].split("/")[0])
        pace = Pace(50, open_store(location).schedule("lost"))
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


def test_what_a_store_raises_is_not_repeated(
    tmp_path: Path, key: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "pace.db"))
    turns = store.schedule(key)

    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("the-secret")

    monkeypatch.setattr(store, "advance", broken)
    with pytest.raises(StoreLostError, match=r"^RuntimeError$"):
        turns.reserve(10)
    assert "the-secret" not in caplog.text
