"""An answer, and the wire that it leaves by: ASGI, or the connection itself for what ASGI cannot say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

from airflow_provider_smartrecruiters.emulator.http.operation import Call

# The status of a request that got no answer.
NO_ANSWER = 0

# Marks the ASGI message that starts an answer made up by a fault, so that contract checks leave the answer alone.
FAULT_MARK = "smartrecruiters_emulator.fault"

# The scope extension that holds the connection.
TRANSPORT = "smartrecruiters_emulator.transport"

JSON = "application/json"
# Statuses whose answers have no body, and so no length.
BODILESS = (204, 304)


@dataclass(slots=True)
class Answer:
    """A finished answer, not sent yet.

    :param status: ``NO_ANSWER`` if the caller gets none
    :param headers: as ASGI wants them, names in lower case
    :param deliver: what to do on the wire instead of sending the answer
    :param made_up: the fault that made the answer differ from the API's own; empty if none did
    """

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    deliver: Deliver | None = None
    made_up: str = ""

    @classmethod
    def of_json(cls, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an answer with a JSON body; None for no body."""
        answer = cls(status)
        answer.update(headers or {})
        text = "" if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return answer.with_body(text.encode(), JSON if text else None)

    def with_body(self, body: bytes, content_type: str | None = None) -> Answer:
        """Replace the body and its length, and the content type if one is given."""
        self.body = body
        self.update({"Content-Length": None if self.status in BODILESS else str(len(body))})
        if content_type is not None:
            self.update({"Content-Type": content_type})
        return self

    def update(self, headers: Mapping[str, str | None]) -> None:
        """Replace headers; None removes one."""
        for name, value in headers.items():
            key = name.lower().encode()
            self.headers = [pair for pair in self.headers if pair[0].lower() != key]
            if value is not None:
                self.headers.append((key, value.encode("latin-1")))


class Wire:
    """The way back to the caller of one request whose body was read."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    @property
    def transport(self) -> asyncio.Transport:
        """The connection.

        :raises RuntimeError: the emulator runs under a server that does not pass it on
        """
        transport: asyncio.Transport | None = (self._scope.get("extensions") or {}).get(TRANSPORT)
        if transport is None:
            raise RuntimeError("This fault needs the emulator's own server: EmulatorServer, or make_server()")
        return transport

    async def start(self, answer: Answer) -> None:
        """Send status and headers."""
        message: dict[str, Any] = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        if answer.made_up:
            message[FAULT_MARK] = answer.made_up
        await self._send(message)

    async def write(self, body: bytes, *, more: bool = False) -> None:
        """Send body after :meth:`start`."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def left(self, seconds: float | None = None) -> bool:
        """Wait until the connection has ended; return whether it ended within the given seconds."""
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


async def close(wire: Wire, _: Answer) -> None:
    """End the connection in good order, without an answer."""
    wire.transport.close()
    await wire.left()


Deliver = Callable[[Wire, Answer], Awaitable[None]]
Proceed = Callable[[], Awaitable[Answer]]
Interceptor = Callable[[Call, Proceed], Awaitable[Answer]]
