"""What goes into the audit log of the company: what was changed, by whom, and what it was before."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_camel

from airflow_provider_smartrecruiters.emulator.tenant import times
from airflow_provider_smartrecruiters.emulator.tenant.audit_event import AuditEvent, EntityType

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import Application, Job, JobAd, Position, Tenant


def note(tenant: Tenant, event_name: str, entity_type: EntityType, entity_id: str, **context: Any) -> None:
    """Add an entry: the caller has changed something. What the API's operations do that is not here has no event.

    :param context: what the document says of this event; members without a value are left out
    """
    known = {name: value for name, value in context.items() if value is not None}
    tenant.audit.append(
        AuditEvent(
            # At random, as ids are: they say nothing of the order.
            id=str(uuid.uuid4()),
            event_name=event_name,
            event_date=times.now(),
            author_id=tenant.settings.caller_id,
            entity_type=entity_type,
            entity_id=entity_id,
            context=known,
        )
    )


def note_status(tenant: Tenant, application: Application, before: tuple[str, str | None]) -> None:
    """Add an entry for a changed status of an application.

    :param before: status and sub-status as they were
    """
    now = (application.status, application.sub_status)
    steps = {
        f"{when}{what}": value
        for when, values in (("previous", before), ("current", now))
        for what, value in zip(("Status", "Step"), values, strict=True)
    }
    note(tenant, "JOB_APPLICATION_STATE_MODIFIED", "APPLICATION", application.id, **steps)


def note_position(tenant: Tenant, job: Job, before: Position | None, after: Position | None) -> None:
    """Add an entry for a position that was created, changed or deleted. There are no entities of its kind, so it is
    taken for one about the job; the document does not say.
    """
    what = "POSITION_CREATED" if before is None else "POSITION_DELETED" if after is None else "POSITION_UPDATED"
    note(tenant, what, "JOB", job.id, previous=_position(before), current=_position(after))


def _position(position: Position | None) -> dict[str, Any] | None:
    if position is None:
        return None
    return {
        "id": position.id,
        "positionId": position.position_id,
        "status": position.status,
        "openDate": position.position_open_date,
        "targetStartDate": position.target_start_date,
        "type": position.type,
    }


def note_ad(tenant: Tenant, ad: JobAd, before: dict[str, Any] | None) -> None:
    """Add an entry for a job ad that was created or changed.

    :param before: the ad as :func:`ad_facts` shows it; None if it is new
    """
    if before is None:
        note(tenant, "JOB_AD_CREATED", "JOB_AD", ad.id, jobAd=ad_facts(ad))
    elif before != (current := ad_facts(ad)):
        note(tenant, "JOB_AD_UPDATED", "JOB_AD", ad.id, previous=before, current=current)


def ad_facts(ad: JobAd) -> dict[str, Any]:
    """Return what an entry tells of a job ad, its texts included."""
    place = ad.content.location
    return {
        "id": ad.id,
        "title": ad.content.title,
        "visibility": ad.visibility,
        "creatorId": ad.creator_id,
        "createDate": ad.created_on,
        "languageId": ad.content.language,
        "sections": " ".join(section.text or "" for section in ad.content.sections.values()),
        "location": {to_camel(name): value for name, value in place if value is not None} if place else None,
    }


def note_properties(tenant: Tenant, job: Job, before: list[dict[str, Any]]) -> None:
    """Add an entry for changed fields of a job.

    :param before: the fields as :func:`property_facts` shows them
    """
    if before != (current := property_facts(job)):
        note(tenant, "JOB_PROPERTIES_CHANGED", "JOB", job.id, previousProperties=before, currentProperties=current)


def property_facts(job: Job) -> list[dict[str, Any]]:
    """Return what an entry tells of the fields of a job."""
    return [
        {"fieldId": name, "value": value.label if value.id is None else value.id}
        for name, value in job.properties.items()
    ]
