"""What must be right about what a picture shows. Each check returns sentences; none means that all is right."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selenium.webdriver.remote.webelement import WebElement

    from .browser import Browser

_CODE = re.compile(r"[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24}|\d{6,}", re.IGNORECASE)
_NOTHING = {"", "null", "none", "undefined"}
_LEFT_OVER = re.compile(r"[\s{}<>\"']|\b(?:None|null|undefined)\b|[.,:;)]$")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SHOWN = 100
"""Characters of a line that a sentence quotes: about as many as the log shows at 1400 pixels."""


def page(browser: Browser, root: WebElement) -> list[str]:
    """Return what is wrong with any page: texts over each other, error messages, broken links."""
    return [*overlaps(browser, root), *toasts(browser), *links(browser, root)]


def overlaps(browser: Browser, root: WebElement) -> list[str]:
    """Return the texts that are drawn over each other."""
    found = browser.run("return window.shots.overlaps(arguments[0])", root)
    return [f'"{one}" and "{other}" are drawn over each other.' for one, other in found]


def toasts(browser: Browser) -> list[str]:
    """Return the error messages that appeared since the last call, also those that have gone away."""
    return [f'The page shows the error "{text}".' for text in browser.run("return window.shots.toasts()")]


def links(browser: Browser, root: WebElement) -> list[str]:
    """Return the links that lead nowhere."""
    addresses = browser.run("return window.shots.links(arguments[0])", root)
    return [sentence for address in addresses if (sentence := link(address))]


def link(address: str) -> str | None:
    """
    Return what is wrong with an address: on this machine it is followed, elsewhere only its form is checked.

    :param address: the whole address.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if _LEFT_OVER.search(address) or parts.scheme not in ("http", "https") or not host:
        return f"The link {address} is no complete address."
    if host in _LOOPBACK:
        return _followed(address)
    if parts.scheme != "https" or "." not in host:
        return f"The link {address} is no public address."
    return None


def _followed(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        return f"The link {address} is broken: it answers {error.code}."
    except OSError as error:
        return f"The link {address} is broken: {getattr(error, 'reason', error)}."
    return None


def choices(title: str, texts: Iterable[str]) -> list[str]:
    """
    Return what is wrong with a drop-down: it has to show words.

    :param title: the field's label.
    :param texts: the texts to choose from.
    """
    codes = [text for text in texts if is_code(text)]
    if not codes:
        return []
    more = f" and {len(codes) - 3} more" if len(codes) > 3 else ""
    return [f'The drop-down "{title}" shows codes instead of words: {", ".join(codes[:3])}{more}.']


def is_code(text: str) -> bool:
    """Tell whether a text is written for a program: a constant, an id, or no value at all."""
    return bool(text.strip().lower() in _NOTHING or _CODE.fullmatch(text) or _ID.fullmatch(text))


def lines(browser: Browser, log: WebElement) -> list[str]:
    """
    Return the lines of a log that end beyond its window.

    Airflow shows an exception's text in one line, however long it is. That line may be cut off if the log has the same
    text in lines that are not.
    """
    cut = browser.run("return window.shots.cut(arguments[0])", log)
    return [_line(line) for line in cut if not (line["exception"] and _said_above(line["text"], log.text))]


def _line(line: dict[str, Any]) -> str:
    text = line["text"]
    quoted = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} [...]"
    return f'The line "{quoted}" ({len(text)} characters) is cut off: {line["beyond"]} pixels of it are out of sight.'


def _said_above(exception: str, log: str) -> bool:
    words = exception.partition(": ")[2].split()[:6]
    return bool(words) and " ".join(log.split()).count(" ".join(words)) > 1
