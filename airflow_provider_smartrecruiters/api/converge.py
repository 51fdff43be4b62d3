"""One idea: a change converges.

Read the current state, lay the arguments over it, compare, and write only what differs. When the answer to a write is
lost, read again before anything is sent again. From this follow, for every use case at once: tasks that can be rerun,
:func:`plan`, the diff in the log, and writes that lose nothing.
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
    """What a plan found or an apply did.

    :param use_case: id of the use case.
    :param target: ids of the record, by the names of the arguments.
    :param changed: whether the record differed from what was wanted; None where the API cannot be asked.
    :param applied: whether a write was sent and accepted.
    :param diffs: the fields that differed.
    :param details: use-case specific facts, such as ``needs_publishing`` of a job ad.
    :param response: the API's answer to the write.
    :param skipped: why nothing was sent though the record differed: ``status HIRED``; None where it was not skipped.
    :param fingerprint: stands for the state that was seen before the write; None where it was not read. What
        :func:`apply` takes as ``expect``.
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
        """Return the result JSON-ready: ``{"use_case", "target", "changed", "applied", "fields", "diff", "details",
        "fingerprint", "response"}``.

        :param return_response: whether the API's answer is part of it; it may hold what people wrote.
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
    """What a batch asks of each of its changes, beside what :func:`apply` and :func:`plan` ask anyway.

    :param lookups: remembers what is looked up once for the whole batch.
    :param only_if_status_in: statuses that an application must be in to be changed; None for any.
    :param log_level: level at which each diff is logged; a batch tells it at DEBUG.
    """

    lookups: Lookups = field(default_factory=Lookups)
    only_if_status_in: Collection[str] | None = None
    log_level: int = logging.INFO


def plan(
    client: SmartRecruitersClient, change: Change, *, read_first: bool = True, terms: BulkTerms | None = None
) -> ChangeResult:
    """Say what :func:`apply` would change; send nothing but reads.

    :param change: the use case with its arguments.
    :param read_first: False to only check the arguments.
    :param terms: what the batch asks for that the change is part of.
    :raises SmartRecruitersError: as :func:`apply`.
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
    """Make the record as the change wants it; send nothing if it already is.

    :param change: the use case with its arguments.
    :param force: write even if nothing differs.
    :param read_first: False to write without asking what is there; ``changed`` of the result is then None.
    :param expect: ``fingerprint`` of a plan: refuse to write when the record is no longer what the plan saw. A record
        that already is as wanted is no reason to refuse.
    :param terms: what the batch asks for that the change is part of.
    :raises InvalidInputError: when the arguments do not fit the record, or need it to be read.
    :raises StalePlanError: when the record moved on since ``expect`` was planned.
    :raises SmartRecruitersError: everything else; ``may_have_been_applied`` says whether the write may have been
        carried out all the same, ``retryable`` whether running it again can help.
    """
    terms = terms or BulkTerms()
    with explained(change, "change"):
        check(change, read_first=read_first, expect=expect, terms=terms)
        planned = _plan(client, change, read_first, terms)
        if planned.changed is False and not force:
            log.log(terms.log_level, "No difference in the %s; nothing is sent.", change.label)
            return planned.result(planned.change.details(planned.state, None, []))
        if skipped := _skipped(client, planned, terms):
            log.log(terms.log_level, "The %s is left alone: %s.", change.label, skipped)
            return planned.result(planned.change.details(planned.state, None, planned.diffs), skipped=skipped)
        _log_diff(planned, f"Changing the {change.label}", terms.log_level)
        if expect is not None and expect != planned.fingerprint:
            raise StalePlanError(
                "it is no longer what it was when it was planned; nothing was sent.",
                hint="Plan again, look at the difference, and apply that plan.",
            )
        response, body, details = _write(client, planned)
        details = planned.change.details(planned.state, response, planned.diffs) | details
        if planned.change.verified and response is not None:
            details |= _verify(client, planned.change, body, response)
    _log_details(details, terms.log_level)
    return planned.result(details, applied=True, response=response)


def _skipped(client: SmartRecruitersClient, planned: _Plan, terms: BulkTerms) -> str | None:
    if terms.only_if_status_in is None or planned.changed is False:
        return None
    status = planned.change.application_status(client, planned.state)
    return None if status in terms.only_if_status_in else f"status {status}"


