"""Many changes at the pace that the API allows: a few threads, one report for each item.

One task that keeps the API's pace needs as many threads as there are requests under way, and no more: what each
holds when the process dies has to be looked at again. So a thread is added only when nobody waits for a turn.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge import BulkTerms, ChangeResult, apply, plan
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import retries_made
from airflow_provider_smartrecruiters.api.pacing.pacer import MAX_CONCURRENT
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    ConfigurationError,
    SmartRecruitersError,
)

log = logging.getLogger(__name__)

OUTAGE = 25
"""So many items in a row that fail for passing reasons, or with 401, are an outage, not a property of the items."""

_TICK = 0.05
"""Seconds after which :meth:`Bulk.outcomes` hands control back even when nothing was finished, and that a new thread
has to get to its first request."""


@dataclass(frozen=True, slots=True)
class Work:
    """One item of a batch.

    :param index: place of the item among all, from 0.
    :param change: builds the change. Called in a thread of the batch, just before the change is carried out.
    :param expect: ``fingerprint`` of the plan that the item must still fit.
    :param in_doubt: it may have been sent already, by a process that died: read before it is sent again, if possible.
    """

    index: int
    change: Callable[[], Change]
    expect: str | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item. Nothing of it is free text.

    :param index: place of the item among all, from 0.
    :param changed: whether the record differed from what was wanted; None where that is not known.
    :param applied: whether a write was sent and accepted.
    :param skipped: whether the record was left alone because of ``only_if_status_in``.
    :param error: name of the error's class; None for an item that did not fail.
    :param status: HTTP status of the answer that was the error.
    :param code: the API's code for it.
    :param retryable: whether the failure may pass.
    :param may_have_been_applied: whether the write may have been carried out though it failed.
    :param attempts: how often it was tried, 1 unless something had to be tried again.
    :param ms: milliseconds from its start to its end, waiting for its turn included.
    :param fields: names of the fields that differ; of a plan only.
    :param fingerprint: what a plan saw, for the item's ``expect``; of a plan only.
    :param said: the error's message, for the log alone.
    """

    index: int
    changed: bool | None = None
    applied: bool = False
    skipped: bool = False
    error: str | None = None
    status: int | None = None
    code: str | None = None
    retryable: bool = False
    may_have_been_applied: bool = False
    attempts: int = 1
    ms: int = 0
    fields: tuple[str, ...] = ()
    fingerprint: str | None = None
    said: str = field(default="", repr=False, compare=False)

    @property
    def failed(self) -> bool:
        """Whether the record could not be brought to where it should be, as far as is known."""
        return self.error is not None

    def as_row(self, target: Mapping[str, str]) -> dict[str, Any]:
        """Return the outcome as a row of the results file, JSON-ready.

        :param target: ids of the item's record.
        """
        index, *facts = ((name, getattr(self, name)) for name in _FACTS)
        return dict([index, ("target", dict(target)), *facts])

    def as_values(self) -> list[Any]:
        """Return the outcome as short as can be, JSON-ready: the values of the row, without the trailing ones that an
        item leaves at their defaults when it did not fail.
        """
        values = [getattr(self, name) for name in _FACTS]
        return values if self.skipped or self.failed else values[: _FACTS.index("skipped")]

    @classmethod
    def from_values(cls, values: Sequence[Any]) -> Outcome:
        """Return the outcome that :meth:`as_values` was made of."""
        return cls(**dict(zip(_FACTS, values, strict=False)))


_FACTS = (
    *("index", "changed", "applied", "attempts", "ms"),
    *("skipped", "error", "status", "code", "retryable", "may_have_been_applied"),
)
"""What is kept of an outcome, those first that every item has."""


@dataclass(frozen=True)
class BulkOptions:
    """How all items of a batch are carried out.

    :param plan_only: read and compare, send no write.
    :param force: write even if nothing differs.
    :param read_first: read each record before it is written, where that can be done.
    :param stop_on_error: begin no further item after the first that failed.
    :param max_threads: most threads, and so most requests under way.
    :param terms: see :class:`~airflow_provider_smartrecruiters.api.converge.BulkTerms`.
    """

    plan_only: bool = False
    force: bool = False
    read_first: bool = True
    stop_on_error: bool = False
    max_threads: int = MAX_CONCURRENT
    terms: BulkTerms = field(default_factory=lambda: BulkTerms(log_level=logging.DEBUG))


