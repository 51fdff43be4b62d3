"""
The matrix: every kind of fault meets every change, and the emulator's journal tells what became of the write.

A cell is one call of `apply` while the emulator has one fault. It is judged by what the journal and the records say,
not by what the package says about itself.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.http.auth import TOKEN_PATH, ApiKeyAuth, ClientCredentialsAuth, TokenEndpoint
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.http.transport import DEFAULT_TIMEOUT
from airflow_provider_smartrecruiters.api.pacing.pacer import Pacer
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_provider_smartrecruiters.api.values.result import ChangeResult
    from airflow_provider_smartrecruiters.emulator.faults.injector import ArmedRule
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.use_cases.use_case import Expected, UseCase

    Apply = Callable[..., ChangeResult]

TIMEOUT = 1.0
"""Seconds, where the package has two minutes."""
NEVER_STRUCK = "the fault never struck"
TRIES = 3
"""How often a cell is tried whose fault never struck: on a busy machine the read before it may have timed out. Such a
run shows nothing, neither good nor bad."""
PATIENCE = RetryPolicy(budget=2.5, max_attempts=60, first_wait=0.02, longest_wait=0.05)
"""Seconds, where the package has a minute; enough attempts to bridge a port that is closed for half a second."""
SLOW = ("timeout_before", "timeout_after", "slow_trickle")
"""Faults that take a whole exchange's time, and so outlast a call's budget: the package's timeout is the longer one."""
SLOW_PATIENCE = replace(PATIENCE, budget=TIMEOUT * RetryPolicy().budget / DEFAULT_TIMEOUT)
HUGE_TIMEOUT = 30.0
"""Seconds: what is too large is to be told by its size."""
WORKERS = 16
"""Cells at a time in each process."""
MANY = 100
"""Cells that are worth another process."""

OPTIONS: dict[str, dict[str, Any]] = {"latency": {"latency": 0.3}}
"""Options that faults get here; far enough from the timeout, so that it is a fault of its own."""


class Place(StrEnum):
    """Which request meets the fault."""

    WRITE = "write"
    WRITE_OF_TWO = "write beside a second writer"
    READ = "read"
    READ_AFTER_LOSS = "read after a lost answer"
    READ_AFTER_WRITE = "read after the write"
    TOKEN = "token"
    WRITE_WITH_TOKEN = "write with a token"


class Verdict(StrEnum):
    """What became of a write, and what was said of it."""

    ONCE = "once"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNSURE = "unsure"
    LOST = "LOST"
    DOUBLED = "DOUBLED"
    FALSE = "FALSE"
    WRONG = "WRONG"


GOOD = (Verdict.ONCE, Verdict.CONFIRMED, Verdict.REFUSED, Verdict.UNSURE)
SUCCESS = (Verdict.ONCE, Verdict.CONFIRMED)

ENDS = ("token_revoked", "redirect")
"""Faults that end a call although they strike once: an API key has no successor, and no redirect is followed."""

OTHER_CREDENTIAL = ("token_revoked", "no_access")
"""Faults that end otherwise with an OAuth token, which has a successor, than with an API key."""

OF_EVERY_ANSWER = tuple(name for name in FAULTS if name.startswith("rate_headers"))
"""Faults that all answers of a call have, whichever request they are to."""


@dataclass(frozen=True)
class Cell:
    """One call with one fault."""

    place: Place
    fault: str
    case: type[UseCase]

    def __str__(self) -> str:
        return f"{self.fault} on the {self.place} of {self.case.use_case}"


@dataclass(frozen=True)
class Outcome:
    """
    What became of a cell.

    :param said: what the call returned or raised, in words.
    :param why: what is wrong, for a verdict that is not good.
    """

    cell: Cell
    verdict: Verdict
    said: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.cell}: {self.verdict}: {self.why} ({self.said})"


def rows() -> Iterator[tuple[Place, str]]:
    """Return every fault at every place where it makes sense."""
    for place in Place:
        for fault in FAULTS.values():
            writing = place in (Place.WRITE, Place.WRITE_OF_TWO)
            if (fault.aim is not None or fault.name in OF_EVERY_ANSWER) and not writing:
                continue
            if place is Place.TOKEN and fault.name == "token_revoked":
                # The token endpoint takes none.
                continue
            if place is Place.WRITE_WITH_TOKEN and fault.name not in OTHER_CREDENTIAL:
                continue
            yield place, fault.name


