"""From an HTTP answer, or the lack of one, to a value or a typed error.

Parsing is lenient because the API is not uniform: the error envelope may lack either member, other parts of the
API use other envelopes, and a 5xx may be a page of HTML.
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
"""Characters in a row that a message may share with what was sent before it counts as an echo of it."""

_ENUMERATED = re.compile(r"[A-Z_]+|accepted|declined|pending|tentative")
_ENUMERATED_MEMBERS = frozenset({"status", "type", "sourceTypeId", "sourceSubTypeId"})
"""Members of a body whose value a message may repeat, where it is one of a list; a tag may be in capitals too."""


@dataclass(frozen=True)
class _Kind:
    error: type[ApiError]
    happened: str
    hint: str


_KINDS = {
    400: _Kind(
        BadRequestError,
        "SmartRecruiters refused the values",
        "Compare the values with what the company's SmartRecruiters settings offer, then run the task again.",
    ),
    401: _Kind(
        AuthenticationError,
        "SmartRecruiters did not accept the credential",
        "Check the API key, or the client id and secret, in the Airflow connection: it may be mistyped, revoked or "
        "meant for the other environment. If other tasks with this connection work, the credential has no access "
        "to this record.",
    ),
    403: _Kind(
        PermissionDeniedError,
        "SmartRecruiters does not allow it",
        "Ask a SmartRecruiters administrator whether the credential's system role and access groups cover this record.",
    ),
    404: _Kind(
        NotFoundError,
        "SmartRecruiters did not find the record",
        "Check the ids; a record that the credential cannot see is reported as missing too.",
    ),
    409: _Kind(
        ConflictError,
        "it collides with another change to the same record",
        "See what changed in SmartRecruiters, then decide whether to run the task again.",
    ),
    422: _Kind(
        UnprocessableError,
        "SmartRecruiters does not take these values",
        "Compare the values with what the record allows, then run the task again.",
    ),
    429: _Kind(
        RateLimitedError,
        "SmartRecruiters asked to slow down for longer than one call waits",
        "Nothing was changed. Run the task again later, or give the programs that share this credential fewer workers.",
    ),
}

_NO_ACCESS = _Kind(
    PermissionDeniedError,
    "SmartRecruiters does not allow it, though it accepted the credential before",
    "If other tasks with this connection fail too, the credential was revoked: replace it in the Airflow connection. "
    "Otherwise ask a SmartRecruiters administrator whether its system role and access groups cover this record.",
)

_SERVER_ERROR = _Kind(
    ServerError,
    "SmartRecruiters had a problem of its own",
    "Run the task again in a few minutes; if it persists see https://status.smartrecruiters.com.",
)

_UNEXPECTED = _Kind(
    UnexpectedResponseError,
    "the answer is not one that SmartRecruiters gives",
    "Check the host in the Airflow connection, and whether a proxy or a login page sits between Airflow and it.",
)


def read_body(status: int, body: bytes) -> Any:
    """Return the parsed JSON of a successful answer, None for an empty one.

    :raises UnexpectedResponseError: when the body is no JSON: a login page of a proxy, a truncated answer.
    """
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Not raised in here: the parser's error carries the whole body, and would be this one's context.
        pass
    raise UnexpectedResponseError(
        f"The answer ({status}) is not JSON.", status=status, hint=_UNEXPECTED.hint, retryable=True
    )


def error_for(
    status: int, body: bytes, *, sent: Any = None, retry_after: float | None = None, proven: bool = False
) -> ApiError:
    """Return the typed error for an answer that is no success.

    :param status: HTTP status, anything but 2xx.
    :param body: the answer's body, any bytes.
    :param sent: what was sent, JSON and credential: a message or code of the API that repeats a text of it is not
        passed on.
    :param retry_after: seconds that the answer asked to wait.
    :param proven: whether the credential has been accepted before; a 401 then means "no access to this record".
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
    """Return the API's error code and message, as far as the body has them.

    Knows ``{"message", "errors": [{"code", "message"}]}`` of the Customer API, ``{"code", "message"}`` of its
    neighbours, and ``{"error", "error_description"}`` of RFC 6749.
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
    """Return the API's message in a form that may stand in a log: one line, short, no address, nothing that was
    sent. A message that repeats a sent text is left out whole; the code and the hint still stand.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in message[:_MESSAGE_READ_LENGTH]).split())
    # Cut off last: half an address is not recognised.
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
    """Return whether a code is made of a text, or around it; words that both happen to have do not count."""
    code, text = ("".join(c for c in words.casefold() if c.isalnum()) for words in (code, text))
    return code in text or (len(text) >= _ECHO_LENGTH and text in code)
