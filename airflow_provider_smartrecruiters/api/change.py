"""The declaration of a use case: which record it changes, how its arguments map to the record, and how it is written.

:class:`Change` is the base class. ``plan`` and ``apply``, which run a change, are in
:mod:`~airflow_provider_smartrecruiters.api.converge.apply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import Finder
from airflow_provider_smartrecruiters.api.record import AboutRecord
from airflow_provider_smartrecruiters.api.values.choices import not_one_of
from airflow_provider_smartrecruiters.api.values.diff import UNREAD, FieldDiff
from airflow_provider_smartrecruiters.api.values.fields import placeholders
from airflow_provider_smartrecruiters.api.values.inverse import Inverse, cannot_undo
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

Clear = Annotated[tuple[str, ...] | None, Field(exclude=True)]
"""Names of arguments whose current value to remove from the record."""


class Change(AboutRecord):
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

    shown: ClassVar[tuple[str, ...]] = ()
    """Names or patterns of the fields whose values may appear in logs and results."""
    enumerated: ClassVar[tuple[str, ...]] = ()
    """Names of those among them whose values are from a fixed list of the API. They may also appear in asset events."""
    of_application: ClassVar[bool] = False
    """Whether the record is an application, which has a status."""
    whole: ClassVar[bool] = False
    """Whether the write replaces the record, so that fields left out of it are removed."""
    never_removed: ClassVar[tuple[str, ...]] = ()
    """Fields that the API sets itself if a write leaves them out, so that leaving them out is not a difference."""
    creates: ClassVar[bool] = False
    """Whether the write adds a record. A second one is never what ``force`` asks for."""
    shows_within: ClassVar[float] = 0.0
    """Seconds that a write may take to show in a read, where the API accepts it first and carries it out later (202).
    After a lost response, the record is read for so long before the write is sent again. Doubled, such a write waits
    twice as long; halved, slow ones are sent twice."""
    undone_by: ClassVar[str | None] = None
    """The change that takes this one back, relative to the package's ``api`` (``jobs.UpdateJobStatus``); None if none
    does."""
    not_undone: ClassVar[str] = ""
    """Why no change takes this one back, as the end of a sentence; empty if one does."""
    undo_needs_arguments: ClassVar[bool] = False
    """Whether :meth:`inverse` needs this change's arguments, because results never hold what they are."""
    clearable: ClassVar[tuple[str, ...]] = ()
    """Names that the argument ``clear_fields`` accepts, in a change that has it."""

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
    def public_name(cls) -> str:
        """Return where the change is imported from, relative to the package's ``api``: ``jobs.UpdateJobStatus``."""
        return f"{cls.__module__.split('.')[2]}.{cls.__name__}"

    @property
    def given(self) -> dict[str, Any]:
        """The given arguments without the ids, by the API's names (``serialization_alias`` if they differ)."""
        values = {
            field.serialization_alias or name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name not in self._in_path and not field.exclude
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def _in_path(self) -> tuple[str, ...]:
        return self.ids[: len(placeholders(self.endpoint))]

    @property
    def cleared(self) -> tuple[str, ...]:
        """The fields to remove, by their names in the API."""
        fields = type(self).model_fields
        return tuple(fields[name].serialization_alias or name for name in getattr(self, "clear_fields", None) or ())

    @property
    def needs_read(self) -> str | None:
        """Why this change requires a read before the write; None if it does not."""
        return None

    @property
    def completes_within(self) -> float | None:
        """Seconds to wait, after the write was accepted, until a read shows the requested state; None not to wait."""
        return None

    def superseded(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Return whether an accepted write was carried out although the record differs: somebody has changed it since.

        :param before: the record as it was read before the write; ``{}`` if it was not.
        :param after: the record as it was read after it.
        """
        return False

    @property
    def verified(self) -> bool:
        """Whether to read the record again after the write.

        A read detects what others changed since the first read, and what the API silently dropped.
        """
        return self.whole

    @property
    def moves_to(self) -> str | None:
        """The status that the change moves an application to; None if it leaves the status as it is.

        ``protect_hired`` keeps a hired application from being moved to another status.
        """
        return None

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Change:
        """Return the change with ids in place of names in its other arguments, such as the label of a reason.

        :param client: client to send with.
        :param lookups: cache of look-ups for the whole batch.
        :raises InvalidInputError: nothing has the name, or several have it.
        :raises PermissionDeniedError: the credential may not read the list of names.
        """
        found = self
        for argument in self.names:
            if argument not in self.ids:
                found = found.with_id(argument, Finder(client, lookups))
        return found

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
        """Send the write and return the API's response; None if it has no body. A DELETE is sent without a body."""
        method, path = self.method_and_path()
        return client.request(method, path, path_params=self.path_params, json=None if method == "DELETE" else body)

    def followed_by(self, client: SmartRecruitersClient, *, writes: bool) -> Change | None:
        """Return the change that has to follow for this one to have its effect; None if none has to.

        It is planned and applied after this one, also if this one found no difference. So a run that is killed between
        the two is completed by the next run, for which the change that follows has to find out whether anything is left
        to do.

        :param client: client to send with.
        :param writes: whether this change was written in this run, or would be in a plan.
        :raises SmartRecruitersError: a read failed.
        """
        return None

    def application_status(self, client: SmartRecruitersClient, state: Mapping[str, Any]) -> str | None:
        """Return the status of the application, if :attr:`of_application` is true.

        :param client: client to send with.
        :param state: the record as it was read; ``{}`` if it was not read, and then the application is read.
        """
        raise NotImplementedError(f"{self.use_case} is not about an application")

    def undo_facts(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what :meth:`inverse` needs to know of the record: JSON-ready, and without free text.

        :param state: the record as it was read last before the write.
        :return: ``{"before", "after"}``: the state that was read, as far as it is known, and the requested one.
        """
        if self.undone_by is None:
            return {}
        before = self.compared(self.current(state))
        known = {name: value for name, value in before.items() if value is not UNREAD}
        return {"before": known, "after": self.compared(self.wanted(state))}

    @classmethod
    def inverse(cls, facts: Mapping[str, Any], done: Change | None = None) -> Inverse:  # noqa: ARG003 - for overrides
        """Return what brings a record back to the state before this change.

        :param facts: what :meth:`undo_facts` returned before the write.
        :param done: this change with its arguments, if :attr:`undo_needs_arguments` is true.
        :raises InvalidInputError: the record cannot be brought back.
        """
        before, after = facts["before"], facts["after"]
        names = {field.serialization_alias or name: name for name, field in cls.model_fields.items()}
        if lacking := [name for name in after if name not in before]:
            raise cannot_undo(f"its earlier {' and '.join(lacking)} is not known, or was empty")
        return Inverse({names[name]: before[name] for name in after}, [after])

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
