"""Every fault that a read can meet, for each kind of wait and of event.

A wait goes on, or it fails and says why; it never ends with a wrong status. A watcher reports what happened once the
fault is over, and once only.
"""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pacing.pacer import Pacer
from airflow_provider_smartrecruiters.api.reads import waiting
from airflow_provider_smartrecruiters.api.reads.events import Position, poll
from airflow_provider_smartrecruiters.api.reads.waiting import look
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.emulator.tenant import audit, times
from airflow_provider_smartrecruiters.emulator.tenant.state import StatusChange
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
from airflow_provider_smartrecruiters.triggers import events
from tests.reliability.matrix import HUGE_TIMEOUT, PATIENCE, SLOW, SLOW_PATIENCE, TIMEOUT
from tests.sensors.test_statuses import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.sensors.test_statuses import Case

    Emulators = queue.SimpleQueue[SmartRecruitersEmulator]

READ_FAULTS = [name for name, fault in FAULTS.items() if fault.aim is None]
PERMANENT = {"no_access", "token_revoked", "redirect", "huge_body", "not_json", "page_instead", "empty_body"}
"""Faults after which another look may be pointless. Any other one has to leave the wait alive."""
PLACES = 12
"""Faults at a time: they mostly wait."""


def client_of(emulator: SmartRecruitersEmulator, fault: str) -> SmartRecruitersClient:
    return SmartRecruitersClient(
        ApiKeyAuth(emulator.api_key),
        base_url=emulator.url,
        timeout=HUGE_TIMEOUT if fault == "huge_body" else TIMEOUT,
        pacer=Pacer(requests_per_second=100, max_concurrent=8),
        retry=SLOW_PATIENCE if fault in SLOW else PATIENCE,
    )


def armed(emulator: SmartRecruitersEmulator, fault: str, skip: int = 0) -> Any:
    options: dict[str, Any] = {"latency": 0.3} if fault == "latency" else {}
    return emulator.fail(Rule.ready(fault, "any read", skip=skip, **options))


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    """As many emulators as there are places."""
    with ExitStack() as stack:
        made: Emulators = queue.SimpleQueue()
        for _ in range(PLACES):
            server = stack.enter_context(EmulatorServer(Config(rate=0, concurrent=0)))
            made.put(SmartRecruitersEmulator(server))
        yield made


def each_with_each(run: Callable[..., str | None], kinds: Sequence[Any], emulators: Emulators) -> list[str]:
    """Run each kind under each fault, and return what was wrong."""

    def outcome(cell: tuple[Any, str]) -> str | None:
        emulator = emulators.get()
        try:
            wrong = run(*cell, emulator)
            return wrong and f"{cell[1]} for {cell[0].name}: {wrong}"
        finally:
            emulator.reset()
            emulators.put(emulator)

    # How much is too much is the client's own limit, which knows no kinds, and takes a second to reach.
    cells = [(kind, fault) for fault in READ_FAULTS for kind in (kinds[:1] if fault == "huge_body" else kinds)]
    assert len(READ_FAULTS) >= 14
    return [wrong for wrong in ThreadPoolExecutor(PLACES).map(outcome, cells) if wrong]


def unclear(error: SmartRecruitersError, use_case: str) -> str | None:
    """Say what an error lacks."""
    if not error.hint or error.use_case != use_case:
        return f"the error does not say what to do, or what it is about: {error!r}"
    return None


@dataclass(frozen=True)
class Wait:
    """A wait for a status."""

    case: Case

    @property
    def name(self) -> str:
        return self.case.kind.wait_name

    def under(self, fault: str, emulator: SmartRecruitersEmulator) -> str | None:
        """Look twice, first under a fault and then without; a permanent error ends it."""
        ids = self.case.ids(emulator)
        wait = getattr(waiting, self.name)(**ids, statuses=self.case.awaited)
        with client_of(emulator, fault) as client:
            before = look(client, wait)
            rule = armed(emulator, fault)
            try:
                found = look(client, wait)
            except SmartRecruitersError as error:
                if wrong := unclear(error, wait.use_case):
                    return wrong
                if error.target != ids:
                    return f"the error is about {error.target}"
                if not error.retryable:
                    return None if fault in PERMANENT else f"the wait ended: {error!r}"
            else:
                if found != before or found.reached:
                    return f"a wrong status: {found}"
            assert rule.fired, fault
            emulator.clear_faults()
            self.case.move(emulator.state, ids, self.case.awaited)
            then = look(client, wait)
            return None if (then.status, then.reached) == (self.case.awaited, True) else f"it did not end: {then}"


