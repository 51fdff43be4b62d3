"""Changes of candidates and of their applications to jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from airflow_provider_smartrecruiters.api.change import Change, read_record
from airflow_provider_smartrecruiters.api.fields import (
    OptionalDateTime,
    OptionalId,
    OptionalText,
    RecordId,
    check_text,
    one_of,
    same_instant,
)
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, PermissionDeniedError

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
REASON_LISTS = {
    "REJECTED": "/configuration/rejection-reasons",
    "WITHDRAWN": "/configuration/withdrawal-reasons",
}
"""Where the reasons of a status are listed; only these two statuses have any."""

_STATUS_MEMBERS = ("status", "subStatus", "startsOn", "reason")
"""What a write of a status takes, in the order in which a log names it."""

_TAGS = "/candidates/{id}/tags"
_APPLICATION = "/candidates/{id}/jobs/{jobId}"


def _clean_tags(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ValueError("must be a list of tags")
    tags = list(value)
    if any(not isinstance(tag, str) or not tag.strip() for tag in tags):
        raise ValueError("must be a list of texts, none of them empty")
    for tag in tags:
        check_text(tag)
    return tuple(dict.fromkeys(tag.strip() for tag in tags))


_Tags = Annotated[tuple[str, ...] | None, BeforeValidator(_clean_tags)]


class UpdateCandidateTags(Change):
    """The tags of a candidate.

    ``PUT /candidates/{id}/tags`` replaces the whole set; a change that only adds uses ``POST`` on the same path,
    which keeps what others add at the same time. Order and duplicates do not matter.

    :param candidate_id: id of the candidate.
    :param tags: the whole new set; an empty list removes all tags. Not together with ``add`` or ``remove``.
    :param add: tags to have as well.
    :param remove: tags not to have.
    """

    use_case: ClassVar[str] = "put_update_candidate_tags"
    endpoint: ClassVar[str] = f"PUT {_TAGS}"
    record: ClassVar[str | None] = _TAGS
    subject: ClassVar[str] = "tags of candidate {candidate_id}"
    ids: ClassVar[tuple[str, ...]] = ("candidate_id",)
    scope: ClassVar[str] = "candidates_manage"
    read_scope: ClassVar[str | None] = "candidates_read"
    hints: ClassVar[Mapping[int | str, str]] = {
        400: "SmartRecruiters does not take these tags: shorten them, or send fewer at once.",
        403: "The credential may not change this candidate. Ask a SmartRecruiters administrator whether its system "
        "role and access groups cover the candidate's jobs.",
        404: "There is no candidate with this candidate_id. It is the id of the candidate, not of an application.",
    }

    candidate_id: RecordId
    tags: _Tags = None
    add: _Tags = None
    remove: _Tags = None

    @model_validator(mode="after")
    def _either_whole_or_parts(self) -> Self:
        parts = self.add is not None or self.remove is not None
        if (self.tags is not None) == parts:
            raise InvalidInputError(
                "either tags (the whole new set) is needed, or add and remove", fields=("tags", "add", "remove")
            )
        if clash := set(self.add or ()) & set(self.remove or ()):
            raise InvalidInputError(f"add and remove have {len(clash)} tags in common", fields=("add", "remove"))
        return self

    @property
    def needs_read(self) -> str | None:
        """Why the set must be read: what is not removed has to be sent back."""
        return "tags are removed by sending the others back, so they have to be read" if self.remove else None

    @property
    def verified(self) -> bool:
        """Whether the set is read again: not after an addition, which the API merges itself."""
        return not self._only_adds

    @property
    def _only_adds(self) -> bool:
        return self.tags is None and not self.remove

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags in order of their texts: a set has no other."""
        return {"tags": sorted(set(state.get("tags") or ()))}

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags that the candidate is to have."""
        return {"tags": sorted(self._after(state))}

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"tags": […]}``: the whole set, or what is added."""
        if self._only_adds:
            there = set(state.get("tags") or ())
            new = [tag for tag in self.add or () if tag not in there]
            # A forced write of tags that are all there still has to name them.
            return {"tags": new or list(self.add or ())}
        return {"tags": self._after(state)}

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the tags; the API answers 201 and the whole set."""
        verb = "POST" if self._only_adds else "PUT"
        return client.request(verb, _TAGS, path_params=self.path_params, json=body)

    def _after(self, state: Mapping[str, Any]) -> list[str]:
        if self.tags is not None:
            return list(self.tags)
        kept = [tag for tag in state.get("tags") or () if tag not in set(self.remove or ())]
        return list(dict.fromkeys([*kept, *(self.add or ())]))


class _ApplicationChange(Change):
    """What changes of one application share: where it is, and how it is read."""

    ids: ClassVar[tuple[str, ...]] = ("candidate_id", "job_id")
    of_application: ClassVar[bool] = True
    scope: ClassVar[str] = "candidates_manage"

    candidate_id: RecordId
    job_id: RecordId

    def application_status(self, client: SmartRecruitersClient, state: Mapping[str, Any]) -> str | None:
        """Return the status of the application: ``GET /candidates/{id}/jobs/{jobId}``, unless it was read already."""
        application = state or read_record(client, _APPLICATION, self.path_params)
        return application.get("status")


class _ApplicationStatusChange(_ApplicationChange):
    """What a change of status and a rejection share."""

    endpoint: ClassVar[str] = f"PUT {_APPLICATION}/status"
    record: ClassVar[str | None] = _APPLICATION
    read_scope: ClassVar[str | None] = "candidates_read"
    shown: ClassVar[tuple[str, ...]] = _STATUS_MEMBERS
    hints: ClassVar[Mapping[int | str, str]] = {
        400: "SmartRecruiters does not take this status as it is. Either the company demands a reason for rejecting "
        "or withdrawing (give reason_id; the lists are under GET /configuration/rejection-reasons and "
        "/configuration/withdrawal-reasons), or sub_status is no step of the job's hiring process, or the reason "
        "is not on the list.",
        401: "The credential has no access to this candidate, or is not accepted at all: check the Airflow connection "
        "if other tasks fail too, else ask a SmartRecruiters administrator for access to the job.",
        403: "The credential may not move this candidate. Ask a SmartRecruiters administrator whether its system role "
        "and access groups cover the job.",
        404: "Check candidate_id and job_id: the candidate has no application to this job.",
    }

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return status, sub-status, start and reason of the application, in the names of the request."""
        reasons = {"REJECTED": "reasonOfRejection", "WITHDRAWN": "reasonOfWithdrawal"}
        reason = state.get(reasons.get(state.get("status", ""), "")) or {}
        return {
            "status": state.get("status"),
            "subStatus": state.get("subStatus"),
            "startsOn": same_instant(state.get("startsOn")),
            "reason": reason.get("id"),
        }

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"status", "subStatus", "startsOn", "reason"}``: what was given, and what goes on to hold.

        No source says whether the API keeps what a PUT leaves out, so what belongs to the status is sent along: all
        of it where the status stays, the first day of a hire also on the way to one.
        """
        given = self.given
        there = self.current(state) if state else {}
        kept = set(there) if there.get("status") == given["status"] else set()
        if given["status"] in ("OFFERED", "HIRED"):
            kept.add("startsOn")
        members = {name: given.get(name, there.get(name) if name in kept else None) for name in _STATUS_MEMBERS}
        return {name: value for name, value in members.items() if value is not None}


class UpdateCandidateJobStatus(_ApplicationStatusChange):
    """The status of a candidate's application to a job.

    ``PUT /candidates/{id}/jobs/{jobId}/status``

    What is not given is not compared; it keeps its value as long as the status stays.

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param status: one of :data:`APPLICATION_STATUSES` (``OFFERED``; the ``OFFER`` of a job's status is another list).
    :param sub_status: name of a step of the job's hiring process; processes have them for ``IN_REVIEW``,
        ``INTERVIEW`` and ``OFFERED``.
    :param starts_on: first day of a hire: a date, a datetime, or ISO 8601 text; without an offset it is UTC.
    :param reason_id: id from the company's rejection or withdrawal reasons; only with ``REJECTED`` or ``WITHDRAWN``.
        Whether one is required is a setting of the company.
    """

    use_case: ClassVar[str] = "put_update_candidates_job_status"
    subject: ClassVar[str] = "status of candidate {candidate_id} for job {job_id}"

    status: Annotated[str, one_of(APPLICATION_STATUSES)]
    sub_status: OptionalText = Field(None, serialization_alias="subStatus")
    starts_on: OptionalDateTime = Field(None, serialization_alias="startsOn")
    reason_id: OptionalId = Field(None, serialization_alias="reason")

    @model_validator(mode="after")
    def _reason_fits(self) -> Self:
        if self.reason_id is not None and self.status not in REASON_LISTS:
            raise InvalidInputError(
                f"reason_id goes only with the statuses {' and '.join(REASON_LISTS)}, not {self.status}",
                fields=("reason_id",),
            )
        return self


class RejectApplication(_ApplicationStatusChange):
    """The rejection of a candidate's application to a job; applications to other jobs stay as they are.

    ``PUT /candidates/{id}/jobs/{jobId}/status`` with ``{"status": "REJECTED"}``

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param reason_id: id from the company's rejection reasons. Whether one is required is a setting of the company.
    :param reason: instead of ``reason_id``, the label of a rejection reason, upper and lower case alike; looked up
        with ``GET /configuration/rejection-reasons`` (scope ``configuration_read``).
    :param sub_status: name of a step of the job's hiring process.
    """

    use_case: ClassVar[str] = "reject_an_application"
    subject: ClassVar[str] = "application of candidate {candidate_id} for job {job_id}"

    reason_id: OptionalId = Field(None, serialization_alias="reason")
    reason: OptionalText = Field(None, exclude=True)
    sub_status: OptionalText = Field(None, serialization_alias="subStatus")

    @model_validator(mode="after")
    def _one_reason(self) -> Self:
        if self.reason_id is not None and self.reason is not None:
            raise InvalidInputError(
                "reason_id and reason are two ways to say one thing", fields=("reason_id", "reason")
            )
        return self

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Change:
        """Return the rejection with the id of the reason that ``reason`` is the label of.

        :raises InvalidInputError: when no reason, or more than one, has that label.
        :raises PermissionDeniedError: when the credential may not read the reasons.
        """
        if self.reason is None:
            return self
        path = REASON_LISTS["REJECTED"]
        try:
            reasons = lookups.get(path, lambda: read_record(client, path, {})).get("content") or []
        except PermissionDeniedError as error:
            error.hint = (
                "Give reason_id instead of reason, which needs no look-up; or ask a SmartRecruiters administrator for "
                "access to the company's configuration (an OAuth client needs the scope configuration_read)."
            )
            raise
        return self.model_copy(update={"reason_id": _reason_id(reasons, self.reason), "reason": None})

    @property
    def given(self) -> dict[str, Any]:
        """The rejection; ``reason`` is looked up before, by :meth:`resolved`."""
        return {"status": "REJECTED", **super().given}


class UpdateCandidateSource(_ApplicationChange):
    """Where a candidate's application to a job came from.

    ``PUT /candidates/{id}/jobs/{jobId}/source``

    The API answers an application's source as a label, not as ids, so whether this changes anything cannot be told.

    :param candidate_id: id of the candidate.
    :param job_id: id of the job that the candidate applied to.
    :param source_type_id: id from ``GET /configuration/sources``.
    :param source_id: id (not the ``sourceIdentifier``) from ``GET /configuration/sources/{sourceType}/values``.
    :param source_sub_type_id: id of a subtype; needed for source types that have subtypes.
    """

    use_case: ClassVar[str] = "put_update_candidates_source"
    endpoint: ClassVar[str] = f"PUT {_APPLICATION}/source"
    subject: ClassVar[str] = "source of candidate {candidate_id} for job {job_id}"
    shown: ClassVar[tuple[str, ...]] = ("sourceTypeId", "sourceId", "sourceSubTypeId")
    hints: ClassVar[Mapping[int | str, str]] = {
        "INVALID_SOURCE_TYPE": "There is no source type with this source_type_id. Pick one from the company's source "
        "types (GET /configuration/sources).",
        "SUBTYPE_REQUIRED": "This source type has subtypes, so source_sub_type_id is needed: they are listed with the "
        "source type (GET /configuration/sources).",
        "INVALID_SOURCE": "This source_id is not a source of the given type. Pick one from the type's values "
        "(GET /configuration/sources/{sourceType}/values): its id, not its sourceIdentifier.",
        400: "Check source_type_id, source_id and source_sub_type_id against the company's sources "
        "(GET /configuration/sources).",
        401: "The credential has no access to this candidate. Ask a SmartRecruiters administrator whether its access "
        "groups cover the job; if other tasks with this connection fail too, check the credential.",
        403: "The credential may not change this candidate. Ask a SmartRecruiters administrator for the right to edit "
        "candidates' sources.",
        404: "Check candidate_id and job_id: the candidate has no application to this job.",
    }

    source_type_id: RecordId = Field(serialization_alias="sourceTypeId")
    source_id: RecordId = Field(serialization_alias="sourceId")
    source_sub_type_id: OptionalId = Field(None, serialization_alias="sourceSubTypeId")


def _reason_id(reasons: list[dict[str, Any]], label: str) -> str:
    def key(text: str) -> str:
        return " ".join(text.split()).casefold()

    matches = [reason for reason in reasons if key(reason.get("label") or "") == key(label)]
    if len(matches) == 1:
        return str(matches[0]["id"])
    if matches:
        raise InvalidInputError(
            f"{len(matches)} rejection reasons have this label: {', '.join(str(m['id']) for m in matches)}.",
            hint="Give reason_id instead of reason.",
            fields=("reason",),
        )
    labels = {key(reason.get("label") or ""): reason.get("label") or "" for reason in reasons}
    close = [labels[match] for match in get_close_matches(key(label), labels, n=3, cutoff=0.4)]
    known = close or sorted(labels.values())[:10]
    quoted = ", ".join(json.dumps(name, ensure_ascii=False) for name in known)
    raise InvalidInputError(
        "No rejection reason of the company has this label.",
        hint=f"{'Closest' if close else 'Known'}: {quoted or 'none at all'}."
        " The whole list is at GET /configuration/rejection-reasons.",
        fields=("reason",),
    )
