"""A request that can be sent more than once, and which of them may have changed something."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_smartrecruiters.api.http.parts import Part
from airflow_provider_smartrecruiters.api.http.responses import SAFE_METHODS

_this_thread = threading.local()


@dataclass(frozen=True)
class Request:
    """A request that can be sent more than once.

    :param method: HTTP method, in capitals.
    :param template: path with its placeholders.
    :param path: path with their values.
    :param params: query parameters.
    :param json: what ``body`` was made of.
    :param body: JSON to send.
    :param files: parts of a multipart body.
    """

    method: str
    template: str
    path: str
    params: Mapping[str, Any] | None
    json: Any = None
    body: bytes | None = None
    files: list[Part] | None = None

    @property
    def safe(self) -> bool:
        """Whether it changes nothing."""
        return self.method in SAFE_METHODS

    @property
    def about_the_credential(self) -> bool:
        """Whether a 401 can only mean that the credential is bad, because no record is asked for."""
        return (self.method, self.path) == (QUESTION.method, QUESTION.path)


QUESTION = Request("GET", "/jobs", "/jobs", {"limit": 1})
"""What only the credential decides. One that may not read jobs gets a 403."""


def writes_sent() -> int:
    """Return how many writes of this thread may have been applied so far, those with a lost answer included.

    If two calls return the same, nothing was changed in between.
    """
    return getattr(_this_thread, "writes", 0)


def count_write(request: Request) -> None:
    """Note that a request was applied, or may have been.

    :param request: the request; one that changes nothing is not counted.
    """
    if not request.safe:
        _this_thread.writes = writes_sent() + 1
