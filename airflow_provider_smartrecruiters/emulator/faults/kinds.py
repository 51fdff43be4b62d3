"""The kinds of faults that the emulator can inject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_smartrecruiters.emulator.faults.targets import ANY, ANY_READ

GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

_ANSWER = frozenset({"headers"})
_STATUS = _ANSWER | {"status", "retry_after", "retry_after_as_date", "body", "content_type"}
_NONE: frozenset[str] = frozenset()
_SECONDS = frozenset({"seconds"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault.

    :param name: what rules call it
    :param description: what happens, in one sentence
    :param applied: whether the request that it hits is handled, so that a write changes the records
    :param action: what happens to a request: a name in :data:`.ACTIONS`
    :param options: parameters of a rule that it takes, besides those that every rule has
    :param defaults: what these, or the general ones, are unless a rule sets them
    :param at_once: it needs no request: it begins when its rule is set
    :param aim: the request that a ready-made rule hits, if not one for the operation that is to suffer
    """

    name: str
    description: str
    applied: bool
    action: str
    options: frozenset[str] = _ANSWER
    defaults: Mapping[str, Any] = field(default_factory=dict)
    at_once: bool = False
    aim: str | None = None


def _rate_headers(*values: str | None) -> dict[str, str | None]:
    names = ("Limit", "Remaining", "Concurrent-Limit", "Concurrent-Remaining")
    return {f"X-RateLimit-{name}": value for name, value in zip(names, values, strict=True)}


_NOTHING_LEFT = _rate_headers("10", "0", "8", "8")


def _status(name: str, description: str, **defaults: Any) -> Fault:
    return Fault(name, description, False, "status", _STATUS, defaults)


def _headers(name: str, description: str, headers: Mapping[str, str | None]) -> Fault:
    return Fault(name, description, True, "relabel", _ANSWER, {"times": None, "headers": headers})


_KINDS = [
    _status("status", "An error status, 503 by default, in the API's envelope"),
    _status("rate_limited", "429 with a Retry-After of one second", status=429, retry_after=1, headers=_NOTHING_LEFT),
    _status(
        "rate_limited_for_ever", "429 every time, without a Retry-After",
        status=429, headers=_NOTHING_LEFT, times=None,
    ),
    _status(
        "rate_limited_for_an_hour", "429 every time, with a Retry-After of an hour",
        status=429, retry_after=3600, headers=_NOTHING_LEFT, times=None,
    ),
    _status(
        "unavailable", "503 with a Retry-After that is an HTTP date, one second ahead",
        status=503, retry_after=1, retry_after_as_date=True,
    ),
    _status("gateway_page", "502 with a gateway's HTML page", status=502, body=GATEWAY_PAGE, content_type="text/html"),
    Fault(
        "status_after", "An error status, 502 by default, although the change was made", True, "status", _STATUS,
        {"status": 502},
    ),
    Fault("latency", "The answer takes longer, half a second by default", True, "pass_on", _NONE, {"latency": 0.5}),
    Fault(
        "connection_refused", "The port refuses connections for half a second, from now on", False, "pass_on",
        _SECONDS, {"seconds": 0.5}, at_once=True, aim=ANY,
    ),
    Fault(
        "refused_after_answer", "A read is answered, then the port refuses connections for half a second", True,
        "refuse_after_answer", _SECONDS, {"seconds": 0.5}, aim=ANY_READ,
    ),
    Fault(
        "outage", "A reset before the change is made, then the port refuses connections for half a second", False,
        "outage", _SECONDS, {"seconds": 0.5},
    ),
    Fault("reset_before", "A TCP reset instead of an answer, before the change is made", False, "reset", _NONE),
    Fault("reset_after", "A TCP reset instead of an answer, after the change was made", True, "reset", _NONE),
    Fault("closed_before", "The connection ends without an answer, before the change is made", False, "close", _NONE),
    Fault("closed_after", "The connection ends without an answer, after the change was made", True, "close", _NONE),
    Fault("timeout_before", "No answer, and the change is not made", False, "hang", _SECONDS),
    Fault("timeout_after", "No answer, although the change was made", True, "hang", _SECONDS),
    Fault("truncated_body", "The answer ends halfway through its body", True, "truncate"),
    Fault("slow_trickle", "The answer arrives one byte at a time", True, "trickle", _ANSWER | {"interval"}),
    Fault("not_http", "The answer is not HTTP, although the change was made", True, "talk_otherwise", _NONE),
    Fault("not_json", "A success whose body is declared as JSON and is not", True, "garble"),
    Fault("wrong_content_type", "The right answer, declared as text/html", True, "mislabel"),
    Fault("page_instead", "200 with a login page, as from a proxy in between; nothing was changed", False, "page"),
    Fault("empty_body", "A success without its body", True, "empty"),
    Fault("huge_body", "A success with a body of 64 MiB", True, "pad", _ANSWER | {"size"}),
    Fault(
        "redirect", "307 to the same path on another host", False, "redirect", _ANSWER | {"status", "location"},
        {"status": 307},
    ),
    Fault("token_revoked", "401, and the credential is invalid from now on", False, "revoke", _NONE),
    _status("no_access", "401 whatever the credential, as for an object without access", status=401, times=None),
    _headers(
        "rate_headers_nonsense", "Rate limit headers that are not valid numbers",
        _rate_headers("abc", "-5", "", "1e999"),
    ),
    _headers("rate_headers_missing", "Answers without rate limit headers", _rate_headers(None, None, None, None)),
    _headers(
        "rate_headers_exhausted", "Rate limit headers that always show nothing remaining",
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Concurrent-Remaining": "0"},
    ),
    _headers(
        "rate_headers_lower", "Rate limit headers with limits below the documented ones: 2 a second, 1 at once",
        _rate_headers("2", "1", "1", "0"),
    ),
]  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _KINDS}
"""Every kind of fault by its name."""
