"""Following the audit log: which entries to list, and what of them may be passed on.

The log promises no order, and when it has an entry is not documented, so a poll reads again from shortly before the
latest one that was seen. Entries have ids of their own. What they tell beside ids and codes is about people (names,
addresses, tags, texts of ads), and none of it gets into an event.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.paging import CHECK_HOST
from airflow_provider_smartrecruiters.api.reads.events import Event, Found, Position, Watch, instant
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.arguments import described
from airflow_provider_smartrecruiters.api.values.choices import one_or_more
from airflow_provider_smartrecruiters.api.values.fields import RecordId, same_instant
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, UnexpectedResponseError

__all__ = ["AUDIT_EVENTS", "AuditEvent", "WatchAuditLog"]

log = logging.getLogger(__name__)

AUDIT_EVENTS = (
    "USER_ACCOUNT_ACTIVATED", "USER_ACCOUNT_CREATED", "USER_ACCOUNT_DEACTIVATED", "USER_ACCOUNT_UPDATED",
    "USER_AUTHENTICATION_INVALID_CREDENTIALS", "USER_AUTHENTICATION_SUCCESS", "USER_PASSWORD_CHANGED",
    "USER_PASSWORD_RESET", "USER_ROLE_CHANGED", "USER_API_KEY_RENEWED", "CREDENTIALS_CREATED", "CREDENTIALS_CHANGED",
    "CREDENTIALS_REVOKED", "SEARCH", "CANDIDATE_PERSONAL_DATA_MODIFIED", "CANDIDATE_PROFILE_MODIFIED",
    "CANDIDATE_DELETED", "CANDIDATE_PROFILE_OPENED", "CANDIDATE_PROFILE_UPDATED_DUE_TO_MERGE",
    "CANDIDATE_DELETED_DUE_TO_MERGE", "CANDIDATE_TAGS_MODIFIED", "APPLICATION_PROPERTIES_UPDATED",
    "APPLICATION_SOURCE_MODIFIED", "ONBOARDING_STATUS_UPDATED", "JOB_APPLICATION_CREATED",
    "JOB_APPLICATION_STATE_MODIFIED", "JOB_DELETED", "HIRING_TEAM_MEMBER_ADDED", "HIRING_TEAM_MEMBER_REMOVED",
    "HIRING_TEAM_ROLE_UPDATED", "APPROVAL_DELEGATION_FROM_USER_CREATED", "APPROVAL_DELEGATION_FROM_USER_CANCELLED",
    "APPROVAL_DELEGATION_TO_USER_CREATED", "APPROVAL_DELEGATION_TO_USER_CANCELLED", "JOB_APPROVAL_REQUESTED",
    "JOB_APPROVAL_APPROVED", "JOB_APPROVAL_REJECTED", "JOB_APPROVAL_ABANDONED", "JOB_APPROVAL_STEP_APPROVED",
    "JOB_APPROVAL_STEP_REJECTED", "JOB_APPROVAL_STEP_SKIPPED", "JOB_APPROVAL_STEP_DELEGATED",
    "OFFER_APPROVAL_APPROVED", "OFFER_APPROVAL_REJECTED", "OFFER_APPROVAL_ABANDONED", "OFFER_APPROVAL_STEP_APPROVED",
    "OFFER_APPROVAL_STEP_REJECTED", "OFFER_APPROVAL_STEP_SKIPPED", "OFFER_APPROVAL_STEP_DELEGATED", "OFFER_ACCEPTED",
    "OFFER_DECLINED", "CANDIDATE_EEO_FILLED", "LRSC_CONSENT_GIVEN", "OAUTH_APPLICATION_ACCESS_GRANTED",
    "JOB_PROPERTY_CREATED", "JOB_PROPERTY_UPDATED", "JOB_PROPERTY_ACTIVATED", "JOB_PROPERTY_DEACTIVATED",
    "JOB_PROPERTY_UPDATED_VALUES", "JOB_PROPERTY_UPDATED_VALUE", "JOB_PROPERTY_ADDED_VALUE",
    "JOB_PROPERTY_ARCHIVED_VALUE", "JOB_PROPERTY_DEPENDENT_PROPERTIES_UPDATED",
    "JOB_PROPERTY_DEPENDENT_VALUES_UPDATED", "JOB_PROPERTY_DEPENDENT_VALUES_MODIFIED", "JOB_PROPERTIES_CHANGED",
    "POSITION_UPDATED", "POSITION_DELETED", "POSITION_CREATED", "POSITION_ASSIGNED", "CANCEL_NOT_FILLED_POSITION",
    "JOB_AD_CREATED", "JOB_AD_UPDATED", "JOB_AD_DELETED", "ONBOARDING_PROCESS_DELETED", "CUSTOMER_REPORT_DOWNLOADED",
)  # fmt: skip
"""The names of the official document of April 2024. There are more by now."""

_ENTITIES = {
    "CANDIDATE": "candidate",
    "JOB_APPLICATION": "application",
    "APPLICATION": "application",
    "JOB_PROPERTY": "job property",
    "JOB_AD": "job ad",
    "JOB": "job",
    "HIRING_TEAM": "job",
    "USER": "user",
    "OFFER": "offer",
}
"""What an entry is about, by the beginning of its name, the longer ones first. The document does not say so; of other
names, such as those of positions, nothing is taken for known."""

_IDS = {
    "JOB": "job_id",
    "CANDIDATE": "candidate_id",
    "APPLICATION": "application_id",
    "JOB_AD": "job_ad_id",
    "USER": "user_id",
}
"""The name of the id in an event, by the type of the entity."""

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:~-]{0,127}")

_WINDOW = timedelta(days=1)
"""A log that is further behind is read a day at a time, so that an error does not cost what was read before. Doubled,
the events of two days are held in memory."""


@dataclass(frozen=True)
class AuditEvent(Event):
    """An entry of the audit log; ``event`` is its name.

    :param entry_id: id of the entry.
    :param about: ids and codes of the entry, by name.
    """

    entry_id: str
    about: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The id of the entry."""
        return f"audit/{self.entry_id}"

    def facts(self) -> dict[str, Any]:
        """Return the ids and codes."""
        return dict(self.about)


