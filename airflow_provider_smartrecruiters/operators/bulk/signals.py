"""Keep what ends a task from outside out of a few lines that have to run to their end."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)
"""Those whose handlers raise: Airflow's ``execution_timeout``, a killed task, Ctrl-C."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run the block to its end before a signal that arrives meanwhile is handled.

    Python calls the handler of a signal between any two instructions of the main thread, and Airflow's handlers raise.
    An item counted on one line and marked as done on the next would then count twice. So the handlers only take notes
    in the block, and the signals are raised anew after it. A signal mask would not do: another thread receives the
    signal then, and Python still calls the handler in the main thread.

    For a few lines without waits only, since nothing can end the block from outside. Does nothing in other threads, in
    which no handler is called.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    inside = True

    def note(number: int, frame: FrameType | None) -> None:
        # A signal between two of the lines that put the handlers back would leave this one in place: it passes on.
        if inside:
            came.append(number)
        else:
            handlers[signal.Signals(number)](number, frame)

    found = {number: signal.getsignal(number) for number in _SIGNALS}
    # None is a handler that was not set from Python and cannot be set again. SIG_DFL and SIG_IGN raise nothing.
    handlers = {number: handler for number, handler in found.items() if callable(handler)}
    try:
        for number in handlers:
            signal.signal(number, note)
        yield
    finally:
        inside = False
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for signal_number in came:
            signal.raise_signal(signal_number)
