"""The types of arguments of changes: record ids, dates, short texts.

All of them expect values that a template rendered: an empty form field means "not given", and the text ``None`` means
that a template rendered nothing. Neither may reach the API as a value.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote

from pydantic import BeforeValidator, ValidationError

from airflow_provider_smartrecruiters.exceptions import InvalidInputError

ID_MAX_LENGTH = 256
"""Longest id, in characters: ``Identifiable.id`` in the API's contract."""

JSON_MAX_DEPTH = 100
"""Deepest nesting of mappings and lists in a body; a job has seven levels. Python's own recursion limit depends on its
version and on the caller."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PATH = re.compile(r"(/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")

_UNRENDERED = frozenset({"None", "null", "undefined", "Undefined"})

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not an argument",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "has fewer than {min_length} characters",
}
"""Messages for pydantic's error types, in this package's words."""


def check_id(value: Any) -> str:
    """Return ``value`` as the text of a record id.

    Ids are opaque: the only checks are those that a URL path needs.

    :param value: a text, or an integer, as an XCom may contain.
    :raises ValueError: states the problem without repeating the value, which may be anything.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**ID_MAX_LENGTH:
            raise ValueError(f"is a number with more than {ID_MAX_LENGTH} digits")
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be an id (text), not {type(value).__name__}")
    if not value.strip():
        raise ValueError("is empty; a template may have rendered nothing")
    refuse_unrendered(value)
    if len(value) > ID_MAX_LENGTH:
        raise ValueError(f"has {len(value)} characters; an id has at most {ID_MAX_LENGTH}")
    # The line and paragraph separators are not control characters, but they break a line of a log as well.
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in value):
        raise ValueError("contains control characters, such as a line break")
    if value != value.strip():
        raise ValueError("starts or ends with a space")
    if not value.strip("."):
        raise ValueError("consists of dots, which would resolve to another endpoint")
    return str(value)


def placeholders(template: str) -> list[str]:
    """Return the names of the placeholders in a path, in order: ``["jobId"]`` for ``/jobs/{jobId}/status``."""
    return _PLACEHOLDER.findall(template)


def path_segment(value: Any) -> str:
    """Return an id as one percent-encoded segment of a URL path.

    :param value: as for :func:`check_id`.
    :raises ValueError: as for :func:`check_id`.
    """
    return quote(check_id(value), safe="")


def fill_path(template: str, path_params: Mapping[str, Any]) -> str:
    """Return a path with its placeholders replaced by percent-encoded ids.

    :param template: ``/jobs/{jobId}/status``, or a literal path without placeholders.
    :param path_params: a value for each placeholder.
    :raises InvalidInputError: the result would be another endpoint than the one in the template.
    """
    names = _PLACEHOLDER.findall(template)
    if set(names) != set(path_params):
        raise InvalidInputError(
            f"The path {template} needs {', '.join(names) or 'no values'}; given: {', '.join(path_params) or 'none'}.",
            hint="Give exactly one value in path_params for each placeholder.",
            fields=tuple(sorted(set(names) ^ set(path_params))),
        )

    def segment(match: re.Match[str]) -> str:
        name = match.group(1)
        try:
            return path_segment(path_params[name])
        except ValueError as error:
            raise InvalidInputError(f"{name} {error}.", fields=(name,)) from None

    path = _PLACEHOLDER.sub(segment, template)
    # A literal path comes from the caller. A dot segment or a stray character would lead to another endpoint. Encoded
    # dots count as dots, because proxies and servers decode them before they resolve the path.
    if not _PATH.fullmatch(path) or any(not unquote(part).strip(".") for part in path.split("/")[1:]):
        raise InvalidInputError(
            "The path is not a valid path below the base URL. It must start with a slash and have no query, no empty "
            "segments, no dot segments and no characters that need encoding.",
            hint="Put ids into path_params and the query into params.",
            fields=("path",),
        )
    return path


