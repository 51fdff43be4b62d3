"""What a read tells about a change: before the write whether anything differs, after it what became of it.

Whether a record can be compared is known only after the read: the API may offer none, or its response may lack what the
change writes. Then nobody knows whether the record differs, and whatever depends on that takes None for an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.values.diff import MISSING, UNREAD, FieldDiff, diff, flatten, one_line, unread
from airflow_provider_smartrecruiters.api.values.fingerprint import fingerprint_of
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError, UnexpectedResponseError, fitted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """A record as it was read, beside what a change requests.

    :param state: the record as the change reads it; ``{}`` if it was not read.
    :param diffs: the fields that differ or may differ.
    :param fingerprint: stands for the compared content; None if nothing of it is known.
    :param done: whether the record was read.
    """

    state: dict[str, Any] = field(repr=False)
    diffs: list[FieldDiff]
    fingerprint: str | None = None
    done: bool = True

    @classmethod
    def of(cls, client: SmartRecruitersClient, change: Change) -> Reading:
        """Read the record of a change.

        :raises UnexpectedResponseError: the response does not have the structure of a record.
        :raises SmartRecruitersError: the read failed.
        """
        state = change.read(client)
        with as_a_record(change):
            before = change.compared(change.current(state))
            diffs = diff(
                before,
                change.compared(change.wanted(state)),
                change.shown,
                whole=change.whole,
                removed=change.cleared,
                never_removed=change.never_removed,
            )
            return cls(state, diffs, _fingerprint(change, before))

    @classmethod
    def none(cls, change: Change) -> Reading:
        """Return what is known of the record of a change without a read: nothing."""
        return cls({}, unread(change.wanted({}), change.shown), done=False)

    @property
    def differs(self) -> bool | None:
        """Whether fields differ; None, not True, if nobody knows: a report of changes must not count it as one."""
        known = [item for item in self.diffs if item.before is not UNREAD]
        return None if not self.done or (self.diffs and not known) else bool(self.diffs)

    @property
    def untold(self) -> list[str]:
        """The names of the fields that a response lacks, if that is why nobody knows whether anything differs."""
        return [item.name for item in self.diffs] if self.done and self.differs is None else []


@contextmanager
def as_a_record(change: Change) -> Iterator[None]:
    """Convert exceptions that a malformed record causes in the block.

    :param change: the change whose record it is.
    :raises UnexpectedResponseError: for every exception that is not an error of this package.
    """
    try:
        yield
    except SmartRecruitersError:
        raise
    except Exception as error:
        # Not chained: a traceback may show what people wrote.
        raise UnexpectedResponseError(
            f"The response does not have the structure of a record ({type(error).__name__}).",
            method="GET",
            path_template=change.record,
            status=HTTPStatus.OK,
            hint="Check whether a proxy between Airflow and SmartRecruiters changes responses. If not, report a bug.",
        ) from None


def _fingerprint(change: Change, before: dict[str, Any]) -> str | None:
    leaves = flatten(before).values()
    if leaves and all(leaf is UNREAD for leaf in leaves):
        # It would be the same for every state: a guard that always holds.
        return None
    # Of the compared content, not of the raw state: members that the change does not touch may differ without making a
    # plan stale.
    return fingerprint_of(change.use_case, change.target, before)


def verify(
    client: SmartRecruitersClient, change: Change, body: dict[str, Any], response: Any, diffs: list[FieldDiff]
) -> dict[str, Any]:
    """Read the record after the write, and report what differs from what was sent.

    ``ignored`` names the fields that the API did not accept: its own response to the write lacks them. ``lost`` names
    those of them that had a value before, which is gone as well: the API drops what it does not accept.
    ``changed_concurrently`` names the fields that differ from that response: somebody else has written since.

    The API has no ETag, so a change between the read and the write cannot be detected. That window is one request wide.
    """
    try:
        after = change.read(client)
    except SmartRecruitersError as error:
        # The write succeeded. A failed check afterwards must not fail the task.
        said = f"The {change.label} was changed, but could not be read afterwards ({type(error).__name__})."
        log.warning("%s", fitted(said))
        return {"verified": False}

    def accepted_of(content: Mapping[str, Any]) -> dict[str, Any]:
        return flatten(change.compared(change.current(content)))

    # Fields that `current` normalizes are compared in normal form, all others as they were sent and returned.
    sent = flatten(normal(body)) | accepted_of(body)
    seen = accepted_of(after)
    there = flatten(normal(after)) | seen
    answer = response if isinstance(response, Mapping) and response else after
    accepted = accepted_of(answer)
    answered = flatten(normal(answer)) | accepted
    ignored = [name for name, value in sent.items() if answered.get(name) != value]
    had = {item.name: item.before for item in diffs if item.before is not MISSING and item.before is not UNREAD}
    found: dict[str, Any] = {
        "ignored": ignored,
        "lost": [name for name in ignored if name in had and seen.get(name) != had[name]],
        "changed_concurrently": [name for name, value in accepted.items() if there.get(name) != value]
        + [name for name in seen if name not in accepted],
    }
    if found["lost"]:
        said = (
            f"SmartRecruiters did not accept a value of the {change.label}, and removed the old one: "
            f"{', '.join(map(one_line, found['lost']))}. What to do: Correct the value, then run the task again."
        )
        log.warning("%s", fitted(said))
    if found["changed_concurrently"]:
        said = f"Somebody else changed the {change.label} at the same time. Check that both changes are there."
        log.warning("%s", fitted(said))
    return {name: names for name, names in found.items() if names}
