"""Changes to candidates and to their applications."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, PrivateAttr, model_validator

from airflow_provider_smartrecruiters.api.change import Change, Clear
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import (
    JOB_REF_NUMBER,
    REASONS,
    SOURCE,
    SOURCE_TYPE,
    Finder,
    Name,
)
from airflow_provider_smartrecruiters.api.record import read_record
from airflow_provider_smartrecruiters.api.records.source_link import linked_ids, linked_sub_type
from airflow_provider_smartrecruiters.api.records.sub_status import check_sub_status
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.diff import UNREAD
from airflow_provider_smartrecruiters.api.values.fields import (
    NamedId,
    OptionalDateTime,
    OptionalId,
    OptionalText,
    RecordId,
    same_instant,
)
from airflow_provider_smartrecruiters.api.values.fingerprint import fingerprint_of
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.api.values.inverse import Inverse, cannot_undo
from airflow_provider_smartrecruiters.api.values.tags import Tags, same_tag, unique_tags
from airflow_provider_smartrecruiters.exceptions import (
    AuthenticationError,
    InvalidInputError,
    SmartRecruitersError,
)

log = logging.getLogger(__name__)

__all__ = ["RejectApplication", "UpdateCandidateJobStatus", "UpdateCandidateSource", "UpdateCandidateTags"]

APPLICATION_STATUSES = (
    "LEAD",
    "NEW",
    "IN_REVIEW",
    "INTERVIEW",
    "OFFERED",
    "HIRED",
    "REJECTED",
    "WITHDRAWN",
    "TRANSFERRED",
)
_STATUSES_WITHOUT_A_START = ("REJECTED", "WITHDRAWN")
_STATUS_MEMBERS = ("status", "subStatus", "startsOn", "reason")
"""Members of the body of a status write, in the order of the log."""

_TAGS = "/candidates/{id}/tags"
_APPLICATION = "/candidates/{id}/jobs/{jobId}"
_SOURCE_IDS = "ids of the source"
"""Member that a read adds to an application; no name of the API's looks like this."""