def check(change: Change, *, read_first: bool, expect: str | None, terms: BulkTerms) -> None:
    """Refuse what can be told to be impossible before anything is sent.

    :raises InvalidInputError: says what does not go together.
    """
    if not read_first and change.needs_read:
        raise InvalidInputError(
            f"read_first=False cannot be used here: {change.needs_read}.",
            hint="Leave read_first at True.",
            fields=("read_first",),
        )
    if expect is not None and not (read_first and change.readable):
        raise InvalidInputError(
            "expect cannot be used here: the state that it stands for is not read.",
            hint="Leave expect away." if not change.readable else "Leave read_first at True.",
            fields=("expect",),
        )
    if terms.only_if_status_in is not None and not change.of_application:
        raise InvalidInputError(
            f"only_if_status_in is for applications; {type(change).__name__} changes something else.",
            hint="Leave only_if_status_in away.",
            fields=("only_if_status_in",),
        )


def _plan(client: SmartRecruitersClient, change: Change, read_first: bool, terms: BulkTerms) -> _Plan:
    change = change.resolved(client, terms.lookups)
    if not read_first or not change.readable:
        return _Plan(change, {}, unread(change.wanted({}), change.shown), None)
    state = change.read(client)
    diffs = _compare(change, state)
    return _Plan(change, state, diffs, bool(diffs), _fingerprint(change, state))


def _fingerprint(change: Change, state: Mapping[str, Any]) -> str:
    seen = [change.use_case, change.target, change.current(state)]
    canonical = json.dumps(seen, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _compare(change: Change, state: Mapping[str, Any]) -> list[FieldDiff]:
    return diff(change.current(state), change.wanted(state), change.shown, whole=change.whole)


def _write(client: SmartRecruitersClient, planned: _Plan) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Send the write; when its answer is lost, read: what was carried out is a success, the rest is sent again as
    long as that can help and the budget lasts.

    A forced write that differs in nothing cannot be confirmed by reading, so its error is passed on.
    """
    change, state = planned.change, planned.state
    attempts = client.retry.start()
    lost: SmartRecruitersError | None = None
    while True:
        body = change.body(state)
        try:
            return change.send(client, body), body, {}
        except SmartRecruitersError as error:
            confirmable = change.readable and planned.changed is not False
            if not (error.may_have_been_applied and confirmable):
                # What was sent before and got lost may still be under way.
                error.may_have_been_applied = error.may_have_been_applied or lost is not None
                raise
            lost, wait = error, attempts.next_delay(error)
        log.warning("The answer to the write was lost; reading the %s before anything is sent again.", change.label)
        time.sleep(wait or 0)
        try:
            state = change.read(client)
        except SmartRecruitersError:
            raise lost from None
        if not _compare(change, state):
            log.info("The write had been carried out.")
            return None, body, {"confirmed_by_read": True}
        if wait is None:
            raise lost


def _verify(client: SmartRecruitersClient, change: Change, body: dict[str, Any], response: Any) -> dict[str, Any]:
    """Read the record after the write, and report what is not as it was sent.

    ``ignored`` names what the API did not take: its own answer to the write lacks it. ``changed_concurrently`` names
    what is not as the API answered it: somebody else has written since. This API has no ETag, so what somebody wrote
    between the read and the write cannot be seen; that window is one request wide.
    """
    try:
        after = change.read(client)
    except SmartRecruitersError as error:
        # The write is done; a failure to look at it afterwards must not make the task look failed.
        log.warning("The %s was changed, but could not be read afterwards (%s).", change.label, type(error).__name__)
        return {"verified": False}
    # In the terms of the comparison where it knows them, as they are where it does not.
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
        log.warning("Somebody else changed the %s at the same time; see that both changes are there.", change.label)
    return {name: names for name, names in found.items() if names}


def _log_diff(planned: _Plan, title: str, level: int) -> None:
    if not log.isEnabledFor(level):
        return
    if planned.changed is None:
        log.log(level, "%s; what it is now is not known:", title)
    else:
        count = len(planned.diffs)
        differ = f"{count} field{'s differ' if count > 1 else ' differs'}" if count else "no difference"
        log.log(level, "%s: %s", title, differ)
    for item in planned.diffs:
        log.log(level, "  %s", item.line())


def _log_details(details: Mapping[str, Any], level: int) -> None:
    for name, value in details.items():
        log.log(level, "  %s: %s", name, ", ".join(map(one_line, value)) if isinstance(value, list) else value)
