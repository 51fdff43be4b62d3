"""Plan and apply changes: the convergence loop that all use cases share.

Read the current state, merge the arguments into it, compare, and write only if something differs. If the response to a
write is lost, read again before sending again. This gives every use case idempotent tasks, a dry run (:func:`plan`), a
diff in the log, and replacing writes that lose no data.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.diff import FieldDiff, diff, flatten, one_line, unread
from airflow_provider_smartrecruiters.api.explain import explained
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, SmartRecruitersError, StalePlanError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChangeResult:
    """The result of :func:`plan` or :func:`apply`.

    :param use_case: id of the use case.
    :param target: ids of the record, by argument name.
    :param changed: whether the record differed from the requested state; None if the API offers no way to read it.
    :param applied: whether a write was sent and accepted.
    :param diffs: the fields that differed.
    :param details: facts specific to the use case, such as ``needs_publishing`` of a job ad.
    :param response: the API's response to the write.
    :param skipped: why nothing was sent although the record differed (``status HIRED``); None if it was not skipped.
    :param fingerprint: stands for the state that was read before the write; None if it was not read. Pass it to
        :func:`apply` as ``expect``.
    """

    use_case: str
    target: dict[str, str]
    changed: bool | None
    applied: bool
    diffs: list[FieldDiff] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    response: Any = None
    fingerprint: str | None = None
    skipped: str | None = None

    def as_dict(self, *, return_response: bool = True) -> dict[str, Any]:
        """Return the result as JSON-serializable values: ``{"use_case", "target", "changed", "applied", "fields",
        "diff", "details", "fingerprint", "response"}``.

        :param return_response: include the API's response, which may contain personal text.
        """
        return {
            "use_case": self.use_case,
            "target": self.target,
            "changed": self.changed,
            "applied": self.applied,
            "fields": [item.name for item in self.diffs],
            "diff": [item.as_dict() for item in self.diffs],
            "details": self.details,
            "fingerprint": self.fingerprint,
            "response": self.response if return_response else None,
        }


@dataclass(frozen=True)
class _Plan:
    change: Change
    state: dict[str, Any]
    diffs: list[FieldDiff]
    changed: bool | None
    fingerprint: str | None = None

    def result(
        self, details: dict[str, Any], *, applied: bool = False, response: Any = None, skipped: str | None = None
    ) -> ChangeResult:
        return ChangeResult(
            use_case=self.change.use_case,
            target=self.change.target,
            changed=self.changed,
            applied=applied,
            diffs=self.diffs,
            details=details,
            response=response,
            fingerprint=self.fingerprint,
            skipped=skipped,
        )


@dataclass(frozen=True)
class BulkTerms:
    """Options that a batch shares among all its changes.

    :param lookups: cache of look-ups for the whole batch.
    :param only_if_status_in: statuses that an application must be in to be changed; None for any.
    :param log_level: level at which each diff is logged; a batch uses DEBUG.
    """

    lookups: Lookups = field(default_factory=Lookups)
    only_if_status_in: Collection[str] | None = None
    log_level: int = logging.INFO


def plan(
    client: SmartRecruitersClient, change: Change, *, read_first: bool = True, terms: BulkTerms | None = None
) -> ChangeResult:
    """Return what :func:`apply` would change (dry run). Sends only reads.

    :param client: client to send with.
    :param change: the change to plan.
    :param read_first: False to check the arguments only.
    :param terms: options of the batch that the change belongs to.
    :raises SmartRecruitersError: as for :func:`apply`.
    """
    terms = terms or BulkTerms()
    with explained(change, "plan"):
        check(change, read_first=read_first, expect=None, terms=terms)
        planned = _plan(client, change, read_first, terms)
        skipped = _skipped(client, planned, terms)
        _log_diff(planned, f"Plan for the {change.label} (nothing is sent)", terms.log_level)
        details = planned.change.details(planned.state, None, planned.diffs)
    _log_details(details, terms.log_level)
    return planned.result(details, skipped=skipped)


def apply(
    client: SmartRecruitersClient,
    change: Change,
    *,
    force: bool = False,
    read_first: bool = True,
    expect: str | None = None,
    terms: BulkTerms | None = None,
) -> ChangeResult:
    """Apply a change: read the record, and write only if it differs from the requested state.

    :param client: client to send with.
    :param change: the change to apply.
    :param force: write even if the record is unchanged.
    :param read_first: False to write without reading; ``changed`` of the result is then None.
    :param expect: ``fingerprint`` of a plan: write only if the record is still in the state that the plan saw. A record
        that already is in the requested state raises no error.
    :param terms: options of the batch that the change belongs to.
    :raises InvalidInputError: the arguments do not fit the record, or the change requires a read.
    :raises StalePlanError: the record changed after the plan given as ``expect``.
    :raises SmartRecruitersError: any other failure. ``may_have_been_applied`` states whether the write may have been
        applied anyway, ``retryable`` whether another run can succeed.
    """
    terms = terms or BulkTerms()
    with explained(change, "change"):
        check(change, read_first=read_first, expect=expect, terms=terms)
        planned = _plan(client, change, read_first, terms)
        if planned.changed is False and not force:
            log.log(terms.log_level, "No difference in the %s; nothing is sent.", change.label)
            return planned.result(planned.change.details(planned.state, None, []))
        if skipped := _skipped(client, planned, terms):
            log.log(terms.log_level, "Skipped the %s: %s.", change.label, skipped)
            return planned.result(planned.change.details(planned.state, None, planned.diffs), skipped=skipped)
        _log_diff(planned, f"Changing the {change.label}", terms.log_level)
        # Checked after "no difference" above: if somebody already made the planned change, a rerun must succeed.
        if expect is not None and expect != planned.fingerprint:
            raise StalePlanError(
                "The record changed after it was planned; nothing was sent.",
                hint="Plan again, check the difference, and apply the new plan.",
            )
        response, body, details = _write(client, planned)
        details = planned.change.details(planned.state, response, planned.diffs) | details
        # Without a response there is nothing to compare with: after a lost one, the read that confirmed the write has
        # already checked the record.
        if planned.change.verified and response is not None:
            details |= _verify(client, planned.change, body, response)
    _log_details(details, terms.log_level)
    return planned.result(details, applied=True, response=response)


def _skipped(client: SmartRecruitersClient, planned: _Plan, terms: BulkTerms) -> str | None:
    # An unchanged record is "unchanged", not "skipped", whatever its status. That also saves the request below.
    if terms.only_if_status_in is None or planned.changed is False:
        return None
    status = planned.change.application_status(client, planned.state)
    return None if status in terms.only_if_status_in else f"status {status}"


def check(change: Change, *, read_first: bool, expect: str | None, terms: BulkTerms) -> None:
    """Reject combinations of arguments that cannot work, before anything is sent.

    :param change: the change to check.
    :param read_first: as for :func:`apply`.
    :param expect: as for :func:`apply`.
    :param terms: as for :func:`apply`.
    :raises InvalidInputError: the message names the arguments that conflict.
    """
    if not read_first and change.needs_read:
        raise InvalidInputError(
            f"read_first=False cannot be used here: {change.needs_read}.",
            hint="Leave read_first at True.",
            fields=("read_first",),
        )
    if expect is not None and not (read_first and change.readable):
        raise InvalidInputError(
            "expect cannot be used here, because the record is not read before the write.",
            hint="Remove expect." if not change.readable else "Leave read_first at True.",
            fields=("expect",),
        )
    if terms.only_if_status_in is not None and not change.of_application:
        raise InvalidInputError(
            f"only_if_status_in is for applications, which {type(change).__name__} does not change.",
            hint="Remove only_if_status_in.",
            fields=("only_if_status_in",),
        )


def _plan(client: SmartRecruitersClient, change: Change, read_first: bool, terms: BulkTerms) -> _Plan:
    change = change.resolved(client, terms.lookups)
    if not read_first or not change.readable:
        # `changed` is None, not True: nobody knows, and a report of changes must not count it as one.
        return _Plan(change, {}, unread(change.wanted({}), change.shown), None)
    state = change.read(client)
    diffs = _compare(change, state)
    return _Plan(change, state, diffs, bool(diffs), _fingerprint(change, state))


def _fingerprint(change: Change, state: Mapping[str, Any]) -> str:
    # Of `current`, not of the raw state: members that the change does not touch may differ without making a plan stale.
    # Canonical JSON, because the plan may be made on another worker than the apply.
    seen = [change.use_case, change.target, change.current(state)]
    canonical = json.dumps(seen, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _compare(change: Change, state: Mapping[str, Any]) -> list[FieldDiff]:
    return diff(change.current(state), change.wanted(state), change.shown, whole=change.whole)


def _write(client: SmartRecruitersClient, planned: _Plan) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Send the write. If its response is lost, read the record: if the write was applied, that is a success; otherwise
    send it again, within the retry budget and only after transient errors.

    A forced write of an unchanged record cannot be confirmed by reading, so its error is raised.

    :return: the response (None if the write was confirmed by reading), the body, and details for the result.
    """
    change, state = planned.change, planned.state
    attempts = client.retry.start()
    lost: SmartRecruitersError | None = None
    while True:
        # Built again for each attempt, from the state that was read last: a body from the first read would overwrite
        # what somebody else saved in the meantime.
        body = change.body(state)
        try:
            return change.send(client, body), body, {}
        except SmartRecruitersError as error:
            confirmable = change.readable and planned.changed is not False
            if not (error.may_have_been_applied and confirmable):
                # An earlier attempt may still be in flight. It can be applied after this attempt was rejected.
                error.may_have_been_applied = error.may_have_been_applied or lost is not None
                raise
            lost, wait = error, attempts.next_delay(error)
        log.warning("The response to the write was lost. Reading the %s before sending again.", change.label)
        time.sleep(wait or 0)
        try:
            state = change.read(client)
        except SmartRecruitersError:
            # The error of the write, not of the read: only that one states that the change may have been applied.
            raise lost from None
        if not _compare(change, state):
            log.info("The write was applied.")
            return None, body, {"confirmed_by_read": True}
        # Only now, after the read: a write that was applied is a success even if its budget is used up.
        if wait is None:
            raise lost


