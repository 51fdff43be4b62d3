"""Apply many changes at the API's rate limit, with a few threads and one outcome per batch item.

A batch that uses the whole rate limit needs as many threads as it has requests in flight. More would only increase the
number of items in doubt when the process dies. So a thread is added only while no thread waits for its turn.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.converge.guards import Terms
from airflow_provider_smartrecruiters.api.converge.view import View
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import retries_made
from airflow_provider_smartrecruiters.api.pacing import MAX_CONCURRENT
from airflow_provider_smartrecruiters.api.values.fingerprint import LeftStates
from airflow_provider_smartrecruiters.api.values.result import ChangeResult
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    ConfigurationError,
    IgnoredValuesError,
    SmartRecruitersError,
)

log = logging.getLogger(__name__)

_VIEW = View(level=logging.DEBUG)
"""The log of a batch has lines of its own for its items."""

OUTAGE = 25
"""Number of consecutive items with a transient error that counts as an outage (a circuit breaker).

Doubled, an outage fails 50 items before the batch stops. Halved, a dozen unlucky records would end a healthy batch."""

LONG_WAITS = 3
"""Number of items without a success in between after which a ``Retry-After`` beyond a call's budget ends the batch.

Doubled, six items fail although the server has said that nothing will succeed for an hour. One alone may be about a
single record."""

_TICK = 0.05
"""Seconds after which :meth:`Bulk.outcomes` returns control even if no item finished, and the time that a new thread
gets to reach its first request. Doubled, a batch takes twice as long to reach its full number of threads. Halved, the
loop adds threads before the last one has shown whether it is needed."""


@dataclass(frozen=True, slots=True)
class Work:
    """One batch item.

    :param index: position of the item in the batch, from 0.
    :param change: builds the change. Called in a thread of the batch, just before the change is applied.
    :param expect: ``fingerprint`` of the plan that the record must still match, or those of the states that a change
        to take back may have left.
    :param in_doubt: a process that died may have sent the item already, so the record is read first, if possible.
    """

    index: int
    change: Callable[[], Change]
    expect: str | LeftStates | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one batch item: the facts of a :class:`.ChangeResult`, or of the error. It contains no free text.

    Log, progress, results file, report and XCom are made from it.

    :param index: position of the item in the batch, from 0.
    :param changed: whether the record differed from the requested state; None if unknown.
    :param applied: whether a write was sent and accepted.
    :param attempts: number of attempts: 1 plus the retries.
    :param ms: milliseconds from start to end, including the wait for the rate limit.
    :param fields: names of the fields that differ.
    :param details: facts specific to the use case, such as ``needs_publishing`` of a job ad.
    :param fingerprint: stands for the state that was read, for ``expect``; None if it was not read.
    :param diff: the fields that differ, as in the result for one record; None if too large to resume with.
    :param skipped: why a guard kept the item from being sent; None if none did.
    :param error: class name of the error; None if the item did not fail.
    :param status: HTTP status of the error response.
    :param code: the API's error code.
    :param retryable: whether the error is transient.
    :param may_have_been_applied: whether the write may have been applied although it failed.
    :param undo: what taking the change back needs to know; empty if nothing changed.
    :param said: message of the error in lines, for the log only.
    """

    index: int
    changed: bool | None = None
    applied: bool = False
    attempts: int = 1
    ms: int = 0
    fields: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    diff: Sequence[Mapping[str, Any]] | None = ()
    skipped: str | None = None
    error: str | None = None
    status: int | None = None
    code: str | None = None
    retryable: bool = False
    may_have_been_applied: bool = False
    undo: Mapping[str, Any] = field(default_factory=dict)
    said: str = field(default="", repr=False, compare=False)

    @property
    def failed(self) -> bool:
        """Whether the item failed: the record may not be in the requested state."""
        return self.error is not None

    @classmethod
    def of(cls, index: int, result: ChangeResult, **measured: Any) -> Outcome:
        """Return the outcome of an item that did not fail.

        :param index: position of the item in the batch, from 0.
        :param result: result of its change.
        :param measured: ``attempts`` and ``ms``.
        """
        facts = result.as_dict(return_response=False)
        names = ("changed", "applied", "fields", "details", "fingerprint", "diff", "skipped")
        return cls(index, **{name: facts[name] for name in names}, undo=result.undo, **measured)

    def as_row(self, number: int, place: str, target: Mapping[str, str]) -> dict[str, Any]:
        """Return the outcome as a JSON-serializable row of the results file.

        :param number: number of the item for people, from 1.
        :param place: its position in words, as in the log: ``item 3``, ``line 17``.
        :param target: ids of the record.
        """
        _, *facts = ((name, _plain(getattr(self, name))) for name in _FACTS)
        row = {"number": number, "place": place, "target": dict(target), **dict(facts)}
        return row if self.undo else {name: value for name, value in row.items() if name != "undo"}

    def as_values(self) -> list[Any]:
        """Return the outcome in its shortest JSON-serializable form: the values of the row without trailing defaults.

        A diff of more than 1,000 characters is left out: a store of progress takes small values only. ``fields`` still
        names what differs.
        """
        values = [_plain(getattr(self, name)) for name in _FACTS]
        if len(json.dumps(values[_DIFF], default=str)) > _LONGEST_DIFF:
            values[_DIFF] = None
        while values[-1] == _DEFAULTS[len(values) - 1]:
            del values[-1]
        return values

    @classmethod
    def from_values(cls, values: Sequence[Any]) -> Outcome:
        """Return the outcome from the values of :meth:`as_values`."""
        return cls(**dict(zip(_FACTS, values, strict=False)))


