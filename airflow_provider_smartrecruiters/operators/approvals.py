"""Ask a person before a plan is applied: the text of the question, and the check that the answer is not too late.

Nothing here depends on the Airflow version: the text is Markdown for ``body`` of any operator that waits for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_smartrecruiters.api.values.addresses import kind_of_id
from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

MOST_ROWS = 50
"""Rows of the table. Of a larger plan, the text says how many rows it leaves out."""

MOST_ITEMS = 20
"""Items of a batch in the table. Of a larger plan, the text says how many items it leaves out."""

_LONGEST = 100
_MOST_CHANGES = 5
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def approval_body(
    plans: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    addresses: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None,
    names: Mapping[str, str] | None = None,
) -> str:
    """Return the question's text: how many records would change, from what to what, and a table of them.

    It holds ids and values that a plan may show, labels instead of the ids that were looked up by them. Everything is
    escaped, so no value becomes a link or HTML.

    :param plans: the result of an operator with ``plan_only``, or several; or that of one batch (``.bulk()``), whose
        table has one row for each item, with its number, and also says how many items the plan leaves alone.
    :param addresses: returns the pages of ids by record: ``SmartRecruitersHook().web_addresses``. Default ``None``: the
        table has no links. Ids whose page is not known have none either.
    :param names: names to show instead of ids, by id, text. Airflow stores and shows them, so give none unless
        everybody who may see the DAG may see them. Default ``None``.
    :return: Markdown.
    :raises InvalidInputError: the result is that of a batch that was sent, not of a plan.
    """
    if isinstance(plans, Mapping) and "counts" in plans:
        return _batch_body(plans, addresses, names or {})
    results = [plans] if isinstance(plans, Mapping) else list(plans)
    differing = [plan for plan in results if plan["changed"] is not False and not plan["skipped"]]
    left_alone = [f"Left alone: {escaped(plan['skipped'])}." for plan in results if plan["skipped"]]
    rows = [_row(plan, field, addresses, names or {}) for plan in differing for field in _fields(plan)]
    if not rows:
        return "\n\n".join(["Nothing would change.", *left_alone])
    ids = list(dict.fromkeys(name for plan in differing for name in plan["target"]))
    columns = [*ids, "field", "now", "after"]
    lines = [_line([_heading(name) for name in columns]), _line(["---"] * len(columns))]
    lines += [_line([row.get(name, "") for name in columns]) for row in rows[:MOST_ROWS]]
    left_out = [f"{len(rows) - MOST_ROWS:,} more rows are not shown."] if len(rows) > MOST_ROWS else []
    return "\n\n".join([_summary(len(differing), rows), "\n".join(lines), *left_out, *left_alone])


def items_to_send(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items that a planned batch would send, in order.

    :param plan: the result of ``.bulk()`` with ``plan_only``. It has the rows of its first 50 items.
    :return: rows of the plan, each with ``number``, ``target`` (ids) and ``diff``.
    :raises InvalidInputError: the result is that of a batch that was sent, not of a plan.
    """
    from airflow_provider_smartrecruiters.operators.bulk.sources.planned import sent_already
    from airflow_provider_smartrecruiters.operators.bulk.sources.results import would_be_sent

    if not plan["plan_only"]:
        raise sent_already("plans")
    return [row for row in plan["rows"] if would_be_sent(row)]


def approved_fingerprint(fingerprint: str | None, planned_at: str, max_hours: float = 24) -> str:
    """Return the fingerprint of an approved plan, for ``expect``, unless the approval came too late.

    Render it in the parameter of the task that writes (``user_defined_macros``), so that clearing that task later does
    not avoid the check.

    :param fingerprint: the ``fingerprint`` of the plan.
    :param planned_at: when the plan was made, ISO 8601 with an offset.
    :param max_hours: largest age of the plan, in hours, above 0. Default 24.
    :return: the fingerprint.
    :raises StalePlanError: the plan is older; nothing was sent.
    :raises InvalidInputError: the plan has no fingerprint, because the record cannot be read; nothing was sent.
    """
    with as_airflow_error():
        _refuse_old(datetime.now(UTC) - datetime.fromisoformat(planned_at), max_hours)
        return _known(fingerprint)


def escaped(value: Any) -> str:
    """Return a value as Markdown that shows it and does nothing else: one line of at most 100 characters.

    :param value: any value. ``None`` and blank text are shown as "(not set)".
    """
    text = " ".join(("" if value is None else str(value)).split())
    text = "".join(character for character in text if character.isprintable())
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return _PUNCTUATION.sub(r"\\\1", text or "(not set)")


