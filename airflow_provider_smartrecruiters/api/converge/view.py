"""What the log says of one change: what it is, a line for each field, and a last line that says how it ended.

Every line fits into the log viewer of Airflow, which wraps none. The values of private fields are not in any of them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.guards import Skip
from airflow_provider_smartrecruiters.api.converge.reading import Reading
from airflow_provider_smartrecruiters.api.values.diff import flatten, label, names_in_words
from airflow_provider_smartrecruiters.api.values.result import ChangeResult
from airflow_provider_smartrecruiters.exceptions import fitted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """How the log shows one change.

    :param level: level of its records. A batch, which has lines of its own, uses DEBUG.
    :param page: address of the record in SmartRecruiters' web application; None if it is not known.
    :param why_planned: why a plan sends nothing, for its last line.
    """

    level: int = logging.INFO
    page: str | None = None
    why_planned: str = "this is a plan"

    def planned(self, change: Change, reading: Reading, result: ChangeResult) -> None:
        """Show a plan, and that nothing was sent."""
        if not log.isEnabledFor(self.level):
            return
        title = f"Plan for the {change.label}: {_count(reading)}"
        if result.changed is False:
            end = _nothing_to_do(change, reading)
        elif result.skipped:
            end = f"Nothing was sent: {self.why_planned}. The change would be skipped: {result.skipped}."
        else:
            end = f"Nothing was sent: {self.why_planned}."
        self._say(title, *self._fields(change, reading), *_indented(_remarks(change, result)), end)

    def changing(self, change: Change, reading: Reading, notice: str) -> None:
        """Show what is about to be sent: afterwards nobody can act on a notice."""
        if log.isEnabledFor(self.level):
            verb = "Creating" if change.creates else "Changing"
            title = f"{verb} the {change.label}: {_count(reading)}"
            self._say(title, *self._fields(change, reading), *_indented([f"notice: {notice}"] if notice else []))

    def left(self, change: Change, reading: Reading) -> None:
        """Show that the record is as requested already."""
        if log.isEnabledFor(self.level):
            self._say(f"Read the {change.label}.", *self._address(), _nothing_to_do(change, reading))

    def skipped(self, change: Change, skip: Skip) -> None:
        """Show that a guard keeps the record from being written, and why."""
        if log.isEnabledFor(self.level):
            hint = f" {skip.hint}" if skip.hint else ""
            said = f"Skipped: {skip.why}. Nothing was sent.{hint}"
            self._say(f"Checked the {change.label}.", *self._address(), said)

    def met(self) -> None:
        """Show that somebody else made the change first."""
        self._say("Nothing to do: somebody else has made the same change in the meantime.")

    def stopped(self, skip: Skip, *, in_doubt: bool) -> None:
        """Show that a guard keeps a write from being sent again, and why."""
        doubt = " The first attempt may have been applied." if in_doubt else ""
        self._say(f"Skipped: {skip.why}. Nothing was sent again.{doubt}")

    def planned_to_skip(self, change: Change, skip: Skip) -> None:
        """Show that a plan of a record that cannot be read would be skipped."""
        end = f"Nothing was sent: {self.why_planned}. The change would be skipped: {skip.why}."
        self._say(f"Plan for the {change.label}.", *self._address(), end)

    def done(self, change: Change, result: ChangeResult) -> None:
        """Show how a write ended that was accepted."""
        if log.isEnabledFor(self.level):
            self._say(*_remarks(change, result), f"Done: {_how(change, result)}")

    def _fields(self, change: Change, reading: Reading) -> Iterator[str]:
        yield from _indented(item.line(change.labels) for item in reading.diffs)
        yield from self._address()

    def _address(self) -> list[str]:
        return [f"  {self.page}"] if self.page else []

    def _say(self, *lines: str) -> None:
        # One record, so that the lines of other threads stay out of it.
        log.log(self.level, "%s", "\n".join(fitted(line) for line in lines))


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _count(reading: Reading) -> str:
    if reading.differs is None:
        known = "SmartRecruiters does not show the current state" if reading.done else "the current state is not known"
        return f"{known}, so each run writes it"
    count = len(reading.diffs)
    return f"{count} field{'s differ' if count > 1 else ' differs'}" if count else "no difference"


def _nothing_to_do(change: Change, reading: Reading) -> str:
    wanted = flatten(change.compared(change.wanted(reading.state)))
    status = wanted.pop("status", None)
    if status is None or not {"status", *wanted} <= set(change.shown):
        return "Nothing to do: everything is as requested."
    others = ", ".join(f"{name} {value}{label(change.labels, value)}" for name, value in wanted.items())
    return f"Nothing to do: already {status}{', with ' if others else ''}{others}."


def _remarks(change: Change, result: ChangeResult) -> Iterator[str]:
    if (notice := result.details.get("notice")) and not result.applied:
        yield f"notice: {notice}"
    yield from change.remarks(result.details)


def _how(change: Change, result: ChangeResult) -> str:
    """Return how a write ended, as the rest of the sentence "Done: …"."""
    found = result.details
    if result.changed is None:
        return "written. What it was before is not known."
    if not result.diffs:
        return "written, although nothing differed."
    if result.changed is False:
        return f"accepted, but SmartRecruiters did not keep {names_in_words(found['ignored'])}."
    if found.get("confirmed_by_read"):
        return "changed, as reading the record shows."
    if found.get("verified") is False:
        return "changed, but it could not be read back."
    said = "changed, read back." if change.verified else "changed."
    if found.get("ignored"):
        said += f" SmartRecruiters did not keep {names_in_words(found['ignored'])}."
    if found.get("changed_concurrently"):
        said += f" Somebody else changed {names_in_words(found['changed_concurrently'])} at the same time."
    return said
