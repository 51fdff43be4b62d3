"""Uvicorn's HTTP/1.1 with the connection itself in reach of the application."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_smartrecruiters.emulator.http.answer import TRANSPORT


class TransportProtocol(H11Protocol):
    """Uvicorn's protocol, which adds the connection to the scope of each request, as an extension.

    ASGI does not pass the socket on. Digging it out of what uvicorn passes (``receive`` is a bound method of an object
    that has the transport) would depend on one version of uvicorn. ``Config(http=<class>)`` is a documented setting,
    and ``connection_made`` belongs to asyncio. The protocol is h11's, not httptools', because uvicorn always installs
    h11: broken answers then look the same wherever the emulator runs.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wrap the application so that every request of this connection can reach it."""
        super().connection_made(transport)
        application: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), TRANSPORT: transport}
            await application(scope, receive, send)

        self.app = with_transport
