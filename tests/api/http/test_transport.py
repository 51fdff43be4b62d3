"""One exchange: rejected URLs, and every way in which it can fail."""

from __future__ import annotations

import gzip
import importlib.util
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import requests

from airflow_provider_smartrecruiters import __version__
from airflow_provider_smartrecruiters.api.http import transport
from airflow_provider_smartrecruiters.api.http.socks import socks_pools
from airflow_provider_smartrecruiters.api.http.transport import checked_url, exchange, new_session
from airflow_provider_smartrecruiters.exceptions import AnswerLostError, ConfigurationError, ConnectionFailedError
from tests.support.certificates import Certificate, certificate
from tests.support.scripted_server import Exchange, ScriptedServer, close, hang, raw, reply, reset, trickle
from tests.support.socks_server import socks_server

needs_pysocks = pytest.mark.skipif(
    importlib.util.find_spec("socks") is None, reason="a SOCKS proxy needs PySocks, which is optional"
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def send(url: str, timeout: float = 10.0, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes]:
    with new_session("agent") as session:
        prepared = session.prepare_request(requests.Request(method, url, data=data))
        response, body = exchange(session, prepared, timeout)
        return response.status_code, body


def test_a_response_is_read_completely() -> None:
    with ScriptedServer(reply(200, b"x" * 300_000)) as server:
        assert send(f"{server.url}/a") == (200, b"x" * 300_000)


def test_a_compressed_answer_is_unpacked() -> None:
    with ScriptedServer(reply(200, gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})) as server:
        assert send(f"{server.url}/a") == (200, b"{}")


def test_connections_are_kept() -> None:
    with ScriptedServer(*[reply(200, {})] * 3) as server, new_session(None) as session:
        for _ in range(3):
            exchange(session, session.prepare_request(requests.Request("GET", server.url)), 10)
        assert len({request.peer for request in server.requests}) == 1


