"""Requests on the wire, retries, pagination, and errors as a caller sees them."""

from __future__ import annotations

import email
import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL, SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import Attempts, RetryPolicy
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    BadRequestError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    SmartRecruitersError,
    UnexpectedResponseError,
)
from tests.support.scripted_server import ScriptedServer, close, hang, raw, reply, reset

Connect = Callable[..., SmartRecruitersClient]
UNLIMITED = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
SAFE, WRITES = ("GET", "HEAD"), ("PUT", "POST", "PATCH", "DELETE")


# What leaves


@pytest.mark.parametrize(
    ("record_id", "line"),
    [
        ("50%", b"GET /jobs/50%25/note HTTP/1.1"),
        ("%41", b"GET /jobs/%2541/note HTTP/1.1"),
        ("a?b=c&d", b"GET /jobs/a%3Fb%3Dc%26d/note HTTP/1.1"),
        ("a#b", b"GET /jobs/a%23b/note HTTP/1.1"),
        ("a b", b"GET /jobs/a%20b/note HTTP/1.1"),
        ("@evil.example.com", b"GET /jobs/%40evil.example.com/note HTTP/1.1"),
        ("求人", b"GET /jobs/%E6%B1%82%E4%BA%BA/note HTTP/1.1"),
        ("é", b"GET /jobs/%C3%A9/note HTTP/1.1"),
        ("👍", b"GET /jobs/%F0%9F%91%8D/note HTTP/1.1"),
        (18554, b"GET /jobs/18554/note HTTP/1.1"),
    ],
)
def test_an_id_is_percent_encoded_on_the_wire(record_id: Any, line: bytes, connect: Connect) -> None:
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url).request("GET", "/jobs/{jobId}/note", path_params={"jobId": record_id})
        assert server.requests[0].line == line


@UNLIMITED
@pytest.mark.parametrize("odd", ["50%", "x?y=1", "求人 👍", "..a", "ü#1"])
def test_an_odd_id_reaches_its_record(odd: str, smartrecruiters_emulator: SmartRecruitersEmulator, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        job = next(iter(tenant.jobs.values())).model_copy(deep=True)
        job.id = odd
        tenant.jobs[odd] = job
    assert client.request("GET", "/jobs/{jobId}", path_params={"jobId": odd})["id"] == odd


@pytest.mark.parametrize(
    "record_id", ["", " ", "..", ".", "a/b", "%2F", "a\\b", "../../users", "a\r\nX-Injected: 1", "None", None]
)
def test_a_refused_id_is_not_sent(record_id: Any, connect: Connect) -> None:
    with ScriptedServer() as server, pytest.raises(InvalidInputError) as caught:
        connect(server.url).request("DELETE", "/jobs/{jobId}", path_params={"jobId": record_id})
    assert caught.value.fields == ("jobId",)


@pytest.mark.parametrize(
    "path", ["jobs", "/jobs/../users", "/jobs/%2e%2e/users", "//evil.example.com", "/jobs?a=1", ""]
)
def test_a_refused_path_is_not_sent(path: str, connect: Connect) -> None:
    with ScriptedServer() as server, pytest.raises(InvalidInputError):
        connect(server.url).request("GET", path)


def test_a_literal_path(connect: Connect) -> None:
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url + "/behind/a/proxy/").request("get", "/jobs/a%2Fb")
        assert server.requests[0].line == b"GET /behind/a/proxy/jobs/a%2Fb HTTP/1.1"


def test_query_parameters(connect: Connect) -> None:
    with ScriptedServer(reply(200, {})) as server:
        params = {"q": "a&b=c é", "status": ["SOURCING", "OFFER"], "left_out": None, "limit": 5}
        connect(server.url).request("GET", "/jobs", params=params)
        assert server.requests[0].target == "/jobs?q=a%26b%3Dc+%C3%A9&status=SOURCING&status=OFFER&limit=5"


def test_a_json_body(connect: Connect) -> None:
    body = {"content": "é 👍 \u2028", "list": [1, 2.5, None, True]}
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url).request("PUT", "/jobs/1/note", json=body)
        (request,) = server.requests
    assert request.json() == body
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(request.body))


@pytest.mark.parametrize("body", [{}, [], False, 0, ""])
def test_an_empty_json_body_is_a_body(body: Any, connect: Connect) -> None:
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url).request("PUT", "/x", json=body)
        assert server.requests[0].json() == body


