"""Sending one write, and finding out what became of it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.completion import read_after_loss
from airflow_provider_smartrecruiters.api.converge.guards import Guards, Skip
from airflow_provider_smartrecruiters.api.converge.reading import Reading
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.exceptions import ConflictError, SmartRecruitersError, fitted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """The outcome of a write.

    :param body: the body that was sent last.
    :param response: the API's response; None if it is empty, or if it was lost and the write confirmed by reading.
    :param details: details for the result.
    :param skip: why the write was not sent again after its response was lost.
    :param unchanged: whether nothing was written, because the record is as requested by now.
    :param base: the record from which the body was made.
    :param state: the record as the read showed it that confirmed the write; None if none had to.
    """

    body: dict[str, Any] = field(repr=False)
    response: Any = field(default=None, repr=False)
    details: dict[str, Any] = field(default_factory=dict)
    skip: Skip | None = None
    unchanged: bool = False
    base: Reading | None = field(default=None, repr=False)
    state: dict[str, Any] | None = field(default=None, repr=False)


class _MovedOn(Exception):  # noqa: N818 - no error: a way out of the client
    """The record is no longer the one that a write was made from, or a guard no longer holds.

    :param reading: the record as it was read last.
    :param same: whether it is as requested by now.
    :param failed: the error of the attempt before.
    """

    def __init__(self, reading: Reading, same: bool, failed: SmartRecruitersError | None) -> None:
        super().__init__()
        self.reading = reading
        self.same = same
        self.failed = failed


def write(client: SmartRecruitersClient, change: Change, first: Reading, guards: Guards) -> Written:
    """Send the write. Before it is sent again, for whatever reason, the record is read again. If it is as requested,
    nothing more is sent; otherwise the write is made again from what was read. That happens within the retry budget,
    only after transient errors, and only if the guards still hold.

    A forced write of an unchanged record cannot be confirmed by reading, so its error is raised.

    :param client: client to send with.
    :param change: the change to send.
    :param first: the record as it was read before the first attempt.
    :param guards: the guards, which are checked before every further attempt.
    :return: the response (None if the write was confirmed by reading), the body, and details for the result.
    """
    reading = first
    attempts = client.retry.start()
    in_doubt = False

    def look_again(failed: SmartRecruitersError | None) -> None:
        # Called by the client. The attempt before was not applied (429, no connection, an expired token), but a minute
        # may have passed since the read.
        try:
            now = Reading.of(client, change) if reading.done else reading
            same = first.differs is not False and now.differs is False
            if now.fingerprint != reading.fingerprint or guards.skip(now):
                raise _MovedOn(now, same, failed)
        except SmartRecruitersError as error:
            raise failed or error from None

    sender = client.checking(look_again)
    while True:
        # Built again for each attempt, from the state that was read last: a body from the first read would overwrite
        # what somebody else saved in the meantime.
        base, body = reading, change.body(reading.state)
        try:
            return Written(body, change.send(sender, body), base=base)
        except _MovedOn as moved:
            failed, reading, same = moved.failed, moved.reading, moved.same
            wait = 0.0 if attempts.sleep(0) and time.monotonic() <= attempts.deadline else None
        except SmartRecruitersError as error:
            lost = error.may_have_been_applied
            confirmable = change.readable and first.differs is not False
            # The read below tells whether it was applied, so another one does not do it twice.
            error.retryable |= confirmable and error.retryable_after_read
            in_the_way = isinstance(error, ConflictError) and error.retryable
            # An earlier attempt may still be in flight. It can be applied after this attempt was rejected.
            in_doubt = error.may_have_been_applied = lost or in_doubt
            if not ((lost or in_the_way) and confirmable):
                raise
            failed, wait = error, attempts.next_delay(error)
            log.warning("%s", fitted(f"{error.summary} Reading the {change.label} before sending again."))
            if not attempts.sleep(wait or 0):
                wait = None
            try:
                reading = read_after_loss(client, change, attempts) if lost else Reading.of(client, change)
            except Exception:
                # The error of the write, not of the read: only that one states that the change may have been applied.
                raise failed from None
            if reading.differs is None and in_doubt:
                # The record does not tell whether the write was applied.
                raise
            same = reading.differs is False
        if same and in_doubt:
            return Written(body, details={"confirmed_by_read": True}, base=base, state=reading.state)
        if same:
            return Written(body, unchanged=True)
        # Only now, after the read: a write that was applied is a success even if its budget is used up.
        if wait is None and failed:
            raise failed
        # Somebody else may have changed the record since: a recruiter hired the candidate in the meantime.
        try:
            if skip := guards.skip(reading):
                details = {"may_have_been_applied": True} if in_doubt else {}
                return Written(body, details=details, skip=skip)
            guards.check_fingerprint(reading.fingerprint)
        except SmartRecruitersError as error:
            error.may_have_been_applied = in_doubt
            raise