class UpdateCandidateTags(Change):
    """Replace, add or remove tags of a candidate.

    Sends ``PUT /candidates/{id}/tags``, which replaces the whole set. A change that only adds sends ``POST`` to the
    same path, which keeps tags that others add at the same time. Order and duplicates do not matter. API reference:
    https://developers.smartrecruiters.com/reference (operations ``candidates.tags.replace``, ``candidates.tags.add``).

    SmartRecruiters remembers every tag for the whole company and offers it for all candidates, so a misspelled tag
    stays for good. A plan therefore looks up the tags that the candidate does not have (``GET /candidates?tag=…``, once
    for each tag of a batch) and names the new ones in ``details.new_tags``, each with the first item of the batch that
    has it; None if they could not be looked up. The search finds only tags that a candidate with an application has
    now, and that the credential may see.

    :param candidate_id: id of the candidate.
    :param tags: the whole new set; an empty list removes all tags. Not with ``add`` or ``remove``.
    :param add: tags to add.
    :param remove: tags to remove.
    :param create_tags: whether to write tags that no candidate of the company has. False refuses the whole change if
        there are any, as far as the search can tell. A tag in other capitals is another tag.
    """

    use_case: ClassVar[str] = "put_update_candidate_tags"
    endpoint: ClassVar[str] = f"PUT {_TAGS}"
    record: ClassVar[str | None] = _TAGS
    record_has: ClassVar[tuple[str, ...]] = ("tags",)
    subject: ClassVar[str] = "tags of candidate {candidate_id}"
    ids: ClassVar[tuple[str, ...]] = ("candidate_id",)
    scope: ClassVar[str] = "candidates_manage"
    read_scope: ClassVar[str | None] = "candidates_read"
    undone_by: ClassVar[str | None] = "candidates.UpdateCandidateTags"
    undo_needs_arguments: ClassVar[bool] = True
    hints: ClassVar[Hints] = hints.TAGS

    guards: ClassVar[tuple[str, ...]] = ("create_tags",)

    candidate_id: RecordId
    tags: Tags = None
    add: Tags = None
    remove: Tags = None
    create_tags: bool = Field(True, exclude=True)

    @model_validator(mode="after")
    def _either_whole_or_parts(self) -> Self:
        parts = self.add is not None or self.remove is not None
        if (self.tags is not None) == parts:
            raise InvalidInputError(
                "give tags (the whole new set), or add, remove or both", fields=("tags", "add", "remove")
            )
        if clash := set(map(same_tag, self.add or ())) & set(map(same_tag, self.remove or ())):
            raise InvalidInputError(f"add and remove have {len(clash)} tags in common", fields=("add", "remove"))
        return self

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the API removes tags only by replacing the set with the remaining ones."""
        return "to remove tags, the current tags must be read and the others sent back" if self.remove else None

    @property
    def verified(self) -> bool:
        """Whether to read the set again: not after an addition, which the API merges itself."""
        return not self._only_adds

    @property
    def _only_adds(self) -> bool:
        return self.tags is None and not self.remove

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags in alphabetical order, because a set has no order of its own."""
        return {"tags": sorted({same_tag(tag) for tag in state["tags"] or ()})}

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags unchanged: they are in normal form, and an empty set is a value of its own."""
        return dict(content)

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the requested tags."""
        return {"tags": sorted({same_tag(tag) for tag in self._after(state)})}

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"tags": […]}``: the whole set, or the added tags."""
        if self._only_adds:
            there = {same_tag(tag) for tag in state.get("tags") or ()}
            added = unique_tags(self.add or ())
            # A forced write must name tags even if the candidate has all of them.
            return {"tags": [tag for tag in added if same_tag(tag) not in there] or added}
        return {"tags": self._after(state)}

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the tags. The API responds with 201 and the whole set."""
        verb = "POST" if self._only_adds else "PUT"
        return client.request(verb, _TAGS, path_params=self.path_params, json=body)

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Return ``{"new_tags"}`` for a plan of a candidate that was read: the places of tags that are new in the
        company.

        :raises InvalidInputError: there are any, and ``create_tags`` is False.
        """
        if self.create_tags and not (plan_only and state):
            return {}
        try:
            new = self._new_tags(client, lookups, state)
        except SmartRecruitersError as error:
            if not self.create_tags or isinstance(error, AuthenticationError):
                raise
            if lookups.first("new tags"):
                log.warning("Could not look up which tags are new in the company (%s).", type(error).__name__)
            return {"new_tags": None}
        if new and not self.create_tags:
            raise _not_created(list(new))
        # In a batch, each tag is named once: with the item that would bring it in.
        first = [place for place, tag in new.items() if lookups.first(f"new tag {tag}")]
        return {"new_tags": first} if first else {}

    def undo_facts(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the places of the tags that were added and removed, never their text.

        :return: ``{"added", "removed"}``: places in ``tags`` or ``add``, and in ``remove``; ``"lost"``: how many tags a
            new set dropped; ``"left"`` and ``"arguments"``: fingerprints of the new set, and of the arguments.
        """
        there = {same_tag(tag) for tag in state.get("tags") or ()}
        after = {same_tag(tag) for tag in self._after(state)}
        given = self.add if self.tags is None else self.tags
        return {
            "added": [index for index, tag in enumerate(given or ()) if same_tag(tag) not in there],
            "removed": [index for index, tag in enumerate(self.remove or ()) if same_tag(tag) in there],
            "lost": len(there - after) if self.tags is not None else 0,
            "left": self._fingerprint({"tags": sorted(after)}),
            "arguments": self._fingerprint(self._arguments),
        }

    @classmethod
    def inverse(cls, facts: Mapping[str, Any], done: Change | None = None) -> Inverse:
        """Return the removal of the tags that were added, and the addition of those that were removed.

        :raises InvalidInputError: a new set has dropped tags, or the arguments are not those of the change.
        """
        if not isinstance(done, UpdateCandidateTags):
            raise cannot_undo("results never hold tags; give the items, or the shared tags, of that batch as well")
        if lost := facts["lost"]:
            said = "a tag" if lost == 1 else f"{lost} tags"
            raise cannot_undo(f"the new set of tags replaced {said}, and results never hold tags")
        if done._fingerprint(done._arguments) != facts["arguments"]:
            raise cannot_undo("its tags are not those of that batch; give the same items and shared parameters")
        given = done.add if done.tags is None else done.tags
        arguments = {
            "remove": [(given or ())[index] for index in facts["added"]],
            "add": [(done.remove or ())[index] for index in facts["removed"]],
        }
        return Inverse({name: tags for name, tags in arguments.items() if tags}, [facts["left"]])

    @property
    def _arguments(self) -> dict[str, list[str]]:
        given = {name: getattr(self, name) for name in ("tags", "add", "remove")}
        return {name: list(map(same_tag, tags)) for name, tags in given.items() if tags is not None}

    def _fingerprint(self, content: Mapping[str, Any]) -> str:
        return fingerprint_of(self.use_case, self.target, content)

    def remarks(self, details: Mapping[str, Any]) -> Iterator[str]:
        """Yield which tags are new in the company, by their places."""
        if new := details.get("new_tags"):
            yield f"New in the company, and kept for good once written: {', '.join(new)}."

    def _new_tags(self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any]) -> dict[str, str]:
        """Return the tags that no candidate of the company has, by their places in the arguments."""
        # What this candidate has is no news, whether or not the search finds it. That stays true for a write that is
        # sent again from a later read: what a candidate has had once, the company remembers.
        there = {same_tag(tag) for tag in state.get("tags") or ()}
        wanted: dict[str, str] = {}
        for place, tag in self._places():
            if tag not in there:
                wanted.setdefault(tag, place)
        return {place: tag for tag, place in wanted.items() if not lookups.has_tag(client, tag)}

    def _places(self) -> Iterator[tuple[str, str]]:
        for name in ("tags", "add"):
            for index, tag in enumerate(getattr(self, name) or ()):
                yield f"{name}[{index}]", same_tag(tag)

    def _after(self, state: Mapping[str, Any]) -> list[str]:
        if self.tags is not None:
            return unique_tags(self.tags)
        removed = {same_tag(tag) for tag in self.remove or ()}
        kept = [tag for tag in state.get("tags") or () if same_tag(tag) not in removed]
        there = {same_tag(tag) for tag in kept}
        # Tags that stay are sent back exactly as they were read.
        return [*dict.fromkeys(kept), *(tag for tag in unique_tags(self.add or ()) if same_tag(tag) not in there)]


