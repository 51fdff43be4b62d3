"""The guards hold for every use case: on the status of an application, on a missing record, and on a dropped value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api import (
    IgnoredValuesError,
    InvalidInputError,
    PermissionDeniedError,
    SmartRecruitersClient,
    SmartRecruitersError,
    Terms,
    UpdateCandidateJobStatus,
    UpdateJobAndJobAd,
    apply,
    plan,
)
from airflow_provider_smartrecruiters.api.converge.guards import HIRED
from airflow_provider_smartrecruiters.api.values.fields import placeholders
from tests.properties.cases import change_of, connect, each_case
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.use_cases.use_case import UseCase

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

each_of_application = pytest.mark.parametrize(
    "kind",
    [catalogue.declaration(change) for change in catalogue.changes() if change.of_application],
    ids=lambda kind: kind.use_case,
)
STATUS_READ = "candidates.getApplication"


def put_in(case: UseCase, arguments: Mapping[str, Any], status: str) -> None:
    with case.emulator.state.editing() as tenant:
        tenant.application(arguments["candidate_id"], arguments["job_id"]).status = status


@each_of_application
@pytest.mark.parametrize("read_first", [True, False])
def test_an_application_in_another_status_is_left_alone(
    prepare: Any, kind: type[UseCase], read_first: bool, client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    change = change_of(case, arguments)
    put_in(case, arguments, "INTERVIEW")
    terms = Terms(only_if_status_in=["NEW", "IN_REVIEW"])
    for verb in (plan, apply):
        result = verb(client, change, read_first=read_first, terms=terms)
        assert result.skipped == "the application is INTERVIEW, and only_if_status_in allows IN_REVIEW or NEW"
        assert (result.applied, result.details["guard"]) == (False, "only_if_status_in")
    assert case.emulator.journal == []
    assert set(case.operations()) == {STATUS_READ}
    put_in(case, arguments, "NEW")
    assert apply(client, change, read_first=read_first, terms=terms).applied


@each_case
def test_only_if_status_in_is_refused_where_no_application_is_changed(
    prepare: Any, kind: type[UseCase], client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    change = change_of(case, case.arguments())
    if change.of_application:
        return
    for verb in (plan, apply):
        with pytest.raises(InvalidInputError, match="only_if_status_in is for applications"):
            verb(client, change, terms=Terms(only_if_status_in=["NEW"]))
    assert case.operations() == []


@each_of_application
@pytest.mark.parametrize("switches", [{}, {"read_first": False}, {"force": True}], ids=str)
def test_a_hired_application_is_not_moved(
    prepare: Any, kind: type[UseCase], switches: dict[str, bool], client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    change = change_of(case, arguments)
    assert (change.moves_to not in (None, HIRED)) is kind.moves
    put_in(case, arguments, HIRED)
    result = apply(client, change, **switches)
    if kind.moves:
        assert result.skipped == "the application is HIRED, and protect_hired is on"
        assert (result.applied, result.details["guard"]) == (False, "protect_hired")
        assert case.emulator.journal == []
        result = apply(client, change, terms=Terms(only_if_status_in=[HIRED]), **switches)
    assert (result.applied, result.skipped) == (True, None)
    put_in(case, arguments, HIRED)
    assert apply(client, change, terms=Terms(protect_hired=False), **{**switches, "force": True}).applied


@pytest.mark.parametrize("switches", [{}, {"read_first": False}, {"force": True}], ids=str)
def test_the_start_date_of_a_hire_is_no_move(
    smartrecruiters_emulator: SmartRecruitersEmulator, switches: dict[str, bool], client: SmartRecruitersClient
) -> None:
    found = smartrecruiters_emulator.state.an_application(HIRED)
    ids = {"candidate_id": found.candidate_id, "job_id": found.job_id}
    change = UpdateCandidateJobStatus(**ids, status=HIRED, starts_on="2027-01-01")
    assert apply(client, change, **switches).applied


def test_a_status_that_may_not_be_read_says_what_to_do(prepare: Any) -> None:
    case = prepare(next(kind for kind in catalogue.cases() if kind.moves))
    server = case.emulator
    server.fail_next("any read", status=403)
    client = connect(server.url, password=server.api_key)
    change = change_of(case, case.arguments())
    with pytest.raises(PermissionDeniedError, match=r"candidates_read.*set protect_hired to False") as caught:
        apply(client, change, read_first=False)
    assert not caught.value.may_have_been_applied
    server.fail_next("any read", status=403)
    with pytest.raises(PermissionDeniedError, match="leave out only_if_status_in"):
        apply(client, change, read_first=False, terms=Terms(only_if_status_in=["NEW"]))
    assert server.journal == []


@each_case
@pytest.mark.parametrize("name", ["first", "last"])
def test_a_missing_record_is_skipped_on_request(
    prepare: Any, kind: type[UseCase], name: str, client: SmartRecruitersClient
) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    # The id of a record that is created is not that of a missing one.
    in_path = kind.ids[: len(placeholders(change_of(case, arguments).endpoint))]
    change = change_of(case, {**arguments, in_path[0 if name == "first" else -1]: "unknown"})
    for verb in (plan, apply):
        if verb is plan and not change.readable:
            continue
        with pytest.raises(SmartRecruitersError) as caught:
            verb(client, change)
        if caught.value.status == 403:
            # It says that access is denied, whatever the reason is.
            with pytest.raises(PermissionDeniedError):
                verb(client, change, terms=Terms(on_missing="skip"))
            continue
        result = verb(client, change, terms=Terms(on_missing="skip"))
        assert (result.applied, result.changed, result.details["guard"]) == (False, None, "on_missing")
        assert result.target == change.target
        assert ("may not access it" in result.skipped) is (caught.value.status == 401)
        assert ("notice" in result.details) is (caught.value.status == 401)
    assert [entry for entry in case.emulator.journal if entry.applied] == []


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 403, 500])
def test_nothing_else_passes_for_a_missing_record(prepare: Any, status: int, client: SmartRecruitersClient) -> None:
    case = prepare(next(kind for kind in catalogue.cases() if kind.moves))
    case.emulator.fail("any read", status=status)
    with pytest.raises(SmartRecruitersError) as caught:
        apply(client, change_of(case, case.arguments()), terms=Terms(on_missing="skip"))
    assert caught.value.status == status


def test_a_bad_credential_is_no_missing_record(prepare: Any) -> None:
    case = prepare(next(kind for kind in catalogue.cases() if kind.moves))
    client = connect(case.emulator.url, password="mistyped")
    with pytest.raises(SmartRecruitersError) as caught:
        apply(client, change_of(case, case.arguments()), terms=Terms(on_missing="skip"))
    assert caught.value.status == 401


@pytest.mark.off_contract
def test_a_dropped_value_fails_on_request(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    job = {"refNumber": "R-1", "salaryBand": "x"}
    change = UpdateJobAndJobAd(job_id=smartrecruiters_emulator.state.job_ids[0], job=job)
    with pytest.raises(IgnoredValuesError, match=r"did not keep salaryBand.* All other values were written") as caught:
        apply(client, change, terms=Terms(fail_if_ignored=True))
    error = caught.value
    assert (error.ignored, error.retryable, error.may_have_been_applied) == (("salaryBand",), False, True)
    assert smartrecruiters_emulator.state.job(change.job_id).ref_number == "R-1"
    assert apply(client, change).details["ignored"] == ["salaryBand"]


@pytest.mark.parametrize(
    ("guards", "name"),
    [
        ({"only_if_status_in": "NEW"}, "only_if_status_in"),
        ({"only_if_status_in": ["NEW", "REJECT"]}, "only_if_status_in"),
        ({"on_missing": "ignore"}, "on_missing"),
    ],
)
def test_a_guard_that_is_none_is_refused(guards: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidInputError, match=name) as caught:
        Terms(**guards)
    assert caught.value.fields == (name,)
