"""Deadlines for a whole exchange, however slowly its bytes arrive.

A socket timeout restarts with every byte, so a server that sends one byte a minute never triggers it. Instead, a
watchdog thread watches all exchanges and shuts down the socket of each one that takes too long. That wakes up the
thread that waits on the socket.
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
    """The deadline of one exchange in this thread.

    It also records whether the exchange got as far as an established connection. Before that, nothing can have reached
    the server.

    :param seconds: seconds from now until the connection is shut down.
    :param on_sent: called when the whole request is sent.
    """

    # Thread-local, because urllib3 offers no way to hand a deadline down to the connection that it picks from its pool.
    _current = threading.local()

    def __init__(self, seconds: float, on_sent: Callable[[], None] | None) -> None:
        self.at = time.monotonic() + seconds
        self._on_sent = on_sent
        self.happened = False
        """Whether the connection was shut down because the deadline passed."""
        self.sent = False
        """Whether bytes of the request may have left."""
        self._over = False
        # Guards the hand-over of the socket between this thread and the watchdog: without it, the watchdog could shut
        # down a socket that already serves the next exchange.
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
            # The connection returns to the pool. This deadline must not shut it down under the next exchange.
            self._socket = None

    @classmethod
    def current(cls) -> Deadline | None:
        """Return the deadline of the exchange that this thread is in; None outside of one."""
        return getattr(cls._current, "cut_off", None)

    @classmethod
    def watch(cls, sock: socket.socket | None) -> None:
        """Record the socket that the exchange of this thread uses.

        :param sock: the connected socket.
        :raises ConnectTimeoutError: the deadline passed before the connection was established.
        """
        if cut_off := cls.current():
            with cut_off._lock:
                if cut_off._over:
                    # DNS or several addresses used up all the time. The watchdog no longer watches this exchange, so a
                    # request sent now would have no deadline at all.
                    raise ConnectTimeoutError("no connection in time")
                cut_off.sent = True
                cut_off._socket = sock

    @classmethod
    def all_sent(cls) -> None:
        """Record that the whole request of this thread's exchange was sent."""
        cut_off = cls.current()
        if cut_off and cut_off._on_sent:
            cut_off._on_sent()

    def cut(self) -> None:
        """End the exchange, because its deadline passed."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                self.happened = True
                with suppress(OSError):
                    # socket.socket.shutdown for TLS too: the one of SSLSocket sends a close_notify and may block.
                    # shutdown() wakes up a thread that waits in recv(); close() would leave it waiting.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Watchdog:
    """One daemon thread that ends all exchanges whose deadline has passed. A ``threading.Timer`` per exchange would be
    a thread per exchange.

    The thread sleeps until the earliest deadline. A new exchange wakes it only if its deadline is earlier, which is
    rare: exchanges usually share one timeout, so each new deadline is the latest.
    """

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            # fork() copies the set of exchanges and the lock, which another thread may hold, but not the watchdog
            # thread. Without a reset, the child would have no deadlines, or block on the lock for ever.
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._watched: set[Deadline] = set()
        self._changed = threading.Condition()
        self._looks_at = float("inf")
        self._thread: threading.Thread | None = None

    def watch(self, exchange: Deadline) -> None:
        """End an exchange when its deadline passes."""
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="smartrecruiters-timeouts", daemon=True)
                thread.start()
                # Assigned after start(): if that fails (no more threads), the next exchange tries again.
                self._thread = thread
            self._watched.add(exchange)
            if exchange.at < self._looks_at:
                self._looks_at = exchange.at
                self._changed.notify()

    def forget(self, exchange: Deadline) -> None:
        """Stop watching an exchange that has ended."""
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
                # Collected under the lock, shut down outside of it: shutdown() must not block other exchanges.
                due = [exchange for exchange in self._watched if exchange.at <= now]
                self._watched.difference_update(due)
            for exchange in due:
                exchange.cut()


_watchdog = Watchdog()


class WatchedHTTPConnection(HTTPConnection):
    """A connection without TLS that the watchdog can shut down."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        # Connected here rather than inside request(), so that a refused connection counts as "nothing was sent".
        if self.sock is None:
            self.connect()
        Deadline.watch(self.sock)
        super().request(*args, **kwargs)
        Deadline.all_sent()


class WatchedHTTPSConnection(HTTPSConnection):
    """A connection with TLS that the watchdog can shut down."""

    # urllib3 connects HTTPS before it calls request(): the proxy tunnel and the TLS handshake are done by now.
    def request(self, *args: Any, **kwargs: Any) -> None:
        Deadline.watch(self.sock)
        super().request(*args, **kwargs)
        Deadline.all_sent()


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = WatchedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = WatchedHTTPSConnection


POOLS = {"http": _HTTPPool, "https": _HTTPSPool}
