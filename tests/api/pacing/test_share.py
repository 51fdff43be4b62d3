"""How processes that know nothing of one another share the slots of the server's second."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise

import pytest

from airflow_provider_smartrecruiters.api.pacing.rate import SlidingWindow
from airflow_provider_smartrecruiters.api.pacing.share import LONGEST_LOOK, Share
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from benchmarks.share_simulation import LIMIT, Aimd, simulate

pytestmark = pytest.mark.slow

SEND = """
import json, sys
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
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
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in running] == ["true\n"] * 3
    stats = smartrecruiters_emulator.stats
    assert stats["statuses"]["200"] == 90
    # Each for itself at ten a second, they would be refused twice for each request that gets through.
    assert stats["rate_limited"] <= 20


@pytest.mark.parametrize("processes", [1, 2, 4, 8])
def test_in_virtual_time_they_use_the_limit_and_are_hardly_refused(processes: int) -> None:
    used, refused = simulate(lambda: SlidingWindow(LIMIT), processes, 250, seeds=3)
    assert min(used) > 0.88
    assert max(refused) < (0.02 if processes <= 4 else 0.10)
    # The textbook's answer, in the same world.
    aimd_used, aimd_refused = simulate(lambda: Aimd(1.0, 0.5), processes, 250, seeds=3)
    assert max(refused) < min(aimd_refused)
    assert min(used) > max(aimd_used)


def test_a_process_that_is_alone_has_all_slots() -> None:
    share = Share(10)
    for step in range(300):
        share.answered(used=10, remaining=0, now=step / 10)
    assert share.slots == 10


def test_a_refusal_that_is_ones_own_doing_changes_nothing() -> None:
    share = Share(10)
    assert not share.refused(used=10, now=1.0)
    assert share.slots == 10


@pytest.mark.parametrize(("used", "remaining", "left"), [(1, 6, 2), (1, 8, 5), (2, 2, 2), (9, 0, 5)])
def test_others_get_their_share_at_once(used: int, remaining: int, left: int) -> None:
    share = Share(10)
    share.answered(used=used, remaining=remaining, now=1.0)
    assert share.slots == left


def test_a_refusal_costs_a_slot() -> None:
    share = Share(10)
    share.answered(used=3, remaining=1, now=0.0)
    assert share.slots == 3
    assert share.refused(used=2, now=0.5)
    assert share.slots == 2
    for _ in range(5):
        share.refused(used=0, now=0.6)
    assert share.slots == 1


def test_slots_that_are_free_for_a_while_are_taken() -> None:
    share = Share(10)
    share.answered(used=2, remaining=0, now=0.0)
    before = share.slots
    for step in range(1, 5):
        share.answered(used=2, remaining=1, now=step * 0.1)
    assert share.slots == before
    for step in range(5, 100):
        share.answered(used=2, remaining=4, now=step * 0.1)
    assert share.slots > before + 2


def test_slots_that_are_free_only_now_and_then_are_not() -> None:
    share = Share(10)
    share.answered(used=2, remaining=0, now=0.0)
    before = share.slots
    for step in range(1, 1000):
        share.answered(used=2, remaining=step % 4 and 3, now=step * 0.1)
        assert share.slots <= before


def test_all_slots_come_back_when_the_others_are_gone() -> None:
    share = Share(10)
    share.answered(used=2, remaining=0, now=0.0)
    share.answered(used=2, remaining=8, now=1.9)
    assert share.slots < 10
    share.answered(used=2, remaining=8, now=2.1)
    assert share.slots == 10


def test_a_slot_that_only_looks_free_is_tried_ever_more_rarely() -> None:
    share, tried, now = Share(10), [], 0.0
    share.answered(used=2, remaining=0, now=now)
    slots = share.slots
    while now < 1000:
        now += 0.4
        # The answers of this one always come at the moment at which another's slot is just empty.
        share.answered(used=2, remaining=1, now=now)
        if share.slots > slots:
            tried.append(now)
            share.refused(used=2, now=now + 0.1)
        slots = share.slots
    gaps = [after - before for before, after in pairwise(tried)]
    # Two slots, and a patience that starts at one second after the first refusal.
    assert gaps[0] < 3.6
    assert min(gaps[6:]) >= 0.5 * 2 * LONGEST_LOOK


def test_a_slot_that_holds_ends_the_backoff() -> None:
    share, now = Share(10), 0.0
    share.answered(used=1, remaining=0, now=now)
    for _ in range(10):
        while share.slots == 1:
            now += 0.4
            share.answered(used=1, remaining=1, now=now)
        share.refused(used=1, now=now)
    tried = []
    while share.slots < 6:
        slots, now = share.slots, now + 0.1
        share.answered(used=share.slots, remaining=1, now=now)
        if share.slots > slots:
            tried.append(now)
    first, *later = (after - before for before, after in pairwise(tried))
    # The one that was tried first was not refused until the next was tried.
    assert first > max(later)


def test_a_process_with_few_slots_takes_a_free_one_sooner() -> None:
    def takes_it_after(slots: int) -> float:
        share, now = Share(10), 0.0
        share.answered(used=slots, remaining=0, now=now)
        share.slots = slots
        while share.slots == slots:
            now += 0.01
            share.answered(used=slots, remaining=1, now=now)
        return now

    # Whatever the dice say: three times as many slots, three times the time, half of it or half as much again.
    assert all(takes_it_after(1) < takes_it_after(4) for _ in range(100))


def test_a_process_with_many_slots_leaves_some_to_others_now_and_then() -> None:
    share, now = Share(10), 0.0
    share.answered(used=9, remaining=0, now=now)
    share.slots = 9
    seen = set()
    for _ in range(4000):
        now += 0.1
        share.answered(used=min(9, share.slots), remaining=0, now=now)
        seen.add(share.slots)
    assert min(seen) < 9
