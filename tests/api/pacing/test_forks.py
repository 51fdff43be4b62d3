"""A child process shares nothing with its parent that one of them could take from the other."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.http.auth import TOKEN_PATH
from airflow_provider_smartrecruiters.api.http.deprecation import log_deprecation
from tests.support.scripted_server import Exchange, ScriptedServer, reply

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # What these tests are about, and what Airflow does: Python 3.12 warns of it.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def in_child(work: Callable[[], Any]) -> Any:
    """Do something in a forked child, and return what it returns, or the name of its error."""
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        try:
            result = work()
        except BaseException as error:
            result = f"{type(error).__name__}: {error}"
        with os.fdopen(writes, "w") as back:
            json.dump(result, back)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as back:
        result = json.load(back)
    os.waitpid(child, 0)
    return result


def echo(exchange: Exchange) -> bool:
    """Answer with what was asked for."""
    if exchange.request.target == TOKEN_PATH:
        return reply(200, {"access_token": "t", "expires_in": 3600})(exchange)
    return reply(200, {"id": exchange.request.target})(exchange)


@pytest.mark.parametrize("login", ["", "the-client"])
def test_a_child_has_connections_of_its_own(login: str, connect: Any) -> None:
    with ScriptedServer(always=echo) as server:
        client = connect(server.url, login=login)
        assert client.request("GET", "/before") == {"id": "/before"}
        assert in_child(lambda: client.request("GET", "/child")) == {"id": "/child"}
        # The parent's connection is still open, and its next answer its own.
        assert client.request("GET", "/after") == {"id": "/after"}
        peers = {request.target: request.peer for request in server.requests}
    assert peers["/before"] == peers["/after"] != peers["/child"]


def test_a_child_does_not_wait_for_threads_that_it_does_not_have(connect: Any) -> None:
    """Every slot and the queue for turns are taken at the moment of the fork, by threads of the parent."""
    answer = threading.Event()

    def late(exchange: Exchange) -> bool:
        if exchange.request.target != "/child":
            answer.wait(60)
        return echo(exchange)

    with ScriptedServer(always=late) as server:
        client = connect(server.url, requests_per_second=1000, max_concurrent=2)
        threads = [threading.Thread(target=client.request, args=("GET", f"/{number}")) for number in range(4)]
        for thread in threads:
            thread.start()
        while (len(server.requests), client.pacer.waiting) != (2, 2):
            answer.wait(0.01)
        assert in_child(lambda: [client.request("GET", "/child"), client.pacer.waiting]) == [{"id": "/child"}, 0]
        answer.set()
        for thread in threads:
            thread.join()


def test_a_child_asks_what_a_401_means_itself(connect: Any) -> None:
    """A thread of the parent holds the lock while it asks."""
    asked, answer = threading.Event(), threading.Event()

    def step(exchange: Exchange) -> bool:
        if exchange.request.target != "/jobs?limit=1":
            return reply(401, {})(exchange)
        if not asked.is_set():
            asked.set()
            answer.wait(60)
        return reply(200, {})(exchange)

    with ScriptedServer(always=step) as server:
        client = connect(server.url)

        def refused() -> str:
            try:
                return str(client.request("GET", "/jobs/1"))
            except Exception as error:
                return type(error).__name__

        thread = threading.Thread(target=refused)
        thread.start()
        asked.wait(60)
        assert in_child(refused) == "PermissionDeniedError"
        answer.set()
        thread.join()


def test_a_child_logs_for_itself_what_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def log_twice() -> int:
        caplog.clear()
        for _ in range(2):
            log_deprecation("https://fork.example.com", "GET", "/jobs", {"Deprecation": "true"})
        return len(caplog.messages)

    assert (log_twice(), log_twice(), in_child(log_twice)) == (1, 0, 1)
