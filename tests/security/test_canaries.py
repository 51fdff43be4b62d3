"""
No secret anywhere, and what people wrote in no place but the declared one: searched for after a real Airflow run.

Everything that can happen (success, each documented error, errors that repeat what was sent, each kind of fault)
happens to the use cases, in processes that a scheduler started, with logs on disk. Then all that Airflow left behind
is searched. Leaks on purpose in the same run show that the search finds them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from tests.security.airflow_run import AIRFLOW_3, AirflowRun, airflow_run
from tests.security.canaries import Canary, Finding, Text, person, search, secret
from tests.security.scenarios import Canaries, Stage, carriers, name_of_case, scenarios, stage, text_fields
from tests.support import catalogue

if TYPE_CHECKING:
    from tests.use_cases.use_case import UseCase

pytestmark = [pytest.mark.slow, pytest.mark.airflow_run, pytest.mark.timeout(1200)]

PATIENCE = 600.0
PLANTED = {
    "log": "log",
    "base64": "log",
    "url": "log",
    "xcom": "xcom",
    "rendered": "rendered",
    "exception": "log",
    "file": "file",
    "parsing": "log",
    "audit": "audit",
}
"""Leaks on purpose, and the kind of place in which each has to be found."""
AUTHORS_OWN = {
    (name_of_case(case), kind) for case in carriers() if case.operator.free_text_fields for kind in ("rendered", "api")
}
"""What Airflow keeps because a DAG's author gives it as a template, and which is written to be published."""

UNMASKED_COPY = {("token_told", "output")}
"""The copy of a task's log that the LocalExecutor of Airflow 3.3 prints is not masked; its author told this one."""
FILES = ("log", "file", "output")


@dataclass
class Run:
    """What is known after the run."""

    airflow: AirflowRun
    stage: Stage
    canaries: Canaries
    planted: dict[str, Canary]
    conn_ids: dict[str, list[str]]
    findings: list[Finding] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    texts: list[Text] = field(default_factory=list)

    def of(self, *canaries: Canary) -> list[Finding]:
        """Return where some canaries were found."""
        return [finding for finding in self.findings if finding.canary in canaries]


def connections(canaries: Canaries, made: Stage) -> dict[str, dict[str, Any]]:
    """Return two connections for each scenario, one with the key and one with the OAuth client."""
    found = {}
    for scenario in scenarios():
        extra = {"timeout": scenario.timeout, "requests_per_second": 0, "max_concurrent": 0}
        common = {"conn_type": "smartrecruiters", "host": made.urls[scenario.name], "extra": extra}
        found[f"key_{scenario.name}"] = {"password": canaries.api_key.value, **common}
        client = {"login": "client", "password": canaries.client_secret.value}
        found[f"oauth_{scenario.name}"] = {**client, **common}
    return found


def conn_ids() -> dict[str, Any]:
    """
    Return which connections each task goes through.

    The operators share all scenarios out among them, as each of their tasks costs Airflow a second. Two tasks of many
    threads go everywhere.
    """
    names = [scenario.name for scenario in scenarios() if scenario.name != "told"]
    many = [*map(name_of_case, carriers()), "add_tag"]
    few = [name for case in catalogue.cases() if (name := name_of_case(case)) not in many]
    kinds = ("key", "oauth")
    return {
        **{
            task: [f"{kinds[number % 2]}_{name}" for name in ("success", *names[1 + number :: len(many)])]
            for number, task in enumerate(many)
        },
        **{
            task: [f"{kinds[number % 2]}_{name}" for name in ("success", "status_403")]
            for number, task in enumerate(few)
        },
        "search": ["oauth_success", "key_status_400", "oauth_echo_of_everything", "key_echo_upper_case"],
        "look_up": [f"{kind}_{name}" for name in names for kind in ("key", "oauth")],
        "everything": [f"{('key', 'oauth')[number % 2]}_{name}" for number, name in enumerate(names)],
        "bulk": ["oauth_success", "oauth_status_422", "oauth_echo_upper_case"],
        "tell_header": "oauth_told",
    }


