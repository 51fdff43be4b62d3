"""What a 401 means: the credential is bad, or the record is not there for it.

SmartRecruiters answers 401 in both cases, with the same body. So the client asks for something that only the credential
decides, and believes that answer for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import requests

from airflow_provider_smartrecruiters.api.forks import start_anew_in_children
from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth, ClientCredentialsAuth, credential

REMEMBERED = 60.0
"""Seconds for which a verdict is believed. Doubled, a credential that was revoked during a batch is noticed a minute
later, and until then its 401s are taken for records without access; halved, a batch with a restricted record in every
second sends twice as many questions."""


class Verdict:
    """Whether SmartRecruiters accepts the credential, asked by one thread at a time.

    :param auth: the credential.
    """

    def __init__(self, auth: ApiKeyAuth | ClientCredentialsAuth) -> None:
        self._auth = auth
        self.after_fork()
        start_anew_in_children(self)

    def after_fork(self) -> None:
        """Know nothing, and have a lock of this process."""
        # Held during the question: a hundred threads with a 401 ask once (single-flight).
        self._lock = threading.Lock()
        self._about: str | None = None
        self._accepted = False
        self._until = 0.0

    def accepted(
        self, refused: requests.PreparedRequest, ask: Callable[[], bool | None], deadline: float
    ) -> bool | None:
        """Return whether the credential of a request that was answered with 401 is accepted elsewhere.

        :param refused: the request.
        :param ask: sends the question; None if its answer says nothing about the credential.
        :param deadline: moment of :func:`time.monotonic` until which to wait for another thread's question.
        :return: False also for a token that has been replaced meanwhile; None if it could not be found out.
        """
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return None
        try:
            about = credential(refused)
            if about == self._about and time.monotonic() < self._until:
                return self._accepted
            if self._auth.has_replaced(refused):
                return False
            accepted = ask()
            if self._auth.has_replaced(refused):
                # It expired meanwhile, so the question went out with another token.
                return False
            if accepted is not None:
                self._about, self._accepted = about, accepted
                # An expired token is as bad as a revoked one, and known beforehand.
                self._until = min(time.monotonic() + REMEMBERED, self._auth.fresh_until)
            return accepted
        finally:
            self._lock.release()
