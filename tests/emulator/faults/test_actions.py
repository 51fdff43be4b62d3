"""Every fault at the wire, and what became of the change."""

from __future__ import annotations

import json
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.app import Emulator
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.http.answer import Wire
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from tests.emulator.raw import Raw, Seen, ask_for_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.faults.kinds import Fault
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.journal import JournalEntry
    from tests.emulator.conftest import Api


class Bench:
    """One job whose note is written and read, over raw sockets."""

    def __init__(self, emulator: SmartRecruitersEmulator) -> None:
        self.emulator = emulator
        self.job_id = emulator.state.job_ids[0]
        self.path = f"/jobs/{self.job_id}/note"
        self.written = 0
        self.connection = Raw(emulator.url, **{"X-SmartToken": emulator.api_key})

    def put(self, **options: Any) -> Seen:
        """Write a note that was never there before."""
        self.written += 1
        return self.connection.exchange("PUT", self.path, {"content": self.text}, **options)

    def get(self) -> Seen:
        """Read the note."""
        return self.connection.exchange("GET", self.path)

    def hit(self, fault: str, **options: Any) -> Seen:
        """Write the note while a fault waits for it, and check state and journal against what the fault declares."""
        wait = {"wait": options.pop("wait")} if "wait" in options else {}
        armed = self.emulator.fail(Rule.ready(fault, "put job note", **options))
        seen = self.put(**wait)
        assert armed.fired == 1
        assert (self.entry.fault, self.entry.applied) == (fault, FAULTS[fault].applied)
        assert self.changed == FAULTS[fault].applied
        return seen

    @property
    def entry(self) -> JournalEntry:
        """The journal's last entry."""
        return self.emulator.journal[-1]

    @property
    def changed(self) -> bool:
        """Whether the note in the records is the last one that was sent."""
        return self.emulator.state.job(self.job_id).note == self.text

    @property
    def text(self) -> str:
        """The last note that was sent."""
        return f"note {self.written}"


@pytest.fixture
def bench(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[Bench]:
    """A note to write."""
    made = Bench(smartrecruiters_emulator)
    yield made
    made.connection.leave()


def wait_for(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


# Answers


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429, 500, 502, 503, 504])
def test_status(bench: Bench, status: int) -> None:
    seen = bench.hit("status", status=status)
    assert (seen.status, seen.ended) == (status, "open")
    assert set(json.loads(seen.body)) == {"message", "errors"}
    assert "retry-after" not in seen.headers
    assert bench.entry.status == status
    assert bench.entry.credential == "api_key"
    assert bench.put().status == 200, "on the same connection, once the shot is fired"


def test_retry_after(bench: Bench) -> None:
    assert bench.hit("status", status=429, retry_after=7).headers["retry-after"] == "7"
    assert bench.hit("status", status=429, retry_after=0.5).headers["retry-after"] == "0.5"
    assert bench.hit("status", status=429, retry_after="soon").headers["retry-after"] == "soon"
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    assert bench.hit("status", status=503, retry_after=date).headers["retry-after"] == date
    moment = parsedate_to_datetime(date)
    assert bench.hit("status", status=503, retry_after=moment).headers["retry-after"] == date
    ahead = bench.hit("status", status=503, retry_after=3600, retry_after_as_date=True).headers["retry-after"]
    assert parsedate_to_datetime(ahead).timestamp() == pytest.approx(time.time() + 3600, abs=2)


def test_body_and_headers_of_ones_own(bench: Bench) -> None:
    seen = bench.hit("status", status=502, body="<h1>Bad</h1>", content_type="text/html", headers={"X-Trace": "1"})
    assert (seen.body, seen.headers["content-type"], seen.headers["x-trace"]) == (b"<h1>Bad</h1>", "text/html", "1")
    seen = bench.hit("status", status=400, body={"code": "ODD"})
    assert (json.loads(seen.body), seen.headers["content-type"]) == ({"code": "ODD"}, "application/json")
    seen = bench.hit("status", status=204)
    assert (seen.status, seen.body, "content-length" in seen.headers) == (204, b"", False)


def test_token_endpoint_fails_in_its_own_form(bench: Bench) -> None:
    bench.emulator.fail_next("token", status=401)
    answer = ask_for_token(bench.emulator)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert bench.emulator.requests[-1].fault == "status"


