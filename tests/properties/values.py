"""
Values that nobody should give, and values that somebody may: what the properties are tried with.

Every strategy here is for one argument, whatever it belongs to; `arguments.py` puts them together.
"""

# ruff: noqa: RUF001 - characters that look like others are what is tried here

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.jobs import NOTE_MAX_LENGTH
from airflow_provider_smartrecruiters.api.users import DEFAULT_MAX_BYTES
from tests.support import catalogue

RENDERED = ("", " ", "None", "none", "null", "undefined", "True", "False", "[]", "{}", "()", "nan", "NaN", "0", "1")
"""What a template renders to when its value is not there, or is no text."""

STRANGE_CHARACTERS = "/\\.%?#;:@&=+,$!'\"()[]{}<>|`^~* \t\r\n\0\x7f\x85\u00a0\u2028\u2029"
OTHER_SCRIPTS = "ñßİı中文日本語العربيةעבריתहिन्दी🎉👩‍💻🇩🇪e\u0301\ufeff\u200b\u202e\u2066\ud800\udfff\ue000\U0010ffff"
SEPARATED = (
    *(
        "a/b",
        "/",
        "//",
        "a//b",
        "..",
        ".",
        "...",
        "a/../b",
        "../../jobs",
        "./a",
        "a/.",
        "a/..",
        "..;/a",
        ".%2e",
        "..%2f",
    ),
    *("%2e%2e", "%2E", "%2F", "%252F", "%00", "%0d%0a", "%zz", "%", "100%", "%u002e", "%c0%ae"),
    *("a?b=c", "?", "#", "a#b", "a;b", ";jsessionid=1", "a\\b", "\\..\\", "a&b", "a=b", "a+b", "a b", "a:b@c"),
    *(
        "a\nb",
        "a\r\nHost: example.com",
        "a\0b",
        "\0",
        "a\tb",
        "\n",
        "status",
        "me",
        "{jobId}",
        "{}",
        "{0}",
        "%s",
        "${x}",
    ),
    *("http://example.com/", "//example.com/a", "@example.com", "a\u2028b", "a\u202eb", "\u2066a\u2069", "\ufeffa"),
    *("中文", "العربية", "🎉", "e\u0301", "\ud800", "a\udfffb", "ſ", "K", "．．", "／", "…", "a\u00a0b", "\u00a0"),
)

texts = st.one_of(
    st.sampled_from(RENDERED),
    st.sampled_from(SEPARATED),
    st.text(STRANGE_CHARACTERS + "abcXYZ019-_", max_size=20),
    st.text(OTHER_SCRIPTS, min_size=1, max_size=20),
    st.text(max_size=40),
    # At the limits that the contract or the package sets, one past them, and far past.
    st.builds(
        lambda character, size: character * size,
        st.sampled_from("ax%/.ñ🎉\n"),
        st.sampled_from((1, 2, 16, 17, 63, 64, 255, 256, 257, 24_999, 25_000, NOTE_MAX_LENGTH, NOTE_MAX_LENGTH + 1)),
    ),
)

people_wrote = st.builds(
    "{} {}".format, st.sampled_from(("Ada Lovelace", "<p>Höhenangst?</p>", "秘密のメモです")), texts
)
"""Texts of at least eight characters that begin as people's do, and go on as anything."""

plain_texts = st.one_of(
    st.just("x"), people_wrote.filter(lambda text: len(text) < 60 and not re.search("[\ud800-\udfff]", text))
)
"""Texts that are taken: not too long for any field, and without half a character."""

plain_ids = st.one_of(
    st.uuids().map(str),
    st.sampled_from(("a/b", "..%2f", "a?b=c&d", "a#b", "a;b", "a b", "100%", "中文", "🎉", "a\\b", "me", "status")),
    st.integers(0, 10**30),
)
"""Ids that are taken: opaque, so nearly anything may be one."""

numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from((2**31, 2**63, -(2**64))),
    # More digits than an id has characters, than a float can be large, than Python turns into text.
    st.sampled_from((255, 256, 400, 5_000)).map(lambda digits: 10**digits),
    st.sampled_from((0.0, -0.0, 1.5, 1e308, math.nan, math.inf, -math.inf)),
    st.sampled_from((Decimal("1.50"), Decimal("NaN"), 1j)),
)

_OFFSETS = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))

