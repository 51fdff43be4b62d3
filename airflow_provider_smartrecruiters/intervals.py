"""The time between two looks, which varies for everything that looks again and again."""

from __future__ import annotations

import random

JITTER = 0.1
"""Fraction by which each interval varies. Without it, sensors that were started together would always look together;
doubled, the longest time until a change is noticed grows by another tenth."""


def varied(seconds: float) -> float:
    """Return an interval that differs by up to a tenth.

    :param seconds: the interval, in seconds.
    """
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)
