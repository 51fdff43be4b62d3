"""The socket under a request: what ASGI has no words for, such as a reset or half an answer."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_smartrecruiters.emulator.http.answer import FAULT_MARK

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from airflow_provider_smartrecruiters.emulator.http.answer import Answer, Deliver

TRANSPORT = "smartrecruiters_emulator.transport"
_CHUNK = b" " * 65536


class TransportProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1, which also gives the application the connection itself, as a scope extension.

    ASGI passes no socket. What uvicorn hands to the application (``receive`` is a bound method of an object that
    has the transport) is an accident of one version; ``Config(http=<class>)`` is a documented setting, and
    ``connection_made`` is asyncio's own. It is h11's protocol, not httptools', because h11 always comes with uvicorn:
    so broken answers look alike wherever the emulator runs.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection for every request that comes on it."""
        super().connection_made(transport)
        application: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), TRANSPORT: transport}
            await application(scope, receive, send)

        self.app = with_transport


class Wire:
    """The way back to the caller of one request, whose body was read."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    @property
    def transport(self) -> asyncio.Transport:
        """The connection.

        :raises RuntimeError: the emulator runs under a server that does not tell it
        """
        transport: asyncio.Transport | None = (self._scope.get("extensions") or {}).get(TRANSPORT)
        if transport is None:
            msg = "This fault needs the emulator's own server: EmulatorServer, or make_server()"
            raise RuntimeError(msg)
        return transport

    async def start(self, answer: Answer) -> None:
        """Send status and headers."""
        message: dict[str, Any] = {
            "type": "http.response.start",
            "status": answer.status,
            "headers": answer.headers,
        }
        if answer.made_up:
            message[FAULT_MARK] = answer.made_up
        await self._send(message)

    async def write(self, body: bytes, *, more: bool = False) -> None:
        """Send body after :meth:`start`."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def left(self, seconds: float | None = None) -> bool:
        """Wait until the connection has ended; tell whether it did within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True


async def send(wire: Wire, answer: Answer) -> None:
    """Send the whole answer."""
    await wire.start(answer)
    await wire.write(answer.body)


async def reset(wire: Wire, _: Answer) -> None:
    """Send a TCP reset instead of an answer."""
    # Without lingering, closing throws away what is unsent and resets the connection.
    linger = struct.pack("ii", 1, 0)
    wire.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wire.transport.abort()
    await wire.left()


async def close(wire: Wire, _: Answer) -> None:
    """End the connection in good order, without an answer."""
    wire.transport.close()
    await wire.left()


def hang(seconds: float) -> Deliver:
    """Send nothing until the caller leaves, and close after so many seconds."""

    async def deliver(wire: Wire, answer: Answer) -> None:
        if not await wire.left(seconds):
            await close(wire, answer)

    return deliver


async def truncate(wire: Wire, answer: Answer) -> None:
    """Announce the whole body, send half of it, and close."""
    wire.transport.write(_head(answer) + answer.body[: len(answer.body) // 2])
    await close(wire, answer)


async def talk_otherwise(wire: Wire, answer: Answer) -> None:
    """Send what is no HTTP, and close."""
    wire.transport.write(b"\x15\x03\x03\x00\x02\x02\x28" + b"220 mail.example ESMTP\r\n")
    await close(wire, answer)


def trickle(interval: float) -> Deliver:
    """Send the answer, from the status line on, one byte every so many seconds; close after it."""

    async def deliver(wire: Wire, answer: Answer) -> None:
        for byte in _head(answer) + answer.body:
            wire.transport.write(bytes((byte,)))
            if await wire.left(interval):
                return
        await close(wire, answer)

    return deliver


def pad(size: int) -> Deliver:
    """Send a body of so many bytes, without announcing how many: the answer's own and spaces, which JSON allows."""

    async def deliver(wire: Wire, answer: Answer) -> None:
        await wire.start(answer)
        missing = size
        while missing > 0:
            await wire.write(_CHUNK[:missing], more=True)
            missing -= len(_CHUNK)
        await wire.write(answer.body)

    return deliver


def _head(answer: Answer) -> bytes:
    phrase = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else ""
    lines = [f"HTTP/1.1 {answer.status} {phrase}".encode()]
    lines += [name + b": " + value for name, value in answer.headers if name.lower() != b"content-length"]
    lines += [b"content-length: %d" % len(answer.body), b"connection: close", b"", b""]
    return b"\r\n".join(lines)