@pytest.mark.parametrize("fault", ["rate_limited_for_ever", "rate_limited_for_an_hour", "no_access"])
def test_for_ever(bench: Bench, fault: str) -> None:
    armed = bench.emulator.fail(Rule.ready(fault, "put job note"))
    seen = [bench.put() for _ in range(12)]
    assert {one.status for one in seen} == {401 if fault == "no_access" else 429}
    assert armed.fired == 12
    assert seen[0].headers.get("retry-after") == ("3600" if fault.endswith("hour") else None)
    assert bench.get().status == 200
    assert not bench.changed


def test_rate_limited_once(bench: Bench) -> None:
    seen = bench.hit("rate_limited")
    assert (seen.status, seen.headers["retry-after"], seen.headers["x-ratelimit-remaining"]) == (429, "1", "0")
    assert bench.emulator.stats["rate_limited"] == 1


def test_unavailable(bench: Bench) -> None:
    seen = bench.hit("unavailable")
    assert seen.status == 503
    assert parsedate_to_datetime(seen.headers["retry-after"]).timestamp() == pytest.approx(time.time(), abs=3)


def test_pages_where_an_answer_was_expected(bench: Bench) -> None:
    gateway = bench.hit("gateway_page")
    assert (gateway.status, gateway.headers["content-type"]) == (502, "text/html")
    page = bench.hit("page_instead")
    assert (page.status, page.body[:15]) == (200, b"<!DOCTYPE html>")


def test_status_after(bench: Bench) -> None:
    assert bench.hit("status_after").status == 502
    assert bench.hit("status_after", status=504, retry_after=1).headers["retry-after"] == "1"


def test_broken_bodies(bench: Bench) -> None:
    garbled = bench.hit("not_json")
    assert (garbled.status, garbled.complete) == (200, True)
    assert garbled.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(garbled.body)
    mislabelled = bench.hit("wrong_content_type")
    assert mislabelled.headers["content-type"].startswith("text/html")
    assert json.loads(mislabelled.body) == {"content": bench.text}
    empty = bench.hit("empty_body")
    assert (empty.status, empty.headers["content-length"], empty.body) == (200, "0", b"")


def test_broken_bodies_where_there_is_none(bench: Bench) -> None:
    path = f"/candidates/{bench.emulator.state.candidate_ids[0]}/tags"
    for fault in ("truncated_body", "not_json", "wrong_content_type", "huge_body"):
        options = {"size": 1} if fault == "huge_body" else {}
        bench.emulator.fail_next("delete candidate tags", fault, **options)
        seen = bench.connection.exchange("DELETE", path, wait=1)
        assert seen.status == 200, fault
        assert seen.body, fault


def test_huge_body(bench: Bench) -> None:
    seen = bench.hit("huge_body", size=3_000_000, wait=1)
    assert (seen.headers["transfer-encoding"], "content-length" in seen.headers) == ("chunked", False)
    assert len(seen.body) > 3_000_000


def test_redirect(bench: Bench) -> None:
    seen = bench.hit("redirect")
    assert (seen.status, seen.headers["location"]) == (307, "https://elsewhere.invalid" + bench.path)
    assert (
        bench.hit("redirect", location="http://127.0.0.2:1/", status=302)
        .headers["location"]
        .startswith("http://127.0.0.2:1/jobs/")
    )
    bench.emulator.fail_next("get jobs", "redirect")
    assert bench.connection.exchange("GET", "/jobs?limit=1").headers["location"].endswith("/jobs?limit=1")


def test_rate_limit_headers(bench: Bench) -> None:
    def headers(fault: str) -> dict[str, str]:
        bench.emulator.clear_faults()
        found = bench.hit(fault).headers
        return {name.removeprefix("x-ratelimit-"): value for name, value in found.items() if "ratelimit" in name}

    assert headers("rate_headers_missing") == {}
    assert headers("rate_headers_exhausted") == {
        "limit": "10", "remaining": "0", "concurrent-limit": "8", "concurrent-remaining": "0"
    }  # fmt: skip
    assert headers("rate_headers_lower")["limit"] == "2"
    assert headers("rate_headers_nonsense") == {
        "limit": "abc", "remaining": "-5", "concurrent-limit": "", "concurrent-remaining": "1e999"
    }  # fmt: skip


# Credentials


def test_revoked_token(bench: Bench) -> None:
    def token() -> str:
        return str(ask_for_token(emulator).json()["access_token"])

    emulator = bench.emulator
    old, other = token(), token()
    emulator.fail_next("get job note", "token_revoked")
    statuses = []
    for bearer in (old, old, other, token()):
        with Raw(emulator.url, Authorization=f"Bearer {bearer}") as connection:
            statuses.append(connection.exchange("GET", bench.path).status)
    assert statuses == [401, 401, 200, 200]
    assert [(one.status, one.fault) for one in emulator.requests if one.path == bench.path][:2] == [
        (401, "token_revoked"), (401, None)
    ]  # fmt: skip


