"""A user's avatar."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from PIL import Image

from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.users import DEFAULT_MAX_BYTES, UpdateUserAvatar, image_type
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from tests.support.scripted_server import ScriptedServer, reply

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

KINDS = ["PNG", "JPEG", "GIF", "WEBP"]


def image(kind: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (4, 4), "navy").save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_image_is_sent_as_what_it_is(kind: str, smartrecruiters_emulator: Any, client: Any) -> None:
    content = image(kind)
    user_id = smartrecruiters_emulator.state.user_ids[1]
    result = apply(client, UpdateUserAvatar(user_id=user_id, image=content))
    (entry,) = smartrecruiters_emulator.journal
    assert (entry.method, entry.status) == ("PUT", 204)
    assert entry.path == f"/user-api/v201804/users/{user_id}/avatar"
    (part,) = entry.body
    assert (part["name"], part["filename"], part["content_type"]) == (
        "file",
        f"avatar.{kind.lower()}",
        f"image/{kind.lower()}",
    )
    stored = smartrecruiters_emulator.state.user(user_id)
    assert stored.avatar_sha256 == hashlib.sha256(content).hexdigest()
    assert (stored.avatar_content_type, stored.avatar_size) == (f"image/{kind.lower()}", len(content))
    assert (result.changed, result.applied, result.response) == (None, True, None)
    assert result.as_dict()["diff"] == [
        {"field": "type", "before": None, "after": f"image/{kind.lower()}"},
        {"field": "bytes", "before": None, "after": len(content)},
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_is_detected_from_the_bytes(kind: str) -> None:
    assert image_type(image(kind)) == f"image/{kind.lower()}"


def test_both_signatures_of_gif() -> None:
    assert {image_type(b"GIF87a..."), image_type(b"GIF89a...")} == {"image/gif"}


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>avatar.png</html>",
        b"BM6\x00\x00\x00",
        b"\x89PNG",
        b"\x89PNG\n\x1a\n",
        b"GIF88a",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF",
        b"II*\x00",
        b" \x89PNG\r\n\x1a\n",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError, match="is not a PNG, JPEG, GIF or WebP image") as caught:
        UpdateUserAvatar(user_id="1", image=content)
    assert caught.value.fields == ("image",)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="is empty"):
        UpdateUserAvatar(user_id="1", image=b"")


def test_the_size_limit() -> None:
    head = b"\xff\xd8\xff"
    UpdateUserAvatar(user_id="1", image=head + bytes(DEFAULT_MAX_BYTES - 3))
    with pytest.raises(InvalidInputError, match="max_bytes allows at most 5,242,880") as caught:
        UpdateUserAvatar(user_id="1", image=head + bytes(DEFAULT_MAX_BYTES - 2))
    assert caught.value.fields == ("image", "max_bytes")


def test_the_caller_sets_the_size_limit() -> None:
    content = image("PNG")
    UpdateUserAvatar(user_id="1", image=content, max_bytes=len(content))
    with pytest.raises(InvalidInputError, match=f"has {len(content)} bytes"):
        UpdateUserAvatar(user_id="1", image=content, max_bytes=len(content) - 1)


@pytest.mark.parametrize("max_bytes", [0, -1, "many", None])
def test_refused_size_limits(max_bytes: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        UpdateUserAvatar(user_id="1", image=image("PNG"), max_bytes=max_bytes)
    assert caught.value.fields == ("max_bytes",)


def test_the_image_is_in_no_repr() -> None:
    change = UpdateUserAvatar(user_id="u1", image=image("PNG"))
    assert repr(change) == "UpdateUserAvatar(user_id='u1')"


def test_a_plan_sends_no_request(connect: Any) -> None:
    with ScriptedServer() as server:
        planned = plan(connect(server.url), UpdateUserAvatar(user_id="1", image=image("GIF")))
    assert [item.name for item in planned.diffs] == ["type", "bytes"]


@pytest.mark.parametrize("user", ["read_only_user_id", "restricted_user_id"])
def test_no_access(user: str, smartrecruiters_emulator: Any, client: Any) -> None:
    user_id = getattr(smartrecruiters_emulator.state, user)
    with pytest.raises(PermissionDeniedError) as caught:
        apply(client, UpdateUserAvatar(user_id=user_id, image=image("PNG")))
    assert caught.value.hint.endswith("the scope users_manage.")


def test_no_such_user(smartrecruiters_emulator: Any, client: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        apply(client, UpdateUserAvatar(user_id="nobody@example.com", image=image("PNG")))
    assert "not the e-mail address" in caught.value.hint


def test_an_image_that_smartrecruiters_cannot_read(connect: Any) -> None:
    body = {"message": "Unmarshalling failed", "errors": [{"code": "UNMARSHALLING_ERROR", "message": "x"}]}
    with ScriptedServer(reply(400, body)) as server, pytest.raises(BadRequestError) as caught:
        apply(connect(server.url), UpdateUserAvatar(user_id="1", image=image("PNG")))
    assert caught.value.code == "UNMARSHALLING_ERROR"
    assert "image editor" in caught.value.hint
