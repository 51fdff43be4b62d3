"""The change to the note of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs.job import JOB, JobChange
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.arguments import is_blank
from airflow_provider_smartrecruiters.api.values.fields import as_text, at_most
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import NotFoundError

NOTE_MAX_LENGTH = 20_000
"""Longest note, in characters."""

_NOTE = "/jobs/{jobId}/note"


def _note_text(value: Any) -> Any:
    value = as_text(value)
    if is_blank(value):
        raise ValueError("is empty, which would delete the current note; a template may have rendered nothing")
    return value


class UpdateJobNote(JobChange):
    """Replace the note of a job. A job has one note.

    Sends ``PUT /jobs/{jobId}/note``. API reference: https://developers.smartrecruiters.com/reference (operation
    ``jobs.notes.update``).

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param content: text of the note, 1 to 20,000 characters.
    """

    use_case: ClassVar[str] = "put_update_job_note"
    endpoint: ClassVar[str] = f"PUT {_NOTE}"
    record: ClassVar[str | None] = _NOTE
    record_has: ClassVar[tuple[str, ...]] = ("content",)
    subject: ClassVar[str] = "note of job {job_id}"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    not_undone: ClassVar[str] = "results never hold notes, and so not the earlier one"
    hints: ClassVar[Hints] = hints.JOB_NOTE

    content: Annotated[str, at_most(NOTE_MAX_LENGTH, "a note"), BeforeValidator(_note_text)]

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return ``{"content"}`` from ``GET /jobs/{jobId}/note``; ``{}`` if the job has no note yet."""
        try:
            return super().read(client)
        except NotFoundError:
            # The document has this 404 for a job without a note. But other parts of the API answer 404 for a missing
            # job, so the job is read as well: if it exists, there is no note yet.
            client.request("GET", JOB, path_params=self.path_params)
            return {}

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text."""
        return {"content": state.get("content")}
