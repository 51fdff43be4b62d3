# ruff: noqa: T201
"""Every use case under everything that can happen to it, with values that come from a file at run time."""

from __future__ import annotations

import json
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.operators.candidates import (
    RejectApplicationOperator,
    UpdateCandidateJobStatusOperator,
    UpdateCandidateSourceOperator,
    UpdateCandidateTagsOperator,
)
from airflow_provider_smartrecruiters.operators.interviews import UpdateCandidateTimeslotStatusOperator
from airflow_provider_smartrecruiters.operators.jobs import (
    UpdateJobAdOperator,
    UpdateJobAndJobAdOperator,
    UpdateJobNoteOperator,
    UpdateJobPositionOperator,
    UpdateJobStatusOperator,
)
from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator

PLAN = json.loads(Path(os.environ["CANARY_PLAN"]).read_text())
IDS = PLAN["ids"]
log = logging.getLogger("canaries")


def canary(name):
    """Return one of the values that must not get about."""
    return json.loads(Path(os.environ["CANARY_VALUES"]).read_text())[name]


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
    # The first four are forced: another task may have written the same first, and the answers are to be in XCom.
    UpdateJobNoteOperator.partial(
        task_id="note", job_id=IDS["job_id"], content="{{ canary('note') }}", force=True
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["note"])
    UpdateCandidateTagsOperator.partial(
        task_id="tags", candidate_id=IDS["candidate_id"], tags=["{{ canary('tag') }}", "plain"], force=True
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["tags"])
    UpdateCandidateTagsOperator.partial(
        task_id="add_tag", candidate_id=IDS["candidate_id"], add="{{ [canary('tag')] | tojson }}", read_first=False
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["add_tag"])
    UpdateJobPositionOperator.partial(
        task_id="position",
        job_id=IDS["position"]["job_id"],
        position_id=IDS["position"]["position_id"],
        incumbent_name="{{ canary('incumbent') }}",
        force=True,
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["position"])
    UpdateJobAdOperator.partial(
        task_id="job_ad",
        job_id=IDS["job_id"],
        job_ad_id=IDS["job_ad_id"],
        job_ad="{{ {'jobDescription': {'text': canary('advert')}} | tojson }}",
        force=True,
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["job_ad"])
    UpdateJobAndJobAdOperator.partial(
        task_id="job_and_job_ad",
        job_id=IDS["job_id"],
        job="{{ {'jobAd': {'sections': {'jobDescription': {'text': canary('advert')}}}} | tojson }}",
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["job_and_job_ad"])

    for number, conn_id in enumerate(PLAN["conn_ids"]["bulk"]):
        # Not mapped: a batch is one task. One of its items cannot be read, another cannot be sent.
        UpdateCandidateTagsOperator.bulk(
            task_id=f"bulk_{number}",
            items="{{ [{'candidate_id': '" + IDS["candidate_id"] + "', 'tags': [canary('tag')]},"
            " {'candidate_id': 'no-such-candidate', 'add': [canary('tag')]}] | tojson }}",
            results_path=f"{os.environ['AIRFLOW_HOME']}/bulk/{number}.jsonl",
            fail_above=0.5,
            smartrecruiters_conn_id=conn_id,
        )
    UpdateJobNoteOperator.bulk(
        task_id="bulk_shared",
        items=[{"job_id": IDS["job_id"]}, {"job_id": "", "content": "{{ canary('note') }}"}],
        content="{{ canary('note') }}",
        smartrecruiters_conn_id=PLAN["conn_ids"]["bulk"][0],
    )

    # These carry nothing but their credential; the records and the errors hold the rest.
    UpdateCandidateTimeslotStatusOperator.partial(task_id="timeslot", status="accepted", **IDS["timeslot"]).expand(
        smartrecruiters_conn_id=PLAN["conn_ids"]["timeslot"]
    )
    UpdateCandidateJobStatusOperator.partial(
        task_id="application", candidate_id=IDS["candidate_id"], job_id=IDS["job_id"], status="INTERVIEW"
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["application"])
    UpdateCandidateSourceOperator.partial(
        task_id="source",
        candidate_id=IDS["candidate_id"],
        job_id=IDS["job_id"],
        source_type_id="REFERRAL",
        source_id="11",
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["source"])
    RejectApplicationOperator.partial(
        task_id="reject", candidate_id=IDS["candidate_id"], job_id=IDS["job_id"], reason="Stronger candidate selected"
    ).expand(smartrecruiters_conn_id=PLAN["conn_ids"]["reject"])
    UpdateJobStatusOperator.partial(task_id="job_status", job_id=IDS["job_id"], status="OFFER").expand(
        smartrecruiters_conn_id=PLAN["conn_ids"]["job_status"]
    )
    UpdateUserAvatarOperator.partial(task_id="avatar", user_id=IDS["user_id"], avatar_path=IDS["avatar_path"]).expand(
        smartrecruiters_conn_id=PLAN["conn_ids"]["avatar"]
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
        from airflow_provider_smartrecruiters.api.jobs import (
            UpdateJobAd,
            UpdateJobAndJobAd,
            UpdateJobNote,
            UpdateJobPosition,
        )

        hooks = {conn_id: SmartRecruitersHook(conn_id) for conn_id in conn_ids}
        advert = {"jobDescription": {"text": canary("advert")}}
        changes = [
            UpdateCandidateTags(candidate_id=IDS["candidate_id"], tags=[canary("tag")]),
            UpdateCandidateTags(candidate_id=IDS["candidate_id"], add=[f"{canary('tag')} too"]),
            UpdateJobNote(job_id=IDS["job_id"], content=canary("note")),
            UpdateJobPosition(**IDS["position"], incumbent_name=canary("incumbent")),
            UpdateJobAd(job_id=IDS["job_id"], job_ad_id=IDS["job_ad_id"], title=canary("advert"), job_ad=advert),
            UpdateJobAndJobAd(job_id=IDS["job_id"], job={"jobAd": {"sections": advert}}),
        ]

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
