"""The trigger of deferred sensors: look at a record from time to time, and fire once."""

from __future__ import annotations

import asyncio
import logging
import random
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_smartrecruiters.exceptions import fitted
from airflow_provider_smartrecruiters.intervals import varied
from airflow_provider_smartrecruiters.operators.common.task import WithHook
from airflow_provider_smartrecruiters.triggers.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_provider_smartrecruiters.api.reads.waiting import Seen, StatusWait

log = logging.getLogger(__name__)


class StatusTrigger(WithHook, BaseTrigger):
    """Look at a record until its status ends the wait, then fire one event.

    Holds ids and words only, never a credential: Airflow stores the trigger in its database. Sends nothing but reads,
    so a triggerer that is killed and started again repeats nothing. A transient error does not end the wait.

    :param smartrecruiters_conn_id: id of the Airflow connection.
    :param wait: name of a class in :mod:`~airflow_provider_smartrecruiters.api.reads.waiting`, ``AwaitJobStatus``.
    :param arguments: its arguments, with ids in place of names. None if the ids are not known yet: then it fires after
        one interval, and the worker looks them up again.
    :param poke_interval: seconds between two looks.
    """

    def __init__(
        self, *, smartrecruiters_conn_id: str, wait: str, arguments: dict[str, Any] | None, poke_interval: float
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self.wait = wait
        self.arguments = arguments
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments to build this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "smartrecruiters_conn_id": self.smartrecruiters_conn_id,
                "wait": self.wait,
                "arguments": self.arguments,
                "poke_interval": self.poke_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``{"status": …}``, or ``{"error": …}`` for the worker to find out why."""
        if self.arguments is None:
            await asyncio.sleep(varied(self.poke_interval))
            yield TriggerEvent({"status": None})  # type: ignore[no-untyped-call]
            return
        # The worker has looked just before. Sensors that were deferred together spread over the first interval.
        delay = self.poke_interval * random.random()
        while True:
            await asyncio.sleep(delay)
            try:
                seen = await in_thread(self._look)
            except Exception as error:
                if not getattr(error, "retryable", False):
                    # An exception has no place in an event. The worker looks again, and raises what it gets.
                    yield TriggerEvent({"error": type(error).__name__})  # type: ignore[no-untyped-call]
                    return
                again = f"The read failed; looking again in about {self.poke_interval:.0f} seconds. {error}"
                log.warning("%s", fitted(again))
            else:
                if seen.reached:
                    yield TriggerEvent({"status": seen.status})  # type: ignore[no-untyped-call]
                    return
            delay = varied(self.poke_interval)

    @cached_property
    def _wait(self) -> StatusWait:
        from airflow_provider_smartrecruiters.api.reads import waiting

        wait: StatusWait = getattr(waiting, self.wait)(**(self.arguments or {}))
        return wait

    def _look(self) -> Seen:
        from airflow_provider_smartrecruiters.api.reads.waiting import look

        return look(self.hook.get_conn(), self._wait)
