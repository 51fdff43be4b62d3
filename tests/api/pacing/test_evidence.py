"""What answers prove about the server's count, for servers that count in all kinds of ways, in virtual time."""

from __future__ import annotations

from itertools import product
from statistics import median

import pytest

from airflow_provider_smartrecruiters.api.pacing.evidence import Evidence
from tests.api.pacing.counting import (
    LOADS,
    WINDOWS,
    Aligned,
    Bucket,
    Load,
    Sliding,
    Started,
    Window,
    World,
    mostly_reads,
    one,
    pairs,
    proven_after,
    read_then_write,
    same_path,
    several,
)

pytestmark = pytest.mark.slow

SEEDS = range(3)
LATENCIES = (0.005, 0.05, 0.2, 0.4, 0.8)


def found(world: World, seeds: range = SEEDS, requests: int = 60) -> list[int]:
    """Return after how many requests it was found out, for each seed with which it was."""
    return [after for seed in seeds if (after := proven_after(world, seed, requests))]


@pytest.mark.parametrize("window", WINDOWS[:3])
@pytest.mark.parametrize("load", LOADS)
def test_one_limit_for_the_credential_is_never_taken_for_several(window: Window, load: Load) -> None:
    for latency, others, late in product(LATENCIES, (0.0, 3.0, 8.0), (True, False)):
        assert not found(World("credential", window, load, latency, others, late)), (latency, others, late)


@pytest.mark.parametrize("window", WINDOWS[:3])
@pytest.mark.parametrize("latency", LATENCIES)
def test_nor_is_one_for_all_that_is_sent(window: Window, latency: float) -> None:
    """A count by path or by method, as long as all requests are of one path or of one method."""
    assert not found(World("path", window, same_path, latency))
    assert not found(World("method", window, one, latency))


def test_a_bucket_that_refills_is_hardly_ever_taken_for_several() -> None:
    """It holds next to nothing at this pace, so a row of answers may look like a counter of one endpoint."""
    cases = list(product(LOADS, LATENCIES, (0.0, 3.0), (True, False)))
    worlds = [World("credential", Bucket, *case) for case in cases]
    assert sum(len(found(world)) for world in worlds) <= 0.03 * len(worlds) * len(SEEDS)


@pytest.mark.parametrize("load", [read_then_write, pairs])
@pytest.mark.parametrize("latency", [0.005, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("late_header", [True, False])
def test_a_batch_that_reads_first_finds_out_soon(load: Load, latency: float, late_header: bool) -> None:
    after = found(World("endpoint", Sliding, load, latency, late_header=late_header), range(12))
    assert len(after) == 12
    assert median(after) <= 16
    assert max(after) <= 30


@pytest.mark.parametrize("load", [several, mostly_reads])
def test_other_mixtures_find_out_later(load: Load) -> None:
    assert len(found(World("endpoint", Sliding, load), range(8), requests=120)) >= 6


@pytest.mark.parametrize("window", [Aligned, Started])
def test_windows_that_start_anew_by_endpoint_are_found_out_too(window: Window) -> None:
    """Not each time: a window of which little is seen may be any."""
    assert len(found(World("endpoint", window, pairs), range(8))) >= 5


@pytest.mark.parametrize("load", [read_then_write, several])
def test_reads_alone_and_answers_without_headers_prove_nothing(load: Load) -> None:
    assert not found(World("endpoint", Sliding, one))
    assert not found(World("endpoint", Sliding, load, silent=["PUT /b", "PUT /a", "GET /b"]))


def test_while_others_use_the_endpoints_nothing_is_proven() -> None:
    """They show in the counter, as requests to other endpoints would."""
    evidence = Evidence()
    for number in range(40):
        now, endpoint = 100 + number / 10, ("read", "write")[number % 2]
        sent = evidence.sent(endpoint, now)
        sent.left = now
        own = min(number // 2 + 1, 5)
        assert not evidence.answered(sent, own + 2, now + 0.02)


def test_different_limits_by_endpoint_are_proven_as_well() -> None:
    """What counts is how many requests a counter holds, whatever it may hold."""
    evidence, proven = Evidence(), []
    for number in range(12):
        now, endpoint = 100 + number / 10, ("read", "write")[number % 2]
        sent = evidence.sent(endpoint, now)
        sent.left = now
        proven.append(evidence.answered(sent, min(number // 2 + 1, 5), now + 0.02))
    assert proven.index(True) <= 10


def test_an_answer_to_a_request_that_is_long_forgotten_proves_nothing() -> None:
    evidence = Evidence()
    old = evidence.sent("read", 100)
    evidence.sent("write", 200)
    assert not evidence.answered(old, 1, 200.1)
