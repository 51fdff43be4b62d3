"""Operators for users."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.common.params import as_size
from airflow_provider_smartrecruiters.operators.common.task import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_smartrecruiters.api.change import Change


_HEAD = 64
"""Bytes of an image that a check reads. The type of an image is in its first 12."""


class UpdateUserAvatarOperator(SmartRecruitersBaseOperator):
    """Set a user's avatar to an image from a file or from object storage.

    The API does not return the current avatar. The operator therefore writes on every run, and ``changed`` in the
    result is ``None`` (unknown).

    .. code-block:: python

        UpdateUserAvatarOperator(
            task_id="update_avatar",
            user_id="{{ params.user_id }}",
            avatar_path="s3://aws_default@pictures/ada.png",
        )

    Endpoint: ``PUT /user-api/v201804/users/{id}/avatar``

    API reference: https://developers.smartrecruiters.com/reference/users

    :param user_id: id of the user, text.
    :param avatar_path: location of the image, text: a path that the worker can read, or any URI that Airflow's
        ``ObjectStoragePath`` can read (``s3://conn_id@bucket/key``). PNG, JPEG, GIF or WebP; the type is detected from
        the content, not from the name.
    :param max_bytes: largest file size to send, in bytes. Int, default 5 MiB.
    :param user_email: e-mail address of the user, text, instead of ``user_id``. It is looked up in the list of users
        (scope ``users_read``), and never shown. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: the file does not exist, is too large, or is not one of the four types of image; nothing
        was sent.
    :raises BadRequestError: the API could not read the image.
    :raises PermissionDeniedError: the credential may not change this user (scope ``users_manage``).
    :raises NotFoundError: the user does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "users.UpdateUserAvatar"

    private_fields: Sequence[str] = ("user_email",)
    free_text_fields: Sequence[str] = ("avatar_path",)

    def __init__(
        self,
        *,
        user_id: str | None = None,
        avatar_path: str,
        max_bytes: int | str = 5 * 1024 * 1024,
        user_email: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.user_id = user_id
        self.avatar_path = avatar_path
        self.max_bytes = max_bytes
        self.user_email = user_email

    @classmethod
    def read_parameters(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Read the image; see the class for the errors."""
        from airflow_provider_smartrecruiters.operators.common.files import read_bytes

        max_bytes = as_size("max_bytes", parameters["max_bytes"])
        image = read_bytes("avatar_path", parameters["avatar_path"], max_bytes=max_bytes)
        return {**_user(parameters), "image": image, "max_bytes": max_bytes}

    @classmethod
    def outline_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change from the first bytes of the image, which are enough to check it.

        A batch checks all images before it sends the first one. Without this it would read each of them twice.
        """
        from airflow_provider_smartrecruiters.api.users import UpdateUserAvatar
        from airflow_provider_smartrecruiters.operators.common.files import check_head

        max_bytes = as_size("max_bytes", parameters["max_bytes"])
        head = check_head("avatar_path", parameters["avatar_path"], max_bytes=max_bytes, head=_HEAD)
        with _naming_the_path():
            return UpdateUserAvatar(**_user(parameters), image=head, max_bytes=max_bytes)

    @classmethod
    def change_of(cls, parameters: Mapping[str, Any]) -> Change:
        """Build the change; see the class for the errors."""
        with _naming_the_path():
            return super().change_of(parameters)


def _user(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: unwrapped(parameters.get(name)) for name in ("user_id", "user_email")}


@contextmanager
def _naming_the_path() -> Iterator[None]:
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    try:
        yield
    except InvalidInputError as error:
        # The change calls it image; the DAG author gave a path, so the error names that parameter.
        error.fields = tuple("avatar_path" if name == "image" else name for name in error.fields)
        raise
