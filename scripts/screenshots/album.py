"""The pictures: taken of a part of a page, made small, and reported in a line each."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import checks
from .browser import NotSeenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .browser import Browser

NEUTRAL = {str(Path(__file__).parents[2]): "/opt/airflow", sys.base_prefix: "/usr/local"}
"""What pictures show instead of folders of this machine: those of Airflow's own container."""
MARGIN = 8
"""Pixels around what a picture shows."""

_UNION = """
const boxes = [...document.querySelectorAll(arguments[0])]
  .filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect());
const x = Math.max(0, Math.min(...boxes.map(b => b.left)) - arguments[1]);
const y = Math.max(0, Math.min(...boxes.map(b => b.top)) - arguments[1]);
return {x, y,
  width: Math.min(innerWidth, Math.max(...boxes.map(b => b.right)) + arguments[1]) - x,
  height: Math.min(innerHeight, Math.max(...boxes.map(b => b.bottom)) + arguments[1]) - y};
"""


@dataclass
class Album:
    """
    A folder of pictures, and what is wrong with what they show.

    :param browser: the browser.
    :param folder: where they are saved.
    """

    browser: Browser
    folder: Path
    findings: list[str] = field(default_factory=list)

    def take(self, name: str, selector: str, problems: Iterable[str] = (), margin: int = MARGIN) -> None:
        """
        Check what the page shows, save a picture, and print a line.

        :param name: of the file, without ``.png``.
        :param selector: CSS selector of the elements that the picture has to show.
        :param problems: what is known to be wrong already.
        :param margin: pixels around them.
        """
        self.browser.find(selector)
        # Without a cursor in the last field that was filled in.
        self.browser.run("document.activeElement?.blur()")
        self.browser.settle()
        for folder, other in NEUTRAL.items():
            self.browser.run("window.shots.replace(...arguments)", folder, other)
        size = self._save(name, self.browser.capture(self.browser.run(_UNION, selector, margin)))
        found = list(dict.fromkeys([*problems, *self._checked(selector)]))
        self.findings += [f"{name}: {sentence}" for sentence in found]
        print(f"{name + '.png':<48} {size / 1000:4.0f} kB  {f'{len(found)} to fix' if found else 'ok'}", flush=True)

    def note(self, name: str, problems: Iterable[str]) -> None:
        """Keep what is wrong with something that has no picture of its own."""
        self.findings += [f"{name}: {sentence}" for sentence in problems]

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Keep what was never seen as a finding, so that the other pictures are taken nevertheless."""
        from selenium.common.exceptions import WebDriverException

        try:
            yield
        except (NotSeenError, WebDriverException, OSError) as error:
            self.note(name, [str(error).partition("\n")[0]])
            print(f"{name + ' ':.<48} stopped: {self.findings[-1]}", flush=True)

    def _checked(self, selector: str) -> list[str]:
        return [sentence for root in self.browser.all(selector) for sentence in checks.page(self.browser, root)]

    def _save(self, name: str, png: bytes) -> int:
        from PIL import Image

        # Pages have few colours: a palette makes the file a third as large, and no eye sees it.
        picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        path = self.folder / f"{name}.png"
        picture.save(path, optimize=True)
        return path.stat().st_size
