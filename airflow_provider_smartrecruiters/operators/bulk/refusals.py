"""How a batch is refused whose items cannot be sent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, fitted

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.operators.bulk.items import Checked

log = logging.getLogger(__name__)

_NAMED_IN_ERROR = 5
_LOGGED_BAD_ITEMS = 1000


def refuse_bad_items(checked: Checked, *, of_file: str, hint: str) -> None:
    """Refuse a batch with items that cannot be sent. The log names them all, the error the first ones.

    :param checked: result of the check.
    :param of_file: where the items are, to follow "items": `` of /tmp/items.csv``; empty if they are in no file.
    :param hint: what to do about them.
    :raises InvalidInputError: there are any.
    """
    if not checked.bad:
        return
    if len(checked.bad) == checked.total > 1 and len({bad.why for bad in checked.bad}) == 1:
        raise InvalidInputError(
            f"None of the {checked.total:,} items can be sent, so nothing was sent. All have the same problem: "
            f"{_sentence(checked.bad[0].why)}",
            hint="Fix the shared parameters or the source of the items, then rerun the task.",
            fields=("items", *checked.bad[0].fields),
        )
    # One alone is in the error as a whole.
    for bad in checked.bad[:_LOGGED_BAD_ITEMS] if len(checked.bad) > 1 else ():
        log.error("%s", fitted(f"{bad.place}: {bad.why}"))
    if len(checked.bad) > _LOGGED_BAD_ITEMS:
        log.error("%s more items cannot be sent.", f"{len(checked.bad) - _LOGGED_BAD_ITEMS:,}")
    named = " ".join(f"{bad.place}: {_sentence(bad.why)}" for bad in checked.bad[:_NAMED_IN_ERROR])
    more = len(checked.bad) - _NAMED_IN_ERROR
    raise InvalidInputError(
        f"{len(checked.bad):,} of {checked.total:,} items{of_file} cannot be sent, so nothing was sent. "
        + named
        + (f" The task's log names {more:,} more." if more > 0 else ""),
        hint=hint,
        fields=("items", *dict.fromkeys(name for bad in checked.bad for name in bad.fields)),
    )


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}."
