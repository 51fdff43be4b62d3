"""The examples load on every Airflow, have correct forms, and do what they say against the emulator."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import catalogue

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

EXAMPLES = Path(__file__).parents[2] / "example_dags"

CASES = {catalogue.name_of(change): catalogue.declaration(change) for change in catalogue.changes()}
CHANGES = {catalogue.name_of(change): change for change in catalogue.changes()}
FLOWS = {"all_operators", "correct_candidate_sources", "fill_job", "reject_stale_applications"}
# The API cannot be asked for these, so every run writes them.
UNREADABLE = {name for name, case in CASES.items() if not case.reads}
ENUMERATED = {
    (name, field): (*choices, *([] if change.model_fields[field].is_required() else [None]))
    for name, change in CHANGES.items()
    for field in change.model_fields
    if (choices := catalogue.choices(change, field))
}


@pytest.fixture(scope="module")
def bag(airflow_db: None) -> Any:
    """The example DAGs, loaded by this Airflow."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models import DagBag

    loaded = DagBag(str(EXAMPLES))
    if "AirflowDagDuplicatedIdException" in (errors := str(loaded.import_errors)):
        pytest.fail(
            "example_dags/: Write dag = DAG(…), and dag=dag for the task, instead of with DAG(…): all_operators.py "
            f"loads the example as well, and Airflow would find its DAG in both. {errors}"
        )
    assert loaded.import_errors == {}
    return loaded


@pytest.fixture(scope="module")
def approvals() -> bool:
    """Whether this Airflow has approvals."""
    try:
        from airflow.providers.standard.operators.hitl import ApprovalOperator  # noqa: F401
    except ImportError:
        return False
    return True


def dag_of(bag: Any, name: str) -> Any:
    return bag.dags[f"smartrecruiters_{name}"]


def run(dag: Any, **conf: Any) -> Any:
    """Run a DAG for real, and return what its last task returned."""
    dag_run = dag.test(run_conf=conf)
    assert str(dag_run.state) == "success", {ti.task_id: ti.state for ti in dag_run.get_task_instances()}
    return dag_run


def test_there_is_an_example_for_each_use_case(bag: Any, approvals: bool) -> None:
    flows = FLOWS | ({"approve_then_reject"} if approvals else set())
    assert set(bag.dags) == {f"smartrecruiters_{name}" for name in CASES.keys() | flows}
    for name, case in CASES.items():
        (task,) = dag_of(bag, name).tasks
        assert type(task) is case.operator, f"example_dags/{name}.py"


def test_all_operators_has_the_task_of_each_example(bag: Any) -> None:
    assert set(dag_of(bag, "all_operators").task_ids) == set(CASES)


def test_every_example_is_safe_to_load(bag: Any) -> None:
    for dag in bag.dags.values():
        # The scheduler starts none of them, and each has documentation.
        assert set(dag.tags) == {"smartrecruiters"}, dag.dag_id
        assert dag.catchup is False
        assert dag.doc_md.strip(), dag.dag_id
        assert type(dag.timetable).__name__ == "NullTimetable", dag.dag_id
        # Text that looks like a number stays text.
        assert dag.render_template_as_native_obj is False


def test_plan_only_is_on_unless_someone_turns_it_off(bag: Any) -> None:
    for dag in bag.dags.values():
        if dag.dag_id == "smartrecruiters_approve_then_reject":
            continue  # it always plans first and asks for approval
        param = dag.params.get_param("plan_only")
        assert (param.value, param.schema["type"]) == (True, "boolean"), dag.dag_id


def test_every_param_says_what_it_is(bag: Any) -> None:
    for dag in bag.dags.values():
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema["title"], (dag.dag_id, name)
            assert param.description.endswith("."), (dag.dag_id, name)


@pytest.mark.parametrize(("name", "param"), list(ENUMERATED))
def test_enumerated_values_are_a_drop_down(bag: Any, name: str, param: str) -> None:
    assert tuple(dag_of(bag, name).params.get_param(param).schema["enum"]) == ENUMERATED[name, param]


@pytest.mark.airflow_run
@pytest.mark.parametrize("name", [*CASES, *sorted(FLOWS)])
def test_planning_sends_nothing(bag: Any, connected_emulator: SmartRecruitersEmulator, name: str) -> None:
    run(dag_of(bag, name))
    # Records that the API cannot return are not read.
    assert bool(connected_emulator.requests) is (name not in UNREADABLE)
    assert connected_emulator.journal == []


@pytest.mark.airflow_run
@pytest.mark.parametrize("name", list(CASES))
def test_the_second_run_changes_nothing(bag: Any, connected_emulator: SmartRecruitersEmulator, name: str) -> None:
    operation = CASES[name].example_operation or CASES[name].operation
    run(dag_of(bag, name), plan_only=False)
    assert [entry.operation_id for entry in connected_emulator.journal.writes()] == [operation]
    run(dag_of(bag, name), plan_only=False)
    assert [entry.operation_id for entry in connected_emulator.journal] == [operation] * (
        2 if name in UNREADABLE else 1
    )


