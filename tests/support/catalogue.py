"""
The use cases as they are declared, and where each part of one belongs.

Nothing here lists them: changes and operators are found in the package, what their tests need in the declarations of
``tests/use_cases/``. Whoever looks for a part that is not there is told which file to add it to, and what to put there.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import traceback
from functools import cache
from os.path import commonpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BeforeValidator

from airflow_provider_smartrecruiters import api
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.names import DEPARTMENT, REASONS
from airflow_provider_smartrecruiters.api.record import AboutRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
    from tests.use_cases.use_case import UseCase

    Operator = type[SmartRecruitersBaseOperator]

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_provider_smartrecruiters"
USE_CASES = ROOT / "tests" / "use_cases"
EXAMPLES = ROOT / "example_dags"
CONTRACT = "tests/contract/smartrecruiters-openapi.yaml"

OPERATORS_HEADING = "## The operators"
"""Where the README's table of operators begins."""
UNDO_HEADING = "## What can be undone"
"""Where the table of docs/undo.md begins."""

_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_CHOICES = re.compile(r"must be one of (.+)$")


class MissingPartError(LookupError):
    """A part of a use case is not there; the message names its file and what to put there."""


# What there is


@cache
def all_changes() -> tuple[type[Change], ...]:
    """Return every change of the package, in the order of the use cases' ids, also one that lacks a class variable."""
    found = [kind for kind in _classes(api, Change) if not _is_base(kind)]
    return tuple(sorted(found, key=lambda change: getattr(change, "use_case", change.__name__)))


@cache
def changes() -> tuple[type[Change], ...]:
    """Return every change of the package that has its class variables, in the order of the use cases' ids."""
    return tuple(change for change in all_changes() if missing_variables(change) is None)


@cache
def reads() -> tuple[type[AboutRecord], ...]:
    """Return what only reads: searches, waits and watches, in the order of their ids."""
    found = [kind for kind in _classes(api, AboutRecord) if not issubclass(kind, Change) and hasattr(kind, "use_case")]
    return tuple(sorted(found, key=lambda kind: kind.use_case))


class _Operators(dict["Operator", type[Change]]):
    """Names the file and what to add for an operator whose change is missing, instead of a KeyError."""

    def __missing__(self, operator: Operator) -> type[Change]:
        raise MissingPartError(missing_change(operator))


@cache
def operators() -> dict[Operator, type[Change]]:
    """
    Return every operator of the package whose change is there, and that change: the one of its name.

    A look-up of another operator raises :class:`MissingPartError`.
    """
    built = {f"{change.__name__}Operator": change for change in changes()}
    found = sorted(operator_classes(), key=lambda operator: operator.__name__)
    return _Operators({operator: built[operator.__name__] for operator in found if operator.__name__ in built})


@cache
def operator_classes() -> tuple[Operator, ...]:
    """Return every operator of the package, whether or not it builds anything."""
    from airflow_provider_smartrecruiters import operators as package
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

    return tuple(
        kind for kind in _classes(package, SmartRecruitersBaseOperator) if kind is not SmartRecruitersBaseOperator
    )


@cache
def declarations() -> dict[str, type[UseCase]]:
    """Return what the use cases' tests declare, by the use case's id."""
    from tests.use_cases.use_case import UseCase

    found = [
        kind
        for path in sorted(USE_CASES.glob("test_*.py"))
        if not isinstance(module := _test_module(path.stem), Exception)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, UseCase) and "use_case" in vars(kind)
    ]
    return {kind.use_case: kind for kind in found}


@cache
def _test_module(name: str) -> ModuleType | Exception:
    # Whatever is wrong with one module, the tests of the other use cases can run.
    try:
        return importlib.import_module(f"tests.use_cases.{name}")
    except Exception as error:
        return error


