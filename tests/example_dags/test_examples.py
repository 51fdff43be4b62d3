"""The examples load on every Airflow, have correct forms, and do what they say against the emulator."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.approvals import escaped
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.forms import named_as_in_the_form
from tests.support import catalogue
from tests.use_cases.dag_runs import serialize

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

# The examples keep to the limit, but a machine may hold a request up until it is one too many, and then it comes again.
pytestmark = pytest.mark.smartrecruiters_emulator(rate=0)

EXAMPLES = Path(__file__).parents[2] / "example_dags"

CASES = {catalogue.name_of(change): catalogue.declaration(change) for change in catalogue.changes()}
CHANGES = {catalogue.name_of(change): change for change in catalogue.changes()}
FLOWS = {
    "all_operators",
    "answer_interviews",
    "correct_candidate_sources",
    "fill_job",
    "refresh_job_ads",
    "reject_stale_applications",
    "sync_job_positions",
}
SCHEDULED = {"clean_up_filled_job"}
ASKING = {"approve_then_reject", "approve_then_reject_many"}
# They need the results of another run, which no form can suggest.
AFTERWARDS = {"undo_rejections"}
A_JOB = "afadcca8-a951-4f10-8c75-f70b5685053c"
# The API cannot be asked for these, so every run writes them.
UNREADABLE = {name for name, case in CASES.items() if not case.reads}
ENUMERATED = {
    (name, field): (*choices, *([None] if change.model_fields[field].default is None else []))
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
    if (dag := bag.dags.get(f"smartrecruiters_{name}")) is None:
        pytest.fail(f'example_dags/{name}.py: Make dag_id "smartrecruiters_{name}"', pytrace=False)
    return dag


def filled_in(dag: Any) -> dict[str, Any]:
    """Return what a person enters who takes the first suggestion for each field that begins empty."""
    params = {name: dag.params.get_param(name) for name in dag.params}
    empty = {name: param.schema.get("examples") for name, param in params.items() if not param.has_value}
    return {name: examples[0] for name, examples in empty.items() if examples}


def ended(dag: Any, conf: dict[str, Any], **options: Any) -> Any:
    """Run a DAG for real, and return its run, whatever its state. The next run begins with the form's own values."""
    form = {name: dag.params.get_param(name).value for name in dag.params}
    serialize(dag)
    try:
        return dag.test(run_conf=conf, **options)
    finally:
        # Airflow writes what a run is given into the DAG's own params.
        for name, value in form.items():
            dag.params.get_param(name).value = value


def run(dag: Any, **conf: Any) -> Any:
    """Run a DAG for real, and return what its last task returned."""
    dag_run = ended(dag, filled_in(dag) | conf)
    assert str(dag_run.state) == "success", {ti.task_id: ti.state for ti in dag_run.get_task_instances()}
    return dag_run


def test_there_is_an_example_for_each_use_case(bag: Any) -> None:
    named = CASES.keys() | FLOWS | ASKING | AFTERWARDS | SCHEDULED
    for name in sorted(named):
        dag_of(bag, name)
    if unknown := set(bag.dags) - {f"smartrecruiters_{name}" for name in named}:
        pytest.fail(f"example_dags/: No use case and no flow of this module has the DAG of {sorted(unknown)}")
    for name, case in CASES.items():
        (task,) = dag_of(bag, name).tasks
        assert type(task) is case.operator, f"example_dags/{name}.py"


def test_all_operators_has_the_task_of_each_example(bag: Any) -> None:
    assert set(dag_of(bag, "all_operators").task_ids) == set(CASES)


def test_every_example_is_safe_to_load(bag: Any) -> None:
    for dag in bag.dags.values():
        # The scheduler starts none of them but those that wait for an event, and each has documentation.
        assert "smartrecruiters" in dag.tags, dag.dag_id
        assert dag.catchup is False
        assert dag.doc_md.strip(), dag.dag_id
        scheduled = find_spec("airflow.sdk") and dag.dag_id.removeprefix("smartrecruiters_") in SCHEDULED
        timetable = "AssetTriggeredTimetable" if scheduled else "NullTimetable"
        assert type(dag.timetable).__name__ == timetable, dag.dag_id
        # Text that looks like a number stays text.
        assert dag.render_template_as_native_obj is False


def test_plan_only_is_the_last_field_and_on(bag: Any) -> None:
    for dag in bag.dags.values():
        param = dag.params.get_param("plan_only")
        assert (param.value, param.schema["type"]) == (True, "boolean"), dag.dag_id
        assert list(dag.params)[-1] == "plan_only", dag.dag_id


def test_every_dag_and_task_has_words(bag: Any) -> None:
    for dag in bag.dags.values():
        assert dag.dag_display_name != dag.dag_id
        assert (dag.description or "").endswith("."), dag.dag_id
        assert set(dag.tags) & {"candidate", "interview", "job", "user"}, f"{dag.dag_id}: tag it with its record"
        for task in dag.tasks:
            assert task.task_display_name != task.task_id, (dag.dag_id, task.task_id)


