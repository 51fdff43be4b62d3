"""The retry policy that comes with the package, in a real task of Airflow 3.3."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import NotFoundError, RateLimitedError, ServerError
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from tests.use_cases import dag_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytest.importorskip(
    "airflow.sdk.definitions.retry_policy",
    reason="Airflow has retry policies from 3.3 on; below, retry_delay of the task is all there is",
)
pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

HOUR = 3600.0
NEVER = timedelta(days=3)
"""The task's own delay: a wait that is shorter is the policy's."""


@pytest.fixture
def policy() -> Any:
    from airflow_provider_smartrecruiters.retry_policy import SmartRecruitersRetryPolicy

    return SmartRecruitersRetryPolicy()


@dataclass(frozen=True)
class Waiting:
    """A task instance that waits for its next try."""

    tries: int
    delay: float | None
    waits: float
    reason: str | None


@pytest.fixture
def waiting(airflow_db: None) -> Iterator[Callable[[str], list[Waiting]]]:
    """Note every task instance of a DAG that is up for retry, and fail it: nobody waits for hours here."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    over = threading.Event()
    found: list[Waiting] = []
    threads: list[threading.Thread] = []

    def look(dag_id: str) -> None:
        wanted = select(TaskInstance).where(
            TaskInstance.dag_id == dag_id, TaskInstance.state == TaskInstanceState.UP_FOR_RETRY
        )
        while not over.wait(0.1):
            with create_session() as session:
                for instance in session.scalars(wanted):
                    end: datetime = instance.end_date
                    waits = Waiting(
                        tries=instance.try_number,
                        delay=instance.retry_delay_override,
                        waits=(instance.next_retry_datetime() - end).total_seconds()
                        if instance.retry_delay_override is not None
                        else -1,
                        reason=instance.retry_reason,
                    )
                    # A run that is still at it (it pushes the links of the task) puts the state back once.
                    if waits not in found:
                        found.append(waits)
                    instance.state = TaskInstanceState.FAILED

    def start(dag_id: str) -> list[Waiting]:
        threads.append(threading.Thread(target=look, args=(dag_id,), daemon=True))
        threads[-1].start()
        return found

    yield start
    over.set()
    for thread in threads:
        thread.join(10)


def a_dag(emulator: SmartRecruitersEmulator, name: str, retry_policy: Any, **kwargs: Any) -> Any:
    arguments = {"job_id": emulator.state.job_ids[0], "status": "FILLED", "retries": 3, "retry_delay": NEVER}
    with dag_runs.new_dag(f"retry_policy_{name}") as dag:
        UpdateJobStatusOperator(task_id=dag_runs.TASK_ID, retry_policy=retry_policy, **{**arguments, **kwargs})
    return dag


@pytest.mark.airflow_run
@pytest.mark.parametrize("status", [429, 503])
def test_a_task_waits_as_long_as_the_api_asked(
    status: int, policy: Any, waiting: Any, connected_emulator: SmartRecruitersEmulator
) -> None:
    connected_emulator.fail("any", status=status, retry_after=HOUR)
    dag = a_dag(connected_emulator, f"waits_{status}", policy)
    found = waiting(dag.dag_id)
    began = time.monotonic()
    dag_runs.run(dag)
    (wait,) = found
    assert (wait.delay, wait.waits) == (HOUR, HOUR)
    assert wait.reason == "SmartRecruiters asked to wait 3600 seconds"
    # The worker was free again at once.
    assert time.monotonic() - began < 1000
    assert connected_emulator.journal.writes() == []


@pytest.mark.airflow_run
def test_the_longest_delay_is_kept_and_the_next_try_succeeds(
    airflow_db: None, connected_emulator: SmartRecruitersEmulator
) -> None:
    from airflow_provider_smartrecruiters.retry_policy import SmartRecruitersRetryPolicy

    connected_emulator.fail_next("put job status", status=429, retry_after=HOUR)
    dag = a_dag(connected_emulator, "longest", SmartRecruitersRetryPolicy(longest_delay=1))
    (run,) = dag_runs.run(dag)
    assert (run.state, run.tries) == ("success", 2)
    assert run.result["applied"] is True
    assert len(connected_emulator.journal.writes()) == 1


@pytest.mark.airflow_run
@pytest.mark.parametrize("raised_by", ["the operator", "the client"])
def test_a_permanent_error_is_not_tried_again(
    raised_by: str, policy: Any, airflow_db: None, connected_emulator: SmartRecruitersEmulator
) -> None:
    """Also in a task that uses the client itself, whose errors know nothing of Airflow."""
    if raised_by == "the operator":
        dag = a_dag(connected_emulator, "permanent", policy, job_id="unknown")
    else:
        from airflow.providers.common.compat.sdk import task

        from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

        @task(task_id=dag_runs.TASK_ID, retries=3, retry_delay=NEVER, retry_policy=policy)
        def ask() -> Any:
            return SmartRecruitersHook().get_conn().request("GET", "/jobs/unknown")

        with dag_runs.new_dag("retry_policy_permanent_client") as dag:
            ask()
    (run,) = dag_runs.run(dag)
    assert (run.state, run.tries) == ("failed", 1)
    # The read, and the question whether the credential is accepted.
    assert [request.status for request in connected_emulator.requests] == [401, 200]


@pytest.mark.airflow_run
def test_without_a_wait_of_the_api_the_tasks_own_delay_holds(
    policy: Any, airflow_db: None, connected_emulator: SmartRecruitersEmulator
) -> None:
    connected_emulator.fail_next("any read", status=503, times=4)
    dag = a_dag(connected_emulator, "own_delay", policy, retry_delay=timedelta(0))
    (run,) = dag_runs.run(dag)
    assert (run.state, run.tries) == ("success", 2)


def test_decisions(policy: Any) -> None:
    from airflow.sdk.definitions.retry_policy import RetryAction

    def decided(error: BaseException) -> tuple[Any, Any]:
        decision = policy.evaluate(error, 1, 4)
        return decision.action, decision.retry_delay

    assert decided(RateLimitedError("x", status=429, retry_after=90)) == (RetryAction.RETRY, timedelta(seconds=90))
    assert decided(ServerError("x", status=503, retry_after=2.5)) == (RetryAction.RETRY, timedelta(seconds=2.5))
    assert decided(RateLimitedError("x", status=429, retry_after=1e9)) == (RetryAction.RETRY, timedelta(days=1))
    assert decided(ServerError("x", status=503)) == (RetryAction.DEFAULT, None)
    assert decided(NotFoundError("x", status=404)) == (RetryAction.FAIL, None)
    assert decided(ValueError("somebody else's")) == (RetryAction.DEFAULT, None)


def test_the_policy_survives_serialization(policy: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    from airflow_provider_smartrecruiters.retry_policy import SmartRecruitersRetryPolicy

    data = json.loads(json.dumps(SmartRecruitersRetryPolicy(longest_delay=120).serialize()))
    assert SmartRecruitersRetryPolicy.deserialize(data).longest_delay == 120

    # The scheduler only knows that there is one; the worker has it from the DAG file.
    serialized = json.loads(json.dumps(DagSerialization.to_dict(a_dag(connected_emulator, "serialized", policy))))
    back = DagSerialization.from_dict(serialized)
    assert back.get_task(dag_runs.TASK_ID).has_retry_policy is True
    assert back.get_task(dag_runs.TASK_ID).retries == 3
