"""Every kind of error in the log of a task, in each of the ways in which a task changes a record."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import task

from airflow_provider_smartrecruiters import exceptions
from airflow_provider_smartrecruiters.api.http import client as clients
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import (
    ApiError,
    BulkFailedError,
    CompletionTimeoutError,
    IgnoredValuesError,
    SmartRecruitersError,
    UnreachableStatusError,
)
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from tests.hooks.test_errors import KINDS
from tests.use_cases import dag_runs

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

LOGGER = "airflow_provider_smartrecruiters.hooks.errors"
CONNECTION = "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT"

Arguments = dict[str, Any]
Provoke = Callable[[SmartRecruitersEmulator, pytest.MonkeyPatch], Arguments]


def answer(status: int, operation: str = "put job status", **options: Any) -> Provoke:
    def provoke(emulator: SmartRecruitersEmulator, _: pytest.MonkeyPatch) -> Arguments:
        emulator.fail(operation, status=status, **options)
        return {}

    return provoke


def argument(**arguments: Any) -> Provoke:
    return lambda *_: arguments


def fault(name: str) -> Provoke:
    def provoke(emulator: SmartRecruitersEmulator, _: pytest.MonkeyPatch) -> Arguments:
        emulator.fail("put job status", name)
        return {}

    return provoke


def connection(**members: Any) -> Provoke:
    def provoke(emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch) -> Arguments:
        monkeypatch.setenv(CONNECTION, json.dumps({**emulator.connection, **members}))
        return {}

    return provoke


PROVOKED: dict[str, Provoke] = {
    "ConfigurationError": connection(extra={"max_concurrent": "many"}),
    "InvalidInputError": argument(status="FILED"),
    "StalePlanError": argument(expect="0" * 64),
    "BadRequestError": answer(400),
    "AuthenticationError": connection(password="DCRA1-mistyped"),
    "PermissionDeniedError": answer(403),
    "NotFoundError": answer(404),
    "ConflictError": answer(409),
    "UnprocessableError": answer(422),
    "RateLimitedError": answer(429, retry_after=3600),
    "ServerError": answer(503, retry_after=3600),
    "UnexpectedResponseError": fault("redirect"),
    "ConnectionFailedError": connection(host="http://127.0.0.1:9"),
    "AnswerLostError": fault("reset_before"),
    "DeadlineExceededError": connection(extra={"requests_per_second": 0.1}),
}
"""How to provoke each kind of error that a change can meet."""

each_kind = pytest.mark.parametrize("name", PROVOKED)


@pytest.fixture
def run(
    smartrecruiters_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Callable[[Arguments], Any]], None]:
    """Provoke an error, and run something with arguments that meet it."""
    monkeypatch.setenv(CONNECTION, smartrecruiters_emulator.connection_json)
    # What is transient ends soon.
    monkeypatch.setattr(clients, "RetryPolicy", partial(RetryPolicy, budget=0.5))
    job_id = smartrecruiters_emulator.state.job_ids[0]
    status = "FILLED" if smartrecruiters_emulator.state.job(job_id).status != "FILLED" else "ON_HOLD"

    def provoked(name: str, act: Callable[[Arguments], Any]) -> None:
        differently = PROVOKED[name](smartrecruiters_emulator, monkeypatch)
        act({"job_id": job_id, "status": status, **differently})

    return provoked


def reported(caplog: pytest.LogCaptureFixture) -> str:
    """Return the text of the one error in the log, and check that a log viewer shows it whole."""
    (record,) = [one for one in caplog.records if one.name == LOGGER]
    assert record.levelname == "ERROR"
    return checked(record.getMessage())


def checked(message: str) -> str:
    """Return a message of the log on one line."""
    lines = message.splitlines()
    assert [line for line in lines if len(line) > exceptions.LINE_WIDTH and " " in line.strip()] == []
    parts = ["What to do: ", "Connection: smartrecruiters_default."]
    starts = [index for part in parts for index, line in enumerate(lines) if line.startswith(part)]
    assert len(starts) == len(parts)
    assert 0 < starts[0] < starts[1]
    return " ".join(line.strip() for line in lines)


def test_every_kind_of_error_is_provoked() -> None:
    bases = {SmartRecruitersError, ApiError}
    # What a batch, a sensor, a guard and the wait for a publication end with has tests of its own.
    elsewhere = {BulkFailedError, CompletionTimeoutError, IgnoredValuesError, UnreachableStatusError}
    assert {kind.__name__ for kind in KINDS} - set(PROVOKED) == {kind.__name__ for kind in bases | elsewhere}


@pytest.mark.slow
@each_kind
def test_of_an_operator(name: str, run: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(getattr(exceptions, name)) as caught:
        run(name, lambda arguments: UpdateJobStatusOperator(task_id="change", **arguments).execute({}))
    assert reported(caplog) == str(caught.value)


@pytest.mark.slow
@each_kind
def test_of_a_hook_in_a_task_of_the_authors_own(name: str, run: Any, caplog: pytest.LogCaptureFixture) -> None:
    def change(arguments: Arguments) -> None:
        hook, expect = SmartRecruitersHook(), arguments.pop("expect", None)
        # Where the DAG's author makes the change, no hook is there yet to log what is wrong with it.
        hook.apply(UpdateJobStatus(**arguments), expect=expect)

    caplog.set_level(logging.INFO)
    with pytest.raises(getattr(exceptions, name)) as caught:
        run(name, change)
    if name != "InvalidInputError":
        assert reported(caplog) == str(caught.value)


@pytest.mark.slow
@each_kind
def test_of_a_batch(name: str, run: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What ends a batch says so itself; what fails an item is said of the item, and what to do in the report."""

    def change(arguments: Arguments) -> None:
        UpdateJobStatusOperator.bulk(task_id="change", items=[arguments]).execute({})

    caplog.set_level(logging.INFO)
    with pytest.raises((getattr(exceptions, name), BulkFailedError)) as caught:
        run(name, change)
    text = reported(caplog)
    assert text == str(caught.value)
    if isinstance(caught.value, BulkFailedError):
        assert name in caplog.text


@pytest.mark.airflow_run
@pytest.mark.parametrize("name", ["NotFoundError", "InvalidInputError"])
def test_of_mapped_tasks_in_a_real_run(name: str, airflow_db: None, run: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An operator and a task of the author's own, each mapped over two records."""

    def change(arguments: Arguments) -> None:
        with dag_runs.new_dag("mapped_errors") as dag:
            of_operator = UpdateJobStatusOperator.partial(task_id="change").expand_kwargs([arguments] * 2)

            @task(retries=0, trigger_rule="all_done")
            def own(status: str) -> None:
                SmartRecruitersHook().apply(UpdateJobStatus(job_id=arguments["job_id"], status=status))

            of_operator >> own.expand(status=["ON_HOLD", "ON_HOLD"])
        states = [one.state for one in dag_runs.run(dag)]
        assert states == (["failed"] * 4 if name == "NotFoundError" else ["failed", "success"] * 2)

    caplog.set_level(logging.INFO)
    run(name, change)
    reports = [checked(one.getMessage()) for one in caplog.records if one.name == LOGGER]
    assert len(reports) == (4 if name == "NotFoundError" else 2)
