"""What a notebook, a debugger or a failed assertion prints has no text that people wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from airflow_provider_smartrecruiters.api import SmartRecruitersClient, apply, plan
from airflow_provider_smartrecruiters.api.converge.bulk import Outcome
from airflow_provider_smartrecruiters.api.converge.reading import Reading
from tests.properties.cases import change_of, each_case

if TYPE_CHECKING:
    from tests.use_cases.use_case import UseCase

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@each_case
@pytest.mark.parametrize("verb", [plan, apply])
def test_a_result_prints_no_free_text(
    prepare: Any, kind: type[UseCase], verb: Any, client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    texts = [*case.expected(arguments).free_text, *(str(arguments[name]) for name in case.private if name in arguments)]
    change = change_of(case, arguments)
    reading = Reading.of(client, change) if change.readable else Reading.none(change)
    result = verb(client, change)
    parts = [value for value in vars(change).values() if isinstance(value, BaseModel)]
    printed = repr([result, result.diffs, reading, change, parts, Outcome.of(0, result)]) + str(result)
    assert [text for text in texts if text in printed] == []
    # And it does say what differs, and of which record.
    assert [item.name for item in result.diffs if f"FieldDiff({item.line()})" not in printed] == []
    assert [arguments[name] for name in case.ids if repr(arguments[name]) not in printed] == []
