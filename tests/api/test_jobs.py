"""Statuses, notes, positions, ads, and whole jobs."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pkgutil import iter_modules
from typing import Any

import pytest

from airflow_provider_smartrecruiters import api
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.jobs import (
    JOB_STATUSES,
    NOTE_MAX_LENGTH,
    UpdateJobAd,
    UpdateJobAndJobAd,
    UpdateJobNote,
    UpdateJobPosition,
    UpdateJobStatus,
)
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from tests.support.scripted_server import ScriptedServer, forward, reply

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def job_id(smartrecruiters_emulator: Any) -> str:
    """A job that may be changed."""
    found: str = smartrecruiters_emulator.state.job_ids[0]
    return found


def sent(emulator: Any) -> list[tuple[str, Any]]:
    return [(entry.method, entry.body) for entry in emulator.journal]


def test_airflow_stays_out() -> None:
    modules = [module.name for module in iter_modules(api.__path__, f"{api.__name__}.")]
    assert f"{api.__name__}.jobs" in modules
    script = f"import sys, {', '.join(modules)}; print('airflow' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "False"


# Status


def test_the_statuses() -> None:
    assert JOB_STATUSES == ("CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD")


@pytest.mark.parametrize("status", JOB_STATUSES)
def test_each_status_is_set(status: str, job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.jobs[job_id].status = "CREATED" if status != "CREATED" else "FILLED"
    result = apply(client, UpdateJobStatus(job_id=job_id, status=status))
    assert sent(smartrecruiters_emulator) == [("PUT", {"status": status})]
    assert smartrecruiters_emulator.journal[0].path == f"/jobs/{job_id}/status"
    assert smartrecruiters_emulator.journal[0].status == 201
    assert result.response == {"status": status}
    assert smartrecruiters_emulator.state.job(job_id).status == status


@pytest.mark.parametrize("status", ["OFFERED", "filled", "OTHER", "", None, 1])
def test_refused_statuses(status: Any) -> None:
    with pytest.raises(InvalidInputError, match="CREATED, SOURCING, FILLED, INTERVIEW, OFFER, CANCELLED, ON_HOLD"):
        UpdateJobStatus(job_id="1", status=status)


def test_the_status_other_can_be_read_and_changed(connect: Any) -> None:
    with ScriptedServer(reply(200, {"id": "1", "status": "OTHER"})) as server:
        planned = plan(connect(server.url), UpdateJobStatus(job_id="1", status="FILLED"))
    assert [item.line() for item in planned.diffs] == ["status: OTHER -> FILLED"]


@pytest.mark.parametrize("verb", [plan, apply])
def test_a_cancelled_job_stays_published_and_the_log_says_so(
    verb: Any, smartrecruiters_emulator: Any, client: Any, caplog: Any
) -> None:
    caplog.set_level(logging.INFO, "airflow_provider_smartrecruiters.api.converge.view")
    published = smartrecruiters_emulator.state.a_job_ad(published=True, default=True).job_id
    result = verb(client, UpdateJobStatus(job_id=published, status="CANCELLED"))
    assert result.details["posting_status"] == "PUBLIC"
    assert "does not unpublish" in result.details["notice"]
    assert "CANCELLED does not unpublish the job" in caplog.text


def test_a_job_that_is_not_published_needs_no_notice(smartrecruiters_emulator: Any, client: Any) -> None:
    hidden = smartrecruiters_emulator.state.a_job_ad(published=False, default=True).job_id
    result = apply(client, UpdateJobStatus(job_id=hidden, status="CANCELLED"))
    assert result.details == {}


def test_whether_it_is_published_may_be_unknown(job_id: str, client: Any) -> None:
    result = apply(client, UpdateJobStatus(job_id=job_id, status="CANCELLED"), read_first=False)
    assert "does not unpublish" in result.details["notice"]


def test_another_status_needs_no_notice(job_id: str, client: Any) -> None:
    assert "notice" not in apply(client, UpdateJobStatus(job_id=job_id, status="INTERVIEW")).details


def test_no_access_to_a_job(smartrecruiters_emulator: Any, client: Any) -> None:
    for job_id in (smartrecruiters_emulator.state.read_only_job_id, smartrecruiters_emulator.state.restricted_job_id):
        with pytest.raises(PermissionDeniedError) as caught:
            apply(client, UpdateJobStatus(job_id=job_id, status="CANCELLED"))
        assert "jobs_manage and jobs_read" in caught.value.hint
    assert not smartrecruiters_emulator.journal.writes()


def test_a_reference_number_is_not_an_id(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    change = UpdateJobStatus(job_id=smartrecruiters_emulator.state.job(job_id).ref_number, status="FILLED")
    # The API has no 404 for a job that is read.
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, change)
    assert caught.value.status == 401
    assert "not its reference number" in caught.value.hint
    with pytest.raises(NotFoundError) as caught_too:
        apply(client, change, read_first=False)
    assert "not its reference number" in caught_too.value.hint


# Note


@pytest.mark.parametrize("content", ["short", "x" * NOTE_MAX_LENGTH, "👍" * NOTE_MAX_LENGTH, " keeps\nits  spaces \n"])
def test_a_note_is_set(content: str, job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    result = apply(client, UpdateJobNote(job_id=job_id, content=content))
    assert smartrecruiters_emulator.state.job(job_id).note == content
    assert smartrecruiters_emulator.journal[0].status == 200
    assert result.response == {"content": content}
    assert apply(client, UpdateJobNote(job_id=job_id, content=content)).changed is False


def test_a_note_that_is_too_long_is_counted_before_sending() -> None:
    assert NOTE_MAX_LENGTH == 20_000
    with pytest.raises(InvalidInputError, match=r"has 20,001 characters; a note has at most 20,000") as caught:
        UpdateJobNote(job_id="1", content="x" * 20_001)
    assert caught.value.fields == ("content",)


@pytest.mark.parametrize("content", ["", "  \n", "None", "null", None, 5.5, ["x"], "half \ud83d"])
def test_refused_notes(content: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobNote(job_id="1", content=content)
    assert caught.value.fields == ("content",)


def test_an_empty_note_would_delete_the_current_one() -> None:
    with pytest.raises(InvalidInputError, match="would delete the current note"):
        UpdateJobNote(job_id="1", content="")


def test_a_job_without_a_note_may_be_answered_with_a_404(connect: Any) -> None:
    answers = [reply(404), reply(200, {"id": "1"}), reply(200, {"content": "x"})]
    with ScriptedServer(*answers) as server:
        result = apply(connect(server.url), UpdateJobNote(job_id="1", content="x"))
        assert [request.line.decode().rpartition(" ")[0] for request in server.requests] == [
            "GET /jobs/1/note",
            "GET /jobs/1",
            "PUT /jobs/1/note",
        ]
    assert result.changed is True


def test_a_note_of_a_job_that_does_not_exist(smartrecruiters_emulator: Any, client: Any) -> None:
    for error, named in ((PermissionDeniedError, True), (NotFoundError, False)):
        with smartrecruiters_emulator.state.editing() as tenant:
            tenant.settings.missing_is_denied = named
        with pytest.raises(error) as caught:
            apply(client, UpdateJobNote(job_id="none", content="x"))
        assert "Check job_id (the id of the job" in caught.value.hint
    assert len(smartrecruiters_emulator.journal) == 0


def test_a_note_out_of_reach_is_a_401(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    client.request("GET", "/jobs/{jobId}", path_params={"jobId": job_id})
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, UpdateJobNote(job_id=smartrecruiters_emulator.state.read_only_job_id, content="x"))
    assert caught.value.status == 401
    assert caught.value.hint.startswith(UpdateJobNote.hints[401])


# Position


@pytest.fixture
def place(smartrecruiters_emulator: Any) -> Any:
    """A position with everything set."""
    return smartrecruiters_emulator.state.a_position()


def stored_position(emulator: Any, place: Any) -> Any:
    return emulator.state.position(place.job_id, place.position_id)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"type": "NEW"}, "type", "NEW"),
        ({"position_open_date": "2027-01-01"}, "position_open_date", "2027-01-01T00:00:00.000Z"),
        ({"target_start_date": date(2027, 5, 1)}, "target_start_date", "2027-05-01T00:00:00.000Z"),
        ({"external_position_id": "POS-X"}, "position_id", "POS-X"),
        ({"incumbent_name": "Grace Hopper"}, "incumbent_name", "Grace Hopper"),
    ],
)
def test_what_is_not_given_keeps_its_value(
    given: Any, name: str, value: str, place: Any, smartrecruiters_emulator: Any, client: Any
) -> None:
    before = stored_position(smartrecruiters_emulator, place)
    change = UpdateJobPosition(job_id=place.job_id, position_id=place.position_id, **given)
    result = apply(client, change)
    after = stored_position(smartrecruiters_emulator, place)
    assert getattr(after, name) == value
    kept = {"type", "position_open_date", "target_start_date", "position_id", "incumbent_name", "status"} - {name}
    for other in kept:
        assert getattr(after, other) == getattr(before, other) or "date" in other
    assert len(result.diffs) == 1
    assert smartrecruiters_emulator.journal[0].status == 201
    assert apply(client, change).changed is False


def test_dates_that_are_sent_back_are_the_same_instants(place: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    before = stored_position(smartrecruiters_emulator, place)
    apply(client, UpdateJobPosition(job_id=place.job_id, position_id=place.position_id, type="NEW"))
    after = stored_position(smartrecruiters_emulator, place)
    for name in ("position_open_date", "target_start_date"):
        assert datetime.fromisoformat(getattr(after, name)) == datetime.fromisoformat(getattr(before, name))


def test_the_id_of_the_path_is_not_that_of_the_body(place: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    change = UpdateJobPosition(job_id=place.job_id, position_id=place.position_id, external_position_id="POS-X")
    apply(client, change)
    (entry,) = smartrecruiters_emulator.journal
    assert entry.path == f"/jobs/{place.job_id}/positions/{place.position_id}"
    assert entry.body["positionId"] == "POS-X"


@pytest.mark.parametrize(
    "start",
    [
        "2026-09-01T08:00:00.000Z",
        "2026-09-01T08:00:00Z",
        "2026-09-01T10:00:00+02:00",
        datetime(2026, 9, 1, 8),
        datetime(2026, 9, 1, 8, tzinfo=UTC),
        datetime(2026, 9, 1, 3, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
@pytest.mark.parametrize("answered", ["2026-09-01T08:00:00Z", "2026-09-01T08:00:00.000+0000"])
def test_equal_dates_in_other_forms_make_no_difference(start: Any, answered: str, connect: Any) -> None:
    answer = {"id": "p", "type": "NEW", "positionOpenDate": "2026-01-01T00:00:00Z", "targetStartDate": answered}
    with ScriptedServer(reply(200, answer)) as server:
        change = UpdateJobPosition(job_id="1", position_id="p", target_start_date=start)
        assert plan(connect(server.url), change).changed is False


def test_a_position_that_lacks_required_members(connect: Any) -> None:
    server = ScriptedServer(reply(200, {"id": "p", "type": "NEW"}))
    cause = "no position_open_date and no target_start_date yet, which SmartRecruiters requires"
    with server, pytest.raises(InvalidInputError, match=cause) as caught:
        apply(connect(server.url), UpdateJobPosition(job_id="1", position_id="p", incumbent_name="x"))
    assert caught.value.fields == ("position_open_date", "target_start_date")


def test_with_all_five_given_no_read_is_needed(place: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    change = UpdateJobPosition(
        job_id=place.job_id,
        position_id=place.position_id,
        type="NEW",
        position_open_date="2027-01-01",
        target_start_date="2027-02-01",
        external_position_id="POS-X",
        incumbent_name="Grace Hopper",
    )
    assert apply(client, change, read_first=False).changed is None
    assert plan(client, change).changed is False


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, ("type", "position_open_date", "target_start_date", "external_position_id", "incumbent_name")),
        (
            {"type": "", "incumbent_name": " "},
            ("type", "position_open_date", "target_start_date", "external_position_id", "incumbent_name"),
        ),
        ({"type": "OLD"}, ("type",)),
        ({"type": "new"}, ("type",)),
        ({"target_start_date": "soon"}, ("target_start_date",)),
        ({"incumbent_name": "None"}, ("incumbent_name",)),
        ({"external_position_id": 5.5}, ("external_position_id",)),
        ({"incumbent_name": "nan"}, ("incumbent_name",)),
        ({"clear_fields": ["type"]}, ("clear_fields",)),
        ({"clear_fields": ["incumbent_name"], "incumbent_name": "Grace"}, ("clear_fields", "incumbent_name")),
    ],
)
def test_refused_positions(given: Any, fields: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobPosition(job_id="1", position_id="2", **given)
    assert caught.value.fields == fields


def test_the_company_s_own_id_of_a_position_is_not_its_record_id(
    place: Any, smartrecruiters_emulator: Any, client: Any
) -> None:
    number = stored_position(smartrecruiters_emulator, place).position_id
    with pytest.raises(NotFoundError) as caught:
        apply(client, UpdateJobPosition(job_id=place.job_id, position_id=number, type="NEW"))
    assert "which is external_position_id" in caught.value.hint


def test_a_position_of_a_read_only_job(smartrecruiters_emulator: Any, client: Any) -> None:
    ref = smartrecruiters_emulator.state.read_only_position
    with pytest.raises(PermissionDeniedError):
        apply(client, UpdateJobPosition(job_id=ref.job_id, position_id=ref.position_id, incumbent_name="x"))


# Job ad


@pytest.fixture
def ad(smartrecruiters_emulator: Any) -> Any:
    """A job ad that is published."""
    return smartrecruiters_emulator.state.a_job_ad(published=True)


def ad_change(ad: Any, **given: Any) -> UpdateJobAd:
    return UpdateJobAd(job_id=ad.job_id, job_ad_id=ad.job_ad_id, **given)


def stored_ad(emulator: Any, ad: Any) -> Any:
    return emulator.state.job(ad.job_id).ads[ad.job_ad_id]


def differing(before: Any, after: Any) -> set[str]:
    old, new = before.model_dump(), after.model_dump()
    return {name for name in old if old[name] != new[name]}


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"title": "New title"}, {"title"}),
        ({"language": "de"}, {"language"}),
        ({"location": {"city": "Potsdam"}}, {"location"}),
        ({"location": {"remote": True}}, {"location"}),
        ({"job_ad": {"qualifications": {"text": "<p>New</p>"}}}, {"sections"}),
        ({"job_ad": {"videos": {"urls": ["https://v.example.com/2"]}}}, {"videos"}),
        ({"job_ad": {"qualifications": None}}, {"sections"}),
        ({"job_ad": {"videos": None}}, {"videos"}),
    ],
)
def test_only_the_parts_given_change(
    given: Any, changed: set[str], ad: Any, smartrecruiters_emulator: Any, client: Any
) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.jobs[ad.job_id].ads[ad.job_ad_id].content.location.remote = False
    before = stored_ad(smartrecruiters_emulator, ad)
    assert apply(client, ad_change(ad, **given)).applied
    after = stored_ad(smartrecruiters_emulator, ad)
    assert differing(before.content, after.content) == changed
    assert differing(before, after) - {"updated_on"} == {"content"}
    assert apply(client, ad_change(ad, **given)).changed is False


def test_a_section_keeps_what_is_not_given_of_it(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    before = stored_ad(smartrecruiters_emulator, ad).content.sections
    apply(client, ad_change(ad, job_ad={"qualifications": {"text": "new"}}))
    after = stored_ad(smartrecruiters_emulator, ad).content.sections
    assert after["qualifications"].title == before["qualifications"].title
    assert {name: s for name, s in after.items() if name != "qualifications"} == {
        name: s for name, s in before.items() if name != "qualifications"
    }


def test_sections_sit_directly_under_job_ad(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, ad_change(ad, job_ad={"jobDescription": {"text": "new"}}))
    (entry,) = smartrecruiters_emulator.journal
    assert entry.path == f"/jobs/{ad.job_id}/jobads/{ad.job_ad_id}"
    assert entry.body["jobAd"]["jobDescription"]["text"] == "new"
    assert "sections" not in entry.body["jobAd"]


def test_a_published_ad_needs_publishing_again(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    outside = smartrecruiters_emulator.state.published(ad.job_id, ad.job_ad_id)
    result = apply(client, ad_change(ad, title="New title"))
    assert result.details == {"posting_status": "PUBLISHED", "needs_publishing": True}
    assert smartrecruiters_emulator.state.published(ad.job_id, ad.job_ad_id) == outside


def test_an_ad_that_is_not_published_does_not(smartrecruiters_emulator: Any, client: Any) -> None:
    hidden = smartrecruiters_emulator.state.a_job_ad(published=False)
    result = apply(client, ad_change(hidden, title="New title"))
    assert result.details == {"posting_status": "NOT_PUBLISHED", "needs_publishing": False}


def test_an_ad_in_which_nothing_differs_does_not(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    title = stored_ad(smartrecruiters_emulator, ad).content.title
    result = apply(client, ad_change(ad, title=title))
    assert result.changed is False
    assert result.details == {"posting_status": "PUBLISHED", "needs_publishing": False}


def test_an_ad_that_moves_loses_the_old_coordinates(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        location = tenant.jobs[ad.job_id].ads[ad.job_ad_id].content.location
        location.latitude, location.longitude = "52.52", "13.40"
    apply(client, ad_change(ad, location={"city": "Potsdam"}))
    location = stored_ad(smartrecruiters_emulator, ad).content.location
    assert (location.city, location.latitude, location.longitude) == ("Potsdam", None, None)


def test_an_ad_without_a_location_can_get_one(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.jobs[ad.job_id].ads[ad.job_ad_id].content.location = None
    with pytest.raises(InvalidInputError, match=r"location\.countryCode") as caught:
        apply(client, ad_change(ad, location={"city": "Potsdam"}))
    assert caught.value.fields == ("location.countryCode",)
    apply(client, ad_change(ad, location={"city": "Potsdam", "countryCode": "de"}))
    assert stored_ad(smartrecruiters_emulator, ad).content.location.city == "Potsdam"


def test_an_incomplete_location_from_a_response_is_not_sent_back(connect: Any) -> None:
    answer = {"id": "a", "title": "T", "location": {"city": "Berlin", "remote": False}, "jobAd": {}}
    answers = [reply(200, answer), reply(200, answer | {"title": "N"}), reply(200, answer | {"title": "N"})]
    with ScriptedServer(*answers) as server:
        apply(connect(server.url), UpdateJobAd(job_id="1", job_ad_id="a", title="N"))
        assert server.requests[1].json() == {"title": "N", "jobAd": {}}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "title"),
        ({"title": "", "language": " "}, "title"),
        ({"location": {}}, "title"),
        ({"job_ad": {}}, "title"),
        ({"title": "None"}, "title"),
        ({"job_ad": {"requirements": {"text": "x"}}}, "job_ad"),
        ({"job_ad": {"sections": {"qualifications": {"text": "x"}}}}, "job_ad"),
        ({"job_ad": {"qualifications": "x"}}, "job_ad.qualifications"),
        ({"job_ad": {"qualifications": {"text": 5.5}}}, "job_ad.qualifications.text"),
        ({"job_ad": {"qualifications": {"text": "x", "extra": object()}}}, "job_ad"),
        ({"job_ad": {"qualifications": {"text": "{{ xcom }}"}}}, "job_ad.qualifications.text"),
        ({"location": {"countryCode": "germany"}}, "location.countryCode"),
        ({"location": {"remote": "perhaps"}}, "location.remote"),
    ],
)
def test_refused_ads(given: Any, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobAd(job_id="1", job_ad_id="2", **given)
    assert caught.value.fields[0] == field


def test_an_ad_of_another_job(ad: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    other = next(j for j in smartrecruiters_emulator.state.job_ids if j != ad.job_id)
    with pytest.raises(NotFoundError) as caught:
        apply(client, UpdateJobAd(job_id=other, job_ad_id=ad.job_ad_id, title="x"))
    assert "/jobads" in caught.value.hint


def test_an_ad_of_a_read_only_job(smartrecruiters_emulator: Any, client: Any) -> None:
    # The API has no other answer to it than 404.
    with pytest.raises(NotFoundError) as caught:
        apply(client, ad_change(smartrecruiters_emulator.state.read_only_job_ad, title="x"))
    assert "has access to the job" in caught.value.hint


# Job and job ad


def job_change(job_id: str, replace: bool = False, **job: Any) -> UpdateJobAndJobAd:
    return UpdateJobAndJobAd(job_id=job_id, job=job, replace=replace)


def full_body(emulator: Any, job_id: str) -> dict[str, Any]:
    job = emulator.state.job(job_id)
    return {
        "title": job.title,
        "location": {"countryCode": job.location.country_code, "city": job.location.city},
        "industry": {"id": job.industry_id},
        "function": {"id": job.function_id},
        "experienceLevel": {"id": job.experience_level_id},
    }


def test_a_job_keeps_everything_that_is_not_mentioned(smartrecruiters_emulator: Any, client: Any) -> None:
    """Every job of the tenant, with its ad's texts, properties, compensation, positions and note."""
    state = smartrecruiters_emulator.state
    for job_id in state.job_ids[:20]:
        before = state.job(job_id)
        result = apply(client, job_change(job_id, title=f"{before.title} II"))
        after = state.job(job_id)
        assert differing(before, after) - {"updated_on", "last_activity_on", "ads", "target_hiring_date"} == {"title"}
        assert (before.target_hiring_date is None) is (after.target_hiring_date is None)
        assert before.default_ad.content == after.default_ad.content
        assert [item.name for item in result.diffs] == ["title"]
        assert result.details == {}
        assert apply(client, job_change(job_id, title=f"{before.title} II")).changed is False
    assert any(state.job(job_id).properties for job_id in state.job_ids[:20])
    assert any(state.job(job_id).compensation for job_id in state.job_ids[:20])


