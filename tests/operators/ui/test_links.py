"""Links from tasks to the pages of their records: every operator has them, and they hold nothing but ids."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smartrecruiters.api.values.addresses import APP_URL, PAGES, web_addresses
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from airflow_provider_smartrecruiters.operators.ui.links import LINKS
from airflow_provider_smartrecruiters.provider_info import get_provider_info
from tests.support import catalogue
from tests.use_cases.dag_runs import new_dag, run

each_operator = pytest.mark.parametrize("kind", catalogue.operators(), ids=lambda kind: kind.__name__)


def links_in_the_browser(dag) -> dict[str, str | None]:
    """Return the links of the only task instance of a DAG as Airflow's web server finds them."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.serialization import serialized_objects
    from airflow.utils.session import create_session

    serialization = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    (task,) = serialization.from_dict(serialization.to_dict(dag)).tasks
    with create_session() as session:
        instance = session.query(TaskInstance).filter_by(dag_id=dag.dag_id).one()
        return {name: task.get_extra_links(instance, name) for name in task.extra_links}


def test_there_is_a_link_for_each_page_and_airflow_knows_them_all():
    assert [link.record for link in LINKS] == [page.record for page in PAGES]
    assert get_provider_info()["extra-links"] == [f"{type(link).__module__}.{type(link).__name__}" for link in LINKS]
    assert len({link.xcom_key for link in LINKS}) == len({link.name for link in LINKS}) == len(LINKS)


@each_operator
def test_every_operator_links_to_the_pages_that_its_ids_lead_to(kind):
    change = catalogue.operators()[kind]
    pages = web_addresses("http://127.0.0.1", dict.fromkeys(change.ids, "1"))
    assert [link.record for link in kind.operator_extra_links] == list(pages)
    assert kind.operator_extra_links


def test_a_link_of_a_task_that_has_not_run_is_empty():
    operator = UpdateJobStatusOperator(task_id="task", job_id="{{ params.job_id }}", status="FILLED")
    (link,) = operator.operator_extra_links
    assert link.get_link(operator, ti_key=object()) == ""


def links_of(operator) -> dict[str, str]:
    """Run a task, and return its links as Airflow 3 asks for them."""
    with suppress(AirflowFailException):
        operator.execute({})
    return {link.name: link.get_link(operator, ti_key=object()) for link in operator.operator_extra_links}


@pytest.fixture
def connect(smartrecruiters_emulator, monkeypatch):
    def connect(**extra):
        connection = smartrecruiters_emulator.connection | {"extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
        return smartrecruiters_emulator

    return connect


@pytest.mark.parametrize("status", ["FILLED", "nonsense"])
def test_a_link_leads_to_the_record_only_if_its_id_has_been_checked(connect, status):
    emulator = connect(app_url="https://sr.example.com/")
    job_id = emulator.state.job_ids[0]
    links = links_of(UpdateJobStatusOperator(task_id="task", job_id=job_id, status=status))
    assert links == {"Job": f"https://sr.example.com/app/jobs/details/{job_id}" if status == "FILLED" else ""}


def test_a_task_that_fails_has_its_link(connect):
    """The first thing to do about a missing record is to look for it."""
    connect(app_url=APP_URL)
    assert links_of(UpdateJobStatusOperator(task_id="task", job_id="none", status="FILLED")) == {
        "Job": f"{APP_URL}/app/jobs/details/none"
    }


def test_no_link_where_the_web_application_is_not_known(connect):
    emulator = connect()
    operator = UpdateJobStatusOperator(task_id="task", job_id=emulator.state.job_ids[0], status="FILLED")
    assert links_of(operator) == {"Job": ""}


def test_a_link_never_fails_the_task(connect):
    emulator = connect(app_url="https://sr.example.com")

    class Refusing:
        def xcom_push(self, **_):
            raise RuntimeError("the database is gone")

    operator = UpdateJobStatusOperator(task_id="task", job_id=emulator.state.job_ids[0], status="FILLED")
    assert operator.execute({"ti": Refusing()})["applied"]


@pytest.mark.parametrize(("status", "ids"), [("ON_HOLD", 1), ("ON_HOLD", 2), ("nonsense", 1)])
def test_a_batch_has_the_links_of_what_all_its_items_share(connect, status, ids):
    emulator = connect(app_url="https://sr.example.com/")
    job_ids = emulator.state.job_ids[:ids]
    items = [{"job_id": job_id} for job_id in job_ids]
    links = links_of(UpdateJobStatusOperator.bulk(task_id="task", items=items, status=status))
    page = f"https://sr.example.com/app/jobs/details/{job_ids[0]}" if (status, ids) == ("ON_HOLD", 1) else ""
    assert links == {link.name: page if link.record == "job" else "" for link in LINKS}


def test_a_batch_of_applications_for_one_job_has_the_link_of_the_job(connect):
    emulator = connect(app_url="https://sr.example.com/")
    job_id = emulator.state.an_application("NEW").job_id
    items = [{"candidate_id": one.candidate_id, "job_id": job_id} for one in emulator.state.applications("NEW")]
    kind = next(one for one in catalogue.operators() if one.__name__ == "RejectApplicationOperator")
    links = links_of(kind.bulk(task_id="task", items=items[:3], plan_only=True, fail_above=1))
    assert {name for name, page in links.items() if page} == {"Job"}


@pytest.mark.airflow_run
def test_airflow_stores_the_links_and_gives_them_to_the_browser(airflow_db, connected_emulator):
    emulator = connected_emulator
    application = emulator.state.an_application("NEW")
    kind = next(one for one in catalogue.operators() if one.__name__ == "UpdateCandidateJobStatusOperator")
    with new_dag("links") as dag:
        kind(
            task_id="move",
            candidate_id=f"{{{{ '{application.candidate_id}' }}}}",
            job_id=application.job_id,
            status="IN_REVIEW",
        )
    run(dag)
    pages = web_addresses(emulator.url, {"candidate_id": application.candidate_id, "job_id": application.job_id})
    assert links_in_the_browser(dag) == {record.capitalize(): address for record, address in pages.items()}
