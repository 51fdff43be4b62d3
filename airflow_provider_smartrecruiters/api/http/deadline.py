"""Time limits that hold for a whole exchange, however slowly its bytes trickle in.

A socket timeout restarts with every byte. So one thread watches all exchanges and shuts down the socket of each that
takes too long, which wakes up the thread that waits on it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError


class Deadline:
    """The time limit of one exchange in this thread. It also knows whether the exchange got as far as a connection that
    takes requests: before that, nothing can have arrived.

    :param seconds: from now until the connection is shut down.
    :param on_sent: called when the whole request is on its way.
    """

    _current = threading.local()

    def __init__(self, seconds: float, on_sent: Callable[[], None] | None) -> None:
        self.at = time.monotonic() + seconds
        self._on_sent = on_sent
        self.happened = False
        """Whether the connection was shut down because time was up."""
        self.sent = False
        """Whether bytes of the request may have left."""
        self._over = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._current.cut_off = self
        _watchdog.watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        _watchdog.forget(self)
        self._current.cut_off = None
        with self._lock:
            # The connection returns to the pool. The exchange that takes it next must not be cut off by this deadline.
            self._socket = None

    @classmethod
    def watch(cls, sock: socket.socket | None) -> None:
        """Note which socket the exchange of this thread sends on and waits on.

        :raises ConnectTimeoutError: the time was up before there was one.
        """
        if cut_off := getattr(cls._current, "cut_off", None):
            with cut_off._lock:
                if cut_off._over:
                    # DNS or several addresses used up all the time. The watchdog has let go of this exchange, so a
                    # request sent now would have no time limit at all.
                    raise ConnectTimeoutError("no connection in time")
                cut_off.sent = True
                cut_off._socket = sock

    @classmethod
    def all_sent(cls) -> None:
        """Note that the whole request of this thread's exchange was sent."""
        cut_off = getattr(cls._current, "cut_off", None)
        if cut_off and cut_off._on_sent:
            cut_off._on_sent()

    def cut(self) -> None:
        """End the exchange: its time is up."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                self.happened = True
                with suppress(OSError):
                    # The socket's own shutdown, for TLS too: SSLSocket's sends a close_notify and may block. A thread
                    # that waits in recv() wakes up with an error; close() from here would leave it waiting.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Watchdog:
    """One daemon thread that cuts off exchanges whose time is up. A ``threading.Timer`` each would be a thread each.

    The thread sleeps until the earliest deadline. A new exchange wakes it only when its deadline is earlier than that,
    which is rare: most exchanges share one timeout, so each new deadline is the latest.
    """

    def __init__(self) -> None:
        self._start_anew()
        if hasattr(os, "register_at_fork"):
            # fork() copies the set of exchanges and the lock, whatever state that is in, but not the thread.
            os.register_at_fork(after_in_child=self._start_anew)

    def _start_anew(self) -> None:
        self._watched: set[Deadline] = set()
        self._changed = threading.Condition()
        self._looks_at = float("inf")
        self._thread: threading.Thread | None = None

    def watch(self, exchange: Deadline) -> None:
        """Cut an exchange off when its time is up."""
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="smartrecruiters-timeouts", daemon=True)
                thread.start()
                # Only now: if start() fails, the next exchange tries again.
                self._thread = thread
            self._watched.add(exchange)
            if exchange.at < self._looks_at:
                self._looks_at = exchange.at
                self._changed.notify()

    def forget(self, exchange: Deadline) -> None:
        """Leave an exchange alone: it is over."""
        with self._changed:
            self._watched.discard(exchange)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._looks_at = min((exchange.at for exchange in self._watched), default=float("inf"))
                wait = self._looks_at - time.monotonic()
                if wait > 0:
                    self._changed.wait(min(wait, threading.TIMEOUT_MAX))
                now = time.monotonic()
                # Taken out under the lock, cut off outside of it: shutdown() must not hold up other exchanges.
                due = [exchange for exchange in self._watched if exchange.at <= now]
                self._watched.difference_update(due)
            for exchange in due:
                exchange.cut()


_watchdog = Watchdog()


class _WatchedHTTPConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        Deadline.watch(self.sock)
        super().request(*args, **kwargs)
        Deadline.all_sent()


class _WatchedHTTPSConnection(HTTPSConnection):
    # urllib3 connects HTTPS before it calls request(): tunnel through a proxy and TLS handshake are done by now.
    def request(self, *args: Any, **kwargs: Any) -> None:
        Deadline.watch(self.sock)
        super().request(*args, **kwargs)
        Deadline.all_sent()


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


POOLS = {"http": _HTTPPool, "https": _HTTPSPool}
