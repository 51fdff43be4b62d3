"""Everything public has a docstring, and every parameter of it is described."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest

from scripts import docs_pages
from tests.docs.blocks import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = [f"{docs_pages.PACKAGE}.{module}" for _, _, modules in docs_pages.references() for module in modules]


def public(name: str) -> Iterator[tuple[str, Any]]:
    """Yield the public names of a module of the reference: its functions and classes, and their methods."""
    try:
        module = importlib.import_module(name)
    except ImportError as older:
        if "requires Airflow 3.3" not in str(older):
            raise
        return
    yield name, module
    for own, value in vars(module).items():
        home = getattr(value, "__module__", None) or ""
        # A module that is a folder shows what the files in it define.
        if own.startswith("_") or not (home == name or home.startswith(f"{name}.")):
            continue
        if inspect.isclass(value) or inspect.isfunction(value):
            yield f"{name}.{own}", value
        if inspect.isclass(value):
            yield from ((f"{name}.{own}.{n}", m) for n, m in vars(value).items() if _is_public(n, m))


def _is_public(name: str, member: Any) -> bool:
    return not name.startswith("_") and (
        inspect.isfunction(member) or isinstance(member, property | classmethod | staticmethod)
    )


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_a_docstring(module: str) -> None:
    assert [name for name, value in public(module) if not (inspect.getdoc(value) or "").strip()] == []


def test_the_modules_have_names_to_look_at() -> None:
    assert sum(1 for module in MODULES for _ in public(module)) > 100


@pytest.mark.parametrize(
    "operator", [operator for operator, _ in docs_pages._operators()], ids=lambda one: one.__name__
)
def test_every_parameter_of_an_operator_is_described(operator: Any) -> None:
    described = docs_pages.Docstring(operator).said("param")
    assert [name for name in inspect.signature(operator.__init__).parameters if name not in ("self", *described)] == []


def test_every_operator_has_a_page_that_is_whole() -> None:
    made = {name: text for name, text in pages().items() if name.startswith("docs/operators/")}
    assert len(made) == len(docs_pages._operators())
    for name, text in made.items():
        missing = [
            part for part in ("## Example", "## Arguments", "## Errors", "| error |", "developers.") if part not in text
        ]
        assert missing == [], name
        assert not re.search(r"^\s*(?:None|nan)\s*$", text, re.MULTILINE), name
