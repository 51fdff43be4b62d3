"""What is looked up once for all items of a batch, however many threads ask for it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError


class Lookups:
    """Answers that hold for as long as this object is kept: for one change, or for one batch of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Any] = {}

    def get(self, name: str, fetch: Callable[[], Any]) -> Any:
        """Return what ``fetch`` returned when ``name`` was asked for first.

        :param name: what is looked up.
        :param fetch: looks it up. An error that no retry cures is remembered as well; any other is asked again.
        :raises SmartRecruitersError: what ``fetch`` raised.
        """
        with self._lock:
            if name not in self._answers:
                try:
                    self._answers[name] = fetch()
                except SmartRecruitersError as error:
                    if error.retryable:
                        raise
                    self._answers[name] = error
            answer = self._answers[name]
        if isinstance(answer, SmartRecruitersError):
            # A copy: whoever catches an error adds to it what it was about.
            raise copy.copy(answer)
        return answer
