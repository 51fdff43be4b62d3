"""What a plan or a change tells its caller."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_smartrecruiters.api.values.diff import FieldDiff


@dataclass(frozen=True)
class ChangeResult:
    """The result of a plan or of a change. Its repr shows no text that people wrote.

    :param use_case: id of the use case.
    :param target: ids of the record, by argument name.
    :param changed: whether the record differed from the requested state; None if it was not read or the response does
        not tell (``details.unread``), False if the API ignored all that differed (``details.ignored``).
    :param applied: whether a write was sent and accepted.
    :param diffs: the fields that differed.
    :param details: facts specific to the use case, such as ``needs_publishing`` of a job ad.
    :param response: the API's response to the write.
    :param undo: what taking the change back needs to know of the record before the write; empty if nothing changed.
    :param skipped: why a guard kept the record from being written, in words without free text; None if none did.
        ``details.guard`` has the guard's name.
    :param fingerprint: stands for the state that was read before the write; None if it is not known. Pass it on
        as ``expect``.
    """

    use_case: str
    target: dict[str, str]
    changed: bool | None
    applied: bool
    diffs: list[FieldDiff] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    response: Any = field(default=None, repr=False)
    fingerprint: str | None = None
    skipped: str | None = None
    undo: dict[str, Any] = field(default_factory=dict, repr=False)

    def followed_by(self, other: ChangeResult) -> ChangeResult:
        """Return the result of this change and the one that follows it, as that of one change.

        :param other: result of the change that follows. Its record is another one, and so are its fingerprint and its
            ``undo``, which are left out.
        """
        known = (self.changed, other.changed)
        return replace(
            self,
            changed=True if True in known else None if None in known else False,
            applied=self.applied or other.applied,
            diffs=[*self.diffs, *other.diffs],
            details=self.details | other.details,
            response=self.response if self.applied else other.response,
            skipped=other.skipped,
        )

    def as_dict(self, *, return_response: bool = True) -> dict[str, Any]:
        """Return the result as JSON-serializable values: ``{"use_case", "target", "changed", "applied", "fields",
        "diff", "details", "fingerprint", "skipped", "response"}``.

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
            "skipped": self.skipped,
            "response": self.response if return_response else None,
        }
