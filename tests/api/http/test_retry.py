"""When a request is retried, and after which delay."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.http.retry import LONGEST_RETRY_AFTER, RetryPolicy, parse_retry_after
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    BadRequestError,
    RateLimitedError,
    ServerError,
)

WIDE = RetryPolicy(budget=10_000.0)


def test_waits_are_jittered_and_double_up_to_the_longest() -> None:
    random.seed(20260601)
    waits: list[list[float]] = [[] for _ in range(8)]
    for _ in range(300):
        attempts = RetryPolicy(budget=1e6, max_attempts=9, first_wait=0.5, longest_wait=15.0).start()
        for step in waits:
            wait = attempts.next_delay(ServerError("x", status=500))
            assert wait is not None
            step.append(wait)
    for step, cap in zip(waits, (0.5, 1, 2, 4, 8, 15, 15, 15), strict=True):
        assert 0.9 * cap < max(step) <= cap
        # Full jitter: many workers that failed together do not come back together.
        assert min(step) < 0.1 * cap
        assert 0.4 * cap < sum(step) / len(step) < 0.6 * cap


def test_attempts_are_counted() -> None:
    attempts = RetryPolicy(budget=1e6, max_attempts=4).start()
    waits = [attempts.next_delay(AnswerLostError("x")) for _ in range(4)]
    assert [wait is None for wait in waits] == [False, False, False, True]


def test_one_attempt_means_no_retry() -> None:
    assert RetryPolicy(max_attempts=1).start().next_delay(ServerError("x")) is None


def test_the_budget_bounds_what_attempts_do_not() -> None:
    attempts = RetryPolicy(budget=60.0, max_attempts=2).start()
    waits = [attempts.next_delay(RateLimitedError("x", status=429)) for _ in range(20)]
    assert None not in waits
    attempts.started -= 60.0
    assert attempts.next_delay(RateLimitedError("x", status=429)) is None


def test_a_429_waits_at_least_the_second_that_the_limit_is_counted_in() -> None:
    attempts = WIDE.start()
    for _ in range(50):
        wait = attempts.next_delay(RateLimitedError("x", status=429))
        assert wait is not None
        assert 1.0 <= wait <= 16.0


def test_what_the_api_asks_for_is_waited_for() -> None:
    wait = WIDE.start().next_delay(RateLimitedError("x", status=429, retry_after=30.0))
    assert wait == 30.0
    wait = WIDE.start().next_delay(ServerError("x", status=503, retry_after=30.0))
    assert wait == 30.0


def test_what_the_api_asks_for_never_shortens_a_wait() -> None:
    random.seed(3)
    waits = [WIDE.start().next_delay(ServerError("x", retry_after=0.0)) or 0.0 for _ in range(100)]
    assert max(waits) > 0.3


def test_a_wait_beyond_the_budget_is_not_started() -> None:
    assert RetryPolicy(budget=60.0).start().next_delay(RateLimitedError("x", status=429, retry_after=61.0)) is None


@pytest.mark.parametrize("error", [BadRequestError("x", status=400), ServerError("x", status=500, retryable=False)])
def test_a_permanent_error_is_not_retried(error: Exception) -> None:
    assert WIDE.start().next_delay(error) is None


def test_many_attempts_do_not_overflow() -> None:
    attempts = RetryPolicy(budget=1e9, max_attempts=5000).start()
    waits = [attempts.next_delay(ServerError("x")) for _ in range(4000)]
    assert max(wait for wait in waits if wait is not None) <= 15.0


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("7", 7), (" 7 ", 7), ("86400", 86_400), ("9" * 5_000, LONGEST_RETRY_AFTER)]
)
def test_retry_after_in_seconds(text: str, seconds: float) -> None:
    assert parse_retry_after(text) == seconds


def test_retry_after_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    seconds = parse_retry_after(format_datetime(moment, usegmt=True))
    assert seconds is not None
    assert 30 < seconds <= 90


def test_a_date_in_the_past_asks_for_no_wait() -> None:
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_a_day_as_a_date_is_a_day() -> None:
    seconds = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True))
    assert seconds == pytest.approx(86_400, abs=60)


@pytest.mark.parametrize(
    "text",
    [None, "", "soon", "-5", "1.5", "nan", "inf", "1e400", "٣", "Wed, 99 Oct 99999999999999999999 07:28:00 GMT"],
)
def test_no_retry_after(text: str | None) -> None:
    assert parse_retry_after(text) is None


@given(st.text(max_size=40))
def test_any_header_is_parsed_or_ignored(text: str) -> None:
    seconds = parse_retry_after(text)
    assert seconds is None or seconds >= 0
