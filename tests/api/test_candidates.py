"""Tags, statuses, sources and rejections of candidates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.candidates import (
    APPLICATION_STATUSES,
    RejectApplication,
    UpdateCandidateJobStatus,
    UpdateCandidateSource,
    UpdateCandidateTags,
)
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    UnexpectedResponseError,
)
from tests.support.scripted_server import ScriptedServer, forward, reply, reset

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


# Tags


@pytest.fixture
def tagged(smartrecruiters_emulator: Any) -> str:
    """A candidate with the tags "python" and "remote"."""
    candidate_id: str = smartrecruiters_emulator.state.candidate_ids[5]
    with smartrecruiters_emulator.state.editing() as tenant:
        tenant.candidates[candidate_id].tags = ["python", "remote"]
    return candidate_id


def stored_tags(emulator: Any, candidate_id: str) -> list[str]:
    found: list[str] = emulator.state.candidate(candidate_id).tags
    return found


def sent(emulator: Any) -> list[tuple[str, Any]]:
    return [(entry.method, entry.body) for entry in emulator.journal]


def test_tags_are_the_whole_new_set(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    result = apply(client, UpdateCandidateTags(candidate_id=tagged, tags=["sap", "remote"]))
    assert sent(smartrecruiters_emulator) == [("PUT", {"tags": ["sap", "remote"]})]
    assert stored_tags(smartrecruiters_emulator, tagged) == ["sap", "remote"]
    assert result.response == {"tags": ["sap", "remote"]}
    assert result.as_dict()["diff"] == [{"field": "tags", "before_length": 2, "after_length": 2}]


def test_an_explicit_empty_list_clears(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, UpdateCandidateTags(candidate_id=tagged, tags=[]))
    assert sent(smartrecruiters_emulator) == [("PUT", {"tags": []})]
    assert stored_tags(smartrecruiters_emulator, tagged) == []
    assert apply(client, UpdateCandidateTags(candidate_id=tagged, tags=[])).changed is False


@pytest.mark.parametrize("tags", [["remote", "python"], ["python", "remote", "python"], (" python ", "remote")])
def test_order_duplicates_and_spaces_make_no_difference(tags: Any, tagged: str, client: Any) -> None:
    assert plan(client, UpdateCandidateTags(candidate_id=tagged, tags=tags)).changed is False


def test_duplicates_are_sent_once_and_in_their_order(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, UpdateCandidateTags(candidate_id=tagged, tags=["z", "a", "z ", " a", "m"]))
    assert sent(smartrecruiters_emulator) == [("PUT", {"tags": ["z", "a", "m"]})]


def test_a_pure_addition_uses_the_add_operation(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, UpdateCandidateTags(candidate_id=tagged, add=["sap", "python"]))
    assert sent(smartrecruiters_emulator) == [("POST", {"tags": ["sap"]})]
    assert sorted(stored_tags(smartrecruiters_emulator, tagged)) == ["python", "remote", "sap"]


def test_concurrent_additions_lose_nothing(tagged: str, smartrecruiters_emulator: Any, connect: Any) -> None:
    url = smartrecruiters_emulator.url

    def somebody_adds_meanwhile(exchange: Any) -> bool:
        with smartrecruiters_emulator.state.editing() as tenant:
            tenant.candidates[tagged].tags.append("theirs")
        return forward(url)(exchange)

    with ScriptedServer(forward(url), somebody_adds_meanwhile) as relay:
        client = connect(relay.url, password=smartrecruiters_emulator.api_key)
        apply(client, UpdateCandidateTags(candidate_id=tagged, add=["ours"]))
    assert {"ours", "theirs", "python", "remote"} == set(stored_tags(smartrecruiters_emulator, tagged))


def test_what_is_removed_needs_the_rest_to_be_sent(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, UpdateCandidateTags(candidate_id=tagged, remove=["python", "never there"]))
    assert sent(smartrecruiters_emulator) == [("PUT", {"tags": ["remote"]})]


def test_adding_and_removing_at_once(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, UpdateCandidateTags(candidate_id=tagged, add=["sap"], remove=["python"]))
    assert sent(smartrecruiters_emulator) == [("PUT", {"tags": ["remote", "sap"]})]


@pytest.mark.parametrize(
    "parts", [{"add": ["python"]}, {"remove": ["sap"]}, {"add": []}, {"add": ["remote"], "remove": ["x"]}]
)
def test_unchanged_tags_are_not_sent(parts: Any, tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    assert apply(client, UpdateCandidateTags(candidate_id=tagged, **parts)).changed is False
    assert sent(smartrecruiters_emulator) == []


def test_a_forced_addition_names_what_is_there(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, UpdateCandidateTags(candidate_id=tagged, add=["python"]), force=True)
    assert sent(smartrecruiters_emulator) == [("POST", {"tags": ["python"]})]
    assert stored_tags(smartrecruiters_emulator, tagged) == ["python", "remote"]


def test_an_addition_does_not_require_a_read(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    result = apply(client, UpdateCandidateTags(candidate_id=tagged, add=["sap"]), read_first=False)
    assert [request.method for request in smartrecruiters_emulator.requests] == ["POST"]
    assert result.changed is None


def test_a_removal_requires_a_read(tagged: str, smartrecruiters_emulator: Any, client: Any) -> None:
    with pytest.raises(InvalidInputError, match="read_first=False"):
        apply(client, UpdateCandidateTags(candidate_id=tagged, remove=["python"]), read_first=False)
    assert smartrecruiters_emulator.requests == []


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ({}, ("tags", "add", "remove")),
        ({"tags": ["a"], "add": ["b"]}, ("tags", "add", "remove")),
        ({"tags": [], "remove": []}, ("tags", "add", "remove")),
        ({"add": ["a"], "remove": ["a "]}, ("add", "remove")),
        ({"tags": "python"}, ("tags",)),
        ({"tags": b"python"}, ("tags",)),
        ({"tags": {"a": 1}}, ("tags",)),
        ({"tags": 5}, ("tags",)),
        ({"tags": ["a", ""]}, ("tags[1]",)),
        ({"tags": ["a", None]}, ("tags",)),
        ({"tags": ["a", 5.5]}, ("tags",)),
        ({"tags": ["None", "a", "nan"]}, ("tags[0]", "tags[2]")),
        ({"add": ["{{ params.tag }}"], "remove": "a"}, ("add[0]", "remove")),
        ({"tags": [["a"]]}, ("tags",)),
        ({"add": ["half \ud83d"]}, ("add[0]",)),
    ],
)
def test_refused_tags(parts: dict[str, Any], fields: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateCandidateTags(candidate_id="1", **parts)
    assert caught.value.fields == fields
    assert "python" not in str(caught.value)


def test_what_the_api_makes_of_tags_is_reported(tagged: str, connect: Any) -> None:
    """The API may truncate or merge tags. Its own response shows that."""
    answers = [reply(200, {"tags": []}), reply(201, {"tags": ["sap"]}), reply(200, {"tags": ["sap"]})]
    with ScriptedServer(*answers) as server:
        result = apply(connect(server.url), UpdateCandidateTags(candidate_id=tagged, tags=["SAP"]))
    assert result.details["ignored"] == ["tags"]


@pytest.mark.parametrize("answer", [{"tags": None}, {"tags": []}])
def test_a_candidate_without_tags(answer: Any, connect: Any) -> None:
    with ScriptedServer(reply(200, answer)) as server:
        assert plan(connect(server.url), UpdateCandidateTags(candidate_id="1", tags=[])).changed is False


def test_a_lost_addition_is_added_once(tagged: str, smartrecruiters_emulator: Any, connect: Any) -> None:
    url = smartrecruiters_emulator.url
    with ScriptedServer(forward(url), forward(url, then=reset()), forward(url)) as relay:
        client = connect(relay.url, password=smartrecruiters_emulator.api_key)
        result = apply(client, UpdateCandidateTags(candidate_id=tagged, add=["sap"]))
    assert result.details == {"confirmed_by_read": True}
    assert stored_tags(smartrecruiters_emulator, tagged) == ["python", "remote", "sap"]


@pytest.mark.parametrize("candidate", ["read_only_candidate_id", "restricted_candidate_id"])
def test_tags_of_a_candidate_out_of_reach(candidate: str, smartrecruiters_emulator: Any, client: Any) -> None:
    candidate_id = getattr(smartrecruiters_emulator.state, candidate)
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, UpdateCandidateTags(candidate_id=candidate_id, tags=["x"]))
    assert "candidates_manage and candidates_read" in caught.value.hint


def test_an_application_id_is_not_a_candidate_id(smartrecruiters_emulator: Any, client: Any) -> None:
    application_id = smartrecruiters_emulator.state.an_application().application_id
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, UpdateCandidateTags(candidate_id=application_id, tags=["x"]))
    assert "not of an application" in caught.value.hint


# Status of an application


def test_the_statuses() -> None:
    assert len(APPLICATION_STATUSES) == 9
    assert "OFFERED" in APPLICATION_STATUSES
    assert "OFFER" not in APPLICATION_STATUSES


@pytest.mark.parametrize("status", APPLICATION_STATUSES)
def test_each_status_is_set(status: str, smartrecruiters_emulator: Any, client: Any) -> None:
    other = "NEW" if status == "IN_REVIEW" else "IN_REVIEW"
    ref = smartrecruiters_emulator.state.an_application(other)
    result = apply(client, UpdateCandidateJobStatus(candidate_id=ref.candidate_id, job_id=ref.job_id, status=status))
    assert sent(smartrecruiters_emulator) == [("PUT", {"status": status})]
    assert smartrecruiters_emulator.state.application(ref.candidate_id, ref.job_id).status == status
    assert result.response is None
    assert result.as_dict()["diff"] == [{"field": "status", "before": other, "after": status}]


def test_everything_at_once(smartrecruiters_emulator: Any, client: Any) -> None:
    ref = smartrecruiters_emulator.state.an_application("NEW")
    (sub_status, *_) = smartrecruiters_emulator.state.sub_statuses(ref.job_id, "OFFERED")
    change = UpdateCandidateJobStatus(
        candidate_id=ref.candidate_id,
        job_id=ref.job_id,
        status="OFFERED",
        sub_status=sub_status,
        starts_on=date(2027, 3, 1),
    )
    assert apply(client, change).changed is True
    assert sent(smartrecruiters_emulator) == [
        ("PUT", {"status": "OFFERED", "subStatus": sub_status, "startsOn": "2027-03-01T00:00:00.000Z"})
    ]
    assert apply(client, change).changed is False


@pytest.mark.parametrize(
    "starts_on",
    [
        date(2027, 3, 1),
        "2027-03-01",
        datetime(2027, 3, 1),
        datetime(2027, 3, 1, tzinfo=UTC),
        datetime(2027, 3, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        "2027-03-01T00:00:00Z",
        "2027-03-01T02:00:00+02:00",
        "2027-03-01T00:00:00.000Z",
    ],
)
@pytest.mark.parametrize("answered", ["2027-03-01T00:00:00.000Z", "2027-03-01T01:00:00+0100"])
def test_equal_dates_in_other_forms_make_no_difference(starts_on: Any, answered: str, connect: Any) -> None:
    with ScriptedServer(reply(200, {"status": "HIRED", "startsOn": answered})) as server:
        change = UpdateCandidateJobStatus(candidate_id="1", job_id="2", status="HIRED", starts_on=starts_on)
        assert plan(connect(server.url), change).changed is False


def test_what_is_not_given_is_not_compared(smartrecruiters_emulator: Any, client: Any) -> None:
    ref = smartrecruiters_emulator.state.an_application("HIRED")
    assert smartrecruiters_emulator.state.application(ref.candidate_id, ref.job_id).starts_on
    change = UpdateCandidateJobStatus(candidate_id=ref.candidate_id, job_id=ref.job_id, status="HIRED", sub_status="")
    assert plan(client, change).changed is False


def test_what_belongs_to_the_status_is_sent_along(smartrecruiters_emulator: Any, client: Any) -> None:
    """A PUT may clear members that it leaves out."""
    state = smartrecruiters_emulator.state
    ref = state.an_application("HIRED")
    before = state.application(ref.candidate_id, ref.job_id)
    change = UpdateCandidateJobStatus(candidate_id=ref.candidate_id, job_id=ref.job_id, status="HIRED")
    apply(client, change, force=True)
    after = state.application(ref.candidate_id, ref.job_id)
    assert after.starts_on
    assert (after.starts_on, after.sub_status) == (before.starts_on, before.sub_status)


def test_a_reason_stays_when_only_the_step_changes(connect: Any) -> None:
    answer = {"status": "REJECTED", "subStatus": "A", "reasonOfRejection": {"id": "r1", "label": "x"}}
    with ScriptedServer(reply(200, answer), reply(204)) as server:
        change = UpdateCandidateJobStatus(candidate_id="1", job_id="2", status="REJECTED", sub_status="B")
        apply(connect(server.url), change)
        assert server.requests[1].json() == {"status": "REJECTED", "subStatus": "B", "reason": "r1"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("REJECTED", {"status": "REJECTED"}),
        ("NEW", {"status": "NEW"}),
        ("OFFERED", {"status": "OFFERED", "startsOn": "2027-01-01T00:00:00.000Z"}),
        ("HIRED", {"status": "HIRED", "startsOn": "2027-01-01T00:00:00.000Z"}),
    ],
)
def test_what_belongs_to_another_status_is_not(status: str, body: Any, connect: Any) -> None:
    answer = {"status": "INTERVIEW", "subStatus": "Phone", "startsOn": "2027-01-01T00:00:00Z"}
    with ScriptedServer(reply(200, answer), reply(204)) as server:
        apply(connect(server.url), UpdateCandidateJobStatus(candidate_id="1", job_id="2", status=status))
        assert server.requests[1].json() == body


@pytest.mark.parametrize("status", ["REJECTED", "WITHDRAWN"])
def test_a_reason_is_allowed_with_two_statuses(status: str, smartrecruiters_emulator: Any, client: Any) -> None:
    state = smartrecruiters_emulator.state
    ref = state.an_application("NEW")
    reason_id = next(iter(state.rejection_reasons if status == "REJECTED" else state.withdrawal_reasons))
    change = UpdateCandidateJobStatus(
        candidate_id=ref.candidate_id, job_id=ref.job_id, status=status, reason_id=reason_id
    )
    apply(client, change)
    assert sent(smartrecruiters_emulator) == [("PUT", {"status": status, "reason": reason_id})]
    assert apply(client, change).changed is False


@pytest.mark.parametrize("status", [s for s in APPLICATION_STATUSES if s not in {"REJECTED", "WITHDRAWN"}])
def test_a_reason_with_another_status_is_rejected(status: str) -> None:
    with pytest.raises(InvalidInputError, match="REJECTED and WITHDRAWN") as caught:
        UpdateCandidateJobStatus(candidate_id="1", job_id="2", status=status, reason_id="r")
    assert caught.value.fields == ("reason_id",)


@pytest.mark.smartrecruiters_emulator(rate=0, require_rejection_reason=True, require_withdrawal_reason=True)
@pytest.mark.parametrize("status", ["REJECTED", "WITHDRAWN"])
def test_a_company_that_requires_a_reason(status: str, smartrecruiters_emulator: Any, client: Any) -> None:
    """Whether a reason is required is a setting of the company, so it is not checked here, but explained."""
    ref = smartrecruiters_emulator.state.an_application("NEW")
    change = UpdateCandidateJobStatus(candidate_id=ref.candidate_id, job_id=ref.job_id, status=status)
    with pytest.raises(BadRequestError) as caught:
        apply(client, change)
    assert "give reason_id" in caught.value.hint
    assert "/configuration/rejection-reasons" in caught.value.hint
    assert caught.value.api_message == "Reason is required"


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({"status": "OFFER"}, ("status",)),
        ({"status": "offered"}, ("status",)),
        ({"status": ""}, ("status",)),
        ({}, ("status",)),
        ({"status": "HIRED", "starts_on": "soon"}, ("starts_on",)),
        ({"status": "HIRED", "starts_on": 20270301}, ("starts_on",)),
        ({"status": "HIRED", "starts_on": "None"}, ("starts_on",)),
        ({"status": "HIRED", "sub_status": "None"}, ("sub_status",)),
        ({"status": "REJECTED", "reason_id": "a\nb"}, ("reason_id",)),
        ({"status": "NEW", "candidate_id": ""}, ("candidate_id",)),
        ({"status": "NEW", "job_id": None}, ("job_id",)),
    ],
)
def test_refused_statuses(arguments: dict[str, Any], fields: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateCandidateJobStatus(**{"candidate_id": "1", "job_id": "2", **arguments})
    assert caught.value.fields == fields


def test_a_refused_status_lists_all_nine() -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateCandidateJobStatus(candidate_id="1", job_id="2", status="OFFER")
    assert all(status in str(caught.value) for status in APPLICATION_STATUSES)


def test_a_sub_status_of_no_process(smartrecruiters_emulator: Any, client: Any) -> None:
    ref = smartrecruiters_emulator.state.an_application("NEW")
    (step, *_) = smartrecruiters_emulator.state.sub_statuses(ref.job_id, "INTERVIEW")
    for wrong, quoted in (("No such step", False), (step.upper(), True), (f"{step}s", True)):
        change = UpdateCandidateJobStatus(
            candidate_id=ref.candidate_id, job_id=ref.job_id, status="INTERVIEW", sub_status=wrong
        )
        for verb in (plan, apply):
            with pytest.raises(InvalidInputError, match="No hiring process of the company has") as caught:
                verb(client, change)
            assert caught.value.fields == ("sub_status",)
            assert (wrong in caught.value.summary, f'"{step}"' in caught.value.hint) == (quoted, True)
    assert smartrecruiters_emulator.journal == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_credential_that_may_not_read_the_processes_leaves_the_check_to_the_api(
    status: int, smartrecruiters_emulator: Any, client: Any
) -> None:
    ref = smartrecruiters_emulator.state.an_application("NEW")
    smartrecruiters_emulator.fail_next("configuration.hiring-process.all", status=status)
    change = UpdateCandidateJobStatus(
        candidate_id=ref.candidate_id, job_id=ref.job_id, status="INTERVIEW", sub_status="No such step"
    )
    with pytest.raises(BadRequestError) as caught:
        apply(client, change)
    assert "hiring process" in caught.value.hint


def test_a_candidate_who_did_not_apply(smartrecruiters_emulator: Any, client: Any) -> None:
    state = smartrecruiters_emulator.state
    candidate_id = state.candidate_ids[0]
    change = UpdateCandidateJobStatus(candidate_id=candidate_id, job_id=state.job_without(candidate_id), status="NEW")
    with pytest.raises(NotFoundError) as caught:
        apply(client, change)
    assert "no application to this job" in caught.value.hint


def test_a_read_only_candidate(smartrecruiters_emulator: Any, client: Any) -> None:
    ref = smartrecruiters_emulator.state.read_only_application
    change = UpdateCandidateJobStatus(candidate_id=ref.candidate_id, job_id=ref.job_id, status="TRANSFERRED")
    assert plan(client, change).changed is True
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, change)
    assert (caught.value.method, caught.value.status) == ("PUT", 403)


# Rejection


@pytest.fixture
def applied(smartrecruiters_emulator: Any) -> Any:
    """An application that is under review."""
    return smartrecruiters_emulator.state.an_application("IN_REVIEW")


def reject(ref: Any, **reason: Any) -> RejectApplication:
    return RejectApplication(candidate_id=ref.candidate_id, job_id=ref.job_id, **reason)


def test_a_rejection_by_reason_id(applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    reason_id = next(iter(smartrecruiters_emulator.state.rejection_reasons))
    result = apply(client, reject(applied, reason_id=reason_id))
    assert sent(smartrecruiters_emulator) == [("PUT", {"status": "REJECTED", "reason": reason_id})]
    assert result.use_case == "reject_an_application"
    assert apply(client, reject(applied, reason_id=reason_id)).changed is False


def test_a_rejection_without_a_reason(applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    apply(client, reject(applied, reason="", reason_id=" "))
    assert sent(smartrecruiters_emulator) == [("PUT", {"status": "REJECTED"})]


def test_other_applications_stay_as_they_are(smartrecruiters_emulator: Any, client: Any) -> None:
    state = smartrecruiters_emulator.state
    open_ones = [ref for ref in state.applications() if ref in state.applications("IN_REVIEW")]
    several = [
        r for r in state.applications() if sum(o.candidate_id == r.candidate_id for o in state.applications()) > 1
    ]
    first = next(ref for ref in several if ref in open_ones)
    others = [ref for ref in several if ref.candidate_id == first.candidate_id and ref != first]
    before = [state.application(ref.candidate_id, ref.job_id) for ref in others]
    apply(client, reject(first))
    assert [state.application(ref.candidate_id, ref.job_id) for ref in others] == before


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda label: f"  {label.replace(' ', '   ')} "])
def test_a_rejection_by_label(spell: Any, applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    reason_id, label = next(iter(smartrecruiters_emulator.state.rejection_reasons.items()))
    result = apply(client, reject(applied, reason=spell(label)))
    assert sent(smartrecruiters_emulator) == [("PUT", {"status": "REJECTED", "reason": reason_id})]
    assert result.as_dict()["diff"][-1]["after"] == reason_id
    # And it converges, though the label is not what is compared.
    assert apply(client, reject(applied, reason=spell(label))).changed is False


def test_two_labels_that_differ_in_case_only(applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    *_, (first_id, label), (second_id, _) = smartrecruiters_emulator.state.rejection_reasons.items()
    with pytest.raises(InvalidInputError, match="2 rejection reasons") as caught:
        apply(client, reject(applied, reason=label))
    assert first_id in str(caught.value)
    assert second_id in str(caught.value)
    assert "reason_id" in caught.value.hint
    assert caught.value.fields == ("reason",)
    assert sent(smartrecruiters_emulator) == []


def test_a_misspelled_label(applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    label = next(iter(smartrecruiters_emulator.state.rejection_reasons.values()))
    with pytest.raises(InvalidInputError, match="No rejection reason") as caught:
        plan(client, reject(applied, reason=label[:-1] + "x"))
    assert f'Closest: "{label}"' in caught.value.hint


def test_a_label_unlike_any_other(applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    labels = smartrecruiters_emulator.state.rejection_reasons.values()
    with pytest.raises(InvalidInputError) as caught:
        apply(client, reject(applied, reason="zzzzqqqqzzzz"))
    assert "Known: " in caught.value.hint
    # Two of them are one as far as labels go.
    assert sum(f'"{label}"' in caught.value.hint for label in labels) == len(labels) - 1 < 10
    assert "zzzzqqqq" not in str(caught.value)
    assert caught.value.hint.endswith(
        ". All of them, with their ids: python -m airflow_provider_smartrecruiters lookup reasons."
    )


def test_a_long_list_of_labels_is_cut_and_says_how_many_are_left(connect: Any) -> None:
    reasons = {"content": [{"id": str(number), "label": f"Reason, {number:02}"} for number in range(22)]}
    with ScriptedServer(reply(200, reasons)) as server, pytest.raises(InvalidInputError) as caught:
        apply(connect(server.url), RejectApplication(candidate_id="1", job_id="2", reason="zzzzqqqqzzzz"))
    assert 'Known: "Reason, 00", "Reason, 01",' in caught.value.hint
    assert '"Reason, 09" and 12 more. All of them' in caught.value.hint


def test_labels_of_any_script_are_readable(connect: Any) -> None:
    reasons = {"content": [{"id": "1", "label": "Überqualifiziert"}, {"id": "2", "label": "経験不足"}]}
    with ScriptedServer(reply(200, reasons)) as server, pytest.raises(InvalidInputError) as caught:
        apply(connect(server.url), RejectApplication(candidate_id="1", job_id="2", reason="xx"))
    assert 'Known: "Überqualifiziert", "経験不足".' in caught.value.hint


def test_a_label_of_any_script_is_found(connect: Any) -> None:
    reasons = {"content": [{"id": "1", "label": "ÜBERGROSSE Nachfrage"}]}
    answers = [reply(200, reasons), reply(200, {"status": "REJECTED", "reasonOfRejection": {"id": "1"}})]
    with ScriptedServer(*answers) as server:
        change = RejectApplication(candidate_id="1", job_id="2", reason="übergroße nachfrage")
        assert plan(connect(server.url), change).changed is False


@pytest.mark.parametrize("answer", [{"content": []}, {"content": None}])
def test_a_company_without_reasons(answer: Any, connect: Any) -> None:
    with ScriptedServer(reply(200, answer)) as server, pytest.raises(InvalidInputError, match=r"Known: none\."):
        apply(connect(server.url), RejectApplication(candidate_id="1", job_id="2", reason="x"))


def test_a_list_of_reasons_that_is_not_a_list(connect: Any) -> None:
    with ScriptedServer(always=reply(200, b"")) as server, pytest.raises(UnexpectedResponseError):
        apply(connect(server.url), RejectApplication(candidate_id="1", job_id="2", reason="x"))


def test_without_access_to_the_reasons_the_error_suggests_reason_id(connect: Any) -> None:
    with ScriptedServer(reply(403, {"message": "no"})) as server, pytest.raises(PermissionDeniedError) as caught:
        apply(connect(server.url), RejectApplication(candidate_id="1", job_id="2", reason="x"))
    assert "Give reason_id instead of reason" in caught.value.hint
    assert "configuration_read" in caught.value.hint
    assert "candidates_manage" not in caught.value.hint
    assert caught.value.use_case == "reject_an_application"


def test_reason_id_and_reason_exclude_each_other() -> None:
    with pytest.raises(InvalidInputError) as caught:
        RejectApplication(candidate_id="1", job_id="2", reason="x", reason_id="y")
    assert caught.value.fields == ("reason_id", "reason")


@pytest.mark.smartrecruiters_emulator(rate=0, require_rejection_reason=True)
def test_a_company_that_requires_a_reason_for_rejecting(applied: Any, client: Any) -> None:
    with pytest.raises(BadRequestError) as caught:
        apply(client, reject(applied))
    assert "give reason_id" in caught.value.hint
    assert caught.value.use_case == "reject_an_application"


def test_a_withdrawal_reason_is_not_a_rejection_reason(
    applied: Any, smartrecruiters_emulator: Any, client: Any
) -> None:
    reason_id = next(iter(smartrecruiters_emulator.state.withdrawal_reasons))
    with pytest.raises(BadRequestError) as caught:
        apply(client, reject(applied, reason_id=reason_id))
    assert caught.value.code == "REASON_NOT_FOUND"
    assert "/configuration/rejection-reasons for REJECTED" in caught.value.hint


# Source


def source(ref: Any, wanted: Any, **other: Any) -> UpdateCandidateSource:
    arguments = {
        "source_type_id": wanted.source_type_id,
        "source_id": wanted.source_id,
        "source_sub_type_id": wanted.source_sub_type_id,
    }
    return UpdateCandidateSource(candidate_id=ref.candidate_id, job_id=ref.job_id, **(arguments | other))


@pytest.mark.parametrize("with_subtype", [False, True])
def test_a_source_is_set(with_subtype: bool, applied: Any, smartrecruiters_emulator: Any, client: Any) -> None:
    wanted = smartrecruiters_emulator.state.a_source(with_subtype=with_subtype)
    result = apply(client, source(applied, wanted))
    body = {"sourceTypeId": wanted.source_type_id, "sourceId": wanted.source_id}
    if with_subtype:
        body["sourceSubTypeId"] = wanted.source_sub_type_id
    assert sent(smartrecruiters_emulator) == [("PUT", body)]
    stored = smartrecruiters_emulator.state.application(applied.candidate_id, applied.job_id)
    assert (stored.source_type_id, stored.source_sub_type_id, stored.source_id) == (
        wanted.source_type_id,
        wanted.source_sub_type_id,
        wanted.source_id,
    )
    assert (result.changed, result.applied) == (True, True)
    again = apply(client, source(applied, wanted))
    assert (again.changed, again.applied) == (False, False)


@pytest.mark.parametrize(
    ("with_subtype", "other", "code", "hint"),
    [
        (False, {"source_type_id": "none"}, "INVALID_SOURCE_TYPE", "Check source_type_id, and source_sub_type_id"),
        (True, {"source_sub_type_id": ""}, "SUBTYPE_REQUIRED", "Give source_sub_type_id"),
        (False, {"source_id": "none"}, "INVALID_SOURCE", "not its sourceIdentifier"),
    ],
)
def test_each_documented_code_has_its_hint(
    with_subtype: bool, other: Any, code: str, hint: str, applied: Any, smartrecruiters_emulator: Any, client: Any
) -> None:
    wanted = smartrecruiters_emulator.state.a_source(with_subtype=with_subtype)
    with pytest.raises(BadRequestError) as caught:
        apply(client, source(applied, wanted, **other))
    assert (caught.value.status, caught.value.code) == (400, code)
    assert hint in caught.value.hint
    assert not smartrecruiters_emulator.journal.writes()


def test_a_candidate_out_of_reach_is_a_401(smartrecruiters_emulator: Any, client: Any) -> None:
    """The API documents 401 here for what is 403 elsewhere."""
    wanted = smartrecruiters_emulator.state.a_source()
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, source(smartrecruiters_emulator.state.read_only_application, wanted))
    assert caught.value.status == 401
    assert caught.value.hint.startswith(UpdateCandidateSource.hints[401])
    assert caught.value.api_message == "Candidate access denied"


def test_the_source_of_an_application_that_does_not_exist(smartrecruiters_emulator: Any, client: Any) -> None:
    state = smartrecruiters_emulator.state
    candidate_id = state.candidate_ids[0]
    wanted = state.a_source()
    with pytest.raises(NotFoundError) as caught:
        apply(
            client,
            UpdateCandidateSource(
                candidate_id=candidate_id,
                job_id=state.job_without(candidate_id),
                source_type_id=wanted.source_type_id,
                source_id=wanted.source_id,
            ),
        )
    assert "no application to this job" in caught.value.hint
    assert caught.value.api_message == "Candidate is not assigned to given job"


def test_the_hints_of_a_source_are_all_different() -> None:
    hints = list(UpdateCandidateSource.hints.values())
    assert len(set(hints)) == len(hints)
    assert {"INVALID_SOURCE_TYPE", "SUBTYPE_REQUIRED", "INVALID_SOURCE", 401, 404} <= set(UpdateCandidateSource.hints)


@pytest.mark.parametrize("missing", ["source_type_id", "source_id"])
@pytest.mark.parametrize("blank", ["", None, "None"])
def test_required_arguments_of_a_source(missing: str, blank: Any) -> None:
    arguments = {"candidate_id": "1", "job_id": "2", "source_type_id": "T", "source_id": "3", missing: blank}
    with pytest.raises(InvalidInputError) as caught:
        UpdateCandidateSource(**arguments)
    assert caught.value.fields == (missing,)


@pytest.mark.parametrize("blank", ["", "  ", None, "perhaps"])
def test_a_blank_create_tags_is_refused(blank: Any) -> None:
    with pytest.raises(InvalidInputError, match="create_tags must be true or false"):
        UpdateCandidateTags(candidate_id="1", add=["a"], create_tags=blank)
