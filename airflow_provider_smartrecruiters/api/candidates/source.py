"""The change to the source of an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr

from airflow_provider_smartrecruiters.api.candidates.application import APPLICATION, ApplicationChange
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import SOURCE, SOURCE_TYPE, Finder, Name
from airflow_provider_smartrecruiters.api.records.source_link import linked_ids, linked_sub_type
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.diff import UNREAD
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalId, OptionalText
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

_SOURCE_IDS = "ids of the source"
"""Member that a read adds to an application; no name of the API's looks like this."""


class UpdateCandidateSource(ApplicationChange):
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
    endpoint: ClassVar[str] = f"PUT {APPLICATION}/source"
    record: ClassVar[str | None] = APPLICATION
    record_has: ClassVar[tuple[str, ...]] = ("status",)
    subject: ClassVar[str] = "source of candidate {candidate_id} for job {job_id}"
    read_scope: ClassVar[str | None] = "candidates_read"
    shown: ClassVar[tuple[str, ...]] = ("sourceTypeId", "sourceId", "sourceSubTypeId")
    not_undone: ClassVar[str] = "the earlier subtype of a source is not read before the write"
    hints: ClassVar[Hints] = hints.SOURCE

    names: ClassVar[Mapping[str, Name]] = {
        **ApplicationChange.names,
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
