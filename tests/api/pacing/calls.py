"""Calls that are made at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy

PATIENT = RetryPolicy(budget=60.0, first_wait=0.01, longest_wait=0.05)


def at_once(threads: int, *calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
