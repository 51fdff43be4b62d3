"""What each kind of fault does to a request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.emulator.http import wire
from airflow_provider_smartrecruiters.emulator.http.answer import NO_ANSWER, Answer
from airflow_provider_smartrecruiters.emulator.http.errors import ApiError

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.faults.kinds import Rule
    from airflow_provider_smartrecruiters.emulator.http.answer import Deliver, Proceed
    from airflow_provider_smartrecruiters.emulator.http.operation import Call

RATE_HEADERS = (
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Concurrent-Limit",
    "X-RateLimit-Concurrent-Remaining",
)
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>"
_JSON = "application/json"
_BODILESS = (204, 304)

_MESSAGES = {401: "Unauthorized", 403: "Forbidden", 404: "Not found", 429: "Too many requests"}
# RFC 6749, 5.2, has no names for what is not the request's fault.
_TOKEN_ERRORS = {400: "invalid_request", 401: "invalid_client", 403: "unauthorized_client"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that a fault hits.

    :param applied: whether the fault lets it be handled
    :param proceed: handles it
    :param refuse: makes the port refuse connections for so many seconds
    """

    rule: Rule
    call: Call
    applied: bool
    proceed: Proceed
    refuse: Callable[[float], None]

    async def answer(self) -> Answer:
        """Handle the request if the fault lets it, and return its answer, else an empty one."""
        return await self.proceed() if self.applied else Answer(200)

    def made_up(self, answer: Answer, deliver: Deliver | None = None) -> Answer:
        """Mark an answer as this fault's, and lay the rule's headers over its own."""
        for name, value in self.rule.headers.items():
            _set(answer, name, value)
        answer.made_up = self.rule.fault
        answer.deliver = deliver
        return answer


Act = Callable[[Hit], Awaitable[Answer]]


async def pass_on(hit: Hit) -> Answer:
    """Do nothing to the answer."""
    return await hit.answer()


async def status(hit: Hit) -> Answer:
    """Answer with the rule's status."""
    await hit.answer()
    rule = hit.rule
    body = _envelope(hit.call, rule.status) if rule.body is None else rule.body
    text = body if isinstance(body, str) else json.dumps(body)
    content_type = rule.content_type or ("text/plain" if isinstance(body, str) else _JSON)
    answer = _answer(rule.status, text.encode(), content_type)
    if rule.retry_after is not None:
        _set(answer, "Retry-After", _retry_after(rule))
    return hit.made_up(answer)


async def refuse_after_answer(hit: Hit) -> Answer:
    """Answer, and be unreachable then."""
    answer = await hit.answer()
    hit.refuse(hit.rule.seconds)
    # Else the caller may send its next request before it learns that the connection has ended.
    _set(answer, "Connection", "close")
    return answer


async def outage(hit: Hit) -> Answer:
    """Be gone in the middle of the request."""
    hit.refuse(hit.rule.seconds)
    return await reset(hit)


async def reset(hit: Hit) -> Answer:
    """Reset the connection."""
    return await _unanswered(hit, wire.reset)


async def close(hit: Hit) -> Answer:
    """End the connection."""
    return await _unanswered(hit, wire.close)


async def hang(hit: Hit) -> Answer:
    """Keep the caller waiting."""
    return await _unanswered(hit, wire.hang(hit.rule.seconds))


async def talk_otherwise(hit: Hit) -> Answer:
    """Send what is no HTTP."""
    return await _unanswered(hit, wire.talk_otherwise)


async def truncate(hit: Hit) -> Answer:
    """Send half the body."""
    return hit.made_up(_with_body(await hit.answer()), wire.truncate)


async def trickle(hit: Hit) -> Answer:
    """Send the answer byte by byte."""
    return hit.made_up(await hit.answer(), wire.trickle(hit.rule.interval))


async def garble(hit: Hit) -> Answer:
    """Break the body's JSON."""
    answer = _with_body(await hit.answer())
    return hit.made_up(_replaced(answer, answer.body.rstrip(b"}]") + b",,"))


async def mislabel(hit: Hit) -> Answer:
    """Declare the body as a page."""
    answer = _with_body(await hit.answer())
    _set(answer, "Content-Type", "text/html; charset=utf-8")
    return hit.made_up(answer)


async def page(hit: Hit) -> Answer:
    """Answer with a page."""
    await hit.answer()
    return hit.made_up(_answer(200, _LOGIN_PAGE.encode(), "text/html; charset=utf-8"))


async def empty(hit: Hit) -> Answer:
    """Take the body away."""
    return hit.made_up(_replaced(await hit.answer(), b""))


async def pad(hit: Hit) -> Answer:
    """Send the body after a lot of nothing."""
    answer = _with_body(await hit.answer())
    _set(answer, "Content-Length", None)
    return hit.made_up(answer, wire.pad(hit.rule.size))


async def redirect(hit: Hit) -> Answer:
    """Point to another host."""
    await hit.answer()
    query = f"?{hit.call.query}" if hit.call.query else ""
    answer = _answer(hit.rule.status, b"", "text/plain")
    _set(answer, "Location", hit.rule.location.rstrip("/") + hit.call.raw_path + query)
    return hit.made_up(answer)


async def revoke(hit: Hit) -> Answer:
    """Make the request's credential invalid, and let the API say so."""
    hit.call.authenticator.revoke(hit.call.headers)
    return await hit.proceed()


async def relabel(hit: Hit) -> Answer:
    """Change headers only."""
    return hit.made_up(await hit.answer())


async def _unanswered(hit: Hit, deliver: Deliver) -> Answer:
    await hit.answer()
    return hit.made_up(Answer(NO_ANSWER), deliver)


def _envelope(call: Call, code: int) -> dict[str, Any]:
    if call.operation is not None and call.operation.scope is None:
        error = _TOKEN_ERRORS.get(code, "temporarily_unavailable")
        return {"error": error, "error_description": "Injected by the emulator"}
    return ApiError(code, _MESSAGES.get(code, "Injected by the emulator")).envelope()


def _retry_after(rule: Rule) -> str:
    given = rule.retry_after
    now = datetime.now(UTC)
    if isinstance(given, datetime):
        moment = given if given.tzinfo else given.replace(tzinfo=UTC)
        return format_datetime(moment.astimezone(UTC), usegmt=True)
    if rule.retry_after_as_date and isinstance(given, (int, float)):
        return format_datetime(now + timedelta(seconds=given), usegmt=True)
    return str(given)


def _answer(code: int, body: bytes, content_type: str) -> Answer:
    answer = Answer(code, [(b"content-type", content_type.encode())])
    return _replaced(answer, b"" if code in _BODILESS else body)


def _with_body(answer: Answer) -> Answer:
    # An answer that has no body by design cannot be broken in its body; a success with one is as good.
    if answer.body:
        return answer
    answer.status = 200
    _set(answer, "Content-Type", _JSON)
    return _replaced(answer, b'{"message": "Done by the emulator", "errors": []}')


def _replaced(answer: Answer, body: bytes) -> Answer:
    answer.body = body
    _set(answer, "Content-Length", None if answer.status in _BODILESS else str(len(body)))
    return answer


def _set(answer: Answer, name: str, value: str | None) -> None:
    key = name.lower().encode()
    answer.headers = [pair for pair in answer.headers if pair[0].lower() != key]
    if value is not None:
        answer.headers.append((key, value.encode("latin-1")))