def _refuse_old(age: timedelta, max_hours: float) -> None:
    from airflow_provider_smartrecruiters.exceptions import StalePlanError

    if age > timedelta(hours=max_hours):
        raise StalePlanError(
            f"The approved plan is {age.total_seconds() / 3600:,.1f} hours old; the limit is {max_hours:g} hours. "
            "Nothing was sent.",
            hint="Trigger the DAG again, and answer the new question.",
        )


def _known(fingerprint: str | None) -> str:
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    if fingerprint:
        return fingerprint
    raise InvalidInputError(
        "The plan has no fingerprint, so a change of the record since the plan would go unnoticed. Nothing was sent.",
        hint="Approve only plans of records that the API can read.",
        fields=("expect",),
    )


def _batch_body(
    plan: Mapping[str, Any],
    addresses: Callable[[Mapping[str, str]], Mapping[str, str]] | None,
    names: Mapping[str, str],
) -> str:
    rows, counts = items_to_send(plan), plan["counts"]
    total = counts["changed"] + counts["unknown"]
    if not total:
        return "\n\n".join(["Nothing would change.", *_left_alone(counts)])
    # Of a plan of more items than its result holds, only some differences are known.
    known = rows if len(rows) == total else []
    complete = [_row(row, field, addresses, names) for row in known for field in _fields(row)]
    shown = rows[:MOST_ITEMS]
    columns = ["item", *dict.fromkeys(name for row in shown for name in row["target"]), "change"]
    lines = [_line([_heading(name) for name in columns]), _line(["---"] * len(columns))]
    lines += [_line([_item_row(row, addresses, names).get(name, "") for name in columns]) for row in shown]
    return "\n\n".join(
        [_summary(total, complete), "\n".join(lines), *_not_shown(total - len(shown), plan), *_left_alone(counts)]
    )


def _item_row(
    row: Mapping[str, Any],
    addresses: Callable[[Mapping[str, str]], Mapping[str, str]] | None,
    names: Mapping[str, str],
) -> dict[str, str]:
    cells = [_row(row, field, addresses, names) for field in _fields(row)]
    change = "; ".join(f"{cell['field']} {cell['now']} → {cell['after']}" for cell in cells[:_MOST_CHANGES])
    more = f" and {len(cells) - _MOST_CHANGES} more" if len(cells) > _MOST_CHANGES else ""
    return cells[0] | {"item": str(row["number"]), "change": change + more}


def _not_shown(count: int, plan: Mapping[str, Any]) -> list[str]:
    if count < 1:
        return []
    more = "1 more item is" if count == 1 else f"{count:,} more items are"
    where = f" All are in {escaped(plan['results'])}." if plan["results"] else ""
    return [f"{more} not shown.{where}"]


def _left_alone(counts: Mapping[str, int]) -> list[str]:
    said = [f"{counts[kind]:,} {kind}" for kind in ("unchanged", "skipped", "failed") if counts[kind]]
    return [f"Not part of it: {', '.join(said)}."] if said else []


def _fields(plan: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return plan["diff"] or [{"field": "(all)", "before": "(not read)", "after": "(would be written)"}]


def _row(
    plan: Mapping[str, Any],
    field: Mapping[str, Any],
    addresses: Callable[[Mapping[str, str]], Mapping[str, str]] | None,
    names: Mapping[str, str],
) -> dict[str, str]:
    pages = addresses(plan["target"]) if addresses else {}
    ids = {
        name: _linked(escaped(names.get(value, value)), pages.get(name.removesuffix("_id")))
        for name, value in plan["target"].items()
    }
    labels = plan.get("details", {}).get("labels", {})
    sides = {"now": _side(field, "before", labels), "after": _side(field, "after", labels)}
    return ids | {"field": escaped(field["field"]), **sides}


def _side(field: Mapping[str, Any], side: str, labels: Mapping[str, str]) -> str:
    from airflow_provider_smartrecruiters.api.values.diff import labelled

    if side in field:
        return escaped(labelled(labels, field[side]))
    return escaped(f"(not shown, length {field.get(f'{side}_length') or 0})")


def _linked(text: str, address: str | None) -> str:
    return f"[{text}](<{address}>)" if address else text


def _heading(name: str) -> str:
    return escaped(kind_of_id(name).capitalize())


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _summary(records: int, rows: Sequence[Mapping[str, str]]) -> str:
    if records == 1:
        return "**1 record would change.**"
    counts = Counter((row["field"], row["now"], row["after"]) for row in rows)
    parts = [f"- {number:,}: {field} {now} → {after}" for (field, now, after), number in counts.most_common(10)]
    return "\n".join([f"**{records:,} records would change.**", "", *parts])
