"""Plan and apply changes: the convergence loop that all use cases share.

Read the current state, merge the arguments into it, compare, and write only if something differs. If the response to a
write is lost, read again before sending again. A change that another one has to follow is not complete without it:
every run compares both, so it does not matter where the last one was killed. This gives every use case idempotent
tasks, a dry run (:func:`plan`), a diff in the log, and replacing writes that lose no data.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.completion import wait_for_completion
from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.converge.guards import Guards, Skip, Terms, check, missing, refuse_ignored
from airflow_provider_smartrecruiters.api.converge.reading import Reading, as_a_record, verify
from airflow_provider_smartrecruiters.api.converge.view import View
from airflow_provider_smartrecruiters.api.converge.write import Written, write
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.values.diff import FieldDiff
from airflow_provider_smartrecruiters.api.values.fingerprint import LeftStates
from airflow_provider_smartrecruiters.api.values.result import ChangeResult
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError, fitted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Plan:
    change: Change
    reading: Reading
    notice: str = ""

    @property
    def state(self) -> dict[str, Any]:
        return self.reading.state

    @property
    def diffs(self) -> list[FieldDiff]:
        return self.reading.diffs

    @property
    def changed(self) -> bool | None:
        return self.reading.differs

    @property
    def fingerprint(self) -> str | None:
        return self.reading.fingerprint

    def details(self, response: Any = None) -> dict[str, Any]:
        """Return the details of the change for a result, with its notices and labels."""
        notice = {"notice": self.notice} if self.notice else {}
        labels = {"labels": dict(self.change.labels)} if self.change.labels else {}
        return self.change.details(self.state, response, self.diffs) | notice | labels

    def result(
        self,
        details: dict[str, Any],
        *,
        applied: bool = False,
        response: Any = None,
        skip: Skip | None = None,
        undo: dict[str, Any] | None = None,
    ) -> ChangeResult:
        untold = {"unread": self.reading.untold} if self.reading.untold else {}
        return ChangeResult(
            use_case=self.change.use_case,
            target=self.change.target,
            # What the API ignored did not change, unless it dropped the old value, too.
            changed=self.changed
            and not {item.name for item in self.diffs}
            <= set(details.get("ignored", ())) - set(details.get("lost", ())),
            applied=applied,
            diffs=self.diffs,
            details=untold | details | (skip.details() if skip else {}),
            response=response,
            fingerprint=self.fingerprint,
            skipped=skip.why if skip else None,
            undo=undo or {},
        )


def plan(
    client: SmartRecruitersClient,
    change: Change,
    *,
    read_first: bool = True,
    terms: Terms | None = None,
    view: View | None = None,
) -> ChangeResult:
    """Return what :func:`apply` would change (dry run). Sends only reads.

    :param client: client to send with.
    :param change: the change to plan.
    :param read_first: False to check the arguments only, and guards that need a look-up.
    :param terms: the guards. ``skipped`` of the result says which one would keep the record from being written.
    :param view: how the log shows it.
    :raises SmartRecruitersError: as for :func:`apply`.
    """
    terms, view = terms or Terms(), view or View()
    change = identified(client, change, "plan", terms)
    try:
        planned = _planned(client, change, read_first, terms, view)
        return _followed(client, change, planned, lambda after: _planned(client, after, True, terms, view))
    except SmartRecruitersError as error:
        if not (skip := missing(error, change, terms)):
            raise
        view.planned_to_skip(change, skip)
        return _missing(change, skip)


def _planned(client: SmartRecruitersClient, change: Change, read_first: bool, terms: Terms, view: View) -> ChangeResult:
    with explained(change, "plan"):
        check(change, read_first=read_first, expect=None, terms=terms)
        planned = _plan(client, change, read_first, terms)
        skip = Guards(client, planned.change, terms).skip(planned.reading)
        foreseen = {} if skip else _foreseen(client, planned, terms, plan_only=True)
        with as_a_record(planned.change):
            result = planned.result(planned.details() | foreseen, skip=skip)
            view.planned(planned.change, planned.reading, result)
    return result


def apply(
    client: SmartRecruitersClient,
    change: Change,
    *,
    force: bool = False,
    read_first: bool = True,
    expect: str | LeftStates | None = None,
    terms: Terms | None = None,
    view: View | None = None,
) -> ChangeResult:
    """Apply a change: read the record, and write only if it differs from the requested state.

    :param client: client to send with.
    :param change: the change to apply.
    :param force: write even if the record is unchanged. It never creates a record a second time.
    :param read_first: False to write without reading; ``changed`` of the result is then None.
    :param expect: ``fingerprint`` of a plan: write only if the record is still in the state that the plan saw. A record
        that already is in the requested state raises no error. To take a change back: the states that it may have left.
    :param terms: the guards. ``skipped`` of the result says which one kept the record from being written.
    :param view: how the log shows it.
    :raises InvalidInputError: the arguments do not fit the record, or the change requires a read.
    :raises StalePlanError: the record changed after the plan, or the change to take back, given as ``expect``.
    :raises CompletionTimeoutError: the write was accepted, and not completed within ``completes_within`` of the change.
    :raises IgnoredValuesError: the API dropped a value, and ``fail_if_ignored`` is on. All else was written.
    :raises SmartRecruitersError: any other failure. ``may_have_been_applied`` states whether the write may have been
        applied anyway, ``retryable`` whether another run can succeed.
    """
    terms, view = terms or Terms(), view or View()
    change = identified(client, change, "change", terms)
    try:
        applied = _applied(client, change, force, read_first, expect, terms, view)
        return _followed(client, change, applied, lambda after: _applied(client, after, False, True, None, terms, view))
    except SmartRecruitersError as error:
        if not (skip := missing(error, change, terms)):
            raise
        view.skipped(change, skip)
        return _missing(change, skip)


def _applied(
    client: SmartRecruitersClient,
    change: Change,
    force: bool,
    read_first: bool,
    expect: str | LeftStates | None,
    terms: Terms,
    view: View,
) -> ChangeResult:
    with explained(change, "change", read_first=read_first) as next_run:
        check(change, read_first=read_first, expect=expect, terms=terms)
        planned = _plan(client, change, read_first, terms)
        next_run.finds_out = planned.changed is not None
        guards = Guards(client, planned.change, terms, expect, force)
        if skip := guards.skip(planned.reading):
            view.skipped(planned.change, skip)
            return planned.result(planned.details(), skip=skip)
        if planned.changed is False and not (force and not planned.change.creates):
            view.left(planned.change, planned.reading)
            return planned.result(planned.details())
        # Checked after "no difference" above: if somebody already made the planned change, a rerun must succeed.
        guards.check_fingerprint(planned.fingerprint)
        foreseen = _foreseen(client, planned, terms, plan_only=False)
        view.changing(planned.change, planned.reading, planned.notice)
        written = write(client, planned.change, planned.reading, guards)
        if written.unchanged:
            unchanged = replace(planned, reading=replace(planned.reading, diffs=[]))
            view.met()
            return unchanged.result(unchanged.details())
        if written.skip:
            view.stopped(written.skip, in_doubt="may_have_been_applied" in written.details)
            return planned.result(written.details, skip=written.skip)
        details = _details_of(client, planned, written) | foreseen
        refuse_ignored(details, terms)
        details |= wait_for_completion(client, planned.change, planned.state)
    result = planned.result(details, applied=True, response=written.response, undo=_undo_facts(planned, written))
    view.done(planned.change, result)
    return result


def _followed(
    client: SmartRecruitersClient, change: Change, result: ChangeResult, run: Callable[[Change], ChangeResult]
) -> ChangeResult:
    """Plan or apply the change that has to follow one, and return the result of both.

    :param result: result of the change that was planned or applied.
    :param run: plans or applies the change that follows.
    :raises SmartRecruitersError: the change that follows failed; the error says whether the first one was applied.
    """
    if result.skipped:
        return result
    try:
        with explained(change, "complete the change of"):
            after = change.followed_by(client, writes=result.applied or result.changed is not False)
        return result if after is None else result.followed_by(run(after))
    except SmartRecruitersError as error:
        error.use_case = change.use_case
        if result.applied:
            error.may_have_been_applied = True
            error.doubt = f"The {change.label} was changed before that. Another run sends only what is left to do."
        raise


def identified(client: SmartRecruitersClient, change: Change, verb: str, terms: Terms | None = None) -> Change:
    """Return a change with the ids of its record in place of names; the first step of :func:`plan` and :func:`apply`.

    :param client: client to send with.
    :param change: the change.
    :param verb: what is to be done with the change, for an error: ``plan`` or ``change``.
    :param terms: options of the batch that the change belongs to.
    :raises InvalidInputError: no record has the name, or several have it.
    :raises PermissionDeniedError: the credential may not read the list of names.
    :raises SmartRecruitersError: the look-up failed.
    """
    with explained(change, verb):
        return change.identified(client, (terms or Terms()).lookups)


def _missing(change: Change, skip: Skip) -> ChangeResult:
    """Return the result for a record that does not exist, or that the credential may not access."""
    return ChangeResult(
        change.use_case, change.target, changed=None, applied=False, details=skip.details(), skipped=skip.why
    )


def _plan(client: SmartRecruitersClient, change: Change, read_first: bool, terms: Terms) -> _Plan:
    change = change.resolved(client, terms.lookups)
    reading = Reading.of(client, change) if read_first and change.readable else Reading.none(change)
    with as_a_record(change):
        return _Plan(change, reading, " ".join(change.notices(reading.state)))


def _foreseen(client: SmartRecruitersClient, planned: _Plan, terms: Terms, *, plan_only: bool) -> dict[str, Any]:
    if planned.changed is False:
        return {}
    return planned.change.foreseen(client, terms.lookups, planned.state, plan_only=plan_only)


def _undo_facts(planned: _Plan, written: Written) -> dict[str, Any]:
    """Return what taking the change back needs; empty if nobody knows what it changed."""
    if not planned.changed or not written.base:
        return {}
    try:
        return planned.change.undo_facts(written.base.state)
    except Exception as error:
        said = f"Changed the {planned.change.label}; it cannot be undone ({type(error).__name__})."
        log.warning("%s", fitted(said))
        return {}


def _details_of(client: SmartRecruitersClient, planned: _Plan, written: Written) -> dict[str, Any]:
    """Return the details of a write that was accepted. Nothing that goes wrong here may make it look failed."""
    change, response = planned.change, written.response
    try:
        seen = (
            planned
            if written.state is None
            else replace(planned, reading=replace(planned.reading, state=written.state))
        )
        details = seen.details(response) | written.details
        if change.verified and response is not None:
            details |= verify(client, change, written.body, response, planned.diffs)
    except Exception as error:
        said = f"Changed the {change.label}, but could not interpret the response ({type(error).__name__})."
        log.warning("%s", fitted(said))
        return {**written.details, "verified": False}
    return details
