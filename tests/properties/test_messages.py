"""What an error says about a refused argument, for every argument of its kind of every use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.values.choices import choices_of
from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.common.params import as_bool
from tests.properties.cases import change_of, each_case
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.api.change import Change
    from tests.use_cases.use_case import UseCase

A_SENTENCE = "Ada Lovelace asked for it on Monday"
BLANKS = {"": "is empty", " \n\t": "is empty (white space only)", None: "is missing (None)"}


def change_class(kind: type[UseCase]) -> type[Change]:
    return catalogue.operators()[kind.operator]


def refused(case: UseCase, **differently: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        change_of(case, {**case.arguments(), **differently})
    assert caught.value.hint
    return caught.value


def enumerated(kind: type[UseCase]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield name and values of each enumerated argument, and whether it is required."""
    for name, field in change_class(kind).model_fields.items():
        if choices := choices_of(field):
            yield name, choices, field.is_required()


def of_every_case(arguments: Any) -> list[Any]:
    return [
        pytest.param(kind, *found, id=f"{kind.use_case}-{found[0]}")
        for kind in catalogue.cases()
        for found in arguments(kind)
        if found[0] in catalogue.parameters(kind.operator)
    ]


each_enumerated = pytest.mark.parametrize(("kind", "name", "choices", "required"), of_every_case(enumerated))
each_private = pytest.mark.parametrize(
    ("kind", "name"), of_every_case(lambda kind: [(name,) for name in kind.operator.private_fields])
)


def test_there_are_enumerated_and_private_arguments() -> None:
    assert len(of_every_case(enumerated)) >= 4
    assert len([kind for kind in catalogue.cases() if kind.operator.private_fields]) >= 3


@each_case
@pytest.mark.parametrize(("blank", "words"), BLANKS.items(), ids=["empty", "white space", "none"])
def test_an_empty_id_is_called_empty(prepare: Any, kind: type[UseCase], blank: Any, words: str) -> None:
    case = prepare(kind)
    required = [name for name, field in change_class(kind).model_fields.items() if field.is_required()]
    for name in [name for name in required if name.endswith("_id")]:
        error = refused(case, **{name: blank})
        assert f"{name} {words}; a template may have rendered nothing" in error.summary
        assert error.fields == (name,)


@each_enumerated
@pytest.mark.parametrize(("blank", "words"), BLANKS.items(), ids=["empty", "white space", "none"])
def test_an_empty_choice_is_called_empty(
    prepare: Any, kind: type[UseCase], name: str, choices: tuple[str, ...], required: bool, blank: Any, words: str
) -> None:
    case = prepare(kind)
    if not required:
        change = change_of(case, {**case.arguments(), name: blank})
        assert getattr(change, name) == type(change).model_fields[name].default
        return
    error = refused(case, **{name: blank})
    assert f"{name} {words}; it must be one of {', '.join(choices)}" in error.summary


@each_enumerated
def test_a_wrong_choice_is_quoted_and_corrected(
    prepare: Any, kind: type[UseCase], name: str, choices: tuple[str, ...], required: bool
) -> None:
    case = prepare(kind)
    for choice in choices:
        for given in (choice.swapcase(), choice.replace("_", " ").capitalize(), f"{choice}x", f" {choice}"):
            if given not in choices:
                said = f"{name} is {given!r} (did you mean {choice}?); it must be one of {', '.join(choices)}"
                assert said in refused(case, **{name: given}).summary
    assert f"{name} is 'XYZZY_7'; it must be" in refused(case, **{name: "XYZZY_7"}).summary


@each_enumerated
@pytest.mark.parametrize("given", [A_SENTENCE, "Lovelace", "x" * 33, "a\u202eb"], ids=[*"abcd"])
def test_what_may_be_a_sentence_is_not_quoted(
    prepare: Any, kind: type[UseCase], name: str, choices: tuple[str, ...], required: bool, given: str
) -> None:
    error = refused(prepare(kind), **{name: given})
    assert f"{name} is a text of {len(given)} characters; it must be" in error.summary
    assert given not in str(error)


@each_enumerated
@pytest.mark.parametrize(
    ("given", "words"), [(5, "a number"), (True, "a boolean"), ({"a": 1}, "a mapping"), (["a"], "a list")]
)
def test_what_is_no_text_is_called_what_it_is(
    prepare: Any, kind: type[UseCase], name: str, choices: tuple[str, ...], required: bool, given: Any, words: str
) -> None:
    assert f"{name} is {words}; it must be" in refused(prepare(kind), **{name: given}).summary


@each_case
def test_a_field_to_clear_is_quoted_and_corrected(prepare: Any, kind: type[UseCase]) -> None:
    clearable = change_class(kind).clearable
    for name in clearable:
        error = refused(prepare(kind), clear_fields=[name.replace("_", "").capitalize()])
        assert f"(did you mean {name}?); it must be one of {', '.join(clearable)}" in error.summary


def readers(kind: type[UseCase]) -> Iterator[tuple[str]]:
    """Yield each argument with a parser. What it cannot parse was rendered wrongly."""
    yield from ((name,) for name in kind.operator.parameter_readers)


@pytest.mark.parametrize(("kind", "name"), of_every_case(readers))
def test_nobody_is_sent_to_a_view_that_hides_the_value(prepare: Any, kind: type[UseCase], name: str) -> None:
    error = refused(prepare(kind), **{name: A_SENTENCE})
    private = name in kind.operator.private_fields
    assert ("Rendered Template" in str(error)) is not private
    assert not private or "Airflow shows only the size of such a value" in error.hint
    said = "a text of 35 characters"
    assert f"The rendered value is {said}." in error.summary
    assert A_SENTENCE not in str(error)
    if kind.operator.parameter_readers[name] is as_bool:
        assert (
            "The rendered value is 'Flase' (did you mean false?)." in refused(prepare(kind), **{name: "Flase"}).summary
        )


@each_private
@pytest.mark.parametrize("residue", ["None", "{{ params.x }}", "half \ud83d", "bell\x07", float("nan"), b"bytes", {1}])
def test_no_error_about_a_private_argument_sends_there(
    prepare: Any, kind: type[UseCase], name: str, residue: Any
) -> None:
    case = prepare(kind)
    for given in (residue, [residue], [[residue]], {"a": residue}):
        said = ""
        try:
            change_of(case, {**case.arguments(), name: given})
        except InvalidInputError as error:
            said = str(error)
        assert "Rendered Template" not in said