class _ApplicationChange(Change):
    """Base of the changes to an application: its ids, and how to read its status."""

    ids: ClassVar[tuple[str, ...]] = ("candidate_id", "job_id")
    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}
    of_application: ClassVar[bool] = True
    scope: ClassVar[str] = "candidates_manage"

    candidate_id: RecordId
    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)

    def application_status(self, client: SmartRecruitersClient, state: Mapping[str, Any]) -> str | None:
        """Return the status of the application: ``GET /candidates/{id}/jobs/{jobId}``, unless it was read already."""
        application = state or read_record(client, _APPLICATION, self.path_params, has=("status",))
        return str(application["status"])


class _ApplicationStatusChange(_ApplicationChange):
    """Base of the status change and the rejection."""

    endpoint: ClassVar[str] = f"PUT {_APPLICATION}/status"
    record: ClassVar[str | None] = _APPLICATION
    record_has: ClassVar[tuple[str, ...]] = ("status",)
    read_scope: ClassVar[str | None] = "candidates_read"
    scopes_elsewhere: ClassVar[Mapping[str, str]] = {"candidates_manage": "candidates_create"}
    shown: ClassVar[tuple[str, ...]] = _STATUS_MEMBERS
    enumerated: ClassVar[tuple[str, ...]] = ("status",)
    undone_by: ClassVar[str | None] = "candidates.UpdateCandidateJobStatus"
    hints: ClassVar[Hints] = hints.APPLICATION_STATUS

    @property
    def moves_to(self) -> str | None:
        """The requested status."""
        return str(self.given["status"])

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return status, sub-status, start date and reason of the application, by the names of the request."""
        reasons = {"REJECTED": "reasonOfRejection", "WITHDRAWN": "reasonOfWithdrawal"}
        reason = state.get(reasons.get(state.get("status", ""), "")) or {}
        return {
            "status": state.get("status"),
            "subStatus": state.get("subStatus"),
            "startsOn": same_instant(state.get("startsOn")),
            "reason": reason.get("id"),
        }

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"status", "subStatus", "startsOn", "reason"}``: the given values, and current values that still
        hold.

        It is not documented whether the API keeps members that a PUT leaves out. So the current values are sent along:
        all of them if the status stays the same, and the start date also with ``OFFERED`` and ``HIRED``.
        """
        given = self.given
        there = self.current(state) if state else {}
        kept = set(there) if there.get("status") == given["status"] else set()
        if given["status"] in ("OFFERED", "HIRED"):
            kept.add("startsOn")
        if given["status"] in _STATUSES_WITHOUT_A_START:
            kept.discard("startsOn")
        kept -= set(self.cleared)
        members = {name: given.get(name, there.get(name) if name in kept else None) for name in _STATUS_MEMBERS}
        return {name: value for name, value in members.items() if value is not None}

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Check that some hiring process has the given sub-status.

        :raises InvalidInputError: none has it for the status.
        """
        if sub_status := self.given.get("subStatus"):
            check_sub_status(Finder(client, lookups), self.given["status"], sub_status)
        return {}

    @classmethod
    def inverse(cls, facts: Mapping[str, Any], done: Change | None = None) -> Inverse:  # noqa: ARG003
        """Return the status before with its sub-status, start date and reason.

        :raises InvalidInputError: only the reason was added, which the API cannot remove.
        """
        before, after = facts["before"], facts["after"]
        if before["status"] == after["status"] and "reason" in after.keys() - before.keys():
            raise cannot_undo(f"a reason cannot be removed while the status stays {after['status']}")
        names = {"subStatus": "sub_status", "startsOn": "starts_on", "reason": "reason_id"}
        if before["status"] in _STATUSES_WITHOUT_A_START:
            del names["startsOn"]
        arguments = {names[name]: before[name] for name in names if name in before}
        cleared = [names[name] for name in ("subStatus", "startsOn") if name in names and name in after.keys() - before]
        # It is not documented whether the API keeps what the write has left out.
        maybe = [name for name in before if name not in after]
        kept = (some for count in range(len(maybe) + 1) for some in combinations(maybe, count))
        return Inverse(
            {"status": before["status"], **arguments, **({"clear_fields": cleared} if cleared else {})},
            [{**after, **{name: before[name] for name in some}} for some in kept],
        )


class UpdateCandidateJobStatus(_ApplicationStatusChange):
    """Set the status of a candidate's application to a job.

    Sends ``PUT /candidates/{id}/jobs/{jobId}/status``. API reference:
    https://developers.smartrecruiters.com/reference/candidatesstatusupdate-1

    Arguments that are not given are not compared. Their values are kept as long as the status stays the same.

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param status: one of :data:`APPLICATION_STATUSES` (``OFFERED``, not ``OFFER`` as in the status of a job).
    :param sub_status: name of a step of the job's hiring process. Hiring processes have them for ``IN_REVIEW``,
        ``INTERVIEW`` and ``OFFERED``. One that no hiring process has is refused before the write, if the credential may
        read ``GET /configuration/hiring-processes`` (scope ``configuration_read``).
    :param starts_on: start date of a hire: a date, a datetime, or ISO 8601 text; UTC if it has no offset.
    :param reason_id: id of one of the company's rejection or withdrawal reasons; only with ``REJECTED`` or
        ``WITHDRAWN``. Whether a reason is required is a setting of the company.
    :param clear_fields: names of arguments whose current value to remove: ``sub_status``, ``starts_on``.
    :param reason: label of a reason, instead of ``reason_id``; in any capitals. Looked up with
        ``GET /configuration/rejection-reasons`` or ``/configuration/withdrawal-reasons`` (scope
        ``configuration_read``).
    """

    use_case: ClassVar[str] = "put_update_candidates_job_status"
    subject: ClassVar[str] = "status of candidate {candidate_id} for job {job_id}"

    status: Annotated[str, one_of(APPLICATION_STATUSES)]
    sub_status: OptionalText = Field(None, serialization_alias="subStatus")
    starts_on: OptionalDateTime = Field(None, serialization_alias="startsOn")
    reason_id: OptionalId = Field(None, serialization_alias="reason")
    clear_fields: Clear = None
    reason: OptionalText = Field(None, exclude=True)

    names: ClassVar[Mapping[str, Name]] = {**_ApplicationChange.names, "reason_id": REASONS["REJECTED"]}
    clearable: ClassVar[tuple[str, ...]] = ("sub_status", "starts_on")

    @model_validator(mode="after")
    def _start_fits(self) -> Self:
        if self.starts_on is not None and self.status in _STATUSES_WITHOUT_A_START:
            raise InvalidInputError(f"starts_on cannot be given with the status {self.status}", fields=("starts_on",))
        return self

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if a rejection is taken back, which the candidate may have seen."""
        if state.get("status") == "REJECTED" and self.status != "REJECTED":
            yield (
                "The application was rejected, and its candidate may have seen that. Messages that SmartRecruiters has "
                "sent are not taken back."
            )

    @model_validator(mode="after")
    def _reason_fits(self) -> Self:
        given = [name for name in ("reason_id", "reason") if getattr(self, name) is not None]
        if given and self.status not in REASONS:
            raise InvalidInputError(
                f"{given[0]} is allowed only with the statuses {' and '.join(REASONS)}, not with {self.status}",
                fields=tuple(given),
            )
        return self

    def name_of(self, argument: str) -> Name:
        """Return the name of the job, or of a reason for the status."""
        return REASONS[self.status] if argument == "reason_id" and self.status in REASONS else super().name_of(argument)