def test_revoked_key(bench: Bench) -> None:
    assert bench.hit("token_revoked").status == 401
    assert [bench.put().status, bench.get().status] == [401, 401]
    bench.emulator.clear_faults()
    assert bench.put().status == 200


# The connection


@pytest.mark.parametrize("when", ["before", "after"])
def test_reset(bench: Bench, when: str) -> None:
    seen = bench.hit(f"reset_{when}")
    assert (seen.ended, seen.data) == ("rst", b"")
    assert bench.entry.status == 0
    assert bench.put().status == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_end_without_an_answer(bench: Bench, when: str) -> None:
    seen = bench.hit(f"closed_{when}")
    assert (seen.ended, seen.data) == ("fin", b"")


@pytest.mark.parametrize("when", ["before", "after"])
def test_timeout(bench: Bench, when: str) -> None:
    seen = bench.hit(f"timeout_{when}", wait=0.4)
    assert (seen.ended, seen.data) == ("open", b"")
    bench.connection.leave()
    started = time.monotonic()
    assert bench.hit(f"timeout_{when}", seconds=0.3).ended == "fin"
    assert 0.25 < time.monotonic() - started < 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_journal_knows_at_once_what_is_never_answered(bench: Bench, when: str) -> None:
    bench.emulator.fail_next("put job note", f"timeout_{when}")
    thread = threading.Thread(target=bench.put, kwargs={"wait": 1})
    thread.start()
    wait_for(lambda: bool(bench.emulator.journal))
    assert thread.is_alive()
    assert (bench.entry.status, bench.entry.applied) == (0, when == "after")
    assert bench.changed == (when == "after")
    thread.join()


def test_truncated_body(bench: Bench) -> None:
    seen = bench.hit("truncated_body")
    assert (seen.status, seen.ended) == (200, "fin")
    assert 0 < len(seen.body) < int(seen.headers["content-length"])


def test_slow_trickle(bench: Bench) -> None:
    started = time.monotonic()
    seen = bench.hit("slow_trickle", interval=0.002)
    assert json.loads(seen.body) == {"content": bench.text}
    assert seen.ended == "fin"
    assert time.monotonic() - started > 0.002 * len(seen.data)
    assert len(seen.at) > len(seen.data) / 2, "bytes come alone"
    assert seen.at[0] < seen.at[-1] / 4, "from the status line on"


def test_slow_trickle_ends_with_its_reader(bench: Bench) -> None:
    assert bench.hit("slow_trickle", interval=0.2, wait=0.5).ended == "open"
    bench.connection.leave()
    assert bench.get().status == 200


def test_what_is_no_http(bench: Bench) -> None:
    seen = bench.hit("not_http")
    assert (seen.data.startswith(b"HTTP"), seen.ended) == (False, "fin")


def test_latency(bench: Bench) -> None:
    started = time.monotonic()
    seen = bench.hit("latency", latency=0.3)
    assert time.monotonic() - started >= 0.3
    assert json.loads(seen.body) == {"content": bench.text}
    armed = bench.emulator.fail_next("put job note", status=500, latency=0.3)
    started = time.monotonic()
    assert bench.put().status == 500
    assert time.monotonic() - started >= 0.3
    assert armed.fired == 1


def test_a_request_that_is_held_up_never_reaches_the_next_test(bench: Bench) -> None:
    armed = bench.emulator.fail_next("put job note", latency=0.3)
    thread = threading.Thread(target=bench.put)
    thread.start()
    wait_for(lambda: armed.fired == 1)
    bench.emulator.reset()
    thread.join()
    assert not bench.changed
    assert bench.emulator.journal == []


# The port


def test_connection_refused(bench: Bench) -> None:
    assert bench.get().status == 200
    with Raw(bench.emulator.url) as other:
        assert other.exchange("GET", "/__emulator__/health").status == 200
        started = time.monotonic()
        armed = bench.emulator.fail_next(fault="connection_refused", seconds=0.4)
        assert armed.fired == 1
        # Connections that were idle have ended; a client that looks finds out.
        bench.connection.leave()
        other.leave()
        assert bench.put().ended == "refused"
        assert not bench.changed
        assert bench.emulator.journal == []
        while bench.put().ended == "refused":
            time.sleep(0.02)
    assert 0.4 <= time.monotonic() - started < 3
    assert bench.changed