def use_cases(folder: Path) -> list[dict[str, Any]]:
    """Return what each use case's task is given: what is declared, with a canary where somebody wrote something."""
    with EmulatorServer(Config(rate=0, concurrent=0)) as server:
        emulator = SmartRecruitersEmulator(server)
        return [
            {
                "task": name_of_case(kind),
                "module": kind.operator.__module__,
                "operator": kind.operator.__name__,
                "carries": kind in carriers(),
                "arguments": _arguments(catalogue.prepared(kind, emulator, folder)),
            }
            for kind in catalogue.cases()
        ]


def _arguments(case: UseCase) -> dict[str, Any]:
    arguments = case.arguments()
    written = case.expected(arguments).free_text
    template = "{{ canary('" + name_of_case(type(case)) + "') }}"

    def with_canary(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: with_canary(member) for name, member in value.items()}
        if isinstance(value, list):
            return [with_canary(item) for item in value]
        return template if isinstance(value, str) and any(text in value for text in written) else value

    texts = text_fields(type(case))
    carried = {name: with_canary(value) for name, value in arguments.items() if name in texts}
    if texts and "canary(" not in json.dumps(carried):
        pytest.fail(
            f"{type(case).__module__.replace('.', '/')}.py: Let arguments() give one of {', '.join(sorted(texts))}, "
            "and expected() name its text in free_text",
            pytrace=False,
        )
    return {**arguments, **carried}


