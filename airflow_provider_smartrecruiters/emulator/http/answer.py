"""An answer on its way out, and how it leaves: as it should, or broken at the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.emulator.http.operation import Call

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.http.wire import Wire

# The status of a request that got no answer.
NO_ANSWER = 0

# Member of the ASGI message that starts an answer which was made up: what checks the emulator's answers passes it by.
FAULT_MARK = "smartrecruiters_emulator.fault"


@dataclass(slots=True)
class Answer:
    """A finished answer, not sent yet.

    :param status: ``NO_ANSWER`` if the caller gets none
    :param deliver: what to do on the wire instead of sending the answer
    :param made_up: the fault that made the answer other than the API's own; empty for the API's own
    """

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    deliver: Deliver | None = None
    made_up: str = ""


Deliver = Callable[["Wire", Answer], Awaitable[None]]
Proceed = Callable[[], Awaitable[Answer]]
Interceptor = Callable[[Call, Proceed], Awaitable[Answer]]