@pytest.mark.parametrize(
    ("job", "differs", "reads"),
    [
        ({"refNumber": "REF-X"}, {"ref_number"}, ["refNumber"]),
        ({"refNumber": None}, {"ref_number"}, ["refNumber"]),
        ({"department": None}, {"department_id"}, ["department.id"]),
        ({"template": True}, {"template"}, ["template"]),
        ({"targetHiringDate": "2027-01-01"}, {"target_hiring_date"}, ["targetHiringDate"]),
        ({"compensation": {"min": 1, "max": 2, "currency": "EUR"}}, {"compensation"}, None),
        ({"compensation": None}, {"compensation"}, None),
        ({"location": {"address": "1 Main St"}}, {"location"}, ["location.address"]),
        ({"jobAd": {"language": {"code": "pl"}}}, {"ads"}, ["jobAd.language.code"]),
        ({"jobAd": {"sections": {"qualifications": None}}}, {"ads"}, None),
    ],
)
def test_what_is_given_changes(
    job: Any, differs: set[str], reads: Any, job_id: str, smartrecruiters_emulator: Any, client: Any
) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        found = tenant.jobs[job_id]
        found.department_id = found.department_id or next(iter(tenant.departments))
        found.location.latitude = found.location.longitude = None
        if found.compensation is None:
            found.compensation = next(j.compensation for j in tenant.jobs.values() if j.compensation)
    before = smartrecruiters_emulator.state.job(job_id)
    result = apply(client, job_change(job_id, **job))
    after = smartrecruiters_emulator.state.job(job_id)
    times = {"updated_on", "last_activity_on"}
    # The ad's own time of change is among "ads".
    assert differs <= differing(before, after) <= differs | times | {"ads", "target_hiring_date"}
    if reads:
        assert [item.name for item in result.diffs] == reads
    assert "ignored" not in result.details
    assert apply(client, job_change(job_id, **job)).changed is False


