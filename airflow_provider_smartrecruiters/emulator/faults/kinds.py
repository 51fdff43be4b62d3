"""Faults that the emulator can be told to have: what kinds there are, and the rules that ask for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from airflow_provider_smartrecruiters.emulator.faults import actions as kinds
from airflow_provider_smartrecruiters.emulator.faults import targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.emulator.faults.actions import Act

# Parameters that every rule may have.
GENERAL = frozenset({"operation", "path", "fault", "times", "skip", "probability", "seed", "latency"})

_ANSWER = frozenset({"headers"})
_STATUS = _ANSWER | {"status", "retry_after", "retry_after_as_date", "body", "content_type"}


_HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
_HeaderText = Annotated[str, Field(pattern=r"^([\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$")]


class RuleOptions(TypedDict, total=False):
    """The parameters of :class:`Rule` but for the operation and the fault."""

    path: str
    times: int | None
    skip: int
    probability: float
    seed: int
    latency: float
    status: int
    retry_after: float | str | datetime | None
    retry_after_as_date: bool
    body: Any
    content_type: str
    headers: Mapping[str, str | None]
    seconds: float
    interval: float
    size: int
    location: str


class Rule(BaseModel):
    """A fault, and which requests it hits.

    Every request that is meant counts for ``skip``, also one that another rule hits. Which parameters below
    ``latency`` a fault takes, and what they are by default, is in :data:`FAULTS`.

    :param operation: which requests: an operation in plain words (``put job status``), by its operationId
        (``jobs.status.update``) or its route (``PUT /jobs/{jobId}/status``); ``token``; ``any read``, ``any write``
        (both without the token endpoint), ``any``; or a list of these
    :param path: only requests with this in their path, as it is received; the id of a record, say
    :param fault: a name in :data:`FAULTS`; ``status`` if a status is given, ``latency`` if only a latency is
    :param times: how many requests it hits; None for every one
    :param skip: how many requests pass before the first that it may hit
    :param probability: that it hits a request that it may hit, above 0 and at most 1
    :param seed: of the probability; the same seed hits the same requests
    :param latency: seconds to wait before the request is handled
    :param status: of the answer
    :param retry_after: of the answer: seconds, a moment, or the header's text
    :param retry_after_as_date: write ``retry_after`` seconds from now as an HTTP date
    :param body: of the answer: a text as it is, anything else as JSON; by default the API's error envelope
    :param content_type: of ``body``
    :param headers: of the answer, laid over its own; None removes one
    :param seconds: how long the connection hangs, or the port refuses connections
    :param interval: seconds from one byte to the next
    :param size: bytes of the body
    :param location: where a redirect leads: an origin, to which the path is added
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    operation: str | tuple[str, ...] = targets.ANY
    path: str = ""
    fault: str
    times: int | None = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    probability: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    latency: float = Field(default=0.0, ge=0)
    status: int = Field(default=503, ge=200, le=599)
    retry_after: int | float | datetime | _HeaderText | None = Field(default=None, union_mode="left_to_right")
    retry_after_as_date: bool = False
    body: Any = None
    content_type: _HeaderText | None = None
    headers: dict[_HeaderName, _HeaderText | None] = {}
    seconds: float = Field(default=60.0, gt=0)
    interval: float = Field(default=0.02, gt=0)
    size: int = Field(default=64 * 1024 * 1024, ge=1)
    location: _HeaderText = "https://elsewhere.invalid"

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        name = data.get("fault") or ("status" if "status" in data else "latency" if data.get("latency") else None)
        fault = FAULTS.get(name) if isinstance(name, str) else None
        if fault is None:
            asked = f"no fault is called {name!r}" if name else "give a status or a fault"
            msg = f"{asked}; known are {', '.join(FAULTS)}"
            raise ValueError(msg)
        if unused := (data.keys() - GENERAL - fault.options) & cls.model_fields.keys():
            takes = ", ".join(sorted(fault.options)) or "no parameters of its own"
            msg = f"the fault {name} has no {', '.join(sorted(unused))}; it takes {takes}"
            raise ValueError(msg)
        return {**fault.defaults, **data, "fault": name}

    @field_validator("operation")
    @classmethod
    def _known_operation(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for target in (given,) if isinstance(given, str) else given:
            targets.check(target)
        return given

    @model_validator(mode="after")
    def _hits_requests(self) -> Rule:
        if FAULTS[self.fault].at_once and (
            self.operation != targets.ANY or self.path or self.skip or self.probability < 1
        ):
            msg = f"{self.fault} begins at once, before any request: it takes no operation, path, skip or probability"
            raise ValueError(msg)
        return self


def read_rule(given: Any) -> Rule:
    """Return the rule that was given as a mapping.

    :raises ValueError: it cannot be understood; says what is wrong and what is known
    """
    try:
        return Rule.model_validate(given)
    except ValidationError as problem:
        found = [
            ": ".join([*(str(part) for part in error["loc"][:1]), error["msg"].removeprefix("Value error, ")])
            for error in problem.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ValueError("; ".join(found)) from None


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault.

    :param name: what rules call it
    :param description: what happens, in one sentence
    :param applied: whether the request that it hits is handled, so that a write changes the records
    :param act: what happens to a request
    :param options: parameters of a rule that it takes, besides those that every rule has
    :param defaults: what those, or the general ones, are unless a rule says else
    :param at_once: it needs no request: it begins when its rule is set
    :param aim: what a ready-made rule is for, instead of the operation that is to suffer
    """

    name: str
    description: str
    applied: bool
    act: Act
    options: frozenset[str] = _ANSWER
    defaults: Mapping[str, Any] = field(default_factory=dict)
    at_once: bool = False
    aim: str | None = None

    def rule(self, operation: str, **options: Any) -> Rule:
        """Return a rule that makes an operation suffer from this fault.

        :param operation: as in :class:`Rule`
        :param options: as in :class:`Rule`
        :raises ValueError: an unknown operation, or an option that the fault does not have
        """
        targets.check(operation)
        return read_rule({"operation": self.aim or operation, "fault": self.name, **options})


_NONE: frozenset[str] = frozenset()
_SECONDS = frozenset({"seconds"})
_NOTHING_LEFT = dict(zip(kinds.RATE_HEADERS, ("10", "0", "8", "8"), strict=True))

_KINDS = [
    Fault("status", "An error status, 503 unless told otherwise, in the API's envelope", False, kinds.status, _STATUS),
    Fault(
        "rate_limited", "429 with a Retry-After of one second", False, kinds.status, _STATUS,
        {"status": 429, "retry_after": 1, "headers": _NOTHING_LEFT},
    ),
    Fault(
        "rate_limited_for_ever", "429 whenever it is asked, without a Retry-After", False, kinds.status, _STATUS,
        {"status": 429, "headers": _NOTHING_LEFT, "times": None},
    ),
    Fault(
        "rate_limited_for_an_hour", "429 whenever it is asked, with a Retry-After of an hour", False, kinds.status,
        _STATUS, {"status": 429, "retry_after": 3600, "headers": _NOTHING_LEFT, "times": None},
    ),
    Fault(
        "unavailable", "503 with a Retry-After that is an HTTP date, one second ahead", False, kinds.status, _STATUS,
        {"status": 503, "retry_after": 1, "retry_after_as_date": True},
    ),
    Fault(
        "gateway_page", "502 with a gateway's HTML page", False, kinds.status, _STATUS,
        {"status": 502, "body": kinds.GATEWAY_PAGE, "content_type": "text/html"},
    ),
    Fault(
        "status_after", "An error status, 502 unless told otherwise, although the change was made", True,
        kinds.status, _STATUS, {"status": 502},
    ),
    Fault(
        "latency", "The answer takes longer, half a second unless told otherwise", True, kinds.pass_on, _NONE,
        {"latency": 0.5},
    ),
    Fault(
        "connection_refused", "The port refuses connections for half a second, from now on", False, kinds.pass_on,
        _SECONDS, {"seconds": 0.5}, at_once=True, aim=targets.ANY,
    ),
    Fault(
        "refused_after_answer", "A read is answered, then the port refuses connections for half a second", True,
        kinds.refuse_after_answer, _SECONDS, {"seconds": 0.5}, aim=targets.ANY_READ,
    ),
    Fault(
        "outage", "A reset before the change is made, then the port refuses connections for half a second", False,
        kinds.outage, _SECONDS, {"seconds": 0.5},
    ),
    Fault("reset_before", "A TCP reset instead of an answer, before the change is made", False, kinds.reset, _NONE),
    Fault("reset_after", "A TCP reset instead of an answer, after the change was made", True, kinds.reset, _NONE),
    Fault(
        "closed_before", "The connection ends without an answer, before the change is made", False, kinds.close, _NONE
    ),
    Fault("closed_after", "The connection ends without an answer, after the change was made", True, kinds.close, _NONE),
    Fault("timeout_before", "No answer, and the change is not made", False, kinds.hang, _SECONDS),
    Fault("timeout_after", "No answer, although the change was made", True, kinds.hang, _SECONDS),
    Fault("truncated_body", "The answer ends halfway through its body", True, kinds.truncate),
    Fault("slow_trickle", "The answer arrives one byte at a time", True, kinds.trickle, _ANSWER | {"interval"}),
    Fault("not_http", "What comes back is no HTTP, although the change was made", True, kinds.talk_otherwise, _NONE),
    Fault("not_json", "A success whose body is no JSON, although it says so", True, kinds.garble),
    Fault("wrong_content_type", "The right answer, declared as text/html", True, kinds.mislabel),
    Fault("page_instead", "200 with a login page, as of a proxy in between; nothing was changed", False, kinds.page),
    Fault("empty_body", "A success without its body", True, kinds.empty),
    Fault("huge_body", "A success with a body of 64 MiB", True, kinds.pad, _ANSWER | {"size"}),
    Fault(
        "redirect", "307 to the same path on another host", False, kinds.redirect, _ANSWER | {"status", "location"},
        {"status": 307},
    ),
    Fault("token_revoked", "401, and the credential is invalid from now on", False, kinds.revoke, _NONE),
    Fault(
        "no_access", "401 whatever the credential, as of an object that one may not see", False, kinds.status, _STATUS,
        {"status": 401, "times": None},
    ),
    Fault(
        "rate_headers_nonsense", "Rate limit headers that are no sensible numbers", True, kinds.relabel, _ANSWER,
        {
            "times": None,
            "headers": {
                "X-RateLimit-Limit": "abc", "X-RateLimit-Remaining": "-5", "X-RateLimit-Concurrent-Limit": "",
                "X-RateLimit-Concurrent-Remaining": "1e999",
            },
        },
    ),
    Fault(
        "rate_headers_missing", "Answers without rate limit headers", True, kinds.relabel, _ANSWER,
        {"times": None, "headers": dict.fromkeys(kinds.RATE_HEADERS)},
    ),
    Fault(
        "rate_headers_exhausted", "Rate limit headers that always say that nothing remains", True, kinds.relabel,
        _ANSWER,
        {"times": None, "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Concurrent-Remaining": "0"}},
    ),
    Fault(
        "rate_headers_lower", "Rate limit headers with limits below the documented ones: 2 a second, 1 at once", True,
        kinds.relabel, _ANSWER,
        {
            "times": None,
            "headers": {
                "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Concurrent-Limit": "1",
                "X-RateLimit-Concurrent-Remaining": "0",
            },
        },
    ),
]  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _KINDS}
"""Every kind of fault by its name."""
