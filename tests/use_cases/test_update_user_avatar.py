"""``PUT /user-api/v201804/users/{id}/avatar``."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, answered, rewritten


def picture(kind: str = "PNG", colour: str = "teal") -> bytes:
    data = BytesIO()
    Image.new("RGB", (8, 8), colour).save(data, kind)
    return data.getvalue()


def mutilated(code: str, piece: str, old: bytes, new: bytes) -> Refusal:
    """Return the refusal of a picture whose multipart body a proxy has changed on its way."""
    name = f"a proxy changed the {piece}"
    return Refusal(name, 400, BadRequestError, ("proxy", piece), provoke=rewritten(old, new), code=code)


class TestUpdateUserAvatar(UseCaseTests):
    operator = UpdateUserAvatarOperator
    use_case = "put_update_user_avatar"
    ids = ("user_id",)
    private = ("user_email",)
    operation = "users.avatar.update"
    path = "/user-api/v201804/users/{user_id}/avatar"
    status = 204
    scope = "users_manage"
    refusals = (
        # The first bytes are those of an image, so only the API can find out that the rest is broken.
        Refusal(
            "picture that the API cannot read",
            400,
            BadRequestError,
            ("image editor", "PNG or JPEG"),
            provoke=answered(400),
        ),
        # The operator sends all of a part; only what is between it and the API can take some away.
        mutilated("UNMARSHALLING_ERROR", "multipart body", b' name="file";', b""),
        mutilated("MISSING_FILE_PART", "part named file", b'name="file"', b'name="picture"'),
        mutilated("MISSING_FILE_NAME", "file name", b'; filename="avatar.png"', b""),
        mutilated("MISSING_MEDIA_TYPE", "media type", b"Content-Type: image/png\r\n", b""),
        Refusal(
            "user that may be read only",
            403,
            PermissionDeniedError,
            ("administrator", "users_manage"),
            lambda state: {"user_id": state.read_only_user_id},
            code="PERMISSION_DENIED",
        ),
        Refusal(
            "user out of reach",
            403,
            PermissionDeniedError,
            ("administrator", "users_manage"),
            lambda state: {"user_id": state.restricted_user_id},
            code="PERMISSION_DENIED",
        ),
        Refusal(
            "e-mail address for an id",
            404,
            NotFoundError,
            ("user_id", "e-mail"),
            lambda state: {"user_id": state.user(state.user_ids[0]).email},
        ),
    )
    bad_inputs = (
        BadInput("no path", {"avatar_path": ""}, ("avatar_path",), ("does not name a file",)),
        BadInput("a file that is not there", {"avatar_path": "/nowhere/face.png"}, ("avatar_path",), ("not exist",)),
        BadInput("a folder", {"avatar_path": str(Path(__file__).parent)}, ("avatar_path",), ("directory",)),
        BadInput(
            "a file that is not an image", {"avatar_path": __file__}, ("avatar_path",), ("PNG, JPEG, GIF or WebP",)
        ),
        BadInput("an invalid size", {"max_bytes": "many"}, ("max_bytes",), ("bytes",)),
        BadInput("image that is too large", {"max_bytes": 20}, ("avatar_path",), ("max_bytes",)),
    )

    def arguments(self) -> dict[str, Any]:
        path = self.folder / "Zofia Ćwik.png"
        path.write_bytes(picture())
        return {"user_id": self.state.user_ids[0], "avatar_path": str(path)}

    def other_arguments(self) -> dict[str, Any]:
        path = self.folder / "second.jpg"
        path.write_bytes(picture("JPEG", "red"))
        return {"user_id": self.state.user_ids[1], "avatar_path": str(path)}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        image = Path(arguments["avatar_path"]).read_bytes()
        kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
        digest = hashlib.sha256(image).hexdigest()
        part = {
            "name": "file",
            "filename": f"avatar.{kind}",
            "content_type": f"image/{kind}",
            "size": len(image),
            "sha256": digest,
        }
        return Expected(
            body=[part],
            stored=(digest, f"image/{kind}", len(image)),
            diff=[
                {"field": "type", "before": None, "after": f"image/{kind}"},
                {"field": "bytes", "before": None, "after": len(image)},
            ],
            lines=[f"type: (not read) -> image/{kind}", f"bytes: (not read) -> {len(image)}"],
            free_text=["Zofia"],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        user = self.state.user(arguments["user_id"])
        return user.avatar_sha256, user.avatar_content_type, user.avatar_size

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
    def test_the_type_is_detected_from_the_content(self, kind: str) -> None:
        path = self.folder / "avatar.txt"
        path.write_bytes(picture(kind))
        arguments = {"user_id": self.state.user_ids[0], "avatar_path": str(path)}
        self.run(**arguments)
        assert self.stored(arguments)[1] == f"image/{kind.lower()}"
        ((part,),) = [entry.body for entry in self.emulator.journal]
        assert part["filename"] == f"avatar.{kind.lower()}"

    def test_a_file_that_is_not_an_image_despite_its_name(self) -> None:
        path = self.folder / "face.png"
        path.write_bytes(picture("BMP"))
        with pytest.raises(InvalidInputError, match=r"image \(detected from its bytes, not its name\)"):
            self.run(user_id=self.state.user_ids[0], avatar_path=str(path))
        assert self.operations() == []

    def test_a_uri_of_object_storage(self) -> None:
        arguments = self.arguments()
        expected = self.expected(arguments)
        result = self.run(**{**arguments, "avatar_path": f"file://{arguments['avatar_path']}"})
        self.check_result(result, arguments, expected)
        self.check_writes(arguments, expected)

    @pytest.mark.parametrize("limit", [5_000_000, "5000000"])
    def test_max_bytes_raises_the_limit(self, limit: Any) -> None:
        arguments = self.arguments()
        Path(arguments["avatar_path"]).write_bytes(picture() + bytes(4_999_000))
        self.run(**arguments, max_bytes=limit)
        assert self.stored(arguments)[2] > 4_999_000

    def test_more_than_the_default_size_is_refused(self) -> None:
        arguments = self.arguments()
        Path(arguments["avatar_path"]).write_bytes(picture() + bytes(5 * 1024 * 1024))
        with pytest.raises(InvalidInputError, match="5242880"):
            self.run(**arguments)
        assert self.operations() == []
