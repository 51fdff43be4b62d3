"""An emulator on a real socket, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from airflow_provider_smartrecruiters.emulator.app import Emulator
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.seed import seeded_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.state import Tenant

START_TIMEOUT = 10.0


class _Server(uvicorn.Server):
    """Uvicorn that tells when it accepts connections, and leaves signals to who runs it."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()


def listen(host: str, port: int) -> socket.socket:
    """Open the socket of a server.

    :param port: 0 for a free one
    :raises OSError: the port is taken, or the host is not one of this machine
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # With its protocol: asyncio switches Nagle's algorithm off only for sockets that name it, and an answer, which is
    # written in two pieces, takes 40 ms with it.
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


def make_server(application: Any, on_started: Callable[[], None]) -> _Server:
    """Return a server that is not running yet.

    :param application: an emulator, or an ASGI application around one
    :param on_started: called in the server's thread once connections are accepted
    """
    config = uvicorn.Config(
        application,
        access_log=False,
        log_level="error",
        lifespan="off",
        server_header=False,
        # Longer than clients keep an idle connection, so that it is never the server that closes first.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    return _Server(config, on_started)


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
        self._server = make_server(wrap(self.emulator) if wrap else self.emulator, self._started.set)
        self._thread = threading.Thread(target=self._run, name="smartrecruiters-emulator", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        """Start, and return when connections are accepted.

        :raises RuntimeError: it did not start in ten seconds
        """
        self._thread.start()
        if not self._started.wait(START_TIMEOUT):
            msg = f"The emulator did not start on {self.url} within {START_TIMEOUT:g} seconds"
            raise RuntimeError(msg)

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
