"""
Every name taken from common-compat is in the oldest version that the metadata allows.

pip keeps an old common-compat that satisfies the metadata, and Airflow's constraints file brings one. A name that came
later passes every test with current pins, and fails every task of such an installation.
"""

from __future__ import annotations

import ast
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.providers.common.compat import sdk

import airflow_provider_smartrecruiters

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.smoke

ROOT = Path(__file__).parents[2]
PACKAGE = Path(airflow_provider_smartrecruiters.__file__).parent
FOLDERS = (PACKAGE, *(ROOT / name for name in ("example_dags", "tests", "scripts", "benchmarks")))
DISTRIBUTION = "apache-airflow-providers-common-compat"
COMPAT = "airflow.providers.common.compat"
SDK = f"{COMPAT}.sdk"
OLDEST = re.search(rf'"{DISTRIBUTION}>=([\d.]+)"', (ROOT / "pyproject.toml").read_text()).group(1)


def offered_by_the_oldest() -> set[str]:
    path = Path(__file__).parent / f"common-compat-{OLDEST}.0.txt"
    assert path.exists(), (
        f"pyproject.toml allows common-compat {OLDEST}, and {path.name} is missing. "
        "What to do: Make it with the command at the top of its predecessor, and delete that."
    )
    return {line for line in path.read_text().splitlines() if not line.startswith("#")}


def taken(source: str) -> Iterator[tuple[int, str]]:
    """
    Yield line and name of everything that a source takes from common-compat, in whatever way it imports it.

    Code in strings counts: tests run some in other processes. ``import_module`` does not: it is how a name is tried.
    """
    tree = ast.parse(source)
    known_as = {SDK}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known_as |= {alias.asname for alias in node.names if alias.name == SDK and alias.asname}
            yield from ((node.lineno, alias.name) for alias in node.names if is_another_part(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module == COMPAT:
            known_as |= {alias.asname or alias.name for alias in node.names if alias.name == "sdk"}
            yield from ((node.lineno, f"{COMPAT}.{alias.name}") for alias in node.names if alias.name != "sdk")
        elif isinstance(node, ast.ImportFrom) and node.module == SDK:
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and is_another_part(node.module or ""):
            yield node.lineno, node.module
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.search(r"^\s*(from|import) ", node.value, re.M)
        ):
            try:
                yield from ((node.lineno + line - 1, name) for line, name in taken(node.value))
            except SyntaxError:
                continue
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in known_as and node.attr != "__all__":
            yield node.lineno, node.attr


def is_another_part(module: str) -> bool:
    return module.startswith(f"{COMPAT}.") and module != SDK


def taken_by_this_repository() -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            for line, name in taken(path.read_text()):
                places.setdefault(name, []).append(f"{path.relative_to(folder.parent)}:{line}")
    return places


def advice(name: str, places: list[str]) -> str:
    return (
        f"{', '.join(places)}: {name} is not in {SDK} of common-compat {OLDEST}, which pyproject.toml allows and "
        "Airflow's constraints files bring. There it is an ImportError, in every task that needs it. What to do: Look "
        "the name up in its place on each Airflow, as hooks/masking.py does, or require a newer common-compat in "
        "pyproject.toml (which shuts out everybody who installs Airflow with its constraints file)."
    )


@pytest.mark.slow
def test_every_name_is_in_the_oldest_common_compat():
    offered = offered_by_the_oldest()
    missing = [advice(name, places) for name, places in taken_by_this_repository().items() if name not in offered]
    assert not missing, "\n".join(missing)


@pytest.mark.slow
def test_every_name_of_the_package_and_the_examples_is_in_the_installed_one():
    places = taken_by_this_repository()
    names = [name for name in places if any(not place.startswith("tests/") for place in places[name])]
    assert {"BaseHook", "BaseOperator", "AirflowFailException", "DAG", "Param"} <= set(names)
    assert [name for name in names if getattr(sdk, name, None) is None] == []


def test_the_list_is_that_of_the_oldest():
    offered = offered_by_the_oldest()
    assert {"BaseHook", "BaseOperator", "DAG"} <= offered
    assert "mask_secret" not in offered
    if version(DISTRIBUTION).startswith(f"{OLDEST}."):  # Where `make test-matrix` has installed it.
        assert offered <= set(sdk.__all__)
    else:
        assert len(offered) > 50


@pytest.mark.parametrize(
    "source",
    [
        "from COMPAT.sdk import DAG, mask_secret",
        "def later():\n    from COMPAT.sdk import mask_secret as mask",
        "import COMPAT.sdk as compat\ncompat.mask_secret('x')",
        "import COMPAT.sdk\nCOMPAT.sdk.mask_secret('x')",
        "from COMPAT import sdk\nsdk.mask_secret('x')",
        "from COMPAT import sdk as compat\ncompat.mask_secret('x')",
        "CODE = '''\nimport COMPAT.sdk as sdk\nsdk.mask_secret('x')\n'''",
    ],
)
def test_a_newer_name_is_seen_however_it_is_imported(source):
    assert "mask_secret" in {name for _, name in taken(source.replace("COMPAT", COMPAT))}


@pytest.mark.parametrize(
    "source",
    [
        "from COMPAT.newer import thing",
        "from COMPAT import newer",
        "import COMPAT.newer",
    ],
)
def test_another_part_of_common_compat_is_seen(source):
    assert f"{COMPAT}.newer" in {name for _, name in taken(source.replace("COMPAT", COMPAT))}