def test_sections_sit_under_sections(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, job_change(job_id, jobAd={"sections": {"jobDescription": {"text": "new"}}}))
    (entry,) = smartrecruiters_emulator.journal
    assert entry.path == f"/jobs/{job_id}"
    assert entry.body["jobAd"]["sections"]["jobDescription"]["text"] == "new"
    assert set(entry.body["jobAd"]) == {"sections", "language"}
    kept = smartrecruiters_emulator.state.job(job_id).default_ad.content.sections
    assert {"companyDescription", "qualifications", "additionalInformation"} <= set(kept)


@pytest.fixture
def with_properties(smartrecruiters_emulator: Any) -> Any:
    """A job with both kinds of property, and the ids of the two."""
    with smartrecruiters_emulator.state.editing() as tenant:
        text = next(p for p in tenant.job_properties.values() if not p.values)
        choice = next(p for p in tenant.job_properties.values() if p.values)
        job = next(j for j in tenant.jobs.values() if j.access == "full" and {text.id, choice.id} <= set(j.properties))
        return job.id, text.id, choice.id, list(choice.values)


def test_properties_change_by_their_ids(with_properties: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    job_id, text, choice, values = with_properties
    before = smartrecruiters_emulator.state.job(job_id).properties
    other = next(value for value in values if value != before[choice].id)
    change = job_change(job_id, properties=[{"id": choice, "value": {"id": other}}])
    result = apply(client, change)
    after = smartrecruiters_emulator.state.job(job_id).properties
    assert after[choice].id == other
    assert after[text] == before[text]
    assert [item.line() for item in result.diffs] == [f"properties[{choice}].value.id: {before[choice].id} -> {other}"]
    assert apply(client, change).changed is False


def test_a_property_is_removed_by_none(with_properties: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    job_id, text, choice, _ = with_properties
    apply(client, job_change(job_id, properties=[{"id": text, "value": None}]))
    assert set(smartrecruiters_emulator.state.job(job_id).properties) == {choice}


def test_what_the_api_ignores_is_reported(with_properties: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    job_id, _, choice, _ = with_properties
    unknown = [{"id": "no-such-property", "value": {"id": "1"}}, {"id": choice, "value": {"id": "no-such-value"}}]
    result = apply(client, job_change(job_id, properties=unknown))
    assert set(result.details["ignored"]) == {"properties[no-such-property].value.id", f"properties[{choice}].value.id"}


def test_a_value_that_is_lost_is_a_change(
    with_properties: Any, smartrecruiters_emulator: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The API drops a value that it does not know, and the one that was there with it."""
    job_id, _, choice, _ = with_properties
    change = job_change(job_id, properties=[{"id": choice, "value": {"id": "no-such-value"}}])
    result = apply(client, change)
    assert choice not in smartrecruiters_emulator.state.job(job_id).properties
    assert result.details["lost"] == result.details["ignored"] == [f"properties[{choice}].value.id"]
    assert result.changed is True
    said = " ".join(caplog.text.split())
    assert f"removed the old one: properties[{choice}].value.id. What to do: Correct the value" in said
    # Nothing is lost a second time.
    again = apply(client, change)
    assert (again.changed, "lost" in again.details) == (False, False)


@pytest.mark.off_contract
def test_a_member_that_the_api_does_not_know_is_reported(
    job_id: str, smartrecruiters_emulator: Any, client: Any
) -> None:
    result = apply(client, job_change(job_id, salaryBand="Misspelled", title="New title"))
    assert result.details["ignored"] == ["salaryBand"]
    assert "Misspelled" not in str(result.as_dict(return_response=False))
    assert smartrecruiters_emulator.state.job(job_id).title == "New title"


def test_a_job_that_moves_loses_the_old_coordinates(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        location = tenant.jobs[job_id].location
        location.latitude, location.longitude = "1.5", "2.5"
    apply(client, job_change(job_id, location={"remote": True}))
    assert smartrecruiters_emulator.state.job(job_id).location.latitude == "1.5"
    apply(client, job_change(job_id, location={"city": "Elsewhere"}))
    location = smartrecruiters_emulator.state.job(job_id).location
    assert (location.city, location.latitude, location.longitude) == ("Elsewhere", None, None)


def test_replacing_sends_the_job_as_it_is(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    body = full_body(smartrecruiters_emulator, job_id) | {"title": "All there is"}
    result = apply(client, job_change(job_id, replace=True, **body))
    assert sent(smartrecruiters_emulator) == [("PUT", body)]
    after = smartrecruiters_emulator.state.job(job_id)
    assert (after.title, after.properties, after.department_id, after.ref_number) == ("All there is", {}, None, None)
    assert after.default_ad.content.sections == {}
    # What is removed is part of the diff.
    assert {"refNumber", "jobAd.sections.jobDescription.text"} <= {item.name for item in result.diffs}


def test_replacing_does_not_require_a_read(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    body = full_body(smartrecruiters_emulator, job_id)
    assert apply(client, job_change(job_id, replace=True, **body), read_first=False).applied
    assert smartrecruiters_emulator.requests[0].method == "PUT"


def test_replacing_never_sends_null(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    """None removes a member, so the body leaves it out."""
    body = full_body(smartrecruiters_emulator, job_id)
    apply(client, job_change(job_id, replace=True, **body | {"department": None, "compensation": None}))
    assert sent(smartrecruiters_emulator) == [("PUT", body)]


def test_a_replaced_job_converges_with_labels_too(job_id: str, smartrecruiters_emulator: Any, client: Any) -> None:
    body = full_body(smartrecruiters_emulator, job_id)
    body["industry"]["label"] = "a label, as an answer has it"
    # What the API answers when they are left out.
    body |= {"template": False, "jobAd": {"language": {"code": "en"}}}
    body["location"]["remote"] = False
    change = job_change(job_id, replace=True, **body)
    apply(client, change)
    assert plan(client, change).changed is False


@pytest.mark.parametrize(
    "absent", ["title", "location", "location.city", "location.countryCode", "industry", "function", "experienceLevel"]
)
def test_replacing_needs_all_required_members(absent: str) -> None:
    body: dict[str, Any] = {
        "title": "T",
        "location": {"countryCode": "de", "city": "Berlin"},
        "industry": {"id": "i"},
        "function": {"id": "f"},
        "experienceLevel": {"id": "e"},
    }
    name, _, part = absent.partition(".")
    if part:
        del body[name][part]
    else:
        del body[name]
    with pytest.raises(InvalidInputError) as caught:
        job_change("1", replace=True, **body)
    assert all(field.startswith(f"job.{absent}") for field in caught.value.fields)


@pytest.mark.parametrize("removed", [{"title": None}, {"industry": None}, {"location": {"city": None}}])
def test_required_members_cannot_be_removed(
    removed: Any, job_id: str, smartrecruiters_emulator: Any, client: Any
) -> None:
    with pytest.raises(InvalidInputError, match="SmartRecruiters requires"):
        apply(client, job_change(job_id, **removed))
    assert len(smartrecruiters_emulator.journal) == 0


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({}, "job"),
        ({"title": ""}, "job"),
        ({"location": {"city": "None"}}, "job.location.city"),
        ({"jobAd": {"sections": {"qualifications": {"text": "NaT"}}}}, "job.jobAd.sections.qualifications.text"),
        ({"jobAd": {"sections": {"videos": {"urls": ["null"]}}}}, "job.jobAd.sections.videos.urls[0]"),
        ({"title": "x" * 257}, "job.title"),
        ({"title": 5.5}, "job.title"),
        ({"department": {"id": "None"}}, "job.department.id"),
        ({"location": {"countryCode": "deu"}}, "job.location.countryCode"),
        ({"targetHiringDate": "soon"}, "job.targetHiringDate"),
        ({"properties": [{"value": {"id": "v"}}]}, "job.properties[0].id"),
        ({"properties": [{"id": "p"}]}, "job.properties[0].value"),
        ({"unknown": object()}, "job"),
        ({"unknown": float("nan")}, "job.unknown"),
        ({"unknown": "half \ud83d"}, "job.unknown"),
    ],
)
def test_refused_jobs(job: Any, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobAndJobAd(job_id="1", job=job)
    assert caught.value.fields == (field,)


@pytest.mark.parametrize("job", [None, "title", ["title"], 5])
def test_a_job_is_a_mapping(job: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateJobAndJobAd(job_id="1", job=job)
    assert caught.value.fields == ("job",)


@pytest.mark.parametrize(
    "job",
    [
        {"department": {"id": "none"}},
        {"industry": {"id": "none"}},
        {"function": {"id": "none"}},
        {"typeOfEmployment": {"id": "none"}},
        {"eeoCategory": {"id": "none"}},
    ],
)
def test_a_value_that_is_not_on_a_list(job: Any, job_id: str, client: Any) -> None:
    with pytest.raises(BadRequestError) as caught:
        apply(client, job_change(job_id, **job))
    assert caught.value.hint.startswith(f"Choose {next(iter(job))} from the company's list")
    assert caught.value.code


def test_a_read_only_job(smartrecruiters_emulator: Any, client: Any) -> None:
    with pytest.raises(PermissionDeniedError):
        apply(client, job_change(smartrecruiters_emulator.state.read_only_job_id, title="x"))


def test_only_a_change_between_the_read_and_the_write_is_lost(
    job_id: str, smartrecruiters_emulator: Any, connect: Any
) -> None:
    """There is no ETag. The documented window between the read and the write is one request wide."""
    url = smartrecruiters_emulator.url

    def somebody_writes_meanwhile(exchange: Any) -> bool:
        with smartrecruiters_emulator.state.editing() as tenant:
            tenant.jobs[job_id].ref_number = "THEIRS"
        return forward(url)(exchange)

    with ScriptedServer(forward(url), somebody_writes_meanwhile, forward(url)) as relay:
        result = apply(connect(relay.url, password=smartrecruiters_emulator.api_key), job_change(job_id, title="Ours"))
    assert result.applied
    assert smartrecruiters_emulator.state.job(job_id).ref_number != "THEIRS"