@pytest.mark.slow
def test_a_wait_goes_on_or_fails_clearly(emulators: Emulators) -> None:
    assert each_with_each(Wait.under, [Wait(case) for case in CASES], emulators) == []


@dataclass(frozen=True)
class Watched:
    """What a watcher follows.

    :param trigger: its class.
    :param filters: what it follows.
    :param happen: makes it happen, once.
    :param reads: reads of a poll that finds it.
    """

    trigger: type[events.EventTrigger]
    filters: dict[str, str]
    happen: Callable[[Tenant], None]
    reads: int
    skip: int = 0

    @property
    def name(self) -> str:
        return f"{self.trigger.watch_name}, read {self.skip + 1}"

    def under(self, fault: str, emulator: SmartRecruitersEmulator) -> str | None:
        """Poll under a fault, then twice without."""
        module, _, name = self.trigger.watch_name.partition(".")
        kind = getattr(import_module(f"airflow_provider_smartrecruiters.api.reads.{module}"), name)
        watch = kind(**self.filters)
        position = Position.starting(datetime.now(UTC) - timedelta(milliseconds=1))
        with emulator.state.editing() as tenant:
            self.happen(tenant)
        rule, found = armed(emulator, fault, self.skip), list[str]()
        with client_of(emulator, fault) as client:
            for number in range(3):
                try:
                    step = poll(client, watch, position, overlap=300)
                except SmartRecruitersError as error:
                    if wrong := unclear(error, watch.use_case) or (number and f"it did not go on: {error!r}"):
                        return str(wrong)
                else:
                    found += [event.key for event in step.events]
                    position = Position.restored(step.after.stored())
                assert rule.fired, fault
                emulator.clear_faults()
        return None if len(found) == 1 else f"reported {len(found)} times"


def move_job(tenant: Tenant) -> None:
    job = next(one for one in tenant.jobs.values() if one.status == "SOURCING" and one.access == "full")
    job.status, job.updated_on = "FILLED", times.now()
    job.history.append(StatusChange(changed_on=job.updated_on, status="FILLED"))


def move_application(tenant: Tenant) -> None:
    candidate = next(
        one
        for one in tenant.candidates.values()
        if one.access == "full" and tenant.applications[one.application_ids[0]].status == "IN_REVIEW"
    )
    application = tenant.applications[candidate.application_ids[0]]
    application.status, candidate.updated_on = "REJECTED", times.now()
    application.history.append(StatusChange(changed_on=candidate.updated_on, status="REJECTED"))


WATCHED = (
    Watched(events.JobStatusTrigger, {"statuses": "FILLED"}, move_job, reads=2),
    Watched(events.ApplicationStatusTrigger, {"statuses": "REJECTED"}, move_application, reads=2),
    Watched(
        events.AuditEventTrigger,
        {"event_names": "JOB_DELETED"},
        lambda tenant: audit.note(tenant, "JOB_DELETED", "JOB", "1"),
        reads=1,
    ),
)


@pytest.mark.slow
def test_an_event_is_reported_once_whatever_read_of_it_fails(emulators: Emulators) -> None:
    assert {kind.trigger.__name__ for kind in WATCHED} == set(events.__all__)
    places = [
        Watched(kind.trigger, kind.filters, kind.happen, kind.reads, skip)
        for kind in WATCHED
        for skip in range(kind.reads)
    ]
    assert each_with_each(Watched.under, places, emulators) == []
