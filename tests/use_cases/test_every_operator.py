"""Every operator and every use case of the contract has a test module here."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.provider_info import get_provider_info
from tests.support.contract import Contract
from tests.use_cases.use_case import UseCase


def operators() -> list[type]:
    """Return the operators of the modules in the provider metadata."""
    names = [name for part in get_provider_info()["operators"] for name in part["python-modules"]]
    found = {
        member
        for name in names
        for _, member in inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if issubclass(member, SmartRecruitersBaseOperator) and member is not SmartRecruitersBaseOperator
    }
    return sorted(found, key=lambda operator: operator.__name__)


def module_name(operator: type) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", operator.__name__.removesuffix("Operator")).lower()
    return f"test_{words}"


def declared(operator: type) -> type[UseCase]:
    """Return the use case that an operator's test module declares."""
    module = importlib.import_module(f"tests.use_cases.{module_name(operator)}")
    (found,) = [
        member
        for name, member in inspect.getmembers(module, inspect.isclass)
        if name.startswith("Test") and issubclass(member, UseCase)
    ]
    return found


@pytest.mark.parametrize("operator", operators(), ids=lambda operator: operator.__name__)
def test_an_operator_has_a_module_that_declares_it(operator: type) -> None:
    assert (Path(__file__).parent / f"{module_name(operator)}.py").is_file()
    assert declared(operator).operator is operator


def test_the_use_cases_are_those_of_the_contract() -> None:
    documented = {use_case for one in Contract.load().operations.values() for use_case in one.use_cases}
    assert {declared(operator).use_case for operator in operators()} == documented


@pytest.mark.parametrize("operator", operators(), ids=lambda operator: operator.__name__)
def test_a_declaration_agrees_with_the_contract(operator: type) -> None:
    case = declared(operator)
    documented = Contract.load().operations[case.operation]
    assert case.use_case in documented.use_cases
    assert case.method == documented.method
    assert re.sub(r"\{\w+\}", "{}", case.path) == re.sub(r"\{\w+\}", "{}", documented.path)
    assert str(case.status) in documented.responses
