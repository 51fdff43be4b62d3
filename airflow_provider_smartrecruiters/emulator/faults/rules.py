"""A fault rule: a kind of fault, and which requests it hits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from airflow_provider_smartrecruiters.emulator.faults import targets
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.nearest import did_you_mean

# Parameters that every rule may have.
GENERAL = frozenset({"operation", "path", "fault", "times", "skip", "probability", "seed", "latency"})

_HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
_HeaderText = Annotated[str, Field(pattern=r"^([\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$")]


class RuleOptions(TypedDict, total=False):
    """The parameters of :class:`Rule` except the operation and the fault."""

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

    Every request that the rule targets counts for ``skip``, even if another rule hits it. Which of the parameters
    below ``latency`` a fault takes, and their defaults, is in :data:`.FAULTS`.

    :param operation: which requests: an operation in plain words (``put job status``), by its operationId
        (``jobs.status.update``) or its route (``PUT /jobs/{jobId}/status``); ``token``; ``any read``, ``any write``
        (both without the token endpoint), ``any``; or a list of these
    :param path: only requests with this text in their path as received, for example the id of a record
    :param fault: a name in :data:`.FAULTS`; ``status`` if a status is given, ``latency`` if only a latency is
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
    :param headers: of the answer, replacing its own; None removes one
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

    @classmethod
    def ready(cls, fault: str, operation: str, **options: Any) -> Rule:
        """Return a rule that makes an operation suffer from a fault, even where the fault has to hit another request.

        :param fault: a name in :data:`.FAULTS`
        :param operation: as in :class:`Rule`
        :param options: as in :class:`Rule`
        :raises ValueError: an unknown operation, or an option that the fault does not have
        """
        targets.check(operation)
        return read_rule({"operation": FAULTS[fault].aim or operation, "fault": fault, **options})

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        name = data.get("fault") or ("status" if "status" in data else "latency" if data.get("latency") else None)
        fault = FAULTS.get(name) if isinstance(name, str) else None
        if fault is None:
            near = did_you_mean(str(name), FAULTS)
            asked = f"no fault is called {name!r}.{near}" if name else "give a status or a fault."
            raise ValueError(f"{asked} Known are {', '.join(FAULTS)}")
        known = sorted(GENERAL | fault.options)
        for unknown in sorted(str(one) for one in data.keys() - cls.model_fields.keys()):
            near = did_you_mean(unknown, known)
            raise ValueError(f"no parameter is called {unknown!r}.{near} {fault.name} takes {', '.join(known)}")
        if unused := (data.keys() - GENERAL - fault.options) & cls.model_fields.keys():
            takes = ", ".join(sorted(fault.options)) or "no parameters of its own"
            raise ValueError(f"the fault {name} has no {', '.join(sorted(unused))}; it takes {takes}")
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

    :raises ValueError: it is invalid; says what is wrong and what is known
    """
    try:
        return Rule.model_validate(given)
    except ValidationError as problem:
        found = [
            ": ".join([*(str(part) for part in error["loc"][:1]), error["msg"].removeprefix("Value error, ")])
            for error in problem.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ValueError("; ".join(found)) from None
