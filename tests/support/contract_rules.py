"""
The rules that are stricter than the contract document: what it leaves open and a client of ours must never do.

Each yields complaints: the rule's name, the place, and what is wrong there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from tests.support.violations import shorten

API_KEY = "smartToken"
OAUTH2 = "oauth2"
# The official page about scopes has it for every operation.
CODES_OF_ALL = frozenset({"OAuthPermissionsException"})
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON_PATCH = "application/json-patch+json"

HeaderPairs = Iterable[tuple[str, str]] | Mapping[str, str]
Complaint = tuple[str, str, str]

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_ONCE = ("x-smarttoken", "authorization", "content-type", "content-length", "host")


@dataclass(frozen=True)
class Operation:
    """
    What the rules need to know of one operation of the document.

    :param id: operation id.
    :param method: HTTP method in capitals.
    :param path: path template.
    :param parameters: documented parameters of path, query and header.
    :param query: documented query parameters; the value tells whether one may be repeated.
    :param form_fields: documented fields of a form or multipart body.
    :param files: those of them that are files.
    :param takes_body: whether a request body is documented.
    :param secured: whether the operation needs a credential.
    :param use_cases: ids of the writes that this operation serves.
    :param responses: documented answers by status text.
    :param emulated: whether the emulator has it, rather than the document alone (``x-emulated``).
    """

    id: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    query: dict[str, bool]
    form_fields: frozenset[str]
    files: frozenset[str]
    takes_body: bool
    secured: bool
    use_cases: tuple[str, ...]
    responses: dict[str, Any]
    emulated: bool = True

    def use_case(self, body: bytes) -> str | None:
        """
        Tell which write a request to this operation is.

        :param body: request body.
        :return: use case id, ``None`` when the operation serves none.
        """
        if "reject_an_application" in self.use_cases:
            try:
                rejected = json.loads(body)["status"] == "REJECTED"
            except (ValueError, KeyError, TypeError):
                rejected = False
            return next(u for u in self.use_cases if (u == "reject_an_application") is rejected)
        return self.use_cases[0] if self.use_cases else None


def auth_kind(headers: HeaderPairs) -> str:
    """
    Tell how a request authenticates, in the names of the document's security schemes.

    :param headers: request headers.
    :return: ``smartToken``, ``oauth2``, ``both`` or ``none``.
    """
    sent = Headers(headers)
    kinds = [kind for kind, name in ((API_KEY, "X-SmartToken"), (OAUTH2, "Authorization")) if name in sent]
    return "both" if len(kinds) > 1 else kinds[0] if kinds else "none"


def path_complaints(path: str, query: str) -> Iterator[Complaint]:
    if not _PATH.fullmatch(path):
        yield "path-encoding", "path", "holds a character that must be percent-encoded"
    if "//" in path or _DOT_SEGMENT.search(path):
        yield "path-segment", "path", "holds an empty or a dot segment"
    if _CONTROL.search(path):
        yield "path-control", "path", "holds a control character"
    if not _QUERY.fullmatch(query):
        yield "query-encoding", "query", "holds a character that must be percent-encoded"


def query_complaints(operation: Operation, pairs: Iterable[tuple[str, str]]) -> Iterator[Complaint]:
    for name, times in Counter(name for name, _ in pairs).items():
        if name not in operation.query:
            yield "unknown-query", f"query: {shorten(name)}", "not documented"
        elif times > 1 and not operation.query[name]:
            yield "repeated-query", f"query: {name}", f"sent {times} times"


def header_complaints(sent: Headers, *, has_body: bool) -> Iterator[Complaint]:
    for name, times in Counter(name.lower() for name in sent.keys()).items():  # noqa: SIM118 - keys() repeats
        if times > 1 and name in _ONCE:
            yield "repeated-header", f"header: {name}", f"sent {times} times"
    if has_body and not sent.get("Content-Type"):
        yield "content-type", "header: Content-Type", "a body without one"


def credential_complaints(operation: Operation, sent: Headers, body: bytes) -> Iterator[Complaint]:
    kind = auth_kind(sent)
    key, authorization = sent.get("X-SmartToken"), sent.get("Authorization", "")
    scheme, _, token = authorization.partition(" ")
    if not operation.secured:
        basic = scheme.lower() == "basic"
        if key is not None or (authorization and not basic):
            yield "credential", "headers", "a credential that this operation does not take"
        in_form = {"client_id", "client_secret"} & {name for name, _, _ in _fields(sent, body)}
        if basic == bool(in_form) or (in_form and len(in_form) < 2):
            yield "credential", "body", "client id and secret belong in the form or in Basic, whole, once"
    elif kind == "both":
        yield "credential", "headers", "both credentials at once"
    elif kind == "none":
        yield "credential", "headers", "no credential"
    elif kind == API_KEY and not (key or "").strip():
        yield "credential", "header: X-SmartToken", "empty"
    elif kind == OAUTH2 and (scheme.lower() != "bearer" or not token.strip() or " " in token):
        yield "credential", "header: Authorization", "no Bearer token"


def body_complaints(operation: Operation, sent: Headers, body: bytes) -> Iterator[Complaint]:
    if body and not operation.takes_body:
        yield "unexpected-body", "body", f"{len(body)} bytes where none is documented"
    if not body and operation.takes_body and operation.use_cases:
        # Two of the writes call their body optional; a write that says nothing is none.
        yield "missing-body", "body", "a write needs one"
    fields = _fields(sent, body)
    for name, times in Counter(name for name, _, _ in fields).items():
        if name not in operation.form_fields:
            yield "unknown-member", f"body: {shorten(name)}", "not documented"
        elif times > 1:
            yield "repeated-member", f"body: {name}", f"sent {times} times"
    for name, filename, content in fields:
        if name in operation.files and not (filename and content):
            yield "no-file", f"body: {name}", "a file has a name and at least one byte"


def code_complaints(documented: Mapping[str, Any], body: bytes) -> Iterator[Complaint]:
    """Yield the error codes of an answer that the document does not have for its operation and status."""
    known = {*documented.get("x-codes", ()), *documented.get("x-inferred-codes", ()), *CODES_OF_ALL}
    try:
        answer = json.loads(body)
    except ValueError:
        return
    errors = answer.get("errors") if isinstance(answer, dict) else None
    for error in errors if isinstance(errors, list) else ():
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, str) and code not in known:
            yield "unknown-code", "body: errors", f"{shorten(code)} is not documented"


def media_type(sent: Headers) -> str:
    return parse_options_header(sent.get("Content-Type", ""))[0].lower()


def _fields(sent: Headers, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Return the fields of a form or multipart body; what cannot be read is the library's complaint."""
    kind, options = parse_options_header(sent.get("Content-Type", ""))
    try:
        if kind == FORM:
            return [(name, None, value.encode()) for name, value in parse_qsl(body.decode(), keep_blank_values=True)]
        if kind == MULTIPART:
            return _parts(body, options["boundary"])
    except (ValueError, KeyError):
        pass
    return []


def load_multipart(body: bytes, *, boundary: str, **_parameters: str) -> ImmutableMultiDict[str, bytes]:
    return ImmutableMultiDict((name, content) for name, _, content in _parts(body, boundary))


def _parts(body: bytes, boundary: str) -> list[tuple[str, str | None, bytes]]:
    """Return name, filename and content of each part of a multipart body."""
    parser = FormDataParser(silent=False)
    _, form, files = parser.parse(BytesIO(body), MULTIPART, len(body), {"boundary": boundary})
    parts = [(name, file.filename, file.read()) for name, file in files.items(multi=True)]
    return [*parts, *((name, None, text.encode()) for name, text in form.items(multi=True))]


def load_json(body: bytes, **parameters: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(members := dict(pairs)) < len(pairs):
            raise ValueError("a member appears twice")
        return members

    if parameters.get("charset", "utf-8") != "utf-8":
        raise ValueError("JSON is UTF-8")
    return json.loads(body.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
