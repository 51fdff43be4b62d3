"""
Every use case is whole, and its parts agree with each other.

A use case is eight files; CONTRIBUTING.md goes through them. Each test here fails with one sentence that names the file
which lacks something, and what it lacks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.operators.search import SearchJobsOperator
from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator
from airflow_provider_smartrecruiters.provider_info import get_provider_info
from tests.support import catalogue
from tests.support.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.api.change import Change

each_change = pytest.mark.parametrize("change", catalogue.changes(), ids=lambda change: change.__name__)


@each_change
@pytest.mark.parametrize("part", catalogue.PARTS, ids=lambda part: part.__name__.removeprefix("missing_"))
def test_a_use_case_is_whole(part: Callable[[type[Change]], str | None], change: type[Change]) -> None:
    if sentence := part(change):
        pytest.fail(sentence, pytrace=False)


def test_an_operator_has_a_change() -> None:
    try:
        assert catalogue.operators()
    except catalogue.MissingPartError as missing:
        pytest.fail(str(missing), pytrace=False)


def test_the_contract_has_no_use_case_more() -> None:
    known = {change.use_case for change in catalogue.changes()}
    for operation in Contract.load().operations.values():
        if unknown := set(operation.use_cases) - known:
            sentence = (
                f"airflow_provider_smartrecruiters/api: Add a Change for {operation.method} {operation.path} with"
            )
            pytest.fail(
                f"{sentence} use_case = {sorted(unknown)}, or take it out of {catalogue.CONTRACT}", pytrace=False
            )


def test_the_readme_has_no_operator_more() -> None:
    if unknown := catalogue.readme_rows().keys() - {kind.__name__ for kind in catalogue.operator_classes()}:
        pytest.fail(
            f"README.md: Take the row of {' and '.join(sorted(unknown))} out, or add the operator", pytrace=False
        )


def test_the_metadata_lists_every_module_that_has_an_operator() -> None:
    (listed,) = get_provider_info()["operators"]
    modules = sorted(
        {kind.__module__ for kind in (*catalogue.operator_classes(), SearchJobsOperator, UndoBulkOperator)}
    )
    if listed["python-modules"] != modules:
        pytest.fail(
            f"airflow_provider_smartrecruiters/provider_info.py: Make python-modules of operators {modules}",
            pytrace=False,
        )


@each_change
def test_a_declaration_agrees_with_the_contract(change: type[Change]) -> None:
    try:
        case = catalogue.declaration(change)
    except catalogue.MissingPartError as missing:
        pytest.fail(str(missing), pytrace=False)
    where = f"tests/use_cases/test_{catalogue.name_of(change)}.py"
    documented = Contract.load().operations.get(case.operation)
    if documented is None:
        pytest.fail(
            f"{where}: operation is {case.operation!r}, which {catalogue.CONTRACT} does not have", pytrace=False
        )
    stated = {
        "operator": case.operator.__name__,
        "ids": case.ids,
        "endpoint": _without_names(f"{case.method} {case.path}"),
        "scopes": (case.scope, case.read_scope),
        "private": set(case.private),
    }
    found: dict[str, Any] = {
        "operator": f"{change.__name__}Operator",
        "ids": change.ids,
        "endpoint": _without_names(f"{documented.method} {documented.path}"),
        "scopes": (change.scope, change.read_scope),
        "private": set(case.operator.private_fields),
    }
    assert stated == found, where
    assert case.use_case in documented.use_cases
    assert str(case.status) in documented.responses, f"{where}: status"


def _without_names(endpoint: str) -> str:
    return re.sub(r"\{\w+\}", "{}", endpoint)


# The sentences come where something is missing


class UpdateJobColour(UpdateJobStatus):
    """A change that nobody has written anything for."""

    use_case = "put_update_job_colour"
    endpoint = "PUT /jobs/{jobId}/colour"


UpdateJobColour.__module__ = UpdateJobStatus.__module__


@pytest.mark.parametrize(
    ("part", "file", "what"),
    [
        (
            catalogue.missing_operator,
            "airflow_provider_smartrecruiters/operators/jobs.py",
            "class UpdateJobColourOperator",
        ),
        (catalogue.missing_route, "airflow_provider_smartrecruiters/emulator/routes/jobs.py", '"/jobs/{jobId}/colour"'),
        (catalogue.missing_contract, "tests/contract/smartrecruiters-openapi.yaml", "put of /jobs/{jobId}/colour"),
        (catalogue.missing_example, "example_dags/update_job_colour.py", "smartrecruiters_update_job_colour"),
        (catalogue.missing_test_module, "tests/use_cases/test_update_job_colour.py", "class TestUpdateJobColour"),
        (catalogue.missing_readme_row, "README.md", "`UpdateJobColourOperator`"),
        (catalogue.missing_changelog_line, "CHANGELOG.md", "`UpdateJobColourOperator`"),
    ],
)
def test_what_is_missing_is_named_with_its_file(
    part: Callable[[type[Change]], str | None], file: str, what: str
) -> None:
    sentence = part(UpdateJobColour)
    assert sentence is not None
    assert sentence.startswith(f"{file}: Add ")
    assert what in sentence
    assert "\n" not in sentence


def test_what_is_there_is_not_missing() -> None:
    assert [part(UpdateJobStatus) for part in catalogue.PARTS] == [None] * len(catalogue.PARTS)


def test_a_class_variable_that_is_missing_is_named() -> None:
    from airflow_provider_smartrecruiters.api.change import Change

    class UpdateNothing(Change):
        def body(self, state: Any) -> dict[str, Any]:
            return {}

        def send(self, client: Any, body: Any) -> Any:
            return None

    sentence = catalogue.missing_variables(UpdateNothing)
    assert sentence is not None
    assert "endpoint, ids, scope, subject, use_case" in sentence


def test_a_contract_operation_without_the_use_case_is_named() -> None:
    class UpdateJobMood(UpdateJobStatus):
        use_case = "put_update_job_mood"

    assert catalogue.missing_contract(UpdateJobMood) == (
        "tests/contract/smartrecruiters-openapi.yaml: Add put_update_job_mood to x-use-case of jobs.status.update"
    )
