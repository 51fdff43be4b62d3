"""What the library between the package and the socket logs: never what a task searched for, nor what was answered."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest
import requests

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
from tests.support.scripted_server import ScriptedServer, Step, close, hang, raw, reply, reset

SEARCHED, ANSWERED = "qzsearched0123", "qzanswered0123"
HEAD = f"HTTP/1.1 200 OK\r\nSet-Cookie: a={ANSWERED}\r\n{ANSWERED}: b\r\nContent-Length: 2\r\n\r\n"
ENDINGS = {
    "success": reply(200, {"content": []}),
    "refused": reply(400, {"message": ANSWERED}),
    "gone": reply(503, {"message": ANSWERED}),
    "closed": close(),
    "reset": reset(),
    "hung": hang(),
    "a header without a name": raw(HEAD.replace(":", "").encode() + b"{}"),
    "a redirect": raw(f"HTTP/1.1 302 Found\r\nLocation: /a?{SEARCHED}\r\nContent-Length: 0\r\n\r\n".encode()),
    "two lengths": raw(HEAD.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n").encode() + b"0\r\n\r\n"),
    # Where a deadline or a broken network ends a response is chance.
    **{f"ends after {length}": raw(HEAD[:length].encode()) for length in range(len(HEAD))},
}


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that was logged, as a handler writes it."""
    handler = logging.Formatter("%(name)s %(message)s")
    return "\n".join(map(handler.format, caplog.records))


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_neither_the_search_nor_the_response_is_logged(ending: Step, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(ending) as server:
        client = SmartRecruitersClient.from_credentials(
            password="a" * 20, base_url=server.url, retry=RetryPolicy(max_attempts=1), timeout=5
        )
        with suppress(SmartRecruitersError):
            client.request("GET", "/candidates", params={"q": SEARCHED})
        assert SEARCHED in server.requests[0].target
    assert "urllib3" in logged(caplog)
    assert SEARCHED not in logged(caplog)
    assert ANSWERED not in logged(caplog)


def test_others_keep_their_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    SmartRecruitersClient.from_credentials(password="a" * 20)
    with ScriptedServer(reply(200, {})) as server:
        requests.get(f"{server.url}/other", params={"q": SEARCHED}, timeout=5)
    assert f"/other?q={SEARCHED}" in logged(caplog)
