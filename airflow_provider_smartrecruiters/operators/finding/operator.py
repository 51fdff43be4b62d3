"""The base class of the search operators: parameters, guards, and what goes to XCom."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_smartrecruiters.operators.common.params import as_count, as_guard, as_positive
from airflow_provider_smartrecruiters.operators.common.task import (
    WithHook,
    hidden_in_airflow,
    parameters_of,
    unwrapped,
    wrapped,
)
from airflow_provider_smartrecruiters.operators.forms import named_as_in_the_form
from airflow_provider_smartrecruiters.operators.ui.documentation import document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_smartrecruiters.api.reads.search import RecordSearch
    from airflow_provider_smartrecruiters.operators.common.params import Reader
    from airflow_provider_smartrecruiters.operators.finding.run import SearchRun


class SearchOperator(WithHook, BaseOperator):
    """Base class of the search operators: find records, and return their ids as the items of a batch.

    A subclass declares its signature and the search that its parameters describe (:attr:`search_name`). All parameters
    are templated and are parsed only after rendering.

    Every filter is a guard: one that a template rendered to nothing is refused, since the search would find more than
    was asked for, and what it finds is written to. ``any`` switches a filter off.

    A retry of the task goes on at the page that the try before it had reached (Airflow 3.3); on older versions it
    starts over. Every match is in the result once.

    :param results_path: where to write the matches, one JSON line each, as ``.bulk(items=...)`` reads them: an object
        storage URI or an absolute path that ends in ``.jsonl`` or ``.ndjson`` (``.gz`` may follow). Default ``None``:
        they go to XCom alone, and more than 500 are an error. In a mapped task, the map index is put before the
        extension, unless the template contains ``map_index`` itself.
    :param max_results: number of matches after which to stop. The log then warns, and the XCom ``complete`` is false.
        Int from 1, default ``None`` (no limit).
    :param min_results: fewest matches; with fewer, the task fails. Int, default ``None``.
    :param expected_count: exact number of matches; with any other, the task fails. Int, default ``None``.
    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    :param kwargs: the parameters of every Airflow operator (``task_id``, ``retries``, ...).
    :raises InvalidInputError: a parameter cannot be used, the number of matches is not as required, or there are more
        than fit into an XCom and no ``results_path``.
    :raises SmartRecruitersError: the connection, the network or the API failed. The subclass lists the cases.
    """

    template_fields: Sequence[str] = (
        "results_path",
        "max_results",
        "min_results",
        "expected_count",
        "smartrecruiters_conn_id",
    )
    search_name: ClassVar[str]
    """The search that the operator describes, relative to the package's ``api.reads``: ``search_jobs.SearchJobs``. A
    name instead of the class, because importing it would load pydantic and requests into every DAG file."""
    parameter_readers: ClassVar[Mapping[str, Reader]] = {}
    """Parsers of the filters that are more than text, by name."""
    private_fields: Sequence[str] = ()
    """Template fields with text about people. Airflow shows the size of such a field instead of its text."""
    ui_color = "#e6eefc"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.template_fields = (*parameters_of(cls), *SearchOperator.template_fields)

    def __init__(
        self,
        *,
        results_path: str | None = None,
        max_results: int | str | None = None,
        min_results: int | str | None = None,
        expected_count: int | str | None = None,
        smartrecruiters_conn_id: str = "smartrecruiters_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        document(self)
        self.results_path = results_path
        self.max_results = max_results
        self.min_results = min_results
        self.expected_count = expected_count
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self._given: frozenset[str] | None = None
        self._is_own_path = "map_index" in str(results_path)

    @classmethod
    def filters(cls) -> tuple[str, ...]:
        """Return the names of the parameters that this operator has of its own."""
        return tuple(name for name in cls.template_fields if name not in SearchOperator.template_fields)

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # Before rendering: afterwards, a filter that a template rendered to None looks like one that was left out.
        parent._given = parent._guards_set()
        super()._do_render_template_fields(parent, *args, **kwargs)
        # As in the base of the other operators: Airflow stores and shows what this method leaves in the fields.
        for name in self.private_fields:
            setattr(parent, name, wrapped(getattr(parent, name)))

    def _guards_set(self) -> frozenset[str]:
        return frozenset(name for name in self.template_fields if getattr(self, name) is not None)

    def search(self) -> RecordSearch:
        """Build the search from the operator's parameters. Called after rendering.

        :raises InvalidInputError: a parameter cannot be used.
        """
        module, _, name = self.search_name.rpartition(".")
        kind = getattr(import_module(f"airflow_provider_smartrecruiters.api.reads.{module}"), name)
        with hidden_in_airflow(self.private_fields):
            readers = {name: self.parameter_readers.get(name, lambda _, value: value) for name in self.filters()}
            given = {name: self._guard(name, read) for name, read in readers.items()}
            wanted: RecordSearch = kind(**{name: value for name, value in given.items() if value is not None})
            return wanted

    def _guard(self, name: str, read: Reader) -> Any:
        given = self._guards_set() if self._given is None else self._given
        return as_guard(name, unwrapped(getattr(self, name)), read, given=name in given)

    def execute(self, context: Context) -> list[dict[str, str]] | str:
        """Search.

        :param context: Airflow's task context.
        :return: what ``.bulk(items=...)`` takes: the list of matches, which ``expand_kwargs()`` takes as well; or, of
            more than 500, the location of the results file. XComs with more: ``items`` (the list; not for more than
            500), ``results`` (the location, or ``None``), ``counts`` (``found``, ``read``, ``undecided``, ``pages``)
            and ``complete`` (false if ``max_results`` ended the search).
        :raises SmartRecruitersError: see the class. An error that a retry cannot fix is also an
            ``AirflowFailException``.
        """
        from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

        with as_airflow_error(self.smartrecruiters_conn_id), named_as_in_the_form(self):
            found = self._run(context).carry_out()
        returned: list[dict[str, str]] | str = found["results"] if found["items"] is None else found["items"]
        ti = context.get("ti")
        if self.do_xcom_push and ti is not None:
            # expand() takes nothing but the return value, so the list is that; and templates take names.
            for key, value in found.items():
                if key != "items" or value is not None:
                    ti.xcom_push(key=key, value=value)
        return returned

    def _run(self, context: Context) -> SearchRun:
        from airflow_provider_smartrecruiters.operators.common.files import own_location
        from airflow_provider_smartrecruiters.operators.finding.run import Limits, SearchRun

        ti = context.get("ti")
        max_tries = getattr(ti, "max_tries", None)
        limits = Limits(
            max_results=self._guard("max_results", as_positive),
            min_results=self._guard("min_results", as_count),
            expected_count=self._guard("expected_count", as_count),
        )
        location = own_location(self.results_path, getattr(ti, "map_index", -1), is_own=self._is_own_path)
        return SearchRun(
            self.hook,
            self.search(),
            limits=limits,
            results_path=location,
            store=context.get("task_state_store"),
            max_tries=max_tries,
            last_try=max_tries is not None and getattr(ti, "try_number", 0) > max_tries,
        )