_LONGEST_DIFF = 1000
_FACTS = tuple(one.name for one in fields(Outcome) if one.name != "said")
"""The stored attributes of an outcome. Those that every item has come first, so that :meth:`Outcome.as_values` can cut
off the rest."""
_DIFF = _FACTS.index("diff")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, list | tuple) else value


_DEFAULTS = [None, *(_plain(getattr(Outcome(0), name)) for name in _FACTS[1:])]
"""Value of each attribute of an outcome of which nothing is known; None for ``index``, which has no default."""


@dataclass(frozen=True)
class BulkOptions:
    """Options for all items of a batch.

    :param plan_only: dry run: read and compare, but send no write.
    :param force: write even if the record is unchanged.
    :param read_first: read each record before the write, if the API offers a way to read it.
    :param stop_on_error: start no further item after the first failure.
    :param max_threads: maximum number of threads, and so of requests in flight.
    :param terms: see :class:`~airflow_provider_smartrecruiters.api.converge.guards.Terms`.
    """

    plan_only: bool = False
    force: bool = False
    read_first: bool = True
    stop_on_error: bool = False
    max_threads: int = MAX_CONCURRENT
    terms: Terms = field(default_factory=Terms)


class Bulk:
    """Runs a batch. Use an instance once: iterate over :meth:`outcomes`, and always call :meth:`stop` at the end.

    :param client: client for all items. Its rate limit is the rate of the batch.
    :param work: the items. Threads take them one at a time, as late as possible.
    :param options: options for all items.
    """

    def __init__(self, client: SmartRecruitersClient, work: Iterable[Work], options: BulkOptions) -> None:
        self._left = threading.Event()
        self._client = client.until(self._left)
        self._work = iter(work)
        self._options = options
        # Guards the iterator (a generator that two threads enter raises ValueError), the list of threads, and the count
        # of transient failures. Never held during a request.
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._added_at = 0.0
        self._exhausted = False
        self._ended = 0
        self._finished: queue.SimpleQueue[Outcome | Exception | None] = queue.SimpleQueue()
        # Bounds the items that are taken but not yet recorded by the caller. If the process dies, exactly these are in
        # doubt and read again. Without the bound, a slow caller would let finished items pile up in the queue.
        self._open = threading.Semaphore(options.max_threads)
        self._transient_failures = 0
        self._long_waits = 0
        self.fatal: SmartRecruitersError | None = None
        """The error that ended the batch, if its cause is the connection and not an item."""
        self.outage = False
        """Whether the batch ended because of an outage; see :data:`OUTAGE`."""
        self.throttled = False
        """Whether the batch ended because the server asked for a long wait; see :data:`LONG_WAITS`."""
        self.retry_after: float | None = None
        """Longest wait in seconds that the server has asked for since the last success; None if it asked for none."""

    def outcomes(self) -> Iterator[Outcome | None]:
        """Yield the outcome of each item as soon as it finishes, in any order.

        Yields None if no item finished for a moment, so that the caller can log its progress.

        An item occupies one of ``max_threads`` slots until the next outcome is requested. A caller that records each
        outcome before it requests the next one never has more than ``max_threads`` items in doubt.

        :raises Exception: the error raised by the iterator of items.
        """
        self._add_thread()
        while not self._all_ended:
            self._add_thread_if_needed()
            try:
                finished = self._finished.get(timeout=_TICK)
            except queue.Empty:
                yield None
                continue
            if finished is None:
                self._ended += 1
            elif isinstance(finished, Exception):
                raise finished
            else:
                yield finished
                # After the yield: the caller has recorded the outcome by now, so another item may start.
                self._open.release()

    def stop(self) -> None:
        """Start no further item and no retry. Safe to call from any thread and from a signal handler."""
        self._stopping.set()
        self._left.set()

    def late_outcomes(self, grace: float) -> Iterator[Outcome]:
        """Yield the items that still finish after :meth:`stop`, if :meth:`outcomes` was left early.

        :param grace: maximum seconds to wait.
        """
        until = time.monotonic() + grace
        while not self._all_ended and (wait := until - time.monotonic()) > 0:
            try:
                finished = self._finished.get(timeout=wait)
            except queue.Empty:
                return
            if isinstance(finished, Outcome):
                yield finished
                self._open.release()
            else:
                self._ended += 1

    @property
    def _all_ended(self) -> bool:
        with self._lock:
            return self._ended == len(self._threads)

    def _add_thread_if_needed(self) -> None:
        # A thread that waits for its turn shows that the rate limit is used up: more threads would only wait as well.
        # If none waits, all of them are in a request, so latency is the bottleneck and another thread helps. One per
        # tick, because a new thread needs that time to show which of the two it is.
        if (
            self._client.pacer.waiting == 0
            and len(self._threads) < self._options.max_threads
            and time.monotonic() - self._added_at >= _TICK
            and not (self._exhausted or self._stopping.is_set())
        ):
            self._add_thread()

    def _add_thread(self) -> None:
        self._added_at = time.monotonic()
        # A daemon thread, so that a process that must exit does not wait for a response.
        thread = threading.Thread(target=self._run, name=f"bulk-{len(self._threads)}", daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        try:
            while (work := self._take()) is not None:
                if outcome := self._run_item(work):
                    self._finished.put(outcome)
        except Exception as error:
            # The iterator of items failed. The error goes through the queue and is raised in the caller's thread.
            self._stopping.set()
            self._finished.put(error)
        finally:
            # One None per thread, in every case: the caller counts them to know that all threads have ended.
            self._finished.put(None)

    def _take(self) -> Work | None:
        # With a timeout: the caller may have stopped asking for outcomes, and then no slot ever becomes free.
        while not self._open.acquire(timeout=0.5):
            if self._stopping.is_set():
                return None
        with self._lock:
            work = None if self._stopping.is_set() else next(self._work, None)
        if work is None:
            self._exhausted = True
            # This thread needs no slot any more. Another one may wait for it, and must get here to end as well.
            self._open.release()
        return work

    def _run_item(self, work: Work) -> Outcome | None:
        started, retried = time.monotonic(), retries_made()

        def measured() -> dict[str, Any]:
            spent = int((time.monotonic() - started) * 1000)
            return {"attempts": 1 + retries_made() - retried, "ms": spent}

        try:
            result = self._result(work)
        except (AuthenticationError, ConfigurationError) as error:
            # No further item can succeed, and each attempt is another rejected login of the credential. The item gets
            # no outcome, so it counts as not run, and a retry of the task includes it.
            self.fatal = error
            self._stopping.set()
            self._open.release()
            return None
        except SmartRecruitersError as error:
            self._count_failure(error.retryable, error.retry_after)
            return Outcome(
                work.index,
                **measured(),
                error=type(error).__name__,
                status=error.status,
                code=error.code,
                retryable=error.retryable,
                may_have_been_applied=error.may_have_been_applied,
                details={"ignored": list(error.ignored)} if isinstance(error, IgnoredValuesError) else {},
                said=error.report(),
            )
        except Exception as error:
            # For example the storage of the item's file. The message may contain anything, so only its origin is kept.
            self._count_failure(isinstance(error, OSError), None)
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Outcome(
                work.index,
                **measured(),
                error=type(error).__name__,
                retryable=isinstance(error, OSError),
                said=f"{type(error).__name__} in {where.name}, {where.filename}:{where.lineno}",
            )
        self._count_success()
        return Outcome.of(work.index, result, **measured())

    def _result(self, work: Work) -> ChangeResult:
        options, change = self._options, work.change()
        # An item in doubt is read even with read_first=False: sending it blindly could repeat a write.
        read_first = options.read_first or (work.in_doubt and change.readable)
        if options.plan_only:
            return plan(self._client, change, read_first=read_first, terms=options.terms, view=_VIEW)
        return apply(
            self._client,
            change,
            force=options.force,
            read_first=read_first,
            expect=work.expect,
            terms=options.terms,
            view=_VIEW,
        )

    def _count_success(self) -> None:
        with self._lock:
            self._transient_failures = self._long_waits = 0
            self.retry_after = None

    def _count_failure(self, transient: bool, retry_after: float | None) -> None:
        with self._lock:
            # A permanent error resets the count like a success does: it shows that the API responds. So a row of
            # records without access is no outage, however long it is.
            self._transient_failures = self._transient_failures + 1 if transient else 0
            if transient and retry_after is not None:
                self.retry_after = max(retry_after, self.retry_after or 0.0)
                # A wait that a call can sit out has been sat out. A longer one is left to Airflow, and the other items
                # would only be told the same.
                self._long_waits += retry_after > self._client.retry.budget
            self.throttled = self.throttled or self._long_waits >= LONG_WAITS
            self.outage = self.outage or self._transient_failures >= OUTAGE
            if self.throttled or self.outage or self._options.stop_on_error:
                self._stopping.set()
