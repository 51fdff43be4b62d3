"""The package's errors: one tree, named by what the caller can do about them.

Every error states the cause, the record, and the next step. No error carries a secret, a response body, or text that
was sent: the API's own message is kept only if it does not repeat any of that.

``SmartRecruitersError``
    ``ConfigurationError``        the connection must be fixed; nothing was sent
    ``InvalidInputError``         the arguments must be fixed; nothing was sent
    ``StalePlanError``            the record changed after it was planned; nothing was sent
    ``IgnoredValuesError``        the API accepted the write, but dropped a value of it
    ``UnreachableStatusError``    a wait met a status from which the awaited one does not follow
    ``CompletionTimeoutError``    the API accepted a change and did not complete it in time; retryable
    ``BulkFailedError``           more batch items failed than allowed; the successful ones are done
    ``ApiError``                  the API returned an error
        ``BadRequestError``           400, 413, 415
        ``AuthenticationError``       401: the credential is not valid
        ``PermissionDeniedError``     403, or a 401 although the credential is valid
        ``NotFoundError``             404
        ``ConflictError``             409, 423; retryable if another request was in the way
        ``UnprocessableError``        422
        ``RateLimitedError``          429 for longer than the call's budget; retryable
        ``ServerError``               5xx, 408, 425; retryable
        ``UnexpectedResponseError``   a response that this API does not document, such as a firewall's page
    ``ConnectionFailedError``     nothing was sent; retryable
    ``AnswerLostError``           sent, but no complete response arrived; retryable if sending it twice does no harm
    ``DeadlineExceededError``     the call's time budget is used up; retryable

This module is standard library only and never imports Airflow.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

__all__ = [
    "AnswerLostError",
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "BulkFailedError",
    "CompletionTimeoutError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "IgnoredValuesError",
    "InvalidInputError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitedError",
    "ServerError",
    "SmartRecruitersError",
    "StalePlanError",
    "UnexpectedResponseError",
    "UnprocessableError",
    "UnreachableStatusError",
]


def shortened(value: str) -> str:
    """Return an id for a person to read: at most 64 characters."""
    return value if len(value) <= 64 else f"{value[:61]}..."


LINE_WIDTH = 100
"""Most characters in a line of the log: Airflow's viewer wraps none, and 102 fit into 1400 pixels."""


def fitted(line: str, width: int = LINE_WIDTH) -> str:
    """Return a line for a log, wrapped.

    :param line: the line, with its indentation.
    :param width: largest number of characters in a line. An id or an address that is longer is not cut.
    """
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, width, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False)


class SmartRecruitersError(Exception):
    """Base of every error raised by this package.

    The message reads in this order: cause, the API's own message, whether the change may have been applied, what to
    do, record, connection, error code.

    :param summary: the cause and the record; one sentence without a secret or personal text.
    :param hint: what to do next: an imperative that starts with a capital and ends with a full stop.
    :param use_case: id of the use case (``put_update_job_status``), if one was running.
    :param method: HTTP method of the failed request.
    :param path_template: path of the failed request with its placeholders, ``/jobs/{jobId}/status``.
    :param status: HTTP status of the response.
    :param code: the API's error code, ``INVALID_SOURCE_TYPE``.
    :param api_message: the API's own message; empty if it repeats what was sent.
    :param retryable: whether sending the same request later can succeed.
    :param may_have_been_applied: whether the API may have applied the change anyway.
    :param retry_after: seconds that the API asked to wait; None if it did not.
    """

    retryable: bool = False
    retryable_after_read: bool = False
    """Whether a later request can succeed if the record is read first: the write may have been applied, and sending it
    twice would do more than sending it once."""
    target: Mapping[str, str] = MappingProxyType({})
    """Ids of the record by argument name, as far as they are known and valid."""
    doubt: str = "The change may have been applied anyway."
    """What the message says if ``may_have_been_applied`` is true."""
    connection: str | None = None
    """Id of the Airflow connection; None outside of Airflow."""
    logged: bool = False
    """Whether the hook has logged the error already."""

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
        return " ".join(self._sentences())

    def report(self, width: int = LINE_WIDTH) -> str:
        """Return the message for a log: one sentence a line, in the order of the message, wrapped.

        :param width: largest number of characters in a line. An id or a path that is longer is not cut.
        """
        # The log viewer of Airflow cuts off the text of the exception itself.
        return "\n".join(fitted(one, width) for one in self._sentences())

    def _sentences(self) -> Iterator[str]:
        yield self.summary
        if self.api_message:
            yield f"SmartRecruiters says: {self.api_message.rstrip('.')}."
        if self.may_have_been_applied:
            yield self.doubt
        if self.hint:
            yield f"What to do: {self.hint}"
        # Most summaries name the record already, in words.
        ids = {name: shortened(value) for name, value in self.target.items()}
        if not all(value in self.summary for value in ids.values()):
            yield f"Record: {', '.join(f'{name} {value}' for name, value in ids.items())}."
        if self.connection:
            yield f"Connection: {self.connection}."
        if self.code:
            yield f"Error code: {self.code}."
        if self.method and not self.use_case:
            # A request of `hook.request`: nothing else says what it was about.
            yield f"Request: {self.method} {self.path_template}."

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self), self.summary, dict(self.__dict__))


