"""Where credentials go, and what comes back: real sockets, real TLS, a real proxy."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ConfigurationError,
    ConnectionFailedError,
    SmartRecruitersError,
    UnexpectedResponseError,
)
from tests.security.network import Proxy
from tests.support.certificates import Certificate, certificate
from tests.support.scripted_server import Exchange, ScriptedServer, Step, reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

KEY = "DCRA1-0123456789abcdef"
SECRET = "s3cr3t-0123456789abcdef"
TOKEN = "t0k3n-0123456789abcdef"
MIB = 1024 * 1024


def by_key(url: str, **arguments: Any) -> SmartRecruitersClient:
    """Return a client that sends an API key."""
    return SmartRecruitersClient.from_credentials(
        **{"password": KEY, "base_url": url, "retry": RetryPolicy(max_attempts=1), "timeout": 20.0, **arguments}
    )


def by_oauth(url: str, **arguments: Any) -> SmartRecruitersClient:
    """Return a client that fetches a token."""
    return by_key(url, **{"login": "client", "password": SECRET, **arguments})


CLIENTS = pytest.mark.parametrize("connect", [by_key, by_oauth])


def answering(answer: Step) -> Step:
    """Give a token to who asks for one, and the answer to everybody else."""
    token = reply(200, {"access_token": TOKEN, "expires_in": 3600})
    return lambda exchange: (token if exchange.request.target == "/identity/oauth/token" else answer)(exchange)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# Certificates


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for this machine that nobody knows."""
    return certificate(tmp_path_factory.mktemp("tls"), "localhost", "127.0.0.1")


@CLIENTS
def test_an_unknown_certificate_is_refused_before_anything_is_sent(connect: Any, localhost: Certificate) -> None:
    with ScriptedServer(tls=localhost.server) as server:
        with pytest.raises(ConnectionFailedError, match="nothing was sent") as caught:
            connect(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
        assert server.requests == []
    assert not caught.value.may_have_been_applied
    assert "certificates" in caught.value.hint


@CLIENTS
def test_a_certificate_that_the_machine_trusts_is_accepted(
    connect: Any, localhost: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(localhost.path))
    with ScriptedServer(always=answering(reply(200, {"id": "1"})), tls=localhost.server) as server:
        assert connect(server.url).request("GET", "/jobs/1") == {"id": "1"}
        headers = server.requests[-1].headers
    assert headers.get("x-smarttoken", headers.get("authorization")) in (KEY, f"Bearer {TOKEN}")


@pytest.mark.parametrize(("names", "days"), [(("elsewhere.example.com",), 1), (("localhost", "127.0.0.1"), -1)])
def test_a_trusted_certificate_of_another_host_or_of_another_day_is_refused(
    names: tuple[str, ...], days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, *names, days=days)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.path))
    with ScriptedServer(tls=made.server) as server:
        with pytest.raises(ConnectionFailedError):
            by_key(server.url).request("GET", "/jobs/1")
        assert server.requests == []


