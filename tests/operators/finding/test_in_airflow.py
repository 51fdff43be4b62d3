"""What a search finds reaches batches and mapped tasks, in a real Airflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.search import SearchApplicationsOperator
from tests.use_cases.dag_runs import new_dag, serialize

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = [pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0), pytest.mark.airflow_run]


def test_every_way_from_a_search_to_the_writes(
    connected_emulator: SmartRecruitersEmulator, airflow_db: None, tmp_path: Any
) -> None:
    job_id = connected_emulator.state.an_application("IN_REVIEW").job_id
    results = tmp_path / "found.jsonl"
    with new_dag("search_and_write") as dag:
        search = SearchApplicationsOperator(
            task_id="search",
            job_ids=job_id,
            statuses=["IN_REVIEW"],
            q="example.com",
            max_results=3,
            results_path=str(results),
        )
        RejectApplicationOperator.bulk(task_id="returned", items=search.output, plan_only=True)
        RejectApplicationOperator.bulk(task_id="by_key", items=search.output["items"], plan_only=True)
        RejectApplicationOperator.bulk(task_id="from_file", items=search.output["results"], plan_only=True)
        RejectApplicationOperator.partial(task_id="mapped", plan_only=True).expand_kwargs(search.output)
    serialize(dag)
    run = dag.test()
    instances = {(one.task_id, one.map_index): one for one in run.get_task_instances()}
    assert {key: str(one.state) for key, one in instances.items()} == dict.fromkeys(instances, "success")
    found = instances["search", -1].xcom_pull(task_ids="search")
    assert found == [json.loads(line) for line in results.read_text().splitlines()]
    assert len(found) == 3
    assert sorted(key[1] for key in instances if key[0] == "mapped") == list(range(len(found)))
    for task_id in ("returned", "by_key", "from_file"):
        assert instances[task_id, -1].xcom_pull(task_ids=task_id)["counts"]["total"] == len(found)
    counts = instances["search", -1].xcom_pull(task_ids="search", key="counts")
    assert (counts["found"], counts["undecided"]) == (3, 0)
    assert instances["search", -1].xcom_pull(task_ids="search", key="complete") is False
    from airflow.models.renderedtifields import RenderedTaskInstanceFields

    rendered = RenderedTaskInstanceFields.get_templated_fields(instances["search", -1]) or {}
    assert rendered["q"] == "(text of 11 characters)"
