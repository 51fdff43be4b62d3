"""Changes to users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.names import USER_EMAIL, Name
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalEmail
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

__all__ = ["UpdateUserAvatar"]

DEFAULT_MAX_BYTES = 5 * 1024 * 1024
"""Default size limit in bytes for an avatar. The API's own limit is not documented."""


class UpdateUserAvatar(Change):
    """Set a user's avatar.

    Sends ``PUT /user-api/v201804/users/{id}/avatar``, ``multipart/form-data`` with the part ``file``. API reference:
    https://developers.smartrecruiters.com/reference/users (operation ``users.avatar.update``).

    The API offers no way to read an avatar, so ``changed`` of the result is always None.

    :param user_id: id of the user.
    :param user_email: e-mail address of the user, instead of ``user_id``. Never logged.
    :param image: bytes of a PNG, JPEG, GIF or WebP image. The type is detected from the bytes.
    :param max_bytes: largest accepted image in bytes, 5 MiB by default.
    """

    use_case: ClassVar[str] = "put_update_user_avatar"
    endpoint: ClassVar[str] = "PUT /user-api/v201804/users/{id}/avatar"
    subject: ClassVar[str] = "avatar of user {user_id}"
    ids: ClassVar[tuple[str, ...]] = ("user_id",)
    names: ClassVar[Mapping[str, Name]] = {"user_id": USER_EMAIL}
    scope: ClassVar[str] = "users_manage"
    shown: ClassVar[tuple[str, ...]] = ("type", "bytes")
    enumerated: ClassVar[tuple[str, ...]] = ("type",)
    not_undone: ClassVar[str] = "the API does not return the earlier picture"
    hints: ClassVar[Hints] = hints.AVATAR

    user_id: NamedId = None
    user_email: OptionalEmail = Field(None, exclude=True, repr=False)
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
                f"image has {len(self.image):,} bytes; max_bytes allows at most {self.max_bytes:,}",
                fields=("image", "max_bytes"),
            )
        return self

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return type and size of the image. The bytes themselves are sent as a multipart part."""
        return {"type": image_type(self.image), "bytes": len(self.image)}

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the image. The API responds with 204."""
        # A neutral name: the caller's file name may reveal personal data that the API does not need.
        name = f"avatar.{body['type'].removeprefix('image/')}"
        part = (name, self.image, body["type"])
        return client.request(*self.method_and_path(), path_params=self.path_params, files={"file": part})


def image_type(image: bytes) -> str:
    """Return the media type of an image, detected from its first bytes.

    The four types have fixed signatures, so no library for image types is needed.

    :param image: bytes of the image.
    :raises ValueError: it is not a PNG, JPEG, GIF or WebP image.
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
    raise ValueError("is not a PNG, JPEG, GIF or WebP image (detected from its bytes, not its name)")