class RejectApplication(_ApplicationStatusChange):
    """Reject a candidate's application to a job. Applications to other jobs are not changed.

    Sends ``PUT /candidates/{id}/jobs/{jobId}/status`` with ``{"status": "REJECTED"}``. API reference:
    https://developers.smartrecruiters.com/reference/candidatesstatusupdate-1

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param reason_id: id of one of the company's rejection reasons. Whether a reason is required is a setting of the
        company.
    :param reason: label of a rejection reason, instead of ``reason_id``; case-insensitive. Looked up with
        ``GET /configuration/rejection-reasons`` (scope ``configuration_read``).
    :param sub_status: name of a step of the job's hiring process.
    """

    use_case: ClassVar[str] = "reject_an_application"
    subject: ClassVar[str] = "application of candidate {candidate_id} for job {job_id}"

    reason_id: OptionalId = Field(None, serialization_alias="reason")
    reason: OptionalText = Field(None, exclude=True)
    sub_status: OptionalText = Field(None, serialization_alias="subStatus")

    names: ClassVar[Mapping[str, Name]] = {**_ApplicationChange.names, "reason_id": REASONS["REJECTED"]}

    @property
    def given(self) -> dict[str, Any]:
        """The status ``REJECTED`` and the given arguments; a ``reason`` has been replaced with its id by then."""
        return {"status": "REJECTED", **super().given}


