"""The middleware that checks the emulator's traffic, and the fixtures that fail a test for it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.contract_examples import CREDENTIALS, write_requests
from tests.support.contract_middleware import ContractMiddleware
from tests.support.contract_monitor import ContractMonitor
from tests.support.contract_rules import API_KEY, OAUTH2
from tests.support.example_server import ExampleServer, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

KEY = dict([CREDENTIALS[API_KEY]])


@pytest.fixture
def monitor() -> ContractMonitor:
    return ContractMonitor()


@pytest.fixture
def server() -> ExampleServer:
    return ExampleServer()


@pytest.fixture
def url(server: ExampleServer, monitor: ContractMonitor) -> Iterator[str]:
    with serve(ContractMiddleware(server, monitor)) as url:
        yield url


def found(monitor: ContractMonitor) -> list[tuple[str, str, str]]:
    return [(v.side, v.operation, v.rule) for v in monitor.take()]


def test_all_writes_pass_with_both_kinds_of_authentication(url: str, monitor: ContractMonitor) -> None:
    writes = write_requests()
    for auth in (API_KEY, OAUTH2):
        for request in writes.values():
            answer = requests.request(
                request.operation.method, url + request.target, data=request.body, headers=dict(request.headers(auth))
            )
            assert answer.ok
    assert found(monitor) == []
    assert monitor.use_cases() == {(use_case, auth) for use_case in writes for auth in (API_KEY, OAUTH2)}


def test_wrong_request_is_recorded_and_still_answered(url: str, monitor: ContractMonitor) -> None:
    answer = requests.put(f"{url}/jobs/J1/status", json={"status": "OPEN"}, headers=KEY)
    assert answer.status_code == 201
    assert found(monitor) == [("request", "jobs.status.update", "enum")]


def test_request_is_seen_as_it_was_encoded(url: str, monitor: ContractMonitor) -> None:
    requests.get(f"{url}/jobs/a%2Fb%20c", headers=KEY)
    assert found(monitor) == []
    assert monitor.report()["operations"][0]["operation"] == "jobs.get"


def test_body_in_many_pieces_is_checked_whole(url: str, monitor: ContractMonitor) -> None:
    pieces = (piece for piece in (b'{"content": "', b"x" * 200_000, b'"}'))
    requests.put(f"{url}/jobs/J1/note", data=pieces, headers={**KEY, "Content-Type": "application/json"})
    assert found(monitor) == [("request", "jobs.notes.update", "maxLength")]


def test_wrong_answer_is_recorded_before_the_client_has_it(
    url: str, server: ExampleServer, monitor: ContractMonitor
) -> None:
    server.answers["jobs.get"] = replace(server.answers["jobs.get"], body=b'{"id": 7}')
    for _ in range(20):
        assert requests.get(f"{url}/jobs/J1", headers=KEY).json() == {"id": 7}
        assert ("response", "jobs.get", "type") in found(monitor)


def test_emulators_own_pages_are_not_checked(url: str, monitor: ContractMonitor) -> None:
    requests.get(f"{url}/__emulator__/journal")
    assert found(monitor) == []
    assert monitor.report()["requests"] == 0


def test_excuse_covers_its_sides_and_its_block_only(url: str, server: ExampleServer, monitor: ContractMonitor) -> None:
    server.answers["jobs.get"] = replace(server.answers["jobs.get"], status=299)
    wrong = f"{url}/jobs/J1?x=1"
    with monitor.excuse("request"):
        requests.get(wrong, headers=KEY)
        assert found(monitor) == [("response", "jobs.get", "undocumented-status")]
    with monitor.excuse("response"):
        requests.get(wrong, headers=KEY)
        assert found(monitor) == [("request", "jobs.get", "unknown-query")]
    requests.get(wrong, headers=KEY)
    assert len(found(monitor)) == 2
    with pytest.raises(ValueError, match="no side"), monitor.excuse("answer"):  # type: ignore[arg-type]
        pass


def test_threads_share_a_monitor(url: str, monitor: ContractMonitor) -> None:
    def send() -> None:
        for _ in range(25):
            requests.get(f"{url}/jobs?x=1", headers=KEY)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found(monitor) == [("request", "jobs.all", "unknown-query")] * 100
    assert monitor.report()["operations"][0]["auth"] == {API_KEY: 100}


SUITE = """
import pytest, requests
from tests.support.contract_middleware import ContractMiddleware
from tests.support.example_server import ExampleServer, serve

KEY = {"X-SmartToken": "DCRA1-example"}

@pytest.fixture(scope="session")
def url(contract_monitor):
    server = ExampleServer()
    server.answers["jobs.notes.get"].headers.clear()
    with serve(ContractMiddleware(server, contract_monitor)) as url:
        yield url

def test_good(url):
    requests.get(f"{url}/jobs", headers=KEY)

def test_bad_request(url):
    requests.get(f"{url}/jobs?page=2", headers=KEY)

def test_after_bad(url):
    requests.get(f"{url}/jobs", headers=KEY)

def test_bad_answer(url):
    requests.get(f"{url}/jobs/J1/note", headers=KEY)

@pytest.mark.off_contract
def test_bad_request_on_purpose(url):
    requests.get(f"{url}/jobs?page=2", headers=KEY)

@pytest.mark.off_contract
def test_answers_of_an_excused_request_are_checked(url):
    requests.get(f"{url}/jobs/J1/note?page=2", headers=KEY)

@pytest.mark.off_contract("request", "response")
def test_both_on_purpose(url):
    requests.get(f"{url}/jobs/J1/note?page=2", headers=KEY)

def test_without_traffic():
    pass
"""


def test_suite_fails_for_what_no_test_asked_about(pytester: pytest.Pytester, request: Any) -> None:
    pytester.makepyfile(SUITE)
    pytester.syspathinsert(request.config.rootpath)
    result = pytester.runpytest_subprocess(
        "-p", "tests.support.plugin", "-p", "no:smartrecruiters_emulator", "-p", "no:cacheprovider", "--strict-markers"
    )
    result.assert_outcomes(passed=8, errors=3)
    result.stdout.fnmatch_lines_random(
        [
            "*request GET /jobs [[]jobs.all] query: page: not documented (unknown-query)",
            "*response 200 GET /jobs/{jobId}/note [[]jobs.notes.get] header: X-RateLimit-Limit: *(missing-header)",
            "ERROR *::test_bad_request*",
            "ERROR *::test_bad_answer*",
            "ERROR *::test_answers_of_an_excused_request_are_checked*",
        ]
    )
