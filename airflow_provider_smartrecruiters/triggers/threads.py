"""The threads in which triggers send requests, beside the triggerer's event loop."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# All requests of a triggerer share few threads. The client waits in its thread for its turn within the rate limit; in
# asyncio's own pool hundreds of triggers would take every thread from the triggers of others. Eight are what the API
# lets one credential do at once; further requests wait in the executor's queue, where they cost nothing.
_THREADS = ThreadPoolExecutor(8, thread_name_prefix="smartrecruiters-triggers")

_SWITCH_INTERVAL = 0.0005
"""Seconds after which the loading thread gives up the interpreter if the event loop wants it. With Python's own 0.005,
each line that the loop logs would wait ten times as long for the interpreter, and fifty triggers that start together
would block it for 0.3 seconds."""

_loading = Lock()


async def in_thread(function: Callable[[], Any]) -> Any:
    """Call a function that sends requests, without blocking the event loop.

    :param function: takes no arguments. May import and use everything of the package's ``api``.
    :return: what it returns.
    """
    from asgiref.sync import sync_to_async

    def call() -> Any:
        _load()
        return function()

    # asgiref's threads, and not `asyncio.to_thread`: the connection and the masking of a token ask the supervisor, and
    # Airflow before 3.3 finds its way back to the event loop only from these.
    return await sync_to_async(call, thread_sensitive=False, executor=_THREADS)()


def _load() -> None:
    """Import requests, pydantic and what uses them. Half a second, once in a triggerer.

    Not at the top of a trigger's module: Airflow imports that one in the event loop.

    Garbage collection is off meanwhile, and then leaves out all that is loaded, Airflow included: one that went through
    it would hold the interpreter, and with it the event loop, for a quarter of a second. Only garbage in cycles would
    be missed, and only that of objects that exist now.
    """
    with _loading:
        if "airflow_provider_smartrecruiters.api.reads.waiting" in sys.modules:
            return
        interval, collects = sys.getswitchinterval(), gc.isenabled()
        sys.setswitchinterval(min(interval, _SWITCH_INTERVAL))
        gc.disable()
        try:
            import airflow_provider_smartrecruiters.api.reads.waiting
            import airflow_provider_smartrecruiters.api.reads.watch_audit
            import airflow_provider_smartrecruiters.api.reads.watch_statuses
            import airflow_provider_smartrecruiters.hooks.connection
            import airflow_provider_smartrecruiters.hooks.smartrecruiters  # noqa: F401

            gc.freeze()
        finally:
            sys.setswitchinterval(interval)
            if collects:
                gc.enable()
