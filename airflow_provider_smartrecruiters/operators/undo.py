"""The operator that takes a batch back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.api.pacing import MAX_CONCURRENT
from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_mapping, is_blank, is_literal
from airflow_provider_smartrecruiters.operators.common.task import unwrapped, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.operators.bulk.items import ItemOperator
    from airflow_provider_smartrecruiters.operators.bulk.sources.resolve import ItemsFrom


class UndoBulkOperator(BulkOperator):
    """Take back what a batch changed: bring each of its records to the state before.

    Reads the results file of the batch. Only what that batch changed is touched. A record that is no longer as the
    batch left it fails (:class:`.StalePlanError`) and is not written; one that is back already is unchanged, so that a
    second undo sends nothing. It is a batch like any other: it is checked as a whole before the first item is sent, can
    be planned, has a results file of its own, and resumes after a kill.

    It undoes ``RejectApplicationOperator``, ``UpdateCandidateJobStatusOperator``, ``UpdateCandidateTagsOperator``,
    ``UpdateCandidateTimeslotStatusOperator`` and ``UpdateJobStatusOperator``. The results of any other operator are
    refused with the reason.

    What a candidate has seen, and messages that SmartRecruiters has sent, cannot be taken back.

    .. code-block:: python

        UndoBulkOperator(
            task_id="undo_rejections",
            results="s3://aws_default@hr/results/{{ params.run }}.jsonl",
            only_if_status_in=["REJECTED"],
            plan_only=True,
        )

    Endpoint: that of the operator that made the changes.

    :param results: results file of the batch (its ``results_path``): an object storage URI or an absolute path. Also
        the result of the batch (its XCom), which names that file.
    :param items: the items of the batch, as they were given to it. Only for tags, which a results file never holds.
        Default ``None``.
    :param shared: parameters that all items of the batch shared, a mapping. Only for tags. Default ``None``.
    :param skip_irreversible: leave out items that cannot be undone, which the log names, instead of refusing the whole
        batch. Bool, default false.
    :param max_items: largest number of items to undo. Int, default 1,000; ``None`` or ``any`` for no limit.
    :param expected_count: exact number of items to undo. Int, default ``None`` (any number).
    :param only_if_status_in: skip applications whose status is not one of these, a list of texts. Default ``None``.
    :param protect_hired: skip applications that are ``HIRED`` now, unless ``only_if_status_in`` names that status: the
        undo of a hire needs one of the two. Bool, default true.
    :param on_item_error: as for :class:`.BulkOperator`.
    :param fail_above: as for :class:`.BulkOperator`.
    :param results_path: where to write the results file of the undo; as for :class:`.BulkOperator`.
    :param max_threads: as for :class:`.BulkOperator`.
    :param plan_only: dry run: read and compare, send no write. Bool, default false.
    :param smartrecruiters_conn_id: id of the Airflow connection; the one of the batch.
    :param kwargs: the parameters of every Airflow operator (``task_id``, ``retries``, ``pool``, ...).
    :raises InvalidInputError: the results cannot be used, or an item cannot be undone; nothing was sent.
    :raises BulkFailedError: more items failed than ``fail_above`` allows, such as records that changed since.
    :raises AuthenticationError: the API stopped accepting the credential; the undo was aborted.
    :raises ConfigurationError: the connection cannot be used.
    :return: the result of :meth:`.BulkOperator.execute`.
    """

    template_fields: Sequence[str] = (
        "results",
        "items",
        "shared",
        "skip_irreversible",
        "max_items",
        "expected_count",
        "only_if_status_in",
        "protect_hired",
        "on_item_error",
        "fail_above",
        "results_path",
        "max_threads",
        "plan_only",
        "smartrecruiters_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"results": "json", "items": "json", "shared": "json"}
    ui_color = "#f3e7c4"

    def __init__(
        self,
        *,
        results: str | Mapping[str, Any],
        items: Sequence[Mapping[str, Any]] | str | None = None,
        shared: Mapping[str, Any] | str | None = None,
        skip_irreversible: bool | str = False,
        max_items: int | str | None = 1000,
        expected_count: int | str | None = None,
        only_if_status_in: list[str] | str | None = None,
        protect_hired: bool | str = True,
        on_item_error: str = "continue",
        fail_above: float | str = 0.0,
        results_path: str | None = None,
        max_threads: int | str = MAX_CONCURRENT,
        plan_only: bool | str = False,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            # The results say which operator it is.
            item_operator=SmartRecruitersBaseOperator,
            shared={},
            items=items,
            max_items=max_items,
            expected_count=expected_count,
            only_if_status_in=only_if_status_in,
            protect_hired=protect_hired,
            on_item_error=on_item_error,
            fail_above=fail_above,
            results_path=results_path,
            max_threads=max_threads,
            plan_only=plan_only,
            smartrecruiters_conn_id=smartrecruiters_conn_id,
            **kwargs,
        )
        self.results = results
        self.shared = shared  # type: ignore[assignment]
        self.skip_irreversible = skip_irreversible
        self.custom_operator_name = type(self).__name__

    def _hide_values(self) -> None:
        # Whatever the operator of that batch is, only what a results file never holds is needed here.
        if not isinstance(self.items, str) or is_literal(self.items):
            self.items = wrapped(self.items)
        self.shared = wrapped(self.shared)

    def execute(self, context: Context) -> dict[str, Any]:
        """Undo the batch, or only plan that with ``plan_only``.

        :param context: Airflow's task context.
        :return: as :meth:`.BulkOperator.execute`. ``use_case`` is that of the changes that are sent.
        :raises SmartRecruitersError: see the class. An error that a retry cannot fix is also an
            ``AirflowFailException``.
        """
        return super().execute(context)

    def _batch(self) -> tuple[type[ItemOperator], ItemsFrom, Mapping[str, Any]]:
        from airflow_provider_smartrecruiters.operators.bulk.sources.given import source_of
        from airflow_provider_smartrecruiters.operators.bulk.sources.identity import account_of
        from airflow_provider_smartrecruiters.operators.bulk.sources.resolve import ItemsFrom
        from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsRows
        from airflow_provider_smartrecruiters.operators.bulk.sources.undone import UndoItems, change_in, operator_of

        results = ResultsRows("results", self._location())
        change = change_in(results)
        items = unwrapped(self.items)
        undo = UndoItems(
            results,
            change,
            given=None if is_blank(items) else source_of("items", items),
            shared=as_mapping("shared", unwrapped(self.shared)) or {},
            connection=account_of(self.hook),
            skip_irreversible=as_bool("skip_irreversible", self.skip_irreversible),
        )
        return operator_of(change.undone_by or ""), ItemsFrom(undo=undo), {}

    def _location(self) -> Any:
        """Return the location of the results file, also from the result of the batch."""
        given = self.results
        if not isinstance(given, Mapping) and not (isinstance(given, str) and given.lstrip().startswith("{")):
            return given
        if location := (as_mapping("results", given) or {}).get("results"):
            return location
        from airflow_provider_smartrecruiters.operators.common.files import refused

        raise refused(
            "results",
            "holds the result of a batch that wrote no results file",
            "Only a batch with results_path can be undone.",
        )
