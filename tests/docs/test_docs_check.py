"""What `make docs` looks for in the built pages is found."""

from __future__ import annotations

import pytest

from scripts.docs_check import loaded_from_elsewhere


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', ".html"),
        ('<img src="//images.example.com/a.png">', ".html"),
        ('<link rel="stylesheet" href="https://fonts.example.com/a.css">', ".html"),
        ("<style>@import url(https://example.com/a.css);</style>", ".html"),
        ('<p style="background: url(https://example.com/a.png)">', ".html"),
        ("@font-face { src: url('https://example.com/a.woff2') }", ".css"),
        ('@import "https://example.com/a.css";', ".css"),
    ],
)
def test_what_a_browser_loads_is_found(text: str, suffix: str) -> None:
    assert len(loaded_from_elsewhere(text, suffix)) == 1


def test_what_a_reader_clicks_may_lead_anywhere() -> None:
    text = (
        '<a href="https://example.com">x</a><script src="_static/a.js"></script><link rel="next" href="https://e.com">'
    )
    assert loaded_from_elsewhere(text, ".html") == []
    assert loaded_from_elsewhere("a { background: url(a.png) }", ".css") == []
