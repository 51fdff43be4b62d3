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

from pydantic import AfterValidator, BeforeValidator, ValidationError, ValidationInfo

from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.api.values.arguments import MAX_DEPTH, Admitted, described, is_blank, problem_of
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

FIX_ARGUMENTS = "Fix the arguments in the DAG or in the trigger form, then run the task again."
ID_MAX_LENGTH = 256
"""Longest id, in characters: ``Identifiable.id`` in the API's contract."""

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PATH = re.compile(r"(/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not an argument",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "has fewer than {min_length} characters",
    "too_long": "has more than {max_length} characters",
    "too_short": "has fewer than {min_length} characters",
    "string_type": "must be text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bytes_type": "must be bytes",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
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
    if value is None or is_blank(value):
        raise ValueError(f"{described(value)}; a template may have rendered nothing")
    if not isinstance(value, str):
        raise ValueError(f"must be an id (text), not {type(value).__name__}")
    if len(value) > ID_MAX_LENGTH:
        raise ValueError(f"has {len(value)} characters; an id has at most {ID_MAX_LENGTH}")
    one_line(value)
    if problem := problem_of(value):
        raise ValueError(problem)
    if value != value.strip():
        raise ValueError("starts or ends with a space")
    # Gateways decode a path before they resolve it, some of them twice. So the fully decoded text counts.
    decoded = _decoded(value)
    if "/" in decoded or "\\" in decoded:
        raise ValueError("contains a slash or a backslash, which would resolve to another endpoint")
    if not decoded.strip("."):
        raise ValueError("consists of dots, which would resolve to another endpoint")
    return str(value)


def _decoded(text: str) -> str:
    while (decoded := unquote(text)) != text:
        text = decoded
    return text


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

    A start date is a day. Midnight is therefore that day, in whatever time zone it is written: as an instant, midnight
    in Berlin would be the day before.

    :param value: a :class:`~datetime.datetime`, a :class:`~datetime.date`, or ISO 8601 text of either. A time without
        an offset is UTC.
    :raises ValueError: it is none of these, or is outside the years 1 to 9999 in UTC.
    """
    moment = _moment(value)
    if (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0):
        moment = moment.replace(tzinfo=UTC)
    return _in_utc(moment)


def same_instant(value: Any) -> Any:
    """Return a date from a response in the format of :func:`to_api_datetime`, so that equal instants compare equal.

    A value that is not a date is returned unchanged: a response is not an argument to reject.
    """
    try:
        return _in_utc(_moment(value))
    except ValueError:
        return value


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T09:00:00Z") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError(f"must be a date, a datetime or ISO 8601 text, not {type(value).__name__}")
    return value


def _in_utc(moment: datetime) -> str:
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_most(limit: int, what: str) -> Any:
    """Return a pydantic validator for the length of a text. Its error gives the length and the limit.

    ``max_length`` would do the same, but without the length: nobody counts thousands of characters.

    :param limit: most characters.
    :param what: what the text is, for the error message: ``a note``.
    """

    def check(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"has {len(text):,} characters; {what} has at most {limit:,}")
        return text

    return AfterValidator(check)


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
        if _is_deeper(value, MAX_DEPTH):
            raise ValueError
    except (TypeError, ValueError, RecursionError):
        raise InvalidInputError(
            f"{name} contains a value that JSON cannot represent, or is nested too deeply.",
            hint=f"Use text, finite numbers, booleans, None, lists and mappings only, at most {MAX_DEPTH} levels deep.",
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


def invalid_arguments(
    owner: str, use_case: str, admitted: Admitted, error: ValidationError | None
) -> InvalidInputError:
    """Return the error that names every argument with a problem, and no value.

    :param owner: name of the class that the arguments belong to.
    :param use_case: id of its use case.
    :param admitted: the result of the gate.
    :param error: the error that pydantic raised for the other arguments.
    """
    said = {path: f"{path} {problem}" for path, problem in admitted.problems.items()}
    names = list(said)
    for item in error.errors(include_url=False, include_context=True, include_input=False) if error else ():
        if item["type"] == "missing" and admitted.refused(str(item["loc"][0])):
            continue
        reason = item.get("ctx", {}).get("error")
        if isinstance(reason, InvalidInputError):
            if admitted.problems:
                # "At least one is required", say, because the gate took the one that was given.
                continue
            names += reason.fields
            said[reason.summary] = reason.summary.rstrip(".")
            continue
        path = _path(item["loc"])
        words = _WORDS.get(item["type"], "").format_map(item.get("ctx", {})) or "is not valid"
        names.append(path)
        # pydantic tries the types of a union in order; the first error is about the type that was meant.
        said.setdefault(path, f"{path} {reason if isinstance(reason, ValueError) else words}")
    return InvalidInputError(
        f"{owner} has invalid arguments: {'; '.join(said.values())}.",
        use_case=use_case,
        hint=FIX_ARGUMENTS,
        fields=tuple(dict.fromkeys(names)),
    )


_TYPE_NAMES = frozenset({"str", "int", "float", "bool", "none", "bytes"})


def _path(location: Iterable[int | str]) -> str:
    """Return pydantic's location as a person writes it: ``tags[1]``, ``job.location.city``."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in _TYPE_NAMES or not path:
            # The branches of a union (int | float) are parts of pydantic's location, and of no argument.
            path += f".{part}" if path else part
    return path


def one_line(value: str) -> str:
    """Return a text that messages quote, as they quote ids.

    :raises ValueError: it would break a line.
    """
    # The line and paragraph separators are not control characters, but they break a line of a log as well.
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in value):
        raise ValueError("contains control characters, such as a line break")
    return value


