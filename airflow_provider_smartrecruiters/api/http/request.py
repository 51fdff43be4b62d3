"""A request that can be sent more than once, which of them may have changed something, and who counts them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_provider_smartrecruiters.api.http.parts import Part
from airflow_provider_smartrecruiters.api.http.responses import SAFE_METHODS
from airflow_provider_smartrecruiters.api.pacing.lanes import endpoint_of

log = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was sent, with or without a response.

    :param method: HTTP method, in capitals.
    :param path: path below the host with ``_`` in place of each id: ``/jobs/_/status``. No query.
    :param read: whether the request changes nothing.
    :param status: HTTP status of the response; None if there was none.
    :param waited: seconds that the request waited for its turn within the limits of the credential.
    """

    method: str
    path: str
    read: bool
    status: int | None
    waited: float


class Observer(Protocol):
    """What a client reports to. Its methods are called in the thread of the request, which waits for them."""

    def sent(self, exchange: Exchange) -> None:
        """Take note of a request."""

    def retried(self) -> None:
        """Take note that a failed request will be sent again."""


class Reports:
    """The reports of a client. What its observer raises ends here: counting must not cost a request.

    :param observer: receives the reports; None for none.
    """

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self._warned = False

    def sent(self, request: Request, status: int | None, waited: float) -> None:
        """Report a request.

        :param request: the request.
        :param status: HTTP status of the response; None if there was none.
        :param waited: seconds that it waited for its turn.
        """
        if self._observer is None:
            return
        try:
            # The path in the form in which the limits of endpoints know it, so that an id is never part of a name.
            path = endpoint_of(request.method, request.template).partition(" ")[2].replace("{}", "_")
            self._observer.sent(Exchange(request.method, path, request.safe, status, waited))
        except Exception as error:
            self._warn(error)

    def retried(self) -> None:
        """Report that a failed request will be sent again."""
        if self._observer is None:
            return
        try:
            self._observer.retried()
        except Exception as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            log.warning("Requests are sent, but not counted in the metrics (%s).", type(error).__name__)
