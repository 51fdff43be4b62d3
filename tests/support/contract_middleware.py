"""Checks every exchange of an ASGI application, the emulator, inside its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from tests.support.contract_monitor import ContractMonitor

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# The emulator's own pages are no part of SmartRecruiters.
UNCHECKED = ("/__", "/app")

# An answer that a fault made up is off the contract on purpose. Spelled out: nothing here imports the emulator.
FAULT_MARK = "smartrecruiters_emulator.fault"


class ContractMiddleware:
    """
    Wraps an ASGI application. A checked exchange costs one to three milliseconds.

    An answer's last byte leaves only after its check, so whoever has the answer finds its violations recorded.

    :param app: the application.
    :param monitor: where exchanges are checked and recorded.
    """

    def __init__(self, app: App, monitor: ContractMonitor) -> None:
        self.app = app
        self.monitor = monitor

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNCHECKED):
            await self.app(scope, receive, send)
            return

        method: str = scope["method"]
        # Some versions of uvicorn leave the query in the raw path.
        target = scope["raw_path"].decode("latin-1").partition("?")[0]
        if query := scope["query_string"].decode("latin-1"):
            target += f"?{query}"
        messages, body = await _read(receive)
        if messages[-1]["type"] != "http.disconnect":
            self.monitor.request(method, target, _text(scope["headers"]), body)

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        start: Message = {}
        chunks: list[bytes] = []

        async def checked_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif FAULT_MARK in start:
                pass
            elif message["type"] == "http.response.body":
                chunks.append(message.get("body", b""))
                if not message.get("more_body", False):
                    headers = _text(start.get("headers", ()))
                    self.monitor.response(method, target, start["status"], headers, b"".join(chunks))
            await send(message)

        await self.app(scope, replay, checked_send)


async def _read(receive: Receive) -> tuple[list[Message], bytes]:
    """Read a whole request body; also return the messages that brought it, for the application to read again."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages, b"".join(message.get("body", b"") for message in messages)


def _text(headers: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
