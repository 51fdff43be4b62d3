"""A Redis that the workers of a cluster share."""

from __future__ import annotations

import os
import signal
import time

import pytest
import redis

from airflow_provider_smartrecruiters.api.pacing import redis_store
from airflow_provider_smartrecruiters.api.pacing.rate import StoreLostError
from airflow_provider_smartrecruiters.api.pacing.store import open_store
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.support.store_servers import redis_server

pytestmark = pytest.mark.slow


def test_a_user_with_no_more_rights_than_it_takes(redis_location: str, key: str) -> None:
    client = redis.Redis.from_url(redis_location)
    rights = ["~smartrecruiters:*", "+time", "+evalsha", "+script|load", "+get", "+set"]
    client.execute_command("ACL", "SETUSER", "few", "on", ">secret", *rights)
    client.execute_command("ACL", "SETUSER", "elsewhere", "on", ">secret", *rights, "+select")
    few, elsewhere = (redis_location.replace("//", f"//{user}:secret@") for user in ("few", "elsewhere"))
    assert open_store(few).schedule(key).reserve(10) < 1
    assert open_store(elsewhere.removesuffix("/0") + "/1").schedule(key).reserve(10) < 1
    # Each of them is needed, and the error names them all.
    for right in rights[1:]:
        fewer = f"without_{right[1:4]}"
        client.execute_command("ACL", "SETUSER", fewer, "on", ">secret", *rights, right.replace("+", "-"))
        client.script_flush()
        with pytest.raises(ConfigurationError) as caught:
            open_store(redis_location.replace("//", f"//{fewer}:secret@")).schedule(key)
        assert " ".join(rights) in caught.value.hint
        assert "+select" in caught.value.hint


def test_a_wrong_password() -> None:
    with redis_server(None, "--requirepass", "the-right-one") as location:
        for wrong in (location, location.replace("//", "//:the-secret@")):
            with pytest.raises(ConfigurationError, match="refuses the credential") as caught:
                open_store(wrong).schedule("key")
            assert "the-secret" not in str(caught.value)
        assert open_store(location.replace("//", "//:the-right-one@")).schedule("key").reserve(10) < 1


def test_a_replica(redis_location: str) -> None:
    with redis_server(None, "--replicaof", "127.0.0.1", redis_location.rsplit(":", 1)[1].split("/")[0]) as replica:
        client = redis.Redis.from_url(replica)
        until = time.monotonic() + 20
        while client.info("replication")["master_link_status"] != "up" and time.monotonic() < until:
            time.sleep(0.1)
        with pytest.raises(ConfigurationError, match="ReadOnlyError") as caught:
            open_store(replica).schedule("key")
        assert not caught.value.retryable


def test_what_it_holds_is_forgotten(redis_location: str, key: str) -> None:
    open_store(redis_location).schedule(key).reserve(10)
    client = redis.Redis.from_url(redis_location)
    assert 0 < client.pttl(f"smartrecruiters:turns:{key}") <= redis_store._KEPT + 60_000


def test_one_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_store, "TIMEOUT", 0.3)
    with redis_server() as location:
        turns = open_store(location).schedule("key")
        turns.reserve(10)
        pid = redis.Redis.from_url(location).info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreLostError, match="TimeoutError"):
                turns.reserve(10)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert turns.reserve(10) < 1
