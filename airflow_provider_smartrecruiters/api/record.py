"""What a change and a wait have in common: arguments that name a record, and how to read it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.api.values.arguments import Admitted, admit
from airflow_provider_smartrecruiters.api.values.fields import invalid_arguments, placeholders
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, UnexpectedResponseError, shortened


class AboutRecord(BaseModel):
    """Arguments that name a record, and the declaration of where it is.

    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    use_case: ClassVar[str]
    """Id of the use case, ``put_update_job_status``."""
    endpoint: ClassVar[str]
    """HTTP method and path of the request that this is about, ``PUT /jobs/{jobId}/status``."""
    record: ClassVar[str | None] = None
    """Path of the record to read, ``/jobs/{jobId}``; None if the API offers no way to read it."""
    record_has: ClassVar[tuple[str, ...]] = ()
    """Members that every such record has. A response without them is not a record, whatever its status."""
    ids: ClassVar[tuple[str, ...]]
    """Names of the arguments that identify the record, in the order of the placeholders of :attr:`endpoint`."""
    subject: ClassVar[str]
    """What this is about, in words, with the ids as placeholders: ``status of job {job_id}``."""
    scope: ClassVar[str]
    """OAuth scope required for :attr:`endpoint`."""
    read_scope: ClassVar[str | None] = None
    """OAuth scope required for the read; None if there is no read."""
    scopes_elsewhere: ClassVar[Mapping[str, str]] = {}
    """What another official page calls a scope, where the pages of SmartRecruiters disagree. A 403 names both."""
    guards: ClassVar[tuple[str, ...]] = ()
    """Arguments that prevent writes. A blank one is refused: a template that rendered nothing must not open it."""
    hints: ClassVar[Hints] = {}
    """What to do about an error of this use case, by the API's code or by HTTP status. The code takes precedence. Those
    of this package are in :mod:`~airflow_provider_smartrecruiters.api.values.hints`."""

    def __init__(self, /, **arguments: Any) -> None:
        fields = type(self).model_fields
        optional = [name for name, field in fields.items() if not field.is_required() and name not in self.guards]
        admitted = admit(arguments, optional=optional)
        try:
            super().__init__(**admitted.values)
        except ValidationError as error:
            raise self._refusal(admitted, error) from None
        if admitted.problems:
            raise self._refusal(admitted, None)

    @classmethod
    def _refusal(cls, admitted: Admitted, error: ValidationError | None) -> InvalidInputError:
        refusal = invalid_arguments(cls.__name__, cls.use_case, admitted, error)
        refusal.target = {
            name: str(id_pasted(admitted.values[name], name))
            for name in cls.ids
            if name in admitted.values and name not in refusal.fields
        }
        return refusal

    def __repr__(self) -> str:
        # Without the other values: they may be personal text, and a repr ends up in logs and tracebacks.
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.target.items())})"

    __str__ = __repr__

    @classmethod
    def method_and_path(cls) -> tuple[str, str]:
        """Return the two parts of :attr:`endpoint`."""
        method, path = cls.endpoint.split(" ")
        return method, path

    @property
    def target(self) -> dict[str, str]:
        """The ids of the record, by argument name."""
        return {name: getattr(self, name) for name in self.ids}

    @property
    def label(self) -> str:
        """What this is about, for messages: ``status of job 6f1c…``."""
        return self.subject.format_map({name: shortened(value) for name, value in self.target.items()})

    @property
    def path_params(self) -> dict[str, str]:
        """The ids by the placeholders of :attr:`endpoint`, which :attr:`record` uses too."""
        return dict(zip(placeholders(self.endpoint), self.target.values(), strict=True))

    @property
    def readable(self) -> bool:
        """Whether the API offers a read at all."""
        return self.record is not None

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the record as the API returns it."""
        if self.record is None:
            raise NotImplementedError(f"{self.use_case} cannot be read")
        return read_record(client, self.record, self.path_params, has=self.record_has)


def read_record(
    client: SmartRecruitersClient, path: str, path_params: Mapping[str, str], *, has: Collection[str]
) -> dict[str, Any]:
    """Return a record as the API returns it.

    :param client: client to send with.
    :param path: path of the record, with placeholders.
    :param path_params: values of the placeholders.
    :param has: members that every such record has.
    :raises UnexpectedResponseError: the response is not a record.
    """
    # An empty response is retried, not taken for a record without members: a replacing write would then remove every
    # member that the arguments do not mention.
    attempts = client.retry.start()
    while True:
        answer = client.request("GET", path, path_params=path_params)
        if isinstance(answer, dict) and all(name in answer for name in has):
            return answer
        error = UnexpectedResponseError(
            "The response contains no record.",
            method="GET",
            path_template=path,
            status=200,
            hint="Run the task again. If the error persists, check whether a proxy between Airflow and SmartRecruiters "
            "changes responses.",
            retryable=True,
        )
        if (wait := attempts.next_delay(error)) is None:
            raise error
        attempts.log_next(error, wait)
        time.sleep(wait)
