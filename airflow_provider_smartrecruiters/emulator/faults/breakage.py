"""Answers that break on the wire: a reset, half a body, one byte at a time."""

from __future__ import annotations

import socket
import struct
from http import HTTPStatus

from airflow_provider_smartrecruiters.emulator.http.answer import Answer, Deliver, Wire, close

_CHUNK = b" " * 65536


async def reset(wire: Wire, _: Answer) -> None:
    """Send a TCP reset instead of an answer."""
    # With a linger time of zero, closing drops what is unsent and resets the connection.
    linger = struct.pack("ii", 1, 0)
    wire.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wire.transport.abort()
    await wire.left()


def hang(seconds: float) -> Deliver:
    """Send nothing until the caller leaves, and close after the given seconds."""

    async def deliver(wire: Wire, answer: Answer) -> None:
        if not await wire.left(seconds):
            await close(wire, answer)

    return deliver


async def truncate(wire: Wire, answer: Answer) -> None:
    """Announce the whole body, send half of it, and close."""
    wire.transport.write(_head(answer) + answer.body[: len(answer.body) // 2])
    await close(wire, answer)


async def talk_otherwise(wire: Wire, answer: Answer) -> None:
    """Send bytes that are not HTTP, and close."""
    wire.transport.write(b"\x15\x03\x03\x00\x02\x02\x28" + b"220 mail.example ESMTP\r\n")
    await close(wire, answer)


def trickle(interval: float) -> Deliver:
    """Send the answer from the status line on, one byte each interval (seconds); then close."""

    async def deliver(wire: Wire, answer: Answer) -> None:
        for byte in _head(answer) + answer.body:
            wire.transport.write(bytes((byte,)))
            if await wire.left(interval):
                return
        await close(wire, answer)

    return deliver


def pad(size: int) -> Deliver:
    """Send ``size`` bytes of spaces, which JSON allows, before the answer's own body; announce no length."""

    async def deliver(wire: Wire, answer: Answer) -> None:
        await wire.start(answer)
        missing = size
        while missing > 0:
            await wire.write(_CHUNK[:missing], more=True)
            missing -= len(_CHUNK)
        await wire.write(answer.body)

    return deliver


def _head(answer: Answer) -> bytes:
    # ASGI cannot send half an answer, so these bytes bypass it: the head is written here as uvicorn would write it.
    phrase = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else ""
    lines = [f"HTTP/1.1 {answer.status} {phrase}".encode()]
    lines += [name + b": " + value for name, value in answer.headers if name.lower() != b"content-length"]
    lines += [b"content-length: %d" % len(answer.body), b"connection: close", b"", b""]
    return b"\r\n".join(lines)