@pytest.mark.airflow_run
def test_all_operators_twice(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    run(dag_of(bag, "all_operators"), plan_only=False)
    assert len(connected_emulator.journal.writes()) == len(connected_emulator.journal) == len(CASES)
    run(dag_of(bag, "all_operators"), plan_only=False)
    assert {entry.operation_id for entry in connected_emulator.journal[len(CASES) :]} == {
        case.operation for case in CASES.values() if not case.reads
    }


@pytest.mark.airflow_run
def test_values_of_the_form_reach_the_api(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    run(
        dag_of(bag, "update_candidate_job_status"),
        plan_only=False,
        status="HIRED",
        starts_on="2027-01-04",
    )
    (write,) = connected_emulator.journal.writes()
    assert write.body["status"] == "HIRED"
    assert write.body["startsOn"].startswith("2027-01-04")


@pytest.mark.airflow_run
def test_an_empty_form_field_is_not_sent(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    run(dag_of(bag, "update_candidate_tags"), plan_only=False, add=[], remove=["senior"])
    (write,) = connected_emulator.journal.writes()
    assert write.body == {"tags": ["german"]}


@pytest.mark.airflow_run
def test_fill_job(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    run(dag_of(bag, "fill_job"), plan_only=False)
    wanted = ["jobs.positions.update", "jobs.status.update", "jobs.notes.update"]
    assert [entry.operation_id for entry in connected_emulator.journal.writes()] == wanted
    run(dag_of(bag, "fill_job"), plan_only=False)
    assert len(connected_emulator.journal) == len(wanted)


@pytest.mark.airflow_run
def test_reject_stale_applications(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag = dag_of(bag, "reject_stale_applications")
    job_id = dag.params["job_id"]
    with connected_emulator.state.editing() as tenant:
        waiting = {
            application.candidate_id
            for application in tenant.applications.values()
            if application.job_id == job_id and application.status in {"NEW", "IN_REVIEW"}
        }
        fresh = sorted(waiting)[0]
        tenant.candidates[fresh].updated_on = "2099-01-01T00:00:00.000Z"
    run(dag, plan_only=False)
    rejected = {entry.path.split("/")[2] for entry in connected_emulator.journal.writes("candidates.status.update")}
    assert len(waiting) > 2
    assert rejected == waiting - {fresh}
    assert all(entry.path.endswith(f"/jobs/{job_id}/status") for entry in connected_emulator.journal)


@pytest.mark.airflow_run
def test_reject_stale_applications_has_a_limit(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag_run = dag_of(bag, "reject_stale_applications").test(run_conf={"plan_only": False, "at_most": 1})
    assert str(dag_run.state) == "failed"
    assert connected_emulator.journal == []


@pytest.mark.airflow_run
def test_correct_candidate_sources(bag: Any, connected_emulator: SmartRecruitersEmulator, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    with (EXAMPLES / "assets" / "sources.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    differs = []
    for row in rows:
        stored = connected_emulator.state.application(row["candidate_id"], row["job_id"])
        differs.append((stored.source_type_id, stored.source_id) != (row["source_type_id"], row["source_id"]))
    assert any(differs)
    for wanted in (differs, [False] * len(rows)):
        run(dag_of(bag, "correct_candidate_sources"), plan_only=False, results=str(results))
        assert [json.loads(line)["changed"] for line in results.read_text().splitlines()] == wanted
        assert len(connected_emulator.journal.writes("candidates.source.update")) == sum(differs)


@pytest.mark.airflow_run
def test_correct_candidate_sources_has_a_limit(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag_run = dag_of(bag, "correct_candidate_sources").test(run_conf={"plan_only": False, "at_most": 5})
    assert str(dag_run.state) == "failed"
    assert connected_emulator.journal == []


@pytest.mark.airflow_run
def test_approve_then_reject(bag: Any, approvals: bool, connected_emulator: SmartRecruitersEmulator) -> None:
    if not approvals:
        pytest.skip("this Airflow has no approvals; they came with 3.1")
    dag = dag_of(bag, "approve_then_reject")
    # dag.test() would wait for an approval.
    assert str(dag.test(mark_success_pattern="approve").state) == "success"
    assert [entry.body["status"] for entry in connected_emulator.journal.writes()] == ["REJECTED"]


def test_the_forms_can_be_sent_to_the_browser(bag: Any) -> None:
    for dag in bag.dags.values():
        for name in dag.params:
            json.dumps(dag.params.get_param(name).dump())
