"""Operators for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.params import as_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_smartrecruiters.api.change import Change


class UpdateUserAvatarOperator(SmartRecruitersBaseOperator):
    """Set a user's avatar to an image from a file or from object storage.

    Endpoint: ``PUT /user-api/v201804/users/{id}/avatar``. The API does not give an avatar back, so whether anything
    changed cannot be told: ``changed`` is ``None`` in the result, and every run writes.

    :param user_id: id of the user, text.
    :param avatar_path: where the image is, text: a path that the worker can read, or any URI that Airflow's
        ``ObjectStoragePath`` can (``s3://conn_id@bucket/key``). PNG, JPEG, GIF or WebP, told by its bytes.
    :param max_bytes: largest size to send, in bytes; default 5 MiB.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: there is no such file, it is too large, or it is none of the four kinds of image; nothing
        was sent.
    :raises BadRequestError: the API could not read the image.
    :raises PermissionDeniedError: the credential may not change this user (scope ``users_manage``).
    :raises NotFoundError: there is no such user.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "users.UpdateUserAvatar"
    template_fields: Sequence[str] = (
        "user_id",
        "avatar_path",
        "max_bytes",
        *SmartRecruitersBaseOperator.template_fields,
    )

    free_text_fields: Sequence[str] = ("avatar_path",)

    def __init__(
        self, *, user_id: str, avatar_path: str, max_bytes: int | str = 5 * 1024 * 1024, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.user_id = user_id
        self.avatar_path = avatar_path
        self.max_bytes = max_bytes

    @classmethod
    def read_parameters(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Read the image; see the class for the errors."""
        from airflow_provider_smartrecruiters.operators.files import read_bytes

        max_bytes = as_size("max_bytes", parameters["max_bytes"])
        image = read_bytes("avatar_path", parameters["avatar_path"], max_bytes=max_bytes)
        return {"user_id": parameters["user_id"], "image": image, "max_bytes": max_bytes}

    @classmethod
    def change_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change; see the class for the errors."""
        from airflow_provider_smartrecruiters.exceptions import InvalidInputError

        try:
            return super().change_of(parameters)
        except InvalidInputError as error:
            # What the change knows as the image, the DAG's author gave as a path.
            error.fields = tuple("avatar_path" if name == "image" else name for name in error.fields)
            raise
