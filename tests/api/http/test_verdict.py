"""What a 401 means is asked, and does not depend on what came before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.http import verdict
from airflow_provider_smartrecruiters.api.http.auth import TOKEN_PATH
from airflow_provider_smartrecruiters.api.values.fields import placeholders
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    PermissionDeniedError,
    SmartRecruitersError,
    UnexpectedResponseError,
)
from tests.support.catalogue import changes
from tests.support.scripted_server import Exchange, ScriptedServer, close, reply, reset

NO = reply(401, {"message": "Access denied"})


def restricted(exchange: Exchange) -> bool:
    """Refuse every record, and answer the question about the credential."""
    if exchange.request.target == TOKEN_PATH:
        return reply(200, {"access_token": "t", "expires_in": 3600})(exchange)
    asked = exchange.request.target.startswith("/jobs?")
    return (reply(200, {"content": []}) if asked else NO)(exchange)


def revoked(exchange: Exchange) -> bool:
    """Refuse everything."""
    return NO(exchange)


@pytest.mark.parametrize("first", [[], [reply(200, {})]], ids=["first", "after a success"])
@pytest.mark.parametrize(
    ("answer", "error_class", "retryable"),
    [
        (reply(200, {"content": []}), PermissionDeniedError, False),
        (reply(403, {"message": "no"}), PermissionDeniedError, False),
        (NO, AuthenticationError, False),
        # These say nothing about the credential, however often it is asked.
        (reply(503), PermissionDeniedError, True),
        (reply(401, b"<html>", headers={"Content-Type": "text/html"}), PermissionDeniedError, True),
        (close(), PermissionDeniedError, True),
    ],
)
def test_a_401_means_the_same_whatever_came_before(
    first: list[Any], answer: Any, error_class: Any, retryable: bool, connect: Any
) -> None:
    with ScriptedServer(*first, NO, *[answer] * (4 if retryable else 1)) as server:
        client = connect(server.url)
        if first:
            client.request("GET", "/jobs/0")
        with pytest.raises(SmartRecruitersError) as caught:
            client.request("GET", "/jobs/{jobId}", path_params={"jobId": "1"})
        assert server.requests[len(first) + 1].target == "/jobs?limit=1"
    assert type(caught.value) is error_class
    assert (caught.value.status, caught.value.retryable) == (401, retryable)
    # A claim that was not checked is not made.
    settled = error_class is PermissionDeniedError and not retryable
    assert ("accepts the credential, but" in caught.value.summary) is settled
    assert caught.value.path_template == "/jobs/{jobId}"
    assert caught.value.api_message == "Access denied"


UNANSWERED = {
    "no answer": close(),
    "reset": reset(),
    "a server error": reply(503),
    "too many requests": reply(429, headers={"Retry-After": "0"}),
    "a page": reply(401, b"<html>", headers={"Content-Type": "text/html"}),
    "a redirect": reply(302, headers={"Location": "/login"}),
    "a success that is a page": reply(200, b"<html>Sign in</html>"),
}


@pytest.mark.parametrize("failure", UNANSWERED.values(), ids=UNANSWERED)
@pytest.mark.parametrize("change", changes(), ids=lambda change: change.__name__)
def test_the_check_is_repeated_and_the_refused_write_is_not(change: type[Change], failure: Any, connect: Any) -> None:
    method, _, path = change.endpoint.partition(" ")
    ids = dict.fromkeys(placeholders(path), "1")
    with ScriptedServer(NO, failure, failure, reply(200, {"content": []})) as server:
        with pytest.raises(PermissionDeniedError) as caught:
            connect(server.url).request(method, path, path_params=ids, json={"a": "b"})
        assert [request.method for request in server.requests] == [method, "GET", "GET", "GET"]
    assert not caught.value.retryable
    assert "accepts the credential, but" in caught.value.summary


@pytest.mark.parametrize("change", changes(), ids=lambda change: change.__name__)
def test_an_error_whose_check_failed_says_what_is_known_and_what_is_not(change: type[Change], connect: Any) -> None:
    made = change.model_construct(**dict.fromkeys(change.ids, "1"))
    with (
        ScriptedServer(NO, *[close()] * 4) as server,
        pytest.raises(PermissionDeniedError) as caught,
        explained(made, "change"),
    ):
        connect(server.url).request(*change.method_and_path(), path_params=made.path_params, json={"a": "b"})
    error = caught.value
    assert (error.retryable, error.may_have_been_applied) == (True, False)
    assert "nothing was changed. The cause is not known, because the check of the credential failed" in error.summary
    assert error.hint.startswith("Run the task again in a few minutes")
    # What a use case knows about its 401s holds for a valid credential.
    assert "valid credential" not in error.hint


def test_the_check_ends_with_the_budget_of_the_call(connect: Any) -> None:
    busy = reply(429, headers={"Retry-After": "3600"})
    with ScriptedServer(NO, busy) as server, pytest.raises(PermissionDeniedError) as caught:
        connect(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
    assert caught.value.retryable


@pytest.mark.slow
def test_threads_that_waited_for_a_failed_check_do_not_repeat_it(connect: Any) -> None:
    refused = Barrier(8)

    def answer(exchange: Exchange) -> bool:
        if exchange.request.target == "/jobs?limit=1":
            return reply(503, delay=0.5)(exchange)
        refused.wait(timeout=60)
        return NO(exchange)

    with ScriptedServer(always=answer) as server, ThreadPoolExecutor(8) as pool:
        client = connect(server.url)

        def write(number: int) -> bool:
            with pytest.raises(PermissionDeniedError) as caught:
                client.request("PUT", f"/jobs/{number}", json={})
            return caught.value.retryable

        assert all(pool.map(write, range(8)))
        targets = [request.target for request in server.requests]
    # One that comes late asks anew; each for itself would be 32.
    assert targets.count("/jobs?limit=1") < 32


def test_a_record_that_is_not_there_is_not_told_from_one_without_access(connect: Any) -> None:
    with ScriptedServer(always=restricted) as server, pytest.raises(PermissionDeniedError) as caught:
        connect(server.url).request("GET", "/jobs/1")
    assert "does not exist, or the credential may not access it" in caught.value.summary
    assert caught.value.hint.startswith("Check the ids.")
    assert "administrator" in caught.value.hint


@pytest.mark.parametrize("login", ["", "the-client"])
def test_a_hundred_restricted_records_ask_once(login: str, connect: Any) -> None:
    with ScriptedServer(always=restricted) as server:
        client = connect(server.url, login=login)

        def read(number: int) -> None:
            with pytest.raises(PermissionDeniedError):
                client.request("GET", f"/jobs/{number}")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(read, range(100)))
        targets = [request.target for request in server.requests]
    assert targets.count("/jobs?limit=1") == 1
    # No record's 401 fetches a token.
    assert targets.count(TOKEN_PATH) == (1 if login else 0)
    assert len(targets) == 101 + (1 if login else 0)


def test_a_verdict_is_believed_for_a_moment_only(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "REMEMBERED", 0.0)
    with ScriptedServer(NO, reply(200, {}), NO, NO) as server:
        client = connect(server.url)
        with pytest.raises(PermissionDeniedError):
            client.request("GET", "/jobs/1")
        with pytest.raises(AuthenticationError):
            client.request("GET", "/jobs/2")


def test_a_revoked_credential_is_noticed_by_the_first_record(connect: Any) -> None:
    with ScriptedServer(always=revoked) as server:
        with pytest.raises(AuthenticationError):
            connect(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
        assert [request.target for request in server.requests] == ["/jobs/1/note", "/jobs?limit=1"]


def test_eight_threads_with_an_expired_token_ask_and_renew_once(connect: Any) -> None:
    tokens = iter(["first", "second"])

    def answer(exchange: Exchange) -> bool:
        if exchange.request.target == TOKEN_PATH:
            return reply(200, {"access_token": next(tokens), "expires_in": 3600})(exchange)
        accepted = exchange.request.headers["authorization"] == "Bearer second"
        return (reply(200, {}, delay=0.05) if accepted else reply(401, {}, delay=0.05))(exchange)

    with ScriptedServer(always=answer) as server, ThreadPoolExecutor(8) as pool:
        client = connect(server.url, login="the-client")
        assert list(pool.map(lambda n: client.request("GET", f"/jobs/{n}"), range(8))) == [{}] * 8
        targets = [request.target for request in server.requests]
    assert targets.count(TOKEN_PATH) == 2
    assert targets.count("/jobs?limit=1") == 1


def test_a_page_is_no_reason_to_ask(connect: Any) -> None:
    page = reply(401, b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
    with ScriptedServer(page) as server:
        with pytest.raises(UnexpectedResponseError, match="proxy or firewall"):
            connect(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
        assert len(server.requests) == 1
