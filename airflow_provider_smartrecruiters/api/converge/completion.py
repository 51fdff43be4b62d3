"""Reading again until a write shows that the API accepted and carries out later, such as a publication."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.reading import Reading
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import Attempts
from airflow_provider_smartrecruiters.exceptions import CompletionTimeoutError, SmartRecruitersError, fitted

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
"""Seconds between two reads; each pause is twice the one before. Doubled, a task ends up to 30 s after a slow
publication instead of 15; halved, it sends twice as many reads."""
_SAY_AGAIN = 60.0
"""Seconds between two lines of the log that say that the wait goes on."""


def read_after_loss(client: SmartRecruitersClient, change: Change, attempts: Attempts) -> Reading:
    """Read the record after the response to a write was lost, for as long as the write may take to show.

    :param client: client to send with.
    :param change: the change that was sent.
    :param attempts: the attempts to send it. Half of their budget is left for another one.
    :return: the last reading.
    :raises SmartRecruitersError: a read failed.
    """
    until = min(time.monotonic() + change.shows_within, attempts.deadline - attempts.policy.budget / 2)
    pause = min(_FIRST_PAUSE, change.shows_within, attempts.policy.budget / 16)
    while True:
        reading = Reading.of(client, change)
        if reading.differs is False or time.monotonic() + pause > until or not attempts.sleep(pause):
            return reading


def wait_for_completion(client: SmartRecruitersClient, change: Change, before: Mapping[str, Any]) -> dict[str, Any]:
    """Wait until a read shows an accepted write, if the change asks for it.

    :param client: client to send with.
    :param change: the change that was accepted.
    :param before: the record as it was read before the write; ``{}`` if it was not.
    :return: details for the result: those of the change in its new state, or ``{"verified": False}`` if the record
        could not be read.
    :raises CompletionTimeoutError: the time is over.
    """
    if change.completes_within is None:
        return {}
    attempts, pause = client.retry.start(), _FIRST_PAUSE
    started = said = time.monotonic()
    while True:
        try:
            reading = Reading.of(client, change)
        except SmartRecruitersError as error:
            # The write was accepted. A failed check afterwards must not fail the task.
            what = f"The change of the {change.label} was accepted, but it could not be read afterwards"
            log.warning("%s", fitted(f"{what} ({type(error).__name__})."))
            return {"verified": False}
        if not reading.differs or change.superseded(before, reading.state):
            return change.details(reading.state, None, [])
        now = time.monotonic()
        if now + pause > started + change.completes_within or not attempts.sleep(pause):
            raise _not_completed(change)
        if said == started or now - said > _SAY_AGAIN:
            said = now
            what = f"SmartRecruiters accepted the change of the {change.label}. Waiting until it is done"
            log.info("%s", fitted(f"{what} (up to {change.completes_within:,.0f} s)."))
        pause = min(2 * pause, _LONGEST_PAUSE)


def _not_completed(change: Change) -> CompletionTimeoutError:
    return CompletionTimeoutError(
        f"SmartRecruiters accepted it, but did not complete it within {change.completes_within:,.0f} s.",
        hint="Run the task again, which reads first, or give it more time with wait_timeout. If the state never "
        "changes, look at the record in SmartRecruiters.",
        may_have_been_applied=True,
    )
