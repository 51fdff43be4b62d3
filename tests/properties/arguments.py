"""
From a change, or an operator, to its arguments: by the types of its fields, so that a new one needs no line here.

Each argument is either plain, of a kind that is taken, or strange. Few are strange at once: one that is refused would
hide what becomes of the others.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Container, Iterable, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator

from airflow_provider_smartrecruiters.api.candidates import APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.converge import ON_MISSING
from airflow_provider_smartrecruiters.api.positions import DateTime
from airflow_provider_smartrecruiters.api.records import job_content
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalDateTime, RecordId
from tests.properties import values
from tests.support import catalogue

if typing.TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import DrawFn, SearchStrategy
    from pydantic.fields import FieldInfo

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

_RECORD_IDS = (typing.get_args(RecordId)[1], typing.get_args(NamedId)[1])
_DATE_TIMES = (typing.get_args(OptionalDateTime)[1], typing.get_args(DateTime)[1])

# Values that are taken, by the names of fields. What only the seeded company knows is in a use case's declaration.
KNOWN: dict[str, SearchStrategy[Any]] = {
    "language": st.sampled_from(("en", "pt-BR")),
    "countryCode": st.sampled_from(("de", "us", "zz")),
    "refNumber": st.sampled_from(("REF1", "x" * 63)),
    "replace": st.sampled_from((False, False, False, True)),
    "max_bytes": st.sampled_from((100, 5 * 1024 * 1024)),
    **{name: st.sampled_from(known) for case in catalogue.cases() for name, known in case.known.items()},
}
STRANGE: dict[str, SearchStrategy[Any]] = {
    "max_bytes": values.numbers,
}


class Arguments(dict[str, Any]):
    """Arguments by their names, with a ``repr`` that a deep or endless value does not break."""

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {_short(value)}" for name, value in self.items())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def for_change(change: type[Change]) -> SearchStrategy[Arguments]:
    """Return a strategy for the arguments of a change."""
    ids = change.ids
    plain = {name: plain_of(name, field.annotation, field, ids) for name, field in change.model_fields.items()}
    strange = {name: strange_of(name, field.annotation, field, ids) for name, field in change.model_fields.items()}
    required = {name for name, field in change.model_fields.items() if field.is_required()} | _needed(change)
    return _arguments(plain, strange, required, set(ids), _alternatives(change))


def for_operator(
    operator: type[SmartRecruitersBaseOperator], change: type[Change], files: Path
) -> SearchStrategy[Arguments]:
    """
    Return a strategy for the parameters of an operator as they are after rendering: the value, or its text.

    :param change: what the operator builds; a parameter of the same name is of the same kind.
    :param files: a directory with files for parameters that name one.
    """
    fields = change.model_fields
    parameters = inspect.signature(operator.__init__).parameters
    names = [name for name in operator.template_fields if name != "smartrecruiters_conn_id"]
    plain, strange = {}, {}
    for name in names:
        if name == "expect":
            plain[name] = st.none()
            strange[name] = st.one_of(values.texts, st.text("0123456789abcdef", min_size=64, max_size=64))
        elif name.endswith("_path"):
            plain[name] = st.just(str(files / "portrait.png"))
            strange[name] = st.one_of(
                st.sampled_from(sorted(map(str, files.iterdir()))),
                st.sampled_from(sorted(map(str, files.iterdir()))),
                st.sampled_from(
                    ("/", ".", "~", str(files), "nowhere.png", "file://nowhere", "memory://a", "://", "x://a")
                ),
                values.texts.map(lambda text: f"{files}/{text}"),
                values.anything,
            )
        elif name == "only_if_status_in":
            plain[name] = st.sampled_from((None, list(APPLICATION_STATUSES)) if change.of_application else (None,))
            strange[name] = st.one_of(st.lists(st.sampled_from(APPLICATION_STATUSES)), values.anything)
        elif name == "on_missing":
            plain[name] = st.sampled_from(ON_MISSING)
            strange[name] = st.one_of(values.odd_choices, values.anything)
        elif name not in fields:
            plain[name] = st.sampled_from((True, False, "true", "no"))
            strange[name] = values.switches
        else:
            native = plain_of(name, fields[name].annotation, fields[name])
            plain[name] = st.one_of(native, native.map(values.printed), native.map(values.rendered))
            odd = strange_of(name, fields[name].annotation, fields[name])
            strange[name] = st.one_of(
                odd, odd.map(values.printed), odd.map(values.rendered), st.sampled_from(values.RENDERED)
            )
            if _is_text(fields[name].annotation):
                # A plain text is its own rendering.
                plain[name] = native
    required = {name for name in names if name in parameters and parameters[name].default is inspect.Parameter.empty}
    required |= _needed(change)
    return _arguments(plain, strange, required, set(change.ids), _alternatives(change))


def _alternatives(change: type[Change]) -> dict[str, str]:
    """Return the arguments of which only one may be given: that of an id to that of a name."""
    return {argument: name.argument for argument, name in change.names.items()}


def _needed(change: type[Change]) -> set[str]:
    """Return the arguments that take an id, and are required but for a name in place of it."""
    return {argument for argument, name in change.names.items() if not name.optional}


@cache
def common_words() -> frozenset[str]:
    """Return, in lower case, the words that messages have anyway: names of fields, and values that are listed."""
    words = set(values.RENDERED)
    words |= set(values.ENUMERATED)
    for kind in vars(job_content).values():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            words |= set(kind.model_fields)
    return frozenset(map(str.casefold, words))


@st.composite
def _arguments(
    draw: DrawFn,
    plain: Mapping[str, SearchStrategy[Any]],
    strange: Mapping[str, SearchStrategy[Any]],
    required: set[str],
    ids: set[str],
    alternatives: Mapping[str, str],
) -> Arguments:
    arguments = Arguments()
    # Either the ids are strange and the rest must let them through, or the other way round, or all of it.
    # A name that nothing has ends its input as well, so the more names, the more of the rest is plain.
    odd = draw(st.sampled_from((*["none"] * (3 + 3 * len(alternatives)), "ids", "one", "one", "all")))
    others = [name for name in plain if name not in ids]
    chosen = draw(st.sampled_from(others)) if others else None
    for name in plain:
        is_odd = {"ids": name in ids, "one": name == chosen, "all": draw(st.booleans()), "none": False}[odd]
        if is_odd:
            arguments[name] = draw(strange[name])
        elif name in required or draw(st.booleans()):
            arguments[name] = draw(plain[name])
    # A name that nothing has ends its input, so few have one.
    by_name = (
        chosen
        if odd == "one"
        else draw(st.sampled_from((*[None] * (9 * len(alternatives) or 9), *alternatives.values())))
    )
    for argument, name in alternatives.items() if odd != "all" else ():
        arguments.pop(argument if name == by_name else name, None)
        wanted = name if name == by_name else argument
        if wanted not in arguments and argument in required:
            arguments[wanted] = draw(plain[wanted])
    return arguments


def plain_of(
    name: str, annotation: Any, field: FieldInfo | None = None, ids: Container[str] = ()
) -> SearchStrategy[Any]:
    metadata = field.metadata if field else ()
    options = _options(annotation)
    model = _model(options)
    if name in KNOWN and model is None:
        return KNOWN[name]
    if any(check in metadata for check in _RECORD_IDS) or name in ids:
        return values.plain_ids
    if any(check in metadata for check in _DATE_TIMES):
        return values.plain_dates
    if accepted := _choices(metadata):
        return st.sampled_from(accepted)
    if model is not None:
        members = {member: plain_of(member, info.annotation, info) for member, info in model.model_fields.items()}
        # A label in place of an id is one that nothing has.
        required = {member for member, info in model.model_fields.items() if info.is_required() or member == "id"}
        # In the order of the fields: the order of a set differs from run to run, and with it what is drawn.
        return st.fixed_dictionaries(
            {member: found for member, found in members.items() if member in required},
            optional={member: found for member, found in members.items() if member not in required},
        ).filter(bool)
    if dict in map(typing.get_origin, options):
        return st.one_of(
            st.none(), st.fixed_dictionaries({"id": values.plain_ids}), st.just({"label": "a text of the company's"})
        )
    for option in options:
        if typing.get_origin(option) in (list, tuple):
            item = typing.get_args(option)[0]
            return values.tag_lists if item is str else st.lists(plain_of(name, item), max_size=3)
    kinds: dict[type, SearchStrategy[Any]] = {
        bool: st.booleans(),
        bytes: values.plain_images,
        int: st.integers(1, 10**6),
        float: st.floats(0, 1e9),
        str: values.plain_texts,
    }
    found = [kinds[option] for option in options if option in kinds]
    # A type that nobody has thought of is tried with everything, until somebody does.
    return st.one_of(found) if found else values.anything


def strange_of(
    name: str, annotation: Any, field: FieldInfo | None = None, ids: Container[str] = ()
) -> SearchStrategy[Any]:
    """Return a strategy for values of an argument that nobody should give; parameters as of :func:`plain_of`."""
    metadata = field.metadata if field else ()
    options = _options(annotation)
    kinds: list[SearchStrategy[Any]] = [values.anything]
    if name in STRANGE:
        kinds.append(STRANGE[name])
    elif _choices(metadata):
        kinds += [values.enumerated, values.odd_choices]
    elif any(check in metadata for check in _RECORD_IDS) or name in ids:
        kinds = [values.texts, values.texts, values.anything]
    elif any(check in metadata for check in _DATE_TIMES):
        kinds += [values.dates, values.dates]
    elif bytes in options:
        kinds.append(values.images)
    elif str in options:
        kinds += [values.texts, values.people_wrote]
    elif model := _model(options):
        # The shape is right and what hangs on it is not, at any depth.
        members = {
            member: plain_of(member, info.annotation, info) | strange_of(member, info.annotation, info)
            for member, info in model.model_fields.items()
        }
        shaped = st.fixed_dictionaries({}, optional=members)
        with_more = st.builds(lambda a, b: a | b, shaped, st.dictionaries(values.KEYS, values.anything))
        kinds += [shaped, shaped, with_more]
    for option in options:
        if typing.get_origin(option) in (list, tuple):
            item = typing.get_args(option)[0]
            odd = values.anything if item is str else plain_of(name, item) | strange_of(name, item)
            members_of = st.lists(odd | values.people_wrote, max_size=4)
            kinds += [members_of, members_of.map(tuple), members_of.map(lambda items: items + items)]
    return st.one_of(kinds)


def _choices(metadata: Iterable[Any]) -> list[str]:
    """Return which values of all lists a field takes; none where it takes any text."""
    checks = [item.func for item in metadata if isinstance(item, BeforeValidator)]
    if any(inspect.isfunction(check) and len(inspect.signature(check).parameters) > 1 for check in checks):
        # It asks for the name of the field, which no list of values depends on.
        return []

    def accepted(value: str) -> bool:
        try:
            return bool(checks) and all(check(value) == value for check in checks)
        except ValueError:
            return False

    return [value for value in values.ENUMERATED if accepted(value)] if not accepted("a text") else []


def _options(annotation: Any) -> list[Any]:
    """Return the types that an annotation allows, without what is said about them."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return [option for one in typing.get_args(annotation) for option in _options(one)]
    if typing.get_origin(annotation) is typing.Annotated:
        return _options(typing.get_args(annotation)[0])
    return [] if annotation is type(None) else [annotation]


def _model(options: list[Any]) -> type[BaseModel] | None:
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _is_text(annotation: Any) -> bool:
    return str in _options(annotation)


def _short(value: Any, depth: int = 0) -> str:
    if isinstance(value, Mapping):
        if depth > 5:
            return "{...}"
        return "{" + ", ".join(f"{_short(k)}: {_short(v, depth + 1)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[...]" if depth > 5 else "[" + ", ".join(_short(item, depth + 1) for item in value) + "]"
    try:
        text = repr(value)
    except ValueError:
        return f"<{type(value).__name__}>"
    return text if len(text) <= 200 else f"{text[:100]}...{text[-20:]} ({len(text)} characters)"
