"""A real part for the tests of the network: a proxy that passes everything through a tunnel."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Proxy:
    """
    An HTTP proxy that opens tunnels (CONNECT), and answers everything else with 501.

    ``asked`` has the first line of every request, ``passed`` every byte that came from clients, headers included.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.passed = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone would leave the thread waiting in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            self.passed += head
            self.asked.append(head.split(b"\r\n")[0].decode())
            method, target, _ = self.asked[-1].split(" ")
            if method != "CONNECT":
                client.sendall(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port)), timeout=10) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server, self.passed)
                back.join(10)


def _pump(source: socket.socket, target: socket.socket, record: bytearray | None = None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if record is not None:
                record += data
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
