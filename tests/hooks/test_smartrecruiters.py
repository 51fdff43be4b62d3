from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException, redact

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL
from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)
from airflow_provider_smartrecruiters.hooks import check
from airflow_provider_smartrecruiters.hooks.connection import store_address
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

ANSWER = b"<html>an answer that names Jane Doe</html>"


@pytest.fixture
def hook_for(monkeypatch):
    """Make a hook for a connection given as keyword arguments."""

    def make(**connection) -> SmartRecruitersHook:
        connection = {"conn_type": "smartrecruiters", **connection}
        monkeypatch.setenv("AIRFLOW_CONN_SR_TEST", json.dumps(connection))
        return SmartRecruitersHook("sr_test")

    return make


@pytest.fixture
def hook(hook_for, smartrecruiters_emulator):
    return hook_for(**smartrecruiters_emulator.connection)


@pytest.fixture
def oauth_hook(hook_for, smartrecruiters_emulator):
    return hook_for(**smartrecruiters_emulator.oauth_connection)


@contextmanager
def a_server(status=200, body=b"{}"):
    """A server that is not SmartRecruiters: it sends one response to every request and records the request headers."""
    headers = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            headers.append(dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", headers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TestGetConn:
    def test_a_hook_looks_nothing_up_before_it_is_used(self):
        assert SmartRecruitersHook().smartrecruiters_conn_id == "smartrecruiters_default"
        assert SmartRecruitersHook(smartrecruiters_conn_id="there_is_none")

    def test_airflow_makes_the_hook_from_the_connection(self, hook_for, smartrecruiters_emulator):
        hook_for(**smartrecruiters_emulator.connection)
        made = SmartRecruitersHook.get_connection("sr_test").get_hook()
        assert type(made) is SmartRecruitersHook
        assert made.smartrecruiters_conn_id == "sr_test"

    def test_threads_get_the_same_client(self, hook):
        with ThreadPoolExecutor(8) as threads:
            clients = list(threads.map(lambda _: hook.get_conn(), range(16)))
        assert len({id(client) for client in clients}) == 1

    def test_a_missing_connection_raises_airflows_own_error(self, airflow_db):
        with pytest.raises(AirflowNotFoundException, match="there_is_none"):
            SmartRecruitersHook("there_is_none").get_conn()

    def test_a_connection_that_cannot_be_used_ends_the_task(self, hook_for):
        hook = hook_for(password="key", extra={"environment": "staging"})
        with pytest.raises(ConfigurationError, match="environment must be production or sandbox") as caught:
            hook.get_conn()
        assert isinstance(caught.value, AirflowFailException)

    def test_a_connection_that_the_client_rejects_ends_the_task(self, hook_for):
        hook = hook_for(password="key", host="http://api.example.com")
        with pytest.raises(ConfigurationError, match="plain http") as caught:
            hook.get_conn()
        assert isinstance(caught.value, AirflowFailException)

    def test_requests_say_which_versions_send_them(self, hook_for):
        from airflow import __version__ as airflow_version

        from airflow_provider_smartrecruiters import __version__

        with a_server() as (url, headers):
            hook_for(host=url, password="key").request("GET", "/jobs")
        assert headers[0]["User-Agent"] == (
            f"airflow-provider-smartrecruiters/{__version__} apache-airflow/{airflow_version}"
        )
        assert headers[0]["X-SmartToken"] == "key"


class TestMasking:
    def test_a_fetched_token_is_masked(self, oauth_hook, smartrecruiters_emulator):
        assert oauth_hook.request("GET", "/jobs", params={"limit": 1})["content"]
        (token,) = smartrecruiters_emulator.emulator.authenticator._tokens
        assert redact(f"Authorization: Bearer {token}") == "Authorization: Bearer ***"

    def test_the_key_is_masked(self, hook_for):
        hook_for(password="DCRA1-masked-when-it-is-read").get_conn()
        assert redact("X-SmartToken: DCRA1-masked-when-it-is-read") == "X-SmartToken: ***"

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("redis://:%s@127.0.0.1:1/0", "Redis cannot be reached"),
            ("rediss://127.0.0.1:1/0?db=1&password=%s", "Redis cannot be reached"),
            ("postgresql://user:%s@127.0.0.1:1/pace", "PostgreSQL cannot be reached"),
            ("postgresql://127.0.0.1:1/pace?password=%s", "PostgreSQL cannot be reached"),
        ],
    )
    def test_the_password_of_a_store_is_masked(self, hook_for, address, said):
        password = f"Masked{uuid4().hex}"
        # The same one as it is written in an address, and as libraries log it.
        hook = hook_for(password="key", extra={"rate_limit_store": address % f"{password}%21"})
        with pytest.raises(ConfigurationError, match=said) as caught:
            hook.get_conn()
        assert password not in str(caught.value)
        assert redact(f"{password}%21 and {password}!") == "*** and ***"