def _last_candidate(made: Stage) -> str:
    candidates = made.servers["success"].emulator.store.tenant.candidates.values()
    return [candidate.id for candidate in candidates if candidate.access == "full"][-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Let everything happen, and search all that is left behind."""
    folder = tmp_path_factory.mktemp("canaries")
    canaries = Canaries()
    planted = {name: (secret if name in ("base64", "url") else person)(f"{name}_leak", "{}/+ &") for name in PLANTED}
    planted["response"] = person("response_leak")
    with stage(canaries) as made:
        values = {canary.name: canary.value for canary in canaries.all()}
        values |= {f"planted_{name}": value.value for name, value in planted.items()}
        for name, content in {
            "values": values,
            "plan": {
                "use_cases": use_cases(folder),
                "conn_ids": conn_ids(),
                "since": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
                # Nobody else writes to it, so that the undo finds it as the batch left it.
                "other_candidate": _last_candidate(made),
            },
        }.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        with airflow_run(
            folder,
            dags=Path(__file__).parent / "dags",
            connections=connections(canaries, made),
            audit=planted["audit"].value,
            environment={f"CANARY_{name.upper()}": str(folder / f"{name}.json") for name in ("values", "plan")},
            triggerer=AIRFLOW_3,
        ) as airflow:
            airflow.wait_for(["canaries", "planted", *(["watched"] if AIRFLOW_3 else [])], PATIENCE)
            done = Run(airflow, made, canaries, planted, conn_ids())
            if AIRFLOW_3:
                done.texts += airflow.api()
    # Only now that every process has ended is everything written.
    done.texts += airflow.left_behind()
    done.kinds.update(text.kind for text in done.texts)
    wanted = [*canaries.all(), *made.secrets(), *planted.values()]
    done.findings = search(done.texts, wanted)
    return done


def test_everything_happened(run: Run) -> None:
    """What did not happen could not leak."""
    states = run.airflow.states()
    unlike = []
    for task, conn_ids_ in run.conn_ids.items():
        mapped = [(task, index, name) for index, name in enumerate(conn_ids_)] if (task, 0) in states else []
        for _, index, conn_id in mapped:
            name = conn_id.partition("_")[2]
            expected = {"success": "success"}.get(name, "failed" if name.startswith(("status_", "echo_")) else None)
            if expected and states[task, index] != expected:
                unlike.append(f"{task} with {conn_id}: {states[task, index]}")
    assert unlike == []
    assert {states[task, -1] for task in ("look_up", "everything", "wait")} == {"success"}
    others = ("avatar_by_address", "undo", "SearchJobsOperator", "SearchJobAdsOperator", "SearchJobPositionsOperator")
    assert {states[task, -1] for task in others} == {"success"}
    assert states["tell_header", -1] == "failed"
    batches = [states[task, -1] for task in ("bulk_0", "bulk_1", "bulk_2", "bulk_shared")]
    assert batches == ["success", "failed", "failed", "failed"]
    rules = [(name, armed) for name, server in run.stage.servers.items() for armed in server.emulator.faults.rules()]
    assert [f"{name}: {armed.rule.operation}" for name, armed in rules if not armed.fired] == []


def test_what_was_sent_held_the_canaries(run: Run) -> None:
    sent = [
        Text("sent", entry.path, json.dumps(entry.body).encode())
        for entry in run.stage.servers["success"].emulator.journal.entries()
    ]
    canaries = run.canaries
    carried = list(canaries.texts.values())
    assert {finding.canary for finding in search(sent, carried)} == set(carried)


def test_nothing_leaked(run: Run) -> None:
    wanted = [*run.canaries.all(), *run.stage.secrets()]
    leaks = [
        finding
        for finding in run.of(*wanted)
        if not (finding.declared and not finding.canary.secret)
        and (finding.canary.name, finding.kind) not in AUTHORS_OWN | UNMASKED_COPY
    ]
    assert [str(finding) for finding in leaks] == []


def test_the_one_declared_place_is_searched_too(run: Run) -> None:
    """It holds what people wrote, and is found to; so what is not found elsewhere is not there."""
    declared = {finding.canary.name for finding in run.findings if finding.declared}
    assert {*run.canaries.texts, "response_leak"} <= declared


@pytest.mark.parametrize(("name", "kind"), PLANTED.items(), ids=PLANTED)
def test_a_leak_on_purpose_is_found(run: Run, name: str, kind: str) -> None:
    found = run.of(run.planted[name])
    assert kind in {finding.kind for finding in found}
    assert not any(finding.declared for finding in found)


@pytest.mark.skipif(not AIRFLOW_3, reason="asset watchers are part of Airflow 3")
def test_every_kind_of_watcher_reported_and_failed(run: Run) -> None:
    """Asset events and the positions of watchers are rows like others, and are searched with them."""
    extras = [json.loads(extra) for (extra,) in run.airflow.query("select extra from asset_event")]
    keys = {change["key"].partition("/")[0] for extra in extras for change in extra["payload"]["events"]}
    assert keys == {"job_status", "application_status", "audit"}
    assert b"The poll failed" in (run.airflow.output / "triggerer").read_bytes()


@pytest.mark.skipif(not AIRFLOW_3, reason="the API that is asked is Airflow 3's")
def test_the_api_is_searched_too(run: Run) -> None:
    assert "api" in {finding.kind for finding in run.of(run.planted["rendered"])}


def test_a_token_that_was_fetched_is_masked(run: Run) -> None:
    """In the log of a task that tells it in four ways, once the hook has fetched it."""
    (log,) = [text for text in run.texts if text.kind == "log" and "task_id=tell_header" in text.where]
    content = log.content.decode()
    said = re.findall(r"(PRINTED|TO STDERR|LOGGED|RAISED) Authorization: Bearer (\*\*\*|[\w-]{12,})", content)
    assert {(way, "***") for way in ("PRINTED", "TO STDERR", "LOGGED", "RAISED")} == set(said)
    assert len(run.stage.tokens["told"]) == 1


def test_exceptions_were_told_with_all_that_they_know(run: Run) -> None:
    told = sum(text.content.count(b"TOLD ") for text in run.texts if text.kind == "log")
    failed = sum(state == "failed" for state in run.airflow.states().values())
    assert told > failed > 0


def test_no_secret_is_in_the_bytes_of_the_database(run: Run) -> None:
    """Deleted rows included, and the connections, which Airflow encrypts."""
    secrets = [canary for canary in [*run.canaries.all(), *run.stage.secrets()] if canary.secret]
    texts = list(run.airflow.database_bytes())
    assert [str(finding) for finding in search(texts, secrets)] == []
    assert search(texts, [run.planted["xcom"]])


def test_figures(run: Run, request: pytest.FixtureRequest) -> None:
    """Nothing to prove, only to tell."""
    rows = {text.where.rpartition(" ")[0] for text in run.texts if text.kind not in FILES}
    files = sum(run.kinds[kind] for kind in FILES)
    sent = sum(len(server.emulator.journal.requests()) for server in run.stage.servers.values())
    request.config.get_terminal_writer().line(
        f"\ncanaries: {len(run.airflow.states())} tasks, {len(run.stage.urls)} scenarios, {sent} requests; searched "
        f"{files} files and {len(rows)} rows for {len(run.canaries.all())} canaries and "
        f"{len(run.stage.secrets())} tokens"
    )
