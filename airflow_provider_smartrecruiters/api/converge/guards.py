"""The guards of a change: what has to hold for a record to be written, and what becomes of a record that is left alone.

All of them are declared in :class:`Terms` and checked here, for one record and for each item of a batch. Those on the
state of the record are checked before every send, the one after a lost response included.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge import ON_MISSING
from airflow_provider_smartrecruiters.api.converge.explain import explained, is_about
from airflow_provider_smartrecruiters.api.converge.reading import Reading
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.verdict import is_unsettled
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.values.choices import not_one_of
from airflow_provider_smartrecruiters.api.values.diff import names_in_words
from airflow_provider_smartrecruiters.api.values.fingerprint import LeftStates
from airflow_provider_smartrecruiters.exceptions import (
    IgnoredValuesError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    SmartRecruitersError,
    StalePlanError,
)

HIRED = "HIRED"
"""The status that ``protect_hired`` protects."""

_TO_MOVE_IT = f"To move it anyway, add {HIRED} to only_if_status_in, or set protect_hired to False."
_EITHER = "SmartRecruiters answers 401 for a record that does not exist, and for one without access"


@dataclass(frozen=True)
class Terms:
    """The guards of a change. A batch shares them, and the cache, among all its changes.

    :param lookups: cache of look-ups.
    :param only_if_status_in: statuses that an application must be in to be changed; None for any.
    :param protect_hired: whether an application that is ``HIRED`` stays in that status, unless ``only_if_status_in``
        names it. Changes that leave the status as it is are not affected.
    :param on_missing: ``fail``, or ``skip`` for a record that does not exist: the API answers 404, or 401 without a
        code although it accepts the credential. With 401 the API does not tell whether the record is missing or the
        credential may not access it. A 403 is never skipped.
    :param fail_if_ignored: whether a write of which the API dropped a value raises an error. Only the changes that are
        read again after the write know of that.
    :raises InvalidInputError: a value is none of the allowed ones.
    """

    lookups: Lookups = field(default_factory=Lookups)
    only_if_status_in: Collection[str] | None = None
    protect_hired: bool = True
    on_missing: str = "fail"
    fail_if_ignored: bool = False

    def __post_init__(self) -> None:
        # Text would be compared letter by letter, and an unknown status would skip every record in silence.
        statuses = self.only_if_status_in
        if isinstance(statuses, str):
            raise _unfit("only_if_status_in", "only_if_status_in must be a list of statuses")
        for index, status in enumerate(statuses or ()):
            if status not in APPLICATION_STATUSES:
                problem = not_one_of(status, APPLICATION_STATUSES)
                raise _unfit("only_if_status_in", f"only_if_status_in[{index}] {problem}")
        if self.on_missing not in ON_MISSING:
            raise _unfit("on_missing", f"on_missing {not_one_of(self.on_missing, ON_MISSING)}")

    def guards(self) -> dict[str, Any]:
        """Return the guards by name, JSON-ready: what a batch is known by."""
        statuses = self.only_if_status_in
        return {
            "only_if_status_in": None if statuses is None else sorted(statuses),
            "protect_hired": self.protect_hired,
            "on_missing": self.on_missing,
            "fail_if_ignored": self.fail_if_ignored,
        }


@dataclass(frozen=True)
class Skip:
    """Why a record is left alone.

    :param guard: name of the guard.
    :param why: the reason in words, without a full stop.
    :param hint: what to do to have the record written; empty if that goes without saying.
    :param notice: what a batch should say about all such records.
    """

    guard: str
    why: str
    hint: str = ""
    notice: str = ""

    def details(self) -> dict[str, Any]:
        """Return the members of ``details`` of the result."""
        return {"guard": self.guard} | ({"notice": self.notice} if self.notice else {})


@dataclass(frozen=True)
class Guards:
    """The guards of one change, to check before every send.

    :param client: client to read the status with, where the record does not tell it.
    :param change: the change, with ids in place of labels.
    :param terms: the guards.
    :param expect: ``fingerprint`` of the plan that the record must still match, or the states that it may be in.
    :param force: whether an unchanged record is written, too.
    """

    client: SmartRecruitersClient
    change: Change
    terms: Terms
    expect: str | LeftStates | None = None
    force: bool = False

    def skip(self, reading: Reading) -> Skip | None:
        """Return why to leave the record alone; None to write it.

        :param reading: the record as it was read last. If it was not read, the status is read now.
        :raises SmartRecruitersError: the status cannot be read.
        """
        # Nothing is sent for an unchanged record, so it is "unchanged", not "skipped". That also saves the request.
        if reading.differs is False and not self.force:
            return None
        allowed = self.terms.only_if_status_in
        if allowed is None and not self._protects:
            return None
        status = self._status(reading.state)
        if allowed is not None and status not in allowed:
            why = f"the application is {status}, and only_if_status_in allows {_any_of(allowed)}"
            return Skip("only_if_status_in", why)
        if self._protects and status == HIRED and HIRED not in (allowed or ()):
            return Skip("protect_hired", f"the application is {HIRED}, and protect_hired is on", _TO_MOVE_IT)
        return None

    @property
    def _protects(self) -> bool:
        return self.terms.protect_hired and self.change.moves_to not in (None, HIRED)

    def _status(self, state: Mapping[str, Any]) -> str | None:
        try:
            with explained(self.change, "check"):
                return self.change.application_status(self.client, state)
        except PermissionDeniedError as error:
            if not is_unsettled(error):
                named = "protect_hired" if self.terms.only_if_status_in is None else "only_if_status_in"
                off = "set protect_hired to False" if named == "protect_hired" else "leave out only_if_status_in"
                error.hint += (
                    f" The status is read first because of {named}: {off} if the credential may write applications, "
                    "but not read them."
                )
            raise

    def check_fingerprint(self, fingerprint: str | None) -> None:
        """Check that the record is still the one that was planned.

        :raises StalePlanError: it changed.
        :raises InvalidInputError: nobody knows whether it did.
        """
        if self.expect is None:
            return
        if fingerprint is None:
            raise InvalidInputError(
                "expect cannot be used here, because the response does not tell the current state of the record.",
                hint="Remove expect.",
                fields=("expect",),
            )
        if isinstance(self.expect, LeftStates) and fingerprint not in self.expect:
            raise StalePlanError(
                "The record changed after the batch that is undone; nothing was sent.",
                hint="Check the record. If it should go back anyway, change it with a task of its own.",
            )
        if isinstance(self.expect, str) and self.expect != fingerprint:
            raise StalePlanError(
                "The record changed after it was planned; nothing was sent.",
                hint="Plan again, check the difference, and apply the new plan.",
            )


def check(change: Change, *, read_first: bool, expect: str | LeftStates | None, terms: Terms) -> None:
    """Reject combinations of arguments that cannot work, before anything is sent.

    :param change: the change to check.
    :param read_first: whether the record is read before the write.
    :param expect: ``fingerprint`` of a plan, or None.
    :param terms: the guards.
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