def to_api_datetime(value: Any) -> str:
    """Return a point in time in the API's format: UTC with milliseconds, ``2026-01-31T00:00:00.000Z``.

    :param value: a :class:`~datetime.datetime`, a :class:`~datetime.date` (midnight UTC), or ISO 8601 text of
        either. A time without an offset is UTC.
    :raises ValueError: it is none of these, or is outside the years 1 to 9999 in UTC.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T09:00:00Z") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError(f"must be a date, a datetime or ISO 8601 text, not {type(value).__name__}")
    try:
        moment: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def same_instant(value: Any) -> Any:
    """Return a date from a response in the format of :func:`to_api_datetime`, so that equal instants compare equal.

    A value that is not a date is returned unchanged: a response is not an argument to reject.
    """
    try:
        return to_api_datetime(value)
    except ValueError:
        return value


def one_of(choices: Iterable[str]) -> Any:
    """Return a pydantic validator for an enumerated value. Its error lists the choices.

    ``Literal`` would do the same, but with the message "Input should be …".

    :param choices: the allowed values.
    """
    allowed = tuple(choices)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return str(value)

    return BeforeValidator(check)


def choice_or_none(choices: Iterable[str]) -> Any:
    """Return a pydantic validator like :func:`one_of`, for an optional value; blank text counts as not given.

    :param choices: the allowed values.
    """
    check = one_of(choices).func

    def check_given(value: Any) -> str | None:
        value = _blank_is_absent(value)
        return None if value is None else check(value)

    return BeforeValidator(check_given)


def refuse_unrendered(value: str) -> None:
    """Reject the text that a template renders for a missing value, such as ``None``.

    :param value: the text to check.
    :raises ValueError: ``value`` is such a text.
    """
    if value in _UNRENDERED:
        raise ValueError(f"is the text {value!r} (a template rendered a missing value)")


def check_text(value: str) -> None:
    """Reject text that cannot be sent, such as half an emoji.

    :param value: the text to check.
    :raises ValueError: it contains half a character (a lone surrogate).
    """
    if _HALF_CHARACTER.search(value):
        raise ValueError(
            "contains half a character (a lone surrogate), as text does that was cut in the middle of an emoji"
        )


def check_json(value: Any, name: str) -> None:
    """Reject a value that JSON cannot represent; see :func:`encode_json`."""
    encode_json(value, name)


def encode_json(value: Any, name: str) -> bytes:
    """Return a value as JSON.

    :param value: the value to encode.
    :param name: name of the argument, for the error message.
    :raises InvalidInputError: JSON cannot represent it, or it is nested too deeply; the value is not repeated.
    """
    try:
        encoded = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        if _is_deeper(value, JSON_MAX_DEPTH):
            raise ValueError
    except (TypeError, ValueError, RecursionError):
        raise InvalidInputError(
            f"{name} contains a value that JSON cannot represent, or is nested too deeply.",
            hint="Use text, finite numbers, booleans, None, lists and mappings only, at most "
            f"{JSON_MAX_DEPTH} levels deep.",
            fields=(name,),
        ) from None
    return encoded


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list | tuple)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def refuse_bytes(value: Any) -> None:
    """Reject bytes in place of text. pydantic would decode them after the text was checked.

    :param value: the value to check.
    :raises ValueError: ``value`` is bytes.
    """
    if isinstance(value, bytes | bytearray):
        raise ValueError("must be text, not bytes")


def invalid_arguments(owner: str, use_case: str, error: ValidationError) -> InvalidInputError:
    """Return pydantic's error as an error of this package, without the values.

    :param owner: name of the class that the arguments belong to.
    :param use_case: id of its use case.
    :param error: the error raised by pydantic.
    """
    problems: list[str] = []
    names: list[str] = []
    for item in error.errors(include_url=False, include_context=True, include_input=False):
        name = ".".join(str(part) for part in item["loc"])
        reason = item.get("ctx", {}).get("error")
        if isinstance(reason, InvalidInputError):
            names += reason.fields
            problems.append(reason.summary.rstrip("."))
            continue
        names.append(name)
        words = _WORDS.get(item["type"], "").format_map(item.get("ctx", {})) or _lower(item["msg"])
        words = str(reason) if isinstance(reason, ValueError) else words
        problems.append(f"{name} {words}")
    return InvalidInputError(
        f"{owner} has invalid arguments: {'; '.join(problems)}.",
        use_case=use_case,
        hint="Fix the arguments in the DAG or in the trigger form, then run the task again.",
        fields=tuple(dict.fromkeys(names)),
    )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _blank_is_absent(value: Any) -> Any:
    refuse_bytes(value)
    if isinstance(value, str):
        if not value.strip():
            return None
        refuse_unrendered(value)
        check_text(value)
    return value


def _id_or_none(value: Any) -> str | None:
    return None if value is None else check_id(value)


def _api_datetime_or_none(value: Any) -> str | None:
    return None if value is None else to_api_datetime(value)


RecordId = Annotated[str, BeforeValidator(check_id)]
"""Id of a record; required."""

OptionalId = Annotated[str | None, BeforeValidator(_id_or_none), BeforeValidator(_blank_is_absent)]
"""Id of a record; optional, blank text counts as not given."""

OptionalText = Annotated[str | None, BeforeValidator(_blank_is_absent)]
"""Short text; optional, blank text counts as not given."""

OptionalDateTime = Annotated[str | None, BeforeValidator(_api_datetime_or_none), BeforeValidator(_blank_is_absent)]
"""Point in time; optional, stored in the format of :func:`to_api_datetime`."""
