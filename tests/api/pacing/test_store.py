"""Sharing a schedule between processes: what holds for every kind of store, from several processes at once."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pacing.pacer import Pacer
from airflow_provider_smartrecruiters.api.pacing.rate import Pace, StoreLostError
from airflow_provider_smartrecruiters.api.pacing.store import open_store
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.api.pacing.processes import FORK, LOOP, OPEN, TAKE_TURNS, fill, shortest_gap, started, together
from tests.support.store_servers import redis_server, slow_link

pytestmark = pytest.mark.slow

PROCESSES = 3

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


def test_no_turn_is_given_twice_and_none_is_lost(location: str, key: str) -> None:
    fill(location, key)
    # Nobody waits for the turns, so that all processes are at it all the time.
    taken = [moment for one in together(TAKE_TURNS, [[location, key, 40, 0.1]] * PROCESSES) for moment in one]
    assert len(taken) == 40 * PROCESSES
    # Two that have one turn are no more than the clock's reading apart.
    assert shortest_gap(taken) > 5
    assert max(taken) - min(taken) == pytest.approx(10 * (40 * PROCESSES - 1), abs=10)


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
    assert shortest_gap(of_parent + of_child) > 5


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


def test_a_turn_that_is_too_late_is_not_taken(location: str, key: str) -> None:
    fill(location, key)
    turns = open_store(location).schedule(key)
    assert [turns.reserve(0.01, within=1) for _ in range(3)] == [float("inf")] * 3
    assert Pace(10, turns).wait(time.monotonic() + 1) is None
    # Otherwise it would be five minutes later.
    assert 20 < turns.reserve(0.01, within=60) < 31


def test_threads_of_a_process_get_turns_of_their_own(location: str, key: str) -> None:
    turns = open_store(location).schedule(key)
    taken: list[float] = []

    def take() -> None:
        taken.extend(turns.reserve(0.1) + time.monotonic() for _ in range(5))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 20
    assert shortest_gap(taken) > 5


def test_limits_of_other_names_and_rates(location: str, key: str) -> None:
    store = open_store(location)
    common, narrow = store.schedule(key), store.schedule(uuid4().hex * 2)
    first, other = common.reserve(0.001), narrow.reserve(0.01)
    # Another limit has a schedule of its own.
    assert other < 500
    assert narrow.reserve(0.01) - other == pytest.approx(100, abs=30)
    # Another rate of the same limit has the same one: each turn is followed by the interval of the one who took it.
    assert common.reserve(0.01) - first == pytest.approx(1000, abs=30)
    assert common.reserve(0.001) - first == pytest.approx(1100, abs=30)


def test_a_store_that_is_not_shared_by_all_is_noticed(
    smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two hosts with a file each: both take all turns of the limit."""
    smartrecruiters_emulator.configure(rate=20)
    jobs = smartrecruiters_emulator.state.job_ids
    clients = [
        SmartRecruitersClient(
            ApiKeyAuth(smartrecruiters_emulator.api_key),
            base_url=smartrecruiters_emulator.url,
            pacer=Pacer(20, 8, open_store(str(tmp_path / host)).schedule),
        )
        for host in ("one", "two")
    ]

    def send(number: int) -> None:
        clients[number % 2].request("GET", "/jobs/{jobId}", path_params={"jobId": jobs[number % len(jobs)]})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(240)))
    for client in clients:
        client.close()
    assert smartrecruiters_emulator.stats["statuses"]["200"] == 240
    # Five each until it is noticed, and what the headers cost. Without them a third of all requests is refused.
    assert smartrecruiters_emulator.stats["rate_limited"] <= 48
    warnings = [record.message for record in caplog.records if "not all users of this credential" in record.message]
    assert 1 <= len(warnings) <= 2
    assert "PostgreSQL instead of a file" in warnings[0]


def test_a_few_refusals_do_not_make_a_store_doubtful(location: str, key: str) -> None:
    pace = Pace(10, open_store(location).schedule(key))
    for _ in range(4):
        pace.refused()
    assert pace._scheduled
    pace.refused()
    assert not pace._scheduled


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
        "from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient\n"
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
        pace._trust.lost_until = time.monotonic() - 1
        assert pace.wait(time.monotonic() + 20)
    assert "store is back" in caplog.text


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
