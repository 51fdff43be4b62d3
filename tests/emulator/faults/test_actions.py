"""What each fault answers, and what became of the change."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from tests.emulator.raw import Raw, ask_for_token

if TYPE_CHECKING:
    pass
from tests.emulator.conftest import Bench


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
    seen = bench.hit("huge_body", size=3_000_000, wait=60)
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