class WatchAuditLog(Watch):
    """Follow the audit log: ``GET /audit-api/v201910/audit-events``.

    API reference: https://developers.smartrecruiters.com/reference/auditget-1. Only administrators may read it.

    :param event_names: report these entries only.
    :param job_ids: report entries about these jobs only; empty for all.
    :param candidate_ids: report entries about these candidates only, or about one of ``job_ids``; empty for all.
    :raises InvalidInputError: raised by the constructor; names every invalid argument.
    """

    use_case: ClassVar[str] = "watch_audit_log"
    endpoint: ClassVar[str] = "GET /audit-api/v201910/audit-events"
    subject: ClassVar[str] = "audit log"
    scope: ClassVar[str] = "audit_events_read"
    hints: ClassVar[Hints] = hints.AUDIT_LOG

    event_names: Annotated[tuple[str, ...], BeforeValidator(one_or_more)]
    job_ids: Annotated[tuple[RecordId, ...], BeforeValidator(one_or_more)] = ()
    candidate_ids: Annotated[tuple[RecordId, ...], BeforeValidator(one_or_more)] = ()

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        for index, name in enumerate(self.event_names):
            if problem := _problem(name) or self._never_found(name):
                raise InvalidInputError(f"event_names[{index}] {problem}", fields=("event_names",))
            if name not in AUDIT_EVENTS:
                log.warning(
                    "event_names[%s] %s: no event of the audit log that is known here, but it is followed. The "
                    "status of a job is not in the audit log.",
                    index,
                    described(name, AUDIT_EVENTS),
                )
        return self

    def _never_found(self, name: str) -> str | None:
        """Say why the ids rule out all entries of a name; None if they do not."""
        kinds = {kind for kind, ids in (("job", self.job_ids), ("candidate", self.candidate_ids)) if ids}
        about = _about(name)
        if not kinds or about is None or about in kinds:
            return None
        given = " and ".join(f"{kind}_ids" for kind in sorted(kinds))
        return (
            f"is {name}, whose entries have only the id of the {about}: with {given} none would be reported. Follow it "
            "with a trigger of its own, and compare in the DAG"
        )

    def find(self, client: SmartRecruitersClient, position: Position, floor: datetime) -> Found:
        """Read the log from a moment on, all of it or the next day of it."""
        until = _end_of_window(position.watermark)
        params = {"eventDateAfter": same_instant(floor), "eventName": list(self.event_names), **self._entity()}
        if until is not None:
            params["eventDateBefore"] = same_instant(until)
        latest = max(position.watermark, until or position.watermark)
        events: dict[str, Event] = {}
        for event in self._listed(client, params):
            moment = instant(event.changed_on)
            latest = max(latest, moment)
            if moment > position.since:
                events[event.digest] = event
        return Found(events, latest, behind=until is not None)

    def _entity(self) -> dict[str, str]:
        # The API takes one.
        ids = [*self.job_ids, *self.candidate_ids]
        return {"entityId": ids[0]} if len(ids) == 1 else {}

    def _listed(self, client: SmartRecruitersClient, params: Mapping[str, Any]) -> Iterator[AuditEvent]:
        for entry in client.pages(self.method_and_path()[1], params=params):
            if entry.get("eventName") in self.event_names and self._is_about(entry):
                yield _event(entry)

    def _is_about(self, entry: Mapping[str, Any]) -> bool:
        if not self.job_ids and not self.candidate_ids:
            return True
        wanted = {"JOB": self.job_ids, "CANDIDATE": self.candidate_ids}
        return entry.get("entityId") in wanted.get(str(entry.get("entityType")), ())


