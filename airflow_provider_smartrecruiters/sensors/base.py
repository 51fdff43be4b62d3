"""The base class of the sensors: parameters, a look, and the choice between waiting in the worker and deferring."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseSensorOperator, PokeReturnValue, conf

from airflow_provider_smartrecruiters.intervals import varied
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_guard, as_one_or_more
from airflow_provider_smartrecruiters.operators.common.task import WithHook, parameters_of
from airflow_provider_smartrecruiters.operators.forms import named_as_in_the_form
from airflow_provider_smartrecruiters.operators.ui.documentation import document
from airflow_provider_smartrecruiters.operators.ui.links import keep_links, links_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.api.reads.waiting import Seen, StatusWait

log = logging.getLogger(__name__)

_KEY = "smartrecruiters_wait"


class StatusSensor(WithHook, BaseSensorOperator):
    """Base class of the sensors: wait until a record has one of several statuses.

    A subclass declares its signature and the wait that its parameters describe (:attr:`wait_name`). All parameters are
    templated and are parsed only after rendering. The sensor looks first, and so ends at once if the status is there.
    It does not end at a transient error: the next look may succeed. A name instead of an id is looked up once; in
    ``mode="reschedule"`` before Airflow 3.3, where a task can keep nothing, at each look.

    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    :param fail_on: statuses that end the wait with an error, a list or one text. Default: statuses that a record does
        not leave by itself, as far as they are not awaited. ``[]`` or ``any`` waits on in all of them. A template that
        renders nothing is refused.
    :param deferrable: wait in the triggerer, without a worker slot. Bool, default ``[operators] default_deferrable``.
    :param poke_interval: seconds between two looks, default 60. All sensors of a credential share its rate limit: 600
        of them can look once a minute.
    :param kwargs: the parameters of every Airflow sensor (``task_id``, ``timeout``, ``mode``, ``soft_fail``, ...).
    :raises InvalidInputError: a parameter cannot be parsed.
    :raises UnreachableStatusError: the record has a status of ``fail_on``.
    :raises AirflowSensorTimeout: the status was not there within ``timeout``.
    :raises SmartRecruitersError: the record cannot be read; the subclass of the error says why.
    """

    template_fields: Sequence[str] = ("smartrecruiters_conn_id", "fail_on")
    wait_name: ClassVar[str]
    """The wait that the sensor describes: the name of a class in the package's ``api.reads.waiting``. A name instead of
    the class, because importing it would load pydantic and requests into every DAG file."""
    ui_color = "#e6eefc"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.template_fields = (*parameters_of(cls), *StatusSensor.template_fields)
        if "operator_extra_links" not in vars(cls):
            cls.operator_extra_links = links_for(cls.template_fields)

    def __init__(
        self,
        *,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        fail_on: str | list[str] | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        document(self)
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self.fail_on = fail_on
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False)
            if deferrable is None
            else as_bool("deferrable", deferrable)
        )
        self._fail_on_given = fail_on is not None
        self._wait: StatusWait | None = None
        self._ids: dict[str, str] = {}
        self._shown: str | None = ""
        self._has_links = False

    def wait(self) -> StatusWait:
        """Build the wait from the sensor's parameters. Called after rendering.

        :raises InvalidInputError: a parameter cannot be used.
        """
        return self._kind(**self._arguments())

    @property
    def _kind(self) -> type[StatusWait]:
        from airflow_provider_smartrecruiters.api.reads import waiting

        kind: type[StatusWait] = getattr(waiting, self.wait_name)
        return kind

    def _arguments(self) -> dict[str, Any]:
        names = [name for name in type(self).template_fields if name not in StatusSensor.template_fields]
        arguments = {name: getattr(self, name) for name in names} | self._ids
        if self._ids:
            # What was looked up takes the place of the name.
            arguments |= dict.fromkeys((name.argument for name in self._kind.names.values()), None)
        if "statuses" in arguments:
            arguments["statuses"] = as_one_or_more("statuses", self.statuses) or []  # type: ignore[attr-defined]
        fail_on = as_guard("fail_on", self.fail_on, as_one_or_more, given=self._fail_on_given)
        if self._fail_on_given:
            arguments["fail_on"] = fail_on or []
        return arguments

    def execute(self, context: Context) -> Any:
        """Wait in the worker, or look once and defer.

        :param context: Airflow's task context.
        :return: a JSON-ready dict with ``use_case``, ``target`` (ids) and ``status``.
        :raises SmartRecruitersError: see the class. An error that a retry cannot fix is also an
            ``AirflowFailException``.
        """
        if not self.deferrable:
            return super().execute(context)
        seen = self.poke(context)
        return seen.xcom_value if seen else self._defer(self.timeout)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look at the record once.

        :param context: Airflow's task context.
        :return: whether the wait is over, with the result of :meth:`execute`.
        :raises SmartRecruitersError: the record cannot be read, or has a status at which to give up. Not raised for a
            transient error, after which another look may succeed.
        """
        from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError, fitted
        from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

        with as_airflow_error(self.smartrecruiters_conn_id):
            with named_as_in_the_form(self):
                wait = self._wait or self.wait()
            try:
                with named_as_in_the_form(self):
                    self._wait = wait = self._identified(wait, context)
                self._keep_links(wait, context)
                seen = self._look(wait)
            except SmartRecruitersError as error:
                if not error.retryable:
                    raise
                log.warning("%s", fitted(f"The read failed; looking again later. {error}"))
                return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=seen.reached, xcom_value=seen.as_dict(wait) if seen.reached else None)

    def _identified(self, wait: StatusWait, context: Context) -> StatusWait:
        """Return the wait with ids in place of names, which are looked up once for the whole wait."""
        from airflow_provider_smartrecruiters.api.reads.waiting import identified
        from airflow_provider_smartrecruiters.operators.bulk.state_store import StateStore

        given = wait.to_look_up
        if self._wait or self._ids or not given:
            return wait
        # Each look of a sensor that is rescheduled is in a process of its own.
        store = StateStore(context.get("task_state_store") if self.reschedule else None, "may look a name up again")
        kept = store.get(_KEY) or {}
        if kept.get("given") == given:
            self._ids = kept["ids"]
            return self.wait()
        wait = identified(self.hook.get_conn(), wait)
        self._ids = wait.target
        store.set(_KEY, {"given": given, "ids": self._ids})
        return wait

    def _keep_links(self, wait: StatusWait, context: Context) -> None:
        if not self._has_links:
            # The ids stay the same for the whole wait.
            keep_links(self, wait.target, context)
            self._has_links = True

    def _look(self, wait: StatusWait) -> Seen:
        from airflow_provider_smartrecruiters.api.reads.waiting import look
        from airflow_provider_smartrecruiters.exceptions import fitted

        seen = look(self.hook.get_conn(), wait)
        if seen.reached:
            log.info("%s\nDone: it is %s.", fitted(f"Waited for {wait.awaited}: {wait.label}."), seen.status)
        elif seen.status != self._shown:
            log.info("%s\n  now: %s", fitted(f"Waiting for {wait.awaited}: {wait.label}."), seen.status or "(not set)")
            # A log of a day-long wait has a line for each change, not for each look.
            self._shown = seen.status
        return seen

    def _get_next_poke_interval(self, *args: Any, **kwargs: Any) -> float:
        return varied(super()._get_next_poke_interval(*args, **kwargs))

    def _defer(self, seconds: float) -> None:
        from airflow_provider_smartrecruiters.triggers.status import StatusTrigger

        self.defer(
            trigger=StatusTrigger(
                smartrecruiters_conn_id=self.smartrecruiters_conn_id,
                wait=self.wait_name,
                # A name whose look-up failed stays in the worker, which tries again when the trigger fires.
                arguments=None if (self._wait or self.wait()).to_look_up and not self._ids else self._arguments(),
                poke_interval=self.poke_interval,
            ),
            method_name="resume",
            kwargs={"ends_at": time.time() + seconds, "ids": self._ids},
            timeout=timedelta(seconds=max(seconds, 0)),
        )

    def resume(
        self,
        context: Context,
        event: dict[str, Any] | None = None,
        ends_at: float = 0.0,
        ids: dict[str, str] | None = None,
    ) -> Any:
        """End the wait, or go on with it. Called in a worker when the trigger has fired.

        The worker looks once more: an error then has its whole message here, and a status that was there for a moment
        only does not count.

        :param context: Airflow's task context.
        :param event: what the trigger fired.
        :param ends_at: when the wait times out, in seconds since the epoch.
        :param ids: what was looked up for a name before, by argument; None or empty if there was no name.
        :return: as for :meth:`execute`.
        :raises SmartRecruitersError: see the class.
        """
        self._ids = ids or {}
        seen = self.poke(context)
        if seen:
            return seen.xcom_value
        log.info("The trigger saw %s; the wait goes on.", (event or {}).get("status") or "an error")
        return self._defer(ends_at - time.time())
