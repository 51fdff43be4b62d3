"""How a store's clock is read from afar."""

from __future__ import annotations

import pytest

from airflow_provider_smartrecruiters.api.pacing.schedule import Clock


def learned(*exchanges: tuple[float, float, float]) -> Clock:
    """Return a clock that learned from exchanges: the store's time, sent, received."""
    clock = Clock()
    for exchange in exchanges:
        clock.learn(*exchange)
    return clock


def test_one_exchange_places_the_reading_in_its_middle() -> None:
    assert learned((1000.0, 10.0, 10.2)).local(1000.0) == pytest.approx(10.1)


@pytest.mark.parametrize("late", [(1005.0, 15.0, 19.0), (1005.0, 11.0, 15.002)])
def test_a_slow_answer_or_question_changes_nothing(late: tuple[float, float, float]) -> None:
    clock = learned((1000.0, 9.999, 10.001), late)
    assert clock.local(1005.0) == pytest.approx(15.0, abs=0.002)


def test_a_faster_exchange_is_more_exact() -> None:
    clock = learned((1000.0, 10.0, 14.0), (1005.0, 15.999, 16.001))
    assert clock.local(1005.0) == pytest.approx(16.0, abs=0.001)


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_is_set_is_followed(step: float) -> None:
    clock = learned((1000.0, 9.999, 10.001), (1005.0 + step, 14.999, 15.001))
    assert clock.local(1005.0 + step) == pytest.approx(15.0, abs=0.002)


def test_clocks_that_drift_apart_are_followed() -> None:
    clock = Clock()
    for second in range(100_000):
        clock.learn(1000.0 + 1.00005 * second, second - 0.001, second + 0.001)
    # Five seconds in the course of a day, and still known to a millisecond.
    assert clock.local(1000.0 + 1.00005 * 100_000) == pytest.approx(100_000, abs=0.002)