def cells(row: tuple[Place, str]) -> list[Cell]:
    """Return the cells of a row: one for each use case that sends such a request."""
    place, fault = row
    return [Cell(place, fault, case) for case in catalogue.cases() if sends(case, place, fault)]


def sends(case: type[UseCase], place: Place, fault: str) -> bool:
    """Tell whether a use case sends the request that a fault is to meet."""
    if place is Place.READ_AFTER_WRITE:
        return bool(case.reads_after)
    if place in (Place.WRITE_OF_TWO, Place.READ, Place.READ_AFTER_LOSS) or fault == "refused_after_answer":
        return bool(case.reads)
    return True


def run_cells(todo: list[Cell], apply: Apply = apply) -> list[Outcome]:
    """Run cells. They mostly wait, so many of them at a time."""
    with ExitStack() as stack:
        benches: queue.SimpleQueue[Bench] = queue.SimpleQueue()
        for _ in range(min(WORKERS, len(todo))):
            benches.put(stack.enter_context(Bench()))

        def run_one(cell: Cell) -> Outcome:
            bench = benches.get()
            try:
                outcome = bench.run(cell, apply)
                for _ in range(TRIES - 1):
                    if outcome.why != NEVER_STRUCK:
                        break
                    # On another bench: what timed out here may still arrive.
                    bench = stack.enter_context(Bench())
                    outcome = bench.run(cell, apply)
                return outcome
            finally:
                benches.put(bench)

        return list(stack.enter_context(ThreadPoolExecutor(WORKERS)).map(run_one, todo))


@dataclass
class Matrix:
    """The outcomes so far."""

    outcomes: dict[Cell, Outcome] = field(default_factory=dict)

    def run(self, chosen: Iterable[Cell], apply: Apply = apply) -> None:
        """Run cells; many of them in one process for each processor."""
        todo = list(chosen)
        processes = os.cpu_count() or 1
        if len(todo) < MANY or processes == 1:
            self.outcomes.update((outcome.cell, outcome) for outcome in run_cells(todo, apply))
            return
        # Spawned: this process has threads. Every process gets cells of every row.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, context, logging.disable, (logging.CRITICAL,)) as pool:
            shares = [todo[number::processes] for number in range(processes)]
            found = {outcome.cell: outcome for outcomes in pool.map(run_cells, shares) for outcome in outcomes}
        self.outcomes.update((cell, found[cell]) for cell in todo)

    def bad(self) -> list[Outcome]:
        """Return the outcomes that must not be."""
        return [outcome for outcome in self.outcomes.values() if outcome.verdict not in GOOD]

    def summary(self) -> str:
        """Return the size and the count of what went wrong, in one line."""
        faults = {cell.fault for cell in self.outcomes}
        use_cases = {cell.case for cell in self.outcomes}
        count = Counter(outcome.verdict for outcome in self.outcomes.values())
        places = Counter(cell.place for cell in self.outcomes)
        on = ", ".join(f"{count} on the {place}" for place, count in places.items())
        wrong = f", {count[Verdict.WRONG]} wrong otherwise" if count[Verdict.WRONG] else ""
        return (
            f"reliability matrix: {len(faults)} faults x {len(use_cases)} use cases = {len(self.outcomes)} cells "
            f"({on}), {count[Verdict.LOST]} lost, {count[Verdict.DOUBLED]} doubled, "
            f"{count[Verdict.FALSE]} falsely reported{wrong}"
        )


def small_company() -> Tenant:
    """Return the emulator's company with fewer candidates, which takes a third of the time to put back."""
    company = seeded_tenant()
    company.candidates = dict(list(company.candidates.items())[:60])
    for name in ("applications", "interviews"):
        kept = {one: it for one, it in getattr(company, name).items() if it.candidate_id in company.candidates}
        setattr(company, name, kept)
    return company


