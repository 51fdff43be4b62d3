"""The middleware that checks the emulator's traffic, and the fixtures that fail a test for it."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from tests.support.contract_examples import write_requests
from tests.support.contract_middleware import ContractMiddleware
from tests.support.contract_monitor import ContractMonitor
from tests.support.contract_rules import API_KEY, OAUTH2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.http.answer import Answer, Proceed
    from airflow_provider_smartrecruiters.emulator.http.operation import Call

pytest_plugins = ["pytester"]

KEY = {"X-SmartToken": Config().api_key}


class Setting:
    """
    An emulator behind the middleware.

    ``answers`` changes the emulator's own answer by operation id, ``reached`` holds what came through the middleware:
    the ASGI scope and the body, in the pieces it came in.
    """

    def __init__(self) -> None:
        self.monitor = ContractMonitor()
        self.answers: dict[str, dict[str, Any]] = {}
        self.reached: list[tuple[Any, list[bytes]]] = []
        self.server = EmulatorServer(Config(rate=0, concurrent=0), wrap=self._wrapped)
        self.server.emulator.interceptors.append(self._answer)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def job_id(self) -> str:
        return next(iter(self.server.emulator.store.tenant.jobs))

    def found(self) -> list[tuple[str, str, str]]:
        return [(v.side, v.operation, v.rule) for v in self.monitor.take()]

    def send_raw(self, data: bytes) -> bytes:
        """Send bytes that no client library would, and return all that comes back."""
        address = urlsplit(self.url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def _wrapped(self, app: Any) -> Any:
        async def listen(scope: Any, receive: Any, send: Any) -> None:
            pieces: list[bytes] = []
            self.reached.append((scope, pieces))

            async def heard() -> Any:
                message = await receive()
                pieces.append(message.get("body", b""))
                return message

            await app(scope, heard, send)

        async def checked(scope: Any, receive: Any, send: Any) -> None:
            await ContractMiddleware(listen, self.monitor)(scope, receive, send)

        return checked

    async def _answer(self, call: Call, proceed: Proceed) -> Answer:
        answer = await proceed()
        if call.operation is None or call.operation.id not in self.answers:
            return answer
        headers = [header for header in answer.headers if header[0].lower() != b"content-length"]
        return replace(answer, headers=headers, **self.answers[call.operation.id])


@pytest.fixture(scope="module")
def started() -> Iterator[Setting]:
    made = Setting()
    with made.server:
        yield made


@pytest.fixture
def setting(started: Setting) -> Setting:
    """Return the module's one setting, which starts in a second, without what the tests before left in it."""
    started.monitor = ContractMonitor()
    started.answers.clear()
    started.reached.clear()
    return started


def test_all_writes_pass_with_both_kinds_of_authentication(setting: Setting) -> None:
    writes = write_requests()
    for auth in (API_KEY, OAUTH2):
        for request in writes.values():
            requests.request(
                request.operation.method,
                setting.url + request.target,
                data=request.body,
                headers=dict(request.headers(auth)),
            )
    assert setting.found() == []
    assert setting.monitor.use_cases() == {(use_case, auth) for use_case in writes for auth in (API_KEY, OAUTH2)}


def test_wrong_request_is_recorded_and_still_answered(setting: Setting) -> None:
    answer = requests.get(f"{setting.url}/jobs/{setting.job_id}?page=2", headers=KEY)
    assert answer.json()["id"] == setting.job_id
    assert setting.found() == [("request", "jobs.get", "unknown-query")]


def test_request_is_seen_as_it_was_encoded(setting: Setting) -> None:
    requests.get(f"{setting.url}/jobs/a%2Fb%20c", headers=KEY)
    assert setting.found() == []
    assert setting.monitor.seen() == {("jobs.get", API_KEY, None): 1}


def test_what_passes_reaches_the_emulator_unchanged(setting: Setting) -> None:
    target = b"/jobs/a%2Fb%2fc;x=1/note?q=%41+b&q=c%20d"
    sent = [b"Host: example.test", b"X-SmartToken: one", b"x-smarttoken: two", b"Accept: */*", b"Connection: close"]
    setting.send_raw(b"\r\n".join([b"GET " + target + b" HTTP/1.1", *sent, b"", b""]))
    ((scope, _),) = setting.reached
    assert scope["raw_path"].partition(b"?")[0] + b"?" + scope["query_string"] == target
    assert [(name.lower(), value) for name, value in scope["headers"]] == [
        (name.lower(), value) for name, _, value in (line.partition(b": ") for line in sent)
    ]


def test_answer_comes_back_whole(setting: Setting) -> None:
    def without_date(answer: requests.Response) -> dict[str, str]:
        return {name.lower(): value for name, value in answer.headers.items() if name.lower() != "date"}

    with EmulatorServer(Config(rate=0, concurrent=0)) as alone:
        direct = requests.get(f"{alone.url}/jobs/{setting.job_id}/note", headers=KEY)
    checked = requests.get(f"{setting.url}/jobs/{setting.job_id}/note", headers=KEY)
    assert (checked.status_code, checked.content) == (direct.status_code, direct.content)
    assert without_date(checked) == without_date(direct)


