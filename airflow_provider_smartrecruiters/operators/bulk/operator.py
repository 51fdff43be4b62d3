"""One task for many records: what ``.bulk()`` of every operator makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_smartrecruiters.api.pacing.pacer import MAX_CONCURRENT
from airflow_provider_smartrecruiters.operators.params import (
    as_bool,
    as_choice,
    as_count,
    as_list,
    as_share,
    is_literal,
)
from airflow_provider_smartrecruiters.operators.task import WithHook, unwrapped, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.api.bulk import BulkOptions
    from airflow_provider_smartrecruiters.operators.bulk.items import ItemOperator
    from airflow_provider_smartrecruiters.operators.bulk.run import BulkRun

_DEFAULT_POOL = "default_pool"


class BulkOperator(WithHook, BaseOperator):
    """Carry one of the operators out for many records, in one task and at the API's own pace.

    Made by ``.bulk()`` of the operator: ``RejectApplicationOperator.bulk(task_id="reject", items=stale.output,
    reason="No longer hiring")``. Every item is checked before the first is sent, and each ends with a report. A retry
    of the task goes on where the last try was (Airflow 3.3), or finds what is done already and leaves it alone.

    Endpoint: that of the operator.

    :param item_operator: the operator that each item is for.
    :param shared: parameters of that operator that are the same for all items; what an item says itself wins.
    :param items: a list of mappings, each with parameters of the operator (and, if wanted, ``expect``); or an XCom with
        such a list; or the location of a file of them, read as a stream: an object storage URI or an absolute path
        that ends in ``.jsonl``, ``.ndjson``, ``.json`` or ``.csv`` (``.gz`` may follow).
    :param retry_from: location of the results of an earlier batch: of its items, take those that failed for a passing
        reason or were never begun. What the results do not hold, such as tags, is taken from ``items``.
    :param max_items: refuse a batch of more items than these. Int, default 1,000; ``None`` for any number.
    :param expected_count: refuse a batch of another number of items. Int, default ``None``.
    :param only_if_status_in: leave applications alone whose status is not one of these, a list of texts. For
        operators that change an application.
    :param on_item_error: ``continue`` (the default) with the other items when one fails, or ``stop``.
    :param fail_above: share of the items that may fail before the task fails, from 0 to 1. Float, default 0: the first
        failed item fails the task, once all have been tried.
    :param results_path: where to write what became of each item, as JSON lines: an object storage URI or an absolute
        path that ends in ``.jsonl``. Default ``None``: only the log and the first failures in XCom tell.
    :param max_threads: most requests under way at once; as many threads are used as it takes to hold the API's rate.
        Int from 1, default 8. Where the task has a ``pool``, it takes as many of its slots.
    :param plan_only: read and compare, send no write. Bool, default false.
    :param force: write even if nothing differs. Bool, default false.
    :param read_first: read each record before it is written, where that can be done. Bool, default true.
    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    :param kwargs: what every Airflow operator takes (``task_id``, ``retries``, ``pool``, ...).
    :raises InvalidInputError: a parameter or an item cannot be used; nothing was sent, and the log names each such
        item.
    :raises BulkFailedError: more items failed than ``fail_above`` allows; the others are done. Retryable if some of
        the failures may pass.
    :raises AuthenticationError: the credential is not accepted (any more); the batch was given up.
    :raises ConfigurationError: the connection cannot be used.
    :return: what :meth:`execute` tells.
    """

    template_fields: Sequence[str] = (
        "items",
        "retry_from",
        "shared",
        "max_items",
        "expected_count",
        "only_if_status_in",
        "on_item_error",
        "fail_above",
        "results_path",
        "plan_only",
        "force",
        "read_first",
        "smartrecruiters_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"items": "json", "shared": "json"}
    ui_color = "#c8e8d0"

    def __init__(
        self,
        *,
        item_operator: type[ItemOperator],
        shared: dict[str, Any],
        items: Sequence[Mapping[str, Any]] | str | None = None,
        retry_from: str | None = None,
        max_items: int | str | None = 1000,
        expected_count: int | str | None = None,
        only_if_status_in: list[str] | str | None = None,
        on_item_error: str = "continue",
        fail_above: float | str = 0.0,
        results_path: str | None = None,
        max_threads: int = MAX_CONCURRENT,
        plan_only: bool | str = False,
        force: bool | str = False,
        read_first: bool | str = True,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_threads < 1:
            raise ValueError(f"max_threads of {item_operator.__name__}.bulk() must be at least 1.")
        self.item_operator = item_operator
        defaults = kwargs.get("default_args") or {}
        self.shared = {name: defaults[name] for name in item_operator.own_parameters() if name in defaults} | shared
        self.items = items
        self.retry_from = retry_from
        self.max_items = max_items
        self.expected_count = expected_count
        self.only_if_status_in = only_if_status_in
        self.on_item_error = on_item_error
        self.fail_above = fail_above
        self.results_path = results_path
        self.max_threads = max_threads
        self.plan_only = plan_only
        self.force = force
        self.read_first = read_first
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self.custom_operator_name = f"{item_operator.__name__}.bulk"
        if self.pool != _DEFAULT_POOL and "pool_slots" not in (kwargs.keys() | defaults.keys()):
            # The pool is how the credential's requests under way are shared among workers.
            self.pool_slots = max_threads
        self._run: BulkRun | None = None
        self._killed = False

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # As in the operators: what is left here is what Airflow stores and shows.
        super()._do_render_template_fields(parent, *args, **kwargs)
        if not isinstance(parent.items, str) or is_literal(parent.items):
            parent.items = wrapped(parent.items)
        private = set(parent.item_operator.private_fields)
        parent.shared = {name: wrapped(value) if name in private else value for name, value in parent.shared.items()}

    def execute(self, context: Context) -> dict[str, Any]:
        """Carry the batch out, or with ``plan_only`` only tell what it would do.

        :param context: Airflow's task context.
        :return: ``use_case``, ``plan_only``, the counts ``total``, ``changed``, ``applied``, ``unchanged``, ``unknown``
            (sent; whether it changed anything is not known), ``skipped``, ``failed``, ``not_run``, ``retryable``
            (failures that may pass), ``resumed`` (done by an earlier try) and ``tried_again``; ``errors`` (kind to
            count), ``failures`` (the rows of the first 20), ``results`` (where all rows are, or ``None``) and
            ``seconds``. JSON-ready. A task that fails pushes it to XCom as well.
        :raises SmartRecruitersError: as the class says. One that a retry cannot cure is also an
            ``AirflowFailException``.
        """
        from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error
        from airflow_provider_smartrecruiters.operators.bulk.run import BulkRun

        with as_airflow_error():
            run = BulkRun(
                self.hook,
                item_operator=self.item_operator,
                items=unwrapped(self.items),
                retry_from=self.retry_from,
                shared=self.shared,
                max_items=as_count("max_items", self.max_items),
                expected_count=as_count("expected_count", self.expected_count),
                fail_above=as_share("fail_above", self.fail_above),
                results_path=self.results_path,
                options=self._options(),
                progress_store=context.get("task_state_store"),
                max_tries=getattr(context.get("ti"), "max_tries", None),
            )
            self._run = run
            if self._killed:
                run.stop()
            try:
                return run.carry_out()
            except Exception:
                # Airflow pushes what execute() returns, and a task that fails returns nothing.
                ti = context.get("ti")
                if run.result is not None and self.do_xcom_push and ti is not None:
                    ti.xcom_push(key="return_value", value=run.result)
                raise

    def on_kill(self) -> None:
        """Begin no further item; those under way are still written down."""
        self._killed = True
        if self._run:
            self._run.stop()

    def _options(self) -> BulkOptions:
        import logging

        from airflow_provider_smartrecruiters.api.bulk import BulkOptions
        from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
        from airflow_provider_smartrecruiters.api.converge import BulkTerms

        statuses = as_list("only_if_status_in", self.only_if_status_in)
        for status in statuses or ():
            as_choice("only_if_status_in", status, APPLICATION_STATUSES)
        return BulkOptions(
            plan_only=as_bool("plan_only", self.plan_only),
            force=as_bool("force", self.force),
            read_first=as_bool("read_first", self.read_first),
            stop_on_error=as_choice("on_item_error", self.on_item_error, ("continue", "stop")) == "stop",
            max_threads=self.max_threads,
            terms=BulkTerms(only_if_status_in=statuses, log_level=logging.DEBUG),
        )


def bulk_of(item_operator: type[ItemOperator], arguments: dict[str, Any]) -> BulkOperator:
    """Return the task that ``item_operator.bulk(**arguments)`` stands for.

    :raises TypeError: an argument belongs to one record.
    """
    if "expect" in arguments:
        raise TypeError(f"{item_operator.__name__}.bulk() takes no expect: it belongs into each item.")
    # Of no use here: no answer of the API is kept anyway.
    arguments.pop("return_response", None)
    shared = {name: arguments.pop(name) for name in item_operator.own_parameters() if name in arguments}
    return BulkOperator(item_operator=item_operator, shared=shared, **arguments)
