"""A SOCKS5 proxy on a real socket (RFC 1928): no credential, CONNECT alone."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def socks_server(target: tuple[str, int]) -> Iterator[tuple[str, list[str]]]:
    """
    Run the proxy.

    :param target: where every connection leads, whatever was asked for.
    :return: its address without a scheme, and the hosts that were asked for so far.
    """
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, target, asked), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked


def _accept(listener: socket.socket, target: tuple[str, int], asked: list[str]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, target, asked), daemon=True).start()


def _serve(client: socket.socket, target: tuple[str, int], asked: list[str]) -> None:
    with suppress(OSError), client, socket.create_connection(target) as server:
        _, methods = client.recv(2)
        client.recv(methods)
        client.sendall(b"\x05\x00")
        *_, kind = client.recv(4)
        # 1: an IPv4 address; 3: a name, which the proxy resolves.
        length = 4 if kind == 1 else client.recv(1)[0]
        host = client.recv(length)
        (port,) = struct.unpack("!H", client.recv(2))
        asked.append(f"{socket.inet_ntoa(host) if kind == 1 else host.decode()}:{port}")
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join(10)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
