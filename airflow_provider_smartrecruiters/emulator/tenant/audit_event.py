"""An entry of the audit log."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

EntityType = Literal[
    "USER", "CANDIDATE", "APPLICATION", "OFFER", "JOB", "COMPANY", "JOB_PROPERTY", "JOB_AD", "CREDENTIAL",
    "REPORT_FILE", "ONBOARDING_PROCESS", "HIRING_TEAM_ROLE",
]  # fmt: skip
AuthorType = Literal["USER", "SUPPORT_USER", "SYSTEM", "CANDIDATE"]


class AuditEvent(BaseModel):
    """An entry of the audit log; ``context`` depends on the event, and has names and texts about people."""

    model_config = ConfigDict(extra="forbid")

    id: str
    event_name: str
    event_date: str
    author_type: AuthorType = "USER"
    author_id: str
    entity_type: EntityType
    entity_id: str
    context: dict[str, Any] = {}
