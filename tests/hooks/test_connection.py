from __future__ import annotations

import json
import logging

import pytest
from airflow.providers.common.compat.sdk import BaseHook, Connection

from airflow_provider_smartrecruiters.api.http.client import PRODUCTION_URL, SANDBOX_URL, SmartRecruitersClient
from airflow_provider_smartrecruiters.api.values.addresses import APP_URL
from airflow_provider_smartrecruiters.connection_form import EXTRA_FIELDS
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from airflow_provider_smartrecruiters.hooks.connection import ENVIRONMENTS, client_arguments, web_application

KEY = "DCRA1-0123456789abcdef"


def a_connection(extra=None, **fields):
    extra = json.dumps(extra) if isinstance(extra, dict) else extra
    return Connection(
        **{"conn_id": "sr_prod", "conn_type": "smartrecruiters", "password": KEY, "extra": extra, **fields}
    )


@pytest.fixture
def read_uri(monkeypatch):
    """Read a connection that is written as a URI, as a task does."""

    def read(uri):
        monkeypatch.setenv("AIRFLOW_CONN_SR_PROD", uri)
        return BaseHook.get_connection("sr_prod")

    return read


def refused(match, *args, **kwargs):
    with pytest.raises(ConfigurationError, match=match) as caught:
        client_arguments(a_connection(*args, **kwargs))
    assert str(caught.value).startswith("Connection sr_prod: ")
    assert caught.value.hint
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_an_api_key_alone_is_enough():
    assert client_arguments(a_connection()) == {"base_url": PRODUCTION_URL, "login": "", "password": KEY}


def test_everything_that_the_form_can_hold():
    connection = a_connection(
        {
            "environment": "sandbox",
            "token_url": "https://id.example.com/token",
            "scope": "jobs_read jobs_manage",
            "timeout": 60,
            "requests_per_second": 2.5,
            "limits": "per-endpoint",
            "max_concurrent": 4,
            "rate_limit_store": "",
        },
        login="client",
    )
    assert client_arguments(connection) == {
        "base_url": SANDBOX_URL,
        "login": "client",
        "password": KEY,
        "token_url": "https://id.example.com/token",
        "scope": "jobs_read jobs_manage",
        "timeout": 60.0,
        "requests_per_second": 2.5,
        "limits": "per-endpoint",
        "max_concurrent": 4,
    }


def test_what_it_gives_is_what_the_client_takes():
    arguments = client_arguments(a_connection({"timeout": "5", "environment": "sandbox", "limits": "per-credential"}))
    assert SmartRecruitersClient.from_credentials(**arguments).base_url == SANDBOX_URL


def test_numbers_may_come_as_text():
    given = client_arguments(a_connection({"timeout": "128", "requests_per_second": " 0.5 ", "max_concurrent": "8"}))
    assert (given["timeout"], given["requests_per_second"], given["max_concurrent"]) == (128.0, 0.5, 8)
    assert isinstance(given["max_concurrent"], int)


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_empty_field_is_not_given(empty):
    extras = dict.fromkeys([field.name for field in EXTRA_FIELDS], empty)
    given = client_arguments(a_connection(extras, host=empty, schema=empty, login=empty))
    assert given == {"base_url": PRODUCTION_URL, "login": "", "password": KEY}


@pytest.mark.parametrize(
    ("uri", "base_url"),
    [
        ("smartrecruiters://:key@", PRODUCTION_URL),
        ("smartrecruiters://:key@/?environment=sandbox", SANDBOX_URL),
        ("smartrecruiters://:key@127.0.0.1:8787/?timeout=5", "http://127.0.0.1:8787"),
        ("smartrecruiters://:key@127.0.0.1:8787/http?timeout=5", "http://127.0.0.1:8787"),
        ("smartrecruiters://:key@localhost:8787/https", "https://localhost:8787"),
        ("smartrecruiters://http://:key@127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("smartrecruiters://https://:key@gateway.example.com:8443", "https://gateway.example.com:8443"),
        ("smartrecruiters://:key@gateway.example.com", "https://gateway.example.com"),
    ],
)
def test_a_connection_written_as_a_uri(read_uri, uri, base_url):
    connection = read_uri(uri)
    assert client_arguments(connection)["base_url"] == base_url
    assert client_arguments(connection)["password"] == "key"


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({"host": "http://127.0.0.1:8787"}, "http://127.0.0.1:8787"),
        ({"host": "http://127.0.0.1:8787/"}, "http://127.0.0.1:8787"),
        ({"host": "127.0.0.1:8787"}, "http://127.0.0.1:8787"),
        ({"host": "[::1]", "port": 8787}, "http://[::1]:8787"),
        ({"host": "127.0.0.1", "port": 8787, "schema": "http"}, "http://127.0.0.1:8787"),
        ({"host": "127.0.0.1", "port": 8787, "schema": "HTTPS"}, "https://127.0.0.1:8787"),
        ({"host": "gateway.example.com/sr", "port": 8443}, "https://gateway.example.com:8443/sr"),
        ({"host": "https://gateway.example.com/sr"}, "https://gateway.example.com/sr"),
        ({"host": "https://127.0.0.1:8787", "port": 8787, "schema": "https"}, "https://127.0.0.1:8787"),
        ({"host": " api.example.com "}, "https://api.example.com"),
        ({"host": "127.0.0.1.example.com"}, "https://127.0.0.1.example.com"),
    ],
)
def test_host_schema_and_port(read_uri, fields, base_url):
    assert client_arguments(a_connection(**fields))["base_url"] == base_url
    # Airflow's Test button sends the connection through a URI.
    again = read_uri(a_connection(**fields).get_uri())
    assert client_arguments(again)["base_url"] == base_url


