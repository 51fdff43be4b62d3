"""What the tests of sources and of formats share: read a value as items, and check how it is refused."""

from __future__ import annotations

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.sources.given import source_of

MARIA, JONAS = {"candidate_id": "maria", "tags": ["a"]}, {"candidate_id": "jonas", "tags": []}


def items_of(value):
    return list(source_of("items", value))


def arguments_of(value):
    return [item.arguments for item in items_of(value)]


def problems_of(value):
    return [(item.place, item.problem) for item in items_of(value) if item.problem]


def refusal(value):
    """Return the message with which a value is refused."""
    with pytest.raises(InvalidInputError, match="items") as caught:
        items_of(value)
    assert caught.value.fields == ("items",)
    assert caught.value.hint
    return str(caught.value)