def test_every_choice_has_words(bag: Any) -> None:
    for dag in bag.dags.values():
        for name in dag.params:
            schema = dag.params.get_param(name).schema
            choices = schema.get("enum") or (schema.get("examples", ()) if schema["type"] == "array" else ())
            shown = schema.get("values_display", {})
            assert all(shown.get("null" if choice is None else choice) for choice in choices), (dag.dag_id, name)


def test_no_id_is_a_default(bag: Any) -> None:
    for dag in bag.dags.values():
        for name in (name for name in dag.params if name.endswith("_id")):
            param = dag.params.get_param(name)
            assert not param.has_value or param.value is None, f"{dag.dag_id}: give examples=[…] for {name}"


def test_every_param_says_what_it_is(bag: Any) -> None:
    for dag in bag.dags.values():
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema["title"], (dag.dag_id, name)
            assert param.description.endswith("."), (dag.dag_id, name)


def test_every_switch_says_what_both_of_its_sides_do(bag: Any) -> None:
    for dag in bag.dags.values():
        for param in (dag.params.get_param(name) for name in dag.params):
            if param.schema["type"] == "boolean":
                assert param.description.startswith("On: "), (dag.dag_id, param.schema["title"])
                assert " Off: " in param.description, (dag.dag_id, param.schema["title"])


def test_what_a_form_says_has_the_words_of_its_drop_downs_and_no_requests(bag: Any) -> None:
    params = [dag.params.get_param(name) for dag in bag.dags.values() for name in dag.params]
    codes = {code for param in params for code in param.schema.get("values_display", {}) if code.isupper()}
    assert "IN_REVIEW" in codes
    for param in params:
        said = set(re.findall(r"\w+", param.description))
        assert not said & (codes | {"GET", "PUT", "POST", "PATCH"}), param.description
        # Airflow 3.3 draws code spans over the line above.
        assert "`" not in param.description
        assert "description_md" not in param.schema


@pytest.mark.parametrize(("name", "param"), list(ENUMERATED))
def test_enumerated_values_are_a_drop_down(bag: Any, name: str, param: str) -> None:
    assert tuple(dag_of(bag, name).params.get_param(param).schema["enum"]) == ENUMERATED[name, param]


@pytest.mark.airflow_run
@pytest.mark.parametrize("name", [*CASES, *sorted(FLOWS | ASKING)])
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
@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("answer_interviews", {"statuses.timeslot.candidate.put": 2}),
        ("refresh_job_ads", {"jobs.jobads.update": 1, "jobs.jobads.postings.create": 1}),
        ("reject_stale_applications", {"candidates.status.update": 5}),
        ("sync_job_positions", {"jobs.positions.create": 1, "jobs.positions.update": 1}),
    ],
)
def test_what_is_composed_changes_nothing_the_second_time(
    bag: Any, connected_emulator: SmartRecruitersEmulator, name: str, writes: dict[str, int]
) -> None:
    for _ in range(2):
        run(dag_of(bag, name), plan_only=False)
        assert Counter(entry.operation_id for entry in connected_emulator.journal) == writes


