"""HTML without a template engine: everything is escaped, unless it is :class:`Html` already."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --quiet: #777; --accent: #1f7a4d; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 0 1.5rem 4rem; }
nav { display: flex; gap: 1.25rem; padding: .75rem 0; border-bottom: 1px solid var(--line); flex-wrap: wrap; }
nav strong { margin-right: auto; }
a { color: var(--accent); }
h1 { font-size: 1.6rem; margin: 1.5rem 0 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.id { color: var(--quiet); font: 13px/1.5 ui-monospace, monospace; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; }
dl { display: grid; grid-template-columns: 12rem 1fr; gap: .35rem 1rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.chip { background: var(--soft); border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; }
.part { margin: 1rem 0 .25rem; color: var(--quiet); }
.text { background: var(--soft); border-left: 3px solid var(--line); padding: .5rem 1rem; white-space: pre-wrap; }
.none { color: var(--quiet); }
"""
_END_OF_LINE = re.compile(r"</(?:p|li|div|h\d)>|<br */?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


class Html(str):
    """Text that is HTML already. Everything else is escaped when it meets one of the functions below."""

    __slots__ = ()


NOTHING = Html('<span class="none">&ndash;</span>')


def escape(value: Any) -> Html:
    """Return a value as HTML; a dash for one that is missing or empty."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(str(value))) if value is not None and str(value) else NOTHING


def link(path: str, text: Any) -> Html:
    """Return a link to another page of the emulator."""
    return Html(f'<a href="{html.escape(path)}">{escape(text)}</a>')


def chips(values: Iterable[Any]) -> Html:
    """Return values as labels, side by side."""
    return Html(" ".join(f'<span class="chip">{escape(value)}</span>' for value in values)) or NOTHING


def passage(text: str | None) -> Html:
    """Return a longer text with its line breaks. Markup inside is dropped: only its words are shown."""
    words = html.unescape(_TAG.sub("", _END_OF_LINE.sub("\n", text or ""))).strip()
    return Html(f'<div class="text">{html.escape(words)}</div>') if words else NOTHING


def moment(instant: str | None) -> str | None:
    """Return an instant of the API for readers: date and time in UTC, or only the date at midnight."""
    if not instant:
        return None
    day, _, time = instant.partition("T")
    return day if time.startswith("00:00") or not time else f"{day} {time[:5]} UTC"


def facts(named: Mapping[str, Any]) -> Html:
    """Return names and values, one pair in a line."""
    lines = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in named.items())
    return Html(f"<dl>{''.join(lines)}</dl>")


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Html:
    """Return a table; a dash if it has no rows."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return Html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>") if body else NOTHING


def section(title: str, content: Html) -> Html:
    """Return a part of a page below its heading."""
    return Html(f"<h2>{escape(title)}</h2>{content}")


def page(title: str, navigation: Mapping[str, str], *parts: Html, record_id: str | None = None) -> str:
    """Return a whole page. It loads nothing else.

    :param title: heading of the page.
    :param navigation: path of each list, by its title.
    :param record_id: id of the record that the page shows.
    """
    ways = " ".join(link(path, name) for name, path in navigation.items())
    below = f'<p class="id">{escape(record_id)}</p>' if record_id else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · SmartRecruiters '
        f'emulator</title><meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<nav><strong>SmartRecruiters emulator</strong> {ways}</nav><h1>{escape(title)}</h1>{below}"
        f"{''.join(parts)}</body></html>"
    )
