"""
The rules that every use case keeps, tried on every member of every argument.

Which members there are follows from the declarations and from the contract, so a new use case is tried as well.
"""

from __future__ import annotations

import copy
import re
import typing
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from airflow_provider_smartrecruiters.api import (
    InvalidInputError,
    SmartRecruitersClient,
    UnexpectedResponseError,
    apply,
    plan,
)
from airflow_provider_smartrecruiters.api.jobs import UpdateJobAd, UpdateJobAndJobAd, UpdateJobPosition
from tests.properties.cases import change_of, connect, each_case, each_readable
from tests.support import catalogue
from tests.support.contract import DOCUMENT, read_document
from tests.support.scripted_server import ScriptedServer, reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.use_cases.use_case import UseCase

    Emulator = SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

RESIDUES = ("None", "nan", "<NA>", "{{ params.x }}", "half \ud83d", "bell\x07", float("nan"))


def leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, f"{path}[{index}]")
    else:
        yield path


def replaced(arguments: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(dict(arguments))
    *way, last = path.replace("[", ".[").split(".")
    place: Any = made
    for part in way:
        place = place[int(part[1:-1]) if part[0] == "[" else part]
    place[int(last[1:-1]) if last[0] == "[" else last] = value
    return made


# 1 and 2: arguments, and what is blank


@each_case
@pytest.mark.parametrize("residue", RESIDUES, ids=[str(number) for number in range(len(RESIDUES))])
def test_what_a_template_left_behind_is_never_sent(prepare: Any, kind: type[UseCase], residue: Any) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    paths = [path for name, value in arguments.items() for path in leaves(value, name)]
    for path in paths:
        with pytest.raises(InvalidInputError) as caught:
            change_of(case, replaced(arguments, path, residue))
        assert path in caught.value.fields, path
        assert not isinstance(residue, str) or "half" not in residue or "\ud83d" not in str(caught.value)
    assert case.emulator.requests == []


@each_readable
@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_removes_nothing(prepare: Any, kind: type[UseCase], blank: str, client: SmartRecruitersClient) -> None:
    case = prepare(kind)
    arguments = case.arguments()
    before = case.stored(arguments)
    for path in [path for name, value in arguments.items() if name not in case.ids for path in leaves(value, name)]:
        try:
            change = change_of(case, replaced(arguments, path, blank))
        except InvalidInputError:
            continue
        differs = plan(client, change).as_dict()["diff"]
        assert [item for item in differs if item.get("after", item.get("after_length")) is None] == [], path
    assert case.stored(arguments) == before


# 3: what is applied twice sends nothing the second time


def members(kind: Any) -> Iterator[list[str]]:
    """Yield the path of each member of a model, and of the models in it."""
    for name, field in kind.model_fields.items():
        yield [name]
        for inner in models(field.annotation):
            yield from ([name, *path] for path in members(inner))


def models(annotation: Any) -> list[type[BaseModel]]:
    return [part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]


def _parts(annotation: Any) -> Iterator[Any]:
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is list or not arguments:
        yield annotation
    for part in arguments if typing.get_origin(annotation) is not list else ():
        yield from _parts(part)


def nested(path: list[str], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return value


def every_member() -> Iterator[tuple[type[Change], str, list[str]]]:
    for change in catalogue.changes():
        for name, field in change.model_fields.items():
            for model in models(field.annotation):
                yield from ((change, name, path) for path in members(model))


MEMBERS = list(every_member())
NAMES = [".".join([change.__name__, argument, *path]) for change, argument, path in MEMBERS]


@pytest.mark.slow
@pytest.mark.parametrize("value", [None, "", [], {}], ids=repr)
@pytest.mark.parametrize(("change", "argument", "path"), MEMBERS, ids=NAMES)
def test_a_member_that_is_emptied_stays_so(
    prepare: Any, change: type[Change], argument: str, path: list[str], value: Any, client: SmartRecruitersClient
) -> None:
    case = prepare(catalogue.declaration(change))
    ids = {name: case.arguments()[name] for name in case.ids}
    try:
        made = change(**ids, **{argument: nested(path, value)})
        apply(client, made)
    except InvalidInputError:
        return
    written = len(case.emulator.journal)
    again = apply(client, made)
    assert (again.changed, len(case.emulator.journal)) == (False, written)


def misspellings(name: str) -> set[str]:
    """Return what people write for a name of four letters or more."""
    middle = len(name) // 2
    swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
    snake = re.sub("([A-Z])", r"_\1", name).lower()
    return {swapped, snake, name.upper(), name.capitalize(), f"{name}s", f"{name}_"} - {name}


@pytest.mark.parametrize(("change", "argument", "path"), MEMBERS, ids=NAMES)
def test_a_misspelled_member_is_refused(change: type[Change], argument: str, path: list[str]) -> None:
    """The API would ignore it, and the task would be green."""
    *above, name = path
    ids = dict.fromkeys(change.ids, "x")
    for wrong in misspellings(name) if len(name) > 3 else ():
        inner = [{wrong: "text", "id": "x", "value": None}] if above == ["properties"] else {wrong: "text"}
        said = rf"\b(did you mean {name}\?|unknown section|{name} is missing)"
        with pytest.raises(InvalidInputError, match=said) as caught:
            change(**ids, **{argument: nested(above, inner)})
        assert "text" not in str(caught.value).replace("did you mean text", "").replace(wrong, "")


@each_readable
def test_what_is_applied_twice_is_sent_once(prepare: Any, kind: type[UseCase], client: SmartRecruitersClient) -> None:
    case = prepare(kind)
    change = change_of(case, case.arguments())
    assert apply(client, change).changed is True
    written = len(case.emulator.journal)
    assert apply(client, change).changed is False
    assert len(case.emulator.journal) == written


def test_a_job_as_it_is_answered_can_be_given_back(smartrecruiters_emulator: Emulator, client: Any) -> None:
    for job_id in smartrecruiters_emulator.state.job_ids[:8]:
        for replace in (False, True):
            answer = client.request("GET", f"/jobs/{job_id}")
            assert apply(client, UpdateJobAndJobAd(job_id=job_id, job=answer, replace=replace)).changed is False
            change = UpdateJobAndJobAd(job_id=job_id, job={**answer, "refNumber": f"NEW-{replace}"}, replace=replace)
            assert [item.name for item in apply(client, change).diffs] == ["refNumber"]
            assert apply(client, change).changed is False


def test_a_replacement_without_what_the_api_fills_in(smartrecruiters_emulator: Emulator, client: Any) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    answer = client.request("GET", f"/jobs/{job_id}")
    kept = ("title", "location", "industry", "function", "experienceLevel")
    change = UpdateJobAndJobAd(job_id=job_id, job={name: answer[name] for name in kept}, replace=True)
    assert apply(client, change).changed is True
    assert apply(client, change).changed is False


@pytest.mark.parametrize("code", ["DE", "De", "de"])
def test_a_country_in_capitals_is_the_same(smartrecruiters_emulator: Emulator, client: Any, code: str) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        job = next(job for job in tenant.jobs.values() if job.access == "full" and job.location.country_code == "de")
    assert apply(client, UpdateJobAndJobAd(job_id=job.id, job={"location": {"countryCode": code}})).changed is False


# 4: nothing is lost


def shared_members(contract: Mapping[str, Any], answer: str, body: str) -> Iterator[list[str]]:
    """Yield the path of each member that both an answered and an accepted schema have."""
    yield from _shared(contract[answer], contract[body], contract)


def _shared(answered: Any, accepted: Any, schemas: Any) -> Iterator[list[str]]:
    answered, accepted = (schemas[s["$ref"].rpartition("/")[2]] if "$ref" in s else s for s in (answered, accepted))
    common = answered.get("properties", {}).keys() & accepted.get("properties", {}).keys()
    # A label follows from its id or code; what the document has of a language is one schema for both sides.
    common -= {"label", "labelNative"}
    for name in sorted(common):
        deeper = list(_shared(answered["properties"][name], accepted["properties"][name], schemas))
        yield from ([name, *path] for path in deeper) if deeper else [[name]]


SCHEMAS = read_document(DOCUMENT)["components"]["schemas"]
WHOLE = {
    UpdateJobAndJobAd: ("JobDetails", "JobInput", {"job": {"title": "New"}}),
    UpdateJobAd: ("JobAdItem", "JobAdContent", {"title": "New"}),
    UpdateJobPosition: ("JobPosition", "JobPositionInput", {"type": "NEW"}),
}


def test_every_write_that_replaces_a_record_is_tried() -> None:
    assert {change for change in catalogue.changes() if change.whole} == WHOLE.keys()


@pytest.mark.parametrize("change", WHOLE, ids=lambda change: change.__name__)
def test_what_is_answered_and_accepted_is_sent_back(change: type[Change]) -> None:
    answer_schema, body_schema, arguments = WHOLE[change]
    made = change(**dict.fromkeys(change.ids, "x"), **arguments)
    shared = list(shared_members(SCHEMAS, answer_schema, body_schema))
    assert len(shared) > 3
    for path in shared:
        body = made.body(with_members(change, path, "kept"))
        assert _found(body, path) not in (None, {}, []), path


@pytest.mark.parametrize("change", WHOLE, ids=lambda change: change.__name__)
@pytest.mark.parametrize("path", [["brandNew"], ["location", "hybrid"], ["jobAd", "brandNew"]], ids=".".join)
@pytest.mark.parametrize("value", ["text", 0, False, [1], {"id": "x", "deep": [{"er": 1}]}], ids=repr)
def test_members_that_nobody_has_heard_of_are_sent_back(change: type[Change], path: list[str], value: Any) -> None:
    made = change(**dict.fromkeys(change.ids, "x"), **WHOLE[change][2])
    assert _found(made.body(with_members(change, path, value)), path) == value


@pytest.mark.parametrize("change", WHOLE, ids=lambda change: change.__name__)
def test_no_null_is_sent_back(change: type[Change]) -> None:
    made = change(**dict.fromkeys(change.ids, "x"), **WHOLE[change][2])
    state = with_members(change, ["location", "address"], None)
    assert None not in list(_values(made.body({**state, "brandNew": None, "other": {"a": None, "b": [None, 1]}})))


def with_members(change: type[Change], path: list[str], value: Any) -> dict[str, Any]:
    """Return an answered record that has all that a write needs, and one member more."""
    state: dict[str, Any] = {
        "title": "Old",
        "type": "NEW",
        "positionOpenDate": "2026-01-01T00:00:00.000Z",
        "targetStartDate": "2026-02-01T00:00:00.000Z",
        "location": {"countryCode": "de", "city": "Berlin"},
        **{name: {"id": "x", "label": "X"} for name in ("industry", "function", "experienceLevel")},
        "jobAd": {},
    }
    place = state
    for name in path[:-1]:
        place = place.setdefault(name, {})
    if path[-1] == "properties":
        value = [{"id": "p", "label": "P", "value": {"id": "v", "label": "V"}}]
    elif path[-1].endswith(("Date", "remote", "template")):
        value = place.get(path[-1], True)
    elif path[-1] in ("industry", "function", "experienceLevel", "department", "typeOfEmployment", "eeoCategory"):
        value = {"id": "x"}
    place[path[-1]] = value
    return state


def _found(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _values(value: Any) -> Iterator[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield value
    for part in parts:
        yield from _values(part)


def test_half_a_location_is_named_when_it_is_lost() -> None:
    ad = {"id": "a", "title": "Old", "jobAd": {}, "location": {"city": "Berlin"}, "postingStatus": "NOT_PUBLISHED"}
    unchanged = UpdateJobAd(job_id="j", job_ad_id="a", title="Old")
    with ScriptedServer(reply(200, ad)) as server:
        assert apply(connect(server.url), unchanged).changed is False
        assert len(server.requests) == 1
    written = reply(200, {**ad, "title": "New"})
    with ScriptedServer(reply(200, ad), written, written) as server:
        result = apply(connect(server.url), UpdateJobAd(job_id="j", job_ad_id="a", title="New"))
    assert result.details["not_kept"] == ["location.city"]


# 5: a record is a record


@each_readable
@pytest.mark.parametrize("answer", [{}, [], "text", {"other": 1}], ids=repr)
def test_an_answer_that_is_no_record_changes_nothing(prepare: Any, kind: type[UseCase], answer: Any) -> None:
    case = prepare(kind)
    change = change_of(case, case.arguments())
    with ScriptedServer(always=reply(200, answer)) as server:
        with pytest.raises(UnexpectedResponseError):
            apply(connect(server.url), change)
        assert {request.method for request in server.requests} == {"GET"}
