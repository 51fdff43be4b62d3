"""A client that sees what libraries hide: every byte, when it came, and how the connection ended."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator


@dataclass
class Seen:
    """What came back on a connection.

    :param ended: ``fin``, ``rst``, ``open`` if it has not ended in time, or ``refused``
    :param at: seconds from sending until each piece arrived
    """

    data: bytes = b""
    ended: str = "open"
    at: list[float] = field(default_factory=list)

    @property
    def status(self) -> int:
        """Status code."""
        return int(self.data.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        """Headers by their names in lower case."""
        lines = self.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> bytes:
        """What came after the headers."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def complete(self) -> bool:
        """Whether all came that the headers announce."""
        if self.status == 204:
            return True
        if self.headers.get("transfer-encoding") == "chunked":
            return self.data.endswith(b"\r\n0\r\n\r\n")
        return len(self.body) == int(self.headers.get("content-length", -1))


def ask_for_token(emulator: SmartRecruitersEmulator) -> requests.Response:
    """Exchange the emulator's client credentials for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
    }
    return requests.post(emulator.url + "/identity/oauth/token", data=form, timeout=20)


class Raw:
    """One connection to a server.

    :param url: where it is
    :param headers: sent with every request
    """

    def __init__(self, url: str, **headers: str) -> None:
        self._address = (urlsplit(url).hostname, urlsplit(url).port)
        self._headers = headers
        self._socket: socket.socket | None = None

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, method: str, path: str, body: Any = None, *, wait: float = 5.0) -> Seen:
        """Send a request and read until the answer is whole, the connection has ended, or the time is over."""
        seen = Seen()
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._address, timeout=5)
            except ConnectionRefusedError:
                seen.ended = "refused"
                return seen
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: {}:{}".format(*self._address), f"Content-Length: {len(payload)}"]
        lines += ["Content-Type: application/json"] * (body is not None)
        lines += [f"{name}: {value}" for name, value in self._headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + payload)
        sent = time.monotonic()
        while (left := sent + wait - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                break
            except ConnectionResetError:
                seen.ended = "rst"
                break
            if not data:
                seen.ended = "fin"
                break
            seen.data += data
            seen.at.append(time.monotonic() - sent)
            if b"\r\n\r\n" in seen.data and "connection" not in seen.headers and seen.complete:
                break
        if seen.ended != "open":
            self.leave()
        return seen