class TestRateLimitStore:
    @pytest.fixture
    def named(self, monkeypatch):
        """Make a connection that a store's field can name."""

        def make(**connection):
            monkeypatch.setenv("AIRFLOW_CONN_PACE", json.dumps(connection))
            return {"rate_limit_store": "pace"}

        return make

    def test_it_may_be_the_id_of_a_file_connection(self, hook_for, named, tmp_path, smartrecruiters_emulator):
        extra = named(conn_type="fs", extra={"path": f"{tmp_path}/pace.db"})
        connection = {**smartrecruiters_emulator.connection, "extra": extra}
        assert hook_for(**connection).request("GET", "/jobs", params={"limit": 1})["content"]
        assert (tmp_path / "pace.db").stat().st_size

    @pytest.mark.parametrize(
        ("connection", "address"),
        [
            ({"conn_type": "redis"}, "redis://localhost:6379/0"),
            (
                {"conn_type": "redis", "host": "r", "password": "p/@", "extra": {"db": 3, "ssl": True}},
                "rediss://:p%2F%40@r:6379/3",
            ),
            (
                {"conn_type": "postgres", "host": "p", "port": 6432, "login": "u", "password": "s:1", "schema": "af"},
                "postgresql://u:s%3A1@p:6432/af",
            ),
            (
                {"conn_type": "postgres", "host": "p", "schema": "a b", "extra": {"sslmode": "require", "cursor": "d"}},
                "postgresql://p:5432/a%20b?sslmode=require",
            ),
        ],
    )
    def test_the_address_of_a_connection(self, named, connection, address):
        named(**connection)
        assert store_address("sr_test", "pace", SmartRecruitersHook.get_connection) == address

    @pytest.mark.parametrize(
        "connection",
        [
            {"conn_type": "http", "host": "s3cr3t"},
            {"conn_type": "fs"},
            {"conn_type": "fs", "extra": {"path": "s3cr3t"}},
        ],
    )
    def test_a_connection_that_cannot_be_a_store(self, hook_for, named, connection):
        hook = hook_for(password="key", extra=named(**connection))
        with pytest.raises(ConfigurationError, match="rate_limit_store must be the id of a Redis") as caught:
            hook.get_conn()
        assert isinstance(caught.value, AirflowFailException)
        assert "s3cr3t" not in str(caught.value)

    def test_the_password_of_a_store_s_connection_is_masked(self, hook_for, named):
        password = f"Masked/{uuid4().hex}"
        hook = hook_for(password="key", extra=named(conn_type="redis", host="127.0.0.1", port=1, password=password))
        with pytest.raises(ConfigurationError, match="Redis cannot be reached") as caught:
            hook.get_conn()
        assert password not in str(caught.value)
        assert redact(f"{password} and {quote(password, safe='')}") == "*** and ***"

    def test_an_unreachable_server_leaves_the_task_its_retries(self, hook_for):
        hook = hook_for(password="key", extra={"rate_limit_store": "redis://127.0.0.1:1/0"})
        with pytest.raises(ConfigurationError, match="rate_limit_store") as caught:
            hook.get_conn()
        assert not isinstance(caught.value, AirflowFailException)

    def test_an_id_that_does_not_exist_ends_the_task_at_once(self, airflow_db, hook_for):
        hook = hook_for(password="key", extra={"rate_limit_store": "pace.db"})
        with pytest.raises(ConfigurationError, match="rate_limit_store") as caught:
            hook.get_conn()
        assert isinstance(caught.value, AirflowFailException)

    def test_the_test_button_says_what_is_wrong_with_it(self, hook_for):
        hook = hook_for(password="key", extra={"rate_limit_store": "/no/such/folder/pace.db"})
        works, said = hook.test_connection()
        assert not works
        assert "rate_limit_store cannot be used: the file cannot be written" in said
        assert "Name a file in a folder that exists" in said

    def test_two_hooks_share_what_a_connection_names(self, hook_for, tmp_path, smartrecruiters_emulator):
        connection = dict(smartrecruiters_emulator.connection)
        extra = connection.pop("extra", None) or {}
        extra = {**(json.loads(extra) if isinstance(extra, str) else extra), "rate_limit_store": f"{tmp_path}/pace.db"}
        first, second = (hook_for(**connection, extra=extra).get_conn() for _ in range(2))
        assert first.pacer is second.pacer
        assert first.request("GET", "/jobs", params={"limit": 1})["content"]
        assert (tmp_path / "pace.db").stat().st_size


