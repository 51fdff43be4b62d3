"""Convert an HTTP response to a value or a typed error.

Parsing is lenient because the API is not uniform: the error envelope may lack either member, some parts of the API use
other envelopes, and a 5xx may be an HTML page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from airflow_provider_smartrecruiters.exceptions import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    UnexpectedResponseError,
    UnprocessableError,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_EMAIL = re.compile(r"[^\s@<>\"']+(?:@|%40)[^\s@<>\"']+")
_MESSAGE_MAX_LENGTH = 300
_MESSAGE_READ_LENGTH = 2_000
_ECHO_LENGTH = 12
"""Length in characters at which a text that a message shares with the request counts as an echo. Doubled, a name and
surname could slip through; halved, common words such as "status" would hide harmless messages."""

_ENUMERATED = re.compile(r"[A-Z_]+|accepted|declined|pending|tentative")
_ENUMERATED_MEMBERS = frozenset({"status", "type", "sourceTypeId", "sourceSubTypeId"})
"""Members of a body whose value a message may repeat if it is enumerated. A list of members, because a tag may be in
capitals too."""


@dataclass(frozen=True)
class _Kind:
    error: type[ApiError]
    happened: str
    hint: str


_KINDS = {
    400: _Kind(
        BadRequestError,
        "SmartRecruiters rejected the values",
        "Compare the values with the company's settings in SmartRecruiters, then run the task again.",
    ),
    401: _Kind(
        AuthenticationError,
        "SmartRecruiters did not accept the credential",
        "Check the API key, or the client id and secret, in the Airflow connection. It may be mistyped, revoked or "
        "meant for the other environment. If other tasks with this connection work, the credential has no access "
        "to this record.",
    ),
    403: _Kind(
        PermissionDeniedError,
        "SmartRecruiters denied access",
        "Ask a SmartRecruiters administrator whether the credential's system role and access groups cover this record.",
    ),
    404: _Kind(
        NotFoundError,
        "SmartRecruiters did not find the record",
        "Check the ids. SmartRecruiters also reports a record as missing if the credential cannot see it.",
    ),
    409: _Kind(
        ConflictError,
        "The request conflicts with another change to the same record",
        "Check what changed in SmartRecruiters, then decide whether to run the task again.",
    ),
    422: _Kind(
        UnprocessableError,
        "SmartRecruiters does not accept these values",
        "Compare the values with what the record allows, then run the task again.",
    ),
    429: _Kind(
        RateLimitedError,
        "SmartRecruiters rate-limited the request for longer than one call waits; nothing was changed",
        "Run the task again later, or send fewer requests at once with this credential.",
    ),
}

_NO_ACCESS = _Kind(
    PermissionDeniedError,
    "SmartRecruiters denied access, although it accepted the credential before",
    "Ask a SmartRecruiters administrator whether the credential's system role and access groups cover this record. If "
    "other tasks with this connection fail too, the credential was revoked: replace it in the Airflow connection.",
)

_SERVER_ERROR = _Kind(
    ServerError,
    "SmartRecruiters failed to process the request",
    "Run the task again in a few minutes. If the error persists, see https://status.smartrecruiters.com.",
)

_UNEXPECTED = _Kind(
    UnexpectedResponseError,
    "The response is not one that SmartRecruiters documents",
    "Check the host in the Airflow connection, and whether a proxy or a login page responds in its place.",
)


def read_body(status: int, body: bytes) -> Any:
    """Return the parsed JSON of a successful response; None if it has no body.

    :param status: HTTP status, for the error.
    :param body: body of the response.
    :raises UnexpectedResponseError: the body is not JSON, such as the login page of a proxy or a truncated response.
    """
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Raised after the except block: the error of the parser, which carries the whole body, would become the
        # context.
        pass
    raise UnexpectedResponseError(
        f"The response is not JSON ({status}).", status=status, hint=_UNEXPECTED.hint, retryable=True
    )


def error_for(
    status: int, body: bytes, *, sent: Any = None, retry_after: float | None = None, proven: bool = False
) -> ApiError:
    """Return the typed error for a response that is not a success.

    :param status: HTTP status, anything but 2xx.
    :param body: body of the response, any bytes.
    :param sent: what was sent, JSON and credential. A message or code of the API that repeats a text of it is dropped.
    :param retry_after: seconds that the response asked to wait.
    :param proven: whether the credential was accepted before. A 401 then means "no access to this record".
    """
    kind = _SERVER_ERROR if 500 <= status <= 599 else _KINDS.get(status, _UNEXPECTED)
    if status == 401 and proven:
        kind = _NO_ACCESS
    code, message = parse_error(body)
    return kind.error(
        f"{kind.happened} ({status}).",
        status=status,
        code=None if code and any(_repeats(code, text) for text in _texts(sent)) else code,
        api_message=presentable(message, sent),
        hint=kind.hint,
        retry_after=retry_after,
    )


def parse_error(body: bytes) -> tuple[str | None, str]:
    """Return the API's error code and message, if the body has them.

    Handles ``{"message", "errors": [{"code", "message"}]}`` of the Customer API, ``{"code", "message"}`` of the other
    APIs, and ``{"error", "error_description"}`` of RFC 6749.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(parsed, dict):
        return None, ""
    errors = parsed.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = next((c for c in (first.get("code"), parsed.get("code"), parsed.get("error")) if _is_code(c)), None)
    candidates = (first.get("message"), parsed.get("message"), parsed.get("error_description"))
    message = next((m for m in candidates if isinstance(m, str) and m.strip()), "")
    return code, message


def presentable(message: str, sent: Any = None) -> str:
    """Return the API's message in a form that is safe to log: one short line, without e-mail addresses.

    A message that repeats a text that was sent is dropped as a whole. The code and the hint remain.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in message[:_MESSAGE_READ_LENGTH]).split())
    # Truncated last: the pattern does not match half an e-mail address.
    line = _EMAIL.sub("[address]", line)[:_MESSAGE_MAX_LENGTH]
    return "" if any(_echoes(line, text) for text in _texts(sent)) else line


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def _texts(sent: Any, name: str = "") -> Iterator[str]:
    if isinstance(sent, Mapping):
        for key, value in sent.items():
            yield from _texts(value, key)
    elif isinstance(sent, list):
        for item in sent:
            yield from _texts(item)
    elif isinstance(sent, str) and not (name in _ENUMERATED_MEMBERS and _ENUMERATED.fullmatch(sent)):
        yield sent


def _echoes(line: str, text: str) -> bool:
    text = " ".join(text.split()).casefold()
    if not text:
        return False
    line = line.casefold()
    if len(text) < _ECHO_LENGTH:
        return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", line) is not None
    match = SequenceMatcher(None, line, text, autojunk=False).find_longest_match()
    return match.size >= _ECHO_LENGTH


def _repeats(code: str, text: str) -> bool:
    """Return whether a code is part of a text, or contains it. Words that both happen to contain do not count."""
    code, text = ("".join(c for c in words.casefold() if c.isalnum()) for words in (code, text))
    return code in text or (len(text) >= _ECHO_LENGTH and text in code)
