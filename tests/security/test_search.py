"""The search finds a canary however it is written."""

from __future__ import annotations

import base64
import html
import json
import zlib
from urllib.parse import quote, quote_plus

import pytest

from tests.security.canaries import Canary, Text, person, search, secret

WRITTEN = {
    "plain": lambda value: value,
    "within": lambda value: f"x{value}y",
    "upper case": str.upper,
    "repr": repr,
    "JSON": json.dumps,
    "JSON twice": lambda value: json.dumps(json.dumps(value)),
    "JSON of no ASCII": lambda value: json.dumps(value, ensure_ascii=False),
    "URL": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "HTML": html.escape,
    "its beginning": lambda value: value[:20],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 of a basic header": lambda value: base64.b64encode(f"client:{value}".encode()).decode(),
    "base64, one further": lambda value: base64.b64encode(f"client1:{value}!".encode()).decode(),
    "base64, two further": lambda value: base64.b64encode(f"client12:{value}!!".encode()).decode(),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("canary", [person("note", '{} said "it\'s" <b>naïve</b>\nÿ'), secret("key", "{}/+=&%\"'")])
def test_it_is_found(canary: Canary, written: object) -> None:
    text = written(canary.value)  # type: ignore[operator]
    assert [finding.canary for finding in search([Text("log", "a", text.encode())], [canary])] == [canary]


def test_others_are_not_found() -> None:
    canary, other = person("note"), person("note")
    texts = [Text("log", "a", other.value.encode()), Text("log", "b", b"***"), Text("log", "c", b"")]
    assert search(texts, [canary]) == []


def test_what_is_compressed_cannot_be_found() -> None:
    """Known, so that nobody relies on it: what Airflow would compress has to be unpacked first."""
    canary = person("note")
    assert search([Text("log", "a", zlib.compress(canary.value.encode()))], [canary]) == []


def test_a_finding_does_not_repeat_the_value() -> None:
    canary = secret("key")
    (finding,) = search([Text("log", "a.log", canary.value.encode())], [canary])
    assert str(finding) == "key in log a.log"
    assert canary.value not in repr(finding)
