"""What the matrix is made of: every change of the package, with what its use case's own tests declare about it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters import api
from airflow_provider_smartrecruiters.api.change import Change

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.use_cases.use_case import UseCase

USE_CASES = Path(__file__).parent.parent / "use_cases"


@cache
def changes() -> tuple[type[Change], ...]:
    """Return every change of the package, in the order of the use cases' ids."""
    modules = [importlib.import_module(f"{api.__name__}.{info.name}") for info in pkgutil.iter_modules(api.__path__)]
    found = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Change) and "use_case" in vars(kind)
    }
    return tuple(sorted(found, key=lambda change: change.use_case))


@cache
def declarations() -> dict[str, type[UseCase]]:
    """Return what the use cases' tests declare, by the use case's id."""
    from tests.use_cases.use_case import UseCase

    modules = [importlib.import_module(f"tests.use_cases.{path.stem}") for path in USE_CASES.glob("test_*.py")]
    found = [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, UseCase) and "use_case" in vars(kind)
    ]
    return {kind.use_case: kind for kind in found}


def declaration(change: type[Change]) -> type[UseCase]:
    """
    Return what is declared about a change.

    :raises LookupError: nothing is; says what to add.
    """
    if change.use_case in declarations():
        return declarations()[change.use_case]
    raise LookupError(
        f"{change.__name__} ({change.use_case}) is in no test of the matrix of faults, because nothing says with which "
        f"arguments it changes which record. Add tests/use_cases/test_….py with a class that derives from UseCaseTests "
        f'and has use_case = "{change.use_case}", operator, arguments(), expected() and stored(), as the other '
        "modules there."
    )


def cases() -> list[type[UseCase]]:
    """
    Return what is declared, a class for each change of the package.

    :raises LookupError: as :func:`declaration`.
    """
    return [declaration(change) for change in changes()]


def prepared(kind: type[UseCase], emulator: SmartRecruitersEmulator, folder: Path) -> UseCase:
    """Return a use case that looks at an emulator. ``folder`` is for files that it needs."""
    case = kind()
    case.emulator, case.state, case.folder = emulator, emulator.state, folder
    return case
