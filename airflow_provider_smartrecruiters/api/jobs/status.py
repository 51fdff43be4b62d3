"""The change to the status of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from airflow_provider_smartrecruiters.api.jobs.job import JOB, JobChange
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.choices import one_of
from airflow_provider_smartrecruiters.api.values.diff import UNREAD, FieldDiff
from airflow_provider_smartrecruiters.api.values.hints import Hints

JOB_STATUSES = ("CREATED", "SOURCING", "FILLED", "INTERVIEW", "OFFER", "CANCELLED", "ON_HOLD")
_STAYS_PUBLISHED = ("FILLED", "CANCELLED", "ON_HOLD")
"""Statuses in which nobody expects a job to be published, and which do not unpublish it."""


class UpdateJobStatus(JobChange):
    """Set the status of a job.

    Sends ``PUT /jobs/{jobId}/status``. API reference: https://developers.smartrecruiters.com/reference (operation
    ``jobs.status.update``).

    SmartRecruiters also changes a job's status by itself as candidates advance. ``FILLED``, ``CANCELLED`` and
    ``ON_HOLD`` do not unpublish the job. Source: https://developers.smartrecruiters.com/docs/synchronizing-jobs

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param status: one of :data:`JOB_STATUSES` (``OFFER``, not ``OFFERED`` as in the status of an application).
    """

    use_case: ClassVar[str] = "put_update_job_status"
    endpoint: ClassVar[str] = f"PUT {JOB}/status"
    record: ClassVar[str | None] = JOB
    subject: ClassVar[str] = "status of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    shown: ClassVar[tuple[str, ...]] = ("status",)
    enumerated: ClassVar[tuple[str, ...]] = ("status",)
    undone_by: ClassVar[str | None] = "jobs.UpdateJobStatus"
    hints: ClassVar[Hints] = hints.JOB_STATUS

    status: Annotated[str, one_of(JOB_STATUSES)]

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the status."""
        return {"status": state.get("status", UNREAD)}

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if the job stays published, and one if its current status may be a pending approval."""
        if self._stays_published(state):
            yield (
                f"{self.status} does not unpublish the job. To take it off the career sites, unpublish it in "
                "SmartRecruiters (or DELETE /jobs/{jobId}/publication)."
            )
        if state.get("status") == "OTHER":
            yield (
                "The current status is OTHER, which may be an approval that is pending; this change may skip it. Check "
                "the job's status in SmartRecruiters."
            )

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return the posting status of a job that stays published."""
        return {"posting_status": state.get("postingStatus")} if self._stays_published(state) else {}

    def _stays_published(self, state: Mapping[str, Any]) -> bool:
        # A posting status that is not known may be any.
        return self.status in _STAYS_PUBLISHED and state.get("postingStatus") != "NOT_PUBLISHED"
