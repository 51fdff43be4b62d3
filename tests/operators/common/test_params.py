from __future__ import annotations

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_list, as_mapping, as_size


@pytest.mark.parametrize("value", [True, "true", "True", " TRUE ", "yes", "Yes", "1", 1])
def test_true(value):
    assert as_bool("plan_only", value) is True


@pytest.mark.parametrize("value", [False, "false", "False", "NO", "no", "0", 0])
def test_false(value):
    assert as_bool("plan_only", value) is False


@pytest.mark.parametrize("value", ["", " ", "None", None, "on", "tru", "2", 2, -1, 1.0, [], [True], {}])
def test_a_value_that_is_not_a_switch_is_refused_and_never_false(value):
    with pytest.raises(
        InvalidInputError,
        match=r"plan_only must be true or false \(or yes/no, 1/0\)\. The rendered value is ",
    ) as caught:
        as_bool("plan_only", value)
    assert caught.value.fields == ("plan_only",)


@pytest.mark.parametrize(("value", "size"), [(1, 1), ("5242880", 5242880), (" 10 ", 10)])
def test_size(value, size):
    assert as_size("max_bytes", value) == size


@pytest.mark.parametrize("value", ["", "5 MiB", "1.5", 1.5, None, True, 0, "-1", []])
def test_a_value_that_is_not_a_size_is_refused(value):
    with pytest.raises(InvalidInputError, match="max_bytes must be a whole number of bytes above 0"):
        as_size("max_bytes", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (("a", "b"), ["a", "b"]),
        ({"b", "a"}, ["a", "b"]),
        ([], []),
        ("[]", []),
        ('["a", "b"]', ["a", "b"]),
        ("['a', \"it's\"]", ["a", "it's"]),
        ("('a', 'b')", ["a", "b"]),
        (' ["Zürich"] ', ["Zürich"]),
    ],
)
def test_list(value, expected):
    assert as_list("tags", value) == expected


@pytest.mark.parametrize("read", [as_list, as_mapping])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_blank_counts_as_not_given(read, value):
    assert read("tags", value) is None


@pytest.mark.parametrize(
    "value", ["secret-tag", "a, b", "None", "null", '{"a": 1}', {"a": 1}, 5, "5", b"ab", '"text"', "[1", "[" * 100_000]
)
def test_a_value_that_is_not_a_list_is_refused_and_not_repeated(value):
    with pytest.raises(InvalidInputError, match="parameter tags must be a list") as caught:
        as_list("tags", value)
    assert caught.value.fields == ("tags",)
    assert "secret-tag" not in str(caught.value)
    # Nor may a chained error: a parser's error quotes the text that it could not parse.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"title": "Engineer"}, {"title": "Engineer"}),
        ('{"remote": true, "city": null}', {"remote": True, "city": None}),
        ("{'remote': True, 'city': None}", {"remote": True, "city": None}),
        ("{}", {}),
    ],
)
def test_mapping(value, expected):
    assert as_mapping("job", value) == expected


@pytest.mark.parametrize(
    "value", ['{"title": "a", "title": "b"}', "{'title': 'a', 'title': 'b'}", '{"a": {"b": 1, "b": 2}}']
)
def test_a_key_that_stands_twice_is_refused(value):
    with pytest.raises(InvalidInputError, match="job holds a mapping with a duplicate key"):
        as_mapping("job", value)


@pytest.mark.parametrize("value", ["Jane Doe", "None", "null", "[]", [], 5, "__import__('os').getcwd()", "{'a': open}"])
def test_a_value_that_is_not_a_mapping_is_refused_and_not_repeated(value):
    with pytest.raises(InvalidInputError, match="parameter job must be a mapping") as caught:
        as_mapping("job", value)
    assert caught.value.fields == ("job",)
    assert "Jane" not in str(caught.value)