def _verify(client: SmartRecruitersClient, change: Change, body: dict[str, Any], response: Any) -> dict[str, Any]:
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
    # Fields that `current` normalizes are compared in normal form, all others as they were sent and returned.
    sent = flatten(body) | flatten(change.current(body))
    seen = flatten(change.current(after))
    there = flatten(after) | seen
    answer = response if isinstance(response, Mapping) and response else after
    accepted = flatten(change.current(answer))
    answered = flatten(answer) | accepted
    found: dict[str, Any] = {
        "ignored": [name for name, value in sent.items() if answered.get(name) != value],
        "changed_concurrently": [name for name, value in accepted.items() if there.get(name) != value]
        + [name for name in seen if name not in accepted],
    }
    if found["changed_concurrently"]:
        log.warning("Somebody else changed the %s at the same time. Check that both changes are there.", change.label)
    return {name: names for name, names in found.items() if names}


def _log_diff(planned: _Plan, title: str, level: int) -> None:
    if not log.isEnabledFor(level):
        return
    if planned.changed is None:
        log.log(level, "%s; the current state is not known:", title)
    else:
        count = len(planned.diffs)
        differ = f"{count} field{'s differ' if count > 1 else ' differs'}" if count else "no difference"
        log.log(level, "%s: %s", title, differ)
    for item in planned.diffs:
        log.log(level, "  %s", item.line())


def _log_details(details: Mapping[str, Any], level: int) -> None:
    for name, value in details.items():
        log.log(level, "  %s: %s", name, ", ".join(map(one_line, value)) if isinstance(value, list) else value)