def test_body_in_many_pieces_is_checked_and_arrives_whole(setting: Setting) -> None:
    pieces = [b'{"content": "', b"x" * 200_000, b'"}']
    requests.put(f"{setting.url}/jobs/J1/note", data=iter(pieces), headers={**KEY, "Content-Type": "application/json"})
    ((_, reached),) = setting.reached
    assert b"".join(reached) == b"".join(pieces)
    assert ("request", "jobs.notes.update", "maxLength") in setting.found()


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (b"/jobs/a|b", "path-encoding"),
        (b"//jobs", "path-segment"),
        (b"/jobs/..", "path-segment"),
        (b"/jobs?page=2", "unknown-query"),
    ],
)
def test_what_no_library_sends_is_not_repaired_before_it_is_checked(setting: Setting, target: bytes, rule: str) -> None:
    setting.send_raw(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nX-SmartToken: k\r\nConnection: close\r\n\r\n")
    assert ("request", rule) in [(side, found) for side, _, found in setting.found()]


@pytest.mark.parametrize("line", [b"GET /jobs/J 1 HTTP/1.1", b"GET /jobs/\xc3\xb3 HTTP/1.1", b"GET /jobs"])
def test_what_is_no_http_is_refused_before_anything_is_read(setting: Setting, line: bytes) -> None:
    answer = setting.send_raw(line + b"\r\nHost: h\r\nX-SmartToken: k\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert setting.reached == []


def test_request_that_breaks_off_is_not_judged(setting: Setting) -> None:
    head = b"PUT /jobs/J1/note HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    assert setting.send_raw(head + b"{") == b""
    assert setting.found() == []
    assert setting.monitor.seen() == {}


def test_wrong_answer_is_recorded_before_the_client_has_it(setting: Setting) -> None:
    setting.answers["jobs.get"] = {"body": b'{"id": 7}'}
    for _ in range(20):
        assert requests.get(f"{setting.url}/jobs/{setting.job_id}", headers=KEY).json() == {"id": 7}
        assert ("response", "jobs.get", "type") in setting.found()


def test_emulators_own_pages_are_not_checked(setting: Setting) -> None:
    requests.get(f"{setting.url}/__emulator__/journal?x=1")
    assert setting.found() == []
    assert setting.monitor.seen() == {}


def test_excuse_covers_its_sides_and_its_block_only(setting: Setting) -> None:
    setting.answers["jobs.get"] = {"status": 299}
    wrong = f"{setting.url}/jobs/{setting.job_id}?x=1"
    with setting.monitor.excuse("request"):
        requests.get(wrong, headers=KEY)
        assert setting.found() == [("response", "jobs.get", "undocumented-status")]
    with setting.monitor.excuse("response"):
        requests.get(wrong, headers=KEY)
        assert setting.found() == [("request", "jobs.get", "unknown-query")]
    requests.get(wrong, headers=KEY)
    assert len(setting.found()) == 2
    with pytest.raises(ValueError, match="no side"), setting.monitor.excuse("answer"):  # type: ignore[arg-type]
        pass


@pytest.mark.slow
def test_threads_share_a_monitor(setting: Setting) -> None:
    def send() -> None:
        for _ in range(25):
            requests.get(f"{setting.url}/jobs?x=1", headers=KEY)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert setting.found() == [("request", "jobs.all", "unknown-query")] * 100
    assert setting.monitor.seen() == {("jobs.all", API_KEY, None): 100}


SUITE = """
from dataclasses import replace

import pytest, requests
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from tests.support.contract_middleware import ContractMiddleware

KEY = {"X-SmartToken": Config().api_key}

async def notes_without_headers(call, proceed):
    answer = await proceed()
    headers = [] if call.operation.id == "jobs.notes.get" else answer.headers
    return replace(answer, headers=[*headers, (b"content-type", b"application/json")] if not headers else headers)

@pytest.fixture(scope="session")
def server(contract_monitor):
    server = EmulatorServer(Config(rate=10, concurrent=8), wrap=lambda app: ContractMiddleware(app, contract_monitor))
    server.emulator.interceptors.append(notes_without_headers)
    with server:
        yield server

@pytest.fixture
def url(server):
    return server.url

@pytest.fixture
def note(server):
    return f"{server.url}/jobs/{next(iter(server.emulator.store.tenant.jobs))}/note"

def test_good(url):
    requests.get(f"{url}/jobs", headers=KEY)

def test_bad_request(url):
    requests.get(f"{url}/jobs?page=2", headers=KEY)

def test_after_bad(url):
    requests.get(f"{url}/jobs", headers=KEY)

def test_bad_answer(note):
    requests.get(note, headers=KEY)

@pytest.mark.off_contract
def test_bad_request_on_purpose(url):
    requests.get(f"{url}/jobs?page=2", headers=KEY)

@pytest.mark.off_contract
def test_answers_of_an_excused_request_are_checked(note):
    requests.get(f"{note}?page=2", headers=KEY)

@pytest.mark.off_contract("request", "response")
def test_both_on_purpose(note):
    requests.get(f"{note}?page=2", headers=KEY)

def test_without_traffic():
    pass
"""


@pytest.mark.slow
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
