"""What a use case declares: which record it is about, what of it the arguments ask for, and how that is written.

:class:`Change` is the declaration. The two verbs that carry one out, ``plan`` and ``apply``, are in
:mod:`~airflow_provider_smartrecruiters.api.converge`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_smartrecruiters.api.diff import FieldDiff
from airflow_provider_smartrecruiters.api.fields import invalid_arguments, placeholders
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.exceptions import UnexpectedResponseError


class Change(BaseModel):
    """A use case with its arguments: which record should be how.

    A subclass is a declaration: class variables say where the record is, fields say what may be asked of it. A simple
    one adds :meth:`current` alone. ``UpdateJobStatus`` is the smallest to copy::

        class UpdateJobStatus(Change):
            use_case = "put_update_job_status"
            endpoint = "PUT /jobs/{jobId}/status"
            record = "/jobs/{jobId}"
            ids = ("job_id",)
            ...
            job_id: RecordId
            status: Annotated[str, one_of(JOB_STATUSES)]

            def current(self, state):
                return {"status": state.get("status")}

    :raises InvalidInputError: from the constructor; it names every argument that cannot be used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    use_case: ClassVar[str]
    """Id of the use case in the list that the package covers."""
    endpoint: ClassVar[str]
    """Verb and path of the write, ``PUT /jobs/{jobId}/status``."""
    record: ClassVar[str | None] = None
    """Path of the record that is read, ``/jobs/{jobId}``; None where the API has no way to read it."""
    ids: ClassVar[tuple[str, ...]]
    """Names of the arguments that identify the record, in the order of the placeholders of :attr:`endpoint`."""
    subject: ClassVar[str]
    """What is changed, in words, with the ids as placeholders: ``status of job {job_id}``."""
    scope: ClassVar[str]
    """OAuth scope that the write needs."""
    read_scope: ClassVar[str | None] = None
    """OAuth scope that the read needs; None where there is none."""
    shown: ClassVar[tuple[str, ...]] = ()
    """Names or patterns of the fields whose values may be shown in logs and results."""
    of_application: ClassVar[bool] = False
    """Whether the record is an application, which has a status."""
    whole: ClassVar[bool] = False
    """Whether the write replaces the record, so that a field that is left out is removed."""
    hints: ClassVar[Mapping[int | str, str]] = {}
    """What to do about an error of this use case, by the API's code or by status; the code goes first."""

    def __init__(self, /, **arguments: Any) -> None:
        try:
            super().__init__(**arguments)
        except ValidationError as error:
            raise invalid_arguments(type(self).__name__, self.use_case, error) from None

    def __repr__(self) -> str:
        # Never the values: they hold what people wrote, and a repr ends in logs and tracebacks.
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.target.items())})"

    __str__ = __repr__

    @property
    def target(self) -> dict[str, str]:
        """Which record: the ids by the names of the arguments."""
        return {name: getattr(self, name) for name in self.ids}

    @property
    def label(self) -> str:
        """What is changed, for a person: ``status of job 6f1c…``."""
        return self.subject.format_map({name: _short(value) for name, value in self.target.items()})

    @property
    def path_params(self) -> dict[str, str]:
        """The ids by the placeholders of :attr:`endpoint`; :attr:`record` uses the same ones."""
        return dict(zip(placeholders(self.endpoint), self.target.values(), strict=True))

    @property
    def given(self) -> dict[str, Any]:
        """The arguments that are given, ids aside, in the API's names (``serialization_alias`` where they differ)."""
        values = {
            field.serialization_alias or name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name not in self.ids and not field.exclude
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def needs_read(self) -> str | None:
        """Why this change cannot be written without reading first; None if it can."""
        return None

    @property
    def readable(self) -> bool:
        """Whether the API can be asked for what this change would change."""
        return self.record is not None

    @property
    def verified(self) -> bool:
        """Whether the record is read again after the write, because the write replaces what others may have changed
        since it was read, or because the API silently drops what it does not know.
        """
        return self.whole

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Change:
        """Return the change with everything looked up that its arguments only describe (a label, say).

        :param lookups: remembers what a batch looks up once.
        """
        return self

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the record as the API answers it."""
        if self.record is None:
            raise NotImplementedError(f"{self.use_case} cannot be read")
        return read_record(client, self.record, self.path_params)

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the record is, in the terms of :meth:`wanted`."""
        raise NotImplementedError(f"{self.use_case} cannot be read")

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the record should be, given what it is (``{}`` when it was not read)."""
        return self.body(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is sent, given what the record is (``{}`` when it was not read)."""
        return self.given

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the write and return the API's answer, None if it is empty."""
        verb, _, path = self.endpoint.partition(" ")
        return client.request(verb, path, path_params=self.path_params, json=body)

    def application_status(self, client: SmartRecruitersClient, state: Mapping[str, Any]) -> str | None:
        """Return the status of the application, where :attr:`of_application` is true.

        :param state: the record as it was read, ``{}`` when it was not; the application is read then.
        """
        raise NotImplementedError(f"{self.use_case} is not about an application")

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return what else a reader of the result should know; JSON-ready, without free text.

        :param state: the record as it was read, ``{}`` when it was not.
        :param response: the API's answer to the write, None when nothing was sent.
        :param diffs: what differed.
        """
        return {}


def read_record(client: SmartRecruitersClient, path: str, path_params: Mapping[str, str]) -> dict[str, Any]:
    """Return a record as the API answers it.

    :param path: where it is, with placeholders.
    :param path_params: values of the placeholders.
    :raises UnexpectedResponseError: when the answer is no record. An empty one taken for a record without members
        would make a write remove everything that nobody mentioned.
    """
    attempts = client.retry.start()
    while True:
        answer = client.request("GET", path, path_params=path_params)
        if isinstance(answer, dict):
            return answer
        error = UnexpectedResponseError(
            "The record was asked for, and the answer holds none.",
            method="GET",
            path_template=path,
            status=200,
            hint="Run the task again; if it persists, see whether a proxy sits between Airflow and SmartRecruiters.",
            retryable=True,
        )
        if (wait := attempts.next_delay(error)) is None:
            raise error
        time.sleep(wait)


def _short(value: str) -> str:
    return value if len(value) <= 64 else f"{value[:61]}..."
