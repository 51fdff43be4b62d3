"""Files that are sent more than once."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from tests.support.scripted_server import ScriptedServer, reply

BUSY = reply(429, headers={"Retry-After": "0"})
PICTURE = b"\x89PNG" + bytes(range(256)) * 40


def pipe(content: bytes) -> Any:
    """Return a stream that cannot be rewound."""
    reads, writes = os.pipe()
    with os.fdopen(writes, "wb") as sink:
        sink.write(content)
    return os.fdopen(reads, "rb")


@pytest.mark.parametrize("kind", ["file", "memory", "pipe"])
@pytest.mark.parametrize("shape", ["file", "with a name", "with a type", "a list"])
def test_an_open_file_is_whole_each_time_it_is_sent(kind: str, shape: str, connect: Any, tmp_path: Path) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(PICTURE)
    stream = {"file": lambda: path.open("rb"), "memory": lambda: io.BytesIO(PICTURE), "pipe": lambda: pipe(PICTURE)}
    with stream[kind]() as opened, ScriptedServer(BUSY, BUSY, reply(204)) as server:
        files: Any = {
            "file": {"file": opened},
            "with a name": {"file": ("me.png", opened)},
            "with a type": {"file": ("me.png", opened, "image/png")},
            "a list": [("file", ("me.png", opened))],
        }[shape]
        connect(server.url).request("PUT", "/users/1/avatar", files=files)
        assert [PICTURE in request.body for request in server.requests] == [True] * 3
        name = b"me.png" if shape != "file" or kind == "file" else b"file"
        assert b'filename="%s"' % name in server.requests[-1].body


def test_a_file_is_sent_from_where_it_is(connect: Any) -> None:
    stream = io.BytesIO(b"skipped" + PICTURE)
    stream.seek(7)
    with ScriptedServer(BUSY, reply(204)) as server:
        connect(server.url).request("PUT", "/users/1/avatar", files={"file": ("a", stream)})
        assert [(PICTURE in r.body, b"skipped" in r.body) for r in server.requests] == [(True, False)] * 2


def test_a_file_that_has_been_read_is_never_sent_empty(connect: Any) -> None:
    stream = io.BytesIO(PICTURE)
    with ScriptedServer(reply(204)) as server:
        client = connect(server.url)
        client.request("PUT", "/users/1/avatar", files={"file": ("a", stream)})
        with pytest.raises(InvalidInputError) as caught:
            client.request("PUT", "/users/1/avatar", files={"file": ("a", stream)})
    assert caught.value.fields == ("files",)
    assert "seek(0)" in caught.value.hint


def test_an_empty_file_is_an_empty_part(connect: Any) -> None:
    with ScriptedServer(BUSY, reply(204)) as server:
        connect(server.url).request("POST", "/files", files={"file": ("empty.txt", io.BytesIO(b""))})
        assert all(b"empty.txt" in request.body for request in server.requests)
