"""The base class of all operators: shared parameters, rendering, and planning or applying one change."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_smartrecruiters.operators.common.guards import GUARDS, terms_of
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_fingerprint, as_guard
from airflow_provider_smartrecruiters.operators.common.task import (
    WithHook,
    end_as_skipped,
    hidden_in_airflow,
    parameters_of,
    unwrapped,
    wrapped,
)
from airflow_provider_smartrecruiters.operators.forms import named_as_in_the_form
from airflow_provider_smartrecruiters.operators.ui.documentation import document
from airflow_provider_smartrecruiters.operators.ui.links import keep_links, links_for
from airflow_provider_smartrecruiters.operators.ui.outlets import describe_outlets, event_of_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
    from airflow_provider_smartrecruiters.operators.common.params import Reader


_NOT_CALLED_IN_BULK = ("execute", "change", "pre_execute", "post_execute", "on_kill")


class SmartRecruitersBaseOperator(WithHook, BaseOperator):
    """Base class of the operators: read the record, compare, and send a write only if something differs.

    A subclass declares its signature, its template fields, and the change that its parameters describe
    (:attr:`change_name`). All parameters are templated and are parsed only after rendering. The switches below take a
    bool, or ``true``, ``false``, ``yes``, ``no``, ``1``, ``0`` as text; anything else is refused.

    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    :param plan_only: dry run: show what would change and send no write. Bool, default false.
    :param force: write even if nothing differs. Bool, default false.
    :param read_first: read the current state before writing, if the API can return it. Bool, default true.
    :param return_response: keep the API's response in the result, and so in XCom. Bool, default true.
    :param expect: the ``fingerprint`` of an earlier plan: write only if the record has not changed since. Text, default
        ``None``. A template that renders nothing is refused; ``any`` stands for no guard.
    :param only_if_status_in: leave an application alone whose status is not one of these, a list of texts. Default
        ``None`` (any status). Only for operators that change an application. ``any`` stands for no guard.
    :param protect_hired: leave an application alone that is ``HIRED`` and would be moved to another status, unless
        ``only_if_status_in`` names ``HIRED``. It also holds with ``read_first=False``: then the status is read (scope
        ``candidates_read``). Bool, default true; ``any`` stands for no guard.
    :param on_missing: ``fail`` (default), or ``skip`` if the record does not exist. SmartRecruiters answers 401 both
        for some records that do not exist and for those that the credential may not access: then both are skipped, and
        the log says so. A 403 always fails.
    :param fail_if_ignored: fail if SmartRecruiters accepted the write, but dropped a value of it (``details.ignored``),
        instead of a warning. All else was written. Known only of writes that are read back. Bool, default false.
    :param skip_if_unchanged: end in Airflow's skipped state if nothing differed, so that asset outlets and downstream
        tasks do not run. Bool, default false.
    :param kwargs: the parameters of every Airflow operator (``task_id``, ``retries``, ...).
    :raises AirflowSkipException: ``only_if_status_in``, ``protect_hired`` or ``on_missing`` left the record alone
        (``skipped`` in the result says why), or nothing differed and ``skip_if_unchanged`` is on. The result is in
        XCom. A plan never ends so.
    :raises IgnoredValuesError: SmartRecruiters dropped a value, and ``fail_if_ignored`` is on.
    :raises InvalidInputError: a parameter cannot be parsed or sent; nothing was sent.
    :raises StalePlanError: the record has changed since the plan in ``expect``; nothing was sent.
    :raises SmartRecruitersError: the connection, the network or the API failed. The subclass lists the cases.
    """

    template_fields: Sequence[str] = (
        "smartrecruiters_conn_id",
        "plan_only",
        "force",
        "read_first",
        "return_response",
        "expect",
        *GUARDS,
        "skip_if_unchanged",
    )
    change_name: ClassVar[str]
    """The change that the operator makes, relative to the package's ``api``: ``jobs.UpdateJobStatus``. A name instead
    of the class, because importing the class would load pydantic and requests into every DAG file."""
    parameter_readers: ClassVar[Mapping[str, Reader]] = {}
    """Parsers of the parameters that are more than text, by name: ``{"tags": as_list}``."""
    private_fields: Sequence[str] = ()
    """Template fields with text about people. Airflow shows the size of such a field instead of its text."""
    free_text_fields: Sequence[str] = ()
    """Template fields with other free text. The results file of a batch omits them, as it omits private fields."""
    ui_color = "#dff3e4"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "template_fields" not in vars(cls):
            # Every parameter is templated, so the signature says it all.
            common = SmartRecruitersBaseOperator.template_fields
            cls.template_fields = (*(name for name in parameters_of(cls) if name not in common), *common)
        if "operator_extra_links" not in vars(cls):
            cls.operator_extra_links = links_for(cls.template_fields)

    def __init__(
        self,
        *,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        plan_only: bool | str = False,
        force: bool | str = False,
        read_first: bool | str = True,
        return_response: bool | str = True,
        expect: str | None = None,
        only_if_status_in: list[str] | str | None = None,
        protect_hired: bool | str = True,
        on_missing: str = "fail",
        skip_if_unchanged: bool | str = False,
        fail_if_ignored: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        document(self)
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self.plan_only = plan_only
        self.force = force
        self.read_first = read_first
        self.return_response = return_response
        self.expect = expect
        self.only_if_status_in = only_if_status_in
        self.protect_hired = protect_hired
        self.on_missing = on_missing
        self.skip_if_unchanged = skip_if_unchanged
        self.fail_if_ignored = fail_if_ignored
        # Before rendering: afterwards, a guard that a template rendered to None looks like one that was left out.
        self._given = frozenset(name for name in ("expect", *GUARDS) if getattr(self, name) is not None)

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # Airflow 2.11 and 3.x both render plain and mapped tasks through this method, and store what it leaves in the
        # fields as the rendered template. Wrapping has to happen here: any later, and the text is in the database.
        super()._do_render_template_fields(parent, *args, **kwargs)
        for name in self.private_fields:
            setattr(parent, name, wrapped(getattr(parent, name)))

    @classmethod
    def bulk(cls, *, task_id: str, **arguments: Any) -> BulkOperator:
        """Return one task that runs this operator for many records, within the API's rate limit.

        Compared with dynamic task mapping, ``items`` takes what ``expand_kwargs`` takes, and everything else takes what
        ``partial`` takes. See :class:`.BulkOperator` for ``items``, the guards, the results file and the errors.

        There is one task for all items and none for each, so a subclass adapts the items by overriding
        :meth:`change_of` or :meth:`read_parameters`. One that overrides :meth:`execute` or :meth:`change` is refused.
        Whatever a subclass logs with ``self.log`` belongs to tasks for one record.

        :param task_id: id of the task, text.
        :param arguments: the parameters of :class:`.BulkOperator`, the parameters of this operator that all items
            share, and the parameters of every Airflow operator.
        :return: the task.
        :raises TypeError: an argument can only be given in an item, or the class overrides a method that a batch does
            not call.
        """
        from airflow_provider_smartrecruiters.operators.bulk.operator import bulk_of

        return bulk_of(cls, {"task_id": task_id, **arguments})

    @classmethod
    def refuse_overrides(cls) -> None:
        """Refuse a class whose own methods a batch would silently ignore.

        :raises TypeError: the class overrides a method that works on a task of its own, such as :meth:`execute`.
        """
        for name in _NOT_CALLED_IN_BULK:
            if getattr(cls, name) is not getattr(SmartRecruitersBaseOperator, name):
                raise TypeError(
                    f"{cls.__name__}.bulk(): a batch does not call {cls.__name__}.{name}(). Override change_of() or "
                    "read_parameters() instead, or map the operator with expand_kwargs()."
                )

    @classmethod
    def own_parameters(cls) -> dict[str, Any]:
        """Return the parameters of this operator without the ones that all operators share.

        :return: name to default; ``inspect.Parameter.empty`` for one that is required.
        """
        common = SmartRecruitersBaseOperator.template_fields
        signature = inspect.signature(cls.__init__).parameters
        return {name: signature[name].default for name in cls.template_fields if name not in common}

    @classmethod
    def change_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change from parameters alone, without a task: a batch item has no task of its own.

        :param parameters: rendered values of the operator's own parameters, by name.
        :return: the change.
        :raises InvalidInputError: a parameter cannot be sent.
        """
        if not hasattr(cls, "change_name"):
            raise NotImplementedError(f"{cls.__name__} is abstract. Use one of the operators of this package.")
        module, _, name = cls.change_name.rpartition(".")
        change: type[Change] = getattr(import_module(f"airflow_provider_smartrecruiters.api.{module}"), name)
        return change(**cls.read_parameters(parameters))

    @classmethod
    def outline_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change for the check of a batch, which reads no more of large files than that takes.

        :param parameters: as for :meth:`change_of`.
        :return: the change; not to be sent.
        :raises InvalidInputError: a parameter cannot be sent.
        """
        return cls.change_of(parameters)

    @classmethod
    def read_parameters(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return rendered parameters in the form that the change takes: unwrapped, and parsed if they are text.

        :param parameters: as for :meth:`change_of`.
        :return: the arguments of the change.
        :raises InvalidInputError: a parameter cannot be parsed.
        """
        plain = {name: unwrapped(value) for name, value in parameters.items()}
        with hidden_in_airflow(cls.private_fields):
            return plain | {name: read(name, plain[name]) for name, read in cls.parameter_readers.items()}

    def change(self) -> Change:
        """Build the change from the operator's parameters. Called after rendering.

        :return: the change.
        :raises InvalidInputError: a parameter cannot be sent.
        """
        return self.change_of({name: getattr(self, name) for name in self.own_parameters()})

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the change, or only plan it with ``plan_only``.

        The ``extra`` of the asset events of ``outlets`` has this result without free text: ids, codes, names of fields.

        :param context: Airflow's task context.
        :return: a JSON-ready dict with ``use_case``, ``target`` (ids), ``changed`` (``None`` if unknown), ``applied``,
            ``fields`` (names of the fields that differ), ``diff``, ``details``, ``fingerprint`` (of the state that was
            read), ``skipped`` (why a guard left the record alone, ``None`` if none did) and ``response``.
        :raises AirflowSkipException: see the class.
        :raises SmartRecruitersError: see the class. An error that a retry cannot fix is also an
            ``AirflowFailException``.
        """
        from airflow_provider_smartrecruiters.hooks.errors import about, as_airflow_error

        with as_airflow_error(self.smartrecruiters_conn_id), named_as_in_the_form(self):
            # First, so that an error about a switch names the record, too.
            change = self.change()
            with about(change.known):
                plan_only = as_bool("plan_only", self.plan_only)
                force = as_bool("force", self.force)
                read_first = as_bool("read_first", self.read_first)
                return_response = as_bool("return_response", self.return_response)
                expect = as_guard("expect", self.expect, as_fingerprint, given="expect" in self._given)
                terms = terms_of(self, self._given)
                skip_if_unchanged = as_bool("skip_if_unchanged", self.skip_if_unchanged)
            # Before anything uses the record's ids. Inside, so that an error names the field of the form.
            change = self.hook.identified(change, "plan" if plan_only else "change")
        keep_links(self, change.target, context)
        if plan_only:
            result = self.hook.plan(change, read_first=read_first, why_planned="plan_only is on", terms=terms)
        else:
            result = self.hook.apply(
                change, force=force, read_first=read_first, return_response=return_response, expect=expect, terms=terms
            )
            self._end_if_left_alone(context, result, skip_if_unchanged)
        describe_outlets(self, context, lambda: event_of_change(type(change), result, plan_only=plan_only))
        return result

    def _end_if_left_alone(self, context: Context, result: dict[str, Any], skip_if_unchanged: bool) -> None:
        if result["skipped"]:
            end_as_skipped(self, context, result, f"Skipped: {result['skipped']}.")
        if skip_if_unchanged and result["changed"] is False and not result["applied"]:
            why = "Skipped: nothing differed, and skip_if_unchanged is on."
            self.log.info(why)
            end_as_skipped(self, context, result, why)
