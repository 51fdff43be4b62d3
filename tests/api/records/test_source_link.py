"""The current source of an application, from whatever link the API returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.candidates import UpdateCandidateSource
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.converge.bulk import Bulk, BulkOptions, Work
from airflow_provider_smartrecruiters.api.records.source_link import linked_ids
from airflow_provider_smartrecruiters.api.values.result import ChangeResult
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    AuthenticationError,
    InvalidInputError,
    ServerError,
    SmartRecruitersError,
    StalePlanError,
    UnexpectedResponseError,
)
from tests.support.scripted_server import Exchange, ScriptedServer, forward, reply, reset

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
HOST = "https://api.smartrecruiters.com"


def application(link: Any) -> dict[str, Any]:
    return {"status": "NEW", "source": "A label", "actions": {"sourceDetails": {"url": link, "method": "GET"}}}


def url_of(type_id: str, source_id: str, sub_type_id: str | None = None, *, base: str = HOST, end: str = "") -> str:
    query = "" if sub_type_id is None else f"?sourceSubType={quote(sub_type_id, safe='')}"
    return f"{base}/configuration/sources/{quote(type_id, safe='')}/values/{quote(source_id, safe='')}{end}{query}"


# Which ids a link names

# Text that UTF-8 has; a link cannot name any other id.
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
BASES = [
    HOST,
    "http://127.0.0.1:8787",
    "https://user@other.example:444/api/v1",
    "//other.example",
    "",
    "..",
    "HTTPS://A",
]


@given(IDS, IDS, st.none() | IDS.filter(str.strip), st.sampled_from(BASES), st.sampled_from(["", "/"]))
def test_a_link_names_the_ids_that_it_was_made_of(
    type_id: str, source_id: str, sub_type_id: str | None, base: str, end: str
) -> None:
    named = {} if sub_type_id is None else {"sourceSubTypeId": sub_type_id}
    link = url_of(type_id, source_id, sub_type_id, base=base, end=end)
    assert linked_ids(application(link)) == {"sourceTypeId": type_id, "sourceId": source_id, **named}


@pytest.mark.parametrize(
    ("link", "type_id", "source_id"),
    [
        (f"{HOST}/configuration/sources/JOB_BOARD/values/41?limit=1&offset=", "JOB_BOARD", "41"),
        (f"{HOST}/configuration/sources/JOB_BOARD/values/41#values/42", "JOB_BOARD", "41"),
        ("configuration/sources/JOB_BOARD/values/41", "JOB_BOARD", "41"),
        ("/configuration/sources/JOB%20BOARD/values/a%2Fb%3F", "JOB BOARD", "a/b?"),
        ("/configuration/sources/JOB+BOARD/values/4%2541", "JOB+BOARD", "4%41"),
        ("/configuration/sources/A/values/1/configuration/sources/B/values/2", "B", "2"),
        (f"{HOST}/configuration/sources/A/values/1?sourceSubType=X&sourceSubType=Y", "A", "1"),
        (f"{HOST}/configuration/sources/A/values/1?sourceSubType=", "A", "1"),
    ],
)
def test_links_that_name_type_and_source(link: str, type_id: str, source_id: str) -> None:
    assert linked_ids(application(link)) == {"sourceTypeId": type_id, "sourceId": source_id}


LINK = "/configuration/sources/A/values/1"
UNKNOWN = [
    *(application(link) for link in (None, "", 5, [], {}, [LINK], "not a link", "http://[")),
    application(f"{HOST}/configuration/sources/9d8c7b6a-5f4e-4d3c-8b2a-1f0e9d8c7b6a"),
    application(f"{HOST}/configuration/sources/A/values"),
    application(f"{HOST}/configuration/sources/A/values/"),
    application(f"{HOST}/configuration/sources//values/1"),
    application(f"{HOST}/configuration/sources/A/values/1/more"),
    application(f"{HOST}/configuration/sources/A/values/1//"),
    application(f"{HOST}/myconfiguration/sources/A/values/1"),
    application(f"{HOST}/configuration/sources/A%ff/values/1"),
    application(f"{HOST}/?next=/configuration/sources/A/values/1"),
    application(f"{HOST}/configuration%2Fsources/A/values/1"),
    {"status": "NEW"},
    *({"status": "NEW", "actions": actions} for actions in (None, [], {}, LINK)),
    *({"status": "NEW", "actions": {"sourceDetails": action}} for action in (None, [], [{"url": LINK}], {}, LINK)),
]


@pytest.mark.parametrize("answer", UNKNOWN, ids=str)
def test_no_link_or_one_of_another_form_names_nothing(answer: Any, connect: Any) -> None:
    assert linked_ids(answer) == {}
    with ScriptedServer(reply(200, answer), reply(204)) as server:
        result = apply(connect(server.url), change(sub_type="STANDARD"))
    assert [request.method for request in server.requests] == ["GET", "PUT"]
    assert_written_unknown(result, "sourceTypeId", "sourceId", "sourceSubTypeId")


# What a change makes of it


def change(source_id: str = "41", sub_type: str | None = None, type_id: str = "JOB_BOARD") -> UpdateCandidateSource:
    return UpdateCandidateSource(
        candidate_id="c", job_id="j", source_type_id=type_id, source_id=source_id, source_sub_type_id=sub_type
    )


def assert_written_unknown(result: ChangeResult, *unread: str) -> None:
    assert (result.changed, result.applied) == (None, True)
    assert result.details == {"unread": list(unread)}
    assert [item.as_dict()["before"] for item in result.diffs] == [None] * len(unread)


@pytest.mark.parametrize("type_id", ["JOB_BOARD", "Jobbörse Süd", "a+b & c", "50%"])
@pytest.mark.parametrize("source_id", ["41", "ü%41", "5f:3;x=1"])
def test_equal_ids_send_nothing(type_id: str, source_id: str, connect: Any) -> None:
    with ScriptedServer(reply(200, application(url_of(type_id, source_id)))) as server:
        result = apply(connect(server.url), change(source_id, type_id=type_id))
    assert (result.changed, result.applied, result.details) == (False, False, {})


FOLLOWED = "/configuration/sources/JOB_BOARD/values/41"


LINKED = reply(200, application(url_of("JOB_BOARD", "41")))
SOURCE = reply(200, {"id": "41", "label": "A label", "sourceSubType": {"id": "STANDARD"}})
WRITTEN = reply(204)


@pytest.mark.parametrize("sub_type", ["STANDARD", "CUSTOM"])
def test_the_link_is_followed_at_our_own_base_url_alone(sub_type: str, connect: Any) -> None:
    changed = sub_type != "STANDARD"
    with ScriptedServer() as foreign, ScriptedServer() as server:
        elsewhere = reply(200, application(url_of("JOB_BOARD", "41", base=foreign.url)))
        server.then(elsewhere, SOURCE, *[WRITTEN] * changed)
        result = apply(connect(server.url), change(sub_type=sub_type))
        assert foreign.requests == []
    assert server.requests[1].target == FOLLOWED
    assert (result.changed, result.applied) == (changed, changed)
    assert [item.line() for item in result.diffs] == ["sourceSubTypeId: STANDARD -> CUSTOM"] * changed


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (change("42", "STANDARD"), "sourceId: 41 -> 42"),
        (change("41", "STANDARD", "AGENCY"), "sourceTypeId: JOB_BOARD -> AGENCY"),
    ],
)
def test_the_link_is_followed_only_where_that_decides(other: UpdateCandidateSource, line: str, connect: Any) -> None:
    with ScriptedServer(LINKED, WRITTEN) as server:
        result = apply(connect(server.url), other)
    assert (result.changed, result.applied, result.details) == (True, True, {})
    assert [item.line() for item in result.diffs] == [line, "sourceSubTypeId: (not read) -> STANDARD"]


def test_a_link_that_names_the_subtype_is_not_followed(connect: Any) -> None:
    with ScriptedServer(reply(200, application(url_of("JOB_BOARD", "41", "STANDARD")))) as server:
        assert apply(connect(server.url), change(sub_type="STANDARD")).changed is False


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def refused(code: str) -> Any:
    return reply(400, {"message": "m", "errors": [{"code": code, "message": "m"}]})


NOT_FOLLOWED = {
    "no scope": ([reply(403, {"message": "no", "code": "OAuthPermissionsException"})], "scope configuration_read"),
    "no access": ([reply(401, {"message": "no"}), reply(200, {"content": []})], "access to the company's sources"),
    "deleted": ([reply(404, {"message": "Source not found"})], "no source has the id"),
    "ambiguous": ([refused("SUBTYPE_REQUIRED")], "several sources have the id"),
    "bad type": ([refused("SOURCE_TYPE_INVALID")], "no source has the id"),
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_a_link_that_cannot_be_followed_does_not_fail_the_update(name: str, connect: Any, caplog: Any) -> None:
    answers, why = NOT_FOLLOWED[name]
    with ScriptedServer(LINKED, *answers, WRITTEN) as server:
        result = apply(connect(server.url), change(sub_type="STANDARD"))
    assert_written_unknown(result, "sourceSubTypeId")
    # What is known is still a guard.
    assert result.fingerprint is not None
    (warning,) = warnings(caplog)
    assert warning.startswith("Cannot compare the subtype of the source")
    assert why in warning


@pytest.mark.parametrize("sub_type", [None, {}, [], "STANDARD", {"id": None}, {"id": 5}], ids=repr)
def test_a_source_that_does_not_show_its_subtype(sub_type: Any, connect: Any) -> None:
    answer = {"id": "41", "label": "A label"} | ({} if sub_type is None else {"sourceSubType": sub_type})
    with ScriptedServer(LINKED, reply(200, answer), WRITTEN) as server:
        assert_written_unknown(apply(connect(server.url), change(sub_type="STANDARD")), "sourceSubTypeId")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([reply(503)] * 4, ServerError),
        ([reset()] * 4, AnswerLostError),
        ([reply(200, [])] * 4, UnexpectedResponseError),
        ([reply(403, b"<html>Blocked</html>", headers={"Content-Type": "text/html"})] * 4, UnexpectedResponseError),
        ([reply(401, {"message": "no"}), reply(401, {"message": "no"})], AuthenticationError),
    ],
    ids=["503", "reset", "no record", "page", "credential"],
)
def test_a_read_that_fails_otherwise_ends_the_call_before_the_write(
    answers: Any, error: type[SmartRecruitersError], connect: Any
) -> None:
    with ScriptedServer(LINKED, *answers) as server, pytest.raises(error) as caught:
        apply(connect(server.url), change(sub_type="STANDARD"))
    assert not caught.value.may_have_been_applied
    assert caught.value.use_case == "put_update_candidates_source"


@pytest.mark.parametrize(("answer", "changed"), [(SOURCE, False), (reply(403, {"message": "no"}), None)])
def test_a_batch_looks_each_source_up_once(answer: Any, changed: bool | None, connect: Any, caplog: Any) -> None:
    def by_path(exchange: Exchange) -> bool:
        reads = {"GET": LINKED, "PUT": WRITTEN}
        return (answer if exchange.request.target == FOLLOWED else reads[exchange.request.method])(exchange)

    with ScriptedServer(always=by_path) as server:
        work = [Work(number, lambda: change(sub_type="STANDARD")) for number in range(12)]
        outcomes = [one for one in Bulk(connect(server.url), work, BulkOptions()).outcomes() if one]
    assert [one.changed for one in outcomes] == [changed] * 12
    assert [request.target for request in server.requests].count(FOLLOWED) == 1
    # The reason is logged once, too.
    assert len(warnings(caplog)) == (changed is None)


# Guards, and a response that is lost


def test_a_plan_guards_what_is_known(connect: Any) -> None:
    moved = reply(200, application(url_of("AGENCY", "7")))
    with ScriptedServer(LINKED, LINKED, WRITTEN, LINKED, moved) as server:
        client, wanted = connect(server.url), change("42")
        assert apply(client, wanted, expect=plan(client, wanted).fingerprint).applied
        with pytest.raises(StalePlanError):
            apply(client, wanted, expect=plan(client, wanted).fingerprint)


def test_a_guard_that_cannot_be_checked_is_refused(connect: Any) -> None:
    with ScriptedServer(LINKED, reply(200, UNKNOWN[0])) as server:
        client, wanted = connect(server.url), change("42")
        expect = plan(client, wanted).fingerprint
        with pytest.raises(InvalidInputError, match="does not tell the current state") as caught:
            apply(client, wanted, expect=expect)
    assert caught.value.fields == ("expect",)


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        (application(url_of("AGENCY", "7")), application(url_of("AGENCY", "7")), 2),
        (application(url_of("AGENCY", "7")), application(url_of("JOB_BOARD", "41")), 1),
        # The link is gone: what was known before does not say what became of the write.
        (application(url_of("AGENCY", "7")), UNKNOWN[0], None),
        # The link is there by now, and shows the requested source.
        (UNKNOWN[0], application(url_of("JOB_BOARD", "41")), 1),
        (UNKNOWN[0], UNKNOWN[0], None),
    ],
    ids=["not applied", "applied", "no link any more", "a link by now", "no link"],
)
def test_a_lost_response_is_settled_by_what_is_read(before: Any, after: Any, sent: int | None, connect: Any) -> None:
    with ScriptedServer(reply(200, before), reset(), reply(200, after), *[WRITTEN] * (sent == 2)) as server:
        client = connect(server.url)
        if sent is None:
            with pytest.raises(AnswerLostError) as caught:
                apply(client, change())
            assert caught.value.may_have_been_applied
        else:
            result = apply(client, change())
            assert result.applied
            assert result.details.get("confirmed_by_read", False) is (sent == 1)
    assert [request.method for request in server.requests].count("PUT") == (sent or 1)


# Against the emulator


def wanted_of(emulator: SmartRecruitersEmulator) -> UpdateCandidateSource:
    found, source = emulator.state.an_application(), emulator.state.a_source(with_subtype=True)
    return UpdateCandidateSource(
        candidate_id=found.candidate_id,
        job_id=found.job_id,
        source_type_id=source.source_type_id,
        source_id=source.source_id,
        source_sub_type_id=source.source_sub_type_id,
    )


def test_without_the_scope_the_subtype_is_not_compared(
    smartrecruiters_emulator: SmartRecruitersEmulator, connect: Any, caplog: Any
) -> None:
    emulator, wanted = smartrecruiters_emulator, wanted_of(smartrecruiters_emulator)
    emulator.config.client_scopes -= {"configuration_read"}
    client = connect(emulator.url, login=emulator.client_id, password=emulator.client_secret)
    # The type differs, so the subtype does not matter.
    assert (apply(client, wanted).changed, warnings(caplog)) == (True, [])
    again = apply(client, wanted)
    assert_written_unknown(again, "sourceSubTypeId")
    assert "configuration_read" in warnings(caplog)[0]
    assert len(emulator.journal.writes()) == 2


def test_a_subtype_of_several_sources_is_not_compared(
    smartrecruiters_emulator: SmartRecruitersEmulator, client: Any
) -> None:
    wanted = wanted_of(smartrecruiters_emulator)
    with smartrecruiters_emulator.state.editing() as tenant:
        values = tenant.source_types[wanted.source_type_id].values
        next(value for value in values if value.subtype_id != wanted.source_sub_type_id).id = wanted.source_id
    assert apply(client, wanted).changed is True
    assert_written_unknown(apply(client, wanted), "sourceSubTypeId")


@pytest.mark.parametrize("lose", ["reset_after", "reset_before"])
def test_a_lost_response_to_a_subtype(
    lose: str, smartrecruiters_emulator: SmartRecruitersEmulator, client: Any
) -> None:
    emulator, wanted = smartrecruiters_emulator, wanted_of(smartrecruiters_emulator)
    emulator.fail_next("any write", lose)
    result = apply(client, wanted)
    assert (result.changed, result.applied) == (True, True)
    assert len([entry for entry in emulator.journal if entry.applied]) == 1
    assert apply(client, wanted).changed is False


def test_a_host_of_another_name_is_never_asked(smartrecruiters_emulator: SmartRecruitersEmulator, connect: Any) -> None:
    """As with the real API behind a proxy: its links lead to its own name."""
    with ScriptedServer() as foreign, ScriptedServer(always=forward(smartrecruiters_emulator.url)) as proxy:
        smartrecruiters_emulator.config.public_url = foreign.url
        client = connect(proxy.url, password=smartrecruiters_emulator.api_key)
        wanted = wanted_of(smartrecruiters_emulator)
        assert [apply(client, wanted).changed for _ in range(2)] == [True, False]
        assert foreign.requests == []
