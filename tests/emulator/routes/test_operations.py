"""Every operation answers, on the documented success code, with what the contract document describes.

The contract check itself is the suite's own: it judges every exchange with the emulator (``contract_checked``).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from airflow_provider_smartrecruiters.emulator.tenant.state import Compensation, JobApproval
from tests.support import catalogue
from tests.support.contract import Contract
from tests.support.contract_examples import example_requests

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api
    from tests.use_cases.use_case import UseCase

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

BODIES = {request.operation.id: request for request in example_requests() if request.content_type is not None}
"""An example of the contract document for each operation with a body."""


@pytest.fixture
def declared(smartrecruiters_emulator: SmartRecruitersEmulator, tmp_path: Path) -> dict[str, UseCase]:
    """The use cases by the operations that write them, looking at the emulator."""
    with smartrecruiters_emulator.state.editing() as tenant:
        settings = tenant.settings
    found = {
        kind.operation: catalogue.prepared(kind, smartrecruiters_emulator, tmp_path)
        for kind in reversed(catalogue.cases())
    }
    # What one use case asks of the company keeps another from working.
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.settings = settings
    return found


def path_of(operation: Any, declared: dict[str, UseCase]) -> str:
    """Fill a path with records that exist: those that a use case declares, as far as the path leads to any."""
    case = declared.get(operation.id) or _nearest(operation.path, declared)
    arguments = case.arguments()
    with case.state.editing() as tenant:
        source = tenant.source_types["JOB_BOARD"].values[0]
        others = {
            "id": next(iter(tenant.hiring_processes)),
            "jobApplicationId": case.state.an_application().application_id,
            "sourceType": "JOB_BOARD",
            "sourceValueId": source.id,
            "sourceIdentifier": source.identifier,
        }

    def value(match: re.Match[str]) -> str:
        name = catalogue.id_names().get(operation.path[: match.end()])
        if name is None and match[1] not in others:
            pytest.fail(
                f"tests/emulator/routes/test_operations.py: Add {match[1]} of {operation.path} to path_of(), or "
                "have a use case whose path begins so",
                pytrace=False,
            )
        return str(arguments[name] if name else others[match[1]])

    return re.sub(r"\{(\w+)\}", value, operation.path)


def _nearest(path: str, declared: dict[str, UseCase]) -> UseCase:
    """Return a use case whose record the path leads to, or any if it leads to none."""
    ends = [path[: match.end()] for match in re.finditer(r"\{\w+\}", path)]
    paths = {
        documented.path: declared[one] for one, documented in Contract.load().operations.items() if one in declared
    }
    fitting = [case for template, case in paths.items() if ends and template.startswith(ends[-1])]
    return fitting[0] if fitting else next(iter(declared.values()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_success(
    operation: Any, smartrecruiters_emulator: SmartRecruitersEmulator, declared: dict[str, UseCase], api: Api
) -> None:
    if sentence := not_documented(operation):
        pytest.fail(sentence, pytrace=False)
    path = path_of(operation, declared)
    options: dict[str, Any] = {}
    if operation.id in BODIES:
        example = BODIES[operation.id]
        options = {"data": example.body, "headers": {"Content-Type": example.content_type}}
        if operation.id in declared and example.content_type == "application/json":
            case = declared[operation.id]
            options = {"json": case.expected(case.arguments()).body}
    if operation.id == "interviews.getList":
        application_id = smartrecruiters_emulator.state.an_application().application_id
        options = {"params": {"applicationId": application_id}}
    elif operation.id == "jobs.approvals.latest":
        with smartrecruiters_emulator.state.editing() as tenant:
            wanted = Compensation(min=1, max=2, currency="EUR")
            tenant.jobs[path.split("/")[2]].approval = JobApproval(id="approval", salary_range=wanted)
    elif operation.id == "createAccessToken":
        api.headers.pop("X-SmartToken")
        form = {
            "client_id": smartrecruiters_emulator.client_id,
            "client_secret": smartrecruiters_emulator.client_secret,
        }
        options = {"data": {"grant_type": "client_credentials", **form}}

    answer = api.request(operation.method, path, **options)

    documented = Contract.load().operations[operation.id].responses
    assert answer.status_code == operation.status, answer.text
    assert str(operation.status) in documented
    assert [entry.applied for entry in smartrecruiters_emulator.journal] == ([True] if operation.writes else [])


def not_documented(operation: Any) -> str | None:
    """Say which file to change, if the contract has no such operation."""
    documented = {(one.method, one.path): one for one in Contract.load().operations.values()}
    file = f"{operation.handler.__module__.replace('.', '/')}.py"
    request = f"{operation.method} {operation.path}"
    found = documented.get((operation.method, operation.path))
    if found is None:
        return f"{file}: Take {request} out, or add it to {catalogue.CONTRACT} with operationId {operation.id}"
    if found.id != operation.id:
        return (
            f'{file}: Make the operation id of {request} "{found.id}", as in {catalogue.CONTRACT}, not "{operation.id}"'
        )
    return None


def test_every_operation_of_the_contract_is_there() -> None:
    ours = {(operation.method, operation.path) for operation in OPERATIONS}
    for one in Contract.load().operations.values():
        if one.emulated and (one.method, one.path) not in ours:
            pytest.fail(
                f"airflow_provider_smartrecruiters/emulator/routes: Add a handler for {one.id} ({one.method} "
                f"{one.path}), or mark it x-emulated: false in {catalogue.CONTRACT}",
                pytrace=False,
            )
        if not one.emulated and (one.method, one.path) in ours:
            pytest.fail(
                f"{catalogue.CONTRACT}: Take x-emulated: false out of {one.id}, which the emulator has", pytrace=False
            )


def test_an_operation_that_is_not_as_in_the_contract_is_named_with_its_file() -> None:
    operation = next(one for one in OPERATIONS if one.id == "jobs.status.update")
    file = "airflow_provider_smartrecruiters/emulator/routes/jobs.py"
    assert not_documented(operation) is None
    assert not_documented(replace(operation, id="jobs.status")) == (
        f'{file}: Make the operation id of PUT /jobs/{{jobId}}/status "jobs.status.update", as in '
        f'{catalogue.CONTRACT}, not "jobs.status"'
    )
    assert not_documented(replace(operation, path="/mood")) == (
        f"{file}: Take PUT /mood out, or add it to {catalogue.CONTRACT} with operationId jobs.status.update"
    )