@pytest.mark.parametrize("body", [float("nan"), float("inf"), {"a": object()}, {"a": b"x"}, {"a": {1, 2}}])
def test_what_json_cannot_represent_is_not_sent(body: Any, connect: Connect) -> None:
    with ScriptedServer() as server, pytest.raises(InvalidInputError) as caught:
        connect(server.url).request("PUT", "/x", json=body)
    assert caught.value.fields == ("json",)


def test_no_body_has_no_content_type(connect: Connect) -> None:
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url).request("GET", "/jobs")
        assert "content-type" not in server.requests[0].headers
        assert server.requests[0].body == b""


def test_a_multipart_body_has_a_boundary(connect: Connect) -> None:
    with ScriptedServer(reply(204)) as server:
        part = ("avatar.png", b"\x89PNG\r\n--x", "image/png")
        assert connect(server.url).request("PUT", "/users/1/avatar", files={"file": part}) is None
        (request,) = server.requests
    kind = request.headers["content-type"]
    message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body)
    (only,) = message.get_payload()
    assert only.get_param("name", header="content-disposition") == "file"
    assert only.get_filename() == "avatar.png"
    assert only.get_content_type() == "image/png"
    assert only.get_payload(decode=True) == b"\x89PNG\r\n--x"


def test_a_multipart_body_is_whole_when_sent_again(connect: Connect) -> None:
    with ScriptedServer(reply(429, headers={"Retry-After": "0"}), reply(204)) as server:
        connect(server.url).request("PUT", "/users/1/avatar", files={"file": ("a.png", b"bytes", "image/png")})
        assert [b"bytes" in request.body for request in server.requests] == [True, True]


def test_the_user_agent(connect: Connect) -> None:
    with ScriptedServer(reply(200, {})) as server:
        connect(server.url, user_agent="my-agent/1 (Airflow/3)").request("GET", "/jobs")
        assert server.requests[0].headers["user-agent"] == "my-agent/1 (Airflow/3)"


# What comes back


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_a_success(status: int, connect: Connect) -> None:
    answers = [reply(status, None if status == 204 else {"a": 1}), reply(200, b"")]
    with ScriptedServer(*answers) as server:
        client = connect(server.url)
        assert client.request("PUT", "/x", json={}) == (None if status == 204 else {"a": 1})
        assert client.request("PUT", "/x", json={}) is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("login", ["", "the-client"])
def test_no_credential_follows_a_redirect(status: int, login: str, connect: Connect) -> None:
    token = [reply(200, {"access_token": "t", "expires_in": 60})] if login else []
    with ScriptedServer() as elsewhere:
        moved = reply(status, headers={"Location": f"{elsewhere.url}/jobs"})
        with ScriptedServer(*token, moved) as server, pytest.raises(UnexpectedResponseError) as caught:
            connect(server.url, login=login).request("GET", "/jobs")
        assert elsewhere.requests == []
    assert caught.value.status == status
    assert "host" in caught.value.hint


@pytest.mark.parametrize(("method", "applied"), [("GET", False), ("PUT", True), ("POST", True)])
def test_a_success_that_is_not_json(method: str, applied: bool, connect: Connect) -> None:
    with ScriptedServer(always=reply(200, b"<html>Please sign in</html>")) as server:
        with pytest.raises(UnexpectedResponseError) as caught:
            connect(server.url).request(method, "/jobs/{jobId}", path_params={"jobId": "1"})
        # A read may be read again, a write may not.
        assert len(server.requests) == (1 if applied else 4)
    assert caught.value.may_have_been_applied is applied
    assert "sign in" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (
            400,
            {"message": "Top", "errors": [{"code": "INVALID_SOURCE", "message": "No such source"}]},
            "INVALID_SOURCE",
            1,
        ),
        (400, {"message": "Only a message"}, None, "Only a message"),
        (422, {"errors": [{"code": "ONLY_A_CODE"}]}, "ONLY_A_CODE", ""),
        (404, b"", None, ""),
        (403, b"<html><body>Forbidden by gateway</body></html>", None, ""),
        (500, b"<html><body>Internal stack trace</body></html>", None, ""),
    ],
)
def test_an_error_contains_the_message_of_the_api(
    status: int, body: Any, code: Any, message: Any, connect: Connect
) -> None:
    with ScriptedServer(reply(status, body)) as server, pytest.raises(SmartRecruitersError) as caught:
        connect(server.url).request("PUT", "/jobs/{jobId}", path_params={"jobId": "secret-id"}, json={"x": "y"})
    error = caught.value
    assert (error.status, error.code) == (status, code)
    assert error.api_message == ("No such source" if message == 1 else message)
    assert (error.method, error.path_template) == ("PUT", "/jobs/{jobId}")
    for leaked in ("html", "stack trace", "secret-id", "the-api-key"):
        assert leaked not in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_message_that_echoes_what_was_sent_is_withheld(connect: Connect) -> None:
    body = {"message": "Cannot store: Ada Lovelace called on Monday"}
    with ScriptedServer(reply(400, body)) as server, pytest.raises(BadRequestError) as caught:
        connect(server.url).request("PUT", "/jobs/1/note", json={"content": "Ada Lovelace called on Monday"})
    assert "Ada" not in str(caught.value) + repr(vars(caught.value))


