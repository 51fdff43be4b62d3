"""Changes of users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.fields import RecordId
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

__all__ = ["UpdateUserAvatar"]

DEFAULT_MAX_BYTES = 5 * 1024 * 1024
"""Largest avatar that is sent unless the caller says otherwise. The API's own limit is not documented."""


class UpdateUserAvatar(Change):
    """A user's avatar.

    ``PUT /user-api/v201804/users/{id}/avatar``, ``multipart/form-data`` with the part ``file``.

    The API has no way to read an avatar, so whether it changes anything cannot be told.

    :param user_id: id of the user.
    :param image: the bytes of a PNG, JPEG, GIF or WebP image; the type is told by them.
    :param max_bytes: size in bytes above which the image is refused, 5 MiB by default.
    """

    use_case: ClassVar[str] = "put_update_user_avatar"
    endpoint: ClassVar[str] = "PUT /user-api/v201804/users/{id}/avatar"
    subject: ClassVar[str] = "avatar of user {user_id}"
    ids: ClassVar[tuple[str, ...]] = ("user_id",)
    scope: ClassVar[str] = "users_manage"
    shown: ClassVar[tuple[str, ...]] = ("type", "bytes")
    hints: ClassVar[Mapping[int | str, str]] = {
        400: "SmartRecruiters could not read the image. Open it in an image editor, save it anew as PNG or JPEG, and "
        "run the task again.",
        403: "The credential may not change this user. Ask a SmartRecruiters administrator to give its system role "
        "the right to manage users.",
        404: "There is no user with this user_id. It is the id of the user, not the e-mail address: look it up in the "
        "list of users (GET /user-api/v201804/users).",
    }

    user_id: RecordId
    image: bytes = Field(repr=False)
    max_bytes: int = Field(default=DEFAULT_MAX_BYTES, gt=0)

    @field_validator("image")
    @classmethod
    def _an_image(cls, image: bytes) -> bytes:
        image_type(image)
        return image

    @model_validator(mode="after")
    def _not_too_large(self) -> Self:
        if len(self.image) > self.max_bytes:
            raise InvalidInputError(
                f"image has {len(self.image):,} bytes; at most {self.max_bytes:,} (max_bytes) are sent",
                fields=("image", "max_bytes"),
            )
        return self

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the type and size of the image; the bytes themselves travel as a multipart part."""
        return {"type": image_type(self.image), "bytes": len(self.image)}

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the image; the API answers 204."""
        # A name of our own: the caller's file name may say more about a person than the API needs to know.
        name = f"avatar.{body['type'].removeprefix('image/')}"
        part = (name, self.image, body["type"])
        verb, _, path = self.endpoint.partition(" ")
        return client.request(verb, path, path_params=self.path_params, files={"file": part})


def image_type(image: bytes) -> str:
    """Return the media type of an image, told by its first bytes.

    Four fixed signatures: a library that knows hundreds of types would answer a question nobody asked.

    :raises ValueError: when it is no PNG, JPEG, GIF or WebP image.
    """
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if image.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if image.startswith(b"RIFF") and image[8:12] == b"WEBP":
        return "image/webp"
    if not image:
        raise ValueError("is empty")
    raise ValueError("is no PNG, JPEG, GIF or WebP image; its name does not matter, its bytes do")
