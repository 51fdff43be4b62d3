"""What the log says of a batch for people: a line for each of the first items, and a last line for all of them.

A line fits into Airflow's log viewer and holds no free text: ids, outcomes, and the values that a diff may show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.values.addresses import kind_of_id
from airflow_provider_smartrecruiters.api.values.diff import MISSING, UNREAD, FieldDiff, labelled, one_line
from airflow_provider_smartrecruiters.exceptions import LINE_WIDTH, fitted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_INDENT = " " * 6
_MOST_FIELDS = 10
"""Most fields of an item that are tried to fit into its line."""

_DONE = {
    "changed": "changed",
    "sent": "sent",
    "rewritten": "sent without a difference",
    "unchanged": "unchanged",
    "skipped": "skipped",
    "failed": "failed",
    "not_run": "not started",
}
_WRITTEN = ("changed", "sent", "rewritten")
_PLANNED = _DONE | {"changed": "would change", "sent": "would be sent", "skipped": "would be skipped"}


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item as the log lists it.

    :param place: its position in words: ``item 3``, ``line 17``, ``item 3 of the plan``.
    :param target: ids of its record, by argument name.
    :param outcome: its outcome in words: ``would change``, ``failed: NotFoundError 404``.
    :param differences: the fields that differ, in words.
    """

    place: str
    target: Mapping[str, str]
    outcome: str
    differences: Sequence[str] = ()


def words_for(plan_only: bool) -> Mapping[str, str]:
    """Return what the log calls each kind of outcome, in the order in which it counts them.

    :param plan_only: whether the batch is a dry run.
    """
    return _PLANNED if plan_only else _DONE


def counted(count: int) -> str:
    """Return a number of items in words: ``1 item``, ``1,200 items``."""
    return f"{count:,} item{'' if count == 1 else 's'}"


def ids_in_words(ids: Mapping[str, str]) -> str:
    """Return ids after words that say what they are: ``candidate 6f1c…, job 9a2e…``."""
    return ", ".join(f"{kind_of_id(name)} {shortened(one_line(value))}" for name, value in ids.items())


def differences_of(row: Mapping[str, Any]) -> list[str]:
    """Return the fields of a results row that differ, each in words; of text that people wrote, the name alone.

    :param row: the row. One whose diff was too large to be resumed with has only the names of its fields.
    """
    if row["diff"] is None:
        return [one_line(name) for name in row["fields"]]
    # The label alone: the id beside it would leave no room for it.
    labels = row["details"].get("labels", {})
    return [_difference(field, labels, known=row["changed"] is not None) for field in row["diff"]]


def listing(
    listed: Sequence[ListedItem], shared_ids: Mapping[str, str], *, total: int, results: str | None
) -> Iterator[str]:
    """Yield the lines for the first items of a batch, and where the others are found.

    :param listed: the first items, in order.
    :param shared_ids: ids that all items of the batch share. They are in the title, not in each line.
    :param total: number of items.
    :param results: location of the results file; None if there is none.
    """
    source = listed[0].place.partition(" of ")[2]
    shared = f", all with {ids_in_words(shared_ids)}" if shared_ids else ""
    yield fitted(f"The items{f' of {source}' if source else ''}{shared}:")
    width = max(len(_number(item)) for item in listed)
    for item in listed:
        own = {name: value for name, value in item.target.items() if name not in shared_ids}
        yield from _lines(f"  {_number(item):<{width}}", own, item)
    if total > len(listed):
        where = "The results file has all of them" if results else "Set results_path to get a file with all of them"
        yield fitted(f"  {counted(total - len(listed))} more. {where}.")


def last_line(counts: Mapping[str, int], *, plan_only: bool) -> str:
    """Return the last line of a batch that had items.

    :param counts: number of items by kind of outcome: ``changed``, ``sent``, ``rewritten``, ``unchanged``, ``skipped``,
        ``failed``, ``not_run``.
    :param plan_only: whether it was a dry run.
    """
    words = words_for(plan_only)
    found = {kind: counts[kind] for kind in words if counts.get(kind)}
    total = sum(found.values())
    if found.keys() == {"unchanged"}:
        return "Nothing to do: everything is as requested."
    nothing = found.keys() <= {"unchanged", "skipped"}
    lead = "skipped" if nothing else next((kind for kind in _WRITTEN if kind in found), "changed")
    others = "".join(f", {count:,} {words[kind]}" for kind, count in found.items() if kind != lead)
    text = f"{found.get(lead, 0):,} of {counted(total)} {words[lead]}{others}."
    if nothing:
        return f"Nothing to do: {text}"
    if plan_only:
        return fitted(f"Nothing was sent: plan_only is on. {text}")
    return fitted(f"{'Done, but not all' if {'failed', 'not_run'} & found.keys() else 'Done'}: {text}")


def _difference(field: Mapping[str, Any], labels: Mapping[str, str], *, known: bool) -> str:
    if "before" not in field:
        return f"{one_line(field['field'])} (not shown)"
    absent = MISSING if known else UNREAD
    before, after = (absent if field["before"] is None else field["before"]), field["after"]
    after = MISSING if after is None else labelled(labels, after)
    return FieldDiff(field["field"], before, after, shown=True).line()


def _number(item: ListedItem) -> str:
    return item.place.partition(" of ")[0]


def _lines(number: str, ids: Mapping[str, str], item: ListedItem) -> Iterator[str]:
    # Two ids may leave no room for the rest. Cut ids would be of no use: people search for them.
    *lines, last = _ids(number, ids)
    yield from lines
    one = _with_differences(f"{last}  {item.outcome}", item.differences)
    if one is not None:
        yield one
        return
    yield last
    start = f"{_INDENT}{item.outcome}"
    yield _with_differences(start, item.differences) or f"{start}, {_names(item.differences)}"


def _ids(number: str, ids: Mapping[str, str]) -> list[str]:
    lines, separator = [number], "  "
    for name, value in ids.items():
        said = ids_in_words({name: value})
        if len(lines[-1] + separator + said) <= LINE_WIDTH:
            lines[-1] += separator + said
        else:
            lines.append(_INDENT + said)
        separator = ", "
    return lines


def _with_differences(start: str, differences: Sequence[str]) -> str | None:
    """Return a line with as many differences as fit, then names of fields; None if not even one difference does."""
    if not differences:
        return start if len(start) <= LINE_WIDTH else None
    most = min(len(differences), _MOST_FIELDS)
    names = [_name(difference) for difference in differences[:most]]
    for whole in range(most, 0, -1):
        for named in range(most, whole - 1, -1):
            more = len(differences) - named
            said = ", ".join([*differences[:whole], *names[whole:named]])
            line = f"{start}, {said}{f' and {more} more' if more else ''}"
            if len(line) <= LINE_WIDTH:
                return line
    return None


def _names(differences: Sequence[str]) -> str:
    first, more = _name(differences[0]), len(differences) - 1
    return f"{first}{f' and {more} more' if more else ''}"


def _name(difference: str) -> str:
    return shortened(difference.partition(": ")[0])