def test_an_address_in_a_message_is_masked(connect: Connect) -> None:
    said = {"message": "ada@example.com may not"}
    with ScriptedServer(reply(403, said)) as server, pytest.raises(SmartRecruitersError) as caught:
        connect(server.url).request("GET", "/jobs")
    assert caught.value.api_message == "[address] may not"


# What is sent again


@dataclass(frozen=True)
class WatchedRetry(RetryPolicy):
    """Records the attempts that it starts, to count them where no server can."""

    begun: list[Attempts] = field(default_factory=list)

    def start(self) -> Attempts:
        self.begun.append(super().start())
        return self.begun[-1]


@pytest.mark.parametrize("method", SAFE + WRITES)
def test_a_refused_connection_is_retried_for_every_method(method: str, connect: Connect) -> None:
    retry = WatchedRetry(budget=8, max_attempts=4, first_wait=0.01)
    with ScriptedServer(listening=False) as nobody, pytest.raises(ConnectionFailedError) as caught:
        connect(nobody.url, retry=retry).request(method, "/x", json={"a": 1})
    assert [attempts.made for attempts in retry.begun] == [4]
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_server_that_comes_up_late_is_reached(method: str, connect: Connect) -> None:
    retry = RetryPolicy(budget=20, max_attempts=200, first_wait=0.05, longest_wait=0.05)
    with ScriptedServer(reply(200, {"up": True}), listening=False) as server:
        late = threading.Timer(0.3, server.listen)
        late.start()
        assert connect(server.url, retry=retry).request(method, "/x") == {"up": True}
        late.join()


PASSING = {
    "reset": reset(),
    "closed": close(),
    "cut": reply(200, {"a": "b"}, truncate=3),
    "garbage": raw(b"garbage\r\n\r\n"),
    "500": reply(500, b"<html>"),
    "502": reply(502),
    "503": reply(503, {"message": "later"}),
    "504": reply(504),
}


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
def test_a_read_with_a_transient_error_is_retried(failure: Any, connect: Connect) -> None:
    with ScriptedServer(failure, failure, failure, reply(200, {"a": 1})) as server:
        assert connect(server.url).request("GET", "/jobs") == {"a": 1}


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("method", WRITES)
def test_a_write_whose_answer_is_lost_is_not_sent_again(method: str, failure: Any, connect: Connect) -> None:
    with ScriptedServer(failure) as server:
        with pytest.raises((AnswerLostError, ServerError)) as caught:
            connect(server.url).request(method, "/jobs/{jobId}/note", path_params={"jobId": "1"}, json={"content": "x"})
        assert len(server.requests) == 1
    assert caught.value.may_have_been_applied
    assert "may have been applied" in str(caught.value)
    # Airflow's retries would create a second record; a PUT does no more the second time.
    assert caught.value.retryable is (method == "PUT")
    assert caught.value.hint.startswith("Check the record first")
    assert "Run the task again" not in caught.value.hint


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
def test_a_read_that_keeps_failing_ends(failure: Any, connect: Connect) -> None:
    with ScriptedServer(always=failure) as server:
        with pytest.raises((AnswerLostError, ServerError)) as caught:
            connect(server.url).request("GET", "/jobs")
        assert len(server.requests) == 4
    assert not caught.value.may_have_been_applied


