"""
Every use case is whole, and its parts agree with each other.

A use case is eight files; CONTRIBUTING.md goes through them. Each test here fails with one sentence that names the file
which lacks something, and what it lacks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.interviews import UpdateCandidateTimeslotStatus
from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from airflow_provider_smartrecruiters.operators.search import SearchJobsOperator
from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator
from airflow_provider_smartrecruiters.provider_info import get_provider_info
from tests.support import catalogue
from tests.support.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.api.change import Change

each_change = pytest.mark.parametrize("change", catalogue.changes(), ids=lambda change: change.__name__)


@pytest.mark.parametrize("change", catalogue.all_changes(), ids=lambda change: change.__name__)
@pytest.mark.parametrize("part", catalogue.PARTS, ids=lambda part: part.__name__.removeprefix("missing_"))
def test_a_use_case_is_whole(part: Callable[[type[Change]], str | None], change: type[Change]) -> None:
    if part is not catalogue.missing_variables and catalogue.missing_variables(change):
        pytest.skip("the change lacks class variables, which the other parts follow from")
    if sentence := part(change):
        pytest.fail(sentence, pytrace=False)


@pytest.mark.parametrize("operator", catalogue.operator_classes(), ids=lambda operator: operator.__name__)
def test_an_operator_has_a_change(operator: catalogue.Operator) -> None:
    if operator not in catalogue.operators():
        pytest.fail(catalogue.missing_change(operator), pytrace=False)


def test_the_contract_has_no_use_case_more() -> None:
    if len(catalogue.changes()) < len(catalogue.all_changes()):
        pytest.skip("a change lacks class variables, and may be the one of the use case")
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
    if sentence := catalogue.missing_test_module(change):
        pytest.fail(sentence, pytrace=False)
    case = catalogue.declaration(change)
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
        (
            catalogue.missing_route,
            "airflow_provider_smartrecruiters/emulator/routes/jobs.py",
            '@operations.put("/jobs/{jobId}/colour", operationId, scope, …)',
        ),
        (catalogue.missing_contract, "tests/contract/smartrecruiters-openapi.yaml", "put of /jobs/{jobId}/colour"),
        (catalogue.missing_example, "example_dags/update_job_colour.py", "smartrecruiters_update_job_colour"),
        (catalogue.missing_test_module, "tests/use_cases/test_update_job_colour.py", "class TestUpdateJobColour"),
        (catalogue.missing_readme_row, "README.md", "`UpdateJobColourOperator`"),
        (catalogue.missing_changelog_line, "CHANGELOG.md", "`UpdateJobColourOperator`"),
        (catalogue.missing_undo_docs, "docs/undo.md", "`UpdateJobColourOperator`"),
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


def test_a_change_that_is_not_public_is_named() -> None:
    class UpdateMood(UpdateCandidateTimeslotStatus):
        pass

    UpdateMood.__module__ = UpdateCandidateTimeslotStatus.__module__
    assert catalogue.missing_in_all(UpdateMood) == (
        "airflow_provider_smartrecruiters/api/interviews.py: Add UpdateMood to __all__"
    )
    assert catalogue.missing_in_all(UpdateJobColour) == (
        "airflow_provider_smartrecruiters/api/jobs/__init__.py: Import UpdateJobColour, and add it to __all__"
    )


def test_an_operator_of_another_change_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UpdateJobStatusOperator, "change_name", "jobs.UpdateJobNote")
    assert catalogue.missing_change_name(UpdateJobStatus) == (
        "airflow_provider_smartrecruiters/operators/jobs.py: Make change_name of UpdateJobStatusOperator "
        '"jobs.UpdateJobStatus"'
    )


def test_an_operator_without_a_change_is_named_with_the_folder_of_its_change() -> None:
    class UpdateMoodOperator(UpdateJobStatusOperator):
        pass

    UpdateMoodOperator.__module__ = UpdateJobStatusOperator.__module__
    with pytest.raises(catalogue.MissingPartError) as caught:
        catalogue.operators()[UpdateMoodOperator]
    assert str(caught.value) == (
        "airflow_provider_smartrecruiters/api/jobs/: Add class UpdateMood(Change), which UpdateMoodOperator makes"
    )


def test_an_undo_that_the_docstring_does_not_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (UndoBulkOperator.__doc__ or "").replace("``UpdateJobStatusOperator``", "jobs")
    monkeypatch.setattr(UndoBulkOperator, "__doc__", said)
    sentence = catalogue.missing_undo_docs(UpdateJobStatus)
    assert sentence is not None
    assert sentence.startswith("airflow_provider_smartrecruiters/operators/undo.py: Add ``UpdateJobStatusOperator``")


BROKEN = "tests/use_cases/test_update_job_colour.py"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("Operator", f"{BROKEN}: cannot be imported (NameError: name 'Operator' is not defined)"),
        ("class", f"{BROKEN}: cannot be imported (SyntaxError: "),
        ("import no_such_thing", f"{BROKEN}: cannot be imported (ModuleNotFoundError: No module named 'no_such_thing'"),
        (
            "from airflow_provider_smartrecruiters.operators.jobs import UpdateJobColourOperator",
            f"airflow_provider_smartrecruiters/operators/jobs.py: Add what {BROKEN} imports",
        ),
        (
            "from airflow_provider_smartrecruiters.api.jobs import UpdateJobColour",
            f"airflow_provider_smartrecruiters/api/jobs/__init__.py: Add what {BROKEN} imports",
        ),
    ],
)
def test_a_test_module_that_cannot_be_imported_is_named(code: str, sentence: str) -> None:
    with pytest.raises((ImportError, NameError, SyntaxError)) as caught:
        exec(compile(code, str(catalogue.ROOT / BROKEN), "exec"))
    assert catalogue.why_not_imported(BROKEN, caught.value).startswith(sentence)
