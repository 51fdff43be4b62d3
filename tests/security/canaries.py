"""
Values that must not get about, and the search for them in whatever an Airflow leaves behind.

Every canary has a core of random letters and digits, so that it is found in any text that holds it: escaped for JSON,
for a URL or for HTML, in a ``repr``, cut short, in upper case. Base64 hides a core, so that is searched for as well.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PREFIX = 12
"""Characters of a core that give it away: a text that was cut off in the middle of one is still found."""


@dataclass(frozen=True)
class Canary:
    """
    A value that must not get about.

    :param name: what it is, for the report, which must not repeat the value.
    :param value: the value.
    :param secret: a credential, which may be nowhere; else what somebody wrote about a person.
    """

    name: str
    value: str = field(repr=False)
    secret: bool = False

    def needles(self) -> Iterator[bytes]:
        """Yield what the search looks for, in lower case where case does not matter."""
        for core in re.findall(r"[A-Za-z0-9_-]{12,}", self.value):
            yield core[:_PREFIX].lower().encode()
        yield from _base64_needles(self.value.encode())


def _base64_needles(value: bytes) -> Iterator[bytes]:
    """Yield how the value looks inside a base64 text, whichever of the three ways it is aligned there."""
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + value)
        # The characters at both ends depend on the neighbours as well.
        inner = whole[-(-offset * 8 // 6) :][: (len(value) * 8 - (-offset * 8 % 6)) // 6]
        for text in {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}:
            yield text[: _PREFIX * 2]


def core(word: str) -> str:
    """Return a new text of letters and digits that begins with a word."""
    return f"qz{word}{secrets.token_hex(10)}"


def person(name: str, template: str = "{}") -> Canary:
    """
    Return a canary for what somebody wrote.

    :param name: what it is.
    :param template: the text, with ``{}`` where the core goes.
    """
    return Canary(name, template.format(core(name.replace("_", "")[:4])))


def secret(name: str, template: str = "{}") -> Canary:
    """Return a canary for a credential; parameters as of :func:`person`."""
    return Canary(name, template.format(core(name.replace("_", "")[:4])), secret=True)


@dataclass(frozen=True)
class Text:
    """
    Something that was left behind.

    :param kind: what kind of place it lay in: ``log``, ``xcom``, ``rendered``, ...
    :param where: where exactly.
    :param content: what it is.
    :param declared: whether this is the one place that may hold what people wrote.
    """

    kind: str
    where: str
    content: bytes = field(repr=False)
    declared: bool = False


@dataclass(frozen=True)
class Finding:
    """A canary in a place."""

    canary: Canary
    kind: str
    where: str
    declared: bool

    def __str__(self) -> str:
        return f"{self.canary.name} in {self.kind} {self.where}"


def search(texts: Iterable[Text], canaries: Iterable[Canary]) -> list[Finding]:
    """
    Return which canaries lie where, each place once.

    :param texts: what was left behind.
    :param canaries: what to look for.
    """
    by_needle: dict[bytes, list[Canary]] = {}
    for canary in canaries:
        for needle in canary.needles():
            by_needle.setdefault(needle.lower(), []).append(canary)
    found: dict[tuple[str, str, str], Finding] = {}
    for text in texts:
        # Case counts in base64, but among millions of letters a wrong match of 24 is not to be feared.
        content = text.content.lower()
        # One pass a needle is many times quicker than one pass with all of them as a regular expression.
        for canary in (canary for needle, owners in by_needle.items() if needle in content for canary in owners):
            finding = Finding(canary, text.kind, text.where, text.declared)
            found.setdefault((canary.name, text.kind, text.where), finding)
    return list(found.values())
