"""An emulator on a real socket, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from airflow_provider_smartrecruiters.emulator.app import Emulator
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.http.transport import TransportProtocol
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

START_TIMEOUT = 10.0


class _Server(uvicorn.Server):
    """Uvicorn that reports when it accepts connections, can refuse them, and leaves signals to its caller."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._kept: list[socket.socket] = []
        self._opening: asyncio.Task[None] | None = None
        self._starting = False

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop, self._thread_id = asyncio.get_running_loop(), threading.get_ident()
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._opening is not None:
            self._opening.cancel()
        for kept in self._kept:
            kept.close()
        await super().shutdown(sockets)

    def refuse(self, seconds: float) -> None:
        """Refuse connections for the given seconds, 0 to accept them again. Works from any thread, and at once.

        Open connections end: idle ones now, the others after the current answer.
        """
        if not seconds and not self._kept:
            return
        if self._loop is None or not self.started:
            raise RuntimeError("Only a running server can refuse connections")
        if threading.get_ident() == self._thread_id:
            self._close_port(seconds)
            return
        asyncio.run_coroutine_threadsafe(self._refuse(seconds), self._loop).result(START_TIMEOUT)

    async def _refuse(self, seconds: float) -> None:
        if seconds or not self._starting:
            self._close_port(seconds)
        if not seconds and self._opening is not None:
            await self._opening

    def _close_port(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._starting:
            # Uvicorn is about to listen. That takes several turns of the loop and must not be interrupted.
            loop.call_soon(self._close_port, seconds)
            return
        if self._opening is not None:
            self._opening.cancel()
        if not self._kept:
            addresses = [opened.getsockname()[:2] for server in self.servers for opened in server.sockets]
            for server in self.servers:
                server.close()
            # Bound but not listening: connections are refused, and no other process can take the port.
            self._kept = [listen(host, port) for host, port in addresses]
        for connection in list(self.server_state.connections):
            connection.shutdown()
        self._opening = loop.create_task(self._open_port(seconds))

    async def _open_port(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._starting = True
        try:
            await super().startup(self._kept)
        finally:
            self._starting = False
            self._kept = []


def listen(host: str, port: int) -> socket.socket:
    """Open the socket of a server.

    :param port: 0 for a free one
    :raises OSError: the port is taken, or the host is not one of this machine
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # With its protocol: only for a socket that names its protocol does asyncio switch Nagle's algorithm off, with which
    # an answer would take 40 ms, since it is written in two pieces.
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened


def url_of(opened: socket.socket) -> str:
    """Return the address of a socket as a URL that this machine can use."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(
    emulator: Emulator, on_started: Callable[[], None], wrap: Callable[[Any], Any] | None = None
) -> _Server:
    """Return a server that is not running yet.

    :param emulator: what it serves
    :param on_started: called in the server's thread once connections are accepted
    :param wrap: puts an ASGI middleware around the emulator
    """
    config = uvicorn.Config(
        wrap(emulator) if wrap else emulator,
        http=TransportProtocol,
        access_log=False,
        log_level="error",
        lifespan="off",
        server_header=False,
        # Longer than clients keep an idle connection, so that the server never closes first.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config, on_started)
    emulator.faults.refuse = server.refuse
    return server


class EmulatorServer:
    """An emulator that runs in a thread; a context manager.

    :param config: how it behaves
    :param tenant: the records; the seeded tenant if None
    :param host: the address to listen on
    :param port: 0 for a free one
    :param wrap: puts an ASGI middleware around the emulator
    """

    def __init__(
        self,
        config: Config | None = None,
        tenant: Tenant | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        wrap: Callable[[Any], Any] | None = None,
    ) -> None:
        self.emulator = Emulator(config or Config(), tenant or seeded_tenant())
        self._socket = listen(host, port)
        self.url = url_of(self._socket)
        self._started = threading.Event()
        self._server = make_server(self.emulator, self._started.set, wrap)
        self._thread = threading.Thread(target=self._run, name="smartrecruiters-emulator", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        """Start, and return when connections are accepted.

        :raises RuntimeError: it did not start in ten seconds
        """
        self._thread.start()
        if not self._started.wait(START_TIMEOUT):
            raise RuntimeError(f"The emulator did not start on {self.url} within {START_TIMEOUT:g} seconds")

    def stop(self) -> None:
        """Stop, and return when the thread has ended."""
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT)
        self._socket.close()

    def __enter__(self) -> EmulatorServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