def test_a_bundle_that_is_not_there_is_told(localhost: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with ScriptedServer(tls=localhost.server) as server:
        with pytest.raises(ConnectionFailedError, match="Could not send the request to localhost") as caught:
            by_key(server.url).request("GET", "/jobs/1")
        assert server.requests == []
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    assert not caught.value.retryable


def test_a_connection_cannot_switch_verification_off(localhost: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

    with ScriptedServer(tls=localhost.server) as server:
        extra = {"verify": False, "verify_ssl": False, "ssl_verify": "false", "trust_env": False}
        connection = {"conn_type": "smartrecruiters", "host": server.url, "password": KEY, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_UNVERIFIED", json.dumps(connection))
        client = SmartRecruitersHook("unverified").get_conn()
        client.retry = RetryPolicy(max_attempts=1)
        with pytest.raises(ConnectionFailedError):
            client.request("GET", "/jobs/1")
        assert server.requests == []


# Plain http


@pytest.mark.parametrize("url", ["http://api.smartrecruiters.com", "http://10.0.0.1", "http://[2001:db8::1]:80"])
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    with pytest.raises(ConfigurationError, match="host uses plain http"):
        by_key(url)
    with pytest.raises(ConfigurationError, match="token_url uses plain http"):
        by_oauth("https://api.example.com", token_url=f"{url}/identity/oauth/token")


# Redirects


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@CLIENTS
def test_a_redirect_is_not_followed(connect: Any, status: int, method: str) -> None:
    with ScriptedServer() as elsewhere, ScriptedServer() as server:
        for target in (elsewhere.url, server.url):
            before = len(server.requests)
            server._always = answering(reply(status, headers={"Location": f"{target}/jobs/2"}))
            with pytest.raises(UnexpectedResponseError, match=str(status)):
                connect(server.url).request(method, "/jobs/1", json={"title": "x"} if method == "PUT" else None)
            sent = [request.target for request in server.requests[before:] if "oauth" not in request.target]
            assert sent == ["/jobs/1"]
        assert elsewhere.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_client_secret_does_not_follow_a_redirect(status: int) -> None:
    with ScriptedServer() as elsewhere:
        with (
            ScriptedServer(reply(status, headers={"Location": f"{elsewhere.url}/identity/oauth/token"})) as server,
            pytest.raises(SmartRecruitersError) as caught,
        ):
            by_oauth(server.url).request("GET", "/jobs/1")
        assert elsewhere.requests == []
    assert SECRET not in str(caught.value)


# Size


def bomb(mebibytes: int) -> bytes:
    """Return what unpacks to so many MiB of spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(mebibytes)) + packer.flush()


def peak_of(call: Callable[[], Any]) -> float:
    """Return the most memory that a call held at once, in MiB."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked_beyond_the_cap() -> None:
    packed = bomb(2048)
    assert len(packed) < 3 * MIB

    def ask() -> None:
        with pytest.raises(AnswerLostError, match="larger than 64 MiB") as caught:
            by_key(server.url).request("PUT", "/jobs/1/note", json={"content": "x"})
        assert caught.value.may_have_been_applied
        assert not caught.value.retryable

    with ScriptedServer(reply(200, packed, headers={"Content-Encoding": "gzip"})) as server:
        # urllib3 before 2.6 unpacks a chunk at once, which is 64 MiB more.
        assert peak_of(ask) < 250
        assert len(server.requests) == 1


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "GZIP , deflate", "unknown"])
def test_compression_that_was_not_asked_for_is_not_unpacked(coding: str) -> None:
    packed = gzip.compress(bomb(64))

    def ask() -> None:
        with pytest.raises(AnswerLostError, match="uses a content encoding that is not supported"):
            by_key(server.url).request("GET", "/jobs/1")

    with ScriptedServer(reply(200, packed, headers={"Content-Encoding": coding})) as server:
        assert peak_of(ask) < 10
        assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("surplus", [0, 1])
def test_the_cap_is_64_mib(surplus: int) -> None:
    def huge(exchange: Exchange) -> bool:
        size = 64 * MIB + surplus
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{}" % size)
        exchange.send(b" " * (size - 2))
        return False

    with ScriptedServer(huge) as server:
        if surplus:
            with pytest.raises(AnswerLostError, match="larger than 64 MiB"):
                by_key(server.url).request("GET", "/jobs/1")
        else:
            assert by_key(server.url).request("GET", "/jobs/1") == {}


# Proxies


@pytest.fixture
def trusted(localhost: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """The certificate of this machine, trusted."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(localhost.path))
    return localhost


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
@CLIENTS
def test_a_proxy_gets_to_see_the_host_only(
    connect: Any, variable: str, trusted: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = answering(reply(201, {"status": "FILLED"}))
    with Proxy() as proxy, ScriptedServer(always=answer, tls=trusted.server) as server:
        monkeypatch.setenv(variable, proxy.url)
        with connect(server.url) as client:
            assert client.request("PUT", "/jobs/job-0123456789/status", json={"status": "FILLED"}) == {
                "status": "FILLED"
            }
        # One for the API and one for the token, each with the host and nothing below it.
        assert {line.rpartition(" ")[0] for line in proxy.asked} == {f"CONNECT localhost:{server.port}"}
        assert len(server.requests) == len(proxy.asked)
        for secret in (KEY, SECRET, TOKEN, "job-0123456789", "FILLED"):
            assert secret.encode() not in proxy.passed


@pytest.mark.parametrize("excepted", ["localhost", "other.example.com,localhost", "*"])
def test_no_proxy_is_honoured(excepted: str, trusted: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy() as proxy, ScriptedServer(reply(200, {}), tls=trusted.server) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", excepted)
        assert by_key(server.url).request("GET", "/jobs/1") == {}
        assert proxy.asked == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
@CLIENTS
def test_plain_http_never_leaves_this_machine_through_a_proxy(
    connect: Any, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a proxy it would go readable, credential and all."""
    with Proxy() as proxy, ScriptedServer(always=answering(reply(200, {}))) as server:
        monkeypatch.setenv(variable, proxy.url)
        assert connect(server.url).request("GET", "/jobs/1") == {}
        assert bytes(proxy.passed) == b""


@pytest.mark.parametrize("gone", [True, False])
def test_a_proxys_password_is_in_no_error(gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(*([] if gone else [reply(407)]), listening=not gone) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:pr0xy-passw0rd@127.0.0.1:{proxy.port}")
        with pytest.raises(ConnectionFailedError) as caught:
            by_key("https://api.example.com").request("GET", "/jobs/1")
    error: BaseException | None = caught.value
    while error is not None:
        assert "pr0xy-passw0rd" not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__


# Credentials from elsewhere


@CLIENTS
def test_a_netrc_file_in_the_home_is_ignored(connect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\ndefault login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    with ScriptedServer(always=answering(reply(200, {}))) as server:
        connect(server.url).request("GET", "/jobs/1")
        sent = [value for request in server.requests for value in request.all("Authorization")]
    assert sent == ([] if connect is by_key else [f"Bearer {TOKEN}"])


def test_a_change_of_a_job_survives_none_of_this(localhost: Certificate) -> None:
    """The same through a change: what cannot be sent is an error, never a success."""
    from airflow_provider_smartrecruiters.api.converge.apply import apply

    with ScriptedServer(tls=localhost.server) as server, pytest.raises(ConnectionFailedError) as caught:
        apply(by_key(server.url), UpdateJobStatus(job_id="1", status="FILLED"))
    assert caught.value.use_case == "put_update_job_status"
