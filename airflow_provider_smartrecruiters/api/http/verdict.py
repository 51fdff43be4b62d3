"""What a 401 means: the credential is bad, or the record is not there for it.

SmartRecruiters answers 401 in both cases, with the same body. So the client asks for something that only the credential
decides, and believes that answer for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import requests

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth, ClientCredentialsAuth, credential
from airflow_provider_smartrecruiters.api.http.retry import Attempts
from airflow_provider_smartrecruiters.api.pacing.forks import start_anew_in_children
from airflow_provider_smartrecruiters.exceptions import PermissionDeniedError, SmartRecruitersError

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
        self._failed_at = 0.0

    def accepted(
        self, refused: requests.PreparedRequest, ask: Callable[[Attempts], bool], attempts: Attempts
    ) -> bool | None:
        """Return whether the credential of a request that was answered with 401 is accepted elsewhere.

        The question is repeated after a transient error, within the deadline of the call; the refused request is not.

        :param refused: the request.
        :param ask: sends the question once, as one of the given attempts.
        :param attempts: those of the refused request.
        :return: False also for a token that has been replaced meanwhile; None if it could not be found out.
        :raises SmartRecruitersError: the question failed for good, such as for a client without a token.
        """
        since = time.monotonic()
        if not self._lock.acquire(timeout=max(0.0, attempts.deadline - since)):
            return None
        try:
            about = credential(refused)
            if about == self._about and time.monotonic() < self._until:
                return self._accepted
            if self._auth.has_replaced(refused):
                return False
            if since < self._failed_at:
                # Single-flight for failures too: threads that waited for a question do not repeat it one by one.
                return None
            accepted = _answer(ask, Attempts(attempts.policy, started=attempts.started))
            if self._auth.has_replaced(refused):
                # It expired meanwhile, so the question went out with another token.
                return False
            if accepted is not None:
                self._about, self._accepted = about, accepted
                # An expired token is as bad as a revoked one, and known beforehand.
                self._until = min(time.monotonic() + REMEMBERED, self._auth.fresh_until)
            else:
                self._failed_at = time.monotonic()
            return accepted
        finally:
            self._lock.release()


def is_unsettled(error: SmartRecruitersError) -> bool:
    """Return whether an error is a 401 of which nobody knows the cause, as the question failed however often asked.

    :param error: any error of a request.
    """
    return isinstance(error, PermissionDeniedError) and error.status == 401 and error.retryable


def _answer(ask: Callable[[Attempts], bool], attempts: Attempts) -> bool | None:
    while True:
        try:
            return ask(attempts)
        except SmartRecruitersError as error:
            if not error.retryable:
                raise
            wait = attempts.next_delay(error)
        if wait is None or not attempts.sleep(wait):
            return None
