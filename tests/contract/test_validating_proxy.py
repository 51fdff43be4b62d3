"""The proxy that holds the contract: it changes nothing that passes, and it misses nothing that is wrong."""

from __future__ import annotations

import json
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.contract_examples import CREDENTIALS, write_requests
from tests.support.contract_rules import API_KEY, OAUTH2
from tests.support.example_server import ExampleServer, serve
from tests.support.validating_proxy import ValidatingProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = dict([CREDENTIALS[API_KEY]])
NOTE = b'{"content": "hi"}'


@pytest.fixture
def upstream() -> Iterator[str]:
    with serve(ExampleServer()) as url:
        yield url


@pytest.fixture
def proxy(upstream: str) -> Iterator[ValidatingProxy]:
    with ValidatingProxy(upstream) as proxy:
        yield proxy


class Recorder(socketserver.ThreadingTCPServer):
    """Keeps the bytes of each request head and answers each with the same bytes."""

    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.answer = answer
        super().__init__(("127.0.0.1", 0), _Record)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Record(socketserver.StreamRequestHandler):
    server: Recorder

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        self.server.heads.append(head)
        self.server.bodies.append(self.rfile.read(length))
        self.wfile.write(self.server.answer)


@pytest.fixture
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    answer = getattr(request, "param", b"HTTP/1.1 204 No Content\r\n\r\n")
    with Recorder(answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def send_raw(proxy: ValidatingProxy, data: bytes) -> bytes:
    """Send bytes that no client library would, and return all that comes back."""
    host, port = proxy.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def rules(proxy: ValidatingProxy) -> list[tuple[str, str]]:
    return [(v.side, v.rule) for v in proxy.monitor.take()]


def test_all_writes_pass_with_both_kinds_of_authentication(proxy: ValidatingProxy) -> None:
    writes = write_requests()
    with requests.Session() as session:
        for auth in (API_KEY, OAUTH2):
            for request in writes.values():
                answer = session.request(
                    request.operation.method,
                    proxy.url + request.target,
                    data=request.body,
                    headers=dict(request.headers(auth)),
                )
                assert answer.ok
        report = session.get(f"{proxy.url}/__proxy__/report").json()
    assert report["violations"] == []
    assert report["requests"] == 22
    seen = {(row["use_case"], auth): times for row in report["operations"] for auth, times in row["auth"].items()}
    assert seen == {(use_case, auth): 1 for use_case in writes for auth in (API_KEY, OAUTH2)}


def test_answer_comes_back_whole(proxy: ValidatingProxy, upstream: str) -> None:
    direct = requests.get(f"{upstream}/jobs", headers=KEY)
    passed = requests.get(f"{proxy.url}/jobs", headers=KEY)
    assert (passed.status_code, passed.content) == (direct.status_code, direct.content)
    of_one_connection = {"date", "transfer-encoding"}
    assert {k.lower() for k in direct.headers} - of_one_connection <= {k.lower() for k in passed.headers}
    assert passed.headers["X-RateLimit-Limit"] == direct.headers["X-RateLimit-Limit"]


def test_target_and_headers_reach_the_upstream_unchanged(recorder: Recorder) -> None:
    target = b"/jobs/a%2Fb%2fc;x=1/no\xc3\xb3te?q=%41+b&q=c%20d"
    sent = [b"Host: example.test", b"X-SmartToken: one", b"x-smarttoken: two", b"X-Odd:  spaced", b"Accept: */*"]
    with ValidatingProxy(recorder.url) as proxy:
        send_raw(proxy, b"\r\n".join([b"GET " + target + b" HTTP/1.1", *sent, b"", b""]))
    lines = recorder.heads[0].split(b"\r\n")
    assert lines[0] == b"GET " + target + b" HTTP/1.1"
    assert [line.replace(b":  ", b": ") for line in lines[1:6]] == [line.replace(b":  ", b": ") for line in sent]


def test_leading_slashes_are_not_repaired(recorder: Recorder) -> None:
    with ValidatingProxy(recorder.url) as proxy:
        send_raw(proxy, b"GET //jobs HTTP/1.1\r\nHost: h\r\nX-SmartToken: k\r\n\r\n")
        assert ("request", "path-segment") in rules(proxy)
    assert recorder.heads[0].startswith(b"GET //jobs HTTP/1.1")


def test_chunked_body_arrives_whole(recorder: Recorder) -> None:
    with ValidatingProxy(recorder.url) as proxy:
        headers = {**KEY, "Content-Type": "application/json"}
        requests.put(f"{proxy.url}/jobs/J1/note", data=iter([NOTE[:5], NOTE[5:]]), headers=headers)
        assert recorder.bodies == [NOTE]
        assert b"chunked" not in recorder.heads[0].lower()
        # The recorder's 204 is what the contract knows nothing of.
        assert rules(proxy) == [("response", "undocumented-status")]


@pytest.mark.parametrize(
    "recorder",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"7\r\n{\"conte\r\na\r\nnt\": \"hi\"}\r\n0\r\n\r\n"
    ],
    indirect=True,
)  # fmt: skip
def test_chunked_answer_arrives_whole(recorder: Recorder) -> None:
    with ValidatingProxy(recorder.url) as proxy:
        assert requests.get(f"{proxy.url}/jobs/J1/note", headers=KEY).json() == {"content": "hi"}


