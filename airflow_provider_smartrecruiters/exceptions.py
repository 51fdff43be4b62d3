"""The errors of this package: one tree, named by what the caller can do about them.

Every error says what happened, to which record, and what to do next. None of them carries a secret, an error
body, or text that was sent: the API's own words are kept only where they do not repeat what was sent to it.

``SmartRecruitersError``
    ``ConfigurationError``        the connection has to be mended
    ``InvalidInputError``         the arguments have to be mended; nothing was sent
    ``StalePlanError``            the record moved on since it was planned; nothing was sent
    ``BulkFailedError``          more items of a batch failed than it allows; the others are done
    ``ApiError``                  the API answered with an error
        ``BadRequestError``           400
        ``AuthenticationError``       401: no valid credential
        ``PermissionDeniedError``     403, and a 401 that a fresh credential did not cure
        ``NotFoundError``             404
        ``ConflictError``             409
        ``UnprocessableError``        422
        ``RateLimitedError``          429 for longer than the call's budget; retryable
        ``ServerError``               5xx; retryable
        ``UnexpectedResponseError``   an answer that this API does not give
    ``ConnectionFailedError``     nothing was sent; retryable
    ``AnswerLostError``           sent, but the answer never came; retryable
    ``DeadlineExceededError``     the call's time budget is used up; retryable

This module is standard library only and never imports Airflow.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AnswerLostError",
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "BulkFailedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "InvalidInputError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitedError",
    "ServerError",
    "SmartRecruitersError",
    "StalePlanError",
    "UnexpectedResponseError",
    "UnprocessableError",
]


class SmartRecruitersError(Exception):
    """Base of every error raised by this package.

    :param summary: what happened, to which record; one sentence without a secret or personal text.
    :param hint: what to do next, in plain words.
    :param use_case: id of the use case (``put_update_job_status``), where one was running.
    :param method: HTTP verb of the failed request.
    :param path_template: path of the failed request with its placeholders, ``/jobs/{jobId}/status``.
    :param status: HTTP status of the answer.
    :param code: the API's error code, ``INVALID_SOURCE_TYPE``.
    :param api_message: the API's own message; empty where it repeated what was sent.
    :param retryable: whether sending the same again later can help.
    :param may_have_been_applied: whether the API may have carried the change out all the same.
    :param retry_after: seconds that the API asked to wait, where it did.
    """

    retryable: bool = False

    def __init__(
        self,
        summary: str,
        *,
        hint: str = "",
        use_case: str | None = None,
        method: str | None = None,
        path_template: str | None = None,
        status: int | None = None,
        code: str | None = None,
        api_message: str = "",
        retryable: bool | None = None,
        may_have_been_applied: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint
        self.use_case = use_case
        self.method = method
        self.path_template = path_template
        self.status = status
        self.code = code
        self.api_message = api_message
        self.may_have_been_applied = may_have_been_applied
        self.retry_after = retry_after
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        parts = [self.summary]
        if said := ": ".join(part for part in (self.code, self.api_message) if part):
            parts.append(f"SmartRecruiters says: {said.rstrip('.')}.")
        if self.may_have_been_applied:
            parts.append("The change may have been applied all the same.")
        if self.hint:
            parts.append(f"What to do: {self.hint}")
        return " ".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self), self.summary, dict(self.__dict__))


def rebuild(cls: type[SmartRecruitersError], summary: str, state: dict[str, Any]) -> SmartRecruitersError:
    """Return an error with another's attributes, past a constructor that would check them: for pickle, and for the
    hook, whose errors are of another class.

    :param cls: class of the new error.
    :param summary: its summary.
    :param state: the ``__dict__`` of the other one.
    """
    error = cls.__new__(cls, summary)
    Exception.__init__(error, summary)
    error.__dict__.update(state)
    return error


class ConfigurationError(SmartRecruitersError):
    """The connection cannot be used as it is; nothing was sent."""


class InvalidInputError(SmartRecruitersError, ValueError):
    """The arguments cannot be sent; nothing was.

    :param fields: names of the arguments that have to be mended, dotted where nested (``job_ad.qualifications.text``).
    """

    def __init__(self, summary: str, *, fields: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(summary, **kwargs)
        self.fields = fields


class StalePlanError(SmartRecruitersError):
    """The record is no longer what it was when the change was planned; nothing was sent."""


class BulkFailedError(SmartRecruitersError):
    """More items of a batch failed, or were never reached, than it allows. Those that succeeded are done, and are not
    done again by a retry. ``retryable`` says whether some of the failures may pass.
    """


class ApiError(SmartRecruitersError):
    """The API answered with an error. ``status`` is always set."""


class BadRequestError(ApiError):
    """400: the API refused the values."""


class AuthenticationError(ApiError):
    """401: the API does not accept the credential."""


class PermissionDeniedError(ApiError):
    """403, or a 401 that a fresh credential did not cure: valid credential, no access to this record."""


class NotFoundError(ApiError):
    """404: the record, or the tie between two records, does not exist for this credential."""


class ConflictError(ApiError):
    """409: the change collides with another request or with the record's state."""


class UnprocessableError(ApiError):
    """422: the API understood the values and does not take them."""


class RateLimitedError(ApiError):
    """429 for longer than the call's budget. The request was not carried out."""

    retryable = True


class ServerError(ApiError):
    """5xx: SmartRecruiters failed. Whether a write was carried out is unknown."""

    retryable = True


class UnexpectedResponseError(ApiError):
    """An answer that this API does not give: a redirect, a page instead of JSON, an unknown status."""


class ConnectionFailedError(SmartRecruitersError):
    """No connection could be made; nothing was sent."""

    retryable = True


class AnswerLostError(SmartRecruitersError):
    """The request was sent and the answer never came whole: a timeout, a reset, a truncated body."""

    retryable = True


class DeadlineExceededError(SmartRecruitersError):
    """The call's time budget is used up before the API took the request."""

    retryable = True
