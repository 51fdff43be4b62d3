"""The pace of one limit: what leaves when, and how processes that know nothing of one another share it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from airflow_provider_smartrecruiters.api.pacing.rate import Departure, Pace
from airflow_provider_smartrecruiters.api.pacing.share import Share
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

SEND = """
import json, sys
from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient
url, key, jobs = json.loads(sys.argv[1])
client = SmartRecruitersClient.from_credentials(password=key, base_url=url)
print("ready", flush=True)
sys.stdin.readline()
for job in jobs:
    client.request("GET", "/jobs/{jobId}", path_params={"jobId": job})
print(json.dumps(True))
"""


def test_processes_that_know_nothing_of_one_another_share_the_limit(
    smartrecruiters_emulator: SmartRecruitersEmulator,
) -> None:
    jobs = smartrecruiters_emulator.state.job_ids[:30]
    argument = json.dumps([smartrecruiters_emulator.url, smartrecruiters_emulator.api_key, jobs])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SEND, argument], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout
        process.stdout.readline()
    began = time.monotonic()
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=120)[0] for process in running] == ["true\n"] * 3
    took = time.monotonic() - began
    stats = smartrecruiters_emulator.stats
    assert stats["statuses"]["200"] == 90
    # Each for itself at ten a second, they would be refused twice for each request that gets through.
    assert stats["rate_limited"] <= 20
    # One after the other would be nine seconds, and so is all of them together; slower is a pace that went wrong.
    assert took < 30


def test_what_counts_is_when_a_request_leaves() -> None:
    pace = Pace(10)
    first = pace.wait(time.monotonic() + 5)
    assert first
    # Held up by the machine after its turn: the eleventh has to wait for it all the same.
    time.sleep(0.4)
    pace.sent(first)
    for _ in range(9):
        departure = pace.wait(time.monotonic() + 5)
        assert departure
        pace.sent(departure)
    eleventh = pace.wait(time.monotonic() + 5)
    assert eleventh
    assert eleventh.at - first.at > 1.0


@pytest.mark.parametrize(("late", "after"), [(0.0, 0.097), (0.05, 0.047), (0.2, 0.03)])
def test_one_that_is_late_does_not_make_the_next_as_late(late: float, after: float) -> None:
    pace, now = Pace(10), time.monotonic()
    pace._departures.append(Departure(turn=now - late, at=now))
    assert pace._next_turn(came=now - late) - now == pytest.approx(after)


def test_a_request_that_was_not_counted_leaves_its_place() -> None:
    pace = Pace(2)
    departures = [pace.wait(time.monotonic() + 5) for _ in range(2)]
    assert departures[0]
    pace.uncount(departures[0])
    again = pace.wait(time.monotonic() + 5)
    assert again
    assert departures[1]
    # The third of two a second would come a second after the first.
    assert again.at - departures[1].at < 0.9


@pytest.mark.parametrize("per_second", [0.5, 2.5, 7])
def test_a_limit_may_be_any_number(per_second: float) -> None:
    pace = Pace(per_second)
    began = time.monotonic()
    count = 3 if per_second < 1 else 2 * int(per_second)
    for _ in range(count):
        assert pace.wait(time.monotonic() + 30)
    assert time.monotonic() - began >= 0.95 * (count - 1) / per_second


def alone(share: Share, seconds: float, now: float = 0.0) -> float:
    """Let ten a second be answered, all of them this process's; return the moment at the end."""
    for step in range(int(seconds * 10)):
        share.answered(used_by_me=10, remaining=0, now=now + step / 10)
    return now + seconds


def test_who_is_alone_has_all_of_it() -> None:
    share = Share(10)
    alone(share, 30)
    assert share.slots == 10


def test_a_refusal_that_is_ones_own_doing_changes_nothing() -> None:
    share = Share(10)
    assert not share.refused(used_by_me=10, now=1.0)
    assert share.slots == 10


@pytest.mark.parametrize(("mine", "remaining", "left"), [(1, 6, 2), (1, 8, 5), (2, 2, 2), (9, 0, 5)])
def test_strangers_get_their_share_at_once(mine: int, remaining: int, left: int) -> None:
    share = Share(10)
    share.answered(used_by_me=mine, remaining=remaining, now=1.0)
    assert share.slots == left


def test_a_refusal_costs_a_place() -> None:
    share = Share(10)
    share.answered(used_by_me=3, remaining=1, now=0.0)
    assert share.slots == 3
    assert share.refused(used_by_me=2, now=0.5)
    assert share.slots == 2
    for _ in range(5):
        share.refused(used_by_me=0, now=0.6)
    assert share.slots == 1


def test_what_is_free_for_a_while_is_taken() -> None:
    share = Share(10)
    share.answered(used_by_me=2, remaining=0, now=0.0)
    before = share.slots
    for step in range(1, 6):
        share.answered(used_by_me=2, remaining=1, now=step * 0.1)
    assert share.slots == before
    for step in range(6, 60):
        share.answered(used_by_me=2, remaining=4, now=step * 0.1)
    assert share.slots > before + 2


def test_all_of_it_comes_back_when_the_others_are_gone() -> None:
    share = Share(10)
    share.answered(used_by_me=2, remaining=0, now=0.0)
    share.answered(used_by_me=2, remaining=8, now=2.0)
    assert share.slots == 10


def test_what_only_looked_free_has_to_look_freer_the_next_time() -> None:
    share, asked, now = Share(10), [], 0.0
    share.answered(used_by_me=2, remaining=0, now=now)
    mine = share.slots
    while now < 300:
        now += 0.4
        # The answers of this one always come at the moment at which a place is just free, but for a while.
        share.answered(used_by_me=2, remaining=0 if 100 < now < 110 else 1, now=now)
        if share.slots > mine:
            asked.append(now)
            share.refused(used_by_me=2, now=now + 0.1)
            mine = share.slots
    assert len(asked) == 2
    assert asked[0] < 20
    assert 110 < asked[1] < 150
    for _ in range(100):
        now += 0.4
        share.answered(used_by_me=2, remaining=2, now=now)
    assert share.slots > mine


def test_who_has_little_takes_a_free_place_sooner() -> None:
    def takes_it_after(mine: int) -> float:
        share, now = Share(10), 0.0
        share.answered(used_by_me=mine, remaining=0, now=now)
        share.slots = mine
        while share.slots == mine and now < 60:
            # It is answered as often as it has places.
            now += 1 / mine
            share.answered(used_by_me=mine, remaining=1, now=now)
        return now

    assert takes_it_after(1) < takes_it_after(2) < 10


def test_who_has_much_leaves_some_to_others_now_and_then() -> None:
    share, now = Share(10), 0.0
    share.answered(used_by_me=9, remaining=0, now=now)
    share.slots = 9
    seen = set()
    for _ in range(4000):
        now += 0.1
        share.answered(used_by_me=min(9, share.slots), remaining=0, now=now)
        seen.add(share.slots)
    assert min(seen) < 9
