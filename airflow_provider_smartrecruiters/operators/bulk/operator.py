"""The task that ``.bulk()`` of every operator returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_smartrecruiters.api.pacing import MAX_CONCURRENT
from airflow_provider_smartrecruiters.operators.common.guards import GUARDS, terms_of
from airflow_provider_smartrecruiters.operators.common.params import (
    as_bool,
    as_choice,
    as_count,
    as_fraction,
    as_guard,
    as_hours,
    as_positive,
    is_blank,
    is_literal,
)
from airflow_provider_smartrecruiters.operators.common.task import WithHook, end_as_skipped, unwrapped, wrapped
from airflow_provider_smartrecruiters.operators.ui.links import LINKS, keep_links
from airflow_provider_smartrecruiters.operators.ui.outlets import describe_outlets, event_of_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.api.converge.bulk import BulkOptions
    from airflow_provider_smartrecruiters.operators.bulk.items import ItemOperator
    from airflow_provider_smartrecruiters.operators.bulk.run import BulkRun
    from airflow_provider_smartrecruiters.operators.bulk.sources.carried import CarryOver
    from airflow_provider_smartrecruiters.operators.bulk.sources.resolve import ItemsFrom
    from airflow_provider_smartrecruiters.operators.common.params import Reader

_DEFAULT_POOL = "default_pool"
_GUARDS = ("max_items", "min_items", "expected_count", "max_plan_hours", "max_carry_hours", *GUARDS)


class BulkOperator(WithHook, BaseOperator):
    """Run one of the operators for many records in one task, within the API's rate limit.

    Create it with ``.bulk()`` of the operator. Every item is checked before the first one is sent, every item is
    tried, and every outcome is reported. A retry of the task resumes where the previous try stopped (Airflow 3.3); on
    older versions it starts over, finds the finished items unchanged, and sends nothing for them.

    .. code-block:: python

        RejectApplicationOperator.bulk(
            task_id="reject_applications",
            items="s3://aws_default@hr/rejections.csv",
            reason="Stronger candidate selected",
            only_if_status_in=["NEW", "IN_REVIEW"],
            results_path="s3://aws_default@hr/results/{{ run_id }}.jsonl",
        )

    Endpoint: that of the operator.

    :param item_operator: the operator that each item is for.
    :param shared: parameters of that operator that all items share. A value in an item takes precedence.
    :param items: a list of mappings with parameters of the operator (and optionally ``expect``), an XCom with such a
        list, or the location of a file, which is read as a stream: an object storage URI or an absolute path that ends
        in ``.jsonl``, ``.ndjson``, ``.json`` or ``.csv`` (``.gz``, ``.bz2`` or ``.xz`` may follow). Blank cells of a
        CSV are not given, but for those of ``expect``, which are refused: leave the column out, or write ``any``.
        Also the result of a batch with ``plan_only``, or its results file: see ``plan``.
    :param plan: the result (XCom) or the results file of a batch with ``plan_only``. Applies exactly that plan: only
        the items that it would have changed are sent, with its arguments, and a record that has changed since fails
        (:class:`.StalePlanError`). Operator, connection and guards must be those of the plan. A plan never holds free
        text, such as tags and notes: then give its ``items`` as well. Otherwise ``items=<plan>`` does the same. A
        result holds 50 items; give a plan of more a ``results_path``. A record that cannot be read (avatars) has no
        state to compare, and is sent as planned.
    :param max_plan_hours: hours from plan to apply after which the plan is refused. Float, default 72; ``None`` or
        ``any`` for no limit.
    :param retry_from: location of the results file of an earlier batch. Retries the items that failed with a transient
        error or were not started (see ``retry_which``), also the results of a retry. The operator, the connection, the
        shared ids and the guards must be those of that batch; only ``plan_only`` may be switched on. Parameters that a
        results file never holds, such as tags, are taken from ``items``: always the items of the first batch.
    :param retry_which: which items ``retry_from`` retries: ``transient`` (default), or ``failed`` for those with a
        permanent error as well, once its cause is fixed.
    :param max_items: largest number of items to accept. Int, default 1,000; ``None`` or ``any`` for no limit.
    :param min_items: smallest number of items to accept. Int, default ``None`` (any number).
    :param expected_count: exact number of items to accept. Int, default ``None`` (any number).
    :param only_if_status_in: skip applications whose status is not one of these, a list of texts. Default ``None``. For
        operators that change an application. Of these guards, one that a template renders to nothing is refused;
        ``any`` switches it off.
    :param protect_hired: skip applications that are ``HIRED`` and would be moved to another status, unless
        ``only_if_status_in`` names ``HIRED``. Bool, default true.
    :param on_missing: ``fail`` (default), or ``skip`` items whose record does not exist. SmartRecruiters answers 401
        both for some records that do not exist and for those that the credential may not access: then both are skipped,
        and the log says so. A 403 always fails.
    :param fail_if_ignored: fail items of which SmartRecruiters dropped a value (``details.ignored``). All else of such
        an item was written. Bool, default false.
    :param skip_if_unchanged: end in Airflow's skipped state if nothing was sent and no item failed, so that asset
        outlets and downstream tasks do not run. A plan never ends so. Bool, default false.
    :param on_item_error: ``continue`` (default) with the other items after one fails, or ``stop``.
    :param fail_above: Fraction of items (0 to 1) that may fail. Above it the task fails, after every item has been
        tried. Float, default 0.
    :param results_path: where to write the results file, with one JSON line per item: an object storage URI or an
        absolute path that ends in ``.jsonl`` or ``.ndjson`` (``.gz`` may follow). Default ``None``: outcomes are only
        in the log, and the first failures in XCom. In a mapped task, or a mapped task group, the map index is put
        before the extension (``r.3.jsonl``), unless the template contains ``map_index`` itself.
    :param carry_over: a file that carries items over to the next run of the DAG: those that failed with a transient
        error or were not started. The next run takes them up after its own items, of which one for the same record
        wins. Same kinds of location as ``results_path``, but the same in every run. Default ``None``. The task then
        never runs twice at once (``max_active_tis_per_dag=1``), also if it is mapped. Refused with items that hold free
        text, such as tags and notes, and with ``plan`` and ``retry_from``.
    :param max_carry_hours: hours from its first failure after which an item is dropped, which the log says. Float,
        default 72; ``None`` or ``any`` for no limit.
    :param max_threads: largest number of concurrent requests. The task starts only as many threads as it needs to use
        up the rate limit. Int from 1, default 8. In a ``pool``, the task takes this number of slots, or 8 if a template
        gives it.
    :param plan_only: dry run: read and compare, send no write. Bool, default false.
    :param force: write even if nothing differs. Bool, default false.
    :param read_first: read each record before writing it, if the API can return it. Bool, default true.
    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    :param kwargs: the parameters of every Airflow operator (``task_id``, ``retries``, ``pool``, ...).
    :raises InvalidInputError: a parameter or an item cannot be used; nothing was sent, and the log names each such
        item.
    :raises AirflowSkipException: nothing was sent, and ``skip_if_unchanged`` is on.
    :raises BulkFailedError: more items failed than ``fail_above`` allows; the others succeeded. Retryable if some of
        the failures are transient.
    :raises AuthenticationError: the API stopped accepting the credential; the batch was aborted.
    :raises ConfigurationError: the connection cannot be used.
    :return: the result of :meth:`execute`.
    """

    template_fields: Sequence[str] = (
        "items",
        "retry_from",
        "retry_which",
        "plan",
        "max_plan_hours",
        "shared",
        "max_items",
        "min_items",
        "expected_count",
        *GUARDS,
        "skip_if_unchanged",
        "on_item_error",
        "fail_above",
        "results_path",
        "carry_over",
        "max_carry_hours",
        "max_threads",
        "plan_only",
        "force",
        "read_first",
        "smartrecruiters_conn_id",
    )
    operator_extra_links = LINKS
    template_fields_renderers: ClassVar[dict[str, str]] = {"items": "json", "shared": "json"}
    ui_color = "#c8e8d0"

    def __init__(
        self,
        *,
        item_operator: type[ItemOperator],
        shared: dict[str, Any],
        items: Sequence[Mapping[str, Any]] | str | None = None,
        plan: Mapping[str, Any] | str | None = None,
        max_plan_hours: float | str | None = 72.0,
        retry_from: str | None = None,
        retry_which: str = "transient",
        max_items: int | str | None = 1000,
        min_items: int | str | None = None,
        expected_count: int | str | None = None,
        only_if_status_in: list[str] | str | None = None,
        protect_hired: bool | str = True,
        on_missing: str = "fail",
        fail_if_ignored: bool | str = False,
        skip_if_unchanged: bool | str = False,
        on_item_error: str = "continue",
        fail_above: float | str = 0.0,
        results_path: str | None = None,
        carry_over: str | None = None,
        max_carry_hours: float | str | None = 72.0,
        max_threads: int | str = MAX_CONCURRENT,
        plan_only: bool | str = False,
        force: bool | str = False,
        read_first: bool | str = True,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        item_operator.refuse_overrides()
        if isinstance(max_threads, int) and max_threads < 1:
            raise ValueError(f"{item_operator.__name__}.bulk(): max_threads must be at least 1.")
        self.item_operator = item_operator
        defaults = kwargs.get("default_args") or {}
        self.shared = {name: defaults[name] for name in item_operator.own_parameters() if name in defaults} | shared
        self.items = items
        self.retry_from = retry_from
        self.retry_which = retry_which
        self.plan = plan
        self.max_plan_hours = max_plan_hours
        self.max_items = max_items
        self.min_items = min_items
        self.expected_count = expected_count
        self.only_if_status_in = only_if_status_in
        self.protect_hired = protect_hired
        self.on_missing = on_missing
        self.fail_if_ignored = fail_if_ignored
        self.skip_if_unchanged = skip_if_unchanged
        self.on_item_error = on_item_error
        self.fail_above = fail_above
        self.results_path = results_path
        self.carry_over = carry_over
        self.max_carry_hours = max_carry_hours
        if carry_over is not None and self.max_active_tis_per_dag is None:
            # Two runs at once would take the same items, and the last one would overwrite what the other leaves.
            self.max_active_tis_per_dag = 1
        self.max_threads = max_threads
        self.plan_only = plan_only
        self.force = force
        self.read_first = read_first
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        # Before rendering: afterwards, a guard that a template rendered to None looks like one that was left out.
        self._given = frozenset(name for name in _GUARDS if getattr(self, name) is not None)
        self._own_paths = {name for name in ("results_path", "carry_over") if "map_index" in str(getattr(self, name))}
        self.custom_operator_name = f"{item_operator.__name__}.bulk"
        if self.pool != _DEFAULT_POOL and "pool_slots" not in (kwargs.keys() | defaults.keys()):
            # A pool is how workers share the API's limit on concurrent requests, so a slot stands for a request. With
            # one slot per task, Airflow's default, a pool of 8 would admit 8 tasks with 8 requests in flight each.
            self.pool_slots = _slots(max_threads)
        self._run: BulkRun | None = None
        self._killed = False

    @classmethod
    def partial(cls, *, task_id: str, **kwargs: Any) -> Any:
        """Return the task for ``expand()``, as of every operator. In a pool it takes ``max_threads`` slots, too.

        :param task_id: id of the task, text.
        :param kwargs: what all task instances share: ``item_operator``, ``shared``, and parameters of this class.
        :return: Airflow's ``OperatorPartial``.
        """
        if item_operator := kwargs.get("item_operator"):
            item_operator.refuse_overrides()
        partial = super().partial(task_id=task_id, **kwargs)
        if kwargs.get("carry_over") is not None and partial.kwargs.get("max_active_tis_per_dag") is None:
            partial.kwargs["max_active_tis_per_dag"] = 1
        # Airflow asks the mapped task, not its instances, for the slots, and __init__ only runs for these.
        slots = partial.kwargs.get("pool_slots")
        if partial.kwargs.get("pool", _DEFAULT_POOL) != _DEFAULT_POOL and "pool_slots" not in kwargs and slots == 1:
            partial.kwargs["pool_slots"] = _slots(kwargs.get("max_threads", MAX_CONCURRENT))
        return partial

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # As in the base operator: Airflow stores and shows what this method leaves in the fields.
        super()._do_render_template_fields(parent, *args, **kwargs)
        parent._hide_values()

    def _hide_values(self) -> None:
        if not isinstance(self.items, str) or is_literal(self.items):
            self.items = wrapped(self.items)
        private = set(self.item_operator.private_fields)
        self.shared = {name: wrapped(value) if name in private else value for name, value in self.shared.items()}

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the batch, or only plan it with ``plan_only``.

        :param context: Airflow's task context.
        :return: a JSON-ready dict with ``use_case``, ``plan_only``; ``counts``: ``total``, ``changed``, ``applied``,
            ``unchanged``, ``unknown`` (sent, previous state unknown), ``skipped``, ``failed``, ``not_run``,
            ``retryable`` (transient failures), ``resumed`` (finished by an earlier try) and ``tried_again`` (needed
            more than one attempt); ``skipped_by`` (guard to number of items); ``detail_counts`` (``needs_publishing``,
            ``ignored``, ... to the number of items);
            ``errors`` (kind to count), ``failures`` (results rows of the first 20), ``results`` (location of the
            results file, or ``None``) and ``seconds``; of a plan also ``planned_at`` (ISO 8601)
            and ``rows`` (the first 50 results rows). A task that fails or is stopped pushes it to XCom as well.
        :raises SmartRecruitersError: see the class. An error that a retry cannot fix is also an
            ``AirflowFailException``.
        """
        from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error
        from airflow_provider_smartrecruiters.operators.bulk.run import BulkRun

        ti = context.get("ti")
        with as_airflow_error(self.smartrecruiters_conn_id):
            skip_if_unchanged = as_bool("skip_if_unchanged", self.skip_if_unchanged)
            item_operator, items, shared = self._batch()
            run = BulkRun(
                self.hook,
                item_operator=item_operator,
                items=items,
                shared=shared,
                max_items=self._guard("max_items", as_count),
                min_items=self._guard("min_items", as_count),
                expected_count=self._guard("expected_count", as_count),
                fail_above=as_fraction("fail_above", self.fail_above),
                results_path=self._path_of("results_path", ti),
                carry=self._carry_of(ti),
                options=self._options(),
                progress_store=context.get("task_state_store"),
                max_tries=getattr(ti, "max_tries", None),
                batch_parameters=self.template_fields,
            )
            self._run = run
            if self._killed:
                run.stop()
            try:
                result = run.carry_out()
            except BaseException:
                # Airflow pushes the return value of execute(), and a failing task has none. BaseException, since
                # AirflowTaskTimeout is one.
                if run.result is not None and self.do_xcom_push and ti is not None:
                    ti.xcom_push(key="return_value", value=run.result)
                raise
            finally:
                # A batch has the page of the job that all its items share, if they do, and none otherwise.
                if run.shared_ids:
                    keep_links(self, run.shared_ids, context)
        if skip_if_unchanged and _nothing_sent(result):
            why = "Skipped: nothing was sent, and skip_if_unchanged is on."
            self.log.info(why)
            end_as_skipped(self, context, result, why)
        describe_outlets(self, context, lambda: event_of_batch(result))
        return result

    def on_kill(self) -> None:
        """Start no further items. Items in flight are still recorded."""
        self._killed = True
        if self._run:
            self._run.stop()

    def _batch(self) -> tuple[type[ItemOperator], ItemsFrom, Mapping[str, Any]]:
        """Return the operator of the items, where they come from, and what they share."""
        from airflow_provider_smartrecruiters.operators.bulk.sources.resolve import ItemsFrom
        from airflow_provider_smartrecruiters.operators.bulk.sources.retry_from import RETRY_WHICH

        items = ItemsFrom(
            items=unwrapped(self.items),
            retry_from=self.retry_from,
            retry_which=as_choice("retry_which", self.retry_which, RETRY_WHICH),
            plan=self.plan,
            max_plan_hours=self._guard("max_plan_hours", as_hours),
        )
        return self.item_operator, items, self.shared

    def _guard(self, name: str, read: Reader) -> Any:
        return as_guard(name, getattr(self, name), read, given=name in self._given)

    def _path_of(self, name: str, ti: Any) -> Any:
        from airflow_provider_smartrecruiters.operators.common.files import own_location

        map_index = getattr(ti, "map_index", None)
        return own_location(getattr(self, name), map_index, is_own=name in self._own_paths)

    def _carry_of(self, ti: Any) -> CarryOver | None:
        from airflow_provider_smartrecruiters.operators.bulk.sources.carried import CarryOver

        if is_blank(self.carry_over):
            return None
        return CarryOver(
            self._path_of("carry_over", ti),
            max_hours=self._guard("max_carry_hours", as_hours),
            task=f"{self.dag_id}.{self.task_id}",
            run=str(getattr(ti, "run_id", "")),
            last_try=getattr(ti, "try_number", 1) > (getattr(ti, "max_tries", 0) or 0),
        )

    def _options(self) -> BulkOptions:
        from airflow_provider_smartrecruiters.api.converge.bulk import BulkOptions

        return BulkOptions(
            plan_only=as_bool("plan_only", self.plan_only),
            force=as_bool("force", self.force),
            read_first=as_bool("read_first", self.read_first),
            stop_on_error=as_choice("on_item_error", self.on_item_error, ("continue", "stop")) == "stop",
            max_threads=as_positive("max_threads", self.max_threads),
            terms=terms_of(self, self._given),
        )


def bulk_of(item_operator: type[ItemOperator], arguments: dict[str, Any]) -> BulkOperator:
    """Return the task for ``item_operator.bulk(**arguments)``.

    :raises TypeError: an argument can only be given in an item, or the operator overrides a method that a batch does
        not call.
    """
    if "expect" in arguments:
        raise TypeError(f"{item_operator.__name__}.bulk() does not take `expect`. Give it in each item instead.")
    # Accepted and ignored: a batch keeps no responses of the API.
    arguments.pop("return_response", None)
    shared = {name: arguments.pop(name) for name in item_operator.own_parameters() if name in arguments}
    return BulkOperator(item_operator=item_operator, shared=shared, **arguments)


def _nothing_sent(result: Mapping[str, Any]) -> bool:
    counts = result["counts"]
    return not (result["plan_only"] or counts["applied"] or counts["failed"])


def _slots(max_threads: Any) -> int:
    try:
        return max(1, int(max_threads))
    except (TypeError, ValueError):
        # A template, which is rendered after the scheduler has taken the slots.
        return MAX_CONCURRENT