class Bench:
    """An emulator for one cell after the other."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._folder = Path()
        self._settled = False
        """Whether the last cell was in a company with settings of its own."""

    def __enter__(self) -> Bench:
        import tempfile

        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        server = self._stack.enter_context(EmulatorServer(Config(rate=0, concurrent=0), small_company()))
        self._emulator = SmartRecruitersEmulator(server)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, cell: Cell, apply: Apply) -> Outcome:
        """Run a cell."""
        if self._emulator.journal or self._settled:
            self._emulator.reset()
        else:
            # Nothing was written, and a reset takes longer than all the rest of a cell.
            self._emulator.emulator.journal.clear()
        case = catalogue.prepared(cell.case, self._emulator, self._folder)
        self._settled = bool(case.company)
        arguments = case.arguments()
        change = case.operator(task_id="change", **arguments).change()
        expected, before = case.expected(arguments), case.stored(arguments)
        result: ChangeResult | None = None
        error: BaseException | None = None
        with self._client(cell) as client, ExitStack() as stack:
            second = None
            if cell.place is Place.WRITE_OF_TWO:
                # The guard that forbids to write over what somebody else has written since.
                guarded = partial(apply, expect=plan(client, change).fingerprint)
                second = stack.enter_context(SecondWriter(case, arguments))
            else:
                guarded = apply
            rule = self._arm(cell, case)
            try:
                result = guarded(client, change)
            except Exception as raised:
                error = raised
        self._emulator.clear_faults()
        seen = _Seen(cell, case, arguments, expected, before, rule, result, error, second)
        verdict, why = seen.judged()
        return Outcome(cell, verdict, seen.said(), why)

    def _arm(self, cell: Cell, case: UseCase) -> ArmedRule:
        target, options = self._target(cell, case)
        if cell.place is Place.READ_AFTER_LOSS:
            self._emulator.fail_next(case.operation, "reset_after")
        return self._emulator.fail(Rule.ready(cell.fault, target, **OPTIONS.get(cell.fault, {}), **options))

    @staticmethod
    def _target(cell: Cell, case: UseCase) -> tuple[str, dict[str, Any]]:
        if cell.fault in OF_EVERY_ANSWER:
            return "any", {}
        if cell.place is Place.TOKEN:
            return "token", {}
        if cell.place is Place.READ:
            return "any read", {}
        if cell.place in (Place.READ_AFTER_LOSS, Place.READ_AFTER_WRITE):
            return "any read", {"skip": len(case.reads)}
        return case.struck or case.operation, {}

    def _client(self, cell: Cell) -> SmartRecruitersClient:
        # Put together here, so that what one cell teaches the pacer is not known to the next one.
        emulator = self._emulator
        timeout = HUGE_TIMEOUT if cell.fault == "huge_body" else TIMEOUT
        retry = SLOW_PATIENCE if cell.fault in SLOW else PATIENCE
        auth: ApiKeyAuth | ClientCredentialsAuth = ApiKeyAuth(emulator.api_key)
        if cell.place in (Place.TOKEN, Place.WRITE_WITH_TOKEN):
            endpoint = TokenEndpoint(
                emulator.url + TOKEN_PATH,
                client_id=emulator.client_id,
                client_secret=emulator.client_secret,
                scope=None,
                timeout=timeout,
                user_agent=None,
            )
            auth = ClientCredentialsAuth(endpoint)
        pacer = Pacer(requests_per_second=100, max_concurrent=8)
        return SmartRecruitersClient(auth, base_url=emulator.url, timeout=timeout, pacer=pacer, retry=retry)


class SecondWriter:
    """
    Somebody who changes the record after the first write was received, and before any other request is.

    ``wrote`` tells whether there was another request; ``left`` is what the record was like then, and ``entries`` how
    many entries the journal had.
    """

    def __init__(self, case: UseCase, arguments: dict[str, Any]) -> None:
        self._case = case
        self._arguments = arguments
        self._begun = False
        self.wrote = False
        self.left: Any = None
        self.entries = 0

    def __enter__(self) -> SecondWriter:
        self._case.emulator.emulator.interceptors.append(self._intercept)
        return self

    def __exit__(self, *_: object) -> None:
        self._case.emulator.emulator.interceptors.remove(self._intercept)

    async def _intercept(self, call: Any, proceed: Any) -> Any:
        if self._begun and not self.wrote:
            self.wrote = True
            with self._case.emulator.state.editing() as tenant:
                self._case.meddle(tenant, self._arguments)
            self.left, self.entries = self._case.stored(self._arguments), len(self._case.emulator.journal)
        self._begun |= call.method != "GET"
        return await proceed()


@dataclass(frozen=True)
class _Seen:
    """What is known after a call."""

    cell: Cell
    case: UseCase
    arguments: dict[str, Any]
    expected: Expected
    before: Any
    rule: ArmedRule
    result: ChangeResult | None
    error: BaseException | None
    second: SecondWriter | None

    def said(self) -> str:
        """Return what the call said of itself."""
        if self.result is not None:
            return f"applied={self.result.applied}, changed={self.result.changed}, details={self.result.details}"
        if isinstance(self.error, SmartRecruitersError):
            may = self.error.may_have_been_applied
            return f"{type(self.error).__name__}, may_have_been_applied={may}, retryable={self.error.retryable}"
        return "".join(traceback.format_exception(self.error))

    def judged(self) -> tuple[Verdict, str]:
        """Return the verdict, and what is wrong if it is no good one."""
        applied = [entry for entry in self.case.emulator.journal if entry.applied]
        stored = self.case.stored(self.arguments)
        beside = self.second if self.second and self.second.wrote else None
        if beside and any(entry.applied for entry in self.case.emulator.journal[beside.entries :]):
            return Verdict.LOST, "what the second writer wrote was written over"
        own = [entry for entry in applied if entry.operation_id not in self.case.follows]
        others = [entry.operation_id for entry in applied if entry.operation_id in self.case.follows]
        if len(own) > 1 or len(set(others)) < len(others):
            return Verdict.DOUBLED, f"{len(applied)} writes were applied"
        if any(entry.operation_id != self.case.operation or entry.body != self.expected.body for entry in own):
            return Verdict.LOST, "what was written is not what should be"
        if stored != (beside.left if beside else self.expected.stored if applied else self.before):
            return Verdict.LOST, "the record is not what it should be"
        if self.rule.fired == 0:
            return Verdict.WRONG, NEVER_STRUCK
        done = bool(applied) and self.case.struck in (None, *others)
        return self._success(done) if self.result is not None else self._failure(bool(applied))

    def _success(self, applied: bool) -> tuple[Verdict, str]:
        assert self.result is not None
        if not applied:
            return Verdict.FALSE, "success was reported, and the write was not applied"
        if not self.result.applied or self.result.changed is not (True if self.case.converges() else None):
            return Verdict.FALSE, "a change was made, and the result does not say so"
        return (Verdict.CONFIRMED if "confirmed_by_read" in self.result.details else Verdict.ONCE), ""

    def _failure(self, applied: bool) -> tuple[Verdict, str]:
        error = self.error
        if not isinstance(error, SmartRecruitersError):
            return Verdict.FALSE, "the error is none of the package's"
        if error.use_case != self.cell.case.use_case or not error.hint:
            return Verdict.WRONG, "the error does not say what it was about, or what to do"
        if applied and not error.may_have_been_applied:
            return Verdict.FALSE, "the error says that nothing was applied, and something was"
        if self._has_to_end_well():
            return Verdict.WRONG, "the fault passed, so this should have succeeded"
        return (Verdict.UNSURE if error.may_have_been_applied else Verdict.REFUSED), ""

    def _has_to_end_well(self) -> bool:
        """Tell whether trying again, or reading, is bound to help."""
        place, fault, rule = self.cell.place, self.cell.fault, self.rule.rule
        if place is Place.WRITE_OF_TWO:
            return False
        if place is Place.READ_AFTER_WRITE:
            return True
        if place is Place.WRITE_WITH_TOKEN:
            return fault == "token_revoked"
        if fault in OF_EVERY_ANSWER:
            return True
        if rule.times is None or fault in ENDS:
            return False
        if place is Place.WRITE and not self.case.converges():
            return not self._may_have_been_applied()
        if fault in SLOW:
            # The budget is over; but to ask once whether a write was carried out is always worth it.
            return place is Place.WRITE and FAULTS[fault].applied
        return fault != "huge_body" or place is Place.WRITE

    def _may_have_been_applied(self) -> bool:
        return isinstance(self.error, SmartRecruitersError) and self.error.may_have_been_applied