@pytest.mark.parametrize("recorder", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], indirect=True)
def test_answer_that_breaks_off_breaks_off_for_the_client(recorder: Recorder) -> None:
    with ValidatingProxy(recorder.url) as proxy, pytest.raises(requests.ConnectionError):
        requests.get(f"{proxy.url}/jobs", headers=KEY)


def test_missing_upstream_is_a_bad_gateway() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with ValidatingProxy(f"http://127.0.0.1:{unused.getsockname()[1]}") as proxy:
            assert requests.get(f"{proxy.url}/jobs", headers=KEY).status_code == 502


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"GET /jobs/J 1 HTTP/1.1", "malformed"),
        (b"GET /jobs/\xc3\xb3 HTTP/1.1", "path-encoding"),
        (b"BREW /jobs HTTP/1.1", "malformed"),
        (b"GET /jobs?page=2 HTTP/1.1", "unknown-query"),
    ],
)
def test_wrong_request_is_recorded(proxy: ValidatingProxy, line: bytes, rule: str) -> None:
    send_raw(proxy, line + b"\r\nHost: h\r\nX-SmartToken: k\r\n\r\n")
    assert ("request", rule) in rules(proxy)


def test_wrong_answer_is_recorded(recorder: Recorder) -> None:
    with ValidatingProxy(recorder.url) as proxy:
        requests.get(f"{proxy.url}/jobs", headers=KEY)
        assert rules(proxy) == [("response", "undocumented-status")]


def test_connection_is_kept(proxy: ValidatingProxy) -> None:
    request = b"GET /jobs HTTP/1.1\r\nHost: h\r\nX-SmartToken: k\r\n\r\n"
    assert send_raw(proxy, request * 3).count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("upstream", ["https://127.0.0.1", "http://", "http://127.0.0.1/base"])
def test_unusable_upstream_is_refused(upstream: str) -> None:
    with pytest.raises(ValueError, match="upstream must be"):
        ValidatingProxy(upstream)


@pytest.mark.parametrize(("target", "code"), [("/jobs", 0), ("/jobs?page=2", 1)])
def test_command_line_prints_its_address_and_its_report(
    upstream: str, request: pytest.FixtureRequest, target: str, code: int
) -> None:
    command = [sys.executable, "-m", "tests.support.validating_proxy", "--upstream", upstream, "--port", "0"]
    with subprocess.Popen(command, cwd=request.config.rootpath, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert requests.get(url + target, headers=KEY).ok
        process.send_signal(signal.SIGTERM)
        report: dict[str, Any] = json.loads(process.stdout.read())
    assert process.returncode == code
    assert report["operations"][0]["operation"] == "jobs.all"
    assert [v["rule"] for v in report["violations"]] == ["unknown-query"] * code