class Bulk:
    """Carries a batch out. Use it once: iterate over :meth:`outcomes`, and :meth:`stop` it in any case.

    :param client: what all items are sent with; its pacing is the batch's pace.
    :param work: the items, taken one at a time, as late as possible, by the threads of the batch.
    :param options: how they are carried out.
    """

    def __init__(self, client: SmartRecruitersClient, work: Iterable[Work], options: BulkOptions) -> None:
        self._client = client
        self._work = iter(work)
        self._options = options
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._added_at = 0.0
        self._exhausted = False
        self._ended = 0
        self._finished: queue.SimpleQueue[Outcome | Exception | None] = queue.SimpleQueue()
        # Taken and not yet handed over: what has to be looked at again when the process dies.
        self._open = threading.Semaphore(options.max_threads)
        self._passing_failures = 0
        self.fatal: SmartRecruitersError | None = None
        """Why the batch was given up, where the reason is the connection's and not an item's."""
        self.outage = False
        """Whether the batch was given up because everything failed for reasons that are not the items'."""

    def outcomes(self) -> Iterator[Outcome | None]:
        """Yield the outcome of each item as soon as it is there, in no certain order; None when nothing was finished
        for a moment, so that the caller can tell how far it is.

        An item holds one of ``max_threads`` places until the next outcome is asked for. So whoever writes each one
        down before asking on has never more than these to look at again.

        :raises Exception: what the iterator of the items raised.
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
                self._open.release()

    def stop(self) -> None:
        """Begin no further item. May be called from anywhere, a signal handler included."""
        self._stopping.set()

    def late_outcomes(self, grace: float) -> Iterator[Outcome]:
        """Yield what is still finished after :meth:`stop`, when :meth:`outcomes` was left early.

        :param grace: seconds to wait at most.
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
        if (
            self._client.pacer.waiting == 0
            and len(self._threads) < self._options.max_threads
            and time.monotonic() - self._added_at >= _TICK
            and not (self._exhausted or self._stopping.is_set())
        ):
            self._add_thread()

    def _add_thread(self) -> None:
        self._added_at = time.monotonic()
        # A daemon: a process that has to end does not wait for an answer.
        thread = threading.Thread(target=self._run, name=f"bulk-{len(self._threads)}", daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        try:
            while (work := self._take()) is not None:
                if outcome := self._carry_out(work):
                    self._finished.put(outcome)
        except Exception as error:
            self._stopping.set()
            self._finished.put(error)
        finally:
            self._finished.put(None)

    def _take(self) -> Work | None:
        while not self._open.acquire(timeout=0.5):
            if self._stopping.is_set():
                return None
        with self._lock:
            work = None if self._stopping.is_set() else next(self._work, None)
        if work is None:
            self._exhausted = True
            # For the other threads, which are to find out as well.
            self._open.release()
        return work

    def _carry_out(self, work: Work) -> Outcome | None:
        started, retried = time.monotonic(), retries_made()

        def outcome(**what: Any) -> Outcome:
            spent = int((time.monotonic() - started) * 1000)
            return Outcome(work.index, attempts=1 + retries_made() - retried, ms=spent, **what)

        try:
            result = self._result(work)
        except (AuthenticationError, ConfigurationError) as error:
            # No item can be sent any more; each one that tries costs the credential a refusal.
            self.fatal = error
            self._stopping.set()
            self._open.release()
            return None
        except SmartRecruitersError as error:
            # A credential that was taken back is answered like one that has no access to the record.
            self._note(failed=True, passing=error.retryable or error.status == HTTPStatus.UNAUTHORIZED)
            return outcome(
                error=type(error).__name__,
                status=error.status,
                code=error.code,
                retryable=error.retryable,
                may_have_been_applied=error.may_have_been_applied,
                said=str(error),
            )
        except Exception as error:
            # A storage that the item's file is on, say. Its words may hold anything, so only where it came from.
            self._note(failed=True, passing=isinstance(error, OSError))
            where = traceback.extract_tb(error.__traceback__)[-1]
            return outcome(
                error=type(error).__name__,
                retryable=isinstance(error, OSError),
                said=f"{type(error).__name__} in {where.name}, {where.filename}:{where.lineno}",
            )
        self._note(failed=False)
        planned = (
            {"fields": tuple(diff.name for diff in result.diffs), "fingerprint": result.fingerprint}
            if self._options.plan_only
            else {}
        )
        return outcome(changed=result.changed, applied=result.applied, skipped=result.skipped is not None, **planned)

    def _result(self, work: Work) -> ChangeResult:
        options, change = self._options, work.change()
        read_first = options.read_first or (work.in_doubt and change.readable)
        if options.plan_only:
            return plan(self._client, change, read_first=read_first, terms=options.terms)
        return apply(
            self._client,
            change,
            force=options.force,
            read_first=read_first,
            expect=work.expect,
            terms=options.terms,
        )

    def _note(self, *, failed: bool, passing: bool = False) -> None:
        with self._lock:
            # A permanent failure is an answer all the same: the API is there.
            self._passing_failures = self._passing_failures + 1 if passing else 0
            if self._passing_failures >= OUTAGE:
                self.outage = True
                self._stopping.set()
            elif failed and self._options.stop_on_error:
                self._stopping.set()
