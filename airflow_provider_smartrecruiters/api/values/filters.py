"""The types of the filters of searches.

A filter that a template rendered to nothing would make the search find more than its author asked for, and what it
finds is written to. So a blank filter is refused, wherever a blank argument of a change counts as not given. An empty
list, such as the jobs that another task did not find, is none of these: no value matches, and nothing is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.api.values.arguments import is_blank
from airflow_provider_smartrecruiters.api.values.fields import as_text, check_id, same_instant, to_api_datetime

_LEAVE_OUT = "leave it out to search without this filter"
_LONGEST = 36_500
"""Days in a century. A longer time would end before the years that a date can have."""


def _refuse_blank(value: Any) -> Any:
    if is_blank(value):
        raise ValueError(f"is blank; {_LEAVE_OUT}")
    return value


def _one_or_more(value: Any) -> Any:
    _refuse_blank(value)
    if isinstance(value, str | int | Mapping) and not isinstance(value, bool):
        return (value,)
    return tuple(sorted(value, key=str)) if isinstance(value, Set) else value


def _instant(value: Any) -> Any:
    if value is None:
        return None
    to_api_datetime(value)
    return same_instant(value)


def _id_of(name: str) -> Any:
    def read(value: Any) -> Any:
        # An item that another search found.
        if isinstance(value, Mapping):
            if name not in value:
                raise ValueError(f"is a mapping without {name}")
            value = value[name]
        return check_id(id_pasted(value, name))

    return BeforeValidator(read)


SEVERAL = BeforeValidator(_one_or_more)
"""Lets a filter take one value or several; a single one counts as a list of one. No value is one of none."""

Words = Annotated[tuple[Annotated[str, BeforeValidator(as_text)], ...] | None, SEVERAL]
"""One text or several."""

Ids = Annotated[tuple[Annotated[str, BeforeValidator(check_id)], ...] | None, SEVERAL]
"""One id or several."""

JobIds = Annotated[tuple[Annotated[str, _id_of("job_id")], ...], SEVERAL]
"""One job or several: ids, addresses of pages, or items that a search for jobs found."""

Word = Annotated[str | None, BeforeValidator(as_text), BeforeValidator(_refuse_blank)]
"""A text."""

Moment = Annotated[str | None, BeforeValidator(_instant), BeforeValidator(_refuse_blank)]
"""A point in time, in the API's format. Unlike the start of a job, midnight is an instant here."""

Days = Annotated[float | None, BeforeValidator(_refuse_blank), Field(gt=0, le=_LONGEST, allow_inf_nan=False)]
"""A number of days, also a fraction."""