def rebuild(cls: type[SmartRecruitersError], summary: str, state: dict[str, Any]) -> SmartRecruitersError:
    """Return an error with the attributes of another one, without calling the constructor of its class.

    Pickle uses it, and so does the hook, which raises a subclass of the original error.

    :param cls: class of the new error.
    :param summary: its summary.
    :param state: ``__dict__`` of the original error.
    """
    # A subclass may take other constructor arguments, so `cls(summary, **state)` could fail or drop attributes.
    error = cls.__new__(cls, summary)
    Exception.__init__(error, summary)
    error.__dict__.update(state)
    return error


class ConfigurationError(SmartRecruitersError):
    """The connection has an unusable value; nothing was sent."""


class InvalidInputError(SmartRecruitersError, ValueError):
    """The arguments are not valid; nothing was sent.

    :param fields: names of the arguments to fix, dotted if nested (``job_ad.qualifications.text``).
    """

    def __init__(self, summary: str, *, fields: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(summary, **kwargs)
        self.fields = fields


class StalePlanError(SmartRecruitersError):
    """The record changed after the change was planned, or after the batch that is undone; nothing was sent."""


class IgnoredValuesError(SmartRecruitersError):
    """The API accepted a write, but dropped a value of it. All else was written. Raised with ``fail_if_ignored`` only.

    :param ignored: names of the fields that the API did not keep.
    :param lost: those of them whose previous value is gone as well.
    """

    doubt = "All other values were written."

    def __init__(
        self, summary: str, *, ignored: tuple[str, ...] = (), lost: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__init__(summary, **kwargs)
        self.ignored = ignored
        self.lost = lost


class UnreachableStatusError(SmartRecruitersError):
    """A wait met a status from which the awaited one does not follow; another look would only cost time."""


class CompletionTimeoutError(SmartRecruitersError):
    """The API accepted a change that it completes later, and had not completed it when the wait ended."""

    retryable = True


class BulkFailedError(SmartRecruitersError):
    """More items of a batch failed, or were never started, than the batch allows.

    Items that succeeded are done, and a retry does not repeat them. ``retryable`` is true if some of the failures are
    transient.
    """


class ApiError(SmartRecruitersError):
    """The API returned an error. ``status`` is always set."""


class BadRequestError(ApiError):
    """400: the API rejected the values. 413, 415: their size or type."""


class AuthenticationError(ApiError):
    """401: the API did not accept the credential."""


class PermissionDeniedError(ApiError):
    """403, or a 401 although the credential is valid: the record does not exist for it, or access is denied."""


class NotFoundError(ApiError):
    """404: the record, or the link between two records, does not exist for this credential."""


class ConflictError(ApiError):
    """409: the change conflicts with another request or with the state of the record. 423: the record is locked.

    ``retryable`` is true if another request was in the way and the change can be built again from a new read. The
    client never sends the same body again.
    """


class UnprocessableError(ApiError):
    """422: the API understood the values and does not accept them."""


class RateLimitedError(ApiError):
    """429 for longer than the call's budget. The request was not applied."""

    retryable = True


class ServerError(ApiError):
    """5xx, 408: SmartRecruiters failed. Whether a write was applied is unknown. 425: it was not processed yet."""

    retryable = True


class UnexpectedResponseError(ApiError):
    """A response that this API does not document: a redirect, a page of HTML, an unknown status.

    A page is not SmartRecruiters' own, whatever its status. With 429 or 5xx it has the class of its status.
    """


class ConnectionFailedError(SmartRecruitersError):
    """No connection could be established; nothing was sent."""

    retryable = True


class AnswerLostError(SmartRecruitersError):
    """The request was sent, but no complete response arrived: a timeout, a reset, a truncated body.

    Not retryable for a ``POST``, ``PATCH`` or ``DELETE``, which may be applied twice. Adding tags is the exception.
    """

    retryable = True


class DeadlineExceededError(SmartRecruitersError):
    """The call's time budget ran out before the request could be sent."""

    retryable = True
