"""One rate limit: what leaves when."""

from __future__ import annotations

import threading
import time

import pytest

from airflow_provider_smartrecruiters.api.pacing.rate import Pace, SlidingWindow


@pytest.mark.slow
def test_what_counts_is_when_a_request_leaves() -> None:
    pace = Pace(10)
    first = pace.wait(time.monotonic() + 5)
    assert first
    # Held up by the machine after its turn: the eleventh has to wait for it anyway.
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
def test_a_request_that_is_late_does_not_make_the_next_as_late(late: float, after: float) -> None:
    window = SlidingWindow(10)
    window.depart(turn=100 - late, now=100)
    assert window.next_turn(came=100 - late) - 100 == pytest.approx(after)


def test_a_request_that_was_not_counted_leaves_its_slot() -> None:
    window = SlidingWindow(2)
    first, second = window.depart(100, 100), window.depart(100.5, 100.5)
    # The third of two a second comes a second after the first, and after the second where the first was not counted.
    assert 101 < window.next_turn(100.5) < 101.1
    window.uncount(first)
    assert 100.5 < window.next_turn(100.5) < 101
    window.uncount(second)
    assert window.next_turn(100.5) == 100.5


def test_a_process_without_a_slot_backs_off_further_each_time() -> None:
    for _ in range(20):
        window, waits = SlidingWindow(10), []
        for attempt in range(5):
            departure = window.depart(100 + attempt, 100 + attempt)
            window.uncount(departure)
            window.refused(100 + attempt)
            waits.append(window.resume_at - 100 - attempt)
            window.resume_at = 0.0
        assert 0.2 <= waits[0] <= 0.6
        assert all(0.8 <= wait <= 2.4 for wait in waits[2:])


@pytest.mark.slow
@pytest.mark.parametrize("per_second", [0.5, 2.5, 7])
def test_a_limit_may_be_any_number(per_second: float) -> None:
    pace = Pace(per_second)
    began = time.monotonic()
    count = 3 if per_second < 1 else 2 * int(per_second)
    for _ in range(count):
        assert pace.wait(time.monotonic() + 30)
    assert time.monotonic() - began >= 0.95 * (count - 1) / per_second


def test_an_answer_that_shows_free_slots_wakes_up_the_thread_that_waits() -> None:
    pace = Pace(10)
    departure = pace.wait(time.monotonic() + 5)
    assert departure
    pace.answered(departure, 0)
    assert pace._window.share.slots == 1
    # The next turn is a second away. A slot that becomes free is used at once, by the thread that waits already.
    waiting = threading.Thread(target=pace.wait, args=(time.monotonic() + 300,))
    pace._window.resume_at = time.monotonic() + 200
    waiting.start()
    while not pace._queue.busy:
        time.sleep(0.001)
    pace._window.resume_at = 0.0
    while waiting.is_alive():
        pace.answered(departure, 9)
        waiting.join(0.05)