def missing(error: SmartRecruitersError, change: Change, terms: Terms) -> Skip | None:
    """Return why to leave a record alone that does not exist; None if the error is another one, or to be raised.

    :param error: the error of the change.
    :param change: the change.
    :param terms: the guards.
    """
    if terms.on_missing != "skip" or error.may_have_been_applied or not is_about(error, change):
        return None
    if isinstance(error, NotFoundError):
        return Skip("on_missing", "SmartRecruiters does not find the record, and on_missing is skip")
    # A code such as ACCESS_FORBIDDEN says that the record is there.
    if isinstance(error, PermissionDeniedError) and error.status == 401 and not (error.code or is_unsettled(error)):
        return Skip(
            "on_missing",
            "the record does not exist, or the credential may not access it, and on_missing is skip",
            hint=f"{_EITHER}.",
            notice=f"{_EITHER}.",
        )
    return None


def refuse_ignored(details: Mapping[str, Any], terms: Terms) -> None:
    """Raise if the API dropped a value, and that counts as a failure.

    :param details: ``details`` of a change that was written.
    :param terms: the guards.
    :raises IgnoredValuesError: it did.
    """
    ignored, lost = details.get("ignored"), details.get("lost")
    if not (terms.fail_if_ignored and ignored):
        return
    removed = f", and removed what was there in {names_in_words(lost)}" if lost else ""
    raise IgnoredValuesError(
        f"SmartRecruiters accepted the write, but did not keep {names_in_words(ignored)}{removed}.",
        hint="Correct these values or leave them out, then run the task again. Set fail_if_ignored to False to get a "
        "warning instead.",
        ignored=tuple(ignored),
        lost=tuple(lost or ()),
        may_have_been_applied=True,
    )


def _unfit(name: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{problem}.", hint=f"Correct {name}, or leave it out.", fields=(name,))


def _any_of(statuses: Collection[str]) -> str:
    *others, last = sorted(statuses) or ["none"]
    return f"{', '.join(others)} or {last}" if others else last