class UpdateCandidateSource(_ApplicationChange):
    """Set the source of a candidate's application to a job.

    Sends ``PUT /candidates/{id}/jobs/{jobId}/source``. API reference: https://developers.smartrecruiters.com/reference
    (operation ``candidates.source.update``).

    The application's link to its source names the ids of type and source. If they are the requested ones and a subtype
    is given, the link is followed: ``GET /configuration/sources/{type}/values/{id}`` (scope ``configuration_read``).
    Without a link, or if it cannot be followed, the source is written each time, ``changed`` of the result is None and
    ``details.unread`` has the fields that could not be compared.

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param source_type_id: id from ``GET /configuration/sources``
        (https://developers.smartrecruiters.com/reference/configurationsourcetypes-1).
    :param source_id: id (not the ``sourceIdentifier``) from ``GET /configuration/sources/{sourceType}/values``
        (https://developers.smartrecruiters.com/reference/configurationsourcevaluesall-1).
    :param source_sub_type_id: id of a subtype; required for source types that have subtypes, unless ``source`` has only
        one.
    :param source_type: label of the source type, instead of ``source_type_id``. Looked up with
        ``GET /configuration/sources`` (scope ``configuration_read``).
    :param source: label of the source, instead of ``source_id``. Looked up among the sources of the type.
    """

    use_case: ClassVar[str] = "put_update_candidates_source"
    endpoint: ClassVar[str] = f"PUT {_APPLICATION}/source"
    record: ClassVar[str | None] = _APPLICATION
    record_has: ClassVar[tuple[str, ...]] = ("status",)
    subject: ClassVar[str] = "source of candidate {candidate_id} for job {job_id}"
    read_scope: ClassVar[str | None] = "candidates_read"
    shown: ClassVar[tuple[str, ...]] = ("sourceTypeId", "sourceId", "sourceSubTypeId")
    not_undone: ClassVar[str] = "the earlier subtype of a source is not read before the write"
    hints: ClassVar[Hints] = hints.SOURCE

    names: ClassVar[Mapping[str, Name]] = {
        **_ApplicationChange.names,
        "source_type_id": SOURCE_TYPE,
        "source_id": SOURCE,
    }

    source_type_id: NamedId = Field(None, serialization_alias="sourceTypeId")
    source_id: NamedId = Field(None, serialization_alias="sourceId")
    source_sub_type_id: OptionalId = Field(None, serialization_alias="sourceSubTypeId")
    source_type: OptionalText = Field(None, exclude=True)
    source: OptionalText = Field(None, exclude=True)

    _lookups: Lookups = PrivateAttr(default_factory=Lookups)

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Change:
        """Return the change with ids in place of labels, and with the cache of its batch, so that each source is
        looked up once."""
        change = self.with_id("source_type_id", Finder(client, lookups)).model_copy()
        change._lookups = lookups
        return change._with_source(Finder(client, lookups))

    def _with_source(self, finder: Finder) -> Self:
        if self.source is None:
            return self
        found = SOURCE.find(finder, self.source, "source_id", path_params={"sourceType": str(self.source_type_id)})
        if self.source_sub_type_id is not None:
            # Sources of several subtypes may have the same label.
            found = [one for one in found if _sub_type_of(one) in (None, self.source_sub_type_id)] or found
        elif len({_sub_type_of(one) for one in found}) > 1:
            raise _of_several_sub_types(found)
        source = SOURCE.the_one(found, "source_id")
        change = self.with_record("source_id", source)
        return change.model_copy(update={"source_sub_type_id": self.source_sub_type_id or _sub_type_of(source)})

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the application, with the ids of its source added, as far as they can be read.

        :raises SmartRecruitersError: as for every read. A link that cannot be followed raises no error.
        """
        application = super().read(client)
        ids = linked_ids(application)
        # The subtype takes another request, so it is read only if all else is as requested.
        if ids and self.compared(ids).items() < self.compared(self.given).items():
            ids |= linked_sub_type(client, self._lookups, ids)
        return {**application, _SOURCE_IDS: ids}

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ids of the source, by the names of the request."""
        return {name: state[_SOURCE_IDS].get(name, UNREAD) for name in self.shown}


def _not_created(places: list[str]) -> InvalidInputError:
    # By their places: tags are text that people wrote.
    one = len(places) == 1
    return InvalidInputError(
        f"No candidate of the company has the tag{'' if one else 's'} in {', '.join(places)}, as far as the search can "
        f"tell, and create_tags is False; nothing was sent.",
        hint=f"Check the spelling, capitals included. If the tag{' is' if one else 's are'} intended, set create_tags "
        "to True: the company keeps a new tag for good.",
        fields=tuple(places),
    )


def _sub_type_of(source: Mapping[str, Any]) -> str | None:
    sub_type: str | None = (source.get("sourceSubType") or {}).get("id")
    return sub_type


def _of_several_sub_types(sources: list[dict[str, Any]]) -> InvalidInputError:
    ids = sorted(str(_sub_type_of(source)) for source in sources)
    return InvalidInputError(
        f"{len(sources)} sources have this label, with the subtypes {' and '.join(ids)}.",
        hint="Give one of these subtypes as source_sub_type_id as well.",
        fields=("source", "source_sub_type_id"),
    )
