"""Users and their avatars."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.emulator.conftest import Api

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

INTERVIEWS = "/interviews-api/v201904/interviews"
USERS = "/user-api/v201804/users"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_avatar(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    user_id = smartrecruiters_emulator.state.user_ids[3]
    answer = api.put(f"{USERS}/{user_id}/avatar", files={"file": ("me.png", PNG, "image/png")})
    assert (answer.status_code, answer.content) == (204, b"")
    user = smartrecruiters_emulator.state.user(user_id)
    digest = hashlib.sha256(PNG).hexdigest()
    assert (user.avatar_sha256, user.avatar_content_type, user.avatar_size) == (digest, "image/png", len(PNG))
    assert smartrecruiters_emulator.journal[0].body == [
        {"name": "file", "filename": "me.png", "content_type": "image/png", "size": len(PNG), "sha256": digest}
    ]


@pytest.mark.off_contract
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"files": {"image": ("me.png", PNG, "image/png")}}, "MISSING_FILE_PART"),
        ({"files": {"File": ("me.png", PNG, "image/png")}}, "MISSING_FILE_PART"),
        ({"files": {"file": (None, PNG, "image/png")}}, "MISSING_FILE_NAME"),
        ({"files": {"file": ("me.png", PNG)}}, "MISSING_MEDIA_TYPE"),
        ({"files": {"file": ("me.png", b"no image", "image/png")}}, None),
        ({"files": {"file": ("me.png", b"", "image/png")}}, None),
        ({"data": PNG, "headers": {"Content-Type": "image/png"}}, "UNMARSHALLING_ERROR"),
        ({"data": PNG, "headers": {"Content-Type": "multipart/form-data"}}, "UNMARSHALLING_ERROR"),
        (
            {"data": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            "UNMARSHALLING_ERROR",
        ),
        ({"json": {"file": "x"}}, "UNMARSHALLING_ERROR"),
        ({}, "UNMARSHALLING_ERROR"),
    ],
)
def test_an_avatar_that_cannot_be_read(
    smartrecruiters_emulator: SmartRecruitersEmulator, api: Api, options: dict[str, Any], code: str | None
) -> None:
    user_id = smartrecruiters_emulator.state.user_ids[3]
    answer = api.put(f"{USERS}/{user_id}/avatar", **options)
    assert (answer.status_code, [one["code"] for one in answer.json()["errors"]]) == (400, [code] if code else [])
    assert smartrecruiters_emulator.state.user(user_id).avatar_sha256 is None
    assert smartrecruiters_emulator.journal.writes() == []


def test_avatar_of_others(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    files = {"file": ("me.png", PNG, "image/png")}
    denied = smartrecruiters_emulator.state.read_only_user_id
    assert api.put(f"{USERS}/{denied}/avatar", files=files).status_code == 403
    assert api.put(f"{USERS}/nobody/avatar", files=files).status_code == 404


def test_users_are_paged_without_a_total(smartrecruiters_emulator: SmartRecruitersEmulator, api: Api) -> None:
    first = api.get(USERS).json()
    assert len(first["content"]) == 100
    assert "totalFound" not in first
    second = api.get(USERS, params={"pageId": first["nextPageId"]}).json()
    assert "nextPageId" not in second
    ids = [user["id"] for user in first["content"] + second["content"]]
    assert len(set(ids)) == 129
    me = api.get(f"{USERS}/me").json()
    assert me == api.get(f"{USERS}/{me['id']}").json()
    assert [user["id"] for user in api.get(USERS, params={"q": me["email"]}).json()["content"]] == [me["id"]]