def _problem(name: str) -> str | None:
    return None if _CODE.fullmatch(name) else described(name, AUDIT_EVENTS)


def _about(name: str) -> str | None:
    return next((kind for beginning, kind in _ENTITIES.items() if name.startswith(f"{beginning}_")), None)


def _end_of_window(watermark: datetime) -> datetime | None:
    """Return where to stop reading, None for nowhere. Never near the present: entries come late, and clocks differ."""
    return watermark + _WINDOW if watermark + 2 * _WINDOW < datetime.now(UTC) else None


def _event(entry: Mapping[str, Any]) -> AuditEvent:
    entry_id, changed_on = entry.get("id"), entry.get("eventDate")
    if not entry_id or not _is_moment(changed_on):
        # Left out, it would be lost: the watermark moves on.
        raise UnexpectedResponseError("An entry of the audit log has no id or no date.", hint=CHECK_HOST)
    entity, context = _fits(_CODE, entry.get("entityType")), entry.get("context") or {}
    about = {
        "entity_type": entity,
        "entity_id": _fits(_ID, entry.get("entityId")),
        "author_type": _fits(_CODE, entry.get("authorType")),
        "author_id": _fits(_ID, entry.get("authorId")),
        **_of_context(str(entry["eventName"]), context),
    }
    if entity in _IDS:
        about[_IDS[entity]] = about["entity_id"]
    return AuditEvent(str(entry["eventName"]), str(changed_on), _known_by(str(entry_id)), about)


def _known_by(entry_id: str) -> str:
    return _fits(_ID, entry_id) or sha256(entry_id.encode()).hexdigest()


def _is_moment(value: Any) -> bool:
    try:
        return bool(instant(value))
    except (TypeError, ValueError):
        return False


def _of_context(name: str, context: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what may be passed on of the rest: it has texts of all kinds, so members are chosen by name and form."""
    if _about(name) == "application" and "currentStatus" in context:
        statuses = {"status": "currentStatus", "previous_status": "previousStatus"}
        return {ours: _fits(_CODE, context.get(theirs)) for ours, theirs in statuses.items()}
    if "POSITION" in name:
        position = context.get("current") or context.get("previous") or {}
        return {"position_id": _fits(_ID, position.get("id"))}
    return {}


def _fits(form: re.Pattern[str], value: Any) -> str | None:
    """Return a value if it has a form. An e-mail address in the place of an id has not."""
    return value if isinstance(value, str) and form.fullmatch(value) else None
