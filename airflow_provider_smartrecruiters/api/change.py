"""The declaration of a use case: which record it changes, how its arguments map to the record, and how it is written.

:class:`Change` is the base class. ``plan`` and ``apply``, which run a change, are in
:mod:`~airflow_provider_smartrecruiters.api.converge`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.api.values.arguments import Admitted, admit
from airflow_provider_smartrecruiters.api.values.choices import not_one_of
from airflow_provider_smartrecruiters.api.values.diff import FieldDiff
from airflow_provider_smartrecruiters.api.values.fields import invalid_arguments, placeholders
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, UnexpectedResponseError, shortened

Clear = Annotated[tuple[str, ...] | None, Field(exclude=True)]
"""Names of arguments whose current value to remove from the record."""


class Change(BaseModel):
    """A use case with its arguments: a record and its requested state.

    A subclass is a declaration: class variables locate the record, and fields are the arguments. A simple subclass
    defines :meth:`current` only. ``UpdateJobStatus`` is the smallest one to copy::

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

    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    use_case: ClassVar[str]
    """Id of the use case, ``put_update_job_status``."""
    endpoint: ClassVar[str]
    """HTTP method and path of the write, ``PUT /jobs/{jobId}/status``."""
    record: ClassVar[str | None] = None
    """Path of the record to read, ``/jobs/{jobId}``; None if the API offers no way to read it."""
    record_has: ClassVar[tuple[str, ...]] = ()
    """Members that every such record has. A response without them is not a record, whatever its status."""
    ids: ClassVar[tuple[str, ...]]
    """Names of the arguments that identify the record, in the order of the placeholders of :attr:`endpoint`."""
    subject: ClassVar[str]
    """What the change is about, in words, with the ids as placeholders: ``status of job {job_id}``."""
    scope: ClassVar[str]
    """OAuth scope required for the write."""
    read_scope: ClassVar[str | None] = None
    """OAuth scope required for the read; None if there is no read."""
    scopes_elsewhere: ClassVar[Mapping[str, str]] = {}
    """What another official page calls a scope, where the pages of SmartRecruiters disagree. A 403 names both."""
    shown: ClassVar[tuple[str, ...]] = ()
    """Names or patterns of the fields whose values may appear in logs and results."""
    of_application: ClassVar[bool] = False
    """Whether the record is an application, which has a status."""
    whole: ClassVar[bool] = False
    """Whether the write replaces the record, so that fields left out of it are removed."""
    never_removed: ClassVar[tuple[str, ...]] = ()
    """Fields that the API sets itself if a write leaves them out, so that leaving them out is not a difference."""
    guards: ClassVar[tuple[str, ...]] = ()
    """Arguments that prevent writes. A blank one is refused: a template that rendered nothing must not open it."""
    clearable: ClassVar[tuple[str, ...]] = ()
    """Names that the argument ``clear_fields`` accepts, in a change that has it."""
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

    @model_validator(mode="after")
    def _clear_fits(self) -> Self:
        names: tuple[str, ...] = getattr(self, "clear_fields", None) or ()
        for index, name in enumerate(names):
            if name not in self.clearable:
                raise InvalidInputError(
                    f"clear_fields[{index}] {not_one_of(name, self.clearable)}", fields=("clear_fields",)
                )
        if both := [name for name in names if getattr(self, name) is not None]:
            raise InvalidInputError(
                f"{', '.join(both)} cannot be both given and cleared", fields=("clear_fields", *both)
            )
        return self

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
        """What the change is about, for messages: ``status of job 6f1c…``."""
        return self.subject.format_map({name: shortened(value) for name, value in self.target.items()})

    @property
    def path_params(self) -> dict[str, str]:
        """The ids by the placeholders of :attr:`endpoint`, which :attr:`record` uses too."""
        return dict(zip(placeholders(self.endpoint), self.target.values(), strict=True))

    @property
    def given(self) -> dict[str, Any]:
        """The given arguments without the ids, by the API's names (``serialization_alias`` if they differ)."""
        values = {
            field.serialization_alias or name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name not in self.ids and not field.exclude
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def cleared(self) -> tuple[str, ...]:
        """The fields to remove, by their names in the API."""
        fields = type(self).model_fields
        return tuple(fields[name].serialization_alias or name for name in getattr(self, "clear_fields", None) or ())

    @property
    def labels(self) -> Mapping[str, str]:
        """What people call the values that were looked up by a label, by id: ``details.labels`` of the result. The log
        shows both."""
        return {}

    @property
    def needs_read(self) -> str | None:
        """Why this change requires a read before the write; None if it does not."""
        return None

    @property
    def readable(self) -> bool:
        """Whether the API offers a read at all. Whether it tells what this change writes, :meth:`current` knows."""
        return self.record is not None

    @property
    def verified(self) -> bool:
        """Whether to read the record again after the write.

        A read detects what others changed since the first read, and what the API silently dropped.
        """
        return self.whole

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Change:
        """Return the change with ids in place of arguments that need a look-up, such as labels.

        :param client: client to send with.
        :param lookups: cache of look-ups for the whole batch.
        """
        return self

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Return further facts about a write that need a look-up, and check the guards that need one. Called before the
        write of a record that differs.

        :param client: client to send with.
        :param lookups: cache of look-ups for the whole batch.
        :param state: the record as it was read; ``{}`` if it was not read.
        :param plan_only: whether nothing is written.
        :return: members of ``details``, as in :meth:`details`.
        :raises InvalidInputError: a guard forbids the write.
        """
        return {}

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the record as the API returns it."""
        if self.record is None:
            raise NotImplementedError(f"{self.use_case} cannot be read")
        return read_record(client, self.record, self.path_params, has=self.record_has)

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the current state of the record, in the form of :meth:`wanted`.

        A field that the response does not tell has the value
        :data:`~airflow_provider_smartrecruiters.api.values.diff.UNREAD`: it may differ, and nobody knows.
        """
        raise NotImplementedError(f"{self.use_case} cannot be read")

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the requested state of the record.

        :param state: the record as it was read; ``{}`` if it was not read.
        """
        return self.body(state)

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of :meth:`current` or :meth:`wanted` in normal form, in which the two are compared."""
        compared: dict[str, Any] = normal(content)
        return compared

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of the write.

        :param state: the record as it was read; ``{}`` if it was not read.
        """
        return self.given

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the write and return the API's response; None if it has no body."""
        return client.request(*self.method_and_path(), path_params=self.path_params, json=body)

    def application_status(self, client: SmartRecruitersClient, state: Mapping[str, Any]) -> str | None:
        """Return the status of the application, if :attr:`of_application` is true.

        :param client: client to send with.
        :param state: the record as it was read; ``{}`` if it was not read, and then the application is read.
        """
        raise NotImplementedError(f"{self.use_case} is not about an application")

    def notices(self, state: Mapping[str, Any]) -> Iterable[str]:
        """Return sentences about what the diff does not show: the consequence, and what to do. Without free text.

        They are logged before the write, and are ``details.notice`` of the result.

        :param state: the record as it was read; ``{}`` if it was not read.
        """
        return ()

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return further facts for the result: JSON-serializable, without free text.

        :param state: the record as it was read; ``{}`` if it was not read.
        :param response: the API's response to the write; None if nothing was sent.
        :param diffs: the fields that differed.
        """
        return {}

    def remarks(self, details: Mapping[str, Any]) -> Iterable[str]:
        """Return what :meth:`details` and :meth:`foreseen` found, in sentences for the log. Without free text.

        :param details: ``details`` of the result.
        """
        return ()


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
