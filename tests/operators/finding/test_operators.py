"""The rules that hold for every search operator, and what a search task does."""

from __future__ import annotations

import inspect
import json
import logging
import re
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.exceptions import InvalidInputError, ServerError
from airflow_provider_smartrecruiters.operators import search as operators
from airflow_provider_smartrecruiters.operators.common.task import unwrapped
from airflow_provider_smartrecruiters.operators.finding import kept
from airflow_provider_smartrecruiters.operators.finding.operator import SearchOperator
from tests.operators.bulk.batches import StateStore, TaskInstance, context
from tests.operators.test_meta import Untouchable, a_dag, check_example, example_of
from tests.support.catalogue import ROOT

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

KINDS = [getattr(operators, name) for name in operators.__all__]
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def search_of(kind: Any) -> Any:
    from airflow_provider_smartrecruiters import api

    return getattr(api, kind.__name__.removesuffix("Operator"))


@each
def test_a_search_operator_is_declared_as_its_search(kind: Any) -> None:
    fields = search_of(kind).model_fields
    parameters = inspect.signature(kind.__init__).parameters
    assert set(kind.filters()) == set(fields)
    for name in kind.filters():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        required = parameters[name].default is inspect.Parameter.empty
        assert required == fields[name].is_required()
        assert required or parameters[name].default == fields[name].default
    doc = inspect.getdoc(kind) or ""
    assert re.findall(r"^:param (\w+): \S", doc, flags=re.MULTILINE) == [*kind.filters(), "kwargs"]
    assert f"``{search_of(kind).endpoint}``" in doc
    assert re.search(r"^API reference: https://developers\.smartrecruiters\.com/", doc, flags=re.MULTILINE)
    assert set(kind.private_fields) <= set(kind.filters())


@each
def test_the_page_about_searching_has_every_parameter(kind: Any) -> None:
    page = (ROOT / "docs" / "searching.md").read_text(encoding="utf-8")
    section = page.partition(f"\n#### {kind.__name__}\n")[2].partition("\n#")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE) == [*kind.filters()]
    assert [name for name in SearchOperator.template_fields if f"`{name}`" not in page] == []


@each
def test_parameters_are_stored_untouched_and_rendered(kind: Any) -> None:
    names = list(kind.template_fields)
    given = {name: Untouchable() for name in names if name != "results_path"}
    operator = kind(task_id="task", **given)
    assert all(getattr(operator, name) is value for name, value in given.items())
    operator = kind(task_id="task", **{name: "{{ params['" + name + "'] }}" for name in names})
    operator.render_template_fields({"params": {name: f"value of {name}" for name in names}})
    assert {name: unwrapped(getattr(operator, name)) for name in names} == {name: f"value of {name}" for name in names}
    assert all("value" not in str(getattr(operator, name)) for name in kind.private_fields)


@each
def test_the_example_runs(kind: Any) -> None:
    required = [name for name in kind.filters() if search_of(kind).model_fields[name].is_required()]
    code = example_of(kind)
    check_example(code, kind.__name__, list(kind.template_fields), required)
    with a_dag() as dag:
        exec(code, {kind.__name__: kind})
    assert [type(task) for task in dag.tasks] == [kind]


@each
@pytest.mark.parametrize("native", [False, True])
def test_a_filter_that_a_template_renders_to_nothing_is_refused(kind: Any, native: bool) -> None:
    for name in (*kind.filters(), "max_results", "min_results", "expected_count"):
        with a_dag(render_template_as_native_obj=native):
            operator = kind(
                task_id="task",
                **{"job_ids": "j", name: "{{ params.x }}"} if "job_ids" in kind.filters() else {name: "{{ params.x }}"},
            )
        operator.render_template_fields({"params": {"x": None if native else ""}}, operator.dag.get_template_env())
        with pytest.raises(InvalidInputError, match=f"The guard {name} is blank") as caught:
            operator._run(context())
        assert caught.value.fields == (name,)


def test_text_about_people_is_private() -> None:
    assert {name for kind in KINDS for name in kind.private_fields} == {"tags", "q", "email_address"}


def run(operator: SearchOperator, store: StateStore | None = None) -> tuple[Any, dict[str, Any]]:
    given = context(store)
    returned = operator.execute(given)
    return returned, given["ti"].pushed


def test_any_switches_a_filter_off(emulator: Any) -> None:
    search = operators.SearchJobsOperator(task_id="s", statuses="any", q="ANY", cities=["Berlin"])
    assert search.search().statuses is None is search.search().q


