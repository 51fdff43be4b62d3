"""A headless Chromium that waits for conditions."""

from __future__ import annotations

import base64
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

WIDTH = 1400
HEIGHT = 2400
"""Pixels of the window: as wide as a laptop's, and high enough that no form or log has to be scrolled."""

PATIENCE = 600.0
"""Seconds to wait for a condition: a page takes one, and minutes on a busy machine."""

MISSING = "Chromium and its driver are not installed. On Debian: apt-get install chromium chromium-driver"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --lang=en-US"
)
Found = TypeVar("Found")


class NotSeenError(Exception):
    """A page never showed what was waited for; the message says what."""


def programs() -> tuple[str, str] | None:
    """Return the paths of Chromium and of its driver; None if one is missing."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None


def start(folder: Path, width: int = WIDTH, height: int = HEIGHT) -> Chrome:
    """
    Start Chromium.

    :param folder: a new folder for its profile.
    :param width: pixels of the window.
    :param height: pixels of the window.
    :raises NotSeenError: it is not installed.
    """
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    found = programs()
    if found is None:
        raise NotSeenError(MISSING)
    options = ChromeOptions()
    options.binary_location = found[0]
    for flag in (*FLAGS.split(), f"--window-size={width},{height}", f"--user-data-dir={folder}"):
        options.add_argument(flag)
    return Chrome(options=options, service=Service(found[1]))


class Browser:
    """
    What the pictures need of a browser.

    :param driver: a started Chromium.
    """

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        light = [{"name": "prefers-color-scheme", "value": "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": light})
        measure = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": measure})

    def open(self, url: str) -> None:
        """Open a page."""
        self.driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, look: Callable[[], Found], what: str) -> Found:
        """
        Return what ``look`` returns, as soon as it is true.

        :raises NotSeenError: it never was.
        """
        from selenium.common.exceptions import WebDriverException

        deadline, pause = time.monotonic() + PATIENCE, 0.05
        while True:
            try:
                if found := look():
                    return found
            except (WebDriverException, OSError):
                pass  # not there yet, or too busy to answer
            if time.monotonic() > deadline:
                raise NotSeenError(f"Not seen within {PATIENCE:.0f} s at {self.driver.current_url}: {what}")
            # Each look is work for the browser, of which a busy machine does not need more.
            pause = min(1.0, 2 * pause)
            time.sleep(pause)

    def all(self, selector: str) -> list[WebElement]:
        """Return the visible elements of a CSS selector."""
        return [found for found in self.driver.find_elements("css selector", selector) if found.is_displayed()]

    def find(self, selector: str, text: str | None = None) -> WebElement:
        """
        Return the first visible element of a CSS selector (and with a text), once it is there.

        :raises NotSeenError: it never was.
        """

        def look() -> WebElement | None:
            return next((found for found in self.all(selector) if text in (None, found.text.strip())), None)

        found: WebElement = self.until(look, f"{selector} {text or ''}".strip())
        return found

    def click(self, selector: str, text: str | None = None) -> None:
        """Click an element as soon as nothing lies over it."""

        def press() -> bool:
            self.find(selector, text).click()
            return True

        self.until(press, f"{selector} {text or ''}".strip())

    def write(self, field: WebElement, text: str) -> None:
        """Replace the text of a field, as by pasting: of what is typed, a page that is being drawn loses characters."""
        from selenium.webdriver.common.keys import Keys

        def written() -> bool:
            field.click()
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(Keys.DELETE)
            self.driver.execute_cdp_cmd("Input.insertText", {"text": text})
            return field.get_attribute("value") == text

        self.until(written, f"a field with the text {text}")

    def settle(self) -> None:
        """Return when the page neither loads nor moves, and has said the same twice."""
        before: list[str] = []

        def same() -> bool:
            now = self.run("return window.shots.settled()")
            before.append(now)
            return now is not None and before[-2:] == [now, now]

        self.until(same, "a page that has finished loading")

    def capture(self, box: dict[str, float]) -> bytes:
        """Return a part of the page as a PNG: ``x``, ``y``, ``width`` and ``height`` in pixels."""
        clip = {**box, "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
        return base64.b64decode(shot["data"])
