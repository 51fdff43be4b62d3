"""
Check the built docs: opening a page loads nothing from elsewhere.

    python -m scripts.docs_check docs/_build/html

Sphinx itself has checked the links between the pages. Links that a reader clicks may lead anywhere.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

_LOADS = {"src", "srcset", "poster", "data"}
_LINKED = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "prefetch", "modulepreload", "manifest"}
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_CSS = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


class _Loaded(HTMLParser):
    """Collects the addresses that a browser loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        loads = [given[name] for name in _LOADS & given.keys()]
        if tag == "link" and _LINKED & set(given.get("rel", "").split()):
            loads.append(given.get("href", ""))
        self.addresses += [one for one in loads if _ELSEWHERE.match(one)] + _CSS.findall(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.addresses += _CSS.findall(data)


def loaded_from_elsewhere(text: str, suffix: str) -> list[str]:
    """Return the addresses of other hosts that a file makes a browser load.

    :param text: the file.
    :param suffix: ``.html`` or ``.css``.
    """
    if suffix == ".css":
        return _CSS.findall(text)
    parser = _Loaded()
    parser.feed(text)
    return parser.addresses


def main(folder: Path) -> int:
    """Print what is loaded from elsewhere; return 1 if anything is."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".css"))
    found = [
        f"{path.relative_to(folder)}: {address}"
        for path in files
        for address in loaded_from_elsewhere(path.read_text(encoding="utf-8"), path.suffix)
    ]
    print(*found, sep="\n") if found else print(f"{len(files)} pages and style sheets load nothing from elsewhere")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