class TestRequest:
    def test_any_endpoint(self, hook, smartrecruiters_emulator):
        job_id = smartrecruiters_emulator.state.job_ids[0]
        assert hook.request("GET", "/jobs/{jobId}", path_params={"jobId": job_id})["id"] == job_id
        assert len(hook.request("GET", "/jobs", params={"limit": 3})["content"]) == 3

    def test_a_body(self, hook, smartrecruiters_emulator):
        job_id = smartrecruiters_emulator.state.job_ids[0]
        hook.request("PUT", "/jobs/{jobId}/note", path_params={"jobId": job_id}, json={"content": "Hello"})
        assert [entry.body for entry in smartrecruiters_emulator.journal.writes()] == [{"content": "Hello"}]

    def test_a_permanent_error_ends_the_task(self, hook):
        path = "/user-api/v201804/users/{id}"
        with pytest.raises(NotFoundError) as caught:
            hook.request("GET", path, path_params={"id": "nobody"})
        assert isinstance(caught.value, AirflowFailException)
        assert (caught.value.status, caught.value.method) == (404, "GET")
        assert caught.value.path_template == path
        assert str(caught.value).endswith(f"Request: GET {path}.")

    def test_a_401_about_a_record_ends_the_task(self, hook):
        with pytest.raises(PermissionDeniedError) as caught:
            hook.request("GET", "/jobs/{jobId}", path_params={"jobId": "00000000-0000-4000-8000-000000000000"})
        assert isinstance(caught.value, AirflowFailException)
        assert (caught.value.status, caught.value.method) == (401, "GET")
        assert "does not exist, or the credential may not access it" in str(caught.value)

    def test_a_wrong_credential_ends_the_task(self, hook_for, smartrecruiters_emulator):
        hook = hook_for(host=smartrecruiters_emulator.url, password="wrong-key")
        with pytest.raises(AuthenticationError) as caught:
            hook.request("GET", "/jobs")
        assert isinstance(caught.value, AirflowFailException)
        assert "wrong-key" not in str(caught.value)

    def test_a_missing_scope_ends_the_task(self, hook_for, smartrecruiters_emulator):
        hook = hook_for(**{**smartrecruiters_emulator.oauth_connection, "extra": {"scope": "candidates_read"}})
        with pytest.raises(PermissionDeniedError) as caught:
            hook.request("GET", "/jobs")
        assert isinstance(caught.value, AirflowFailException)

    def test_a_path_that_cannot_be_built_sends_nothing(self, hook, smartrecruiters_emulator):
        with pytest.raises(InvalidInputError) as caught:
            hook.request("GET", "/jobs/{jobId}", path_params={"jobId": ""})
        assert isinstance(caught.value, AirflowFailException)
        assert smartrecruiters_emulator.requests == []

    @pytest.mark.slow
    def test_a_retryable_error_leaves_the_task_its_retries(self, hook_for):
        hook = hook_for(host=f"http://127.0.0.1:{closed_port()}", password="key")
        with pytest.raises(ConnectionFailedError) as caught:
            hook.request("GET", "/jobs")
        assert not isinstance(caught.value, AirflowFailException)

    def test_a_server_error_leaves_the_task_its_retries(self, hook_for):
        with a_server(503, ANSWER) as (url, _):
            hook = hook_for(host=url, password="key")
            with pytest.raises(ServerError) as caught:
                hook.request("PUT", "/jobs/1", json={})
        assert not isinstance(caught.value, AirflowFailException)
        assert "Jane" not in str(caught.value)

    @pytest.mark.slow
    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_what_may_be_applied_twice_is_not_left_to_the_task_s_retries(self, hook_for, method):
        with a_server(503, ANSWER) as (url, _):
            hook = hook_for(host=url, password="key")
            with pytest.raises(ServerError) as caught:
                hook.request(method, "/candidates", json={})
        assert isinstance(caught.value, AirflowFailException)
        assert caught.value.may_have_been_applied
        assert "Check the record first" in str(caught.value)


