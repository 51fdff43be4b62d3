"""Convert an HTTP response to a value or a typed error: one table for every endpoint.

Status, content type and code of the response decide, together with the method of its request; what the process has
seen before does not. The one exception is a 401, which says nothing about its own cause: the client asks, see
:mod:`.verdict`.

HTML is never SmartRecruiters' word: the API responds in JSON, so a page comes from a proxy, a firewall or a login
portal in between, whatever its status.

Parsing is lenient because the API is not uniform: the error envelope may lack either member, and some parts of the API
use other envelopes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
    SmartRecruitersError,
    UnexpectedResponseError,
    UnprocessableError,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_NOT_JSON = object()
_SAME_TWICE = {
    "POST": re.compile(r"/candidates/[^/]+/tags|/jobs/[^/]+/(jobads/[^/]+/postings|publication)"),
    "DELETE": re.compile(r"/jobs/[^/]+/(jobads/[^/]+/postings|publication)"),
}
"""Paths, by method, of requests that do nothing more the second time: tags are a set, and what is published again shows
the same."""
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
    """What a status means.

    :param error: class of the error.
    :param happened: summary, without the status.
    :param hint: what to do.
    :param retryable: whether it passes by itself; None for the default of the class.
    :param in_doubt: whether a write may have been applied although this came back.
    """

    error: type[ApiError]
    happened: str
    hint: str
    retryable: bool | None = None
    in_doubt: bool = False


_AGAIN = "Run the task again in a few minutes."
_STATUS_PAGE = "If the error persists, see https://status.smartrecruiters.com."
_CHECK_FIRST = "Check the record first: the request may have been applied."
_READ_FIRST = "Run the task again: it reads the record first, and sends only what is missing."
_PICTURE = re.compile(r"/user-api/v\d+/users/[^/]+/avatar|/users/[^/]+/avatar")
"""Paths of the one upload that this API takes from us."""

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
        "meant for the other environment.",
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
    # The server gave up on the request. Some gateways say so when the server behind them is slow, and may be done.
    408: _Kind(ServerError, "SmartRecruiters did not receive the request in time", _AGAIN, in_doubt=True),
    409: _Kind(
        ConflictError,
        "The request conflicts with another change to the same record",
        "Check what changed in SmartRecruiters, then decide whether to run the task again.",
    ),
    413: _Kind(BadRequestError, "SmartRecruiters rejected the request as too large", "Send less in one request."),
    415: _Kind(
        BadRequestError,
        "SmartRecruiters does not accept this type of content",
        "Check the type of the body: JSON, or the media type of the file.",
    ),
    422: _Kind(
        UnprocessableError,
        "SmartRecruiters does not accept these values",
        "Compare the values with what the record allows, then run the task again.",
    ),
    423: _Kind(ConflictError, "SmartRecruiters has locked the record for another request", _AGAIN, retryable=True),
    425: _Kind(ServerError, "SmartRecruiters did not process the request yet", _AGAIN),
    429: _Kind(
        RateLimitedError,
        "SmartRecruiters rate-limited the request for longer than one call waits; nothing was changed",
        "Run the task again later, or send fewer requests at once with this credential.",
    ),
}

_NO_RECORD = _Kind(
    PermissionDeniedError,
    "SmartRecruiters accepts the credential, but the record does not exist, or the credential may not access it",
    "Check the ids. If they are right, ask a SmartRecruiters administrator whether the credential's system role and "
    "access groups cover this record.",
)
"""A 401 of a record that is not there, or that the credential may not see. The API does not tell the two apart."""

_UNSETTLED = replace(
    _NO_RECORD,
    happened="SmartRecruiters refused the request, and nothing was changed. The cause is not known, because the check "
    "of the credential failed: either the credential is not valid, or the record does not exist, or the credential may "
    "not access it",
    hint="Run the task again in a few minutes: it checks the credential again. If the error persists, check the ids, "
    "and the credential in the Airflow connection.",
    # Another run of the task asks again.
    retryable=True,
)
"""A 401 while the credential cannot be checked, since the check failed as well."""

_SERVER_ERROR = _Kind(
    ServerError, "SmartRecruiters failed to process the request", f"{_AGAIN} {_STATUS_PAGE}", in_doubt=True
)

_UNEXPECTED = _Kind(
    UnexpectedResponseError,
    "The response is not one that SmartRecruiters documents",
    "Check the host in the Airflow connection, and whether a proxy or a login page responds in its place.",
    in_doubt=True,
)

_REFUSED_UNREAD = frozenset({405, 406, 411, 412, 413, 414, 415, 416, 417, 426, 428, 429, 431})
"""Statuses that refuse a request for what it is, so that it was not applied, whoever answered."""

_PAGE_HINT = (
    "Ask the administrators of the worker's network (proxy, firewall, VPN) why it answers in place of {host}, and "
    "check the host in the Airflow connection."
)
_PICTURE_HINTS = {
    413: "Use a smaller picture: scale it down, or save it as JPEG, then run the task again.",
    415: "Save the picture as PNG or JPEG in an image editor, then run the task again.",
}
_LASTING_CONFLICT = re.compile(r"\w*(EXISTS?|EXCEEDED)|CANNOT_\w+")
"""Codes of a 409 that sending the request again does not change, such as ``REF_NUMBER_ALREADY_EXISTS``."""


def repeatable(method: str, path: str) -> bool:
    """Return whether a request can be sent twice and do no more than once.

    :param method: HTTP method, in capitals.
    :param path: path of the request, without the host.
    """
    same_twice = _SAME_TWICE.get(method)
    return method in SAFE_METHODS or method == "PUT" or bool(same_twice and same_twice.fullmatch(path))


def leave_in_doubt(error: SmartRecruitersError, method: str, path: str) -> None:
    """Note on an error that its request was sent, and that nobody knows whether it was applied.

    A read is not in doubt. Another request is no longer retryable unless it is :func:`repeatable`: Airflow's retries
    would create a second record.

    :param error: the error; changed in place.
    :param method: HTTP method of the request.
    :param path: its path.
    """
    if method in SAFE_METHODS:
        return
    error.may_have_been_applied = True
    error.hint = f"{_CHECK_FIRST} {error.hint.removeprefix(_AGAIN).strip()}".strip()
    if not repeatable(method, path):
        error.retryable_after_read |= error.retryable
        error.retryable = False


def say_that_it_reads_first(error: SmartRecruitersError) -> None:
    """Replace the advice to check the record first: the task does that itself.

    :param error: an error of a change that reads the record before it writes; changed in place.
    """
    if error.hint.startswith(_CHECK_FIRST):
        error.hint = f"{_READ_FIRST}{error.hint.removeprefix(_CHECK_FIRST)}"


def is_page(content_type: str | None, body: bytes) -> bool:
    """Return whether a response is a page for people, and so not SmartRecruiters' own.

    :param content_type: ``Content-Type`` of the response.
    :param body: its body.
    """
    # A mislabelled body decides for itself: gateways send pages as JSON, and some servers JSON as HTML.
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return True
    kind = (content_type or "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml") and not isinstance(_parsed(body), dict | list)


def accepts_credential(status: int, content_type: str | None, body: bytes) -> bool | None:
    """Return what a response says about the credential of a request that only the credential decides.

    :param status: its HTTP status.
    :param content_type: ``Content-Type`` of the response.
    :param body: its body.
    :return: None if it says nothing.
    """
    if is_page(content_type, body) or not (200 <= status <= 299 or status in (400, 401, 403, 404, 422)):
        return None
    return status != 401


def read_body(status: int, body: bytes) -> Any:
    """Return the parsed JSON of a successful response; None if it has no body.

    :param status: HTTP status, for the error.
    :param body: body of the response.
    :raises UnexpectedResponseError: the body is not JSON, such as the login page of a proxy or a truncated response.
    """
    if not body.strip():
        return None
    if (parsed := _parsed(body)) is not _NOT_JSON:
        return parsed
    raise UnexpectedResponseError(
        f"The response is not JSON ({status}).", status=status, hint=_UNEXPECTED.hint, retryable=True
    )


def error_for(
    status: int,
    body: bytes,
    *,
    method: str = "GET",
    path: str = "",
    host: str | None = None,
    content_type: str | None = None,
    sent: Any = None,
    retry_after: float | None = None,
    credential_accepted: bool | None = False,
) -> ApiError:
    """Return the typed error for a response that is not a success.

    :param status: HTTP status, anything but 2xx.
    :param body: body of the response, any bytes.
    :param method: HTTP method of the request.
    :param path: path of the request.
    :param host: name of the server, for the message about a page.
    :param content_type: ``Content-Type`` of the response.
    :param sent: what was sent, JSON and credential. A message or code of the API that repeats a text of it is dropped.
    :param retry_after: seconds that the response asked to wait.
    :param credential_accepted: for a 401: whether SmartRecruiters accepts the credential elsewhere; None if that could
        not be found out.
    """
    page = is_page(content_type, body)
    kind = _page(status, host) if page else _kind(status, credential_accepted)
    code, message = (None, "") if page else parse_error(body)
    retryable = kind.retryable
    if status == 409 and not page:
        # Two requests met. A write of a change is built again from a new read, and a read is simply repeated.
        passes = not (code and _LASTING_CONFLICT.fullmatch(code))
        retryable = passes and repeatable(method, path)
    if status in _PICTURE_HINTS and _PICTURE.fullmatch(path):
        kind = replace(kind, hint=_PICTURE_HINTS[status])
    error = kind.error(
        f"{kind.happened} ({status}).",
        status=status,
        code=None if code and any(_repeats(code, text) for text in _texts(sent)) else code,
        api_message=presentable(message, sent),
        hint=kind.hint,
        retryable=retryable,
        retry_after=retry_after,
    )
    if status == 409 and not page:
        error.retryable_after_read = passes
    if kind.in_doubt and status not in _REFUSED_UNREAD:
        leave_in_doubt(error, method, path)
    return error


def _kind(status: int, credential_accepted: bool | None) -> _Kind:
    if status == 401 and credential_accepted is not False:
        return _NO_RECORD if credential_accepted else _UNSETTLED
    return _SERVER_ERROR if 500 <= status <= 599 else _KINDS.get(status, _UNEXPECTED)


def _page(status: int, host: str | None) -> _Kind:
    """Return what a page means. Its class is that of the status only where that says to wait."""
    waits = status in (408, 425, 429) or 500 <= status <= 599
    what = "to send fewer requests" if status == 429 else "with a page"
    hint = _PAGE_HINT.format(host=host or "SmartRecruiters")
    return _Kind(
        _kind(status, None).error if waits else UnexpectedResponseError,
        f"A proxy or firewall answered {what}, not SmartRecruiters",
        f"{_AGAIN} {hint}" if waits else hint,
        # A firewall that blocks one request blocks the next ones too, and lets them through when it is told to: not
        # something that the record or its values decide. A redirect and a size do not pass.
        retryable=not (300 <= status <= 399 or status in _REFUSED_UNREAD - {429}),
        # Some read the response and hold that back: then the request was applied.
        in_doubt=True,
    )


def parse_error(body: bytes) -> tuple[str | None, str]:
    """Return the API's error code and message, if the body has them.

    Handles ``{"message", "errors": [{"code", "message"}]}`` of the Customer API, ``{"code", "message"}`` of the other
    APIs, and ``{"error", "error_description"}`` of RFC 6749.
    """
    parsed = _parsed(body)
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


def _parsed(body: bytes) -> Any:
    """Return the value of a JSON body; :data:`_NOT_JSON` if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Not raised from here: the error of the parser, which carries the whole body, would become the context.
        return _NOT_JSON


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