def declaration(change: type[Change]) -> type[UseCase]:
    """
    Return what is declared about a change.

    :raises MissingPartError: nothing is, or it cannot be imported.
    """
    if change.use_case in declarations():
        return declarations()[change.use_case]
    name = f"test_{name_of(change)}"
    if (USE_CASES / f"{name}.py").is_file() and isinstance(error := _test_module(name), Exception):
        raise MissingPartError(why_not_imported(f"tests/use_cases/{name}.py", error))
    raise MissingPartError(
        f"tests/use_cases/{name}.py: Add class Test{change.__name__}(UseCaseTests) with "
        f'use_case = "{change.use_case}", operator, operation, arguments(), expected() and stored(), as the other '
        "modules there"
    )


def cases() -> list[type[UseCase]]:
    """
    Return what is declared, a class for each change of the package.

    :raises MissingPartError: as :func:`declaration`.
    """
    return [declaration(change) for change in changes()]


def prepared(kind: type[UseCase], emulator: SmartRecruitersEmulator, folder: Path) -> UseCase:
    """Return a use case that looks at an emulator. ``folder`` is for files that it needs."""
    case = kind()
    case.use(emulator, folder)
    return case


def name_of(change: type[Change]) -> str:
    """Return the name that a use case has in file names, DAG ids and task ids: ``update_job_status``."""
    return _WORD.sub("_", change.__name__).lower()


def module_of(change: type[Change]) -> str:
    """Return the name that the modules of a change and of its operator share: ``jobs``."""
    return change.public_name().partition(".")[0]


def public_module(kind: type[AboutRecord]) -> str:
    """Return the module whose ``__all__`` lists a change or a read: its folder, if the folder is one of changes."""
    folder = kind.__module__.rpartition(".")[0]
    return folder if hasattr(importlib.import_module(folder), "__all__") and folder != api.__name__ else kind.__module__


def _file_of(kind: type) -> str:
    return _file_of_module(kind.__module__)


def _file_of_module(name: str) -> str:
    path = name.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"


def why_not_imported(file: str, error: Exception) -> str:
    """Say which file keeps a module from being imported."""
    if isinstance(error, ImportError) and (error.name or "").startswith(f"{PACKAGE.name}."):
        return f"{_file_of_module(error.name or '')}: Add what {file} imports ({error.msg})"
    files = [error.filename] if isinstance(error, SyntaxError) else []
    files += [frame.filename for frame in reversed(traceback.extract_tb(error.__traceback__))]
    ours = [Path(name).relative_to(ROOT) for name in files if name and Path(name).is_relative_to(ROOT)]
    # The environment may be below the root.
    culprit = next((path for path in ours if path.parts[0] in ("tests", PACKAGE.name)), file)
    return f"{culprit}: cannot be imported ({type(error).__name__}: {error})"


def choices(change: type[Change], name: str) -> tuple[str, ...]:
    """Return the values that an argument of a change may have, as its error lists them; none where it is no list."""
    for item in change.model_fields[name].metadata:
        # One that takes two arguments asks for the name of the field, which no list of choices depends on.
        if isinstance(item, BeforeValidator) and len(inspect.signature(item.func).parameters) == 1:
            try:
                item.func("no such value")  # type: ignore[call-arg]
            except ValueError as error:
                if listed := _CHOICES.search(str(error)):
                    return tuple(listed[1].split(", "))
    return ()


@cache
def id_names() -> dict[str, str]:
    """Return the argument that fills the last placeholder of a path, by the path: ``/jobs/{jobId}`` is ``job_id``."""
    found = {}
    for change in changes():
        path = change.method_and_path()[1]
        for match, name in zip(re.finditer(r"\{\w+\}", path), change.ids, strict=False):
            found[path[: match.end()]] = name
    return found


def name_lists(change: type[Change]) -> dict[str, str | None]:
    """Return the lists that names of a change are looked up in: path to the argument that fills its placeholder."""
    found: dict[str, str | None] = {name.path: None for name in change.names.values()}
    if "reason_id" in change.names:
        found |= {name.path: None for name in REASONS.values()}
    if "job" in change.model_fields:
        found[DEPARTMENT.path] = None
    if "source_id" in change.names:
        found[change.names["source_id"].path] = "source_type_id"
    return found


def parameters(operator: Operator) -> dict[str, inspect.Parameter]:
    """Return the parameters that an operator has of its own."""
    found = dict(inspect.signature(operator.__init__).parameters)
    return {name: parameter for name, parameter in found.items() if name not in ("self", "kwargs")}


