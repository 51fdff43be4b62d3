"""The audit log with generated entries: each that is asked for is reported once, however late it is listed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.reads.events import Position, poll
from airflow_provider_smartrecruiters.api.reads.watch_audit import AUDIT_EVENTS, WatchAuditLog
from airflow_provider_smartrecruiters.api.values.fields import same_instant
from airflow_provider_smartrecruiters.emulator.tenant.audit_event import AuditEvent
from tests.properties.trial import UNHURRIED

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = [pytest.mark.slow, pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)]

OVERLAP = 300.0
NAMES = AUDIT_EVENTS[:3]


@dataclass(frozen=True)
class Entry:
    """An entry, and what comes after it.

    :param name: of the event.
    :param late: seconds between what happened and its listing, less than the overlap.
    :param after: seconds since the entry before was listed.
    :param polled: whether there is a poll then.
    :param restarted: whether only the stored position is left after the poll.
    """

    name: str
    late: int
    after: int
    polled: bool
    restarted: bool


def test_each_entry_is_reported_once(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, tried: settings
) -> None:
    numbers, reported = itertools.count(), set[int]()
    name, seconds, switch = st.sampled_from(NAMES), st.integers(0, int(OVERLAP) - 1), st.booleans()
    entries = st.lists(st.builds(Entry, name, seconds, seconds, switch, switch), min_size=1, max_size=6)

    @settings(tried, max_examples=tried.max_examples // 2, suppress_health_check=UNHURRIED, deadline=None)
    @given(entries, st.lists(name, min_size=1, max_size=2, unique=True))
    def try_one(happened: list[Entry], followed: list[str]) -> None:
        watch = WatchAuditLog(event_names=followed)
        # Long enough ago that all are in the past, and soon enough to be read at once.
        now = datetime.now(UTC) - timedelta(hours=2)
        position = Position.starting(now - timedelta(seconds=OVERLAP))
        found, wanted = [], []
        with smartrecruiters_emulator.state.editing() as tenant:
            tenant.audit = []
        for number, entry in enumerate(happened):
            now += timedelta(seconds=entry.after)
            at, entry_id = same_instant(now - timedelta(seconds=entry.late)), f"e{next(numbers)}"
            who = {"author_id": "a", "entity_type": "JOB", "entity_id": "j"}
            made = AuditEvent.model_validate({"id": entry_id, "event_name": entry.name, "event_date": at, **who})
            with smartrecruiters_emulator.state.editing() as tenant:
                tenant.audit.append(made)
            wanted += [entry_id] if entry.name in followed else []
            if entry.polled or number == len(happened) - 1:
                polled = poll(client, watch, position, overlap=OVERLAP)
                found += [event.key.removeprefix("audit/") for event in polled.events]
                position = Position.restored(polled.after.stored()) if entry.restarted else polled.after
        assert sorted(found) == sorted(wanted)
        reported.add(len(found))

    try_one()
    assert {0, 1, 2} <= reported
