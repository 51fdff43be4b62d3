"""Every fault that a read can meet: the wait goes on, or it fails and says why; it never ends with a wrong status."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.api.http.auth import ApiKeyAuth
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pacing.pacer import Pacer
from airflow_provider_smartrecruiters.api.reads.waiting import AwaitJobStatus, look
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
from tests.reliability.matrix import HUGE_TIMEOUT, PATIENCE, SLOW, SLOW_PATIENCE, TIMEOUT

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.reads.waiting import Seen

READ_FAULTS = [name for name, fault in FAULTS.items() if fault.aim is None]
PERMANENT = {"no_access", "token_revoked", "redirect", "huge_body", "not_json", "page_instead", "empty_body"}
"""Faults after which another look may be pointless. Any other one has to leave the wait alive."""


def looks(name: str, emulator: SmartRecruitersEmulator) -> list[Seen | SmartRecruitersError]:
    """Look at a job twice, first under a fault and then without; a permanent error ends it."""
    job_id = next(job_id for job_id in emulator.state.job_ids if emulator.state.job(job_id).status == "SOURCING")
    wait = AwaitJobStatus(job_id=job_id, statuses="FILLED")
    rule = emulator.fail(Rule.ready(name, "any read", **({"latency": 0.3} if name == "latency" else {})))
    found: list[Seen | SmartRecruitersError] = []
    with SmartRecruitersClient(
        ApiKeyAuth(emulator.api_key),
        base_url=emulator.url,
        timeout=HUGE_TIMEOUT if name == "huge_body" else TIMEOUT,
        pacer=Pacer(requests_per_second=100, max_concurrent=8),
        retry=SLOW_PATIENCE if name in SLOW else PATIENCE,
    ) as client:
        for _ in range(2):
            try:
                found.append(look(client, wait))
            except SmartRecruitersError as error:
                found.append(error)
                if not error.retryable:
                    break
            assert rule.fired, name
            emulator.clear_faults()
            with emulator.state.editing() as tenant:
                tenant.jobs[job_id].status = "FILLED"
    return found


def test_a_wait_goes_on_or_fails_clearly() -> None:
    """All faults at a time: they mostly wait."""
    with ExitStack() as stack:
        emulators: queue.SimpleQueue[SmartRecruitersEmulator] = queue.SimpleQueue()
        for _ in range(8):
            server = stack.enter_context(EmulatorServer(Config(rate=0, concurrent=0)))
            emulators.put(SmartRecruitersEmulator(server))

        def outcome(name: str) -> list[Seen | SmartRecruitersError]:
            emulator = emulators.get()
            try:
                return looks(name, emulator)
            finally:
                emulator.reset()
                emulators.put(emulator)

        outcomes = dict(zip(READ_FAULTS, ThreadPoolExecutor(8).map(outcome, READ_FAULTS), strict=True))
    wrong = []
    for name, (first, *later) in outcomes.items():
        if isinstance(first, SmartRecruitersError):
            if not first.hint or first.use_case != "await_job_status" or not first.target:
                wrong.append(f"{name}: the error does not say what to do, or to which record: {first!r}")
            if not first.retryable:
                if name not in PERMANENT:
                    wrong.append(f"{name}: the wait ended: {first!r}")
                continue
        elif (first.status, first.reached) != ("SOURCING", False):
            wrong.append(f"{name}: a wrong status: {first}")
        if [(getattr(seen, "status", seen), getattr(seen, "reached", None)) for seen in later] != [("FILLED", True)]:
            wrong.append(f"{name}: the wait did not end when the status came: {later}")
    assert wrong == []
    assert len(outcomes) >= 14
