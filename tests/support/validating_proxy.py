"""
An HTTP proxy that holds the contract document: ``python -m tests.support.validating_proxy --upstream URL``.

It passes each request on, byte for byte in its target and header by header, and each answer back; what departs
from the contract is recorded, never refused. ``GET /__proxy__/report`` and its exit print the report.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
import threading
from http.client import HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from tests.support.contract_monitor import ContractMonitor
from tests.support.violations import Violation, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REPORT = "/__proxy__/report"
# Neither this proxy's nor the emulator's own pages are part of SmartRecruiters.
UNCHECKED = "/__"

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
# The API's own advice for clients.
_UPSTREAM_TIMEOUT_SECONDS = 128


class ValidatingProxy:
    """
    A proxy on a free loopback port; a context manager that serves between enter and exit.

    :param upstream: base URL of the server behind, plain http.
    :param port: port to listen on, 0 for a free one.
    :raises ValueError: if the upstream is no plain http URL without a path.
    """

    def __init__(self, upstream: str, port: int = 0) -> None:
        parts = urlsplit(upstream)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"upstream must be http://HOST:PORT, got {upstream!r}")
        self.monitor = ContractMonitor()
        self.upstream = (parts.hostname, parts.port or 80)
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address to give to a client as its base URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    # A client that keeps its connection open must not keep the proxy from ending.
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], proxy: ValidatingProxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a client that went away; tell of anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    raw_requestline: bytes
    # Without it each answer waits for the client's delayed acknowledgement: 40 ms.
    disable_nagle_algorithm = True

    def _exchange(self) -> None:
        # http.server collapses leading slashes in self.path, which the contract must see.
        target = self.raw_requestline.decode("latin-1").split()[1]
        monitor = self.server.proxy.monitor
        if target == REPORT:
            self._answer(200, "OK", [("Content-Type", "application/json")], json.dumps(monitor.report()).encode())
            return
        body = self._read_body()
        headers = [(name, str(value)) for name, value in self.headers.items()]
        checked = not target.startswith(UNCHECKED)
        if checked:
            monitor.request(self.command, target, headers, body)
        try:
            status, reason, answer_headers, answer = self._forward(target, headers, body)
        except ConnectionRefusedError:
            self._answer(502, "Bad Gateway", [("Content-Type", "text/plain")], b"the upstream does not answer\n")
            return
        except (OSError, HTTPException):
            # The server behind broke off: so does the proxy, for the client to see what it would have seen.
            self.close_connection = True
            return
        if checked:
            monitor.response(self.command, target, status, answer_headers, answer)
        self._answer(status, reason, answer_headers, answer)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _exchange  # noqa: N815

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(chunks)

    def _forward(
        self, target: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> tuple[int, str, list[tuple[str, str]], bytes]:
        # Written by hand, since http.client would refuse or repair the very targets that are to be seen.
        lines = [f"{self.command} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in _end_to_end(headers) if name.lower() != "content-length"]
        if body or self.command in ("PUT", "POST", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        with socket.create_connection(self.server.proxy.upstream, timeout=_UPSTREAM_TIMEOUT_SECONDS) as upstream:
            upstream.sendall(head + body)
            response = HTTPResponse(upstream, method=self.command)
            try:
                response.begin()
                return response.status, response.reason, response.getheaders(), response.read()
            finally:
                response.close()

    def _answer(self, status: int, reason: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status, reason)
        for name, value in _end_to_end(headers):
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Record what http.server itself refuses: a request that is no HTTP, or a method that nothing takes."""
        line = self.raw_requestline.decode("latin-1").strip()
        method, _, target = line.partition(" ")
        # With its query, a target may hold what no report should.
        path = shorten(target.partition("?")[0])
        self.server.proxy.monitor.add(
            Violation("request", "malformed", "?", shorten(method), path, "request line", f"refused with {code}")
        )
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the report says what was seen."""


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Serve until interrupted or terminated, then print the report.

    :param arguments: command line, that of the process by default.
    :return: 0 if nothing departed from the contract, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.support.validating_proxy", description=__doc__)
    parser.add_argument("--upstream", required=True, help="base URL of the server behind: http://127.0.0.1:8787")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default, takes a free one")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        proxy = ValidatingProxy(options.upstream, options.port)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    with proxy:
        print(proxy.url, flush=True)  # noqa: T201 - what a caller reads
        stop.wait()
    report = proxy.monitor.report()
    print(json.dumps(report, indent=2), flush=True)  # noqa: T201
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
