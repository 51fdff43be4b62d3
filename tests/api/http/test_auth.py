"""Both kinds of credential, as the server receives them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from airflow_provider_smartrecruiters.api.http.auth import TOKEN_PATH, ClientCredentialsAuth
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    AuthenticationError,
    ConnectionFailedError,
    RateLimitedError,
    ServerError,
    UnexpectedResponseError,
)
from tests.support.scripted_server import Exchange, ScriptedServer, close, hang, raw, reply, reset

UNLIMITED = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


def token(text: str = "token-1", **members: Any) -> Any:
    return reply(200, {"access_token": text, "token_type": "bearer", "expires_in": 3600, **members})


@pytest.fixture
def oauth(connect: Any) -> Any:
    """Make OAuth clients: ``oauth(url, **options)``."""
    return lambda url, **options: connect(url, login="the-client", password="the-secret", **options)


@pytest.fixture
def oauth_client(smartrecruiters_emulator: SmartRecruitersEmulator, connect: Any) -> Any:
    """An OAuth client of the emulator."""
    emulator = smartrecruiters_emulator
    return connect(emulator.url, login=emulator.client_id, password=emulator.client_secret)


# What goes out


def test_an_api_key_is_the_only_credential(connect: Any) -> None:
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url).request("GET", "/jobs")
        (request,) = server.requests
    assert request.all("X-SmartToken") == ["the-api-key"]
    assert request.all("Authorization") == []


def test_a_token_is_the_only_credential(oauth: Any) -> None:
    with ScriptedServer(token(), reply(200, {})) as server:
        oauth(server.url).request("GET", "/jobs")
        asked, request = server.requests
    assert request.all("Authorization") == ["Bearer token-1"]
    assert request.all("X-SmartToken") == []
    assert asked.all("Authorization") == []
    assert asked.all("X-SmartToken") == []


@pytest.mark.parametrize("make", ["connect", "oauth"])
def test_a_netrc_file_adds_no_credential(make: str, request: Any, tmp_path: Any, monkeypatch: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer(*[token()] * (make == "oauth"), reply(200, {})) as server:
        request.getfixturevalue(make)(server.url).request("GET", "/jobs")
        for received in server.requests:
            assert not any(value.startswith("Basic") for value in received.all("Authorization"))
        assert len(server.requests[-1].all("Authorization")) == (make == "oauth")


def test_the_token_request_is_a_form(oauth: Any) -> None:
    with ScriptedServer(token(), reply(200, {})) as server:
        oauth(server.url, user_agent="my-agent/1").request("GET", "/jobs")
        asked = server.requests[0]
    assert asked.line == f"POST {TOKEN_PATH} HTTP/1.1".encode()
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["user-agent"] == "my-agent/1"
    assert parse_qs(asked.body.decode(), keep_blank_values=True, strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["the-client"],
        "client_secret": ["the-secret"],
    }


@pytest.mark.parametrize("scope", [None, "", "   "])
def test_an_empty_scope_is_left_out(scope: str | None, oauth: Any) -> None:
    with ScriptedServer(token(), reply(200, {})) as server:
        oauth(server.url, scope=scope).request("GET", "/jobs")
        assert b"scope" not in server.requests[0].body


def test_scopes_are_separated_by_one_space(oauth: Any) -> None:
    with ScriptedServer(token(), reply(200, {})) as server:
        oauth(server.url, scope=" jobs_read\n jobs_manage ").request("GET", "/jobs")
        assert parse_qs(server.requests[0].body.decode())["scope"] == ["jobs_read jobs_manage"]


def test_a_secret_is_form_encoded(connect: Any) -> None:
    with ScriptedServer(token(), reply(200, {})) as server:
        connect(server.url, login="a&b=c", password="p%s +;x").request("GET", "/jobs")
        form = parse_qs(server.requests[0].body.decode())
    assert (form["client_id"], form["client_secret"]) == (["a&b=c"], ["p%s +;x"])


def test_tokens_may_come_from_elsewhere(oauth: Any) -> None:
    with ScriptedServer(token()) as tokens, ScriptedServer(reply(200, {})) as server:
        oauth(server.url, token_url=f"{tokens.url}/elsewhere/token").request("GET", "/jobs")
        assert [request.target for request in tokens.requests] == ["/elsewhere/token"]
        assert [request.target for request in server.requests] == ["/jobs"]


# How long a token is used


def test_a_token_is_fetched_once(oauth: Any) -> None:
    with ScriptedServer(token(), *[reply(200, {})] * 3) as server:
        client = oauth(server.url)
        for _ in range(3):
            client.request("GET", "/jobs")
        assert [request.method for request in server.requests] == ["POST", "GET", "GET", "GET"]


def test_creating_a_client_sends_nothing(oauth: Any) -> None:
    with ScriptedServer() as server:
        oauth(server.url)
        assert server.requests == []


@pytest.mark.slow
def test_a_short_lived_token_is_used_to_its_end(oauth: Any) -> None:
    with ScriptedServer(token(expires_in=3), *[reply(200, {})] * 2, token("token-2"), reply(200, {})) as server:
        client = oauth(server.url)
        client.request("GET", "/jobs")
        began = time.monotonic()
        client.request("GET", "/jobs")
        time.sleep(max(0.0, began + 3.05 - time.monotonic()))
        client.request("GET", "/jobs")
        used = [request.all("Authorization") for request in server.requests]
    assert used == [[], ["Bearer token-1"], ["Bearer token-1"], [], ["Bearer token-2"]]


@pytest.mark.parametrize(
    ("lifetime", "used_for"),
    [(3600, 3540), ("3600", 3540), (600, 540), (599, 599), (1, 1), (None, 540), ("soon", 540), (0, 540), (-5, 540)],
)
def test_how_long_a_token_is_used(lifetime: Any, used_for: float) -> None:
    auth = ClientCredentialsAuth(lambda: {"access_token": "t", "expires_in": lifetime})
    before = time.monotonic()
    auth._current()
    assert before + used_for <= auth.fresh_until <= time.monotonic() + used_for


@UNLIMITED
def test_eight_threads_fetch_one_token(smartrecruiters_emulator: Any, oauth_client: Any) -> None:
    smartrecruiters_emulator.config.latency = 0.05
    together = threading.Barrier(8)

    def call(job_id: str) -> Any:
        together.wait(10)
        return oauth_client.request("GET", "/jobs/{jobId}", path_params={"jobId": job_id})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, smartrecruiters_emulator.state.job_ids[:8]))
    assert [answer["id"] for answer in answers] == smartrecruiters_emulator.state.job_ids[:8]
    assert smartrecruiters_emulator.stats["token_requests"] == 1


# A 401


@UNLIMITED
def test_an_expired_token_is_replaced_once_and_the_request_sent_again(
    smartrecruiters_emulator: Any, oauth_client: Any
) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    oauth_client.request("GET", "/jobs/{jobId}", path_params={"jobId": job_id})
    smartrecruiters_emulator.expire_tokens()
    answer = oauth_client.request(
        "PUT", "/jobs/{jobId}/status", path_params={"jobId": job_id}, json={"status": "FILLED"}
    )
    assert answer == {"status": "FILLED"}
    assert smartrecruiters_emulator.stats["token_requests"] == 2
    assert [entry.status for entry in smartrecruiters_emulator.journal] == [401, 201]


@UNLIMITED
def test_eight_threads_replace_an_expired_token_once(smartrecruiters_emulator: Any, oauth_client: Any) -> None:
    job_ids = smartrecruiters_emulator.state.job_ids[:8]
    oauth_client.request("GET", "/jobs/{jobId}", path_params={"jobId": job_ids[0]})
    smartrecruiters_emulator.expire_tokens()
    smartrecruiters_emulator.config.latency = 0.05
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: oauth_client.request("GET", "/jobs/{jobId}", path_params={"jobId": i}), job_ids))
    assert smartrecruiters_emulator.stats["token_requests"] == 2


def test_a_token_that_is_refused_everywhere_is_replaced_once(oauth: Any) -> None:
    refused = reply(401, {"message": "no"})
    with ScriptedServer(token(), refused, refused, token("token-2"), refused, refused) as server:
        with pytest.raises(AuthenticationError) as caught:
            oauth(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
        used = [(request.target, request.all("Authorization")) for request in server.requests]
    first, second = ["Bearer token-1"], ["Bearer token-2"]
    ask, put, fetch = "/jobs?limit=1", "/jobs/1/note", (TOKEN_PATH, [])
    assert used == [fetch, (put, first), (ask, first), fetch, (put, second), (ask, second)]
    assert (caught.value.status, caught.value.retryable, caught.value.may_have_been_applied) == (401, False, False)


def test_a_rejected_api_key_raises_one_error(connect: Any) -> None:
    with ScriptedServer(reply(401, {"message": "Unauthorized"})) as server:
        with pytest.raises(AuthenticationError) as caught:
            connect(server.url).request("GET", "/jobs")
        assert len(server.requests) == 1
    assert "API key" in caught.value.hint
    assert not caught.value.retryable


# A token that is not had


@UNLIMITED
@pytest.mark.off_contract("response")
def test_a_refused_secret_is_one_clear_error(smartrecruiters_emulator: Any, connect: Any) -> None:
    client = connect(smartrecruiters_emulator.url, login=smartrecruiters_emulator.client_id, password="wrong-secret")
    with pytest.raises(AuthenticationError) as caught:
        client.request("GET", "/jobs")
    assert smartrecruiters_emulator.stats["token_requests"] == 1
    assert smartrecruiters_emulator.stats["requests"] == 1
    assert caught.value.code == "invalid_client"
    assert "client secret" in caught.value.hint
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_never_repeats_the_secret(status: int, oauth: Any) -> None:
    body = {"error": "invalid_client", "error_description": "the-secret of the-client is wrong"}
    with ScriptedServer(reply(status, body)) as server, pytest.raises(AuthenticationError) as caught:
        oauth(server.url).request("GET", "/jobs")
    assert "the-secret" not in str(caught.value) + repr(vars(caught.value))
    assert caught.value.status == status
    assert caught.value.code == "invalid_client"


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_page_in_place_of_the_token_endpoint_says_nothing_about_the_secret(status: int, oauth: Any) -> None:
    page = reply(status, b"<html>Blocked</html>", headers={"Content-Type": "text/html"})
    with ScriptedServer(always=page) as server, pytest.raises(UnexpectedResponseError) as caught:
        oauth(server.url).request("GET", "/jobs")
    assert "proxy or firewall" in caught.value.summary
    assert "client secret" not in caught.value.hint
    assert caught.value.retryable


@pytest.mark.parametrize(
    "failure",
    [reset(), close(), raw(b"no HTTP\r\n\r\n"), reply(503, b"<html>"), reply(200, b"<"), reply(200, b"")],
)
def test_a_transient_error_of_the_token_request_is_retried(failure: Any, oauth: Any) -> None:
    with ScriptedServer(failure, failure, token(), reply(201, {"status": "FILLED"})) as server:
        answer = oauth(server.url).request("PUT", "/jobs/1/status", json={"status": "FILLED"})
        assert answer == {"status": "FILLED"}
        assert [request.method for request in server.requests] == ["POST", "POST", "POST", "PUT"]


def test_the_retry_policy_bounds_requests_to_a_token_endpoint_that_is_down(oauth: Any) -> None:
    with ScriptedServer(always=reply(503)) as server:
        with pytest.raises(ServerError) as caught:
            oauth(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
        assert len(server.requests) == 4
    # Nothing but a token was asked for.
    assert not caught.value.may_have_been_applied
    assert caught.value.path_template == TOKEN_PATH


def test_a_token_endpoint_that_cannot_be_reached(oauth: Any) -> None:
    nobody = ScriptedServer(listening=False)
    with nobody, ScriptedServer() as server, pytest.raises(ConnectionFailedError):
        oauth(server.url, token_url=f"{nobody.url}/token").request("PUT", "/jobs/1/note", json={})


def test_a_token_endpoint_that_is_busy(oauth: Any) -> None:
    with (
        ScriptedServer(reply(429, headers={"Retry-After": "600"})) as server,
        pytest.raises(RateLimitedError) as caught,
    ):
        oauth(server.url).request("GET", "/jobs")
    assert caught.value.retry_after == 600


@pytest.mark.parametrize(
    "answer",
    [{}, [], "x", {"access_token": None}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a\r\nX: 1"}],
)
def test_an_answer_without_a_token(answer: Any, oauth: Any) -> None:
    with ScriptedServer(reply(200, answer)) as server:
        with pytest.raises(UnexpectedResponseError) as caught:
            oauth(server.url).request("GET", "/jobs")
        assert len(server.requests) == 1
    assert "token_url" in caught.value.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_secret_follows_no_redirect(status: int, oauth: Any) -> None:
    with (
        ScriptedServer() as elsewhere,
        ScriptedServer(reply(status, headers={"Location": f"{elsewhere.url}/token"})) as server,
    ):
        with pytest.raises(UnexpectedResponseError):
            oauth(server.url).request("GET", "/jobs")
        assert elsewhere.requests == []


@pytest.mark.slow
def test_threads_that_wait_for_a_token_share_its_failure(oauth: Any) -> None:
    """Otherwise each thread would wait for the fetches of all others, and no budget would bound that."""
    once = RetryPolicy(max_attempts=1)
    with ScriptedServer(always=hang()) as server:
        client = oauth(server.url, timeout=2, retry=once)

        def ask(_: int) -> AnswerLostError:
            with pytest.raises(AnswerLostError) as caught:
                client.request("PUT", "/jobs/1/note", json={"content": "x"})
            return caught.value

        with ThreadPoolExecutor(8) as pool:
            errors = list(pool.map(ask, range(8)))
        asked = len(server.requests)
    assert asked < 4
    assert len({id(error) for error in errors}) == 8
    assert {(error.may_have_been_applied, error.path_template) for error in errors} == {(False, TOKEN_PATH)}


# Masking


def test_on_token_is_called_before_a_token_is_used(oauth: Any) -> None:
    masked: list[str] = []
    masked_when_used: list[list[str]] = []

    def used(exchange: Exchange) -> bool:
        masked_when_used.append(list(masked))
        return reply(401 if len(masked_when_used) == 1 else 200, {})(exchange)

    with ScriptedServer(token("first"), used, token("second"), used) as server:
        oauth(server.url, on_token=masked.append).request("GET", "/jobs")
    assert masked_when_used == [["first"], ["first", "second"]]


def test_a_failed_fetch_is_not_cached(oauth: Any) -> None:
    with ScriptedServer(reply(401, {"error": "invalid_client"}), token(), reply(200, {"id": "1"})) as server:
        client = oauth(server.url)
        with pytest.raises(AuthenticationError):
            client.request("GET", "/jobs")
        assert client.request("GET", "/jobs") == {"id": "1"}
