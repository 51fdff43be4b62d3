"""The kinds of argument that changes take: record ids, dates, short texts.

All of them are built for values that a template rendered: an empty form field is "not given", the text
``None`` is a template that rendered nothing, and neither may reach the API as if somebody had meant it.
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
"""Longest id, in characters: ``Identifiable.id`` of the contract."""

JSON_MAX_DEPTH = 100
"""Most levels of mappings and lists in a body; a job has seven. How many Python itself bears depends on its version and
on who calls."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PATH = re.compile(r"(/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")

_UNRENDERED = frozenset({"None", "null", "undefined", "Undefined"})

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no argument of it",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "has fewer than {min_length} characters",
}
"""What pydantic says about arguments, in words of this package."""


def check_id(value: Any) -> str:
    """Return ``value`` as the text of a record id.

    Ids are opaque: nothing about their form is assumed but what a URL needs.

    :param value: a text, or a whole number as it may come out of an XCom.
    :raises ValueError: says what is wrong with it, without repeating a value that may be anything.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**ID_MAX_LENGTH:
            raise ValueError(f"is a number of more than {ID_MAX_LENGTH} digits")
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be the text of an id, not {type(value).__name__}")
    if not value.strip():
        raise ValueError("is empty; a template may have rendered nothing")
    refuse_unrendered(value)
    if len(value) > ID_MAX_LENGTH:
        raise ValueError(f"has {len(value)} characters; an id has at most {ID_MAX_LENGTH}")
    # The separators of lines and paragraphs are no control characters, but break a line in a log as well.
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in value):
        raise ValueError("holds control characters (a line break, perhaps)")
    if value != value.strip():
        raise ValueError("begins or ends with a space")
    if not value.strip("."):
        raise ValueError("consists of dots, which would lead to another endpoint")
    return str(value)


def placeholders(template: str) -> list[str]:
    """Return the names of a path's placeholders in their order: ``["jobId"]`` of ``/jobs/{jobId}/status``."""
    return _PLACEHOLDER.findall(template)


def path_segment(value: Any) -> str:
    """Return an id as one percent-encoded segment of a URL path.

    :raises ValueError: as :func:`check_id`.
    """
    return quote(check_id(value), safe="")


def fill_path(template: str, path_params: Mapping[str, Any]) -> str:
    """Return a path with its placeholders replaced by percent-encoded ids.

    :param template: ``/jobs/{jobId}/status``, or a literal path without placeholders.
    :param path_params: a value for each placeholder.
    :raises InvalidInputError: when the result would not lie on the endpoint that the template names.
    """
    names = _PLACEHOLDER.findall(template)
    if set(names) != set(path_params):
        raise InvalidInputError(
            f"The path {template} needs {', '.join(names) or 'no values'}; given: {', '.join(path_params) or 'none'}.",
            fields=tuple(sorted(set(names) ^ set(path_params))),
        )

    def segment(match: re.Match[str]) -> str:
        name = match.group(1)
        try:
            return path_segment(path_params[name])
        except ValueError as error:
            raise InvalidInputError(f"{name} {error}.", fields=(name,)) from None

    path = _PLACEHOLDER.sub(segment, template)
    # Literal paths are the caller's own; a dot segment or a stray character would end at another endpoint. Encoded dots
    # are dots: they are decoded on the way, before the path is resolved.
    if not _PATH.fullmatch(path) or any(not unquote(part).strip(".") for part in path.split("/")[1:]):
        raise InvalidInputError(
            "The path is not one below the API's address: it begins with a slash and has no query, no empty parts "
            "and no characters that need encoding.",
            hint="Put ids into path_params and the query into params.",
            fields=("path",),
        )
    return path


def to_api_datetime(value: Any) -> str:
    """Return a point in time as the API writes it: UTC, milliseconds, ``2026-01-31T00:00:00.000Z``.

    :param value: a :class:`~datetime.datetime`, a :class:`~datetime.date` (midnight UTC), or ISO 8601 text of
        either. A time without an offset is UTC.
    :raises ValueError: when it is none of these.
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
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def same_instant(value: Any) -> Any:
    """Return an answered date in the form of :func:`to_api_datetime`, so that equal instants compare equal.

    What cannot be read as a date is returned as it is: the API's answers are not ours to refuse.
    """
    try:
        return to_api_datetime(value)
    except ValueError:
        return value


def one_of(choices: Iterable[str]) -> Any:
    """Return a pydantic validator for an enumerated value; the error lists the choices.

    A plain ``Literal`` would do the same with a message that says "Input should be".
    """
    allowed = tuple(choices)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return str(value)

    return BeforeValidator(check)


def choice_or_none(choices: Iterable[str]) -> Any:
    """Return a pydantic validator as :func:`one_of`, for a value that may be left out."""
    check = one_of(choices).func

    def check_given(value: Any) -> str | None:
        value = _blank_is_absent(value)
        return None if value is None else check(value)

    return BeforeValidator(check_given)


def refuse_unrendered(value: str) -> None:
    """Refuse the text that a template renders for a value which is not there.

    :raises ValueError: when ``value`` is such a text.
    """
    if value in _UNRENDERED:
        raise ValueError(f"is the text {value!r}: a template rendered a value that is not there")


def check_text(value: str) -> None:
    """Refuse text that cannot be sent, as cut-off emoji are.

    :raises ValueError: when it holds half a character (a lone surrogate).
    """
    if _HALF_CHARACTER.search(value):
        raise ValueError("holds half a character, as text that was cut in the middle of an emoji does")


def check_json(value: Any, name: str) -> None:
    """Refuse what JSON cannot carry; see :func:`encode_json`."""
    encode_json(value, name)


def encode_json(value: Any, name: str) -> bytes:
    """Return a value as JSON.

    :param name: the argument that it came from, for the error.
    :raises InvalidInputError: when JSON cannot carry it; the value is not repeated.
    """
    try:
        encoded = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        if _is_deeper(value, JSON_MAX_DEPTH):
            raise ValueError
    except (TypeError, ValueError, RecursionError):
        raise InvalidInputError(
            f"{name} holds a value that JSON cannot carry, or is nested too deeply", fields=(name,)
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
    """Refuse bytes where text belongs: pydantic would decode them after the text was checked.

    :raises ValueError: when ``value`` is bytes.
    """
    if isinstance(value, bytes | bytearray):
        raise ValueError("must be text, not bytes")


def invalid_arguments(owner: str, use_case: str, error: ValidationError) -> InvalidInputError:
    """Return pydantic's error in words of this package, without a value.

    :param owner: name of the class whose arguments they are.
    :param use_case: id of its use case.
    :param error: what pydantic raised.
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
        f"{owner} cannot be used as given: {'; '.join(problems)}.",
        use_case=use_case,
        hint="Correct it where the task gets it from (the DAG, or the trigger form), then run the task again.",
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
"""Id of a record, required."""

OptionalId = Annotated[str | None, BeforeValidator(_id_or_none), BeforeValidator(_blank_is_absent)]
"""Id of a record that may be left out; blank text counts as left out."""

OptionalText = Annotated[str | None, BeforeValidator(_blank_is_absent)]
"""Short text that may be left out; blank text counts as left out."""

OptionalDateTime = Annotated[str | None, BeforeValidator(_api_datetime_or_none), BeforeValidator(_blank_is_absent)]
"""Point in time that may be left out, kept as :func:`to_api_datetime` writes it."""