@pytest.mark.airflow_run
def test_fill_job(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    run(dag_of(bag, "fill_job"), plan_only=False)
    wanted = ["jobs.positions.update", "jobs.status.update", "jobs.notes.update"]
    assert [entry.operation_id for entry in connected_emulator.journal.writes()] == wanted
    run(dag_of(bag, "fill_job"), plan_only=False)
    assert len(connected_emulator.journal) == len(wanted)


@pytest.mark.airflow_run
def test_clean_up_filled_job(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag = dag_of(bag, "clean_up_filled_job")
    # Nothing was filled, and no job is given.
    assert str(ended(dag, {"plan_only": False}).state) == "success"
    assert connected_emulator.requests == []
    waiting = {ref.candidate_id for ref in connected_emulator.state.applications("NEW") if ref.job_id == A_JOB}
    run(dag, job_id=A_JOB, plan_only=True)
    assert connected_emulator.journal == []
    run(dag, job_id=A_JOB, plan_only=False)
    rejected = {entry.path.split("/")[2] for entry in connected_emulator.journal.writes("candidates.status.update")}
    assert waiting
    assert waiting <= rejected
    assert all(entry.path.endswith(f"/jobs/{A_JOB}/status") for entry in connected_emulator.journal)


@pytest.mark.airflow_run
def test_reject_stale_applications(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag = dag_of(bag, "reject_stale_applications")
    job_id = filled_in(dag)["job_id"]
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
    dag = dag_of(bag, "reject_stale_applications")
    dag_run = ended(dag, filled_in(dag) | {"plan_only": False, "at_most": 1})
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
    dag_run = ended(dag_of(bag, "correct_candidate_sources"), {"plan_only": False, "at_most": 5})
    assert str(dag_run.state) == "failed"
    assert connected_emulator.journal == []


@pytest.mark.airflow_run
def test_undo_rejections(bag: Any, connected_emulator: SmartRecruitersEmulator, tmp_path: Path) -> None:
    results = str(tmp_path / "results.jsonl")
    found = connected_emulator.state.applications("IN_REVIEW")[:3]
    items = [{"candidate_id": ref.candidate_id, "job_id": ref.job_id} for ref in found]
    RejectApplicationOperator.bulk(task_id="reject", items=items, results_path=results).execute({})
    run(dag_of(bag, "undo_rejections"), results=results)
    assert len(connected_emulator.journal.writes()) == 3
    run(dag_of(bag, "undo_rejections"), results=results, plan_only=False)
    assert {connected_emulator.state.application(**item).status for item in items} == {"IN_REVIEW"}


@pytest.mark.airflow_run
def test_a_pasted_address_is_understood(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag = dag_of(bag, "update_job_status")
    job_id = filled_in(dag)["job_id"]
    run(dag, plan_only=False, job_id=f"https://www.smartrecruiters.com/app/jobs/details/{job_id}/people")
    (write,) = connected_emulator.journal.writes()
    assert write.path == f"/jobs/{job_id}/status"


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("value", [" ", "an id ", "https://www.smartrecruiters.com/app/home"])
def test_a_wrong_id_is_named_as_in_the_form(bag: Any, name: str, value: str) -> None:
    dag = dag_of(bag, name)
    (task,) = dag.tasks
    field = CHANGES[name].ids[0]
    with pytest.raises(InvalidInputError) as caught, named_as_in_the_form(task):
        CHANGES[name](**{field: value})
    _, _, fields = str(caught.value).partition("In the trigger form: ")
    assert f'"{dag.params.get_param(field).schema["title"]}"' in fields


def answered(dag: Any) -> str:
    """Run the approval as if every button had been pressed."""
    return str(ended(dag, filled_in(dag) | {"plan_only": False}, mark_success_pattern="approve").state)


@pytest.mark.airflow_run
def test_approve_then_reject(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag = dag_of(bag, "approve_then_reject")
    assert answered(dag) == "success"
    assert [entry.body["status"] for entry in connected_emulator.journal.writes()] == ["REJECTED"]
    # The second time nothing would change, so nobody is asked and nothing is sent.
    run(dag, plan_only=False)
    assert len(connected_emulator.journal.writes()) == 1


@pytest.mark.airflow_run
def test_approve_then_reject_many(bag: Any, connected_emulator: SmartRecruitersEmulator) -> None:
    dag = dag_of(bag, "approve_then_reject_many")
    job_id = filled_in(dag)["job_id"]
    waiting = {ref.candidate_id for ref in connected_emulator.state.applications("NEW") if ref.job_id == job_id}
    assert len(waiting) > 1
    assert answered(dag) == "success"
    writes = connected_emulator.journal.writes()
    assert {entry.path for entry in writes} == {f"/candidates/{one}/jobs/{job_id}/status" for one in waiting}
    assert {entry.body["status"] for entry in writes} == {"REJECTED"}
    # The second time nothing would change, so nobody is asked and nothing is sent.
    run(dag, plan_only=False)
    assert len(connected_emulator.journal.writes()) == len(waiting)


@pytest.mark.airflow_run
@pytest.mark.parametrize("show_names", [False, True])
def test_the_question_about_many_says_who(
    bag: Any, connected_emulator: SmartRecruitersEmulator, show_names: bool
) -> None:
    dag = dag_of(bag, "approve_then_reject_many")
    job_id = filled_in(dag)["job_id"]
    waiting = {ref.candidate_id for ref in connected_emulator.state.applications("NEW") if ref.job_id == job_id}
    with connected_emulator.state.editing() as tenant:
        names = {tenant.candidates[one].last_name for one in waiting}
    conf = filled_in(dag) | {"plan_only": False, "show_names": show_names}
    dag_run = ended(dag, conf, mark_success_pattern="approve|reject")
    (asked,) = [ti.xcom_pull(task_ids="write_question") for ti in dag_run.get_task_instances() if ti.task_id == "plan"]
    assert asked["subject"].startswith(f"Reject {len(waiting)} applications for ")
    assert f"**{len(waiting)} records would change.**" in asked["body"]
    shown = {one for one in waiting if escaped(one) in asked["body"]}
    assert shown == (set() if show_names else waiting)
    assert {name for name in names if escaped(name) in asked["body"]} == (names if show_names else set())


@pytest.mark.parametrize(
    ("name", "who"), [("approve_then_reject", "candidate"), ("approve_then_reject_many", "candidates")]
)
def test_the_question_keeps_the_candidates_unless_somebody_rejects(
    bag: Any, approvals: bool, name: str, who: str
) -> None:
    dag = dag_of(bag, name)
    if not approvals:
        assert dag.get_task("write_question").downstream_task_ids == {"reject"}
        return
    approve = dag.get_task("approve")
    assert approve.options == [f"Reject the {who}", f"Keep the {who}"]
    assert approve.options_mapping == {f"Reject the {who}": "reject", f"Keep the {who}": "keep"}
    assert approve.defaults == [f"Keep the {who}"]
    assert approve.response_timeout.total_seconds() == 24 * 3600


def test_the_forms_can_be_sent_to_the_browser(bag: Any) -> None:
    for dag in bag.dags.values():
        for name in dag.params:
            json.dumps(dag.params.get_param(name).dump())
