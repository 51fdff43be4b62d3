"""CONTRIBUTING.md describes the tree that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.catalogue import PACKAGE, ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_INDENT = 4
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.\w+)")


def mapped(text: str) -> list[Path]:
    """
    Return the paths of the map under "Where things are".

    A line is names, two spaces or more, and what they are; a line that is indented further is inside the one above it.
    """
    block = text.partition("## Where things are")[2].split("```")[1]
    found: list[Path] = []
    above: list[Path] = [ROOT]
    for line in block.strip("\n").splitlines():
        depth = (len(line) - len(line.lstrip())) // _INDENT
        names = line.strip().partition("  ")[0].split(" ")
        paths = [above[depth] / name for name in names]
        above[depth + 1 :] = paths[:1]
        found += paths
    return found


def folders() -> list[Path]:
    return sorted({path.parent for path in PACKAGE.rglob("*.py")})


@pytest.mark.parametrize("path", mapped(TEXT), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_the_map_names_is_there(path: Path) -> None:
    if not path.exists():
        pytest.fail(
            f'CONTRIBUTING.md: The map under "Where things are" names {path.relative_to(ROOT)}, which is not there',
            pytrace=False,
        )


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: str(folder.relative_to(ROOT)))
def test_the_map_names_every_folder_of_the_package(folder: Path) -> None:
    if folder not in mapped(TEXT):
        pytest.fail(
            f'CONTRIBUTING.md: Add {folder.relative_to(ROOT)}/ to the map under "Where things are"', pytrace=False
        )


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_can_be_read_at_a_glance(folder: Path) -> None:
    modules = sorted(path.name for path in folder.glob("*.py"))
    assert len(modules) <= 14, f"{folder.relative_to(ROOT)}/ has {len(modules)} modules: Divide it"


def test_the_files_of_a_use_case_are_there() -> None:
    section = TEXT.partition("## Adding a use case")[2].partition("\n## ")[0]
    named = [name for name in re.findall(r"`([^`\s]+)`", section) if "/" in name and _PATH.fullmatch(name)]
    assert len(named) >= 7
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert len(re.findall(r"^\d\. \*\*", section, flags=re.MULTILINE)) == 8


def test_the_map_is_read_as_it_is_indented() -> None:
    text = "## Where things are\n```\na/    one\n    b/  two\n        c.py d.py  three\n    e/   four\nf/ g/  five\n```"
    assert [str(path.relative_to(ROOT)) for path in mapped(text)] == [
        "a",
        "a/b",
        "a/b/c.py",
        "a/b/d.py",
        "a/e",
        "f",
        "g",
    ]
