"""
What every input must end in, and what is wrong where it does not.

Either in requests that stay on the endpoints of their change, or in an error of this package that names what has to be
mended; and in neither case in words that somebody wrote.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.values.choices import choices_of
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    SmartRecruitersError,
    StalePlanError,
    UnprocessableError,
)
from tests.properties.arguments import common_words
from tests.support import catalogue

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.journal import RequestEntry
    from tests.properties.arguments import Arguments
    from tests.properties.records import Records
    from tests.properties.subjects import Subject

REFUSALS = (BadRequestError, NotFoundError, ConflictError, UnprocessableError, PermissionDeniedError)
"""Answers of the API that say that the values are wrong. Everything else means that something broke."""

SHORTEST_SECRET = 8
"""Characters from which on a text is searched for: shorter ones are in every sentence."""

LONGEST_QUOTE = 32
"""Characters of a value that an error may repeat if only a few are allowed."""

SWITCHES = frozenset(
    {
        *("plan_only", "force", "read_first", "return_response", "replace", "create_tags", "skip_if_unchanged"),
        *("only_if_status_in", "protect_hired", "on_missing", "fail_if_ignored"),
    }
)

_ENDS = 24
_OUR_LINE = re.compile(r"  |Done: |Skipped: |Nothing (to do|was sent)\b")
_A_TIME = re.compile(r"[\d\s:TZWtz+.,-]+")


@dataclass(frozen=True)
class Problem:
    """
    What is wrong with one input.

    :param kind: ``outside``, ``unhandled``, ``server``, ``leak``, ``fields``, ``log`` or ``result``.
    :param example: an input that it happened to.
    """

    kind: str
    subject: str
    what: str
    example: str = field(default="", compare=False)


@dataclass
class Tally:
    """What a run has seen."""

    inputs: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    writes: int = 0
    problems: list[Problem] = field(default_factory=list)

    def count(self, *kinds: str) -> int:
        """Return how many problems there were of some kinds."""
        return sum(problem.kind in kinds for problem in self.problems)


class Judge:
    """
    Tries inputs on a running emulator.

    :param emulator: without limits.
    :param records: what it is to know.
    :param tally: where everything is counted.
    """

    def __init__(self, emulator: SmartRecruitersEmulator, records: Records, tally: Tally | None = None) -> None:
        self.tally = tally or Tally()
        self._emulator = emulator
        self._records = records
        self._log = _Lines()
        with emulator.state.editing() as tenant:
            self._settings = tenant.settings

    def problems(
        self, subject: Subject, arguments: Arguments, switches: Mapping[str, Any], *, exists: bool
    ) -> list[Problem]:
        """
        Try one input.

        :param arguments: what the subject is given.
        :param switches: ``force``, ``read_first`` and ``plan_only`` for a change; an operator has them as arguments.
        :param exists: whether the records that the arguments name are there.
        """
        self._emulator.emulator.journal.clear()
        self._found_company(subject.change)
        error: Exception | None = None
        result: dict[str, Any] | None = None
        with self._records.under(arguments) if exists else nullcontext(), self._log:
            try:
                result = subject.run(arguments, switches)
            except Exception as raised:
                error = raised
        found = [
            *self._requests(subject, arguments),
            *(self._error(subject, arguments, error) if error is not None else self._result(subject, result or {})),
            *(
                ("log", "a message of several lines")
                for message in self._log.messages
                # The report of an error is wrapped; that its sentences have no line breaks of others is checked above.
                if _has_foreign_lines(message) and message != _report(error)
            ),
        ]
        problems = [
            Problem(kind, subject.name, what, f"{arguments!r}\n{dict(switches)}") for kind, what in dict.fromkeys(found)
        ]
        self.tally.inputs[subject.name] += 1
        self.tally.outcomes[
            type(error).__name__ if error else "applied" if (result or {}).get("applied") else "nothing to do"
        ] += 1
        self.tally.problems += problems
        return problems

    def _found_company(self, change: type[Change]) -> None:
        """Let the company have the settings that a change needs; the ones it was seeded with for all others."""
        with self._emulator.state.editing() as tenant:
            # Without a delay, no input waits for a publication.
            tenant.settings = self._settings.changed({"publish_delay": 0, **catalogue.declaration(change).company})

    def _requests(self, subject: Subject, arguments: Arguments) -> Iterator[tuple[str, str]]:
        requests = self._emulator.requests
        self.tally.requests += len(requests)
        self.tally.writes += len(self._emulator.journal.writes())
        allowed = subject.allowed({"job_ad_id": self._records.job_ad_id, **arguments})
        for before, request in zip([None, *requests], requests, strict=False):
            if before is not None and before.status == 401 and _asks_about_the_credential(request):
                continue
            operation_id = allowed.get((request.method, request.path))
            if (
                operation_id is None
                or request.operation_id != operation_id
                or not subject.may_ask(operation_id, request.query)
            ):
                asked = f"{request.method} {request.path[:200]}{'?' if request.query else ''}{request.query[:50]}"
                yield "outside", f"{asked} ({request.operation_id}); allowed: {sorted(map(' '.join, allowed))}"
            if request.status >= 500 or request.status == 0:
                yield "server", f"{request.method} {request.operation_id}: {request.status}"

    def _result(self, subject: Subject, result: dict[str, Any]) -> Iterator[tuple[str, str]]:
        follows = catalogue.declaration(subject.change).follows
        writes = [entry.operation_id for entry in self._emulator.journal.writes()]
        own = [name for name in writes if name not in follows]
        if bool(writes) != result["applied"] or len(own) > 1 or len(writes) - len(own) > len(follows):
            yield "result", f"applied is {result['applied']}, and these writes were applied: {writes}"
        try:
            json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            yield "result", f"is not JSON: {type(error).__name__}"

    def refusal(self, subject: Subject, arguments: Arguments, error: Exception) -> list[str]:
        """
        Return what is wrong with the refusal of an input that was tried elsewhere.

        :param arguments: what the subject was given.
        :param error: what it raised.
        """
        found = [f"{kind}: {what}" for kind, what in self._error(subject, arguments, error)]
        if not getattr(error, "hint", ""):
            found.append(f"hint: {type(error).__name__} does not say what to do")
        return found

    def _error(self, subject: Subject, arguments: Arguments, error: Exception) -> Iterator[tuple[str, str]]:
        if not isinstance(error, (*REFUSALS, InvalidInputError, StalePlanError)):
            yield "unhandled", f"{type(error).__name__}: {error!s:.200}"
            return
        if isinstance(error, InvalidInputError):
            named = {re.split(r"[.\[]", str(name), maxsplit=1)[0] for name in error.fields}
            if not named or not named <= subject.parameters:
                yield "fields", f"{error.fields} is none of {sorted(subject.parameters)}"
        if foreign := [type(one).__name__ for one in _shown(error) if not isinstance(one, SmartRecruitersError)]:
            yield "unhandled", f"{type(error).__name__} shows the traceback of {', '.join(foreign)}"
        if self._emulator.journal.writes():
            yield "result", f"{type(error).__name__} after a write that was applied"
        if len(str(error).splitlines()) > 1:
            yield "log", f"{type(error).__name__} has several lines"
        said = "\n".join((str(error), repr(error), *map(repr, error.args), *map(repr, vars(error).values())))
        if len(said) > 20_000:
            yield "leak", f"{type(error).__name__} is {len(said)} characters long"
        ids = [arguments[name] for name in subject.change.ids if isinstance(arguments.get(name), str)]
        # Before its id is found, a record is known by its name: one that looks like a code, and is no person's.
        names = [name for argument, name in subject.change.names.items() if argument in subject.change.ids]
        given = [arguments.get(name.argument) for name in names if not name.private]
        ids += [text.strip() for text in given if isinstance(text, str) and re.fullmatch(r"\S{1,63}", text.strip())]
        others = {name: value for name, value in arguments.items() if name not in subject.change.ids}
        for text in _texts([value for name, value in others.items() if not _may_be_quoted(subject, name, value)]):
            # An error says which record it is about: a text that is also in its id may be in the error.
            about_it = any(text.strip()[:_ENDS] in record_id for record_id in ids)
            if not about_it and any(form in said for form in _forms(text)):
                yield "leak", f"{type(error).__name__} repeats {text[:40]!r}"


def _may_be_quoted(subject: Subject, name: str, value: Any) -> bool:
    """Return whether an error may repeat a value: a short one, where only codes, names or yes and no go."""
    few = name == "clear_fields" or name in SWITCHES or name in _enumerated(subject.change)
    texts = value if isinstance(value, list | tuple) else [value]
    return few and all(isinstance(text, str) and len(text) <= LONGEST_QUOTE for text in texts)


def _enumerated(change: type[Change]) -> set[str]:
    return {name for name, field in change.model_fields.items() if choices_of(field)}


def _asks_about_the_credential(request: RequestEntry) -> bool:
    """Return whether a request is the question after a 401: is it the credential, or the record?"""
    return (request.method, request.path, request.query) == ("GET", "/jobs", "limit=1")


def _shown(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions that a traceback shows above this one."""
    one: BaseException | None = error
    while one is not None:
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if one is not None:
            yield one