def test_idle_connections_end_when_the_port_closes(bench: Bench) -> None:
    assert bench.get().status == 200
    bench.emulator.fail_next(fault="connection_refused", seconds=0.3)
    assert bench.connection.exchange("GET", bench.path).ended in {"fin", "rst"}


def test_clearing_opens_the_port(bench: Bench) -> None:
    for clear in (bench.emulator.clear_faults, bench.emulator.reset):
        bench.emulator.fail_next(fault="connection_refused", seconds=30)
        assert bench.get().ended == "refused"
        clear()
        assert bench.get().status == 200
        bench.connection.leave()


def test_refusing_twice_counts_from_the_second_time(bench: Bench) -> None:
    bench.emulator.fail_next(fault="connection_refused", seconds=0.2)
    bench.emulator.fail_next(fault="connection_refused", seconds=0.6)
    time.sleep(0.35)
    assert bench.get().ended == "refused"
    time.sleep(0.5)
    assert bench.get().status == 200


def test_refused_after_an_answer(bench: Bench) -> None:
    armed = bench.emulator.fail(Rule.ready("refused_after_answer", "put job note", seconds=0.4))
    seen = bench.get()
    assert (seen.status, seen.ended, seen.headers["connection"]) == (200, "fin", "close")
    assert bench.put().ended == "refused"
    assert armed.fired == 1
    time.sleep(0.5)
    assert bench.put().status == 200


def test_outage(bench: Bench) -> None:
    assert bench.hit("outage", seconds=0.3).ended == "rst"
    assert bench.put().ended == "refused"
    time.sleep(0.5)
    assert bench.put().status == 200


def test_the_port_closes_on_order_over_http(bench: Bench, api: Api) -> None:
    answer = api.post("/__emulator__/faults", json={"fault": "connection_refused", "seconds": 0.3})
    assert answer.status_code == 201
    assert bench.get().ended == "refused"
    time.sleep(0.4)
    assert api.get("/__emulator__/faults").json() == [
        {"fault": "connection_refused", "seconds": 0.3, "seen": 0, "fired": 1}
    ]


def test_a_server_stops_while_its_port_is_closed() -> None:
    with EmulatorServer() as server:
        server.emulator.faults.arm(Rule(fault="connection_refused", seconds=30))
        started = time.monotonic()
    assert time.monotonic() - started < 3
    with Raw(server.url) as connection:
        assert connection.exchange("GET", "/__emulator__/health").ended == "refused"


def test_faults_of_the_connection_need_the_emulators_own_server() -> None:
    emulator = Emulator(Config(), seeded_tenant())
    with pytest.raises(RuntimeError, match="needs the emulator's own server"):
        emulator.faults.arm(Rule(fault="connection_refused"))
    assert emulator.faults.rules() == []
    with pytest.raises(RuntimeError, match="needs the emulator's own server"):
        _ = Wire({"type": "http"}, None, None).transport  # type: ignore[arg-type]


# What is declared

# What makes a ready-made rule quick enough to be tried.
QUICK: dict[str, dict[str, Any]] = {
    "latency": {"latency": 0.05},
    "timeout_before": {"seconds": 0.1},
    "timeout_after": {"seconds": 0.1},
    "slow_trickle": {"interval": 0.001},
    "huge_body": {"size": 1000},
    "outage": {"seconds": 0.1},
    "refused_after_answer": {"seconds": 0.1},
}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS.values() if not fault.at_once], ids=lambda it: it.name)
def test_whether_it_is_applied_holds_for_an_answer_without_a_body(bench: Bench, fault: Fault) -> None:
    candidate_id = next(
        known for known in bench.emulator.state.candidate_ids if bench.emulator.state.candidate(known).tags
    )
    rule = Rule.ready(fault.name, "delete candidate tags", **QUICK.get(fault.name, {}))
    armed = bench.emulator.fail(rule)
    if rule.operation == "any read":
        bench.get()
        assert armed.fired == 1
        return
    bench.connection.exchange("DELETE", f"/candidates/{candidate_id}/tags", wait=1)
    assert armed.fired == 1
    assert (bench.entry.fault, bench.entry.applied) == (fault.name, fault.applied)
    assert (bench.emulator.state.candidate(candidate_id).tags == []) == fault.applied


def test_faults_are_described() -> None:
    assert len(FAULTS) >= 16
    assert all(fault.name == name for name, fault in FAULTS.items())
    assert len({fault.description for fault in FAULTS.values()}) == len(FAULTS)
