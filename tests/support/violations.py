"""What a check of the contract reports, and how a validator's error is put into words without the data it saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jsonschema.exceptions import best_match
from openapi_core.deserializing.exceptions import DeserializeError
from openapi_core.deserializing.styles.exceptions import EmptyQueryParameterValue
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import (
    MissingRequestBodyError,
    MissingRequiredParameter,
    ParameterValidationError,
)
from openapi_core.validation.response.exceptions import HeaderValidationError, MissingData
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema.exceptions import ValidationError

Side = Literal["request", "response"]

_SHOWN = 60


@dataclass(frozen=True)
class Violation:
    """
    One way in which a request or an answer departs from the contract document.

    :param side: ``request`` or ``response``.
    :param rule: short name of the broken rule, for tests to look for.
    :param operation: operation id of the contract, or ``?`` where none matches.
    :param method: HTTP method.
    :param path: path template, or the start of the raw path where no operation matches.
    :param where: the place: ``body: jobAd.sections``, ``query: limit``, ``header: X-SmartToken``, ...
    :param what: what is wrong, without values longer than a word.
    :param status: status of the answer, ``None`` for a request.
    """

    side: Side
    rule: str
    operation: str
    method: str
    path: str
    where: str
    what: str
    status: int | None = None

    def __str__(self) -> str:
        status = "" if self.status is None else f" {self.status}"
        what = f"{self.where}: {self.what} ({self.rule})"
        return f"{self.side}{status} {self.method} {self.path} [{self.operation}] {what}"


def shorten(text: str) -> str:
    """Return at most sixty characters of a text: enough to find it, too little to leak a body."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def explain(error: Exception) -> Iterator[tuple[str, str, str]]:
    """
    Put an error of openapi-core into words.

    :param error: what ``iter_errors`` of a request or response validator gave.
    :return: triples of rule, where and what; one error may hold several.
    """
    cause = error.__cause__
    where = _place(error)
    if isinstance(error, MissingRequestBodyError | MissingData):
        yield "missing-body", where, "the document requires a body"
    elif isinstance(error, MissingRequiredParameter):
        yield "missing-parameter", where, "required"
    elif isinstance(error, ResponseNotFound):
        yield "undocumented-status", "status", f"documented are {', '.join(error.availableresponses)}"
    elif isinstance(cause, InvalidSchemaValue):
        for schema_error in cause.schema_errors:
            yield from _explain_schema(where, schema_error)
    elif isinstance(cause, MediaTypeNotFound):
        found = shorten(cause.mimetype or "none")
        yield "content-type", where, f"{found}, documented is {', '.join(cause.availableMimetypes)}"
    elif isinstance(cause, EmptyQueryParameterValue):
        yield "parameter", where, "empty"
    elif isinstance(cause, DeserializeError):
        kind = getattr(cause, "mimetype", None) or getattr(cause, "type", None) or "documented"
        yield "unreadable", where, f"cannot be read as {kind}"
    else:
        # A kind of error that nobody has met yet must fail a test, not pass for lack of words.
        yield "invalid", where, f"{type(error).__name__}: {type(cause).__name__}"


def _place(error: Exception) -> str:
    if isinstance(error, ParameterValidationError):
        return f"{error.location}: {error.name}"
    if isinstance(error, HeaderValidationError):
        return f"header: {error.name}"
    return "body"


def _explain_schema(where: str, error: ValidationError) -> Iterable[tuple[str, str, str]]:
    # A failed oneOf says nothing by itself: the closest alternative's own complaint does.
    error = best_match([error])
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    place = f"{where}: {path.removeprefix('.')}" if path else where
    value, limit = error.instance, error.validator_value
    if error.message.startswith("Additional properties"):
        # The message names the members, which the document's side chose not to know: never their values.
        return [("unknown-member", place, shorten(error.message))]
    match error.validator:
        case "required":
            return [("required", place, shorten(error.message))]
        case "enum":
            return [("enum", place, f"{shorten(repr(value))} is none of {', '.join(map(str, limit))}")]
        case "type" | "nullable":
            return [("type", place, f"expected {limit}, got {type(value).__name__}")]
        case "format":
            return [("format", place, f"not a {limit}")]
        case "minLength" | "maxLength" | "minItems" | "maxItems":
            return [(error.validator, place, f"{len(value)}, the limit is {limit}")]
        case keyword:
            return [(str(keyword), place, f"breaks {keyword} {shorten(str(limit))}")]