def _has_foreign_lines(message: str) -> bool:
    """Return whether a message has a line that is neither its first, nor indented, nor the last line about a change."""
    lines = message.split("\n")
    return message.splitlines() != lines or not all(_OUR_LINE.match(line) for line in lines[1:])


def _texts(value: Any) -> Iterable[str]:
    """Return the texts of at least eight characters in a value, keys included, but for words that everybody knows."""
    texts: set[str] = set()
    seen: set[int] = set()
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str | bytes):
            texts.add(one if isinstance(one, str) else one.decode("latin-1"))
        elif isinstance(one, Mapping | list | tuple | set) and id(one) not in seen:
            seen.add(id(one))
            left.extend(one)
            if isinstance(one, Mapping):
                left.extend(one.values())
    return {
        text
        for text in texts
        if len(text.strip()) >= SHORTEST_SECRET
        and not _A_TIME.fullmatch(text)
        and text.strip().casefold() not in common_words()
    }


def _forms(text: str) -> set[str]:
    """Return the ways in which a text, or the beginning or end of it, may stand in a message."""
    ends = {text.strip()} if len(text) <= _ENDS else {text.strip()[:_ENDS], text.strip()[-_ENDS:]}
    return {form for end in ends for form in (end, repr(end)[1:-1], json.dumps(end)[1:-1])}


class _Lines(logging.Handler):
    """Keeps what the package logs while it is used as a context."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.messages: list[str] = []
        self._logger = logging.getLogger("airflow_provider_smartrecruiters")

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> None:
        self.messages.clear()
        self._level = self._logger.level
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)


def _report(error: Exception | None) -> str | None:
    return error.report() if isinstance(error, SmartRecruitersError) else None