@pytest.mark.slow
def test_a_timeout(connect: Connect) -> None:
    with ScriptedServer(hang(), hang(), reply(200, {})) as server:
        client = connect(server.url, timeout=2.0)
        with pytest.raises(AnswerLostError) as caught:
            client.request("PUT", "/x", json={})
        assert caught.value.may_have_been_applied
        assert client.request("GET", "/x") == {}


@pytest.mark.parametrize("status", [400, 403, 404, 422, 405, 410])
def test_a_permanent_error_is_not_retried(status: int, connect: Connect) -> None:
    with ScriptedServer(reply(status)) as server:
        with pytest.raises(SmartRecruitersError) as caught:
            connect(server.url).request("GET", "/x")
        assert len(server.requests) == 1
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [408, 409, 423, 425])
def test_a_read_that_met_something_transient_is_sent_again(status: int, connect: Connect) -> None:
    with ScriptedServer(*[reply(status)] * 3, reply(200, {"a": 1})) as server:
        assert connect(server.url).request("GET", "/jobs/1") == {"a": 1}


@pytest.mark.parametrize(("status", "in_doubt"), [(408, True), (409, False), (423, False)])
def test_a_write_that_has_to_be_made_anew_is_not_sent_again_as_it_is(
    status: int, in_doubt: bool, connect: Connect
) -> None:
    with ScriptedServer(reply(status)) as server, pytest.raises(SmartRecruitersError) as caught:
        connect(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
    assert caught.value.retryable
    assert caught.value.may_have_been_applied is in_doubt


def test_a_write_that_came_too_early_is_sent_again(connect: Connect) -> None:
    with ScriptedServer(reply(425), reply(201, {"a": 1})) as server:
        assert connect(server.url).request("POST", "/candidates", json={}) == {"a": 1}


# 429


@pytest.mark.parametrize("method", SAFE + WRITES)
def test_a_429_is_retried_for_every_method(method: str, connect: Connect) -> None:
    busy = reply(429, {"message": "Too many requests"}, headers={"Retry-After": "0"})
    # More often than the attempts that anything else gets.
    with ScriptedServer(*[busy] * 6, reply(200, None if method == "HEAD" else {"a": 1})) as server:
        assert connect(server.url).request(method, "/x") == (None if method == "HEAD" else {"a": 1})


@pytest.mark.slow
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}])
def test_a_429_without_retry_after_waits_a_second(headers: dict[str, str], connect: Connect) -> None:
    with ScriptedServer(reply(429, headers=headers), reply(200, {})) as server:
        connect(server.url).request("PUT", "/x", json={})
        first, second = server.requests
    assert second.at - first.at >= 0.95


@pytest.mark.slow
def test_a_429_waits_for_the_seconds_in_retry_after(connect: Connect) -> None:
    with ScriptedServer(reply(429, headers={"Retry-After": "1"}), reply(200, {})) as server:
        connect(server.url).request("GET", "/x")
        first, second = server.requests
    assert second.at - first.at >= 0.95


@pytest.mark.slow
def test_a_429_waits_until_the_date_in_retry_after(connect: Connect) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=3)
    busy = reply(429, headers={"Retry-After": format_datetime(moment, usegmt=True)})
    with ScriptedServer(busy, reply(200, {})) as server:
        connect(server.url).request("GET", "/x")
        first, second = server.requests
    # The date has whole seconds.
    assert second.at - first.at >= 1.0


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_429_beyond_the_budget_is_an_error_at_once(form: str, method: str, connect: Connect) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    began = time.monotonic()
    busy = reply(429, headers={"Retry-After": "3600" if form == "seconds" else date})
    with ScriptedServer(busy) as server, pytest.raises(RateLimitedError) as caught:
        connect(server.url).request(method, "/x")
    assert time.monotonic() - began < 1000
    assert caught.value.retry_after == pytest.approx(3600, abs=60)
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied


