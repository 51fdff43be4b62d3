"""What the changes to an application share: its ids, and how to read its status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.names import JOB_REF_NUMBER, Name
from airflow_provider_smartrecruiters.api.record import read_record
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalText, RecordId

APPLICATION = "/candidates/{id}/jobs/{jobId}"
"""Path of an application."""


class ApplicationChange(Change):
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
        application = state or read_record(client, APPLICATION, self.path_params, has=("status",))
        return str(application["status"])
