"""The audit log: each entry once, however late and in whatever order it is listed, and nothing of it about a person."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.reads.events import Position, poll
from airflow_provider_smartrecruiters.api.reads.watch_audit import AUDIT_EVENTS, WatchAuditLog
from airflow_provider_smartrecruiters.api.values.fields import same_instant as written
from airflow_provider_smartrecruiters.emulator.config import ALL_SCOPES
from airflow_provider_smartrecruiters.emulator.tenant.audit_event import AuditEvent
from airflow_provider_smartrecruiters.exceptions import (
    InvalidInputError,
    PermissionDeniedError,
    SmartRecruitersError,
    UnexpectedResponseError,
)
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

NOW = datetime.now(UTC) - timedelta(minutes=10)
START = Position.starting(NOW - timedelta(minutes=1))
TAGS = "CANDIDATE_TAGS_MODIFIED"

NOTED = {
    "put_update_candidates_job_status": {"JOB_APPLICATION_STATE_MODIFIED"},
    "reject_an_application": {"JOB_APPLICATION_STATE_MODIFIED"},
    "put_update_candidates_source": {"APPLICATION_SOURCE_MODIFIED"},
    "put_update_candidate_tags": {TAGS},
    "put_update_job_ad": {"JOB_AD_UPDATED"},
    "put_update_job_and_jobad": {"JOB_AD_UPDATED"},
    "post_create_job_position": {"POSITION_CREATED"},
    "put_update_job_position": {"POSITION_UPDATED"},
    "patch_update_job_headcount": {"JOB_APPROVAL_REQUESTED"},
    "put_update_user_avatar": {"USER_ACCOUNT_UPDATED"},
}
"""What the audit log has of each use case. Of the others, such as the status of a job, it has nothing."""


def entry(seconds: float, *, days: float = 0, name: str = TAGS, **more: Any) -> AuditEvent:
    """Return an entry that was made some time after the start."""
    when = written(NOW + timedelta(days=days, seconds=seconds))
    made = {"event_date": when, "author_id": "author", "entity_type": "CANDIDATE", "entity_id": "c-1"}
    return AuditEvent.model_validate({"id": f"e{seconds}-{days}", "event_name": name, **made, **more})


def noted(emulator: SmartRecruitersEmulator, *entries: AuditEvent) -> None:
    with emulator.state.editing() as tenant:
        tenant.audit += entries


def follow(client: SmartRecruitersClient, watch: Any = None, position: Position = START, overlap: float = 900) -> Any:
    return poll(client, watch or WatchAuditLog(event_names=TAGS), position, overlap=overlap)


def test_what_every_use_case_leaves_in_the_log_and_nothing_about_a_person(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, tmp_path: Path
) -> None:
    found, texts, said = {}, set[str](), []
    for kind in catalogue.cases():
        smartrecruiters_emulator.reset()
        case = catalogue.prepared(kind, smartrecruiters_emulator, tmp_path)
        arguments = case.arguments()
        texts |= {text for text in case.expected(arguments).free_text if len(text) > 3}
        assert apply(client, kind.operator(task_id="change", **arguments).change()).applied
        events = follow(client, WatchAuditLog(event_names=list(AUDIT_EVENTS))).events
        found[kind.use_case] = {event.event for event in events}
        said += [event.as_dict() for event in events]
    assert {use_case: names for use_case, names in found.items() if names} == NOTED
    assert len(texts) >= 5
    assert [text for text in texts if text in json.dumps(said, ensure_ascii=False)] == []


def test_the_ids_and_codes_of_an_entry(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    moved = entry(
        1,
        name="JOB_APPLICATION_STATE_MODIFIED",
        entity_type="APPLICATION",
        context={"previousStatus": "NEW", "currentStatus": "Jane Doe", "currentStep": "Jane Doe"},
    )
    failed = entry(2, name="USER_AUTHENTICATION_INVALID_CREDENTIALS", entity_type="USER", entity_id="jane@doe.example")
    position = entry(3, name="POSITION_DELETED", entity_type="JOB", context={"previous": {"id": "p1", "status": "x y"}})
    noted(smartrecruiters_emulator, moved, failed, position)
    watch = WatchAuditLog(event_names=[moved.event_name, failed.event_name, position.event_name])
    payloads = [event.as_dict() for event in follow(client, watch).events]
    common = {"author_type": "USER", "author_id": "author"}
    assert payloads == [
        {
            "key": f"audit/{moved.id}",
            "event": moved.event_name,
            "entity_type": "APPLICATION",
            "entity_id": "c-1",
            **common,
            # A status that is no code is a text, whatever it is called.
            "status": None,
            "previous_status": "NEW",
            "application_id": "c-1",
            "changed_on": moved.event_date,
        },
        {
            "key": f"audit/{failed.id}",
            "event": failed.event_name,
            "entity_type": "USER",
            # An address in the place of an id is not passed on.
            "entity_id": None,
            **common,
            "user_id": None,
            "changed_on": failed.event_date,
        },
        {
            "key": f"audit/{position.id}",
            "event": position.event_name,
            "entity_type": "JOB",
            "entity_id": "c-1",
            **common,
            "position_id": "p1",
            "job_id": "c-1",
            "changed_on": position.event_date,
        },
    ]


def test_each_entry_once_though_it_comes_late_and_in_no_order(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    """130 entries on two pages; then one that happened before most of them; then nothing new, after a restart, too."""
    early = [entry(second) for second in range(130)]
    noted(smartrecruiters_emulator, *early)
    found = follow(client, position=Position.starting(NOW - timedelta(seconds=1)))
    assert [event.entry_id for event in found.events] == [one.id for one in early]
    assert [request.path for request in smartrecruiters_emulator.requests] == [WatchAuditLog.endpoint.split()[1]] * 2
    noted(smartrecruiters_emulator, entry(60.5), entry(200))
    later = follow(client, position=Position.restored(found.after.stored()))
    assert [event.entry_id for event in later.events] == ["e60.5-0", "e200-0"]
    assert follow(client, position=later.after).events == []


def test_a_delay_of_the_log_shorter_than_the_overlap_loses_nothing(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    smartrecruiters_emulator.configure(audit_delay=3600)
    noted(smartrecruiters_emulator, entry(-10))
    assert follow(client).events == []
    smartrecruiters_emulator.configure(audit_delay=0)
    assert [event.entry_id for event in follow(client, position=follow(client).before).events] == ["e-10-0"]


@pytest.mark.parametrize("overlap", [900, 3 * 24 * 3600], ids=["15 minutes", "longer than a day"])
def test_a_long_way_behind_it_reads_a_day_at_a_time_and_keeps_what_it_read(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, overlap: float
) -> None:
    """More than the seven days that the log has by default, and an error in the middle."""
    noted(smartrecruiters_emulator, *(entry(0, days=-day) for day in range(10)))
    position, found, failed = Position.starting(NOW - timedelta(days=9, hours=1)), [], 0
    smartrecruiters_emulator.fail("audit.get", status=503, retry_after=3600, skip=4, times=1)
    behind = True
    while behind and len(smartrecruiters_emulator.requests) < 30:
        try:
            step = follow(client, position=position, overlap=overlap)
        except SmartRecruitersError:
            failed += 1
            continue
        found += [event.entry_id for event in step.events]
        position, behind = step.after, step.behind
    assert (behind, failed, found) == (False, 1, [f"e0-{-day}" for day in reversed(range(10))])
    # The part that reads up to the present is never cut short.
    assert position.watermark <= NOW


def test_filters_by_record(smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient) -> None:
    job = entry(3, name="JOB_DELETED", entity_type="JOB", entity_id="j-1")
    noted(
        smartrecruiters_emulator,
        entry(1),
        entry(2, entity_id="c-2"),
        job,
        entry(4, name="JOB_DELETED", entity_type="JOB"),
    )

    def ids(*names: str, **filters: Any) -> list[str]:
        return [event.entry_id for event in follow(client, WatchAuditLog(event_names=names, **filters)).events]

    assert ids("JOB_DELETED", job_ids="j-1") == ["e3-0"]
    assert "entityId=j-1" in smartrecruiters_emulator.requests[-1].query
    assert ids(TAGS, "JOB_DELETED", job_ids="j-1", candidate_ids=["c-1", "c-2"]) == ["e1-0", "e2-0", "e3-0"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"event_names": "tags modified"}, r"event_names\[0\] is"),
        ({"event_names": [TAGS, "None"]}, "event_names"),
        ({"event_names": TAGS, "job_ids": "j"}, "only the id of the candidate: with job_ids"),
        ({"event_names": "JOB_APPLICATION_STATE_MODIFIED", "job_ids": "j"}, "only the id of the application"),
        ({"event_names": "JOB_DELETED", "candidate_ids": ["null"]}, "candidate_ids"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        WatchAuditLog(**arguments)


def test_a_name_that_is_new_is_followed_and_a_misspelled_one_is_hinted_at(caplog: pytest.LogCaptureFixture) -> None:
    """There are more names than the document has, so one that is unknown cannot be refused."""
    WatchAuditLog(event_names=["POSITION_CREATED", "POSITION_UPDATES"])
    (record,) = caplog.records
    assert "event_names[1] is 'POSITION_UPDATES' (did you mean POSITION_UPDATED?)" in record.getMessage()


def test_a_credential_that_may_not_read_it_is_told_what_it_lacks(
    smartrecruiters_emulator: SmartRecruitersEmulator,
    client: SmartRecruitersClient,
    connect: Callable[..., SmartRecruitersClient],
) -> None:
    smartrecruiters_emulator.config.client_scopes = ALL_SCOPES - {"audit_events_read"}
    client_id, secret = smartrecruiters_emulator.client_id, smartrecruiters_emulator.client_secret
    with pytest.raises(PermissionDeniedError) as caught:
        follow(connect(smartrecruiters_emulator.url, login=client_id, password=secret))
    assert caught.value.hint == (
        "Ask a SmartRecruiters administrator to give the OAuth client the scope audit_events_read."
    )
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.users[tenant.settings.caller_id].role = "STANDARD"
    with pytest.raises(PermissionDeniedError, match="Could not read the audit log") as caught:
        follow(client)
    assert "the role ADMINISTRATOR" in caught.value.hint
    assert "audit_events_read" in caught.value.hint


@pytest.mark.off_contract("response")
def test_an_entry_without_id_or_date_is_an_error_and_not_left_out(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient
) -> None:
    for body in ({"id": "e1", "eventDate": "soon"}, {"id": "", "eventDate": written(NOW)}):
        answer = {"content": [{"eventName": TAGS, **body}]}
        smartrecruiters_emulator.fail_next("audit.get", status=200, body=answer)
        with pytest.raises(UnexpectedResponseError, match="no id or no date"):
            follow(client)


def test_the_names_are_those_of_the_contract() -> None:
    contract = (catalogue.ROOT / catalogue.CONTRACT).read_text()
    (listed,) = re.findall(r"x-known-values: \[(.*?)\]", contract, flags=re.DOTALL)
    assert tuple(re.split(r",\s+", listed)) == AUDIT_EVENTS