def as_text(value: Any) -> Any:
    """Return a whole number as its digits: a DAG with ``render_template_as_native_obj=True`` turns the text ``"10115"``
    into one. Any other value is returned as it is.

    :raises ValueError: when the value cannot have been text, or not known to be the same text.
    """
    refuse_bytes(value)
    if isinstance(value, bool | float):
        raise ValueError(f"must be text, not {type(value).__name__}; put it in quotation marks")
    return str(value) if isinstance(value, int) else value


def _blank_is_absent(value: Any) -> Any:
    return None if is_blank(value) else value


def _id_pasted(value: Any, info: ValidationInfo) -> Any:
    return id_pasted(value, info.field_name or "id")


def _id_or_none(value: Any) -> str | None:
    return None if value is None else check_id(value)


def _email_or_none(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()):
        raise ValueError("is not an e-mail address")
    return value.strip()


def _api_datetime_or_none(value: Any) -> str | None:
    return None if value is None else to_api_datetime(value)


Text = Annotated[str, BeforeValidator(as_text)]
"""Text; a whole number is its digits."""

# pydantic runs the last validator first.
RecordId = Annotated[str, BeforeValidator(check_id), BeforeValidator(_id_pasted)]
"""Id of a record, or the address of its page in the browser; required."""

NamedId = Annotated[str | None, BeforeValidator(_id_or_none), BeforeValidator(_id_pasted)]
"""Id of a record as :data:`RecordId`, where a name may be given instead; see ``names`` of the class."""

OptionalId = Annotated[str | None, BeforeValidator(_id_or_none), BeforeValidator(_blank_is_absent)]
"""Id of a record; optional, blank text counts as not given."""

OptionalText = Annotated[str | None, BeforeValidator(as_text), BeforeValidator(_blank_is_absent)]
"""Short text that may be left out; blank text counts as left out."""

OptionalEmail = Annotated[str | None, BeforeValidator(_email_or_none), BeforeValidator(_blank_is_absent)]
"""E-mail address; optional, blank text counts as not given."""

OptionalDateTime = Annotated[str | None, BeforeValidator(_api_datetime_or_none), BeforeValidator(_blank_is_absent)]
"""Point in time; optional, stored in the format of :func:`to_api_datetime`."""
