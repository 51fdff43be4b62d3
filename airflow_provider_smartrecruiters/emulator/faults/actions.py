"""What a fault does to a request, by the name that :class:`.kinds.Fault` gives the action."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from airflow_provider_smartrecruiters.emulator.faults import breakage
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.http.answer import BODILESS, JSON, NO_ANSWER, Answer, Deliver, Proceed
from airflow_provider_smartrecruiters.emulator.http.answer import close as close_connection
from airflow_provider_smartrecruiters.emulator.http.errors import ApiError
from airflow_provider_smartrecruiters.emulator.http.operation import Call

_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>"
_HTML = "text/html; charset=utf-8"
_MESSAGES = {401: "Unauthorized", 403: "Forbidden", 404: "Not found", 429: "Too many requests"}
# RFC 6749, 5.2, has no names for errors that are not the request's fault.
_TOKEN_ERRORS = {400: "invalid_request", 401: "invalid_client", 403: "unauthorized_client"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that a fault hits.

    :param applied: whether the fault lets it be handled
    :param proceed: handles it
    :param refuse: makes the port refuse connections for the given seconds
    """

    rule: Rule
    call: Call
    applied: bool
    proceed: Proceed
    refuse: Callable[[float], None]

    async def answer(self) -> Answer:
        """Handle the request if the fault lets it, and return its answer, else an empty one."""
        return await self.proceed() if self.applied else Answer(200)

    async def answer_with_body(self) -> Answer:
        """Return the answer; one without a body becomes a success with one, since only a body can be broken."""
        answer = await self.answer()
        if answer.body:
            return answer
        answer.status = 200
        return answer.with_body(b'{"message": "Done by the emulator", "errors": []}', JSON)

    def made_up(self, answer: Answer, deliver: Deliver | None = None) -> Answer:
        """Mark an answer as this fault's, and apply the rule's headers to it."""
        answer.update(self.rule.headers)
        answer.made_up = self.rule.fault
        answer.deliver = deliver
        return answer

    async def unanswered(self, deliver: Deliver) -> Answer:
        """Handle the request if the fault lets it, and break the connection instead of answering."""
        await self.answer()
        return self.made_up(Answer(NO_ANSWER), deliver)


Action = Callable[[Hit], Awaitable[Answer]]


async def pass_on(hit: Hit) -> Answer:
    """Leave the answer as it is."""
    return await hit.answer()


async def status(hit: Hit) -> Answer:
    """Answer with the rule's status."""
    await hit.answer()
    rule = hit.rule
    body = _envelope(hit.call, rule.status) if rule.body is None else rule.body
    text = body if isinstance(body, str) else json.dumps(body)
    answer = _answer(rule.status, text.encode(), rule.content_type or ("text/plain" if isinstance(body, str) else JSON))
    if rule.retry_after is not None:
        answer.update({"Retry-After": _retry_after(rule)})
    return hit.made_up(answer)


async def refuse_after_answer(hit: Hit) -> Answer:
    """Answer, then refuse connections."""
    answer = await hit.answer()
    hit.refuse(hit.rule.seconds)
    # Without this header, the caller may send its next request before it learns that the connection has ended.
    answer.update({"Connection": "close"})
    return answer


async def outage(hit: Hit) -> Answer:
    """Reset the connection and refuse new ones."""
    hit.refuse(hit.rule.seconds)
    return await reset(hit)


async def reset(hit: Hit) -> Answer:
    """Reset the connection."""
    return await hit.unanswered(breakage.reset)


async def close(hit: Hit) -> Answer:
    """End the connection."""
    return await hit.unanswered(close_connection)


async def hang(hit: Hit) -> Answer:
    """Keep the caller waiting."""
    return await hit.unanswered(breakage.hang(hit.rule.seconds))


async def talk_otherwise(hit: Hit) -> Answer:
    """Send bytes that are not HTTP."""
    return await hit.unanswered(breakage.talk_otherwise)


async def truncate(hit: Hit) -> Answer:
    """Send half the body."""
    return hit.made_up(await hit.answer_with_body(), breakage.truncate)


async def trickle(hit: Hit) -> Answer:
    """Send the answer byte by byte."""
    return hit.made_up(await hit.answer(), breakage.trickle(hit.rule.interval))


async def garble(hit: Hit) -> Answer:
    """Break the body's JSON."""
    answer = await hit.answer_with_body()
    return hit.made_up(answer.with_body(answer.body.rstrip(b"}]") + b",,"))


async def mislabel(hit: Hit) -> Answer:
    """Declare the body as a page."""
    answer = await hit.answer_with_body()
    answer.update({"Content-Type": _HTML})
    return hit.made_up(answer)


async def page(hit: Hit) -> Answer:
    """Answer with a login page."""
    await hit.answer()
    return hit.made_up(_answer(200, _LOGIN_PAGE, _HTML))


async def empty(hit: Hit) -> Answer:
    """Remove the body."""
    return hit.made_up((await hit.answer()).with_body(b""))


async def pad(hit: Hit) -> Answer:
    """Send a body of the rule's size."""
    answer = await hit.answer_with_body()
    answer.update({"Content-Length": None})
    return hit.made_up(answer, breakage.pad(hit.rule.size))


async def redirect(hit: Hit) -> Answer:
    """Point to another host."""
    await hit.answer()
    query = f"?{hit.call.query}" if hit.call.query else ""
    answer = _answer(hit.rule.status, b"", "text/plain")
    answer.update({"Location": hit.rule.location.rstrip("/") + hit.call.raw_path + query})
    return hit.made_up(answer)


async def revoke(hit: Hit) -> Answer:
    """Make the request's credential invalid, and let the API refuse it."""
    hit.call.authenticator.revoke(hit.call.headers)
    return await hit.proceed()


async def relabel(hit: Hit) -> Answer:
    """Change only headers."""
    return hit.made_up(await hit.answer())


ACTIONS: dict[str, Action] = {
    action.__name__: action
    for action in (
        pass_on, status, refuse_after_answer, outage, reset, close, hang, talk_otherwise, truncate, trickle, garble,
        mislabel, page, empty, pad, redirect, revoke, relabel,
    )
}  # fmt: skip
"""Every action by its name."""


def _envelope(call: Call, code: int) -> dict[str, Any]:
    if call.operation is not None and call.operation.scope is None:
        error = _TOKEN_ERRORS.get(code, "temporarily_unavailable")
        return {"error": error, "error_description": "Injected by the emulator"}
    return ApiError(code, _MESSAGES.get(code, "Injected by the emulator")).envelope()


def _retry_after(rule: Rule) -> str:
    given = rule.retry_after
    if isinstance(given, datetime):
        moment = given if given.tzinfo else given.replace(tzinfo=UTC)
        return format_datetime(moment.astimezone(UTC), usegmt=True)
    if rule.retry_after_as_date and isinstance(given, (int, float)):
        return format_datetime(datetime.now(UTC) + timedelta(seconds=given), usegmt=True)
    return str(given)


def _answer(code: int, body: bytes, content_type: str) -> Answer:
    return Answer(code).with_body(b"" if code in BODILESS else body, content_type)
