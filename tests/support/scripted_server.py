"""
A server on a real socket that answers as a test tells it to, and fails in the ways in which real ones do.

.. code-block:: python

    with ScriptedServer(reset(), reply(200, {"id": "1"})) as server:
        ...
    assert [request.line for request in server.requests] == [b"GET /jobs/1 HTTP/1.1", b"GET /jobs/1 HTTP/1.1"]

Every request takes the next step of the script, whichever connection it comes on. One that finds no step left, and a
step that nobody came for, fail the test at the end of the block.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class ReceivedRequest:
    """
    A request as it came off the wire.

    :param line: the request line, without its line break.
    :param header_pairs: names and values, in the order in which they were sent.
    :param body: the body.
    :param at: when its first line had been read, seconds of :func:`time.monotonic`.
    :param peer: the client's address, which tells connections apart.
    """

    line: bytes
    header_pairs: list[tuple[str, str]]
    body: bytes
    at: float
    peer: tuple[str, int]

    @property
    def method(self) -> str:
        """HTTP verb."""
        return self.line.split(b" ")[0].decode("latin-1")

    @property
    def target(self) -> str:
        """Path and query, as they were sent."""
        return self.line.split(b" ")[1].decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        """Headers by their names in lower case."""
        return {name.lower(): value for name, value in self.header_pairs}

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for header, value in self.header_pairs if header.lower() == name.lower()]

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


class Exchange:
    """
    A request that waits for its answer; what a step gets.

    :param request: what was received.
    :param connection: the socket that it came on.
    :param server: the server that received it.
    """

    def __init__(self, request: ReceivedRequest, connection: socket.socket, server: ScriptedServer) -> None:
        self.request = request
        self.connection = connection
        self._server = server
        self._under_way = True

    def send(self, data: bytes) -> None:
        """Send bytes of the answer."""
        # Before the first byte: who has the answer may send the next request at once.
        self.leave()
        self.connection.sendall(data)

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the life of the server."""
        self._server.stopping.wait(seconds)

    def leave(self) -> None:
        """Count the request as no longer under way."""
        if self._under_way:
            self._under_way = False
            self._server.count(-1)


Step = Callable[[Exchange], bool]
"""Answers an exchange, and says whether its connection stays open."""


class ScriptedServer:
    """
    A server that answers by a script, one thread a connection.

    :param script: steps, one a request.
    :param always: the step for every request that the script has none left for.
    :param listening: False to refuse connections until :meth:`listen` is called.
    :param tls: speak TLS with this context.
    """

    def __init__(
        self, *script: Step, always: Step | None = None, listening: bool = True, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[ReceivedRequest] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self._script = deque(script)
        self._always = always
        self._tls = tls
        self._problems: list[str] = []
        self._at_once = 0
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listen_on_entry = listening
        # Bound and not listening: the port is ours, and connections to it are refused.
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{self.port}"

    def listen(self) -> None:
        """Accept connections from now on."""
        self._listener.listen(128)
        self._start(self._accept)

    def then(self, *steps: Step) -> None:
        """Add steps to the script."""
        with self._lock:
            self._script.extend(steps)

    def count(self, change: int) -> None:
        """Keep count of the requests that are under way."""
        with self._lock:
            self._at_once += change
            self.most_at_once = max(self.most_at_once, self._at_once)

    def __enter__(self) -> Self:
        if self._listen_on_entry:
            self.listen()
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        self.stopping.set()
        with suppress(OSError):
            # Closing alone would leave a thread waiting in accept().
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)
        if error_type is None:
            if self._script:
                self._problems.append(f"{len(self._script)} steps of the script were left over")
            assert not self._problems, "; ".join(self._problems)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, connection, peer)

    def _serve(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._connections.append(connection)
            with connection, connection.makefile("rb") as stream:
                while (request := _read_request(stream, peer)) is not None:
                    with self._lock:
                        self.requests.append(request)
                    self.count(1)
                    exchange = Exchange(request, connection, self)
                    try:
                        keep_open = self._next_step(request)(exchange)
                    finally:
                        exchange.leave()
                    if not keep_open:
                        # The stream holds the socket open too; the other side is not to wait for it.
                        with suppress(OSError):
                            socket.socket.shutdown(connection, socket.SHUT_RDWR)
                        return

    def _next_step(self, request: ReceivedRequest) -> Step:
        with self._lock:
            if self._script:
                return self._script.popleft()
            if self._always:
                return self._always
            self._problems.append(f"no step was left for {request.line!r}")
        return reply(418, {"message": "not in the script"})


def _read_request(stream: Any, peer: tuple[str, int]) -> ReceivedRequest | None:
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        return None
    at = time.monotonic()
    pairs: list[tuple[str, str]] = []
    while (header := stream.readline().strip()) != b"":
        name, _, value = header.decode("latin-1").partition(":")
        pairs.append((name, value.strip()))
    length = next((int(value) for name, value in pairs if name.lower() == "content-length"), 0)
    return ReceivedRequest(line.removesuffix(b"\r\n"), pairs, stream.read(length), at, peer)


def reply(
    status: int = 200,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    delay: float = 0.0,
    truncate: int = 0,
) -> Step:
    """
    Answer.

    :param status: HTTP status.
    :param body: bytes as they are, None for none, anything else as JSON.
    :param headers: more headers.
    :param delay: seconds before the answer.
    :param truncate: bytes at the end of the body that are announced and never sent; the connection is closed.
    """
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    all_headers = {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}
    if status == HTTPStatus.NO_CONTENT:
        del all_headers["Content-Length"], all_headers["Content-Type"]
    lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in all_headers.items())]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def step(exchange: Exchange) -> bool:
        if delay:
            exchange.wait(delay)
        exchange.send(head + content[: len(content) - truncate])
        return not truncate

    return step


def raw(data: bytes) -> Step:
    """Answer with bytes as they are, and close."""

    def step(exchange: Exchange) -> bool:
        exchange.send(data)
        return False

    return step


def close() -> Step:
    """Close the connection without an answer."""
    return lambda exchange: False


def reset() -> Step:
    """Reset the connection (RST) without an answer."""

    def step(exchange: Exchange) -> bool:
        exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The reading side holds the descriptor as well; detaching is the one way to close it for good here and now.
        socket.close(exchange.connection.detach())
        return False

    return step


def hang(seconds: float = 60.0) -> Step:
    """Say nothing for so long, then close."""

    def step(exchange: Exchange) -> bool:
        exchange.wait(seconds)
        return False

    return step


def trickle(data: bytes, pause: float) -> Step:
    """Answer byte by byte, with a pause after each, and close."""

    def step(exchange: Exchange) -> bool:
        for byte in data:
            exchange.send(bytes([byte]))
            exchange.wait(pause)
        return False

    return step


def forward(url: str, then: Step | None = None) -> Step:
    """
    Pass the request on to another server, and its answer back.

    :param url: the other server's address.
    :param then: what to do instead of passing the answer back.
    """
    host = urlsplit(url).netloc

    def step(exchange: Exchange) -> bool:
        request = exchange.request
        upstream = http.client.HTTPConnection(host, timeout=30)
        try:
            upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.header_pairs:
                if name.lower() != "connection":
                    upstream.putheader(name, value)
            upstream.endheaders(request.body)
            answer = upstream.getresponse()
            body = answer.read()
        finally:
            upstream.close()
        if then is not None:
            return then(exchange)
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP}
        return reply(answer.status, body, headers=headers)(exchange)

    return step


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
