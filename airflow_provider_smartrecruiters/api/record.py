"""What a change and a wait have in common: arguments that name a record, and how to read it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError, model_validator

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import Finder, Name
from airflow_provider_smartrecruiters.api.values.addresses import id_pasted
from airflow_provider_smartrecruiters.api.values.arguments import Admitted, admit, described, is_blank
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
    """Names of the arguments that identify the record, in the order of the placeholders of :attr:`endpoint`. Those of a
    record that is created follow; they are in the body."""
    names: ClassVar[Mapping[str, Name]] = {}
    """Arguments that take an id, and the name that may be given instead. The fields of both are optional; the class
    checks that exactly one is given, unless the name says that both may be left out."""
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

    _labels: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, /, **arguments: Any) -> None:
        fields = type(self).model_fields
        optional = [name for name, field in fields.items() if not field.is_required() and name not in self.guards]
        admitted = admit(arguments, optional=optional)
        self._check_named(arguments, admitted)
        try:
            super().__init__(**admitted.values)
        except ValidationError as error:
            raise self._refusal(admitted, error) from None
        if admitted.problems:
            raise self._refusal(admitted, None)

    @classmethod
    def _check_named(cls, arguments: Mapping[str, Any], admitted: Admitted) -> None:
        for argument, name in cls.names.items():
            pair = (argument, name.argument)
            if name.optional or any(admitted.values.get(one) is not None or admitted.refused(one) for one in pair):
                continue
            blank = next((one for one in pair if is_blank(arguments.get(one))), None)
            if blank is None:
                admitted.problems[argument] = f"is missing; give it or {name.argument}"
            else:
                other = pair[1 - pair.index(blank)]
                why = f"{described(arguments[blank])}; a template may have rendered nothing"
                admitted.problems[blank] = f"{why}, and {other} is not given either"

    @model_validator(mode="after")
    def _either_id_or_name(self) -> Self:
        for argument, name in self.names.items():
            if getattr(self, argument) is not None and getattr(self, name.argument) is not None:
                pair = (argument, name.argument)
                raise InvalidInputError(f"give either {' or '.join(pair)}, not both", fields=pair)
        return self

    @classmethod
    def _refusal(cls, admitted: Admitted, error: ValidationError | None) -> InvalidInputError:
        refusal = invalid_arguments(cls.__name__, cls.use_case, admitted, error)
        # Those of a record that is created are the company's own, and may be addresses.
        in_path = cls.ids[: len(placeholders(cls.endpoint))]
        refusal.target = {
            name: str(id_pasted(admitted.values[name], name) if name in in_path else admitted.values[name])
            for name in cls.ids
            if admitted.values.get(name) is not None and name not in refusal.fields
        }
        return refusal

    def __repr__(self) -> str:
        # Without the other values: they may be personal text, and a repr ends up in logs and tracebacks.
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.known.items())})"

    __str__ = __repr__

    @classmethod
    def method_and_path(cls) -> tuple[str, str]:
        """Return the two parts of :attr:`endpoint`."""
        method, path = cls.endpoint.split(" ")
        return method, path

    @property
    def target(self) -> dict[str, str]:
        """The ids of the record, by argument name. One that was given by a name is there after :meth:`identified`."""
        return {name: value for name in self.ids if (value := getattr(self, name)) is not None}

    @property
    def known(self) -> dict[str, str]:
        """What is known of the record: its ids, and names in place of others, as far as they may be shown."""
        texts = {name.argument: (name, getattr(self, name.argument)) for name in self._open().values()}
        return self.target | {argument: text for argument, (name, text) in texts.items() if name.may_show(text)}

    @property
    def names_given(self) -> dict[str, str]:
        """The names that stand in place of ids of the record, by argument; empty after :meth:`identified`."""
        names = (name.argument for name in self._open().values())
        return {argument: text for argument in names if (text := getattr(self, argument)) is not None}

    @property
    def label(self) -> str:
        """What this is about, for messages: ``status of job 6f1c…``, ``status of job 6f1c… (REF12)``."""
        return self.subject.format_map({name: self._label_of(name) for name in self.ids})

    @property
    def labels(self) -> Mapping[str, str]:
        """What people call the values that were looked up, by id: ``details.labels`` of the result. The log shows both.
        Without names of people and their addresses."""
        return self._labels

    def name_of(self, argument: str) -> Name:
        """Return the name that may be given instead of an id, where it depends on other arguments.

        :param argument: the argument that takes the id.
        """
        return self.names[argument]

    def identified(self, client: SmartRecruitersClient, lookups: Lookups) -> Self:
        """Return this with the ids of the record in place of names. Everything that uses :attr:`target` comes later.

        :param client: client to send with.
        :param lookups: cache of look-ups for the whole batch.
        :raises InvalidInputError: nothing has the name, or several have it.
        :raises PermissionDeniedError: the credential may not read the list of names.
        """
        found = self
        for argument in self._open():
            found = found.with_id(argument, Finder(client, lookups))
        return found

    def with_id(self, argument: str, finder: Finder) -> Self:
        """Return this with an id in place of the name that was given; unchanged if none was.

        :param argument: the argument that takes the id.
        :param finder: sends the look-up.
        :raises InvalidInputError, PermissionDeniedError: as for :meth:`identified`.
        """
        name = self.name_of(argument)
        if (text := getattr(self, name.argument)) is None:
            return self
        record = name.the_one(name.find(finder, text, argument), argument)
        return self.with_record(argument, record)

    def with_record(self, argument: str, record: Mapping[str, Any]) -> Self:
        """Return this with the id of a record that was looked up.

        :param argument: the argument that takes the id.
        :param record: the record, as it is listed.
        """
        name, record_id = self.name_of(argument), str(record["id"])
        made = self.model_copy(update={argument: record_id, name.argument: None})
        label = name.label_of(record)
        made._labels = self._labels | ({record_id: label} if label else {})
        return made

    def _open(self) -> dict[str, Name]:
        return {
            argument: name
            for argument, name in self.names.items()
            if getattr(self, argument) is None and argument in self.ids
        }

    def _label_of(self, argument: str) -> str:
        value = getattr(self, argument)
        if value is None:
            name = self.names[argument]
            return name.said(getattr(self, name.argument))
        label = self._labels.get(value)
        return f"{shortened(value)} ({shortened(label)})" if label else shortened(value)

    @property
    def path_params(self) -> dict[str, str]:
        """The ids by the placeholders of :attr:`endpoint`, which :attr:`record` uses too."""
        names = placeholders(self.endpoint)
        return dict(zip(names, list(self.target.values())[: len(names)], strict=True))

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
    record: dict[str, Any] = _read(client, path, path_params, lambda answer: _is_record(answer, has))
    return record


def read_records(
    client: SmartRecruitersClient, path: str, path_params: Mapping[str, str], *, has: Collection[str]
) -> list[dict[str, Any]]:
    """Return records that the API returns as a bare list, without pages.

    :param client: client to send with.
    :param path: path of the list, with placeholders.
    :param path_params: values of the placeholders.
    :param has: members that every such record has.
    :raises UnexpectedResponseError: the response is not a list of records.
    """
    records: list[dict[str, Any]] = _read(
        client,
        path,
        path_params,
        lambda answer: isinstance(answer, list) and all(_is_record(one, has) for one in answer),
    )
    return records


def _is_record(answer: Any, has: Collection[str]) -> bool:
    return isinstance(answer, dict) and all(name in answer for name in has)


def _read(
    client: SmartRecruitersClient, path: str, path_params: Mapping[str, str], is_as_expected: Callable[[Any], bool]
) -> Any:
    # An empty response is retried, not taken for a record without members: a replacing write would then remove every
    # member that the arguments do not mention.
    attempts = client.retry.start()
    while True:
        answer = client.request("GET", path, path_params=path_params)
        if is_as_expected(answer):
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