def test_small_results_go_to_xcom(emulator: Any) -> None:
    returned, pushed = run(operators.SearchJobsOperator(task_id="s", statuses="FILLED"))
    assert returned == pushed["items"] != []
    assert pushed["results"] is None
    assert pushed["complete"] is True
    assert pushed["counts"]["found"] == len(returned)
    assert len(json.dumps(pushed)) < 64 * 1024


def test_results_that_do_not_fit_into_xcom_need_a_file(emulator: Any, monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(kept, "MOST_IN_XCOM", 5)
    with pytest.raises(InvalidInputError, match="more than fit into an XCom"):
        run(operators.SearchJobsOperator(task_id="s"))
    path = tmp_path / "new" / "jobs.jsonl.gz"
    returned, pushed = run(operators.SearchJobsOperator(task_id="s", results_path=str(path)))
    assert returned == pushed["results"] == str(path)
    assert "items" not in pushed
    from airflow_provider_smartrecruiters.operators.bulk.sources.given import source_of

    items = [item.arguments for item in source_of("items", returned)]
    assert len(items) == pushed["counts"]["found"] > 5
    assert all(item.keys() == {"job_id"} for item in items)


def test_a_result_that_was_cut_says_so(emulator: Any, caplog: Any) -> None:
    returned, pushed = run(operators.SearchJobsOperator(task_id="s", max_results="4"))
    assert len(returned) == 4
    assert pushed["complete"] is False
    assert "Stopped at 4, the number in max_results" in caplog.text


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"min_results": 999}, "jobs, but min_results is 999"),
        ({"expected_count": 3}, "found more than 3 jobs, the number in expected_count"),
        ({"expected_count": 999}, "jobs, but expected_count is 999"),
        ({"max_results": 0}, "max_results must be a whole number of at least 1"),
    ],
)
def test_a_number_of_matches_that_nobody_expects_fails_the_task(
    emulator: Any, tmp_path: Any, limits: Any, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        run(operators.SearchJobsOperator(task_id="s", results_path=str(tmp_path / "r.jsonl"), **limits), StateStore())
    assert isinstance(caught.value, AirflowFailException)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("impatient")
def test_a_retry_goes_on_at_the_page_that_failed(emulator: Any, tmp_path: Any, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    path, store = tmp_path / "found.jsonl", StateStore()
    search = operators.SearchApplicationsOperator(task_id="s", q="example.com", results_path=str(path))
    wanted, _ = run(search)
    before = len(emulator.requests)
    store.values.clear()
    emulator.fail_next("get candidates", status=500, times=2, skip=2)
    with pytest.raises(ServerError):
        run(search, store)
    assert len(list(tmp_path.glob("*.part"))) == 1
    assert run(search, store)[0] == wanted
    # The two failed attempts at the third page, and nothing else twice.
    assert len(emulator.requests) == 2 * before + 2
    assert "An earlier try read 2 pages and found" in caplog.text
    assert list(tmp_path.glob("*.part")) == []
    assert caplog.messages[-1].startswith("Done: ")


@pytest.mark.off_contract("request", "response")
def test_a_page_that_the_api_no_longer_knows_makes_a_retry_start_over(emulator: Any, caplog: Any) -> None:
    store = StateStore(dies_after=3)
    search = operators.SearchApplicationsOperator(task_id="s", q="example.com")
    with pytest.raises(SystemExit):
        run(search, store)
    store.dies_after = None
    header = store.get("smartrecruiters_search")
    header["reached"]["after"] = {"pageId": "!!"}
    store.set("smartrecruiters_search", header)
    search = operators.SearchApplicationsOperator(task_id="s", q="example.com")
    found, pushed = run(search, store)
    assert "no longer knows the page" in caplog.text
    assert len(found) == pushed["counts"]["found"] == len({tuple(item.values()) for item in found})


def test_a_failure_that_no_retry_follows_leaves_nothing_behind(emulator: Any, tmp_path: Any, impatient: None) -> None:
    path, store = tmp_path / "found.jsonl", StateStore()
    search = operators.SearchApplicationsOperator(task_id="s", results_path=str(path))
    emulator.fail_next("get candidates", status=500, times=9, skip=2)
    given = context(store)
    given["ti"] = TaskInstance(max_tries=0)
    given["ti"].try_number = 1
    with pytest.raises(ServerError):
        search.execute(given)
    assert (list(tmp_path.iterdir()), store.values) == ([], {})


def test_each_mapped_instance_has_a_file_of_its_own(emulator: Any, tmp_path: Any) -> None:
    search = operators.SearchJobsOperator(task_id="s", results_path=str(tmp_path / "r.jsonl"), statuses="FILLED")
    given = context()
    given["ti"].map_index = 3
    search.execute(given)
    assert [path.name for path in tmp_path.iterdir()] == ["r.3.jsonl"]