@pytest.mark.slow
@pytest.mark.parametrize("text", ["9" * 400, "9" * 5_000, "-1", "nan", "1e999", "Fri, 31 Dec 9999999999 23:59:59 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_an_absurd_retry_after_is_a_typed_error(status: int, text: str, connect: Connect) -> None:
    retry = RetryPolicy(budget=1.5, first_wait=0.01)
    with (
        ScriptedServer(always=reply(status, headers={"Retry-After": text})) as server,
        pytest.raises((RateLimitedError, ServerError)) as caught,
    ):
        connect(server.url, retry=retry).request("GET", "/x")
    assert caught.value.retry_after in (None, 30 * 86_400)


@pytest.mark.slow
def test_a_429_that_goes_on_ends_with_the_budget(connect: Connect) -> None:
    with ScriptedServer(always=reply(429)) as server:
        with pytest.raises(RateLimitedError):
            connect(server.url, retry=RetryPolicy(budget=1.5, first_wait=0.01)).request("GET", "/x")
        assert len(server.requests) == 2


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=1)
def test_the_emulator_is_busy_and_nothing_fails(smartrecruiters_emulator: Any, client: Any) -> None:
    job_ids = smartrecruiters_emulator.state.job_ids[:4]
    for job_id in job_ids:
        assert client.request("GET", "/jobs/{jobId}", path_params={"jobId": job_id})["id"] == job_id
    assert smartrecruiters_emulator.stats["rate_limited"] >= 1


# Pages


@UNLIMITED
def test_pages_by_page_id_with_the_sort_that_jobs_need(smartrecruiters_emulator: Any, client: Any) -> None:
    found = [job["id"] for job in client.pages("/jobs", params={"limit": 7})]
    with smartrecruiters_emulator.state.editing() as tenant:
        visible = [job.id for job in tenant.jobs.values() if job.access != "none"]
    assert len(found) == len(set(found)) > 7
    assert sorted(found) == sorted(visible)
    queries = [request.query for request in smartrecruiters_emulator.requests]
    assert all("sort=job_id" in query and "offset" not in query for query in queries)
    assert sum("pageId=" in query for query in queries) == len(queries) - 1


@UNLIMITED
def test_pages_without_a_total(smartrecruiters_emulator: Any, client: Any) -> None:
    found = [user["id"] for user in client.pages("/user-api/v201804/users")]
    with smartrecruiters_emulator.state.editing() as tenant:
        visible = [user.id for user in tenant.users.values() if user.access != "none"]
    assert sorted(found) == sorted(visible)
    assert len(smartrecruiters_emulator.requests) == 2


@UNLIMITED
def test_pages_by_offset(smartrecruiters_emulator: Any, client: Any) -> None:
    source_type = smartrecruiters_emulator.state.a_source().source_type_id
    path, path_params = "/configuration/sources/{sourceType}/values", {"sourceType": source_type}
    found = [value["id"] for value in client.pages(path, path_params=path_params, params={"limit": 1})]
    with smartrecruiters_emulator.state.editing() as tenant:
        there = [value.id for value in tenant.source_types[source_type].values]
    assert set(found) <= set(there)
    assert len(found) == len(set(found)) == len(smartrecruiters_emulator.requests) > 1


@UNLIMITED
@pytest.mark.off_contract  # This list has no pages, so a limit is not documented for it.
def test_a_bare_array_is_one_page(smartrecruiters_emulator: Any, client: Any) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    found = [ad["id"] for ad in client.pages("/jobs/{jobId}/jobads", path_params={"jobId": job_id})]
    assert found == list(smartrecruiters_emulator.state.job(job_id).ads)


def test_a_caller_s_own_sort_and_limit_are_kept(connect: Connect) -> None:
    with ScriptedServer(reply(200, {"content": []})) as server:
        assert list(connect(server.url).pages("/jobs", params={"sort": "updated_on", "limit": 3})) == []
        assert server.requests[0].target == "/jobs?limit=3&sort=updated_on"


def test_a_caller_s_own_query_is_left_alone(connect: Connect) -> None:
    params = {"q": "x"}
    answers = [reply(200, {"content": [{"id": 1}], "nextPageId": "p2"}), reply(200, {"content": [{"id": 2}]})]
    with ScriptedServer(*answers) as server:
        assert [record["id"] for record in connect(server.url).pages("/candidates", params=params)] == [1, 2]
        assert [r.target for r in server.requests] == [
            "/candidates?limit=100&q=x",
            "/candidates?limit=100&q=x&pageId=p2",
        ]
    assert params == {"q": "x"}


def test_pages_are_fetched_lazily(connect: Connect) -> None:
    with ScriptedServer(reply(200, {"content": [{"id": 1}], "nextPageId": "p2"})) as server:
        assert next(connect(server.url).pages("/candidates")) == {"id": 1}
        assert len(server.requests) == 1


def test_pages_that_form_a_loop(connect: Connect) -> None:
    page = reply(200, {"content": [{"id": 1}], "nextPageId": "p2"})
    with ScriptedServer(page, page) as server:
        records = connect(server.url).pages("/candidates")
        with pytest.raises(UnexpectedResponseError, match=r"^The pages of GET /candidates form a loop\. What to do: "):
            list(records)


@pytest.mark.parametrize("total", ["many", None, [], {"a": 1}, float("1")])
def test_a_total_that_is_no_number_ends_the_pages(total: Any, connect: Connect) -> None:
    with ScriptedServer(reply(200, {"content": [{"id": 1}], "totalFound": total})) as server:
        assert list(connect(server.url).pages("/configuration/x")) == [{"id": 1}]


@pytest.mark.parametrize("content", ["text", {"id": 1}, 7, True])
def test_content_that_is_no_list(content: Any, connect: Connect) -> None:
    with ScriptedServer(reply(200, {"content": content})) as server, pytest.raises(UnexpectedResponseError):
        list(connect(server.url).pages("/configuration/x"))


@pytest.mark.parametrize("last", [{"content": [], "totalFound": 9}, {"content": None}, {}, None, []])
def test_a_page_without_records_is_the_last(last: Any, connect: Connect) -> None:
    with ScriptedServer(reply(200, {"content": [{"id": 1}], "totalFound": 9}), reply(200, last)) as server:
        assert list(connect(server.url).pages("/configuration/x")) == [{"id": 1}]


def test_a_page_without_a_total_and_without_a_next_is_the_last(connect: Connect) -> None:
    with ScriptedServer(reply(200, {"content": [{"id": 1}], "totalFound": None, "nextPageId": None})) as server:
        assert list(connect(server.url).pages("/configuration/x")) == [{"id": 1}]


def test_offset_paging_starts_where_the_caller_says(connect: Connect) -> None:
    answers = [
        reply(200, {"content": [{"id": 1}], "totalFound": 7}),
        reply(200, {"content": [{"id": 2}], "totalFound": 7}),
    ]
    with ScriptedServer(*answers) as server:
        assert len(list(connect(server.url).pages("/configuration/x", params={"offset": 5}))) == 2
        assert [r.target.rpartition("=")[2] for r in server.requests] == ["5", "6"]


def test_a_response_that_is_not_a_page(connect: Connect) -> None:
    with ScriptedServer(reply(200, "surprise")) as server, pytest.raises(UnexpectedResponseError):
        list(connect(server.url).pages("/jobs"))


@UNLIMITED
def test_an_error_in_the_middle_of_pages(client: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        list(client.pages("/configuration/sources/{sourceType}/values", path_params={"sourceType": "none"}))
    assert caught.value.path_template == "/configuration/sources/{sourceType}/values"


# What a connection holds


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"password": ""}, "password"),
        ({"password": "key\n"}, "password"),
        ({"password": " key"}, "password"),
        ({"password": "kéy"}, "password"),
        ({"login": "a\tb"}, "login"),
        ({"login": "a "}, "login"),
        ({"base_url": "http://api.smartrecruiters.com"}, "host"),
        ({"base_url": "api.smartrecruiters.com"}, "host"),
        ({"login": "a", "token_url": "http://www.smartrecruiters.com/token"}, "token_url"),
        ({"login": "a", "token_url": "nonsense"}, "token_url"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"requests_per_second": -1}, "requests_per_second"),
        ({"max_concurrent": -1}, "max_concurrent"),
        ({"rate_limit_store": "pace.db"}, "rate_limit_store"),
    ],
)
def test_a_connection_that_cannot_be_used(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        SmartRecruitersClient.from_credentials(**{"password": "the-secret-key", **options})
    assert "the-secret-key" not in str(caught.value)
    assert "kéy" not in str(caught.value)


def test_the_addresses_of_smartrecruiters() -> None:
    assert SmartRecruitersClient.from_credentials(password="k").base_url == PRODUCTION_URL
    assert SmartRecruitersClient.from_credentials(password="k", base_url=SANDBOX_URL).base_url == SANDBOX_URL


def test_a_closed_client_can_be_used_again(connect: Connect) -> None:
    with ScriptedServer(reply(200, {}), reply(200, {})) as server:
        with connect(server.url) as client:
            client.request("GET", "/x")
        client.request("GET", "/x")
        assert len({request.peer for request in server.requests}) == 2
