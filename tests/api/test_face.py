"""``airflow_provider_smartrecruiters.api`` lists the public names, and loads them on first use."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from airflow_provider_smartrecruiters import api, exceptions
from airflow_provider_smartrecruiters.api.record import AboutRecord
from tests.support import catalogue

INTERNAL = {"WatchApplicationStatus", "WatchAuditLog", "WatchJobStatus"}
"""What only the triggers are made of."""


def use_cases() -> dict[str, type[AboutRecord]]:
    """Every use case of the package that is public."""
    found = {}
    for info in walk_packages(api.__path__, f"{api.__name__}."):
        module = import_module(info.name)
        for name, kind in inspect.getmembers(module, inspect.isclass):
            is_here = kind.__module__ == module.__name__ and name not in INTERNAL
            if is_here and issubclass(kind, AboutRecord) and "use_case" in vars(kind):
                found[name] = kind
    return found


@pytest.mark.parametrize("kind", use_cases().values(), ids=lambda kind: kind.__name__)
def test_every_use_case_is_listed(kind: type[AboutRecord]) -> None:
    if sentence := catalogue.missing_in_all(kind):
        pytest.fail(sentence, pytrace=False)


def test_what_is_internal_is_not_listed() -> None:
    assert not INTERNAL & set(api.__all__)


def test_every_error_is_listed() -> None:
    errors = {
        name
        for name, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, exceptions.SmartRecruitersError)
    }
    assert errors == set(exceptions.__all__) <= set(api.__all__)


def test_the_rest_of_the_face_is_the_verbs_and_what_they_take() -> None:
    rest = set(api.__all__) - set(exceptions.__all__) - set(use_cases())
    assert rest == {"Change", "ChangeResult", "SmartRecruitersClient", "StatusWait", "apply", "look", "plan"} | {
        "RecordSearch",
        "Terms",
        "search",
    }


@pytest.mark.parametrize("name", api.__all__)
def test_every_listed_name_is_there_and_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(getattr(api, name))


def test_type_checkers_see_the_same_modules() -> None:
    (block,) = (node for node in ast.parse(Path(api.__file__).read_text()).body if isinstance(node, ast.If))
    imports = [node for node in ast.walk(block) if isinstance(node, ast.ImportFrom)]
    package = "airflow_provider_smartrecruiters"
    loaded = {(f"{package}.{home}", name) for name, home in api._NAMES.items()}
    whole = {(f"{package}.{module}", "*") for module in api._WHOLE}
    assert {(node.module, alias.name) for node in imports for alias in node.names} == loaded | whole


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'UpdateEverything'"):
        _ = api.UpdateEverything  # type: ignore[attr-defined]


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys; import airflow_provider_smartrecruiters.api as api; "
        "assert not {'requests', 'pydantic'} & set(sys.modules); "
        "api.UpdateJobStatus; assert 'airflow' not in sys.modules; "
        "import airflow_provider_smartrecruiters.api.converge.apply; assert callable(api.apply)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