@pytest.mark.parametrize(
    "failure",
    [
        close(),
        reset(),
        raw(b"garbage\r\n\r\n"),
        raw(b"HTTP/1.1 abc OK\r\n\r\n"),
        raw(HEAD + b"Content-Length: 9\r\n\r\n{}"),
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        raw(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
        reply(200, {"id": "1"}, truncate=4),
    ],
    ids=[
        "closed",
        "reset",
        "garbage",
        "no-status",
        "body-cut",
        "chunks-cut",
        "bad-chunk",
        "no-gzip",
        "cut",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_an_incomplete_response(failure: Any, method: str) -> None:
    with ScriptedServer(failure) as server:
        with pytest.raises(AnswerLostError) as caught:
            send(f"{server.url}/a", method=method, data=b"{}")
        assert len(server.requests) == 1
    assert caught.value.retryable
    assert "127.0.0.1" in str(caught.value)


def test_a_connection_that_was_closed_while_idle_is_an_error() -> None:
    """The pooled connection is dead. Whether the request arrived is unknown, so it counts as sent."""
    with (
        ScriptedServer(raw(HEAD + b"Content-Length: 2\r\n\r\n{}"), reply(200, {})) as server,
        new_session("a") as session,
    ):
        request = requests.Request("GET", server.url)
        exchange(session, session.prepare_request(request), 10)
        time.sleep(0.05)
        # urllib3 sees that the connection was dropped and opens another one.
        assert exchange(session, session.prepare_request(request), 10)[1] == b"{}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "slow",
    [
        hang(),
        trickle(HEAD + b"Content-Length: 2\r\n\r\n{}", 0.2),
        trickle(HEAD[:20], 0.2),
        reply(200, {}, delay=120),
    ],
    ids=["silent", "trickling", "trickling-head", "late"],
)
def test_an_answer_that_takes_too_long_is_cut_off(slow: Any) -> None:
    began = time.monotonic()
    with ScriptedServer(slow) as server, pytest.raises(AnswerLostError, match=r"within 0\.7 seconds"):
        send(server.url, timeout=0.7)
    assert 0.6 < time.monotonic() - began < 50


@pytest.mark.slow
@pytest.mark.parametrize("framing", [b"Content-Length: 200\r\n", b"Connection: close\r\n"])
def test_a_body_that_trickles_in_is_cut_off(framing: bytes) -> None:
    """No socket timeout notices, because each byte restarts it. Without a length, a truncated body looks complete."""

    def step(exchange: Exchange) -> bool:
        exchange.send(HEAD + framing + b"\r\n")
        return trickle(b" " * 200, 0.1)(exchange)

    with ScriptedServer(step) as server, pytest.raises(AnswerLostError, match=r"within 0\.7 seconds"):
        send(server.url, timeout=0.7)


@pytest.mark.slow
def test_a_deadline_ends_its_own_exchange_only() -> None:
    with ScriptedServer(reply(200, {}), reply(200, {"second": True}, delay=1.0)) as server, new_session("a") as session:
        request = session.prepare_request(requests.Request("GET", server.url))
        exchange(session, request, 0.7)
        # The same connection, still in use when the deadline of the first exchange passes.
        assert exchange(session, request, 10)[1] == b'{"second": true}'
        assert len({received.peer for received in server.requests}) == 1


def test_a_shorter_deadline_holds_while_a_longer_one_runs() -> None:
    done = threading.Event()

    def wait(exchange: Exchange) -> bool:
        return done.wait(60) and reply(200, {})(exchange)

    with ScriptedServer(wait, hang()) as server:
        longer = threading.Thread(target=send, args=(server.url, 60))
        longer.start()
        while not server.requests:
            time.sleep(0.01)
        with pytest.raises(AnswerLostError, match=r"within 0\.5 seconds"):
            send(server.url, timeout=0.5)
        assert longer.is_alive()
        done.set()
        longer.join()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_deadlines_hold_in_a_forked_child() -> None:
    """Airflow forks its workers, and the watchdog thread stays in the parent."""
    with ScriptedServer(reply(200, {}), hang()) as server:
        send(server.url)
        child = os.fork()
        if child == 0:
            try:
                send(server.url, timeout=0.7)
            except AnswerLostError as error:
                os._exit(7 if "within 0.7 seconds" in str(error) else 2)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_deadlines_do_not_need_fork() -> None:
    code = "import os, requests; del os.register_at_fork; import airflow_provider_smartrecruiters.api.http.transport"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_thread_watches_all_deadlines() -> None:
    with ScriptedServer(always=reply(200, {})) as server:
        for _ in range(5):
            send(server.url)
        assert [thread.name for thread in threading.enumerate()].count("smartrecruiters-timeouts") == 1


def test_an_endless_response_is_not_read_to_the_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(transport, "_ANSWER_MAX_BYTES", 1024 * 1024)

    def endless(exchange: Exchange) -> bool:
        exchange.send(HEAD + b"Connection: close\r\n\r\n")
        while not exchange._server.stopping.is_set():
            exchange.send(b" " * 65536)
        return False

    with ScriptedServer(endless) as server, pytest.raises(AnswerLostError, match="larger than 1 MiB") as caught:
        send(server.url)
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with ScriptedServer() as elsewhere, ScriptedServer(reply(status, headers={"Location": elsewhere.url})) as server:
        assert send(server.url)[0] == status
        assert elsewhere.requests == []


@pytest.mark.parametrize("location", ["http://[", "//", "http://a:b:c", "\xff\xfe", "mailto:x", ""])
def test_a_redirect_to_an_invalid_url_is_a_response_too(location: str) -> None:
    with ScriptedServer(reply(302, b"moved", headers={"Location": location})) as server:
        assert send(server.url, method="PUT", data=b"{}") == (302, b"moved")


def test_cookies_are_not_kept() -> None:
    with (
        ScriptedServer(*[reply(200, {}, headers={"Set-Cookie": "session=1"})] * 2) as server,
        new_session("a") as session,
    ):
        for _ in range(2):
            exchange(session, session.prepare_request(requests.Request("GET", server.url)), 10)
        assert server.requests[1].all("Cookie") == []


def test_a_closed_port() -> None:
    with ScriptedServer(listening=False) as nobody, pytest.raises(ConnectionFailedError) as caught:
        send(nobody.url, method="PUT", data=b"{}")
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied
    assert "nothing was sent" in str(caught.value)


def test_a_host_that_does_not_exist() -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        send("http://nobody.invalid/", timeout=10)
    assert caught.value.retryable
    assert "nobody.invalid" in str(caught.value)


def test_a_host_that_does_not_answer_the_connection() -> None:
    # A listener whose queue is full lets connections wait for ever.
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        time.sleep(0.05)
        with pytest.raises((ConnectionFailedError, AnswerLostError)) as caught:
            send(f"http://127.0.0.1:{full.getsockname()[1]}/", timeout=0.5)
    assert caught.type is ConnectionFailedError


def test_the_address_of_an_error_holds_no_path_and_no_query() -> None:
    with ScriptedServer(reset()) as server, pytest.raises(AnswerLostError) as caught:
        send(f"{server.url}/candidates/c1?q=ada")
    assert "ada" not in str(caught.value)
    assert "c1" not in str(caught.value)


# A proxy


def test_a_proxy_that_cannot_be_reached_means_nothing_was_sent(monkeypatch: Any) -> None:
    with ScriptedServer(listening=False) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(ConnectionFailedError):
            send("https://api.example.com/jobs", method="PUT", data=b"{}")


@pytest.mark.slow
@needs_pysocks
@pytest.mark.parametrize("variable", ["https_proxy", "all_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_used(variable: str, scheme: str, tmp_path: Any, monkeypatch: Any) -> None:
    made = certificate(tmp_path, "api.example.test" if scheme == "socks5h" else "localhost")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.path))
    monkeypatch.setenv("no_proxy", "")
    with (
        ScriptedServer(reply(200, {}), hang(), tls=made.server) as server,
        socks_server(("127.0.0.1", server.port)) as (proxy, asked),
    ):
        monkeypatch.setenv(variable, f"{scheme}://{proxy}")
        # Only with socks5h does the proxy resolve the name: it does not exist here.
        host = "api.example.test" if scheme == "socks5h" else "localhost"
        assert send(f"https://{host}:{server.port}/jobs") == (200, b"{}")
        assert asked[0] == f"{host if scheme == 'socks5h' else '127.0.0.1'}:{server.port}"
        # The watchdog reaches through it, too.
        with pytest.raises(AnswerLostError):
            send(f"https://{host}:{server.port}/jobs", timeout=0.5, method="PUT")


def test_a_socks_proxy_without_its_library_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    # As where PySocks is not installed.
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    socks_pools.cache_clear()
    with pytest.warns(match="SOCKS support"), pytest.raises(ConfigurationError) as caught:
        send("https://api.example.com/jobs")
    assert "requests[socks]" in caught.value.hint


@needs_pysocks
def test_a_socks_proxy_of_an_unknown_version(monkeypatch: Any) -> None:
    monkeypatch.setenv("https_proxy", "socks9://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigurationError, match="unknown version"):
        send("https://api.example.com/jobs")


@needs_pysocks
def test_a_socks_proxy_that_cannot_be_reached_means_nothing_was_sent(monkeypatch: Any) -> None:
    with ScriptedServer(listening=False) as nobody:
        monkeypatch.setenv("https_proxy", f"socks5h://127.0.0.1:{nobody.port}")
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(ConnectionFailedError):
            send("https://api.example.com/jobs", method="PUT")


def test_a_proxy_that_refuses_the_tunnel_means_nothing_was_sent(monkeypatch: Any) -> None:
    with ScriptedServer(reply(407)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(ConnectionFailedError):
            send("https://api.example.com/jobs", method="PUT", data=b"{}")
        assert (
            proxy.requests[0].line == b"CONNECT api.example.com:443 HTTP/1.0" or proxy.requests[0].method == "CONNECT"
        )


# TLS


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A self-signed certificate for localhost."""
    return certificate(tmp_path_factory.mktemp("tls"), "localhost", "127.0.0.1")


@pytest.fixture
def tls(localhost: Certificate) -> ssl.SSLContext:
    """The TLS context of a server with that certificate."""
    return localhost.server


@pytest.fixture
def trusted(localhost: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate is trusted in this test."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(localhost.path))


@pytest.mark.usefixtures("trusted")
def test_https(tls: ssl.SSLContext) -> None:
    with ScriptedServer(reply(200, {}), tls=tls) as server:
        assert send(server.url) == (200, b"{}")


@pytest.mark.usefixtures("trusted")
def test_the_environment_is_read_once_per_server(tls: ssl.SSLContext, monkeypatch: Any) -> None:
    with ScriptedServer(*[reply(200, {})] * 2, tls=tls) as server, new_session(None) as session:
        request = session.prepare_request(requests.Request("GET", server.url))
        exchange(session, request, 10)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
        exchange(session, request, 10)
        elsewhere = session.prepare_request(requests.Request("GET", server.url.replace("localhost", "127.0.0.1")))
        with pytest.raises(ConnectionFailedError):
            exchange(session, elsewhere, 10)


def test_a_certificate_that_is_not_trusted_means_nothing_was_sent(tls: ssl.SSLContext) -> None:
    with ScriptedServer(tls=tls) as server, pytest.raises(ConnectionFailedError) as caught:
        send(server.url, method="PUT", data=b"secret")
    assert server.requests == []
    assert "certificates" in caught.value.hint


def test_no_tls_at_all_means_nothing_was_sent() -> None:
    with ScriptedServer() as server, pytest.raises(ConnectionFailedError):
        send(server.url.replace("http:", "https:"), method="PUT", data=b"{}")


def below_tls(exchange: Exchange) -> bool:
    """Send plain bytes where TLS records are expected, as a failing middlebox does."""
    socket.socket.sendall(exchange.connection, b"HTTP/1.1 502 Bad Gateway\r\n\r\n" + b"x" * 64)
    return False


@pytest.mark.slow
@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("failure", [below_tls, close(), reset(), hang()], ids=["garbled", "closed", "reset", "silent"])
def test_tls_that_breaks_after_the_request_is_an_answer_lost(failure: Any, tls: ssl.SSLContext) -> None:
    with ScriptedServer(failure, tls=tls) as server:
        with pytest.raises(AnswerLostError):
            send(server.url, timeout=4, method="PUT", data=b"{}")
        assert [request.body for request in server.requests] == [b"{}"]


@pytest.mark.slow
@pytest.mark.usefixtures("trusted")
def test_tls_that_trickles_is_cut_off(tls: ssl.SSLContext) -> None:
    slow = trickle(HEAD + b" " * 200, 0.1)
    with ScriptedServer(slow, tls=tls) as server, pytest.raises(AnswerLostError, match=r"within 0\.7 seconds"):
        send(server.url, timeout=0.7)


# Addresses


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://api.smartrecruiters.com", "https://api.smartrecruiters.com"),
        ("https://api.smartrecruiters.com/", "https://api.smartrecruiters.com"),
        ("https://proxy.example.com/sr/", "https://proxy.example.com/sr"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://localhost:8787/", "http://localhost:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("http://127.9.9.9", "http://127.9.9.9"),
    ],
)
def test_accepted_urls(url: str, checked: str) -> None:
    assert checked_url(url, "host") == checked


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "is not a URL"),
        ("api.smartrecruiters.com", "is not a URL"),
        ("ftp://api.smartrecruiters.com", "is not a URL"),
        ("https://", "is not a URL"),
        ("https://a.example.com:port", "is not a URL"),
        ("https://a.example.com:99999", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://a.example.com/?x=1", "is not a URL"),
        ("https://a.example.com/#x", "is not a URL"),
        ("https://user:pass@a.example.com", "contains a credential"),
        ("http://api.smartrecruiters.com", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://0.0.0.0:8787", "plain http"),
        ("http://10.0.0.1", "plain http"),
    ],
)
def test_rejected_urls(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        checked_url(url, "token_url")
    assert "token_url" in str(caught.value)
    assert caught.value.hint
    assert "pass" not in str(caught.value).replace("password", "")


def test_the_user_agent_header() -> None:
    with ScriptedServer(reply(200, {})) as server, new_session(None) as session:
        exchange(session, session.prepare_request(requests.Request("GET", server.url)), 10)
        assert server.requests[0].headers["user-agent"] == f"airflow-provider-smartrecruiters/{__version__}"
        assert server.requests[0].headers["accept"] == "application/json"