class TestPlanAndApply:
    def test_a_plan_sends_no_write_and_apply_sends_one_once(self, hook, smartrecruiters_emulator):
        job_id = smartrecruiters_emulator.state.job_ids[0]
        before = smartrecruiters_emulator.state.job(job_id).status
        status = "FILLED" if before != "FILLED" else "ON_HOLD"
        change = UpdateJobStatus(job_id=job_id, status=status)

        plan = hook.plan(change)
        assert (plan["changed"], plan["applied"], plan["response"]) == (True, False, None)
        assert smartrecruiters_emulator.journal == []

        first = hook.apply(change)
        assert (first["changed"], first["applied"]) == (True, True)
        assert first["target"] == {"job_id": job_id}
        assert first["response"] == {"status": status}
        second = hook.apply(change)
        assert (second["changed"], second["applied"]) == (False, False)
        assert [entry.body for entry in smartrecruiters_emulator.journal] == [{"status": status}]

        forced = hook.apply(change, force=True, return_response=False)
        assert (forced["changed"], forced["applied"], forced["response"]) == (False, True, None)
        blind = hook.apply(change, read_first=False)
        assert (blind["changed"], blind["applied"]) == (None, True)
        assert len(smartrecruiters_emulator.journal.writes()) == 3
        for result in (plan, first, second, forced, blind):
            assert json.loads(json.dumps(result)) == result

    def test_a_permanent_error_ends_the_task(self, hook):
        change = UpdateJobStatus(job_id="00000000-0000-4000-8000-000000000000", status="FILLED")
        for act in (hook.plan, hook.apply):
            with pytest.raises(PermissionDeniedError) as caught:
                act(change)
            assert isinstance(caught.value, AirflowFailException)
            assert caught.value.use_case == "put_update_job_status"


