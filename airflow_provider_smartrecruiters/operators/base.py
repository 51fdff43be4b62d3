"""What the operators share: the parameters that every change has, and how a change is carried out."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_smartrecruiters.operators.params import as_bool, as_fingerprint
from airflow_provider_smartrecruiters.operators.task import WithHook, unwrapped, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
    from airflow_provider_smartrecruiters.operators.params import Reader


class SmartRecruitersBaseOperator(WithHook, BaseOperator):
    """Base of the operators: read the record, send what differs, and send nothing where nothing does.

    A subclass is its signature, its template fields, and the change that its parameters make (:attr:`change_name`). All
    parameters are templated, and are read only after rendering. The switches below take a bool, or ``true``, ``false``,
    ``yes``, ``no``, ``1``, ``0`` as text; anything else is refused.

    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    :param plan_only: show what would change and send no write. Bool, default false.
    :param force: write even if nothing differs. Bool, default false.
    :param read_first: read the current state before writing, where the API can be asked for it. Bool, default true.
    :param return_response: keep the API's answer in the result, and so in XCom. Bool, default true.
    :param expect: the ``fingerprint`` of an earlier plan: write only if the record still is what that plan saw. Text,
        default ``None``.
    :param kwargs: what every Airflow operator takes (``task_id``, ``retries``, ...).
    :raises InvalidInputError: a parameter cannot be read or sent; nothing was sent.
    :raises StalePlanError: the record moved on since the plan that ``expect`` names; nothing was sent.
    :raises SmartRecruitersError: the connection, the network or the API failed; the subclass tells how.
    """

    template_fields: Sequence[str] = (
        "smartrecruiters_conn_id",
        "plan_only",
        "force",
        "read_first",
        "return_response",
        "expect",
    )
    change_name: ClassVar[str]
    """The change that the operator makes, below the package's ``api``: ``jobs.UpdateJobStatus``. A name and not the
    class, since importing that would cost every DAG file pydantic and requests."""
    parameter_readers: ClassVar[Mapping[str, Reader]] = {}
    """How a parameter that is more than text is read, by its name: ``{"tags": as_list}``."""
    private_fields: Sequence[str] = ()
    """Template fields that hold what people wrote about people; Airflow shows their size instead of their text."""
    free_text_fields: Sequence[str] = ()
    """Template fields with other text that people wrote; the results file of a batch leaves them out as well."""
    ui_color = "#dff3e4"

    def __init__(
        self,
        *,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        plan_only: bool | str = False,
        force: bool | str = False,
        read_first: bool | str = True,
        return_response: bool | str = True,
        expect: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self.plan_only = plan_only
        self.force = force
        self.read_first = read_first
        self.return_response = return_response
        self.expect = expect

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # The one method that renders plain and mapped tasks alike, on 2.11 and on 3.x; what it leaves behind is what
        # Airflow stores as the rendered template.
        super()._do_render_template_fields(parent, *args, **kwargs)
        for name in self.private_fields:
            setattr(parent, name, wrapped(getattr(parent, name)))

    @classmethod
    def bulk(cls, *, task_id: str, **arguments: Any) -> BulkOperator:
        """Return one task that does this for many records, at the API's own pace.

        In the words of dynamic task mapping: ``items`` is what ``expand_kwargs`` takes, everything else what
        ``partial`` takes. See :class:`.BulkOperator` for ``items``, the guards, the results and what is raised.

        :param task_id: id of the task, text.
        :param arguments: the parameters of :class:`.BulkOperator`, those of this operator that all items share, and
            what every Airflow operator takes.
        :return: the task.
        :raises TypeError: an argument belongs to one record.
        """
        from airflow_provider_smartrecruiters.operators.bulk.operator import bulk_of

        return bulk_of(cls, {"task_id": task_id, **arguments})

    @classmethod
    def own_parameters(cls) -> dict[str, Any]:
        """Return the parameters that are this operator's own, not every operator's.

        :return: name to default; ``inspect.Parameter.empty`` for one that is required.
        """
        common = SmartRecruitersBaseOperator.template_fields
        signature = inspect.signature(cls.__init__).parameters
        return {name: signature[name].default for name in cls.template_fields if name not in common}

    @classmethod
    def change_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change that parameters ask for, without a task: an item of a batch has none of its own.

        :param parameters: the operator's own parameters by name, rendered.
        :return: the change.
        :raises InvalidInputError: a parameter cannot be sent.
        """
        if not hasattr(cls, "change_name"):
            raise NotImplementedError(f"{cls.__name__} makes no change. Use one of the operators of this package.")
        module, _, name = cls.change_name.rpartition(".")
        change: type[Change] = getattr(import_module(f"airflow_provider_smartrecruiters.api.{module}"), name)
        return change(**cls.read_parameters(parameters))

    @classmethod
    def read_parameters(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return rendered parameters as the change takes them: unwrapped, and read from text where they come as such.

        :param parameters: as for :meth:`change_of`.
        :return: the arguments of the change.
        :raises InvalidInputError: a parameter cannot be read.
        """
        plain = {name: unwrapped(value) for name, value in parameters.items()}
        return plain | {name: read(name, plain[name]) for name, read in cls.parameter_readers.items()}

    def change(self) -> Change:
        """Build the change that the parameters ask for. Called after rendering.

        :return: the change.
        :raises InvalidInputError: a parameter cannot be sent.
        """
        return self.change_of({name: getattr(self, name) for name in self.own_parameters()})

    def execute(self, context: Context) -> dict[str, Any]:
        """Carry the change out, or with ``plan_only`` only tell what it would do.

        :param context: Airflow's task context; not used.
        :return: ``use_case``, ``target`` (ids), ``changed`` (``None`` where it cannot be told), ``applied``, ``fields``
            (names of those that differ), ``diff``, ``details``, ``fingerprint`` (of the state that was read) and
            ``response``; all of it JSON-ready.
        :raises SmartRecruitersError: as the class says. One that a retry cannot cure is also an
            ``AirflowFailException``.
        """
        from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

        with as_airflow_error():
            plan_only = as_bool("plan_only", self.plan_only)
            force = as_bool("force", self.force)
            read_first = as_bool("read_first", self.read_first)
            return_response = as_bool("return_response", self.return_response)
            expect = as_fingerprint("expect", self.expect)
            change = self.change()
        if plan_only:
            return self.hook.plan(change, read_first=read_first)
        return self.hook.apply(
            change, force=force, read_first=read_first, return_response=return_response, expect=expect
        )
