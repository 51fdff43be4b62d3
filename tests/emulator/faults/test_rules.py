"""Which requests a rule hits: operations, shots, order, chance; and how rules are set, listed and cleared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.faults.targets import NAMES
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from tests.emulator.raw import ask_for_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api
    from tests.support.contract_monitor import ContractMonitor

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)

FAULTS_PATH = "/__emulator__/faults"


@pytest.fixture
def status(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> Callable[..., int]:
    """Send a request about the first job and return the status of its answer."""
    job_id = smartrecruiters_emulator.state.job_ids[0]
    bodies = {"/note": {"content": "x"}, "/status": {"status": "FILLED"}}

    def send(method: str = "GET", below: str = "") -> int:
        body = bodies.get(below) if method == "PUT" else None
        return api.request(method, f"/jobs/{job_id}{below}", json=body).status_code

    return send


def test_every_operation_has_a_name_of_its_own() -> None:
    assert len(NAMES) == len(OPERATIONS)
    assert {
        "get job", "get jobs", "put job", "put job status", "put job note", "put job ad", "put job position",
        "put candidate tags", "put candidate job status", "put candidate job source",
        "put interview timeslot candidate status", "put user avatar", "token",
    } <= NAMES.keys()  # fmt: skip


@pytest.mark.parametrize(
    "operation",
    [
        "put job status", "jobs.status.update", "PUT /jobs/{jobId}/status", "PUT /jobs/{id}/status", "any write", "any",
        ["get job", "put job status"],
    ],
)  # fmt: skip
def test_names_of_one_operation(
    smartrecruiters_emulator: SmartRecruitersEmulator, status: Callable[..., int], operation: Any
) -> None:
    smartrecruiters_emulator.fail_next(operation, status=503)
    if operation != "any":
        assert status("GET", "/note") == 200
    assert status("PUT", "/status") == 503
    assert status("PUT", "/status") == 201


def test_groups(smartrecruiters_emulator: SmartRecruitersEmulator, status: Callable[..., int]) -> None:
    emulator = smartrecruiters_emulator
    for group, hit in (
        ("any read", (503, 200, 200)), ("any write", (200, 503, 200)), ("token", (200, 200, 503)), ("any", (503,) * 3)
    ):  # fmt: skip
        emulator.fail(group, status=503)
        assert (status(), status("PUT", "/note"), ask_for_token(emulator).status_code) == hit, group
        emulator.clear_faults()


@pytest.mark.off_contract
def test_unknown_paths_are_met_by_any_only(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    smartrecruiters_emulator.fail("any write", status=503)
    assert api.post("/nothing").status_code == 404
    smartrecruiters_emulator.fail("any", status=503)
    assert api.post("/nothing").status_code == 503
    assert api.get("/__emulator__/health").status_code == 200


def test_times_and_skip(smartrecruiters_emulator: SmartRecruitersEmulator, status: Callable[..., int]) -> None:
    rule = smartrecruiters_emulator.fail_next("get job", status=503, times=2, skip=1)
    assert [status() for _ in range(5)] == [200, 503, 503, 200, 200]
    assert (rule.seen, rule.fired) == (5, 2)
    smartrecruiters_emulator.fail("get job", status=500, skip=2)
    assert [status() for _ in range(5)] == [200, 200, 500, 500, 500]


def test_one_record_alone(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    first, second = smartrecruiters_emulator.state.job_ids[:2]
    rule = smartrecruiters_emulator.fail("any read", status=503, path=first)
    answers = [api.request("GET", f"/jobs/{job_id}").status_code for job_id in (first, second, first)]
    assert answers == [503, 200, 503]
    assert (rule.seen, rule.fired) == (2, 2)


def test_rules_are_asked_in_their_order(
    smartrecruiters_emulator: SmartRecruitersEmulator, status: Callable[..., int]
) -> None:
    first = smartrecruiters_emulator.fail_next("get job", status=503, times=2)
    second = smartrecruiters_emulator.fail_next("any read", status=500)
    third = smartrecruiters_emulator.fail_next("get job", status=502, skip=4)
    assert [status() for _ in range(6)] == [503, 503, 500, 200, 502, 200]
    assert smartrecruiters_emulator.faults == [first, second, third]
    assert [rule.fired for rule in smartrecruiters_emulator.faults] == [2, 1, 1]


def test_chance_has_a_seed(smartrecruiters_emulator: SmartRecruitersEmulator, status: Callable[..., int]) -> None:
    def hits(seed: int) -> list[int]:
        smartrecruiters_emulator.clear_faults()
        smartrecruiters_emulator.fail("get job", status=503, probability=0.4, seed=seed)
        return [status() for _ in range(30)]

    assert hits(1) == hits(1) != hits(2)
    assert 3 < hits(1).count(503) < 25


def test_ready_made_rules(smartrecruiters_emulator: SmartRecruitersEmulator, status: Callable[..., int]) -> None:
    smartrecruiters_emulator.fail(Rule.ready("status_after", "put job note", status=504))
    assert [status("PUT", "/note"), status("PUT", "/note")] == [504, 200]
    assert Rule.ready("rate_limited_for_ever", "get job").times is None
    assert Rule.ready("connection_refused", "get job").operation == "any"
    with pytest.raises(ValueError, match=r"no operation is called 'get jib'\. Did you mean 'get job'"):
        Rule.ready("connection_refused", "get jib")
    with pytest.raises(TypeError, match="takes no further"):
        smartrecruiters_emulator.fail(Rule.ready("status", "get job"), skip=1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"operation": "put jib", "status": 500},
            "operation: no operation is called 'put jib'. Did you mean 'put job'",
        ),
        (
            {"operation": "any wrote", "status": 500},
            "operation: no operation is called 'any wrote'. Did you mean 'any write' or 'any read'? Known are ",
        ),
        ({"operation": ["get job", "x"], "status": 500}, "operation: no operation is called 'x'"),
        ({"fault": "rest"}, "no fault is called 'rest'. Known are status, rate_limited, "),
        ({"fault": "reset_befor"}, "no fault is called 'reset_befor'. Did you mean 'reset_before'"),
        ({}, "give a status or a fault. Known are status, "),
        ({"fault": "reset_after", "status": 500}, "the fault reset_after has no status; it takes no parameters of its"),
        ({"fault": "slow_trickle", "size": 1}, "the fault slow_trickle has no size; it takes headers, interval"),
        ({"status": 500, "time": 2}, "no parameter is called 'time'. Did you mean 'times'? status takes body, "),
        ({"status": 500, "times": 0}, "times: Input should be greater than or equal to 1"),
        ({"status": 700}, "status: Input should be less than or equal to 599"),
        ({"status": 500, "probability": 0}, "probability: Input should be greater than 0"),
        ({"status": 500, "headers": {"X-A": "1\r\nX-B: 2"}}, "headers: String should match pattern"),
        ({"fault": "connection_refused", "operation": "get job"}, "connection_refused begins at once"),
        ({"fault": "connection_refused", "skip": 1}, "connection_refused begins at once"),
    ],
)
def test_what_cannot_be_understood_is_refused(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        smartrecruiters_emulator.fail_next(**given)
    answer = api.post(FAULTS_PATH, json=[{"status": 500}, given])
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(said)
    assert answer.json()["errors"][0]["code"] == "INVALID_FAULT"
    assert smartrecruiters_emulator.faults == []


def test_rules_over_http(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, status: Callable[..., int]
) -> None:
    one = {"operation": "get job", "status": 503, "times": None, "retry_after": 1}
    two = {"operation": ["put job note", "put job status"], "fault": "reset_after"}
    assert api.post(FAULTS_PATH, json=one).json() == [{**one, "fault": "status", "seen": 0, "fired": 0}]
    assert api.post(FAULTS_PATH, json=[two]).status_code == 201
    assert status() == 503
    assert api.get(FAULTS_PATH).json() == [
        {**one, "fault": "status", "seen": 1, "fired": 1}, {**two, "seen": 0, "fired": 0}
    ]  # fmt: skip
    assert api.delete(FAULTS_PATH).status_code == 204
    assert api.get(FAULTS_PATH).json() == []
    assert status() == 200
    assert api.post(FAULTS_PATH, data=b"{").status_code == 400


def test_a_reset_clears(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    for reset in (smartrecruiters_emulator.reset, lambda: api.post("/__emulator__/reset")):
        smartrecruiters_emulator.fail("any", status=503)
        reset()
        assert smartrecruiters_emulator.faults == []


def test_journal_and_requests_name_the_fault(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, status: Callable[..., int]
) -> None:
    smartrecruiters_emulator.fail_next("any", status=429)
    smartrecruiters_emulator.fail_next("put job note", "status_after")
    assert [status(), status("PUT", "/note"), status()] == [429, 502, 200]
    logged = api.get("/__emulator__/requests").json()
    assert [(one["status"], one["applied"], one["fault"]) for one in logged] == [
        (429, False, "status"), (502, True, "status_after"), (200, False, None)
    ]  # fmt: skip
    assert api.get("/__emulator__/journal").json()[0]["fault"] == "status_after"


def test_only_made_up_answers_are_off_the_contract(
    smartrecruiters_emulator: SmartRecruitersEmulator, contract_monitor: ContractMonitor, status: Callable[..., int]
) -> None:
    async def answer_wrongly(call: Any, proceed: Any) -> Any:
        answer = await proceed()
        answer.status = 299
        return answer

    smartrecruiters_emulator.fail_next("get job", "empty_body")
    assert status() == 200
    assert contract_monitor.take() == []
    interceptors = smartrecruiters_emulator.emulator.interceptors
    interceptors.append(answer_wrongly)
    try:
        smartrecruiters_emulator.fail_next("get job", latency=0.01)
        assert status() == 299
    finally:
        interceptors.remove(answer_wrongly)
    assert contract_monitor.take(), "a late answer is checked like any other"