@pytest.mark.parametrize(
    ("extra", "base_url", "app_url"),
    [
        ({}, PRODUCTION_URL, APP_URL),
        ({"app_url": " "}, PRODUCTION_URL, APP_URL),
        ({}, SANDBOX_URL, None),
        ({}, "https://gateway.example.com", None),
        ({"app_url": " http://127.0.0.1:8787/ "}, PRODUCTION_URL, "http://127.0.0.1:8787"),
        ({"app_url": "https://sr.example.com/eu"}, SANDBOX_URL, "https://sr.example.com/eu"),
    ],
)
def test_the_web_application(extra, base_url, app_url):
    assert web_application(a_connection(extra), base_url) == app_url
    assert "app_url" not in client_arguments(a_connection(extra))


@pytest.mark.parametrize(
    "value",
    [
        "sr.example.com",
        "ftp://a.example",
        "https://a:b@a.example",
        "https://a.example?b",
        "https://[",
        "https://a b",
        "javascript:alert(1)",
        5,
    ],
)
def test_a_web_application_that_is_no_url(value):
    with pytest.raises(ConfigurationError, match="app_url must be a URL such as") as caught:
        web_application(a_connection({"app_url": value}), PRODUCTION_URL)
    assert str(value) not in str(caught.value)


def test_the_host_takes_precedence_over_the_environment():
    given = client_arguments(a_connection({"environment": "sandbox"}, host="https://gateway.example.com"))
    assert given["base_url"] == "https://gateway.example.com"


def test_a_port_without_a_host_is_ignored_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        assert client_arguments(a_connection(port=8787))["base_url"] == PRODUCTION_URL
    assert "Connection sr_prod: schema and port are ignored" in caplog.text


@pytest.mark.parametrize("environment", ["staging", "Production", 5, ["sandbox"], True])
def test_an_unknown_environment_is_refused_with_the_choices(environment):
    refused("environment must be (production or sandbox|text)", {"environment": environment})


@pytest.mark.parametrize("limits", ["per-user", "per_endpoint", True, 10])
def test_what_the_rate_limit_counts_is_one_of_the_choices(limits):
    refused("limits must be (auto or per-credential or per-endpoint|text)", {"limits": limits})


def test_an_unknown_environment_is_refused_even_where_a_host_is_given():
    message = refused("environment must be production or sandbox", {"environment": "staging"}, host="https://a.example")
    assert "staging" not in message


def test_the_forms_choices_are_the_environments():
    (field,) = (field for field in EXTRA_FIELDS if field.name == "environment")
    assert field.choices == tuple(ENVIRONMENTS)


@pytest.mark.parametrize("value", ["long", "0", 0, -1, "-5", True, [], {}, "nan", "inf", 1e400])
def test_a_timeout_that_is_not_a_duration(value):
    refused(r"timeout must be a number of at least 0\.1", {"timeout": value})


@pytest.mark.parametrize("value", ["1.5", 1.5, -1, "x", False, "nan", 10**400])
def test_a_concurrency_that_is_not_a_count(value):
    refused("max_concurrent must be a whole number of at least 0", {"max_concurrent": value})


def test_no_limit():
    given = client_arguments(a_connection({"requests_per_second": 0, "max_concurrent": "0"}))
    assert (given["requests_per_second"], given["max_concurrent"]) == (0, 0)


@pytest.mark.parametrize("name", ["token_url", "scope", "rate_limit_store"])
def test_a_text_field_that_is_not_text(name):
    refused(f"{name} must be text", {name: ["jobs_read"]})


@pytest.mark.parametrize(
    ("match", "fields"),
    [
        ("schema must be http, https or empty", {"schema": "ftp", "host": "a.example"}),
        ("schema must be empty or the same as in the host", {"schema": "http", "host": "https://a.example"}),
        ("port must be empty or the same as in the host", {"port": 1, "host": "https://a.example:2"}),
        ("host must be a URL such as https://api", {"host": "::1"}),
        ("host must be a URL such as https://api", {"host": "a.example:port"}),
    ],
)
def test_a_host_that_cannot_be_read(match, fields):
    refused(match, **fields)


@pytest.mark.filterwarnings("ignore:Encountered")  # Airflow 2.11 keeps them, and only warns
@pytest.mark.parametrize("extra", ["environment=sandbox", '["sandbox"]', '{"environment": "sandbox"'])
def test_extras_that_are_not_json_are_an_error(extra):
    with pytest.raises(ConfigurationError, match="the extra field must be a JSON object"):
        client_arguments(a_connection(extra))


def test_an_unknown_extra_is_named_and_ignored(caplog):
    with caplog.at_level(logging.WARNING):
        given = client_arguments(a_connection({"enviroment": "s3cr3t", "colour": "s3cr3t", "timeout": 5}))
    assert given["timeout"] == 5
    assert "unknown extra 'enviroment' is ignored. Did you mean 'environment'?" in caplog.text
    assert [record.getMessage() for record in caplog.records][1].endswith("unknown extra 'colour' is ignored.")
    assert "s3cr3t" not in caplog.text


def test_extras_added_by_the_test_button_of_airflow_2_are_known(caplog):
    with caplog.at_level(logging.DEBUG, logger="airflow_provider_smartrecruiters"):
        client_arguments(a_connection({"extra__smartrecruiters__timeout": "5", "timeout": "5"}))
    # Airflow has something to say about short secrets, now and then.
    assert not [record for record in caplog.records if record.name.startswith("airflow_provider_smartrecruiters")]


def test_a_secret_in_the_wrong_field_is_not_repeated():
    for extra in ({"timeout": KEY}, {"environment": KEY}, {"scope": [KEY]}):
        assert KEY not in refused("must be", extra)
