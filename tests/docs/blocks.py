"""The code blocks of the README and the docs, in the order in which a reader meets them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts import docs_pages
from tests.support.catalogue import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (log|file|not run): ([^>]*?) -->\n+\Z", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """
    A fenced block.

    :param page: path of the page below the repository.
    :param line: line of its fence.
    :param language: as the fence names it: ``python``, ``console``.
    :param text: what is in it.
    :param note: ``log``, ``file`` or ``not run`` if a comment above it says that, and what the comment adds.
    """

    page: str
    line: int
    language: str
    text: str
    note: tuple[str, str] | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def kind(self) -> str:
        """What is done with it: the language, or the note."""
        return self.note[0] if self.note else self.language


def pages() -> dict[str, str]:
    """Return the text of every page by its path: written by hand, and written from declarations."""
    written = [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
    made = {f"docs/{name}": text for name, text in docs_pages.operators_pages().items()}
    return {_name(path): path.read_text(encoding="utf-8") for path in written} | made


def blocks_of(page: str, text: str) -> list[Block]:
    """Return the blocks of a page, without the directives of Sphinx (``{include}``)."""
    return [
        Block(
            page, text.count("\n", 0, found.start()) + 1, found["language"], found["text"], _note(text, found.start())
        )
        for found in _FENCE.finditer(text)
        if not found["language"].startswith("{")
    ]


def _note(text: str, start: int) -> tuple[str, str] | None:
    found = _NOTE.search(text[:start])
    return (found[1], re.sub(r"\s+", " ", found[2])) if found else None


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