class TestTestConnection:
    def test_an_api_key(self, hook, smartrecruiters_emulator):
        assert hook.test_connection() == (
            True,
            f"{smartrecruiters_emulator.url} (a local server, such as the emulator) accepts the API key. "
            "It may read jobs, candidates, users and the company's configuration.",
        )

    def test_an_oauth_client(self, oauth_hook, smartrecruiters_emulator):
        works, message = oauth_hook.test_connection()
        assert works
        assert "accepts the OAuth client. It may read jobs, candidates, users and" in message
        assert smartrecruiters_emulator.stats["token_requests"] == 1

    def test_it_changes_nothing_and_reads_one_record_of_each_kind(self, hook, smartrecruiters_emulator):
        hook.test_connection()
        assert [(request.method, request.path, request.query) for request in smartrecruiters_emulator.requests] == [
            ("GET", path, "limit=1" if query else "") for path, query, _ in check.READS.values()
        ]

    def test_a_credential_that_may_read_little(self, hook_for, smartrecruiters_emulator):
        hook = hook_for(**{**smartrecruiters_emulator.oauth_connection, "extra": {"scope": "candidates_read"}})
        works, message = hook.test_connection()
        assert works
        assert "It may read candidates. It may not read jobs (jobs_read), users (users_read) and" in message
        assert "check the scopes in brackets" in message

    @pytest.mark.parametrize(
        ("login", "said"),
        [
            (None, "does not accept the API key. Check the API key, and that it is for this environment."),
            ("smartrecruiters-client", "does not accept the OAuth client. Check the client ID, the client secret and"),
        ],
    )
    def test_a_wrong_credential(self, hook_for, smartrecruiters_emulator, login, said):
        hook = hook_for(host=smartrecruiters_emulator.url, login=login, password="wrong-secret-value")
        works, message = hook.test_connection()
        assert not works
        assert message.startswith(smartrecruiters_emulator.url)
        assert said in message
        assert "wrong-secret-value" not in message

    def test_a_host_that_does_not_answer(self, hook_for):
        url = f"http://127.0.0.1:{closed_port()}"
        works, message = hook_for(host=url, password="key").test_connection()
        assert not works
        assert message.startswith(url)
        assert "cannot be reached. Check the base URL" in message

    def test_a_busy_server_is_not_asked_again(self, hook, smartrecruiters_emulator):
        """Whoever pressed the button waits for it, and can press it again."""
        smartrecruiters_emulator.fail("any", status=503)
        works, message = hook.test_connection()
        assert not works
        assert "is busy or down (503)" in message
        assert len(smartrecruiters_emulator.requests) == 1

    def test_the_whole_test_has_a_budget(self, hook, smartrecruiters_emulator):
        """Even where no timeout applies, such as a wait for the rate limit."""
        smartrecruiters_emulator.config.latency = 5
        works, message = check.check(hook.get_conn(), "API key", budget=0.2)
        assert not works
        assert "did not answer within 0.2 seconds" in message

    @pytest.mark.parametrize(
        ("base_url", "said"),
        [
            (PRODUCTION_URL, "SmartRecruiters (production)"),
            (SANDBOX_URL, "SmartRecruiters (sandbox)"),
            ("http://localhost:8787", "http://localhost:8787 (a local server, such as the emulator)"),
            ("https://gateway.example.com", "https://gateway.example.com (another host)"),
        ],
    )
    def test_it_names_the_environment(self, base_url, said):
        assert check.environment_of(base_url) == said

    def test_unknown_extras_are_named_with_the_nearest_name(self, hook_for, smartrecruiters_emulator):
        extra = {"enviroment": "s3cr3t"}
        works, message = hook_for(**{**smartrecruiters_emulator.connection, "extra": extra}).test_connection()
        assert works
        assert message.endswith("Unknown extra 'enviroment' is ignored. Did you mean 'environment'?")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            (200, ANSWER),
            (200, b""),
            (200, b"{}"),
            (200, b"[]"),
            (400, ANSWER),
            (404, ANSWER),
            (500, ANSWER),
            (302, b""),
        ],
    )
    def test_a_host_that_is_not_smartrecruiters(self, hook_for, status, answer):
        with a_server(status, answer) as (url, _):
            works, message = hook_for(host=url, password="key").test_connection()
        assert not works
        assert message.startswith(url)
        assert "Jane" not in message
        assert "html" not in message

    def test_a_message_of_the_api_is_not_passed_on(self, hook_for):
        body = json.dumps({"message": "no access for jane doe", "errors": []}).encode()
        with a_server(401, body) as (url, _):
            _, message = hook_for(host=url, password="key").test_connection()
        assert "jane" not in message

    @pytest.mark.parametrize(
        ("connection", "said"),
        [
            ({"password": "key", "extra": {"environment": "staging"}}, "environment must be production or sandbox"),
            (
                {"password": "key", "extra": {"rate_limit_store": "none"}},
                "rate_limit_store must be the id of an existing",
            ),
            ({}, "password"),
            ({"password": "key", "host": "http://api.example.com"}, "plain http"),
        ],
    )
    def test_a_connection_that_cannot_be_used(self, airflow_db, hook_for, connection, said):
        works, message = hook_for(**connection).test_connection()
        assert not works
        assert said in message
        # The form's connection has a random id, and runs in no task.
        assert "sr_test" not in message
        assert "task" not in message

    def test_a_missing_connection(self, airflow_db):
        works, message = SmartRecruitersHook("there_is_none").test_connection()
        assert not works
        assert "there_is_none" in message

    def test_an_unexpected_error(self, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_SR_TEST", "{this is not a connection, but contains a s3cr3t")
        works, message = SmartRecruitersHook("sr_test").test_connection()
        assert not works
        assert "s3cr3t" not in message
