# ruff: noqa: T201
"""Every use case under everything that can happen to it, with values that come from a file at run time."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Asset, task

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.reads.watch_audit import AUDIT_EVENTS
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateTagsOperator
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator
from airflow_provider_smartrecruiters.operators.search import (
    SearchApplicationsOperator,
    SearchJobAdsOperator,
    SearchJobPositionsOperator,
    SearchJobsOperator,
)
from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator
from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator
from airflow_provider_smartrecruiters.sensors.statuses import ApplicationStatusSensor
from airflow_provider_smartrecruiters.triggers import events
from airflow_provider_smartrecruiters.triggers.runs import new_events

try:
    from airflow.sdk import AssetWatcher
except ImportError:
    AssetWatcher = None

PLAN = json.loads(Path(os.environ["CANARY_PLAN"]).read_text())
ARGUMENTS = {case["task"]: case["arguments"] for case in PLAN["use_cases"]}
CANDIDATE = ARGUMENTS["update_candidate_tags"]["candidate_id"]
OTHER_CANDIDATE = PLAN["other_candidate"]
JOB = ARGUMENTS["update_job_note"]["job_id"]
TAG, NOTE = "canary('update_candidate_tags')", "canary('update_job_note')"
log = logging.getLogger("canaries")


def canary(name):
    """Return one of the values that must not get about."""
    return json.loads(Path(os.environ["CANARY_VALUES"]).read_text())[name]


def filled(value):
    """Return arguments as Airflow renders them."""
    if isinstance(value, dict):
        return {name: filled(member) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    match = re.fullmatch(r"\{\{ canary\('(\w+)'\) \}\}", str(value))
    return canary(match[1]) if match else value


def tell(context):
    """Log all that an exception knows, as a callback does that tells a chat room about a failure."""
    error = context["exception"]
    while error is not None:
        log.error("TOLD %s | %r | %s | %s", error, error, error.args, getattr(error, "__dict__", None))
        error = error.__cause__ or error.__context__


with DAG(
    "canaries",
    schedule="@once",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=True,
    max_active_tasks=8,
    default_args={"retries": 0, "on_failure_callback": tell, "owner": "canaries"},
    user_defined_macros={"canary": canary},
):
    for case in PLAN["use_cases"]:
        # Those that carry something are forced: another task may have written the same first, and the answers are to be
        # in XCom. The records and the errors of the others hold the rest.
        kind = getattr(import_module(case["module"]), case["operator"])
        kind.partial(task_id=case["task"], force=case["carries"], **case["arguments"]).expand(
            smartrecruiters_conn_id=PLAN["conn_ids"][case["task"]]
        )
    # What a sensor reads holds people's names and addresses.
    ids = ARGUMENTS["update_candidate_job_status"]
    ApplicationStatusSensor(
        task_id="wait",
        candidate_id=ids["candidate_id"],
        job_id=ids["job_id"],
        statuses=list(APPLICATION_STATUSES),
        smartrecruiters_conn_id="key_success",
    )
    UpdateCandidateTagsOperator.partial(
        task_id="add_tag", candidate_id=CANDIDATE, add="{{ [" + TAG + "] | tojson }}", read_first=False
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["add_tag"])

    UpdateUserAvatarOperator(
        task_id="avatar_by_address",
        user_email="{{ canary('user_email') }}",
        avatar_path=ARGUMENTS["update_user_avatar"]["avatar_path"],
        smartrecruiters_conn_id=PLAN["conn_ids"]["bulk"][0],
    )
    # What it looks for is about people, and so is everything that it finds except the ids.
    SearchApplicationsOperator.partial(
        task_id="search", email_address="{{ canary('email') }}", tags="{{ canary('former_tag') }}"
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["search"])

    # The other searches read all jobs, ads and positions, with the texts and names in them.
    for kind in (SearchJobsOperator, SearchJobAdsOperator, SearchJobPositionsOperator):
        of_jobs = {} if kind is SearchJobsOperator else {"job_ids": [JOB]}
        kind(task_id=kind.__name__, smartrecruiters_conn_id="key_success", **of_jobs)

    for number, conn_id in enumerate(PLAN["conn_ids"]["bulk"]):
        # A set that replaced a tag could not be undone.
        given = "add" if number == 0 else "tags"
        items = (
            "{{ [{'candidate_id': '" + OTHER_CANDIDATE + "', '" + given + "': [" + TAG + "]},"
            " {'candidate_id': 'no-such-candidate', 'add': [" + TAG + "]}] | tojson }}"
        )
        # Not mapped: a batch is one task. One of its items cannot be read, another cannot be sent.
        batch = UpdateCandidateTagsOperator.bulk(
            task_id=f"bulk_{number}",
            items=items,
            results_path=f"{os.environ['AIRFLOW_HOME']}/bulk/{number}.jsonl",
            fail_above=0.5,
            smartrecruiters_conn_id=conn_id,
        )
        if number == 0:
            batch >> UndoBulkOperator(
                task_id="undo", results=batch.output, items=items, smartrecruiters_conn_id=conn_id
            )
    UpdateJobNoteOperator.bulk(
        task_id="bulk_shared",
        items=[{"job_id": JOB}, {"job_id": "", "content": "{{ " + NOTE + " }}"}],
        content="{{ " + NOTE + " }}",
        smartrecruiters_conn_id=PLAN["conn_ids"]["bulk"][0],
    )

    @task
    def look_up(conn_ids):
        """Search for a candidate by the address, everywhere at once, as a script does that reports what failed."""

        def look(conn_id):
            try:
                hook = SmartRecruitersHook(conn_id)
                hook.request("GET", "/candidates", params={"q": canary("email")})
                return len(list(hook.get_conn().pages("/candidates", params={"q": canary("email")})))
            except Exception as error:
                log.exception("Not found with %s", conn_id)
                tell({"exception": error})
                return type(error).__name__

        with ThreadPoolExecutor(16) as threads:
            return list(threads.map(look, conn_ids))

    look_up(PLAN["conn_ids"]["look_up"])

    @task
    def everything(conn_ids):
        """Send each change that carries something everywhere, and tell how it ended."""
        from airflow_provider_smartrecruiters.api.candidates import UpdateCandidateTags
        from airflow_provider_smartrecruiters.api.users import UpdateUserAvatar

        hooks = {conn_id: SmartRecruitersHook(conn_id) for conn_id in conn_ids}
        changes = [UpdateCandidateTags(candidate_id=CANDIDATE, add=[f"{canary('update_candidate_tags')} too"])]
        image = Path(ARGUMENTS["update_user_avatar"]["avatar_path"]).read_bytes()
        changes.append(UpdateUserAvatar(user_email=canary("user_email"), image=image))
        for case in PLAN["use_cases"]:
            if case["carries"]:
                module = import_module(case["module"].replace(".operators.", ".api."))
                kind = getattr(module, case["operator"].removesuffix("Operator"))
                changes.append(kind(**filled(case["arguments"])))
                if "publish" in signature(kind).parameters:
                    changes.append(kind(**filled(case["arguments"]), publish="if_published"))

        def send(conn_id, number):
            change = changes[number]
            try:
                result = hooks[conn_id].apply(change, return_response=False)
                log.info("%s with %s: %s", change, conn_id, result)
                return result
            except Exception as error:
                log.exception("%s with %s", change, conn_id)
                tell({"exception": error})
                return repr(error)

        with ThreadPoolExecutor(32) as threads:
            jobs = [threads.submit(send, conn_id, number) for number in range(len(changes)) for conn_id in conn_ids]
            return [job.result() for job in jobs]

    everything(PLAN["conn_ids"]["everything"])

    @task
    def tell_header(conn_id):
        """Tell the token wherever a careless author would."""
        client = SmartRecruitersHook(conn_id).get_conn()
        client.request("GET", "/jobs", params={"limit": 1})
        header = client._auth._token
        print(f"PRINTED Authorization: Bearer {header}")
        print(f"TO STDERR Authorization: Bearer {header}", file=sys.stderr)
        log.warning("LOGGED Authorization: Bearer %s", header)
        raise RuntimeError(f"RAISED Authorization: Bearer {header}")

    tell_header.override(on_failure_callback=None)(PLAN["conn_ids"]["tell_header"])

if AssetWatcher is not None:
    # All that the histories hold; of the audit log, a day at a time would take a while.
    long_ago = {"since": "2020-01-01T00:00:00Z"}
    watched = {
        "job_status": partial(events.JobStatusTrigger, **long_ago),
        "application_status": partial(events.ApplicationStatusTrigger, job_ids=JOB, **long_ago),
        "audit": partial(events.AuditEventTrigger, event_names=list(AUDIT_EVENTS), since=PLAN["since"]),
    }

    def asset(name, conn_id):
        """Return an asset whose watcher has one poll in the time of the run."""
        trigger = watched[name](poke_interval=3600, smartrecruiters_conn_id=conn_id)
        return Asset(f"{name}_{conn_id}", watchers=[AssetWatcher(name=name, trigger=trigger)])

    heard = [asset(name, "oauth_success") for name in watched]
    failing = [asset("application_status", "key_echo_of_everything"), asset("audit", "oauth_token_refused")]
    with DAG("unheard", schedule=failing, catchup=False):
        look_up.override(task_id="never")([])
    with DAG("watched", schedule=heard, catchup=False, default_args={"owner": "canaries"}):

        @task(inlets=heard)
        def take(**context):
            """Return what the watchers reported, as a DAG does that passes it on."""
            return [new_events(context, asset) for asset in heard]

        take()
