"""The read after a write: what the API ignored, and what somebody else changed at the same time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.values.diff import flatten
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError

log = logging.getLogger(__name__)


def verify(client: SmartRecruitersClient, change: Change, body: dict[str, Any], response: Any) -> dict[str, Any]:
    """Read the record after the write, and report what differs from what was sent.

    ``ignored`` names the fields that the API did not accept: its own response to the write lacks them.
    ``changed_concurrently`` names the fields that differ from that response: somebody else has written since.

    The API has no ETag, so a change between the read and the write cannot be detected. That window is one request wide.
    """
    try:
        after = change.read(client)
    except SmartRecruitersError as error:
        # The write succeeded. A failed check afterwards must not fail the task.
        log.warning("The %s was changed, but could not be read afterwards (%s).", change.label, type(error).__name__)
        return {"verified": False}

    def accepted_of(content: Mapping[str, Any]) -> dict[str, Any]:
        return flatten(change.compared(change.current(content)))

    # Fields that `current` normalizes are compared in normal form, all others as they were sent and returned.
    sent = flatten(normal(body)) | accepted_of(body)
    seen = accepted_of(after)
    there = flatten(normal(after)) | seen
    answer = response if isinstance(response, Mapping) and response else after
    accepted = accepted_of(answer)
    answered = flatten(normal(answer)) | accepted
    found: dict[str, Any] = {
        "ignored": [name for name, value in sent.items() if answered.get(name) != value],
        "changed_concurrently": [name for name, value in accepted.items() if there.get(name) != value]
        + [name for name in seen if name not in accepted],
    }
    if found["changed_concurrently"]:
        log.warning("Somebody else changed the %s at the same time. Check that both changes are there.", change.label)
    return {name: names for name, names in found.items() if names}
