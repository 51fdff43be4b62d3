"""Plan and apply: what is read, compared, written, confirmed and reported, for every use case."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.candidates import (
    RejectApplication,
    UpdateCandidateJobStatus,
    UpdateCandidateSource,
    UpdateCandidateTags,
)
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.converge.guards import Terms
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.interviews import UpdateCandidateTimeslotStatus
from airflow_provider_smartrecruiters.api.jobs import (
    UpdateJobAd,
    UpdateJobAndJobAd,
    UpdateJobNote,
    UpdateJobPosition,
    UpdateJobStatus,
)
from airflow_provider_smartrecruiters.api.users import UpdateUserAvatar
from airflow_provider_smartrecruiters.api.values.result import ChangeResult
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    AuthenticationError,
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    StalePlanError,
    UnexpectedResponseError,
    UnprocessableError,
)
from tests.support.scripted_server import ScriptedServer, forward, hang, reply, reset

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

VIEW = "airflow_provider_smartrecruiters.api.converge.view"
"""The logger of the lines about a change."""

UNGUARDED = Terms(protect_hired=False)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
Emulator = SmartRecruitersEmulator


def timeslot_status(emulator: Emulator) -> Change:
    slot = emulator.state.a_timeslot("pending")
    return UpdateCandidateTimeslotStatus(
        interview_id=slot.interview_id, timeslot_id=slot.timeslot_id, status="accepted"
    )


def tags(emulator: Emulator) -> Change:
    return UpdateCandidateTags(candidate_id=emulator.state.candidate_ids[3], tags=["secret-tag", "other-tag"])


def tags_added(emulator: Emulator) -> Change:
    return UpdateCandidateTags(candidate_id=emulator.state.candidate_ids[3], add=["secret-tag"])


def candidate_job_status(emulator: Emulator) -> Change:
    found = emulator.state.an_application("IN_REVIEW")
    return UpdateCandidateJobStatus(
        candidate_id=found.candidate_id, job_id=found.job_id, status="HIRED", starts_on="2027-01-01"
    )


def rejection(emulator: Emulator) -> Change:
    found = emulator.state.an_application("IN_REVIEW")
    reason_id = next(iter(emulator.state.rejection_reasons))
    return RejectApplication(candidate_id=found.candidate_id, job_id=found.job_id, reason_id=reason_id)


def job_ad(emulator: Emulator) -> Change:
    ad = emulator.state.a_job_ad()
    return UpdateJobAd(job_id=ad.job_id, job_ad_id=ad.job_ad_id, title="Secret title")


def job(emulator: Emulator) -> Change:
    return UpdateJobAndJobAd(job_id=emulator.state.job_ids[0], job={"title": "Secret title"})


def note(emulator: Emulator) -> Change:
    return UpdateJobNote(job_id=emulator.state.job_ids[0], content="Secret: Ada Lovelace called.")


def position(emulator: Emulator) -> Change:
    found = emulator.state.a_position()
    return UpdateJobPosition(job_id=found.job_id, position_id=found.position_id, incumbent_name="Secret Person")


def job_status(emulator: Emulator) -> Change:
    return UpdateJobStatus(job_id=emulator.state.job_ids[0], status="FILLED")


def source(emulator: Emulator) -> Change:
    found, wanted = emulator.state.an_application(), emulator.state.a_source()
    return UpdateCandidateSource(
        candidate_id=found.candidate_id,
        job_id=found.job_id,
        source_type_id=wanted.source_type_id,
        source_id=wanted.source_id,
    )


def unlinked_source(emulator: Emulator) -> Change:
    with emulator.state.editing() as tenant:
        tenant.settings.source_links = "none"
    return source(emulator)


def avatar(emulator: Emulator) -> Change:
    return UpdateUserAvatar(user_id=emulator.state.user_ids[1], image=PNG)


READABLE = [
    timeslot_status,
    tags,
    tags_added,
    candidate_job_status,
    rejection,
    job_ad,
    job,
    note,
    position,
    job_status,
    source,
]
UNREADABLE = [unlinked_source, avatar]
MERGED = [job_ad, job, position]
"""Changes whose write replaces the whole record, so that they require a read."""

Make = Callable[[Emulator], Change]
readable = pytest.mark.parametrize("make", READABLE)
unreadable = pytest.mark.parametrize("make", UNREADABLE)
every = pytest.mark.parametrize("make", [*READABLE, *UNREADABLE])


def writes(emulator: Emulator) -> list[str]:
    return [entry.method for entry in emulator.journal]


@pytest.fixture
def relay(smartrecruiters_emulator: Emulator) -> Any:
    """A server between the client and the emulator. It relays every request that it has no script for."""
    with ScriptedServer(always=forward(smartrecruiters_emulator.url)) as server:
        yield server


@pytest.fixture
def relayed(smartrecruiters_emulator: Emulator, relay: ScriptedServer, connect: Any) -> SmartRecruitersClient:
    """A client that reaches the emulator through the relay."""
    return connect(relay.url, password=smartrecruiters_emulator.api_key)


# Plan and apply


@every
def test_a_plan_sends_nothing_but_reads(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    planned = plan(client, make(smartrecruiters_emulator))
    assert not planned.applied
    assert planned.response is None
    assert planned.diffs
    assert {request.method for request in smartrecruiters_emulator.requests} <= {"GET"}
    assert len(smartrecruiters_emulator.journal) == 0


@readable
def test_the_second_run_changes_nothing(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    first = apply(client, change)
    assert (first.changed, first.applied) == (True, True)
    assert first.diffs
    assert len(smartrecruiters_emulator.journal.writes()) == 1
    second = apply(client, change)
    assert (second.changed, second.applied, second.diffs, second.response) == (False, False, [], None)
    assert len(smartrecruiters_emulator.journal) == 1


@readable
def test_a_plan_sees_what_apply_does(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    planned, applied = plan(client, change), apply(client, change)
    assert planned.changed is applied.changed is True
    assert planned.diffs == applied.diffs
    assert plan(client, change).changed is False


@unreadable
def test_what_cannot_be_read_is_written_each_time(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    for _ in range(2):
        result = apply(client, change)
        assert (result.changed, result.applied, result.fingerprint) == (None, True, None)
        # What was read and tells nothing is named.
        assert result.details == ({"unread": [item.name for item in result.diffs]} if change.readable else {})
    assert len(smartrecruiters_emulator.journal.writes()) == 2
    reads = [request for request in smartrecruiters_emulator.requests if request.method == "GET"]
    assert len(reads) == (2 if change.readable else 0)


@readable
def test_force_writes_what_does_not_differ(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    apply(client, change)
    forced = apply(client, change, force=True)
    assert (forced.changed, forced.applied, forced.diffs) == (False, True, [])
    assert len(smartrecruiters_emulator.journal.writes()) == 2


@pytest.mark.parametrize("make", [make for make in READABLE if make not in MERGED])
def test_without_reading_first(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    result = apply(client, change, read_first=False, terms=UNGUARDED)
    assert (result.changed, result.applied, result.fingerprint) == (None, True, None)
    assert smartrecruiters_emulator.requests[0].method != "GET"
    assert plan(client, change).changed is False


@pytest.mark.parametrize("make", MERGED)
@pytest.mark.parametrize("verb", [apply, plan])
def test_a_replacing_write_requires_a_read(
    make: Make, verb: Any, smartrecruiters_emulator: Emulator, client: Any
) -> None:
    with pytest.raises(InvalidInputError, match="read_first=False") as caught:
        verb(client, make(smartrecruiters_emulator), read_first=False)
    assert caught.value.fields == ("read_first",)
    assert smartrecruiters_emulator.requests == []


@every
def test_a_plan_without_reading_sends_nothing(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    if make not in MERGED:
        result = plan(client, make(smartrecruiters_emulator), read_first=False, terms=UNGUARDED)
        assert (result.changed, result.applied) == (None, False)
        assert smartrecruiters_emulator.requests == []


@readable
def test_a_response_without_a_record_is_not_taken_for_an_empty_record(
    make: Make, smartrecruiters_emulator: Emulator, connect: Any
) -> None:
    """Otherwise members that nobody mentioned would count as missing, and be removed."""
    for answer in [reply(200, b""), reply(204), reply(200, []), reply(200, "x"), reply(200, 5)]:
        with ScriptedServer(always=answer) as server:
            with pytest.raises(UnexpectedResponseError) as caught:
                apply(connect(server.url), make(smartrecruiters_emulator))
            assert {request.method for request in server.requests} == {"GET"}
        assert caught.value.retryable
        assert not caught.value.may_have_been_applied


def test_a_read_without_a_record_is_retried(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    relay.then(reply(200, b""))
    assert apply(relayed, job_status(smartrecruiters_emulator)).applied
    assert [request.method for request in relay.requests] == ["GET", "GET", "PUT"]


# Lost answers


@readable
@pytest.mark.parametrize("lose", [reset(), reply(502, b"<html>")], ids=["reset", "502"])
def test_a_lost_write_that_was_not_applied_is_sent_again(
    make: Make, lose: Any, smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    change = make(smartrecruiters_emulator)
    relay.then(forward(smartrecruiters_emulator.url), lose)
    result = apply(relayed, change)
    assert (result.changed, result.applied) == (True, True)
    assert "confirmed_by_read" not in result.details
    assert len(smartrecruiters_emulator.journal) == 1
    assert [request.method == "GET" for request in relay.requests[:4]] == [True, False, True, False]
    assert plan(relayed, change).changed is False


@readable
@pytest.mark.parametrize("lose", [reset(), reply(502, b"<html>")], ids=["reset", "502"])
def test_a_lost_write_that_was_applied_is_confirmed_and_not_sent_again(
    make: Make, lose: Any, smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    url = smartrecruiters_emulator.url
    relay.then(forward(url), forward(url, then=lose))
    result = apply(relayed, make(smartrecruiters_emulator))
    assert (result.changed, result.applied, result.response) == (True, True, None)
    assert result.details["confirmed_by_read"] is True
    assert len(smartrecruiters_emulator.journal) == 1


def test_a_lost_response_leads_to_a_read_even_with_read_first_off(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    relay.then(forward(smartrecruiters_emulator.url, then=reset()))
    result = apply(relayed, job_status(smartrecruiters_emulator), read_first=False)
    assert (result.changed, result.applied) == (None, True)
    assert result.details["confirmed_by_read"] is True
    assert writes(smartrecruiters_emulator) == ["PUT"]


@unreadable
@pytest.mark.parametrize("lose", [reset(), reply(503)], ids=["reset", "503"])
@pytest.mark.parametrize("carried_out", [True, False])
def test_what_cannot_be_read_is_not_sent_again(
    make: Make, lose: Any, carried_out: bool, smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    change = make(smartrecruiters_emulator)
    reads = [forward(smartrecruiters_emulator.url)] if change.readable else []
    relay.then(*reads, forward(smartrecruiters_emulator.url, then=lose) if carried_out else lose)
    with pytest.raises((AnswerLostError, ServerError)) as caught:
        apply(relayed, change)
    assert [request.method for request in relay.requests] == (["GET", "PUT", "GET"] if change.readable else ["PUT"])
    assert len(smartrecruiters_emulator.journal) == carried_out
    assert caught.value.may_have_been_applied
    assert caught.value.retryable
    assert "may have been applied" in str(caught.value)
    # Another run could not find out either.
    assert caught.value.hint.startswith("Check the record first")


@pytest.mark.parametrize(
    ("make", "member"), [(job_status, "status"), (timeslot_status, "candidateStatus"), (source, "actions")]
)
def test_a_lost_write_that_no_read_settles_is_not_sent_again(
    make: Make, member: str, smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    change = make(smartrecruiters_emulator)
    assert change.record
    record = relayed.request("GET", change.record, path_params=change.path_params)
    without = {name: value for name, value in record.items() if name != member}
    url = smartrecruiters_emulator.url
    relay.then(forward(url), forward(url, then=reset()), reply(200, without))
    with pytest.raises(AnswerLostError) as caught:
        apply(relayed, change)
    assert caught.value.may_have_been_applied
    assert len(smartrecruiters_emulator.journal) == 1


def test_a_forced_write_whose_answer_is_lost_cannot_be_confirmed(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    change = job_status(smartrecruiters_emulator)
    apply(relayed, change)
    relay.then(forward(smartrecruiters_emulator.url), forward(smartrecruiters_emulator.url, then=reset()))
    with pytest.raises(AnswerLostError) as caught:
        apply(relayed, change, force=True)
    assert caught.value.may_have_been_applied
    assert len(smartrecruiters_emulator.journal) == 2


def test_answers_that_keep_being_lost_end(smartrecruiters_emulator: Emulator, connect: Any) -> None:
    def flaky(exchange: Any) -> bool:
        passed_on = exchange.request.method == "GET"
        return (forward(smartrecruiters_emulator.url) if passed_on else reset())(exchange)

    with ScriptedServer(always=flaky) as server:
        with pytest.raises(AnswerLostError) as caught:
            apply(connect(server.url, password=smartrecruiters_emulator.api_key), job_status(smartrecruiters_emulator))
        methods = [request.method for request in server.requests]
    # The last one too is read for: what was carried out after all is no failure.
    assert methods == ["GET", "PUT", "GET", "PUT", "GET", "PUT", "GET", "PUT", "GET"]
    assert caught.value.may_have_been_applied
    assert caught.value.use_case == "put_update_job_status"


@pytest.mark.slow
def test_a_write_that_was_applied_at_the_last_attempt_is_a_success(
    smartrecruiters_emulator: Emulator, connect: Any
) -> None:
    """Also after the budget is used up, as after an exchange that timed out."""
    url, key = smartrecruiters_emulator.url, smartrecruiters_emulator.api_key
    with ScriptedServer(forward(url), forward(url, then=hang()), forward(url)) as server:
        client = connect(server.url, password=key, timeout=3.0, retry=RetryPolicy(budget=1.0))
        assert apply(client, job_status(smartrecruiters_emulator)).details["confirmed_by_read"] is True
    assert len(smartrecruiters_emulator.journal) == 1


def test_a_lost_answer_is_not_forgotten_when_the_next_attempt_is_refused(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    """The first request may still be in flight, so it is not certain that nothing changes."""
    relay.then(forward(smartrecruiters_emulator.url), reset(), forward(smartrecruiters_emulator.url), reply(422))
    with pytest.raises(UnprocessableError) as caught:
        apply(relayed, job_status(smartrecruiters_emulator))
    assert caught.value.may_have_been_applied


def test_if_the_read_after_a_lost_response_fails_the_lost_response_is_raised(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    relay.then(forward(smartrecruiters_emulator.url), reset(), reply(404))
    with pytest.raises(AnswerLostError) as caught:
        apply(relayed, job_status(smartrecruiters_emulator))
    assert caught.value.may_have_been_applied


def test_a_change_made_by_somebody_else_in_between_is_kept(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    """The body of a retry is built from the current state."""
    found = smartrecruiters_emulator.state.a_position()

    def lost_while_somebody_writes(exchange: Any) -> bool:
        with smartrecruiters_emulator.state.editing() as tenant:
            tenant.jobs[found.job_id].positions[found.position_id].position_id = "POS-NEW"
        return reset()(exchange)

    relay.then(forward(smartrecruiters_emulator.url), lost_while_somebody_writes)
    apply(relayed, position(smartrecruiters_emulator))
    stored = smartrecruiters_emulator.state.position(found.job_id, found.position_id)
    assert (stored.position_id, stored.incumbent_name) == ("POS-NEW", "Secret Person")


def test_an_error_that_changed_nothing_leads_to_no_read(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    relay.then(forward(smartrecruiters_emulator.url), reply(422, {"message": "no"}))
    with pytest.raises(UnprocessableError, match="422"):
        apply(relayed, job_status(smartrecruiters_emulator))
    assert [request.method for request in relay.requests] == ["GET", "PUT"]


# Plans that went stale


@readable
def test_a_current_plan_is_applied(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    planned = plan(client, change)
    assert planned.fingerprint
    assert apply(client, change, expect=planned.fingerprint).applied


def test_a_stale_plan_is_not_applied(smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = note(smartrecruiters_emulator)
    planned = plan(client, change)
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.jobs[change.target["job_id"]].note = "Somebody else's words"
    with pytest.raises(StalePlanError, match="The record changed after it was planned; nothing was sent") as caught:
        apply(client, change, expect=planned.fingerprint)
    assert "Plan again" in caught.value.hint
    assert len(smartrecruiters_emulator.journal) == 0


def test_expect_accepts_a_record_that_is_already_in_the_requested_state(
    smartrecruiters_emulator: Emulator, client: Any
) -> None:
    change = job_status(smartrecruiters_emulator)
    planned = plan(client, change)
    apply(client, change)
    assert apply(client, change, expect=planned.fingerprint).changed is False


@pytest.mark.parametrize(("make", "options"), [(avatar, {}), (job_status, {"read_first": False})])
def test_expect_requires_a_read(make: Make, options: Any, smartrecruiters_emulator: Emulator, client: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        apply(client, make(smartrecruiters_emulator), expect="0" * 64, **options)
    assert caught.value.fields == ("expect",)
    assert smartrecruiters_emulator.requests == []


# After the write


def test_a_write_that_cannot_be_verified_is_still_a_success(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any
) -> None:
    url = smartrecruiters_emulator.url
    relay.then(forward(url), forward(url), reply(403))
    result = apply(relayed, job(smartrecruiters_emulator))
    assert (result.applied, result.details["verified"]) == (True, False)


def test_somebody_who_writes_at_the_same_time_is_noticed(
    smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: Any, caplog: Any
) -> None:
    url = smartrecruiters_emulator.url
    change = job(smartrecruiters_emulator)

    def after_somebody_wrote(exchange: Any) -> bool:
        with smartrecruiters_emulator.state.editing() as tenant:
            tenant.jobs[change.target["job_id"]].ref_number = "SOMEBODY-1"
        return forward(url)(exchange)

    relay.then(forward(url), forward(url), after_somebody_wrote)
    result = apply(relayed, change)
    assert result.details["changed_concurrently"] == ["refNumber"]
    assert "Somebody else changed" in caplog.text
    assert "SOMEBODY-1" not in caplog.text


# What is reported


@every
def test_the_result_is_json(make: Make, smartrecruiters_emulator: Emulator, client: Any) -> None:
    change = make(smartrecruiters_emulator)
    for result in (plan(client, change), apply(client, change)):
        told = result.as_dict()
        assert json.loads(json.dumps(told)) == told
        assert list(told) == [
            "use_case",
            "target",
            "changed",
            "applied",
            "fields",
            "diff",
            "details",
            "fingerprint",
            "skipped",
            "response",
        ]
        assert told["use_case"] == type(change).use_case
        assert told["target"] == {name: getattr(change, name) for name in type(change).ids}
        assert [item["field"] for item in told["diff"]] == told["fields"]


def test_the_response_is_part_of_the_result_on_request(smartrecruiters_emulator: Emulator, client: Any) -> None:
    result = apply(client, job_status(smartrecruiters_emulator))
    assert result.as_dict()["response"] == {"status": "FILLED"}
    assert result.as_dict(return_response=False)["response"] is None


def test_an_enumerated_value_is_shown(smartrecruiters_emulator: Emulator, client: Any) -> None:
    before = smartrecruiters_emulator.state.job(smartrecruiters_emulator.state.job_ids[0]).status
    told = apply(client, job_status(smartrecruiters_emulator)).as_dict()
    assert told["diff"] == [{"field": "status", "before": before, "after": "FILLED"}]


@every
@pytest.mark.parametrize("verb", [plan, apply])
def test_what_people_wrote_is_in_no_log_and_no_result(
    make: Make, verb: Any, smartrecruiters_emulator: Emulator, client: Any, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    change = make(smartrecruiters_emulator)
    before = smartrecruiters_emulator.state
    texts = {"secret", "other-tag", "Lovelace"}
    texts |= set(before.candidate(before.candidate_ids[3]).tags)
    found = before.a_position()
    texts.add(before.position(found.job_id, found.position_id).incumbent_name or "x" * 99)
    texts.add(before.job(before.job_ids[0]).title)
    texts.add(before.job(before.job_ids[0]).note or "x" * 99)
    result = verb(client, change)
    told = caplog.text + json.dumps(result.as_dict(return_response=False)) + repr(change) + str(change)
    for text in texts:
        assert text.casefold() not in told.casefold(), text
    assert smartrecruiters_emulator.api_key not in told
    # And the log does say what is changed.
    for item in result.diffs:
        assert item.name in caplog.text


def test_the_log_has_a_line_for_each_field(smartrecruiters_emulator: Emulator, client: Any, caplog: Any) -> None:
    caplog.set_level(logging.INFO, VIEW)
    apply(client, candidate_job_status(smartrecruiters_emulator))
    before, after = [record.getMessage() for record in caplog.records]
    assert before.startswith("Changing the status of candidate ")
    title, *lines = before.split("\n  status: ")
    assert title.endswith("fields differ")
    assert lines == ["IN_REVIEW -> HIRED\n  startsOn: (not set) -> 2027-01-01T00:00:00.000Z"]
    assert after == "Done: changed."


def test_the_log_says_that_nothing_differs(smartrecruiters_emulator: Emulator, client: Any, caplog: Any) -> None:
    apply(client, job_status(smartrecruiters_emulator))
    caplog.set_level(logging.INFO, VIEW)
    caplog.clear()
    change = job_status(smartrecruiters_emulator)
    apply(client, change)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == f"Read the {change.label}.\nNothing to do: already {change.status}."


def test_the_log_says_that_the_current_state_is_not_known(
    smartrecruiters_emulator: Any, client: Any, caplog: Any
) -> None:
    caplog.set_level(logging.INFO, VIEW)
    apply(client, unlinked_source(smartrecruiters_emulator))
    said = " ".join(caplog.text.split())
    assert "SmartRecruiters does not show the current state, so each run writes it" in said
    assert "sourceId: (not read) -> " in caplog.text


# Errors


@every
def test_an_error_names_the_use_case_the_record_and_what_to_do(
    make: Make, smartrecruiters_emulator: Emulator, connect: Any
) -> None:
    change = make(smartrecruiters_emulator)
    for status in (403, 404):
        refused = ScriptedServer(always=reply(status, {"message": "no"}))
        with refused, pytest.raises((PermissionDeniedError, NotFoundError)) as caught:
            apply(connect(refused.url), change)
        error = caught.value
        assert error.use_case == change.use_case
        assert str(error).startswith(f"Could not change the {change.label}: ")
        assert error.args == (error.summary,)
        assert all(record_id in str(error) for record_id in change.target.values())
        assert error.hint.startswith(change.hints[status])
        scopes = [change.scope, *([change.read_scope] if change.read_scope else [])]
        assert all(scope in error.hint for scope in scopes) is (status == 403)
        assert error.path_template
        assert error.method


def test_a_hint_by_code_goes_before_one_by_status(smartrecruiters_emulator: Emulator, connect: Any) -> None:
    body = {"errors": [{"code": "SUBTYPE_REQUIRED", "message": "m"}]}
    with ScriptedServer(reply(400, body)) as server, pytest.raises(BadRequestError) as caught:
        apply(connect(server.url), source(smartrecruiters_emulator))
    assert caught.value.hint == UpdateCandidateSource.hints["SUBTYPE_REQUIRED"]


@every
def test_a_rejected_credential_keeps_its_own_hint(make: Make, smartrecruiters_emulator: Emulator, connect: Any) -> None:
    """A 400 of the token endpoint is not about the values of the change."""
    change = make(smartrecruiters_emulator)
    for status in (400, 401, 403):
        refused = ScriptedServer(reply(status, {"error": "invalid_scope"}))
        with refused, pytest.raises(AuthenticationError) as caught:
            apply(connect(refused.url, login="a-client"), change)
        assert "client secret" in caught.value.hint
        assert caught.value.hint not in change.hints.values()
        assert caught.value.use_case == change.use_case


@every
def test_the_error_names_the_scope_that_a_token_lacks(
    make: Make, smartrecruiters_emulator: Emulator, connect: Any
) -> None:
    change = make(smartrecruiters_emulator)
    smartrecruiters_emulator.config.client_scopes = frozenset({"user_me_read"})
    client = connect(
        smartrecruiters_emulator.url,
        login=smartrecruiters_emulator.client_id,
        password=smartrecruiters_emulator.client_secret,
    )
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, change)
    assert caught.value.code == "OAuthPermissionsException"
    assert change.scope in caught.value.hint
    assert (change.read_scope or "") in caught.value.hint
    assert caught.value.hint not in change.hints.values()


def test_a_long_id_is_shortened_for_people_only(connect: Any) -> None:
    long_id = "x" * 200
    with ScriptedServer(always=reply(404)) as server, pytest.raises(NotFoundError) as caught:
        apply(connect(server.url), UpdateJobStatus(job_id=long_id, status="FILLED"))
    assert long_id not in str(caught.value)
    assert f"/jobs/{long_id}" in server.requests[0].target


def test_a_result_with_required_values_only() -> None:
    told = ChangeResult("u", {"id": "1"}, None, applied=False).as_dict()
    assert told["changed"] is None
    assert told["diff"] == []


@readable
@pytest.mark.parametrize("status", [409, 423])
def test_a_write_in_whose_way_another_request_was_is_made_from_a_new_read(
    make: Make, status: int, smartrecruiters_emulator: Emulator, relay: ScriptedServer, relayed: SmartRecruitersClient
) -> None:
    change = make(smartrecruiters_emulator)
    relay.then(forward(smartrecruiters_emulator.url), reply(status))
    assert apply(relayed, change).applied is True
    assert [request.method == "GET" for request in relay.requests[:4]] == [True, False, True, False]
    assert len(writes(smartrecruiters_emulator)) == 1