def readme_rows() -> dict[str, list[str]]:
    """Return the cells of the README's table of operators, by the operator's name."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition(OPERATORS_HEADING)[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    return {match[1]: cells for cells in rows if (match := re.search(r"`(\w+Operator)`", cells[0]))}


# What is not there


def missing_variables(change: type[Change]) -> str | None:
    """Say which class variables a change lacks."""
    unset = [name for name in Change.__class_vars__ if not hasattr(change, name)]
    if not unset:
        return None
    return (
        f"{_file_of(change)}: Give {change.__name__} the class variables that "
        f"say what it is: {', '.join(sorted(unset))}"
    )


def missing_change(operator: Operator) -> str:
    """Say where the change of an operator belongs, or which class variables it lacks."""
    name = operator.__name__.removesuffix("Operator")
    for change in all_changes():
        if change.__name__ == name and (sentence := missing_variables(change)):
            return sentence
    module = operator.__module__.rpartition(".")[2]
    folder = (PACKAGE / "api" / module).is_dir()
    return (
        f"airflow_provider_smartrecruiters/api/{module}{'/' if folder else '.py'}: Add class {name}(Change), which "
        f"{operator.__name__} makes"
    )


def missing_in_all(kind: type[AboutRecord]) -> str | None:
    """Say which module does not list a change or a search as public."""
    home = public_module(kind)
    module = importlib.import_module(home)
    if kind.__name__ not in module.__all__ or not hasattr(module, kind.__name__):
        verb = "Add" if home == kind.__module__ else f"Import {kind.__name__}, and add"
        what = kind.__name__ if verb == "Add" else "it"
        return f"{_file_of_module(home)}: {verb} {what} to __all__"
    if kind.__name__ not in api.__all__:
        return f'{_file_of_module(api.__name__)}: Add "{home.removeprefix(f"{PACKAGE.name}.")}" to _WHOLE'
    return None


def missing_inverse(change: type[Change]) -> str | None:
    """Say what a change lacks to be undone, or to say why it is not."""
    if bool(change.undone_by) != bool(change.not_undone):
        return None
    return (
        f"{_file_of(change)}: Give {change.__name__} either undone_by, the "
        "change that takes it back, or not_undone, why there is none"
    )


def missing_operator(change: type[Change]) -> str | None:
    """Say where the operator of a change belongs, None if it is there; so do all that follow."""
    name, module = f"{change.__name__}Operator", module_of(change)
    if any(kind.__name__ == name and kind.__module__.endswith(f".{module}") for kind in operator_classes()):
        return None
    return (
        f"airflow_provider_smartrecruiters/operators/{module}.py: Add class {name}: its keyword parameters, and "
        f'change_name = "{module}.{change.__name__}"'
    )


def missing_change_name(change: type[Change]) -> str | None:
    """Say what the operator of a change has to name, if it names another one."""
    name = f"{change.__name__}Operator"
    for kind in operator_classes():
        if kind.__name__ == name and getattr(kind, "change_name", None) != change.public_name():
            return f'{_file_of(kind)}: Make change_name of {name} "{change.public_name()}"'
    return None


def missing_route(change: type[Change]) -> str | None:
    """Say where the emulator's route for a change belongs."""
    from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS

    method, path = change.method_and_path()
    if (method, path) in {(operation.method, operation.path) for operation in OPERATIONS}:
        return None
    return (
        f"{_file_of_module(_route_module(change))}: Add a handler with "
        f'@operations.{method.lower()}("{path}", operationId, scope, …) that does what the contract document says'
    )


def _route_module(change: type[Change]) -> str:
    """Return the module of the emulator's routes with the name of the change's; else that of the most similar path."""
    from airflow_provider_smartrecruiters.emulator.routes import operations

    module = f"{operations.__name__.rpartition('.')[0]}.{module_of(change)}"
    if (ROOT / _file_of_module(module)).is_file():
        return module
    path = change.method_and_path()[1]
    nearest = max(operations.OPERATIONS, key=lambda one: len(commonpath([one.path, path])))
    return nearest.handler.__module__


