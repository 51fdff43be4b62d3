"""Ask a person before a plan is applied: the text of the question, and the check that the answer is not too late.

Nothing here depends on the Airflow version: the text is Markdown for ``body`` of any operator that waits for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

MOST_ROWS = 50
"""Rows of the table. Of a larger plan, the text says how many rows it leaves out."""

_LONGEST = 100
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def approval_body(
    plans: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    addresses: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None,
    names: Mapping[str, str] | None = None,
) -> str:
    """Return the question's text: how many records would change, from what to what, and a table of them.

    It holds ids and values that a plan may show. Everything is escaped, so no value becomes a link or HTML.

    :param plans: the result of an operator with ``plan_only``, or several.
    :param addresses: returns the pages of ids by record: ``SmartRecruitersHook().web_addresses``. Default ``None``: the
        table has no links. Ids whose page is not known have none either.
    :param names: names to show instead of ids, by id, text. Airflow stores and shows them, so give none unless
        everybody who may see the DAG may see them. Default ``None``.
    :return: Markdown.
    """
    results = [plans] if isinstance(plans, Mapping) else list(plans)
    differing = [plan for plan in results if plan["changed"] is not False]
    rows = [_row(plan, field, addresses, names or {}) for plan in differing for field in _fields(plan)]
    if not rows:
        return "Nothing would change."
    ids = list(dict.fromkeys(name for plan in differing for name in plan["target"]))
    columns = [*ids, "field", "now", "after"]
    lines = [_line([_heading(name) for name in columns]), _line(["---"] * len(columns))]
    lines += [_line([row.get(name, "") for name in columns]) for row in rows[:MOST_ROWS]]
    left_out = [f"{len(rows) - MOST_ROWS:,} more rows are not shown."] if len(rows) > MOST_ROWS else []
    return "\n\n".join([_summary(len(differing), rows), "\n".join(lines), *left_out])


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
    return ids | {"field": escaped(field["field"]), "now": _side(field, "before"), "after": _side(field, "after")}


def _side(field: Mapping[str, Any], side: str) -> str:
    if side in field:
        return escaped(field[side])
    return escaped(f"(not shown, length {field.get(f'{side}_length') or 0})")


def _linked(text: str, address: str | None) -> str:
    return f"[{text}](<{address}>)" if address else text


def _heading(name: str) -> str:
    return escaped(name.removesuffix("_id").replace("_", " ").capitalize())


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _summary(records: int, rows: Sequence[Mapping[str, str]]) -> str:
    if records == 1:
        return "**1 record would change.**"
    counts = Counter((row["field"], row["now"], row["after"]) for row in rows)
    parts = [f"- {number:,}: {field} {now} → {after}" for (field, now, after), number in counts.most_common(10)]
    return "\n".join([f"**{records:,} records would change.**", "", *parts])