dates = st.one_of(
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.one_of(st.just(UTC), _OFFSETS)),
    st.sampled_from((date.min, date.max, datetime.min, datetime.max, time(9), timedelta(days=1))),
    st.sampled_from(
        (
            *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T24:00:00Z", "0000-01-01"),
            *("2026-W01-1", "2026W011T10", "2026-001", "20260131", "20260131T090000Z", "2026-01", "2026", "26-01-01"),
            *("2026-01-31T09", "2026-01-31t09:00z", "2026-01-31 09:00", "2026-01-31T09:00:00,5+05:30", "2026-02-30"),
            *("2026-01-31T23:59:60Z", "2026-01-31T09:00:00+99:99", "2026-01-31T09:00:00.123456789Z", " 2026-01-31 "),
            *("31.01.2026", "01/31/2026", "tomorrow", "1769817600", "２０２６-01-31", "2026-01-31\n", "-2026-01-31"),
        )
    ),
)
plain_dates = st.one_of(
    st.dates(date(1, 1, 2), date(9999, 12, 30)),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.one_of(st.none(), st.just(UTC), _OFFSETS)),
    st.dates().map(date.isoformat),
)

ENUMERATED = tuple(
    dict.fromkeys(
        choice
        for change in catalogue.changes()
        for name in change.model_fields
        for choice in catalogue.choices(change, name)
    )
)
enumerated = st.sampled_from(ENUMERATED)
"""Values of every list, so that one list's are tried where another's belong."""

odd_choices = st.one_of(
    enumerated.map(str.swapcase), enumerated.map(str.title), enumerated.map(" {}".format), enumerated.map(list), texts
)

tag_lists = st.lists(st.one_of(plain_texts, st.sampled_from(("a", "A", " a ", "ß", "ss"))), max_size=5)

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"RIFF\0\0\0\0WEBP")
plain_images = st.builds(bytes.__add__, st.sampled_from(_SIGNATURES), st.binary(max_size=64))
images = st.one_of(
    plain_images,
    st.binary(max_size=32),
    st.sampled_from(_SIGNATURES).map(lambda signature: signature[:-1]),
    st.sampled_from(
        (b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"\r\n--boundary--\r\n", b"GIF89a" + bytes(DEFAULT_MAX_BYTES - 6))
    ),
    st.just(b"GIF89a" + bytes(DEFAULT_MAX_BYTES)),
)


def nested(depth: int, *, in_lists: bool) -> Any:
    """Return a mapping, or a list, so many levels deep."""
    value: Any = "the innermost text"
    for _ in range(depth):
        value = [value] if in_lists else {"a": value}
    return value


def endless(in_list: bool) -> Any:
    """Return a value that holds itself."""
    mapping: dict[str, Any] = {}
    mapping["a"] = [mapping] if in_list else mapping
    return mapping


KEYS = st.one_of(
    st.sampled_from(("id", "label", "value", "text", "title", "code", "sections", "properties", "urls", "job", "a")),
    texts,
    st.sampled_from((None, True, 0, 1.5, math.nan, b"bytes as a key", ("a", "tuple"), date(2026, 1, 31))),
)

leaves = st.one_of(
    st.none(), st.booleans(), numbers, texts, people_wrote, dates, images, st.builds(object), st.just({"a set"})
)

anything = st.one_of(
    leaves,
    st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
    ),
    # Around the depths at which Python, or a library, gives up.
    st.builds(nested, st.sampled_from((30, 90, 300, 700, 850, 950, 1_100, 3_000, 30_000)), in_lists=st.booleans()),
    st.builds(endless, st.booleans()),
)
"""A value of any type, nested in any way."""


def rendered(value: Any) -> Any:
    """Return the text that a template makes of a value, as JSON where it can be had."""
    try:
        return printed(value) if isinstance(value, bytes) else json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return printed(value)


def printed(value: Any) -> Any:
    """Return the text that Jinja prints of a value; the value itself where Python cannot print it, or takes seconds."""
    try:
        return value if isinstance(value, bytes) and len(value) > 1_000 else str(value)
    except (ValueError, RecursionError):
        return value


switches = st.one_of(
    st.booleans(), st.sampled_from(("true", "FALSE", " yes ", "no", "1", "0", 1, 0)), st.sampled_from(RENDERED), leaves
)