def missing_contract(change: type[Change]) -> str | None:
    """Say what the contract document lacks of a change."""
    from tests.support.contract import Contract

    method, path = change.method_and_path()
    found = [one for one in Contract.load().operations.values() if (one.method, one.path) == (method, path)]
    if not found:
        return (
            f"{CONTRACT}: Add {method.lower()} of {path} under paths, with operationId, parameters, requestBody, "
            f"responses, security, x-source, x-confidence and x-use-case: [{change.use_case}]"
        )
    if change.use_case not in found[0].use_cases:
        return f"{CONTRACT}: Add {change.use_case} to x-use-case of {found[0].id}"
    return None


def missing_example(change: type[Change]) -> str | None:
    """Say where the example of a change belongs."""
    name = name_of(change)
    if (EXAMPLES / f"{name}.py").is_file():
        return None
    return (
        f'example_dags/{name}.py: Add dag = DAG(dag_id="smartrecruiters_{name}", …) with a form (params) and one '
        f"task of {change.__name__}Operator with dag=dag"
    )


def missing_test_module(change: type[Change]) -> str | None:
    """Say where the tests of a change belong."""
    try:
        kind = declaration(change)
    except MissingPartError as missing:
        return str(missing)
    if kind.__module__ != f"tests.use_cases.test_{name_of(change)}":
        return f"tests/use_cases/test_{name_of(change)}.py: Move {kind.__name__} here, from {kind.__module__}"
    return None


def missing_readme_row(change: type[Change]) -> str | None:
    """Say what the README's table lacks of a change. All else about an operator is on its generated page."""
    name = f"{change.__name__}Operator"
    cells = readme_rows().get(name)
    if cells is None:
        return (
            f'README.md: Add a row for `{module_of(change)}.` `{name}` to the table under "{OPERATORS_HEADING[3:]}": '
            "what it changes"
        )
    lacking = [] if f"`{module_of(change)}.`" in cells[0] else [f"`{module_of(change)}.`"]
    lacking += [] if cells[1:] and cells[1] else ["what it changes"]
    return f"README.md: The row of `{name}` lacks {' and '.join(lacking)}" if lacking else None


def missing_changelog_line(change: type[Change]) -> str | None:
    """Say what the changelog lacks of a change."""
    name = f"{change.__name__}Operator"
    if f"`{name}`" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        return None
    return f"CHANGELOG.md: Add a line to the newest version that names `{name}` and says what it changes"


def missing_undo_docs(change: type[Change]) -> str | None:
    """Say where a change that can be undone is not listed as one."""
    from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator

    if not change.undone_by:
        return None
    name = f"{change.__name__}Operator"
    page = (ROOT / "docs" / "undo.md").read_text(encoding="utf-8")
    table = [line for line in page.partition(UNDO_HEADING)[2].partition("\n## ")[0].splitlines() if line[:1] == "|"]
    if not any(f"`{name}`" in line.strip("|").partition("|")[0] for line in table):
        return f'docs/undo.md: Add `{name}` and what comes back to the table under "{UNDO_HEADING[3:]}"'
    if f"``{name}``" not in (inspect.getdoc(UndoBulkOperator) or ""):
        return f'{_file_of(UndoBulkOperator)}: Add ``{name}`` to "It undoes" in the docstring of UndoBulkOperator'
    return None


PARTS = (
    missing_variables,
    missing_in_all,
    missing_inverse,
    missing_operator,
    missing_change_name,
    missing_route,
    missing_contract,
    missing_example,
    missing_test_module,
    missing_readme_row,
    missing_changelog_line,
    missing_undo_docs,
)
"""What a use case consists of, beside the change itself."""


def _is_base(kind: type[Change]) -> bool:
    """Return whether a class is only what several changes share, or no change of its own."""
    return kind.__name__.startswith("_") or (bool(kind.__subclasses__()) and not hasattr(kind, "use_case"))


def _classes(package: ModuleType, base: type) -> Iterator[Any]:
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, base) and kind is not base and kind.__module__ == module.__name__:
                yield kind
